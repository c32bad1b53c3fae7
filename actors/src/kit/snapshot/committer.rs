//! The one thread that writes snapshots: everything that was queued while the last round synced goes with the next.
//!
//! Generic over the [`Disk`], so that a slow or a full one can be put under it.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, RwLock};
use tracing::{error, info, warn};

use super::disk::{Batch, Disk, read_index, read_snapshot};
use super::layout::{self, PartKey};
use super::queue::{EntityKey, Queue, Urgency, Write};
use super::{Committed, Snapshot, SnapshotStore, StoreError, Stored};

/// The most operations in one atomic batch, unless a single snapshot needs more: larger ones hold a lot of memory.
pub const BATCH_OPERATIONS: usize = 200;
/// How often a read is tried again that a write may have torn.
const READ_TRIES: usize = 3;

/// What one round of the committer did, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Round {
    /// How many snapshots it wrote or removed.
    pub snapshots: usize,
    /// How many acknowledgements it gave.
    pub acks: usize,
    /// How long writing and syncing took.
    pub took: Duration,
    /// Whether it succeeded.
    pub is_ok: bool,
}

/// Told of every round, on the committer's thread.
pub type OnRound = Box<dyn Fn(Round) + Send>;

/// A snapshot store over a disk.
pub struct Store<D: Disk> {
    shared: Arc<Shared<D>>,
    committer: Mutex<Option<JoinHandle<()>>>,
}

struct Shared<D> {
    /// Taken away when the store is closed.
    disk: RwLock<Option<D>>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    queue: Queue,
    closing: bool,
}

impl<D: Disk> Store<D> {
    /// Opens a store over `disk`, and lists what it holds.
    ///
    /// # Errors
    /// When the disk cannot be read or holds something else than a store of ours.
    pub fn open(disk: D, on_round: Option<OnRound>) -> Result<Self, StoreError> {
        let queue = read_index(&disk)?;
        let name = disk.name();
        let shared = Arc::new(Shared {
            disk: RwLock::new(Some(disk)),
            state: Mutex::new(State { queue, closing: false }),
            changed: Condvar::new(),
        });
        let theirs = shared.clone();
        let committer = thread::Builder::new()
            .name("hubbub-committer".to_owned())
            .spawn(move || commit_for_ever(&theirs, on_round.as_deref()))
            .map_err(|error| StoreError::Unreadable { path: name, reason: error.to_string().into() })?;
        Ok(Self { shared, committer: Mutex::new(Some(committer)) })
    }

    /// Returns how many snapshots there are.
    #[must_use]
    pub fn snapshots(&self) -> usize {
        self.shared.state.lock().queue.entities()
    }

    /// Returns how many changes are not on disk yet.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.shared.state.lock().queue.waiting()
    }

    /// Returns how many changes wait or are being written, and for how long the oldest coalesced one has waited.
    pub fn backlog(&self) -> (usize, Duration) {
        let state = self.shared.state.lock();
        (state.queue.waiting(), state.queue.oldest().map_or(Duration::ZERO, |since| since.elapsed()))
    }

    fn put(&self, key: EntityKey, state: Option<Stored>, urgency: Urgency) -> Result<(), StoreError> {
        let mut shared = self.shared.state.lock();
        if shared.closing {
            return Err(StoreError::Closed);
        }
        shared.queue.put(key, state, urgency, Instant::now());
        drop(shared);
        self.shared.changed.notify_one();
        Ok(())
    }

    fn read(&self, key: &EntityKey) -> Result<Option<Stored>, StoreError> {
        let disk = self.shared.disk.read();
        let disk = disk.as_ref().ok_or(StoreError::Closed)?;
        read_snapshot(disk, &key.0, &key.1)
    }
}

impl<D: Disk> SnapshotStore for Store<D> {
    fn load(&self, kind: &str, id: &str) -> Result<Option<Stored>, StoreError> {
        let key = entity_key(kind, id);
        let mut last = Ok(None);
        for _ in 0..READ_TRIES {
            if let Some(pending) = self.shared.state.lock().queue.pending(&key) {
                return Ok(pending);
            }
            last = self.read(&key);
            // Only a write between two of its parts, or real damage, makes a read fail this way.
            if !matches!(last, Err(StoreError::Damaged { .. })) {
                break;
            }
        }
        last
    }

    fn commit(&self, snapshot: Snapshot) -> Committed {
        let (ack, committed) = Committed::open();
        let (key, state) = apart(snapshot);
        let queued = layout::check(&key.0, &key.1, &state.value).and_then(|()| self.put(key, Some(state), Urgency::Now(ack)));
        queued.map_or_else(|error| Committed::known(Err(error)), |()| committed)
    }

    fn write_behind(&self, snapshot: Snapshot) {
        let (key, state) = apart(snapshot);
        let (kind, id) = key.clone();
        let queued = layout::check(&kind, &id, &state.value).and_then(|()| self.put(key, Some(state), Urgency::Soon));
        if let Err(error) = queued {
            error!(kind = &*kind, id = &*id, %error, "a snapshot of {kind} `{id}` is lost: {error}");
        }
    }

    fn remove(&self, kind: &str, id: &str) -> Committed {
        if !self.contains(kind, id) && self.shared.state.lock().queue.pending(&entity_key(kind, id)).is_none() {
            return Committed::known(Ok(()));
        }
        let (ack, committed) = Committed::open();
        let queued = self.put(entity_key(kind, id), None, Urgency::Now(ack));
        queued.map_or_else(|error| Committed::known(Err(error)), |()| committed)
    }

