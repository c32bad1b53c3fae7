//! WebP, chunk by chunk: what is picture stays; EXIF, XMP, colour profiles, unknown chunks and what comes after the end go.

use super::blocks::Blocks;

/// The chunks that are picture, of the file and of each frame.
const PICTURE: [&[u8]; 5] = [b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF"];
const PICTURE_OF_FRAME: [&[u8]; 3] = [b"VP8 ", b"VP8L", b"ALPH"];
/// Says what else there is: of that only movement and transparency stay.
const EXTENDED: &[u8] = b"VP8X";
const KEPT_FLAGS: u8 = 0b0001_0010;
/// Place, size, duration and flags of a frame.
const FRAME_HEAD_BYTES: usize = 16;

/// Returns the same picture without anything else, or nothing when the file is damaged.
pub(super) fn strip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut file = Blocks(bytes);
    let [riff, size, webp] = [file.take(4)?, file.take(4)?, file.take(4)?];
    if riff != b"RIFF" || webp != b"WEBP" {
        return None;
    }
    let mut chunks = Blocks(file.take(length(size)?.checked_sub(4)?)?);
    let mut clean = b"WEBP".to_vec();
    while !chunks.is_empty() {
        let (name, payload) = chunk(&mut chunks)?;
        if name == EXTENDED {
            let (flags, rest) = payload.split_first()?;
            push_chunk(&mut clean, name, &[&[flags & KEPT_FLAGS], rest].concat())?;
        } else if name == b"ANMF" {
            push_chunk(&mut clean, name, &frame(payload)?)?;
        } else if PICTURE.contains(&name) {
            push_chunk(&mut clean, name, payload)?;
        }
    }
    let mut file = Vec::with_capacity(clean.len() + 8);
    push_chunk(&mut file, b"RIFF", &clean)?;
    Some(file)
}

fn frame(payload: &[u8]) -> Option<Vec<u8>> {
    let mut chunks = Blocks(payload);
    let mut clean = chunks.take(FRAME_HEAD_BYTES)?.to_vec();
    while !chunks.is_empty() {
        let (name, payload) = chunk(&mut chunks)?;
        if PICTURE_OF_FRAME.contains(&name) {
            push_chunk(&mut clean, name, payload)?;
        }
    }
    Some(clean)
}

fn length(bytes: &[u8]) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(bytes.try_into().ok()?)).ok()
}

/// Takes a chunk. One of odd length is followed by a byte that means nothing, which some writers leave out at the very end.
fn chunk<'a>(chunks: &mut Blocks<'a>) -> Option<(&'a [u8], &'a [u8])> {
    let (name, size) = (chunks.take(4)?, length(chunks.take(4)?)?);
    let payload = chunks.take(size)?;
    if size % 2 == 1 && !chunks.is_empty() {
        chunks.byte()?;
    }
    Some((name, payload))
}

fn push_chunk(clean: &mut Vec<u8>, name: &[u8], payload: &[u8]) -> Option<()> {
    clean.extend_from_slice(name);
    clean.extend_from_slice(&u32::try_from(payload.len()).ok()?.to_le_bytes());
    clean.extend_from_slice(payload);
    if payload.len() % 2 == 1 {
        clean.push(0);
    }
    Some(())
}
