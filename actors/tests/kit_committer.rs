//! What the committer promises, on a disk that can be slow, fail and crash.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;
use futures_util::FutureExt;
use hubbub_actors::kit::snapshot::committer::{Round, Store};
use hubbub_actors::kit::snapshot::disk::{Batch, Disk, Visit, each_snapshot};
use hubbub_actors::kit::snapshot::{Committed, Snapshot, SnapshotStore, StoreError, Stored};
use parking_lot::{Condvar, Mutex};
use proptest::prelude::*;

/// A disk in memory: what was not synced is lost in a crash.
#[derive(Clone, Default)]
struct Memory(Arc<Inner>);

#[derive(Default)]
struct Inner {
    content: Mutex<Content>,
    gate: Mutex<Gate>,
    moved: Condvar,
    fails: AtomicBool,
    reopened: AtomicUsize,
}

#[derive(Default)]
struct Content {
    volatile: BTreeMap<Vec<u8>, Bytes>,
    synced: BTreeMap<Vec<u8>, Bytes>,
    batches: Vec<usize>,
}

#[derive(Default)]
struct Gate {
    closed: bool,
    waiting: bool,
}

impl Memory {
    /// Lets no sync through from now on.
    fn close_gate(&self) {
        self.0.gate.lock().closed = true;
    }

    fn open_gate(&self) {
        self.0.gate.lock().closed = false;
        self.0.moved.notify_all();
    }

    /// Waits until the committer stands at the gate.
    fn await_sync(&self) {
        let mut gate = self.0.gate.lock();
        self.0.moved.wait_while(&mut gate, |gate| !gate.waiting);
    }

    fn fail(&self, fails: bool) {
        self.0.fails.store(fails, Ordering::SeqCst);
    }

    /// Returns the disk that is left after a power failure.
    fn crashed(&self) -> Self {
        let synced = self.0.content.lock().synced.clone();
        let content = Content { volatile: synced.clone(), synced, batches: Vec::new() };
        Self(Arc::new(Inner { content: Mutex::new(content), ..Inner::default() }))
    }

    fn check(&self) -> Result<(), StoreError> {
        if self.0.fails.load(Ordering::SeqCst) { Err(full()) } else { Ok(()) }
    }
}

fn full() -> StoreError {
    StoreError::Write { path: "memory".into(), reason: "no space left on device".into() }
}

impl Disk for Memory {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        Ok(self.0.content.lock().volatile.get(key).cloned())
    }

    fn write(&self, batch: Batch) -> Result<(), StoreError> {
        self.check()?;
        let mut content = self.0.content.lock();
        content.batches.push(batch.puts.len() + batch.deletes.len());
        content.volatile.extend(batch.puts);
        batch.deletes.iter().for_each(|key| drop(content.volatile.remove(key)));
        Ok(())
    }

    fn sync(&self) -> Result<(), StoreError> {
        let mut gate = self.0.gate.lock();
        while gate.closed {
            gate.waiting = true;
            self.0.moved.notify_all();
            self.0.moved.wait(&mut gate);
        }
        gate.waiting = false;
        self.check()?;
        let mut content = self.0.content.lock();
        content.synced = content.volatile.clone();
        Ok(())
    }

    fn scan(&self, each: &mut Visit<'_>) -> Result<(), StoreError> {
        let all = self.0.content.lock().volatile.clone();
        all.iter().try_for_each(|(key, value)| each(key, value))
    }

    fn reopen(&self) -> Result<(), StoreError> {
        self.0.reopened.fetch_add(1, Ordering::SeqCst);
        self.check()?;
        let mut content = self.0.content.lock();
        content.volatile = content.synced.clone();
        Ok(())
    }

    fn name(&self) -> Arc<str> {
        "memory".into()
    }
}

fn open(disk: &Memory) -> Store<Memory> {
    Store::open(disk.clone(), None).unwrap()
}

