//! A store without a disk, for tests: it can hold back its acknowledgements and fail on demand.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use super::{Ack, Committed, Snapshot, SnapshotStore, StoreError, Stored};

/// Keeps snapshots in memory; every write is seen at once and acknowledged at once, unless told otherwise.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<Memory>);

#[derive(Debug, Default)]
struct Memory {
    snapshots: BTreeMap<(String, String), Stored>,
    commits: u64,
    failure: Option<StoreError>,
    holds: bool,
    held: Vec<Ack>,
}

impl MemoryStore {
    /// Returns an empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Holds back all acknowledgements from now on, as a slow disk does.
    pub fn hold(&self) {
        self.0.lock().holds = true;
    }

    /// Gives the acknowledgements that were held back, and holds no more.
    pub fn release(&self) {
        let held = {
            let mut memory = self.0.lock();
            memory.holds = false;
            std::mem::take(&mut memory.held)
        };
        held.into_iter().for_each(|ack| ack.settle(Ok(())));
    }

    /// Fails every commit and removal from now on, as a full disk does, until it is told `None`.
    pub fn fail_with(&self, failure: Option<StoreError>) {
        self.0.lock().failure = failure;
    }

    /// Returns how many commits were asked for.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.0.lock().commits
    }
}

impl Memory {
    fn acknowledge(&mut self) -> Committed {
        if !self.holds {
            return Committed::known(Ok(()));
        }
        let (ack, committed) = Committed::open();
        self.held.push(ack);
        committed
    }

    fn put(&mut self, snapshot: Snapshot) {
        let Snapshot { kind, id, version, value } = snapshot;
        self.snapshots.insert((kind.into_owned(), id), Stored { version, value });
    }
}

impl SnapshotStore for MemoryStore {
    fn load(&self, kind: &str, id: &str) -> Result<Option<Stored>, StoreError> {
        Ok(self.0.lock().snapshots.get(&(kind.to_owned(), id.to_owned())).cloned())
    }

    fn commit(&self, snapshot: Snapshot) -> Committed {
        let mut memory = self.0.lock();
        memory.commits += 1;
        if let Some(failure) = &memory.failure {
            return Committed::known(Err(failure.clone()));
        }
        memory.put(snapshot);
        memory.acknowledge()
    }

    fn write_behind(&self, snapshot: Snapshot) {
        self.0.lock().put(snapshot);
    }

    fn remove(&self, kind: &str, id: &str) -> Committed {
        let mut memory = self.0.lock();
        if let Some(failure) = &memory.failure {
            return Committed::known(Err(failure.clone()));
        }
        memory.snapshots.remove(&(kind.to_owned(), id.to_owned()));
        memory.acknowledge()
    }

    fn contains(&self, kind: &str, id: &str) -> bool {
        self.0.lock().snapshots.contains_key(&(kind.to_owned(), id.to_owned()))
    }

    fn ids(&self, kind: &str) -> Vec<String> {
        let of_kind = |(key, _): (&(String, String), &Stored)| (key.0 == kind).then(|| key.1.clone());
        self.0.lock().snapshots.iter().filter_map(of_kind).collect()
    }

    fn flush(&self) -> Committed {
        let mut memory = self.0.lock();
        match &memory.failure {
            Some(failure) => Committed::known(Err(failure.clone())),
            None => memory.acknowledge(),
        }
    }

    fn close(&self) {
        self.release();
    }
}
