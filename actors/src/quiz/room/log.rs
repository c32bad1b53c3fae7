//! What a busy room writes: not itself, but what has happened to it.
//!
//! Decision: changes are collected while the disk is busy and go out as one numbered chunk, whatever their number; now and then the
//! whole room is written instead, and the chunks before it are deleted. Reason: a room of 10,000 players takes over a megabyte, an
//! answer 18 bytes. A room that is written every few seconds at most would change our mind.
//!
//! The order holds because a room has one write under way, and a chunk that may or may not have reached the disk is written again under
//! its own number.

use std::collections::HashMap;

use hubbub_protocol::quiz::RoomId;
use serde::{Deserialize, Serialize};

use super::change::Change;
use super::players::Slot;
use super::state::State;
use crate::kit::clock::Timestamp;
use crate::kit::snapshot::{Ack, Committed, Snapshot, SnapshotStore, StoreError, Stored};

/// The kind of a chunk.
pub const CHUNK_KIND: &str = "quiz.room.log";
/// The version of a room's snapshot and of its chunks.
pub const VERSION: u16 = 1;
/// So many chunks are read when a room comes up, at most.
const MAX_CHUNKS: u32 = 128;
/// So many changes, beside four per player, are worth a snapshot.
const MAX_CHANGES: usize = 4096;

/// A room and where its log goes on.
#[derive(Debug, Serialize, Deserialize)]
pub struct Checkpoint<S> {
    /// The first chunk that is not part of `state`.
    pub log_from: u32,
    /// The first chunk that may still be there.
    pub kept_from: u32,
    /// The room.
    pub state: S,
}

/// What goes to the disk next.
#[derive(Debug)]
pub struct Batch {
    /// The changes in it.
    pub changes: Vec<Change>,
    /// Who waits for them.
    pub waiting: Vec<Ack>,
    /// What is written.
    pub snapshot: Snapshot,
    /// Whether it is the whole room.
    is_checkpoint: bool,
}

/// The changes of a room that are not on disk yet, and where those that are lie.
#[derive(Debug, Default)]
pub struct Log {
    pending: Vec<Change>,
    waiting: Vec<Ack>,
    /// Whether a write is under way, or has just been.
    pub is_writing: bool,
    next: u32,
    kept_from: u32,
    log_from: u32,
    since_checkpoint: usize,
    wants_checkpoint: bool,
    /// Answers that count in memory although their write has failed: when they came, by whose they are.
    unsaved: HashMap<Slot, Timestamp>,
}

impl Log {
    /// Puts a change in line for the disk.
    pub fn push(&mut self, change: Change) {
        self.pending.push(change);
    }

    /// Returns a promise that all changes so far are on disk.
    pub fn wait(&mut self) -> Committed {
        let (ack, committed) = Committed::open();
        self.waiting.push(ack);
        committed
    }

    /// Writes the whole room next.
    pub fn want_checkpoint(&mut self) {
        self.wants_checkpoint = true;
    }

    /// Returns whether something waits for the disk.
    #[must_use]
    pub fn is_due(&self) -> bool {
        !self.pending.is_empty() || !self.waiting.is_empty() || self.wants_checkpoint
    }

    /// Returns when the answer of a player came whose write has failed.
    #[must_use]
    pub fn unsaved(&self, slot: Slot) -> Option<Timestamp> {
        self.unsaved.get(&slot).copied()
    }

    /// Takes what is to be written now.
    pub fn take(&mut self, id: &RoomId, state: &State) -> Batch {
        let (changes, waiting) = (std::mem::take(&mut self.pending), std::mem::take(&mut self.waiting));
        let players = usize::try_from(state.players().count()).unwrap_or(usize::MAX);
        let is_long = self.next - self.log_from >= MAX_CHUNKS || self.since_checkpoint > MAX_CHANGES.saturating_add(4 * players);
        let is_checkpoint = std::mem::take(&mut self.wants_checkpoint) || is_long;
        let snapshot = if is_checkpoint {
            self.checkpoint(id, state)
        } else {
            Snapshot::of(CHUNK_KIND, &chunk_id(id, self.next), VERSION, &changes)
        };
        Batch { changes, waiting, snapshot, is_checkpoint }
    }

