//! A body that is too large for memory on its way into a store: piece by piece, no faster than the store takes it.
//!
//! A request's body stays on its worker's thread, a store may work on any; between them there is room for one piece.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::time::Duration;

use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use futures_util::{Stream, StreamExt, stream};
use hubbub_actors::kit::blobs::Chunks;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// How long a sender may be silent. The whole may take as long as it takes: a recording over bad Wi-Fi takes hours.
pub const STALL: Duration = Duration::from_secs(60);

/// Gives a body to `work` and returns what that comes to. A body that breaks off, or of which nothing arrives for `stall`, ends in an
/// error; when `work` is done early, the rest stays unread.
pub async fn pour<T, W: Future<Output = T>>(
    body: impl Stream<Item = Result<Bytes, PayloadError>>,
    stall: Duration,
    work: impl FnOnce(Chunks) -> W,
) -> T {
    let (sender, receiver) = mpsc::channel(1);
    let next = |mut receiver: mpsc::Receiver<_>| async move { Some((receiver.recv().await?, receiver)) };
    let mut working = pin!(work(Box::pin(stream::unfold(receiver, next))));
    tokio::select! {
        done = &mut working => done,
        () = feed(body, stall, sender) => working.await,
    }
}

async fn feed(body: impl Stream<Item = Result<Bytes, PayloadError>>, stall: Duration, sender: mpsc::Sender<io::Result<Bytes>>) {
    let mut body = pin!(body);
    loop {
        let piece = match timeout(stall, body.next()).await {
            Ok(None) => return,
            Ok(Some(piece)) => piece.map_err(|broken| io::Error::other(broken.to_string())),
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "the sender fell silent")),
        };
        let is_last = piece.is_err();
        if sender.send(piece).await.is_err() || is_last {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hubbub_actors::kit::blobs::collect;

    fn pieces(pieces: &[&'static str]) -> impl Stream<Item = Result<Bytes, PayloadError>> + use<> {
        let pieces: Vec<_> = pieces.iter().map(|piece| Ok(Bytes::from_static(piece.as_bytes()))).collect();
        stream::iter(pieces)
    }

    #[tokio::test]
    async fn a_body_arrives_in_order_and_whole() {
        let arrived = pour(pieces(&["one ", "", "two"]), STALL, collect).await;

        assert_eq!(arrived.expect("a body"), "one two");
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_an_error() {
        let broken = pieces(&["one"]).chain(stream::once(async { Err(PayloadError::Overflow) }));

        assert!(pour(broken, STALL, collect).await.is_err());
    }

    #[tokio::test]
    async fn a_sender_that_falls_silent_is_given_up() {
        let silent = pieces(&["a"]).chain(stream::pending());

        let error = pour(silent, Duration::from_millis(1), collect).await.expect_err("broken off");

        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn what_the_work_does_not_want_is_not_waited_for() {
        let first = pour(pieces(&["a"]).chain(stream::pending()), STALL, |mut chunks| async move { chunks.next().await });

        assert_eq!(first.await.expect("a piece").expect("whole"), "a");
    }

    #[tokio::test]
    async fn a_body_is_read_no_faster_than_it_is_taken() {
        let read = std::cell::Cell::new(0);
        let counted = pieces(&["a"; 100]).inspect(|_| read.set(read.get() + 1));

        let read_by_then = pour(counted, STALL, |mut chunks| {
            let read = &read;
            async move {
                let _first = chunks.next().await;
                tokio::task::yield_now().await;
                read.get()
            }
        });

        assert!(read_by_then.await <= 4, "one taken, one in between, one in hand");
    }
}