fn snapshot(id: &str, number: u64) -> Snapshot {
    Snapshot::of("kit.test", id, 1, &number)
}

fn number(stored: Option<Stored>) -> Option<u64> {
    stored.map(|stored| stored.decode().unwrap())
}

fn on_disk(disk: &Memory) -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    each_snapshot(&disk.crashed(), &mut |_, snapshot| {
        let Snapshot { id, version, value, .. } = snapshot.unwrap();
        found.insert(id, Stored { version, value }.decode().unwrap());
        Ok(())
    })
    .unwrap();
    found
}

#[actix::test]
async fn no_ack_leaves_before_the_sync() {
    let disk = Memory::default();
    let store = open(&disk);
    disk.close_gate();

    let mut committed = store.commit(snapshot("a", 1));
    disk.await_sync();

    assert!((&mut committed).now_or_never().is_none());
    assert_eq!(on_disk(&disk), BTreeMap::new());
    assert_eq!(number(store.load("kit.test", "a").unwrap()), Some(1));

    disk.open_gate();
    committed.await.unwrap();
    assert_eq!(on_disk(&disk)["a"], 1);
}

#[actix::test]
async fn what_is_queued_during_a_sync_goes_together_and_the_last_of_one_key_wins() {
    let disk = Memory::default();
    let rounds = Arc::new(Mutex::new(Vec::new()));
    let theirs = rounds.clone();
    let on_round = move |round: Round| theirs.lock().push((round.snapshots, round.acks, round.is_ok));
    let store = Store::open(disk.clone(), Some(Box::new(on_round))).unwrap();
    disk.close_gate();

    let first = store.commit(snapshot("first", 1));
    disk.await_sync();
    let mut rest: Vec<Committed> = (0..100).map(|n| store.commit(snapshot(&format!("k{n}"), n))).collect();
    rest.extend((0..50).map(|n| store.commit(snapshot("k7", 1_000 + n))));
    disk.open_gate();

    first.await.unwrap();
    for committed in rest {
        committed.await.unwrap();
    }
    assert_eq!(*rounds.lock(), [(1, 1, true), (100, 150, true)]);
    assert_eq!(on_disk(&disk)["k7"], 1_049);
}

#[actix::test]
async fn batches_are_small_and_no_snapshot_is_divided_between_two() {
    let disk = Memory::default();
    let store = open(&disk);
    disk.close_gate();
    let first = store.commit(snapshot("first", 1));
    disk.await_sync();
    let state = |kib: usize| vec![7_u8; kib * 1024];
    // 3 parts each, then one snapshot of more parts than a batch has operations.
    let rest: Vec<_> = (0..150).map(|n| store.commit(Snapshot::of("kit.test", &n, 1, &state(9)))).collect();
    let large = store.commit(Snapshot::of("kit.test", "large", 1, &state(900)));
    disk.open_gate();

    first.await.unwrap();
    for committed in rest {
        committed.await.unwrap();
    }
    large.await.unwrap();

    let batches = disk.0.content.lock().batches.clone();
    // The marker, the first, 66 snapshots at a time, the large one alone.
    assert_eq!(batches, [1, 1, 198, 198, 54, 226]);
}

#[actix::test]
async fn a_failed_sync_fails_everyone_who_waited_and_the_next_commit_tries_again() {
    let disk = Memory::default();
    let store = open(&disk);
    store.commit(snapshot("a", 1)).await.unwrap();
    disk.fail(true);

    let (one, two) = (store.commit(snapshot("a", 2)), store.commit(snapshot("b", 1)));
    assert_eq!((one.await, two.await), (Err(full()), Err(full())));
    assert_eq!(store.commit(snapshot("c", 1)).await, Err(full()));
    assert_eq!(full().to_string(), "cannot write to the store `memory`: no space left on device");

    disk.fail(false);
    store.commit(snapshot("d", 1)).await.unwrap();
    assert_eq!(on_disk(&disk), BTreeMap::from([("a".into(), 1), ("d".into(), 1)]));
    assert_eq!(store.ids("kit.test"), ["a", "d"]);
    assert_eq!(number(store.load("kit.test", "a").unwrap()), Some(1));
    assert!(disk.0.reopened.load(Ordering::SeqCst) > 0);
}

