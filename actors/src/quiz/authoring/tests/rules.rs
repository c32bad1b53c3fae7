//! A quiz without actors, whose rules a test applies.

use std::sync::atomic::{AtomicU8, Ordering};

use hubbub_protocol::fault::{Fault, Kind};
use hubbub_protocol::quiz::quizzes::CreateQuiz;
use hubbub_protocol::quiz::{QuestionId, QuizId, UserId};
use serde::Serialize;
use serde_json::{Value, json};

use crate::kit::clock::Timestamp;
use crate::quiz::authoring::rule::{self, Rule};
use crate::quiz::authoring::state::{Author, State};

/// A quiz, its id, and the time.
pub struct Bench {
    pub quiz: State,
    pub id: QuizId,
    pub now: i64,
    drawn: AtomicU8,
}

pub fn user(number: u8) -> UserId {
    UserId::random([number; 16])
}

pub const OWNER: u8 = 1;
pub const STRANGER: u8 = 2;

impl Bench {
    /// Returns an empty draft.
    pub fn new() -> Self {
        let create: CreateQuiz = serde_json::from_value(json!({ "title": "Rivers" })).expect("decodes");
        let bytes = || [0; 16];
        let author = Author { user: user(OWNER), now: Timestamp(1000), max_players: 400, bytes: &bytes };
        let quiz = State::create(create.read(400).expect("a good quiz"), &author);
        Self { quiz, id: QuizId::random([7; 16]), now: 2000, drawn: AtomicU8::new(10) }
    }

    /// Applies a rule as a user; the fields of the path that are missing are those of the quiz.
    pub fn apply_as<R: Rule>(&mut self, by: u8, mut fields: Value) -> Result<Value, Fault>
    where
        R::Reply: Serialize,
    {
        fields["id"] = json!(self.id);
        fields["quizId"] = json!(self.id);
        let rule: R = serde_json::from_value(fields).expect("decodes");
        let bytes = || [self.drawn.fetch_add(1, Ordering::Relaxed); 16];
        let author = Author { user: user(by), now: Timestamp(self.now), max_players: 400, bytes: &bytes };
        let (next, reply) = rule::apply(&rule, self.id, &self.quiz, &author)?;
        self.quiz = next;
        Ok(json!(reply))
    }

    /// Applies a rule as the owner.
    pub fn apply<R: Rule>(&mut self, fields: Value) -> Result<Value, Fault>
    where
        R::Reply: Serialize,
    {
        self.apply_as::<R>(OWNER, fields)
    }

    /// Expects a refusal that changes nothing.
    pub fn refuses<R: Rule>(&mut self, by: u8, kind: Kind, fields: Value)
    where
        R::Reply: Serialize,
    {
        let before = self.quiz.clone();
        let told = fields.to_string();
        assert_eq!(self.apply_as::<R>(by, fields).expect_err(&told).kind, kind, "{told}");
        assert_eq!(self.quiz, before, "{told}");
    }

    /// Returns the questions' ids in their order.
    pub fn order(&self) -> Vec<QuestionId> {
        self.quiz.questions.iter().map(|question| question.id).collect()
    }
}

/// A question that can be published.
pub fn good_question() -> Value {
    json!({ "question_text": "Longest?", "question_type": "multiple_choice",
        "answers": [{ "answer_text": "Nile", "is_correct": true }, { "answer_text": "Rhine", "is_correct": false }] })
}