    fn contains(&self, kind: &str, id: &str) -> bool {
        self.shared.state.lock().queue.contains(kind, id)
    }

    fn ids(&self, kind: &str) -> Vec<String> {
        self.shared.state.lock().queue.ids(kind)
    }

    fn count(&self, kind: &str) -> usize {
        self.shared.state.lock().queue.count(kind)
    }

    fn flush(&self) -> Committed {
        let (ack, committed) = Committed::open();
        self.shared.state.lock().queue.flush(ack);
        self.shared.changed.notify_one();
        committed
    }

    fn close(&self) {
        self.shared.state.lock().closing = true;
        self.shared.changed.notify_one();
        if let Some(committer) = self.committer.lock().take() {
            let _it_catches_its_panics = committer.join();
            // The lock on the files goes with the disk.
            self.shared.disk.write().take();
        }
    }
}

impl<D: Disk> Drop for Store<D> {
    fn drop(&mut self) {
        self.close();
    }
}

fn entity_key(kind: &str, id: &str) -> EntityKey {
    (kind.into(), id.into())
}

fn apart(snapshot: Snapshot) -> (EntityKey, Stored) {
    let Snapshot { kind, id, version, value } = snapshot;
    ((kind.into(), id.into()), Stored { version, value })
}

fn commit_for_ever<D: Disk>(shared: &Shared<D>, on_round: Option<&(dyn Fn(Round) + Send)>) {
    let _last_word = LastWord(shared);
    let mut is_broken = false;
    while let Some(round) = next_round(shared) {
        if round.is_empty() {
            continue;
        }
        let begun = Instant::now();
        let (outcome, written) = write_round(shared, &round, is_broken);
        report(&outcome, is_broken);
        is_broken = outcome.is_err();
        let settled = shared.state.lock().queue.finish_round(&outcome, &written, Instant::now());
        if let Some(on_round) = on_round {
            let (snapshots, acks, took) = (round.len(), settled.len(), begun.elapsed());
            on_round(Round { snapshots, acks, took, is_ok: outcome.is_ok() });
        }
        settled.into_iter().for_each(super::queue::Settled::tell);
    }
}

/// However the committer ends, nobody waits for it any longer.
struct LastWord<'a, D>(&'a Shared<D>);

impl<D> Drop for LastWord<'_, D> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.closing = true;
        let lost = state.queue.give_up();
        if lost > 0 {
            error!(lost, "{lost} snapshots could not be saved before the store was closed");
        }
    }
}

/// Waits for something to do. Nothing: the store is closed and all is written, or cannot be.
fn next_round<D: Disk>(shared: &Shared<D>) -> Option<Vec<Write>> {
    let mut state = shared.state.lock();
    loop {
        let now = Instant::now();
        if state.closing {
            return closing_round(&mut state, now);
        }
        match state.queue.due(now) {
            Some(due) if due <= now => return Some(state.queue.take_round(now)),
            Some(due) => drop(shared.changed.wait_until(&mut state, due)),
            None => shared.changed.wait(&mut state),
        }
    }
}

/// Takes what is left; what fails now is not tried for ever.
fn closing_round(state: &mut State, now: Instant) -> Option<Vec<Write>> {
    if state.queue.is_failing() {
        return None;
    }
    state.queue.hurry();
    let round = state.queue.take_round(now);
    (!round.is_empty()).then_some(round)
}

fn report(outcome: &Result<(), StoreError>, was_broken: bool) {
    match outcome {
        Ok(()) if was_broken => info!("snapshots can be saved again"),
        Err(error) if !was_broken => error!(%error, "snapshots cannot be saved: {error}"),
        Err(error) => warn!(%error, "snapshots still cannot be saved: {error}"),
        Ok(()) => {}
    }
}

type Written = Vec<(EntityKey, u16)>;

/// Writes and syncs one round; also returns how many parts each entity has on disk then.
fn write_round<D: Disk>(shared: &Shared<D>, round: &[Write], is_broken: bool) -> (Result<(), StoreError>, Written) {
    let mut written = Vec::with_capacity(round.len());
    let disk = shared.disk.read();
    let Some(disk) = disk.as_ref() else { return (Err(StoreError::Closed), written) };
    let mut write = || {
        if is_broken {
            disk.reopen()?;
        }
        let mut batch = Batch::default();
        for write in round {
            if batch.operations() + operations(write) > BATCH_OPERATIONS && batch.operations() > 0 {
                disk.write(std::mem::take(&mut batch))?;
            }
            written.push((write.key.clone(), add_to(&mut batch, write)?));
        }
        disk.write(batch)?;
        disk.sync()
    };
    let outcome = write();
    (outcome, written)
}

fn operations(write: &Write) -> usize {
    let parts = write.state.as_ref().map_or(0, |state| layout::parts(&state.value));
    parts.max(usize::from(write.old_parts))
}

/// Adds one entity to a batch, and the deletion of the parts it does not need any more. Returns how many parts it has then.
fn add_to(batch: &mut Batch, write: &Write) -> Result<u16, StoreError> {
    let (kind, id) = (&*write.key.0, &*write.key.1);
    let values = match &write.state {
        Some(state) => layout::split(kind, id, state.version, &state.value)?,
        None => Vec::new(),
    };
    let parts = u16::try_from(values.len()).unwrap_or(u16::MAX);
    batch.puts.extend((0..parts).zip(values).map(|(part, value)| (PartKey { kind, id, part }.encode(), value)));
    batch.deletes.extend((parts..write.old_parts).map(|part| PartKey { kind, id, part }.encode()));
    Ok(parts)
}