#[actix::test]
async fn what_was_written_behind_and_what_was_removed_survives_a_failing_disk() {
    let disk = Memory::default();
    let store = open(&disk);
    store.commit(snapshot("ended", 1)).await.unwrap();
    disk.fail(true);

    store.write_behind(snapshot("a", 5));
    assert_eq!(store.remove("kit.test", "ended").await, Err(full()));
    assert_eq!(store.flush().await, Err(full()));
    assert_eq!(number(store.load("kit.test", "a").unwrap()), Some(5));
    assert!(!store.contains("kit.test", "ended"));

    disk.fail(false);
    store.flush().await.unwrap();
    assert_eq!(on_disk(&disk), BTreeMap::from([("a".into(), 5)]));
}

#[actix::test]
async fn what_is_written_behind_is_seen_at_once_and_written_once() {
    let disk = Memory::default();
    let store = open(&disk);
    let before = disk.0.content.lock().batches.len();

    for n in 0..100 {
        store.write_behind(snapshot("a", n));
    }
    assert_eq!(number(store.load("kit.test", "a").unwrap()), Some(99));
    assert_eq!(store.ids("kit.test"), ["a"]);
    store.flush().await.unwrap();

    assert_eq!(on_disk(&disk)["a"], 99);
    assert_eq!(disk.0.content.lock().batches.len(), before + 1);
}

#[actix::test]
async fn closing_writes_what_is_queued_and_refuses_the_rest() {
    let disk = Memory::default();
    let store = open(&disk);
    store.write_behind(snapshot("a", 1));
    let committed = store.commit(snapshot("b", 2));

    store.close();

    committed.await.unwrap();
    assert_eq!(on_disk(&disk), BTreeMap::from([("a".into(), 1), ("b".into(), 2)]));
    assert_eq!(store.commit(snapshot("c", 3)).await, Err(StoreError::Closed));
    assert_eq!(store.remove("kit.test", "a").await, Err(StoreError::Closed));
    assert_eq!(store.load("kit.test", "a"), Err(StoreError::Closed));
}

#[actix::test]
async fn closing_on_a_full_disk_does_not_hang() {
    let disk = Memory::default();
    let store = open(&disk);
    disk.fail(true);
    store.write_behind(snapshot("a", 1));
    let committed = store.commit(snapshot("b", 2));

    store.close();

    assert_eq!(committed.await, Err(full()));
}

#[actix::test]
async fn a_snapshot_that_shrinks_or_goes_leaves_no_part_behind() {
    let disk = Memory::default();
    let store = open(&disk);
    let keys = || disk.0.content.lock().synced.len();
    let empty = keys();

    store.commit(Snapshot::of("kit.test", "a", 1, &vec![1_u8; 50_000])).await.unwrap();
    assert_eq!(keys(), empty + 13);
    store.commit(snapshot("a", 1)).await.unwrap();
    assert_eq!(keys(), empty + 1);
    store.remove("kit.test", "a").await.unwrap();
    assert_eq!(keys(), empty);
}

#[actix::test]
async fn keys_that_cannot_be_written_are_refused_with_a_reason() {
    let store = open(&Memory::default());

    let refused = store.commit(snapshot(&"x".repeat(2_000), 1)).await.unwrap_err();

    assert!(refused.to_string().ends_with("cannot be written: kind and id are longer than 1024 bytes"));
}

