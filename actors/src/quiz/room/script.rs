//! What a room plays: its own copy of the questions, taken when it was created.

use hubbub_protocol::quiz::questions::QuestionType;
use hubbub_protocol::quiz::rooms::{PublicAnswer, PublicQuestion};
use hubbub_protocol::quiz::{AnswerId, QuestionId};
use serde::{Deserialize, Serialize};

/// One question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Its id.
    pub id: QuestionId,
    /// What is asked.
    pub text: String,
    /// What it asks for.
    pub kind: QuestionType,
    /// A picture.
    pub image_url: Option<String>,
    /// What a correct answer is worth.
    pub points: u32,
    /// How long `game:flow:next` opens it.
    pub answering_time_secs: u32,
    /// What may be answered, in the order shown.
    pub choices: Vec<Choice>,
}

/// One possible answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Its id.
    pub id: AnswerId,
    /// What it says.
    pub text: String,
    /// A picture.
    pub image_url: Option<String>,
    /// Its place.
    pub order_index: u32,
    /// Never shown before the question has ended.
    pub is_correct: bool,
}

impl Question {
    /// Returns the choice that an answer means: by its id, else by its place from 0, else by its exact text.
    #[must_use]
    pub fn choice(&self, answer: &str) -> Option<&Choice> {
        let by_id = || AnswerId::parse(answer).ok().and_then(|id| self.choices.iter().find(|choice| choice.id == id));
        let by_place = || place(answer).and_then(|at| self.choices.get(at));
        let by_text = || self.choices.iter().find(|choice| choice.text == answer);
        by_id().or_else(by_place).or_else(by_text)
    }

    /// Returns the ids of the correct choices.
    #[must_use]
    pub fn correct_ids(&self) -> Vec<AnswerId> {
        self.choices.iter().filter(|choice| choice.is_correct).map(|choice| choice.id).collect()
    }

    /// Returns the question as players may see it, at its place in the quiz.
    #[must_use]
    pub fn shown(&self, index: u32) -> PublicQuestion {
        let shown = |choice: &Choice| PublicAnswer {
            id: choice.id,
            text: choice.text.clone(),
            image_url: choice.image_url.clone(),
            order_index: choice.order_index,
        };
        PublicQuestion {
            id: self.id,
            index,
            text: self.text.clone(),
            question_type: self.kind,
            image_url: self.image_url.clone(),
            points: self.points,
            answering_time: self.answering_time_secs,
            answers: self.choices.iter().map(shown).collect(),
        }
    }

    /// Returns how long the question may be answered.
    #[must_use]
    pub fn answering_time_ms(&self) -> u64 {
        u64::from(self.answering_time_secs) * 1000
    }
}

/// Reads a place as JavaScript writes it: no sign, no leading zero.
fn place(answer: &str) -> Option<usize> {
    let is_plain = answer == "0" || answer.starts_with(|first| matches!(first, '1'..='9'));
    if is_plain { answer.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> AnswerId {
        AnswerId::random([number; 16])
    }

    fn question(texts: &[&str]) -> Question {
        let choice = |(at, text): (u8, &&str)| Choice {
            id: id(at),
            text: (*text).into(),
            image_url: None,
            order_index: u32::from(at),
            is_correct: at == 0,
        };
        Question {
            id: QuestionId::random([9; 16]),
            text: "?".into(),
            kind: QuestionType::MultipleChoice,
            image_url: None,
            points: 1,
            answering_time_secs: 30,
            choices: (0..).zip(texts).map(choice).collect(),
        }
    }

    #[test]
    fn an_answer_is_matched_by_id_then_place_then_text() {
        let question = question(&["Red", &id(0).to_string(), "1", "7", ""]);
        let check = |answer: &str, expected: Option<u8>| {
            assert_eq!(question.choice(answer).map(|choice| choice.id), expected.map(id), "{answer:?}");
        };
        check(&id(0).to_string(), Some(0));
        check(&id(3).to_string().to_uppercase(), Some(3));
        check("0", Some(0));
        check("Red", Some(0));
        check("red", None);
        check("1", Some(1));
        check("3", Some(3));
        check("7", Some(3));
        check("03", None);
        check("+3", None);
        check("-1", None);
        check("1.5", None);
        check("99999999999999999999999", None);
        check("", Some(4));
    }

    #[test]
    fn what_is_shown_does_not_tell_what_is_correct() {
        let shown = serde_json::to_string(&question(&["Red", "Green"]).shown(4)).unwrap();
        assert!(shown.contains("\"index\":4") && !shown.to_lowercase().contains("correct"), "{shown}");
    }
}
