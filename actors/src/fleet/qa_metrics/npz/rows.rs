//! The elements of one array, in pieces.

use super::archive::Entry;
use super::header::Header;
use super::{MAX_FRAMES, MAX_METADATA_BYTES, PIECE_BYTES, Unreadable};

/// Reads an array of confidences, floats of four or eight bytes, and hands out its frames piece by piece.
///
/// # Errors
/// It is an array of something else, or damaged.
pub fn confidences(entry: &mut Entry<'_>, header: &Header, mut take: impl FnMut(&[f64])) -> Result<(), Unreadable> {
    let decode: Decode = match (header.dtype.kind, header.dtype.size, header.dtype.is_big_endian) {
        ('f', 4, false) => |bytes, frames| floats(bytes, frames, |float| f32::from_le_bytes(float).into()),
        ('f', 4, true) => |bytes, frames| floats(bytes, frames, |float| f32::from_be_bytes(float).into()),
        ('f', 8, false) => |bytes, frames| floats(bytes, frames, f64::from_le_bytes),
        ('f', 8, true) => |bytes, frames| floats(bytes, frames, f64::from_be_bytes),
        _ => return Err(Unreadable::Dtype(entry.name, header.dtype.to_string())),
    };
    let mut frames = Vec::new();
    pieces(entry, frame_count(entry, header)?, header.dtype.size, |bytes| {
        frames.clear();
        decode(bytes, &mut frames);
        take(&frames);
    })
}

/// Makes frames of the bytes of a piece.
type Decode = fn(&[u8], &mut Vec<f64>);

fn floats<const SIZE: usize>(bytes: &[u8], frames: &mut Vec<f64>, float: impl Fn([u8; SIZE]) -> f64) {
    frames.extend(bytes.as_chunks().0.iter().map(|bytes| float(*bytes)));
}

/// Reads an array of flags, truth values or integers, and hands out its frames piece by piece. As in Python, all but 0 is true.
///
/// # Errors
/// It is an array of something else, or damaged.
pub fn flags(entry: &mut Entry<'_>, header: &Header, mut take: impl FnMut(&[bool])) -> Result<(), Unreadable> {
    let size = match (header.dtype.kind, header.dtype.size) {
        ('b', 1) => 1,
        ('i' | 'u', size @ (1 | 2 | 4 | 8)) => size,
        _ => return Err(Unreadable::Dtype(entry.name, header.dtype.to_string())),
    };
    let mut frames = Vec::new();
    pieces(entry, frame_count(entry, header)?, size, |bytes| {
        frames.clear();
        // An integer is 0 when all its bytes are, in whatever order.
        frames.extend(bytes.chunks_exact(usize::try_from(size).unwrap_or(1)).map(|flag| flag.iter().any(|byte| *byte != 0)));
        take(&frames);
    })
}

/// Reads one text: bytes or characters as numpy keeps them, filled up with zeros, or an array of single bytes. `None` is no text.
///
/// # Errors
/// It is an array of something else, or damaged.
pub fn text(entry: &mut Entry<'_>, header: &Header) -> Result<Option<String>, Unreadable> {
    let (kind, size) = (header.dtype.kind, header.dtype.size);
    let length = match (kind, header.shape.as_slice()) {
        ('S', [] | [1]) => size,
        ('U', [] | [1]) => size.saturating_mul(4),
        ('u', [length]) if size == 1 => *length,
        ('S' | 'U', _) => return Err(Unreadable::Shape(entry.name, header.shape_text())),
        ('u', _) if size == 1 => return Err(Unreadable::Shape(entry.name, header.shape_text())),
        _ => return Err(Unreadable::Dtype(entry.name, header.dtype.to_string())),
    };
    if length > MAX_METADATA_BYTES {
        return Err(Unreadable::TooLarge(entry.name, length, MAX_METADATA_BYTES));
    }
    let mut bytes = Vec::new();
    pieces(entry, length, 1, |piece| bytes.extend_from_slice(piece))?;
    let text = if kind == 'U' { characters(&bytes, header.dtype.is_big_endian) } else { String::from_utf8(bytes).ok() };
    Ok(text.map(|text| text.trim_end_matches('\0').to_owned()))
}

fn characters(bytes: &[u8], is_big_endian: bool) -> Option<String> {
    let code = |bytes: &[u8; 4]| if is_big_endian { u32::from_be_bytes(*bytes) } else { u32::from_le_bytes(*bytes) };
    bytes.as_chunks().0.iter().map(|bytes| char::from_u32(code(bytes))).collect()
}

fn frame_count(entry: &Entry<'_>, header: &Header) -> Result<u64, Unreadable> {
    let [frames] = header.shape.as_slice() else { return Err(Unreadable::Shape(entry.name, header.shape_text())) };
    if *frames > MAX_FRAMES { Err(Unreadable::TooLarge(entry.name, *frames, MAX_FRAMES)) } else { Ok(*frames) }
}

/// Hands out so many elements of so many bytes each, piece by piece, and checks that they are all there is.
fn pieces(entry: &mut Entry<'_>, elements: u64, size: u64, mut take: impl FnMut(&[u8])) -> Result<(), Unreadable> {
    let mut left = elements.saturating_mul(size);
    let expected = entry.position().saturating_add(left);
    // Before anything is inflated: who lies about the size here is found out when the bytes are checked.
    if entry.size_bytes != expected {
        return Err(Unreadable::Size(entry.name, entry.size_bytes, expected));
    }
    let mut piece = Vec::new();
    while left > 0 {
        let length = usize::try_from(left).map_or(PIECE_BYTES, |left| left.min(PIECE_BYTES));
        piece.resize(length, 0);
        entry.fill(&mut piece)?;
        take(&piece);
        left -= length as u64;
    }
    entry.end()
}
