//! Quizzes without ports: real actors over a store in memory.

use std::sync::Arc;

use hubbub_protocol::fault::{Fault, Kind};
use hubbub_protocol::quiz::questions::AddQuestion;
use hubbub_protocol::quiz::quizzes::CreateQuiz;
use serde::Serialize;
use serde_json::{Value, json};

use super::rules::{OWNER, good_question, user};
use crate::kit::ask::{Ask, Routed, ask};
use crate::kit::caller::Caller;
use crate::kit::clock::TestClock;
use crate::kit::deps::{Deps, DepsBuilder};
use crate::kit::emit::Emitter;
use crate::kit::ids::SeededRandom;
use crate::kit::snapshot::MemoryStore;
use crate::quiz::Wiring;

/// One hub in which quizzes are made.
pub struct World {
    pub deps: Deps,
    pub clock: TestClock,
    pub store: Arc<MemoryStore>,
}

impl World {
    /// Returns a world without quizzes.
    pub fn new() -> Self {
        Self::build(Deps::builder(), Arc::new(MemoryStore::new()), TestClock::default(), 1)
    }

    /// Returns a world whose actors live on several threads.
    pub fn on_threads(count: usize) -> Self {
        Self::build(Deps::builder().start_arbiters(count), Arc::new(MemoryStore::new()), TestClock::default(), 1)
    }

    fn build(builder: DepsBuilder, store: Arc<MemoryStore>, clock: TestClock, boot_id: u64) -> Self {
        let builder = builder.clock(clock.clone()).random(SeededRandom::new(boot_id)).boot_id(boot_id);
        let wiring = Wiring { emitter: Emitter::new("/", None, None), max_room_players: 400, only_players_see_flows: false };
        let deps = builder.snapshots(store.clone()).insert(wiring).build();
        Self { deps, clock, store }
    }

    /// Returns the same world after a restart of the process.
    pub async fn restarted(self) -> Self {
        self.deps.stop_all().await;
        Self::build(Deps::builder(), self.store, self.clock, self.deps.boot_id() + 1)
    }

    /// Asks as a user, later than everything before.
    pub async fn ask_as<C: Routed>(&self, by: u8, fields: Value) -> Result<Value, Fault>
    where
        C::Reply: Serialize,
    {
        self.clock.advance(1000);
        let body: C = serde_json::from_value(fields).expect("decodes");
        let caller = Caller { subject: Some(user(by).to_string()), ..Caller::anonymous() };
        ask(&self.deps, Ask::new(caller, body)).await.map(|reply| json!(reply))
    }

    /// Asks as the owner, and expects to be answered.
    pub async fn ask<C: Routed>(&self, fields: Value) -> Value
    where
        C::Reply: Serialize,
    {
        self.ask_as::<C>(OWNER, fields).await.expect("an answer")
    }

    /// Returns why a user is refused.
    pub async fn refusal<C: Routed>(&self, by: u8, fields: Value) -> Kind
    where
        C::Reply: Serialize,
    {
        self.ask_as::<C>(by, fields).await.expect_err("a refusal").kind
    }

    /// Makes a quiz and returns its id.
    pub async fn quiz(&self, title: &str) -> Value {
        self.ask::<CreateQuiz>(json!({ "title": title })).await["id"].clone()
    }

    /// Makes a quiz that can be published.
    pub async fn good_quiz(&self, title: &str) -> Value {
        let id = self.quiz(title).await;
        let mut question = good_question();
        question["quizId"] = id.clone();
        self.ask::<AddQuestion>(question).await;
        id
    }
}