    /// Returns the whole room; the chunk under way, which may or may not reach the disk, is part of it.
    #[must_use]
    pub fn checkpoint(&self, id: &RoomId, state: &State) -> Snapshot {
        let checkpoint = Checkpoint { log_from: self.next + 1, kept_from: self.kept_from, state };
        Snapshot::of(super::KIND, id, VERSION, &checkpoint)
    }

    /// Notes how the write of a batch has ended.
    pub fn written(&mut self, batch: Written, id: &RoomId, store: &dyn SnapshotStore) {
        let Written { changes, is_checkpoint, outcome } = batch;
        if outcome.is_err() {
            for change in &changes {
                if let Change::Answered(slot, _, at) | Change::AnsweredAnew(slot, _, at) = change {
                    self.unsaved.insert(*slot, *at);
                }
            }
            self.wants_checkpoint |= is_checkpoint;
            self.pending.splice(0..0, changes);
            return;
        }
        self.unsaved.clear();
        self.next += 1;
        self.since_checkpoint += changes.len();
        if is_checkpoint {
            remove_chunks(id, self.kept_from..self.next, store);
            (self.kept_from, self.log_from, self.since_checkpoint) = (self.next, self.next, 0);
        }
    }

    /// Deletes what is on disk of a room that nothing stays of; also the chunk that may be under way.
    pub fn forget(&mut self, id: &RoomId, store: &dyn SnapshotStore) {
        remove_chunks(id, self.kept_from..self.next + 1, store);
        *self = Self::default();
    }

    /// Reads a room and what has happened to it since. Blocks on the disk.
    ///
    /// # Errors
    /// Something cannot be read.
    pub fn read(id: &RoomId, stored: &Stored, store: &dyn SnapshotStore) -> Result<(State, Self), StoreError> {
        let Checkpoint { log_from, kept_from, mut state } = stored.decode::<Checkpoint<State>>()?;
        remove_chunks(id, kept_from..log_from, store);
        let mut log = Self { next: log_from, kept_from: log_from, log_from, ..Self::default() };
        while let Some(chunk) = store.load(CHUNK_KIND, &chunk_id(id, log.next))? {
            let changes: Vec<Change> = chunk.decode()?;
            changes.iter().for_each(|change| state.apply(change));
            log.since_checkpoint += changes.len();
            log.next += 1;
        }
        Ok((state, log))
    }
}

/// A batch whose write has ended.
#[derive(Debug)]
pub struct Written {
    changes: Vec<Change>,
    is_checkpoint: bool,
    outcome: Result<(), StoreError>,
}

impl Written {
    /// Returns the changes that are on disk now; none after a failure.
    #[must_use]
    pub fn saved(&self) -> &[Change] {
        if self.outcome.is_ok() { &self.changes } else { &[] }
    }

    /// Returns whether the write has failed.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.outcome.is_err()
    }
}

/// Writes a batch and tells everyone who waits how it ended.
pub async fn write(batch: Batch, store: std::sync::Arc<dyn SnapshotStore>) -> Written {
    let Batch { changes, waiting, snapshot, is_checkpoint } = batch;
    let written = store.commit(snapshot);
    // On a task of its own, so that a panic of the room does not take the replies with it.
    let settling = actix_rt::spawn(async move {
        let outcome = written.await;
        waiting.into_iter().for_each(|ack| ack.settle(outcome.clone()));
        outcome
    });
    let outcome = settling.await.unwrap_or(Err(StoreError::Closed));
    Written { changes, is_checkpoint, outcome }
}

/// Deletes chunks that a checkpoint covers. Nobody needs to wait for it.
fn remove_chunks(id: &RoomId, numbers: std::ops::Range<u32>, store: &dyn SnapshotStore) {
    let ids = numbers.map(|number| chunk_id(id, number)).filter(|chunk| store.contains(CHUNK_KIND, chunk));
    ids.for_each(|chunk| drop(store.remove(CHUNK_KIND, &chunk)));
}

fn chunk_id(id: &RoomId, number: u32) -> String {
    format!("{id}.{number:010}")
}
