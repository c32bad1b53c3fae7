//! One unfinished upload: a file with its parts, and a journal.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use md5::{Digest, Md5};
use parking_lot::Mutex;

use super::extents::{Extent, Room, joined};
use super::files::{Files, is_absence};
use super::journal::{self, Begun, Journal, Kept};
use super::quota::Taken;
use super::{hex, trailer};
use crate::kit::blobs::upload::{MOST_PART_BYTES, completing};
use crate::kit::blobs::{BlobError, Completed, Head, PartNumber, PartPage, PartTag, UploadedPart};
use crate::kit::clock::Timestamp;

/// The file with the parts.
pub(super) const DATA: &str = "data";
/// The journal's name.
pub(super) const JOURNAL: &str = "journal";
/// Ten times as many as an upload needs at most; then its journal is full.
const MOST_LINES: usize = 100_000;

/// An upload that has not ended. Whoever has a part under way has it too.
pub(super) struct OpenUpload {
    pub(super) begun: Begun,
    directory: PathBuf,
    state: Mutex<State>,
}

struct State {
    parts: BTreeMap<PartNumber, Kept>,
    room: Room,
    journal_bytes: u64,
    journal_lines: usize,
    has_ended: bool,
}

impl OpenUpload {
    pub(super) fn new(directory: PathBuf, journal: Journal) -> Self {
        let journal_lines = journal.parts.len();
        let parts: BTreeMap<_, _> = journal.parts.into_iter().map(|kept| (kept.part.number, kept)).collect();
        let room = Room::beside(parts.values().map(|kept| kept.extent).collect());
        let state = State { parts, room, journal_bytes: journal.good_bytes, journal_lines, has_ended: false };
        Self { begun: journal.begun, directory, state: Mutex::new(state) }
    }

    /// Gives back the room of what was under way when an earlier run ended.
    pub(super) fn tidy(&self, files: &Files) -> io::Result<()> {
        let state = self.state.lock();
        let data = self.data()?;
        files.disk.set_length(&data, state.room.end())?;
        state.room.free().iter().for_each(|free| files.disk.punch(&data, free.offset, free.length));
        Ok(())
    }

    /// Returns how much the parts take.
    pub(super) fn size_bytes(&self) -> u64 {
        self.state.lock().parts.values().map(|kept| kept.part.size_bytes).sum()
    }

    pub(super) fn parts(&self, after: Option<PartNumber>, limit: usize) -> Result<PartPage, BlobError> {
        let state = self.state.lock();
        if state.has_ended {
            return Err(BlobError::UploadNotFound);
        }
        let first = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut rest = state.parts.range((first, Bound::Unbounded)).map(|(_, kept)| kept.part.clone());
        let parts = rest.by_ref().take(limit).collect();
        Ok(PartPage { parts, has_more: rest.next().is_some() })
    }

    fn data(&self) -> io::Result<File> {
        OpenOptions::new().write(true).open(self.directory.join(DATA))
    }

    /// Makes a blob of the parts. Afterwards the upload has ended, unless nothing was changed.
    pub(super) fn complete(&self, files: &Files, named: &[PartTag], now: Timestamp) -> Result<Completed, BlobError> {
        let mut state = self.state.lock();
        if state.has_ended {
            return Err(BlobError::UploadNotFound);
        }
        let there: BTreeMap<_, _> = state.parts.iter().map(|(number, kept)| (*number, kept.part.clone())).collect();
        let parts = completing(&there, named, 0)?;
        let etag = etag_of(&parts);
        let extents = joined(parts.iter().filter_map(|part| state.parts.get(&part.number)).map(|kept| kept.extent));
        let size_bytes = extents.iter().map(|extent| extent.length).sum();
        let Begun { key, content_type, .. } = self.begun.clone();
        let head = Head { size_bytes, etag: etag.clone(), content_type, modified: now };

        let (data, end) = (self.data()?, state.room.end());
        let named: BTreeSet<_> = parts.iter().map(|part| part.number).collect();
        let dropped: Vec<Kept> = state.parts.values().filter(|kept| !named.contains(&kept.part.number)).cloned().collect();
        files.disk.set_length(&data, end)?;
        files.disk.write_all_at(&data, &trailer::write(&head, &extents, end)?, end)?;
        files.disk.sync(&data)?;
        let path = self.directory.join(DATA);
        let placed = files.place(&path, &key);
        if placed.is_ok() || !path.exists() {
            state.has_ended = true;
            files.quota.give_back(dropped.iter().map(|kept| kept.part.size_bytes).sum());
            dropped.iter().for_each(|kept| files.disk.punch(&data, kept.extent.offset, kept.extent.length));
            remove_directory(files, &self.directory);
        }
        placed?;
        Ok(Completed { etag, size_bytes })
    }

    /// Drops the parts. Afterwards the upload has ended.
    pub(super) fn abort(&self, files: &Files) -> Result<(), BlobError> {
        let mut state = self.state.lock();
        if state.has_ended {
            return Ok(());
        }
        files.disk.remove_file(&self.directory.join(DATA))?;
        state.has_ended = true;
        files.quota.give_back(state.parts.values().map(|kept| kept.part.size_bytes).sum());
        let synced = files.disk.sync_directory(&self.directory);
        remove_directory(files, &self.directory);
        Ok(synced?)
    }

