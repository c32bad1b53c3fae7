//! Accounts without ports: real actors over a store in memory, and pictures in a directory of their own.

use std::sync::Arc;

use hubbub_protocol::contract::Contract;
use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::accounts::{LogIn, LogOut, RefreshSession};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::access::{self, Claims};
use super::passwords::{Cost, Passwords};
use super::revocations::Revocations;
use super::workshop::Workshop;
use super::{Accounts, log_in, log_out, refresh_session, register};
use crate::kit::ask::{Ask, Routed, ask};
use crate::kit::blobs::LocalBlobs;
use crate::kit::caller::Caller;
use crate::kit::clock::TestClock;
use crate::kit::deps::{Deps, DepsBuilder};
use crate::kit::ids::SeededRandom;
use crate::kit::snapshot::MemoryStore;
use crate::kit::tokens::{ForeignTokens, Tokens};

/// What another server signs its tokens with.
pub const FOREIGN_KEY: &[u8] = b"another key of at least thirty-two bytes";

/// One hub with accounts in it.
pub struct World {
    pub deps: Deps,
    pub clock: TestClock,
    pub store: Arc<MemoryStore>,
    files: TempDir,
}

impl World {
    /// Returns a world without accounts.
    pub fn new() -> Self {
        Self::build(
            Deps::builder(),
            Arc::new(MemoryStore::new()),
            TestClock::default(),
            tempfile::tempdir().expect("a directory"),
            1,
        )
    }

    /// Returns a world over what an earlier version stored.
    pub fn over(store: MemoryStore) -> Self {
        Self::build(Deps::builder(), Arc::new(store), TestClock::default(), tempfile::tempdir().expect("a directory"), 2)
    }

    /// Returns a world whose actors live on several threads.
    pub fn on_threads(count: usize) -> Self {
        let builder = Deps::builder().start_arbiters(count);
        Self::build(builder, Arc::new(MemoryStore::new()), TestClock::default(), tempfile::tempdir().expect("a directory"), 1)
    }

    fn build(builder: DepsBuilder, store: Arc<MemoryStore>, clock: TestClock, files: TempDir, boot_id: u64) -> Self {
        let random = SeededRandom::new(boot_id);
        let accounts = Accounts {
            tokens: Tokens::new("quiz", b"a key of at least thirty-two bytes, for tests"),
            foreign: Some(ForeignTokens::new("authenticated", FOREIGN_KEY)),
            revocations: Revocations::open(store.clone()).expect("a good store"),
            passwords: Passwords::new(Cost::LEAST, 2, &random).expect("a good cost"),
            pictures: Workshop::new(1, 10),
            blobs: Arc::new(LocalBlobs::open(files.path(), clock.shared()).expect("a store")),
            public_url: "https://quiz.example.com".into(),
        };
        let builder = builder.clock(clock.clone()).random(random).boot_id(boot_id);
        let deps = builder.snapshots(store.clone()).insert(accounts).build();
        Self { deps, clock, store, files }
    }

    /// Returns the same world after a restart of the process.
    pub async fn restarted(self) -> Self {
        self.deps.stop_all().await;
        Self::build(Deps::builder(), self.store, self.clock, self.files, self.deps.boot_id() + 1)
    }

    /// Registers with these fields.
    pub async fn register(&self, fields: Value) -> Result<Value, Fault> {
        register(self.deps.clone(), nobody(&fields)).await.map(|answer: super::Registered| json!(answer))
    }

    /// Logs in.
    pub async fn log_in(&self, email: &str, password: &str) -> Result<Value, Fault> {
        let ask: Ask<LogIn> = nobody(&json!({ "email": email, "password": password }));
        log_in(self.deps.clone(), ask).await.map(|answer| json!(answer))
    }

    /// Shows a refresh token.
    pub async fn refresh(&self, token: &str) -> Result<Value, Fault> {
        let ask: Ask<RefreshSession> = nobody(&json!({ "refresh_token": token }));
        refresh_session(self.deps.clone(), ask).await.map(|answer| json!(answer))
    }

    /// Logs out with an access token.
    pub async fn log_out(&self, token: &str) -> Result<Value, Fault> {
        let ask: Ask<LogOut> = nobody(&json!({ "authorization": format!("Bearer {token}") }));
        log_out(self.deps.clone(), ask).await.map(|answer| json!(answer))
    }

    /// Judges an access token as the door does.
    pub fn authenticate(&self, token: &str) -> Result<Claims, Fault> {
        access::authenticate(&self.deps, token)
    }

    /// Asks as somebody whom the door let in.
    pub async fn ask<C: Routed>(&self, token: &str, fields: Value) -> Result<Value, Fault> {
        let caller = self.caller(token)?;
        let body: C = serde_json::from_value(fields).expect("decodes");
        ask(&self.deps, Ask::new(caller, body)).await.map(|reply| json!(reply))
    }

    /// Returns whom an access token names.
    pub fn caller(&self, token: &str) -> Result<Caller, Fault> {
        let claims = self.authenticate(token)?;
        Ok(Caller { subject: Some(claims.sub.to_string()), role: Some(claims.role), ..Caller::anonymous() })
    }

    /// Registers Ada and returns what she was answered.
    pub async fn ada(&self) -> Value {
        let fields = json!({ "email": "ada@example.com", "password": "correct horse", "username": "Ada" });
        self.register(fields).await.expect("registered")
    }
}

fn nobody<C: Contract>(fields: &Value) -> Ask<C> {
    Ask::new(Caller::anonymous(), serde_json::from_value(fields.clone()).expect("decodes"))
}

/// Returns the access token of an answer.
pub fn access_token(answer: &Value) -> &str {
    answer["session"]["access_token"].as_str().expect("a token")
}

/// Returns the refresh token of an answer.
pub fn refresh_token(answer: &Value) -> &str {
    answer["session"]["refresh_token"].as_str().expect("a token")
}

/// Returns kind, code and text of a refusal.
pub fn refusal<T: std::fmt::Debug>(answer: Result<T, Fault>) -> (u16, String, String) {
    let fault = answer.expect_err("a refusal");
    (fault.kind.status(), fault.code, fault.message)
}
