//! The end of a blob's file: where its content lies, if not at the beginning in one piece; what is known about it, as JSON; the length
//! of that; a mark.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use serde::{Deserialize, Serialize};

use super::extents::Extent;
use crate::kit::blobs::upload::MOST_PARTS;
use crate::kit::blobs::{BlobError, Head};
use crate::kit::clock::Timestamp;

const MARK: &[u8; 8] = b"hubblob1";
/// Length and mark.
const END_BYTES: u64 = 4 + 8;
/// More than any content type makes it.
const LARGEST_BYTES: u32 = 64 * 1024;
/// Offset and length of one stretch.
const EXTENT_BYTES: u64 = 8 + 8;

#[derive(Serialize, Deserialize)]
struct About {
    size_bytes: u64,
    etag: String,
    content_type: String,
    modified: Timestamp,
    /// Where the table of stretches begins; there is none when the content is all that comes before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    table_at: Option<u64>,
}

/// Returns the end of a file whose content lies in `extents`, all of them before `end`, where this will be written.
pub(super) fn write(head: &Head, extents: &[Extent], end: u64) -> io::Result<Vec<u8>> {
    let Head { size_bytes, etag, content_type, modified } = head.clone();
    let is_plain = size_bytes == end && matches!(extents, [] | [_]);
    let table_at = if is_plain { None } else { Some(end) };
    let mut bytes = Vec::new();
    for extent in extents.iter().filter(|_| !is_plain) {
        bytes.extend_from_slice(&extent.offset.to_le_bytes());
        bytes.extend_from_slice(&extent.length.to_le_bytes());
    }
    let about = serde_json::to_vec(&About { size_bytes, etag, content_type, modified, table_at })?;
    let length = u32::try_from(about.len()).ok().filter(|length| *length <= LARGEST_BYTES);
    let length = length.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the content type is too long"))?;
    bytes.extend_from_slice(&about);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(MARK);
    Ok(bytes)
}

/// Reads what is known about a blob.
///
/// # Errors
/// The file is none of ours, or damaged.
pub(super) fn read(file: &File) -> Result<Head, BlobError> {
    read_about(file).map(|(about, _)| about.head())
}

/// Reads what is known about a blob, and where its content lies.
///
/// # Errors
/// The file is none of ours, or damaged.
pub(super) fn read_all(file: &File) -> Result<(Head, Vec<Extent>), BlobError> {
    let (about, about_at) = read_about(file)?;
    let size_bytes = about.size_bytes;
    let Some(table_at) = about.table_at else {
        return Ok((about.head(), vec![Extent { offset: 0, length: size_bytes }]));
    };
    let mut table = vec![0; usize::try_from(about_at - table_at).map_err(|_| damaged())?];
    file.read_exact_at(&mut table, table_at)?;
    let (numbers, _) = table.as_chunks::<8>();
    let (pairs, _) = numbers.as_chunks::<2>();
    let extents = pairs.iter().map(|[offset, length]| (u64::from_le_bytes(*offset), u64::from_le_bytes(*length)));
    let extents: Vec<_> = extents.map(|(offset, length)| Extent { offset, length }).collect();
    let total = extents.iter().try_fold(0_u64, |total, extent| total.checked_add(extent.length));
    let is_sound = total == Some(size_bytes) && extents.iter().all(|extent| extent.end() <= table_at);
    if is_sound { Ok((about.head(), extents)) } else { Err(damaged()) }
}

/// Returns as well where it begins.
fn read_about(file: &File) -> Result<(About, u64), BlobError> {
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
    let about: About = serde_json::from_slice(&about).map_err(|_| damaged())?;
    // A table has whole entries; without one the content is all that comes before.
    let table_bytes = about_at.checked_sub(about.table_at.unwrap_or(about_at)).ok_or_else(damaged)?;
    let is_whole = table_bytes.is_multiple_of(EXTENT_BYTES) && table_bytes / EXTENT_BYTES <= u64::from(MOST_PARTS);
    let is_sound = is_whole && (about.table_at.is_some() || about.size_bytes == about_at);
    if is_sound { Ok((about, about_at)) } else { Err(damaged()) }
}

impl About {
    fn head(self) -> Head {
        let Self { size_bytes, etag, content_type, modified, .. } = self;
        Head { size_bytes, etag, content_type, modified }
    }
}

fn damaged() -> BlobError {
    BlobError::Store(io::Error::new(io::ErrorKind::InvalidData, "a blob's file is damaged"))
}
