//! Replies and commits: nobody hears of a change before it is on disk, and a busy actor encodes its state once for many.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use actix::{Actor, AtomicResponse, Context, Handler, MailboxError, Message, ResponseFuture, Supervised};
use futures_util::FutureExt;
use futures_util::future::join_all;
use hubbub_actors::kit::deps::Deps;
use hubbub_actors::kit::registry::Entity;
use hubbub_actors::kit::snapshot::{
    Latest, MemoryStore, Persist, Snapshot, SnapshotStore, StoreError, Stored, after, atomically,
};
use hubbub_protocol::fault::{Fault, Kind};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct RoomId(String);

impl fmt::Display for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How often a room was encoded.
#[derive(Default)]
struct Encodings(AtomicU64);

/// A room that many answer at once.
struct Room {
    key: RoomId,
    deps: Deps,
    latest: Latest,
    answers: u64,
    announced: u64,
}

impl Actor for Room {
    type Context = Context<Self>;
}

impl Supervised for Room {}

impl Entity for Room {
    type Key = RoomId;
    const KIND: &'static str = "kit.room";

    fn new(key: RoomId, deps: Deps) -> Self {
        Self { key, deps, latest: Latest::default(), answers: 0, announced: 0 }
    }

    fn restore(&mut self, snapshot: Option<Stored>, _: &mut Context<Self>) -> Result<(), StoreError> {
        self.answers = snapshot.map_or(Ok(0), |stored| stored.decode())?;
        Ok(())
    }

    fn snapshot(&self) -> Option<Snapshot> {
        self.deps.extension::<Encodings>().0.fetch_add(1, Ordering::SeqCst);
        Some(Snapshot::of(Self::KIND, &self.key, 1, &self.answers))
    }

    fn is_idle(&self) -> bool {
        !self.latest.is_busy()
    }
}

#[derive(Message)]
#[rtype(result = "Result<u64, Fault>")]
struct Answer;

impl Handler<Answer> for Room {
    type Result = ResponseFuture<Result<u64, Fault>>;

    fn handle(&mut self, _: Answer, ctx: &mut Context<Self>) -> Self::Result {
        self.answers += 1;
        let saved = self.latest.commit(&self.deps, ctx, |room: &mut Self| &mut room.latest);
        after(saved, self.answers)
    }
}

/// Announces itself only when it is saved.
#[derive(Message)]
#[rtype(result = "Result<u64, Fault>")]
struct Announce;

impl Handler<Announce> for Room {
    type Result = AtomicResponse<Self, Result<u64, Fault>>;

    fn handle(&mut self, _: Announce, _: &mut Context<Self>) -> Self::Result {
        self.answers += 1;
        atomically(self.commit(&self.deps), |room: &mut Self, _| {
            room.announced = room.answers;
            Ok(room.announced)
        })
    }
}

#[derive(Message)]
#[rtype(result = "u64")]
struct Announced;

impl Handler<Announced> for Room {
    type Result = u64;

    fn handle(&mut self, _: Announced, _: &mut Context<Self>) -> u64 {
        self.announced
    }
}

#[derive(Message)]
#[rtype(result = "()")]
struct PanicInRoom;

impl Handler<PanicInRoom> for Room {
    type Result = ();

    fn handle(&mut self, _: PanicInRoom, _: &mut Context<Self>) {
        panic!("told to panic in a room");
    }
}

fn room() -> (Deps, Arc<MemoryStore>, actix::Addr<Room>) {
    let store = Arc::new(MemoryStore::new());
    let deps = Deps::builder().snapshots(store.clone()).insert(Encodings::default()).build();
    let addr = deps.registry::<Room>().summon(&RoomId("r".into())).unwrap();
    (deps, store, addr)
}

/// Lets the actors run until `done`, without a clock.
async fn until(mut done: impl FnMut() -> bool) {
    while !done() {
        actix_rt::task::yield_now().await;
    }
}

fn encodings(deps: &Deps) -> u64 {
    deps.extension::<Encodings>().0.load(Ordering::SeqCst)
}

#[actix::test]
async fn no_reply_leaves_before_the_commit() {
    let (_deps, store, addr) = room();
    store.hold();

    let mut answering = Box::pin(addr.send(Answer));
    until(|| store.commits() == 1).await;
    assert!((&mut answering).now_or_never().is_none());

    store.release();
    assert_eq!(answering.await, Ok(Ok(1)));
}

#[actix::test]
async fn a_commit_that_fails_is_a_fault_without_a_path() {
    let (_deps, store, addr) = room();
    store.fail_with(Some(StoreError::Write { path: "/secret".into(), reason: "full".into() }));

    let fault = addr.send(Answer).await.unwrap().unwrap_err();

    assert_eq!((fault.kind, fault.message.as_str()), (Kind::Internal, "could not be saved, try again"));
}

#[actix::test]
async fn many_answers_during_one_write_share_the_next_encoding() {
    let (deps, store, addr) = room();
    store.hold();
    let first = addr.send(Answer);
    until(|| store.commits() == 1).await;

    let rest: Vec<_> = (0..100).map(|_| addr.clone()).collect();
    let rest = join_all(rest.iter().map(|addr| addr.send(Answer)));
    let rest = actix_rt::spawn(rest);
    for _ in 0..20 {
        actix_rt::task::yield_now().await;
    }
    assert_eq!((store.commits(), encodings(&deps)), (1, 1));

    store.release();
    assert_eq!(first.await, Ok(Ok(1)));
    let rest = rest.await.unwrap();
    assert!(rest.iter().all(|reply| matches!(reply, Ok(Ok(_)))));
    assert_eq!((store.commits(), encodings(&deps)), (2, 2));
    assert_eq!(store.load("kit.room", "r").unwrap().unwrap().decode::<u64>(), Ok(101));
}

#[actix::test]
async fn a_panic_fails_what_was_not_encoded_yet_and_never_what_was() {
    let (_deps, store, addr) = room();
    store.hold();
    let encoded = addr.send(Answer);
    until(|| store.commits() == 1).await;
    let not_yet = addr.send(Answer);
    let panicking = addr.send(PanicInRoom);

    assert_eq!(panicking.await, Err(MailboxError::Closed));
    assert_eq!(not_yet.await.unwrap().unwrap_err().kind, Kind::Unavailable);
    store.release();
    assert_eq!(encoded.await, Ok(Ok(1)));
    assert_eq!(addr.send(Answer).await, Ok(Ok(2)));
}

#[actix::test]
async fn what_runs_after_the_commit_sees_the_actor_and_no_message_comes_between() {
    let (_deps, store, addr) = room();
    store.hold();
    let announcing = addr.send(Announce);
    let looking = addr.send(Announced);
    let (announced, looked) = (actix_rt::spawn(announcing), actix_rt::spawn(looking));
    until(|| store.commits() == 1).await;
    assert!(!looked.is_finished());

    store.release();

    assert_eq!(announced.await.unwrap(), Ok(Ok(1)));
    assert_eq!(looked.await.unwrap(), Ok(1));
}
