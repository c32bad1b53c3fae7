//! A session's data file: a ZIP archive of numpy's arrays, read piece by piece.
//!
//! The file comes from a device that anyone may pretend to be, so that nothing in it is believed: memory is bounded by a few buffers
//! whatever sizes the file names, work by the bounds below, and what does not fit is refused by its own text. Arrays that nobody asked
//! for are not touched. Reading order: [`archive`] finds the arrays, [`header`] says what is in one, [`rows`] takes its elements out.
//!
//! Decision: ZIP is read with `rawzip` and `flate2`, the two lines of an array's header by ourselves. `rawzip` reads an archive's directory
//! entry by entry through a buffer of ours and checks sizes and sums; the larger `zip` reserves memory for as many entries as the file
//! says it has. `npyz` and `ndarray-npy` reserve memory for a header of the length that the file says, read it with a general parser for
//! Python's literals and multiply its dimensions unchecked, while of all types and shapes only a few make sense here. What would change
//! our mind: a reader of arrays that takes bounds.

use std::io::{self, Read, Seek};

use super::state::{Flaw, Hand, Measured, Metadata};

pub mod archive;
pub mod header;
pub mod rows;

#[cfg(test)]
mod tests;

use archive::Archive;
use header::Header;

/// Entries of one archive. A session has eight; other tools may add theirs.
const MAX_ENTRIES: u64 = 1024;
/// Frames of one session: two and a half days at 72 per second.
const MAX_FRAMES: u64 = 1 << 24;
/// Bytes of the metadata, as they are in the array.
const MAX_METADATA_BYTES: u64 = 1 << 20;
/// Bytes of an array's header; numpy's own have 128.
const MAX_HEADER_BYTES: u32 = 4096;
/// Bytes of elements that are in memory at a time.
const PIECE_BYTES: usize = 64 * 1024;

/// The name of the array with the metadata.
const METADATA: &str = "metadata";

/// Why a data file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// Reading failed below the format.
    #[error("the file cannot be read: {0}")]
    Io(io::Error),
    /// It is something else.
    #[error("this is no NPZ file")]
    NotAnArchive,
    /// It begins like one and has no end.
    #[error("the NPZ file is cut short: its end is missing")]
    CutShort,
    /// The archive's directory makes no sense.
    #[error("the NPZ file's directory is damaged: {0}")]
    Directory(String),
    /// The archive has more entries than a session can need.
    #[error("the NPZ file has more than {MAX_ENTRIES} entries")]
    TooManyEntries,
    /// Two entries have one name.
    #[error("the NPZ file has `{0}` more than once")]
    Twice(&'static str),
    /// The entry is encrypted.
    #[error("`{0}` is encrypted")]
    Encrypted(&'static str),
    /// The entry is neither stored nor deflated.
    #[error("`{0}` is compressed in a way that numpy does not use")]
    Compression(&'static str),
    /// The entry's bytes are not those that were written.
    #[error("`{0}` is damaged: {1}")]
    Damaged(&'static str, String),
    /// The entry does not begin as an array does.
    #[error("`{0}` is no array")]
    NotAnArray(&'static str),
    /// The array is of a version that did not exist.
    #[error("`{0}` is an array of the unknown version {1}")]
    Version(&'static str, u8),
    /// The array's header makes no sense.
    #[error("`{0}` has a header that cannot be read: {1}")]
    Header(&'static str, &'static str),
    /// The array has Python objects, which only Python can read, by running what the file says.
    #[error("`{0}` has pickled objects")]
    Pickled(&'static str),
    /// The array's elements are of a type that makes no sense here.
    #[error("`{0}` has elements of the type {1}")]
    Dtype(&'static str, String),
    /// The array's shape makes no sense here.
    #[error("`{0}` has the shape {1}")]
    Shape(&'static str, String),
    /// The array is larger than any session's.
    #[error("`{0}` is too large: {1} where at most {2} make sense")]
    TooLarge(&'static str, u64, u64),
    /// The archive says that the entry has another size than its array.
    #[error("`{0}` has {1} bytes where its shape says {2}")]
    Size(&'static str, u64, u64),
}

/// Reads a data file and measures it.
///
/// # Errors
/// The file cannot be read, with the reason for the log.
pub fn measure<R: Read + Seek>(file: R) -> Result<Measured, Unreadable> {
    let archive = Archive::open(file, &names())?;
    let mut measured = Measured::default();
    for hand in Hand::ALL {
        if let Some(mut entry) = archive.entry(hand.array())? {
            let header = Header::read(&mut entry)?;
            measured.add_confidences(hand, &[]);
            rows::confidences(&mut entry, &header, |frames| measured.add_confidences(hand, frames))?;
        }
    }
    for flaw in Flaw::ALL {
        if let Some(mut entry) = archive.entry(flaw.array())? {
            let header = Header::read(&mut entry)?;
            measured.add_flaws(flaw, &[]);
            rows::flags(&mut entry, &header, |frames| measured.add_flaws(flaw, frames))?;
        }
    }
    if let Some(mut entry) = archive.entry(METADATA)? {
        let header = Header::read(&mut entry)?;
        // Bytes that are no text are no JSON either.
        let text = rows::text(&mut entry, &header)?.unwrap_or_default();
        measured.set_metadata(Metadata::read(&text));
    }
    Ok(measured)
}

fn names() -> Vec<&'static str> {
    let hands = Hand::ALL.into_iter().map(Hand::array);
    hands.chain(Flaw::ALL.into_iter().map(Flaw::array)).chain([METADATA]).collect()
}