    pub(super) fn has_ended(&self) -> bool {
        self.state.lock().has_ended
    }

    /// Writes down a part whose content is on disk, instead of the one that had its number.
    fn keep(&self, files: &Files, kept: Kept) -> Result<(), BlobError> {
        let mut state = self.state.lock();
        if state.has_ended {
            return Err(BlobError::UploadNotFound);
        }
        if state.journal_lines >= MOST_LINES {
            return Err(BlobError::Store(io::Error::other("parts of this upload were sent too often")));
        }
        let line = journal::kept(&kept).map_err(io::Error::from)?;
        let journal = OpenOptions::new().write(true).open(self.directory.join(JOURNAL))?;
        // Not appended: where an earlier line could not be written as a whole, this one takes its place.
        files.disk.write_all_at(&journal, &line, state.journal_bytes)?;
        files.disk.sync(&journal)?;
        state.journal_bytes += line.len() as u64;
        state.journal_lines += 1;
        if let Some(Kept { part, extent }) = state.parts.insert(kept.part.number, kept) {
            files.quota.give_back(part.size_bytes);
            state.give_back(files, self.data().ok().as_ref(), extent);
        }
        Ok(())
    }
}

/// Removes what is left of an upload whose parts are gone; what stays is swept at the next start.
pub(super) fn remove_directory(files: &Files, directory: &Path) {
    let _gone = files.disk.remove_file(&directory.join(JOURNAL));
    let _gone = files.disk.remove_directory(directory);
}

impl State {
    /// The room is given to others only when it is nobody's on disk either.
    fn give_back(&mut self, files: &Files, data: Option<&File>, extent: Extent) {
        if let Some(data) = data {
            files.disk.punch(data, extent.offset, extent.length);
        }
        self.room.give_back(extent);
    }
}

/// A part that is being written, in room of its own; dropped, it was never there.
pub(super) struct IncomingPart {
    files: Arc<Files>,
    upload: Arc<OpenUpload>,
    number: PartNumber,
    data: File,
    extent: Option<Extent>,
    taken: Option<Taken>,
    hash: Md5,
    written_bytes: u64,
    size_bytes: u64,
}

impl Drop for IncomingPart {
    fn drop(&mut self) {
        if let Some(extent) = self.extent.take() {
            self.upload.state.lock().give_back(&self.files, Some(&self.data), extent);
        }
    }
}

impl IncomingPart {
    pub(super) fn begin(
        files: Arc<Files>,
        upload: Arc<OpenUpload>,
        number: PartNumber,
        size_bytes: u64,
    ) -> Result<Self, BlobError> {
        if size_bytes > MOST_PART_BYTES {
            return Err(wrong_length("the part is larger than any may be"));
        }
        let taken = Some(files.quota.take(size_bytes)?);
        let data = upload.data().map_err(|error| if is_absence(&error) { BlobError::UploadNotFound } else { error.into() })?;
        let extent = Some(upload.state.lock().room.take(size_bytes));
        Ok(Self { files, upload, number, data, extent, taken, hash: Md5::new(), written_bytes: 0, size_bytes })
    }

    pub(super) fn write(mut self, bytes: &[u8]) -> Result<Self, BlobError> {
        let end = self.written_bytes + bytes.len() as u64;
        let extent =
            self.extent.filter(|extent| end <= extent.length).ok_or_else(|| wrong_length("the part is longer than announced"))?;
        self.files.disk.write_all_at(&self.data, bytes, extent.offset + self.written_bytes)?;
        self.hash.update(bytes);
        self.written_bytes = end;
        Ok(self)
    }

    /// Makes it one of the parts that are there, for good.
    pub(super) fn finish(mut self) -> Result<UploadedPart, BlobError> {
        if self.written_bytes != self.size_bytes {
            return Err(wrong_length("the part is shorter than announced"));
        }
        self.files.disk.sync(&self.data)?;
        let part = UploadedPart { number: self.number, etag: hex(&self.hash.finalize_reset()), size_bytes: self.size_bytes };
        // From here on the journal may say that the part lies there, even if it could not be synced: the room is not given back.
        let extent = self.extent.take().unwrap_or(Extent { offset: 0, length: 0 });
        self.upload.keep(&self.files, Kept { part: part.clone(), extent })?;
        if let Some(taken) = self.taken.take() {
            taken.keep();
        }
        Ok(part)
    }
}

/// As S3 does it, so that a client can tell whether the whole has arrived.
fn etag_of(parts: &[&UploadedPart]) -> String {
    let mut hash = Md5::new();
    for part in parts {
        hash.update(from_hex(&part.etag));
    }
    format!("{}-{}", hex(&hash.finalize()), parts.len())
}

fn from_hex(digits: &str) -> Vec<u8> {
    let (pairs, _) = digits.as_bytes().as_chunks::<2>();
    pairs.iter().filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

fn wrong_length(text: &'static str) -> BlobError {
    BlobError::Source(io::Error::new(io::ErrorKind::InvalidData, text))
}
