//! The end of a blob's file: what is known about it, as JSON, then the length of that, then a mark.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use serde::{Deserialize, Serialize};

use crate::kit::blobs::{BlobError, Head};
use crate::kit::clock::Timestamp;

const MARK: &[u8; 8] = b"hubblob1";
/// Length and mark.
const END_BYTES: u64 = 4 + 8;
/// More than any content type makes it.
const LARGEST_BYTES: u32 = 64 * 1024;

#[derive(Serialize, Deserialize)]
struct About {
    size_bytes: u64,
    etag: String,
    content_type: String,
    modified: Timestamp,
}

/// Writes the end of a file.
pub(super) fn write(head: &Head) -> io::Result<Vec<u8>> {
    let Head { size_bytes, etag, content_type, modified } = head.clone();
    let mut bytes = serde_json::to_vec(&About { size_bytes, etag, content_type, modified })?;
    let length = u32::try_from(bytes.len()).ok().filter(|length| *length <= LARGEST_BYTES);
    let length = length.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the content type is too long"))?;
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(MARK);
    Ok(bytes)
}

/// Reads the end of a file.
///
/// # Errors
/// The file is none of ours, or damaged.
pub(super) fn read(file: &File) -> Result<Head, BlobError> {
    let total = file.metadata()?.len();
    let mut end = [0; END_BYTES as usize];
    let end_at = total.checked_sub(END_BYTES).ok_or_else(damaged)?;
    file.read_exact_at(&mut end, end_at)?;
    let (length, mark) = end.split_first_chunk::<4>().ok_or_else(damaged)?;
    let length = u32::from_le_bytes(*length);
    if mark != MARK || length > LARGEST_BYTES {
        return Err(damaged());
    }
    let about_at = end_at.checked_sub(u64::from(length)).ok_or_else(damaged)?;
    let mut about = vec![0; length as usize];
    file.read_exact_at(&mut about, about_at)?;
    let About { size_bytes, etag, content_type, modified } = serde_json::from_slice(&about).map_err(|_| damaged())?;
    if size_bytes != about_at {
        return Err(damaged());
    }
    Ok(Head { size_bytes, etag, content_type, modified })
}

fn damaged() -> BlobError {
    BlobError::Store(io::Error::new(io::ErrorKind::InvalidData, "a blob's file is damaged"))
}
