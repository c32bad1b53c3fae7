//! `GameSettings`: how a game differs from what its quiz says.

use serde::{Deserialize, Serialize};

use super::payload::SettingsFields;
use crate::fault::Fault;
use crate::quiz::error::quiz_not_found;
use crate::quiz::field::{Field, Object, Part};
use crate::quiz::{QuizId, limits};

/// What a host may set; what is missing follows the quiz's play settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct GameSettings {
    /// The quiz to play.
    pub quiz_set_id: Option<QuizId>,
    /// Whether the question is shown alone before its answers.
    pub show_question_only: Option<bool>,
    /// Whether the explanation is shown.
    pub show_explanation: Option<bool>,
    /// Whether a quick answer is worth more.
    pub time_bonus: Option<bool>,
    /// Whether a row of correct answers is worth more.
    pub streak_bonus: Option<bool>,
    /// Whether the end of a question tells the correct answers.
    pub show_correct_answer: Option<bool>,
    /// How many players may join; the room also has a limit of the server's own.
    pub max_players: Option<u32>,
}

impl GameSettings {
    /// Reads the settings; `null` stands for a missing one.
    ///
    /// # Errors
    /// A field of the wrong type or out of range (400), or a quiz that cannot be (404).
    pub(super) fn read(sent: &Part<Object<SettingsFields>>) -> Result<Self, Fault> {
        let Some(Object(fields)) = sent.optional("settings", "an object")? else { return Ok(Self::default()) };
        let truth = |field: &Field, name| field.optional(|field| field.boolean(name));
        Ok(Self {
            quiz_set_id: fields.quiz_set_id.optional(quiz)?,
            show_question_only: truth(&fields.show_question_only, "settings.showQuestionOnly")?,
            show_explanation: truth(&fields.show_explanation, "settings.showExplanation")?,
            time_bonus: truth(&fields.time_bonus, "settings.timeBonus")?,
            streak_bonus: truth(&fields.streak_bonus, "settings.streakBonus")?,
            show_correct_answer: truth(&fields.show_correct_answer, "settings.showCorrectAnswer")?,
            max_players: fields.max_players.optional(|field| field.count("settings.maxPlayers", 1, limits::HALL_PLAYERS))?,
        })
    }
}

fn quiz(field: &Field) -> Result<QuizId, Fault> {
    let text = field.text("settings.quizSetId", 0, usize::MAX)?;
    QuizId::parse(text).map_err(|_| quiz_not_found())
}
