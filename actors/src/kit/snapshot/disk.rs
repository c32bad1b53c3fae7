//! What the committer needs from a disk, and how whole snapshots are read from one.

use std::sync::Arc;

use bytes::Bytes;

use super::layout::{self, Head, MARKER, MARKER_KEY, PartKey};
use super::queue::Queue;
use super::{Snapshot, StoreError, Stored};

/// A set of changes that happens whole or not at all.
#[derive(Debug, Default)]
pub struct Batch {
    /// What to write.
    pub puts: Vec<(Vec<u8>, Bytes)>,
    /// What to delete.
    pub deletes: Vec<Vec<u8>>,
}

impl Batch {
    /// Returns how many operations it has.
    #[must_use]
    pub fn operations(&self) -> usize {
        self.puts.len() + self.deletes.len()
    }
}

/// Is shown one key and its value.
pub type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> Result<(), StoreError> + 'a;

/// Something that keeps keys and values.
pub trait Disk: Send + Sync + 'static {
    /// Returns the value of a key.
    ///
    /// # Errors
    /// When it cannot be read.
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError>;

    /// Applies a batch, durable only after [`Disk::sync`].
    ///
    /// # Errors
    /// When it cannot be written; then nothing of it is there after a reopen.
    fn write(&self, batch: Batch) -> Result<(), StoreError>;

    /// Makes all batches durable: not in the engine's buffers, not in the operating system's.
    ///
    /// # Errors
    /// When that is not certain.
    fn sync(&self) -> Result<(), StoreError>;

    /// Shows every key and value, in the order of the keys.
    ///
    /// # Errors
    /// When something cannot be read, or `each` says so.
    fn scan(&self, each: &mut Visit<'_>) -> Result<(), StoreError>;

    /// Starts over after a failed write.
    ///
    /// # Errors
    /// When the disk still fails.
    fn reopen(&self) -> Result<(), StoreError>;

    /// Says whether anything that was synced has got lost since.
    ///
    /// # Errors
    /// When something has.
    fn verify(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Returns the name to use in messages.
    fn name(&self) -> Arc<str>;
}

/// Reads one snapshot, all its parts.
///
/// # Errors
/// When the disk fails or the snapshot is damaged.
pub fn read_snapshot(disk: &impl Disk, kind: &str, id: &str) -> Result<Option<Stored>, StoreError> {
    let part = |part| disk.get(&PartKey { kind, id, part }.encode());
    let Some(first) = part(0)? else { return Ok(None) };
    layout::join(kind, id, &first, part).map(Some)
}

/// Shows every snapshot, or what is wrong with it, with its name for messages; also parts whose snapshot is gone. In the order
/// of kinds and ids. Not for a disk that is written to meanwhile.
///
/// # Errors
/// When the disk cannot be read, or `each` says so.
pub fn each_snapshot<F>(disk: &impl Disk, each: &mut F) -> Result<(), StoreError>
where
    F: FnMut(String, Result<Snapshot, StoreError>) -> Result<(), StoreError>,
{
    // The parts of one snapshot are neighbours: whose they are, and how many it has.
    let mut current = (String::new(), String::new(), 0);
    disk.scan(&mut |key, value| match PartKey::decode(key) {
        Some(PartKey { kind, id, part: 0 }) => {
            let parts = Head::read(value).map_or(u16::MAX, |(head, _)| head.parts);
            current = (kind.to_owned(), id.to_owned(), parts);
            let snapshot = read_snapshot(disk, kind, id).transpose();
            let snapshot = snapshot.map(|read| read.map(|stored| Snapshot::new(kind.to_owned(), id, stored)));
            snapshot.map_or(Ok(()), |snapshot| each(format!("{kind}/{id}"), snapshot))
        }
        Some(PartKey { kind, id, part }) => {
            // Only ids with zero bytes in them come between the parts of another.
            let is_current = current.0 == kind && current.1 == id;
            let parts = if is_current { current.2 } else { parts_of(disk, kind, id)? };
            let stray = || layout::damaged(kind, id, format!("part {part} belongs to no snapshot"));
            if part < parts { Ok(()) } else { each(format!("{kind}/{id}"), Err(stray())) }
        }
        None if layout::is_own_key(key) => Ok(()),
        None => {
            let name = key.escape_ascii().to_string();
            let foreign = StoreError::Damaged { key: name.as_str().into(), reason: "its key is none of hubbub's".into() };
            each(name, Err(foreign))
        }
    })
}

/// Returns how many parts a snapshot should have; none without its first.
fn parts_of(disk: &impl Disk, kind: &str, id: &str) -> Result<u16, StoreError> {
    let first = disk.get(&PartKey { kind, id, part: 0 }.encode())?;
    Ok(first.map_or(0, |first| Head::read(&first).map_or(u16::MAX, |(head, _)| head.parts)))
}

/// Lists what a disk holds, and marks an empty one as ours.
///
/// # Errors
/// When it cannot be read, holds something else, or has lost something.
pub fn read_index(disk: &impl Disk) -> Result<Queue, StoreError> {
    disk.verify()?;
    let mut queue = Queue::default();
    let mut is_empty = true;
    disk.scan(&mut |key, value| {
        is_empty = false;
        if let Some(PartKey { kind, id, part: 0 }) = PartKey::decode(key) {
            // A damaged head counts as one part: the entity exists, and is reported when it is loaded.
            queue.found_on_disk(kind, id, Head::read(value).map_or(1, |(head, _)| head.parts));
        }
        Ok(())
    })?;
    let marker = disk.get(MARKER_KEY)?;
    if is_empty {
        disk.write(Batch { puts: vec![(MARKER_KEY.to_vec(), Bytes::from_static(MARKER))], deletes: Vec::new() })?;
        disk.sync()?;
    } else if marker.as_deref() != Some(MARKER) {
        let reason = if marker.is_some() { "it was written by a newer hubbub" } else { "it holds something else than snapshots" };
        return Err(StoreError::Unreadable { path: disk.name(), reason: reason.into() });
    }
    Ok(queue)
}
