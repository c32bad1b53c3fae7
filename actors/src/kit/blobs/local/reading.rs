//! Reads a blob's content piece by piece, each when it is asked for.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;

use super::PIECE_BYTES;
use super::extents::Extent;
use crate::kit::blobs::Chunks;

/// Returns what lies in these stretches of a file, one after the other.
pub(super) fn read(file: File, extents: VecDeque<Extent>) -> Chunks {
    Box::pin(stream::unfold((Arc::new(file), extents), |(file, mut extents)| async move {
        let piece = next_piece(&mut extents)?;
        let from = file.clone();
        let reading = actix_rt::task::spawn_blocking(move || {
            let mut bytes = vec![0; usize::try_from(piece.length).map_err(io::Error::other)?];
            from.read_exact_at(&mut bytes, piece.offset)?;
            Ok(Bytes::from(bytes))
        });
        let read: io::Result<Bytes> = reading.await.unwrap_or_else(|stopped| Err(io::Error::other(stopped)));
        if read.is_err() {
            extents.clear();
        }
        Some((read, (file, extents)))
    }))
}

fn next_piece(extents: &mut VecDeque<Extent>) -> Option<Extent> {
    let mut first = extents.pop_front()?;
    let length = first.length.min(PIECE_BYTES as u64);
    let piece = Extent { offset: first.offset, length };
    if first.length > length {
        first = Extent { offset: first.offset + length, length: first.length - length };
        extents.push_front(first);
    }
    Some(piece)
}
