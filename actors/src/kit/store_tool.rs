//! `hubbub store`: check a store, export it as JSON lines, import them again. Everything streams.
//!
//! A line is `{"kind":…,"id":…,"version":…,"value":…}`. The value is the snapshot's MessagePack as JSON, binary as
//! `{"$bytes": base64}`. What JSON cannot give back to the byte is written whole as `{"$msgpack": base64}`.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufRead, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use self::tree::Tree;
use super::snapshot::disk::{Disk, each_snapshot};
use super::snapshot::{Snapshot, SnapshotStore, StoreError, Stored};

mod tree;

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// How many intact snapshots there are of each kind.
    pub kinds: BTreeMap<String, usize>,
    /// Every damaged entry: its key and what is wrong with it.
    pub damaged: Vec<(String, String)>,
}

impl Report {
    /// Returns whether nothing is wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.damaged.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, count) in &self.kinds {
            writeln!(f, "{kind}: {count}")?;
        }
        for (key, reason) in &self.damaged {
            writeln!(f, "damaged: {key}: {reason}")?;
        }
        writeln!(f, "{} snapshots, {} damaged", self.kinds.values().sum::<usize>(), self.damaged.len())
    }
}

/// Why an export or import did not finish.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file with the lines failed.
    #[error("cannot read or write the lines: {0}")]
    Lines(#[from] io::Error),
    /// A line is not as an export writes it.
    #[error("line {line}: {reason}")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The store has snapshots already.
    #[error("the store is not empty: it has {snapshots} snapshots; import with merge to replace those that the lines name")]
    NotEmpty {
        /// How many.
        snapshots: usize,
    },
}

/// What an import does with a store that has snapshots already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Refuse.
    Refuse,
    /// Keep them, except for those that the lines name.
    Merge,
}

#[derive(Serialize, Deserialize)]
struct Line {
    kind: String,
    id: String,
    version: u16,
    value: Tree,
}

/// Reads every snapshot whole.
///
/// # Errors
/// When the disk cannot be read at all; damaged entries are in the report.
pub fn check(disk: &impl Disk) -> Result<Report, StoreError> {
    let mut report = Report::default();
    if let Err(StoreError::Unreadable { path, reason }) = disk.verify() {
        report.damaged.push((path.to_string(), reason.to_string()));
    }
    each_snapshot(disk, &mut |key, snapshot| {
        match snapshot {
            Ok(snapshot) => *report.kinds.entry(snapshot.kind.into_owned()).or_default() += 1,
            Err(StoreError::Damaged { reason, .. }) => report.damaged.push((key, reason.to_string())),
            Err(error) => return Err(error),
        }
        Ok(())
    })?;
    Ok(report)
}

/// Writes every intact snapshot as a line, sorted by kind and id. The report names what could not be written.
///
/// # Errors
/// When the disk cannot be read or the lines cannot be written.
pub fn export(disk: &impl Disk, lines: &mut impl Write) -> Result<Report, ToolError> {
    let mut report = Report::default();
    let mut written = Ok(());
    each_snapshot(disk, &mut |key, snapshot| {
        match snapshot {
            Ok(snapshot) if written.is_ok() => {
                written = write_line(lines, &snapshot);
                *report.kinds.entry(snapshot.kind.into_owned()).or_default() += 1;
            }
            Ok(_) => {}
            Err(StoreError::Damaged { reason, .. }) => report.damaged.push((key, reason.to_string())),
            Err(error) => return Err(error),
        }
        Ok(())
    })?;
    written?;
    lines.flush()?;
    Ok(report)
}

/// Writes one snapshot as a line.
///
/// # Errors
/// When it cannot be written.
pub fn write_line(lines: &mut impl Write, snapshot: &Snapshot) -> io::Result<()> {
    let Snapshot { kind, id, version, value } = snapshot;
    let mut line = Line { kind: kind.to_string(), id: id.clone(), version: *version, value: Tree::of_msgpack(value) };
    if read_value(&serde_json::to_vec(&line)?).ok().as_ref() != Some(value) {
        line.value = Tree::Msgpack(STANDARD.encode(value));
    }
    serde_json::to_writer(&mut *lines, &line)?;
    lines.write_all(b"\n")
}

fn read_value(line: &[u8]) -> Result<Bytes, String> {
    read_line(line).map(|snapshot| snapshot.value)
}

/// Reads one snapshot from a line.
///
/// # Errors
/// What is wrong with it.
pub fn read_line(line: &[u8]) -> Result<Snapshot, String> {
    let Line { kind, id, version, value } = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    Ok(Snapshot { kind: kind.into(), id, version, value: value.into_msgpack()? })
}

/// Returns a line's snapshot as an actor gets it, for tests of old versions.
///
/// # Errors
/// What is wrong with the line.
pub fn read_stored(line: &str) -> Result<(String, String, Stored), String> {
    let Snapshot { kind, id, version, value } = read_line(line.as_bytes())?;
    Ok((kind.into_owned(), id, Stored { version, value }))
}

/// Commits every line. Returns how many there were.
///
/// # Errors
/// The first line that is wrong, or the store's error; what came before it is committed.
pub async fn import(
    store: &(impl SnapshotStore + ?Sized),
    snapshots: usize,
    lines: impl BufRead,
    existing: Existing,
) -> Result<usize, ToolError> {
    // Enough to fill the committer's rounds, little enough to bound the memory.
    const AT_ONCE: usize = 500;
    if snapshots > 0 && existing == Existing::Refuse {
        return Err(ToolError::NotEmpty { snapshots });
    }
    let mut count = 0;
    let mut committing = Vec::with_capacity(AT_ONCE);
    for (index, line) in lines.split(b'\n').enumerate() {
        let line = line?;
        if line.trim_ascii().is_empty() {
            continue;
        }
        let snapshot = read_line(&line).map_err(|reason| ToolError::Line { line: index + 1, reason })?;
        committing.push(store.commit(snapshot));
        count += 1;
        if committing.len() == AT_ONCE {
            for committed in committing.drain(..) {
                committed.await?;
            }
        }
    }
    for committed in committing {
        committed.await?;
    }
    Ok(count)
}
