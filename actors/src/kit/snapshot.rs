//! What actors remember: one snapshot per entity, under two promises.
//!
//! *Committed* ([`SnapshotStore::commit`]): the future completes only after the snapshot is on disk.
//! *Coalesced* ([`SnapshotStore::write_behind`]): written soon; of several snapshots of one entity only the last is.
//!
//! A snapshot is the entity's whole state, so the last one written wins and none depends on an earlier one.
//!
//! Reading order: this file is the vocabulary; [`persist`], [`latest`] and [`reading`] are for actors, [`memory`] for tests,
//! [`sled`] for production: [`committer`] over `queue`, `layout` and [`disk`].

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hubbub_protocol::fault::{Fault, Kind};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

use super::ask::restarting;

pub mod committer;
pub mod disk;
pub mod latest;
mod layout;
pub mod memory;
pub mod persist;
mod queue;
pub mod reading;
pub mod sled;

pub use latest::Latest;
pub use memory::MemoryStore;
pub use persist::{Persist, after, atomically};

/// The state of one entity on its way into the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The kind of entity: `fleet.device`.
    pub kind: Cow<'static, str>,
    /// The entity's key, as text.
    pub id: String,
    /// The version of the state's format; old versions stay readable.
    pub version: u16,
    /// The encoded state.
    pub value: Bytes,
}

impl Snapshot {
    /// Encodes `state` as MessagePack with named fields, so that fields can come and go.
    ///
    /// # Panics
    /// When `state` cannot be written as MessagePack at all: a mistake in its type, found by its first test.
    pub fn of(kind: &'static str, id: &(impl fmt::Display + ?Sized), version: u16, state: &impl Serialize) -> Self {
        let value = rmp_serde::to_vec_named(state).expect("a state is plain data");
        Self { kind: Cow::Borrowed(kind), id: id.to_string(), version, value: value.into() }
    }

    /// Returns what was stored, on its way into a store again.
    #[must_use]
    pub fn new(kind: impl Into<Cow<'static, str>>, id: impl Into<String>, stored: Stored) -> Self {
        Self { kind: kind.into(), id: id.into(), version: stored.version, value: stored.value }
    }
}

/// The state of one entity as it came out of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The version of the state's format.
    pub version: u16,
    /// The encoded state.
    pub value: Bytes,
}

impl Stored {
    /// Decodes the state. An author with more than one version looks at [`Stored::version`] first.
    ///
    /// # Errors
    /// [`StoreError::Decode`] when the bytes are not a `T`.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, StoreError> {
        rmp_serde::from_slice(&self.value)
            .map_err(|error| StoreError::Decode { version: self.version, reason: error.to_string().into() })
    }
}

/// Why the store did not do what it was asked; shared by everyone who waited for the same batch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another process has the store open.
    #[error("the store `{path}` is in use: another hubbub runs on it")]
    Locked {
        /// The store's directory.
        path: Arc<str>,
    },
    /// The store's files are damaged or not a store of ours.
    #[error(
        "the store `{path}` cannot be opened: {reason}; look at it with `hubbub store check`, or move it away and restore the \
         last `hubbub store export` with `hubbub store import`"
    )]
    Unreadable {
        /// The file or directory at fault.
        path: Arc<str>,
        /// What is wrong with it.
        reason: Arc<str>,
    },
    /// A snapshot has a form that the store does not take.
    #[error("the snapshot `{key}` cannot be written: {reason}")]
    Refused {
        /// Kind and id.
        key: Arc<str>,
        /// What is wrong with it.
        reason: Arc<str>,
    },
    /// One snapshot's bytes are not what was written.
    #[error("the snapshot `{key}` is damaged: {reason}")]
    Damaged {
        /// Kind and id: `fleet.device/headset-1`.
        key: Arc<str>,
        /// What is wrong with it.
        reason: Arc<str>,
    },
    /// A snapshot is intact but not what its reader expects.
    #[error("a snapshot of format version {version} cannot be read: {reason}")]
    Decode {
        /// The version that the snapshot carries.
        version: u16,
        /// What the decoder says.
        reason: Arc<str>,
    },
    /// The disk did not take the write: full, failing, or gone.
    #[error("cannot write to the store `{path}`: {reason}")]
    Write {
        /// The store's directory.
        path: Arc<str>,
        /// What the operating system says.
        reason: Arc<str>,
    },
    /// The store was closed, or lost its committer, before it could answer.
    #[error("the store is closed")]
    Closed,
}

impl From<StoreError> for Fault {
    /// The client learns that it may try again, never a path.
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Closed => restarting(),
            _ => Self::new(Kind::Internal, "", "could not be saved, try again"),
        }
    }
}

/// A promise that something is on disk. Dropping it changes nothing: what was asked for still happens.
#[derive(Debug)]
#[must_use = "a reply that depends on this must wait for it"]
pub struct Committed(Promise);

#[derive(Debug)]
enum Promise {
    Known(Result<(), StoreError>),
    Open(oneshot::Receiver<Result<(), StoreError>>),
}

/// The committer's end of a [`Committed`].
#[derive(Debug)]
pub struct Ack(oneshot::Sender<Result<(), StoreError>>);

impl Ack {
    /// Fulfils or breaks the promise.
    pub fn settle(self, outcome: Result<(), StoreError>) {
        // Nobody waiting any more is no reason not to save.
        let _nobody_waits = self.0.send(outcome);
    }
}

impl Committed {
    /// Returns a promise and what settles it; dropping the [`Ack`] breaks the promise.
    pub fn open() -> (Ack, Self) {
        let (sender, receiver) = oneshot::channel();
        (Ack(sender), Self(Promise::Open(receiver)))
    }

    /// Returns a promise whose outcome is known already.
    pub const fn known(outcome: Result<(), StoreError>) -> Self {
        Self(Promise::Known(outcome))
    }
}

impl Future for Committed {
    type Output = Result<(), StoreError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.get_mut().0 {
            Promise::Known(outcome) => Poll::Ready(outcome.clone()),
            Promise::Open(receiver) => Pin::new(receiver).poll(cx).map(|settled| settled.unwrap_or(Err(StoreError::Closed))),
        }
    }
}

/// Where snapshots are kept. What was queued is seen by everyone at once, on disk or not.
pub trait SnapshotStore: Send + Sync {
    /// Returns the newest snapshot of an entity, pending writes included. Blocks on the disk: not for arbiters.
    ///
    /// # Errors
    /// When the disk fails or the snapshot is damaged.
    fn load(&self, kind: &str, id: &str) -> Result<Option<Stored>, StoreError>;

    /// Writes a snapshot; the future completes when it, or a newer one of the same entity, is on disk.
    fn commit(&self, snapshot: Snapshot) -> Committed;

    /// Writes a snapshot soon, at most 500 ms late, unless a newer one replaces it before that.
    fn write_behind(&self, snapshot: Snapshot);

    /// Deletes an entity's snapshot; the future completes when that is on disk.
    fn remove(&self, kind: &str, id: &str) -> Committed;

    /// Returns whether an entity has a snapshot, pending writes included. Does not block.
    fn contains(&self, kind: &str, id: &str) -> bool;

    /// Returns the ids of all entities of one kind, sorted, pending writes included. Does not block on the disk.
    fn ids(&self, kind: &str) -> Vec<String>;

    /// Returns how many entities of one kind there are.
    fn count(&self, kind: &str) -> usize {
        self.ids(kind).len()
    }

    /// Brings everything queued so far to the disk.
    fn flush(&self) -> Committed;

    /// Writes what is queued, then stops; later writes fail with [`StoreError::Closed`]. Blocks until that is done.
    fn close(&self);
}
