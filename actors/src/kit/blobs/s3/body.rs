//! Watches over what is sent: it has exactly the length that was announced, and what goes wrong on the sender's side is told apart.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use parking_lot::Mutex;

use crate::kit::blobs::{BlobError, Chunks};

/// What went wrong on the sender's side.
#[derive(Clone, Default)]
pub(super) struct SenderFault(Arc<Mutex<Option<io::Error>>>);

impl SenderFault {
    /// Returns the sender's fault, or else what the store made of it.
    pub(super) fn or(&self, error: BlobError) -> BlobError {
        self.0.lock().take().map_or(error, BlobError::Source)
    }

    fn note(&self, error: io::Error) -> io::Error {
        let kind = error.kind();
        *self.0.lock() = Some(error);
        kind.into()
    }
}

/// Passes a body on and ends in an error, noted in `fault`, unless it has exactly `size_bytes`. The last piece is held back until the end
/// is seen, so that nobody takes too long a body for a whole one.
pub(super) fn exactly(size_bytes: u64, body: Chunks, fault: SenderFault) -> Chunks {
    let state = Some((body, fault, size_bytes, Bytes::new()));
    Box::pin(stream::unfold(state, |state| async move {
        let (mut body, fault, mut left, mut held) = state?;
        loop {
            let wrong = match body.next().await {
                Some(Err(error)) => error,
                Some(Ok(piece)) if piece.len() as u64 > left => {
                    io::Error::new(io::ErrorKind::InvalidData, "it is longer than announced")
                }
                Some(Ok(piece)) if piece.is_empty() => continue,
                Some(Ok(piece)) => {
                    left -= piece.len() as u64;
                    let ready = std::mem::replace(&mut held, piece);
                    if ready.is_empty() {
                        continue;
                    }
                    return Some((Ok(ready), Some((body, fault, left, held))));
                }
                None if left > 0 => io::Error::new(io::ErrorKind::InvalidData, "it is shorter than announced"),
                None if held.is_empty() => return None,
                None => return Some((Ok(held), None)),
            };
            return Some((Err(fault.note(wrong)), None));
        }
    }))
}
