//! What a room gets from the quiz that it plays.

use actix::Addr;
use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::{QuizId, error};

use crate::kit::ask::restarting;
use crate::kit::caller::Caller;
use crate::kit::deps::Deps;
use crate::kit::registry::Missing;
use crate::quiz::authoring::quiz::Quiz;
use crate::quiz::authoring::quiz::plays::{Playable, Played, ReadToPlay};
use crate::quiz::authoring::{self, state};
use crate::quiz::room::score::Bonuses;
use crate::quiz::room::script::{Choice, Question};

/// A quiz as a room plays it; without a quiz, the defaults.
#[derive(Debug, Clone, Default)]
pub struct Play {
    /// Its questions, in order.
    pub script: Vec<Question>,
    /// The room's code, if it is free.
    pub code: Option<u32>,
    /// What answers are worth, unless the host says otherwise.
    pub bonuses: Bonuses,
    /// Whether the end of a question tells its correct answers, unless the host says otherwise.
    pub show_correct_answer: bool,
    /// Most players, unless the host says otherwise.
    pub max_players: Option<u32>,
}

/// Fetches a quiz for a host who wants to play it.
///
/// # Errors
/// There is none that this account may play.
pub async fn of(deps: &Deps, caller: &Caller, id: QuizId) -> Result<Play, Fault> {
    let user = authoring::user(caller)?;
    let playable = find(deps, id)?.send(ReadToPlay(user)).await.map_err(|_closed| restarting())??;
    Ok(playable.into())
}

/// Tells a quiz that a room plays it.
///
/// # Errors
/// It is gone, or could not keep it.
pub async fn began(deps: &Deps, id: QuizId) -> Result<(), Fault> {
    find(deps, id)?.send(Played).await.map_err(|_closed| restarting())?
}

fn find(deps: &Deps, id: QuizId) -> Result<Addr<Quiz>, Fault> {
    deps.registry::<Quiz>().find(&id).map_err(|missing| match missing {
        Missing::Unknown => error::quiz_not_found(),
        Missing::BackingOff(back_off) => back_off.into(),
    })
}

impl From<Playable> for Play {
    fn from(Playable { settings, questions }: Playable) -> Self {
        Self {
            script: questions.into_iter().map(Question::from).collect(),
            code: settings.code.map(|code| code.number()),
            bonuses: Bonuses { time: settings.time_bonus, streak: settings.streak_bonus },
            show_correct_answer: settings.show_correct_answer,
            max_players: Some(settings.max_players),
        }
    }
}

impl From<state::Question> for Question {
    fn from(question: state::Question) -> Self {
        Self {
            id: question.id,
            text: question.question_text,
            kind: question.question_type,
            image_url: question.image_url,
            points: question.points,
            answering_time_secs: question.answering_time,
            choices: question.answers.into_iter().map(Choice::from).collect(),
        }
    }
}

impl From<state::Answer> for Choice {
    fn from(answer: state::Answer) -> Self {
        Self {
            id: answer.id,
            text: answer.answer_text,
            image_url: answer.image_url,
            order_index: answer.order_index,
            is_correct: answer.is_correct,
        }
    }
}
