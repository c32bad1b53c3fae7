//! A user with a quiz, for tests after which nothing has changed.

use serde_json::{Value, json};

use super::support::everything;
use crate::harness::hub::Hub;
use crate::harness::quiz::{Playable, UNLIMITED, User};

/// A user with a quiz, and everything that is theirs as it was.
pub struct World {
    pub hub: Hub,
    pub ada: User,
    pub quiz: Playable,
    pub before: Value,
}

impl World {
    pub async fn new() -> Self {
        let hub = Hub::start(&[UNLIMITED]).await;
        let ada = User::register(hub.url("quiz"), "ada").await;
        let quiz = ada.playable_quiz(2, json!({})).await;
        let before = everything(&ada).await;
        Self { hub, ada, quiz, before }
    }

    /// Returns a path with `Q`, `N` and `A` replaced by the quiz, its first question, and that one's first answer.
    pub fn path(&self, route: &str) -> String {
        let question = &self.quiz.questions[0];
        let path = route.replace("/Q", &format!("/{}", self.quiz.id)).replace("/N", &format!("/{}", question.id));
        path.replace("/A", &format!("/{}", question.answers[0]))
    }

    /// Nothing has changed, and the hub goes on.
    pub async fn end(self) {
        assert_eq!(everything(&self.ada).await, self.before);
        self.hub.stop().await;
    }
}

/// Returns the `message` of a refusal.
pub fn message_of(body: &str) -> String {
    let body: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error} in {body}"));
    body["message"].as_str().unwrap_or_else(|| panic!("no message in {body}")).to_owned()
}
