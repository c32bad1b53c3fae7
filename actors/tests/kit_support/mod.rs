//! A small entity for the kit's tests: a counter that can be told to panic in every place an actor can panic in.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, ResponseFuture, Supervised, fut};
use hubbub_actors::kit::clock::TestClock;
use hubbub_actors::kit::deps::{Deps, DepsBuilder};
use hubbub_actors::kit::ids::SeededRandom;
use hubbub_actors::kit::registry::Entity;
use hubbub_actors::kit::snapshot::{MemoryStore, Persist, Snapshot, SnapshotStore, StoreError, Stored, after};
use hubbub_protocol::fault::Fault;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CounterId(pub String);

impl fmt::Display for CounterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

pub fn id(text: &str) -> CounterId {
    CounterId(text.to_owned())
}

/// What happened to counters, in order, for tests to look at; and whom to keep from going.
#[derive(Debug, Default)]
pub struct Journal {
    pub lines: Mutex<Vec<String>>,
    pub busy: Mutex<bool>,
    pub panic_on_restore: Mutex<bool>,
    pub threads: Mutex<HashMap<String, String>>,
}

impl Journal {
    pub fn note(&self, line: impl Into<String>) {
        self.lines.lock().push(line.into());
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State {
    pub count: u64,
    pub boot_id: u64,
}

/// A counter whose every change is committed.
pub struct Counter {
    key: CounterId,
    deps: Deps,
    journal: Arc<Journal>,
    pub state: State,
}

impl Actor for Counter {
    type Context = Context<Self>;
}

impl Supervised for Counter {}

impl Entity for Counter {
    type Key = CounterId;
    const KIND: &'static str = "kit.counter";

    fn new(key: CounterId, deps: Deps) -> Self {
        let journal = deps.extension::<Arc<Journal>>().as_ref().clone();
        Self { key, deps, journal, state: State::default() }
    }

    fn restore(&mut self, snapshot: Option<Stored>, _: &mut Context<Self>) -> Result<(), StoreError> {
        if *self.journal.panic_on_restore.lock() {
            panic!("told to panic while restoring");
        }
        if let Some(snapshot) = snapshot {
            self.state = snapshot.decode()?;
        }
        let thread = std::thread::current().name().unwrap_or_default().to_owned();
        self.journal.threads.lock().insert(self.key.0.clone(), thread);
        self.journal.note(format!("{} restored with {}", self.key, self.state.count));
        Ok(())
    }

    fn snapshot(&self) -> Option<Snapshot> {
        Some(Snapshot::of(Self::KIND, &self.key, 1, &self.state))
    }

    fn is_idle(&self) -> bool {
        !*self.journal.busy.lock()
    }
}

#[derive(Message)]
#[rtype(result = "u64")]
pub struct Count;

impl Handler<Count> for Counter {
    type Result = u64;

    fn handle(&mut self, _: Count, _: &mut Context<Self>) -> u64 {
        self.state.count
    }
}

/// Counts and replies once that is on disk.
#[derive(Message)]
#[rtype(result = "Result<u64, Fault>")]
pub struct Add(pub u64);

impl Handler<Add> for Counter {
    type Result = ResponseFuture<Result<u64, Fault>>;

    fn handle(&mut self, add: Add, _: &mut Context<Self>) -> Self::Result {
        self.state.count += add.0;
        self.state.boot_id = self.deps.boot_id();
        after(self.commit(&self.deps), self.state.count)
    }
}

/// Counts without waiting for the disk.
#[derive(Message)]
#[rtype(result = "u64")]
pub struct AddSoon(pub u64);

impl Handler<AddSoon> for Counter {
    type Result = u64;

    fn handle(&mut self, add: AddSoon, _: &mut Context<Self>) -> u64 {
        self.state.count += add.0;
        self.write_behind(&self.deps);
        self.state.count
    }
}

/// Counts in memory only.
#[derive(Message)]
#[rtype(result = "()")]
pub struct AddUnsaved(pub u64);

impl Handler<AddUnsaved> for Counter {
    type Result = ();

    fn handle(&mut self, add: AddUnsaved, _: &mut Context<Self>) {
        self.state.count += add.0;
    }
}

#[derive(Message)]
#[rtype(result = "()")]
pub struct PanicNow;

impl Handler<PanicNow> for Counter {
    type Result = ();

    fn handle(&mut self, _: PanicNow, _: &mut Context<Self>) {
        self.state.count = 999_999;
        panic!("told to panic in a handler");
    }
}

#[derive(Message)]
#[rtype(result = "()")]
pub struct PanicInFuture;

impl Handler<PanicInFuture> for Counter {
    type Result = ();

    fn handle(&mut self, _: PanicInFuture, ctx: &mut Context<Self>) {
        let yielded = fut::wrap_future::<_, Self>(actix_rt::task::yield_now());
        ctx.spawn(yielded.map(|(), _, _| panic!("told to panic in a future")));
    }
}

#[derive(Message)]
#[rtype(result = "()")]
pub struct PanicInTimer;

impl Handler<PanicInTimer> for Counter {
    type Result = ();

    fn handle(&mut self, _: PanicInTimer, ctx: &mut Context<Self>) {
        ctx.run_later(Duration::from_millis(1), |_, _| panic!("told to panic in a timer"));
    }
}

#[derive(Message)]
#[rtype(result = "()")]
pub struct StopYourself;

impl Handler<StopYourself> for Counter {
    type Result = ();

    fn handle(&mut self, _: StopYourself, ctx: &mut Context<Self>) {
        use actix::ActorContext;
        ctx.stop();
    }
}

/// A hub of counters with everything in the test's hands.
pub struct Hub {
    pub deps: Deps,
    pub clock: TestClock,
    pub store: Arc<MemoryStore>,
    pub journal: Arc<Journal>,
}

pub fn hub() -> Hub {
    hub_with(|builder| builder)
}

pub fn hub_with(change: impl FnOnce(DepsBuilder) -> DepsBuilder) -> Hub {
    hub_on(Arc::new(MemoryStore::new()), change)
}

pub fn hub_on(store: Arc<MemoryStore>, change: impl FnOnce(DepsBuilder) -> DepsBuilder) -> Hub {
    let (clock, journal) = (TestClock::default(), Arc::new(Journal::default()));
    let snapshots: Arc<dyn SnapshotStore> = store.clone();
    let builder = Deps::builder().clock(clock.clone()).random(SeededRandom::new(1)).snapshots(snapshots).insert(journal.clone());
    Hub { deps: change(builder).build(), clock, store, journal }
}

/// Lets the actors run until `done`, without a clock.
pub async fn until(mut done: impl FnMut() -> bool) {
    while !done() {
        actix_rt::task::yield_now().await;
    }
}
