//! What a room plays: its own copy of the questions, taken when it was created.

use serde::{Deserialize, Serialize};

/// What a question asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuestionKind {
    /// One of up to four answers.
    MultipleChoice,
    /// Yes or no.
    TrueFalse,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Its id.
    pub id: String,
    /// What is asked.
    pub text: String,
    /// What it asks for.
    pub kind: QuestionKind,
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
    pub id: String,
    /// What it says.
    pub text: String,
    /// A picture.
    pub image_url: Option<String>,
    /// Its place.
    pub order_index: i64,
    /// Never shown before the question has ended.
    pub is_correct: bool,
}

impl Question {
    /// Returns the choice that an answer means: by its id, else by its place from 0, else by its exact text.
    #[must_use]
    pub fn choice(&self, answer: &str) -> Option<&Choice> {
        let by_id = || self.choices.iter().find(|choice| choice.id == answer);
        let by_place = || place(answer).and_then(|at| self.choices.get(at));
        let by_text = || self.choices.iter().find(|choice| choice.text == answer);
        by_id().or_else(by_place).or_else(by_text)
    }

    /// Returns the ids of the correct choices.
    #[must_use]
    pub fn correct_ids(&self) -> Vec<String> {
        self.choices.iter().filter(|choice| choice.is_correct).map(|choice| choice.id.clone()).collect()
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

    fn question(choices: &[(&str, &str)]) -> Question {
        let choice = |(at, (id, text)): (usize, &(&str, &str))| Choice {
            id: (*id).into(),
            text: (*text).into(),
            image_url: None,
            order_index: i64::try_from(at).unwrap(),
            is_correct: at == 0,
        };
        Question {
            id: "q1".into(),
            text: "?".into(),
            kind: QuestionKind::MultipleChoice,
            image_url: None,
            points: 1,
            answering_time_secs: 30,
            choices: choices.iter().enumerate().map(choice).collect(),
        }
    }

    #[test]
    fn an_answer_is_matched_by_id_then_place_then_text() {
        let question = question(&[("a", "Red"), ("b", "a"), ("2", "1"), ("d", "7"), ("e", "")]);
        let check =
            |answer, expected| assert_eq!(question.choice(answer).map(|choice| choice.id.as_str()), expected, "{answer:?}");
        check("a", Some("a"));
        check("0", Some("a"));
        check("Red", Some("a"));
        check("red", None);
        check("2", Some("2"));
        check("1", Some("b"));
        check("3", Some("d"));
        check("7", Some("d"));
        check("03", None);
        check("+3", None);
        check("-1", None);
        check("1.5", None);
        check("99999999999999999999999", None);
        check("", Some("e"));
    }
}
