//! What is known about an unfinished upload: a line about the upload, then a line for every part that was written.
//!
//! A line is a checksum and JSON. What comes after the first line that is not whole was never answered.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::extents::Extent;
use super::hex;
use crate::kit::blobs::{Key, PartNumber, UploadedPart};
use crate::kit::clock::Timestamp;

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Begun {
    pub(super) key: Key,
    pub(super) content_type: String,
    pub(super) started: Timestamp,
}

/// A part and where it lies; of two with one number the later is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) part: UploadedPart,
    pub(super) extent: Extent,
}

#[derive(Serialize, Deserialize)]
struct PartLine {
    number: PartNumber,
    etag: String,
    offset: u64,
    size_bytes: u64,
}

/// What a journal says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Journal {
    pub(super) begun: Begun,
    pub(super) parts: Vec<Kept>,
    /// How much of it is whole lines.
    pub(super) good_bytes: u64,
}

/// Returns the line about an upload.
pub(super) fn begun(begun: &Begun) -> serde_json::Result<Vec<u8>> {
    line(begun)
}

/// Returns the line about a part.
pub(super) fn kept(Kept { part, extent }: &Kept) -> serde_json::Result<Vec<u8>> {
    let UploadedPart { number, etag, size_bytes } = part.clone();
    line(&PartLine { number, etag, offset: extent.offset, size_bytes })
}

/// Reads a journal, or nothing if not even its first line is whole.
pub(super) fn read(text: &[u8]) -> Option<Journal> {
    let mut lines = text.split_inclusive(|byte| *byte == b'\n');
    let first = lines.next()?;
    let mut journal = Journal { begun: parse(first)?, parts: Vec::new(), good_bytes: first.len() as u64 };
    for next in lines {
        let Some(PartLine { number, etag, offset, size_bytes }) = parse(next) else { break };
        let extent = Extent { offset, length: size_bytes };
        journal.parts.push(Kept { part: UploadedPart { number, etag, size_bytes }, extent });
        journal.good_bytes += next.len() as u64;
    }
    Some(journal)
}

fn line(about: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let json = serde_json::to_string(about)?;
    Ok(format!("{} {json}\n", checksum(&json)).into_bytes())
}

fn parse<T: DeserializeOwned>(line: &[u8]) -> Option<T> {
    let (sum, json) = std::str::from_utf8(line).ok()?.strip_suffix('\n')?.split_once(' ')?;
    if sum == checksum(json) { serde_json::from_str(json).ok() } else { None }
}

fn checksum(json: &str) -> String {
    hex(Sha256::digest(json).get(..4).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_is_read_up_to_its_first_broken_line() {
        let about = Begun { key: Key::parse("a/b").expect("a key"), content_type: "a/b".into(), started: Timestamp(5) };
        let part = |number, offset| Kept {
            part: UploadedPart { number: PartNumber::new(number).expect("a number"), etag: "e".into(), size_bytes: 3 },
            extent: Extent { offset, length: 3 },
        };
        let parts = [part(2_u16, 0), part(1, 3), part(2, 6)];
        let mut text = begun(&about).expect("a line");
        let first = text.len();
        parts.iter().for_each(|one| text.extend(kept(one).expect("a line")));

        for cut in 0..=text.len() {
            let whole = text[..cut].iter().filter(|byte| **byte == b'\n').count();
            let journal = read(&text[..cut]);
            let read: Option<Vec<Kept>> = journal.as_ref().map(|journal| journal.parts.clone());
            assert_eq!(read, whole.checked_sub(1).map(|count| parts[..count].to_vec()), "cut at {cut}");
            assert!(journal.is_none_or(|journal| journal.begun == about && journal.good_bytes <= cut as u64));
        }
        let mut damaged = text.clone();
        damaged[first + 20] ^= 1;
        assert_eq!(read(&damaged).expect("a first line").good_bytes, first as u64);
    }
}