#[derive(Debug, Clone)]
enum Step {
    Commit(u8),
    Behind(u8),
    Remove(u8),
    Await,
    Flush,
    Fail,
    Mend,
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..4_u8).prop_map(Step::Commit),
        3 => (0..4_u8).prop_map(Step::Behind),
        2 => (0..4_u8).prop_map(Step::Remove),
        2 => Just(Step::Await),
        1 => Just(Step::Flush),
        1 => Just(Step::Fail),
        2 => Just(Step::Mend),
        1 => Just(Step::Crash),
    ]
}

/// Everything that was asked for one key, and from where on it must have survived.
#[derive(Default)]
struct History {
    states: Vec<Option<u64>>,
    certain: usize,
}

struct Model {
    disk: Memory,
    store: Store<Memory>,
    keys: Vec<History>,
    open: Vec<(u8, usize, Committed)>,
    next: u64,
    has_failed: bool,
}

impl Model {
    fn new() -> Self {
        let disk = Memory::default();
        let store = open(&disk);
        let keys = (0..4).map(|_| History { states: vec![None], certain: 0 }).collect();
        Self { disk, store, keys, open: Vec::new(), next: 0, has_failed: false }
    }

    fn put(&mut self, key: u8, state: Option<u64>) -> usize {
        let history = &mut self.keys[usize::from(key)];
        history.states.push(state);
        history.states.len() - 1
    }

    fn acked(&mut self, key: u8, index: usize) {
        let history = &mut self.keys[usize::from(key)];
        history.certain = history.certain.max(index);
    }

    async fn step(&mut self, step: Step) {
        self.next += 1;
        match step {
            Step::Commit(key) => {
                let index = self.put(key, Some(self.next));
                self.open.push((key, index, self.store.commit(snapshot(&key.to_string(), self.next))));
            }
            Step::Behind(key) => {
                self.put(key, Some(self.next));
                self.store.write_behind(snapshot(&key.to_string(), self.next));
            }
            Step::Remove(key) => {
                let index = self.put(key, None);
                self.open.push((key, index, self.store.remove("kit.test", &key.to_string())));
            }
            Step::Await => {
                for (key, index, committed) in std::mem::take(&mut self.open) {
                    if committed.await.is_ok() {
                        self.acked(key, index);
                    }
                }
            }
            Step::Flush => {
                // A failed commit is not owed, so after a failure a flush says nothing about the last state.
                if self.store.flush().await.is_ok() && !self.has_failed {
                    self.keys.iter_mut().for_each(|history| history.certain = history.states.len() - 1);
                }
            }
            Step::Fail => {
                self.has_failed = true;
                self.disk.fail(true);
            }
            Step::Mend => self.disk.fail(false),
            Step::Crash => self.crash(),
        }
    }

    /// Notes what is acknowledged by now.
    fn collect(&mut self) {
        for (key, index, mut committed) in std::mem::take(&mut self.open) {
            match (&mut committed).now_or_never() {
                Some(Ok(())) => self.acked(key, index),
                Some(Err(_)) => {}
                None => self.open.push((key, index, committed)),
            }
        }
    }

    fn crash(&mut self) {
        self.collect();
        let left = self.disk.crashed();
        let found = on_disk(&left);
        for (key, history) in self.keys.iter_mut().enumerate() {
            let state = found.get(&key.to_string()).copied();
            let allowed = &history.states[history.certain..];
            assert!(allowed.contains(&state), "key {key} is {state:?}, allowed: {allowed:?}");
            *history = History { states: vec![state], certain: 0 };
        }
        self.open.clear();
        self.has_failed = false;
        self.disk = left;
        self.store = open(&self.disk);
        for key in 0..4 {
            let loaded = number(self.store.load("kit.test", &key.to_string()).unwrap());
            assert_eq!(loaded, self.keys[key].states[0]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn whatever_was_acknowledged_is_there_after_a_crash_at_any_moment(steps in proptest::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut model = Model::new();
            for step in steps {
                model.step(step).await;
            }
            model.crash();
        });
    }
}
