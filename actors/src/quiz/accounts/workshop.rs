//! Work that keeps a processor busy: beside the arbiters, a few pieces at a time, and no endless queue before it.

use std::sync::Arc;

use hubbub_protocol::fault::{Fault, Kind};
use tokio::sync::Semaphore;

/// A bounded number of places on the pool of blocking threads.
pub struct Workshop {
    /// One for each piece of work under way.
    benches: Arc<Semaphore>,
    /// One for each piece of work under way or waiting.
    places: Arc<Semaphore>,
}

impl Workshop {
    /// Returns a workshop that works on `at_once` pieces while `waiting` more wait.
    #[must_use]
    pub fn new(at_once: usize, waiting: usize) -> Self {
        let at_once = at_once.max(1);
        let places = at_once.saturating_add(waiting).min(Semaphore::MAX_PERMITS);
        Self { benches: Arc::new(Semaphore::new(at_once)), places: Arc::new(Semaphore::new(places)) }
    }

    /// Does one piece of work. Once begun it is finished, also when nobody waits for it any more.
    ///
    /// # Errors
    /// [`Kind::Unavailable`] when too many wait already, [`Kind::Internal`] when the work panicked.
    pub async fn work<T: Send + 'static>(&self, piece: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_full| busy())?;
        let bench = Arc::clone(&self.benches).acquire_owned().await.map_err(|_closed| busy())?;
        let working = actix_rt::task::spawn_blocking(move || {
            let done = piece();
            drop((bench, place));
            done
        });
        working.await.map_err(|_panicked| Fault::new(Kind::Internal, "", "could not be done, try again"))
    }
}

fn busy() -> Fault {
    Fault::unavailable("too busy, try again").retry_after(1)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use futures_util::future::join_all;

    use super::*;

    #[actix::test]
    async fn no_more_than_so_many_pieces_are_worked_on_at_once() {
        let workshop = Workshop::new(2, 100);
        let (under_way, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let pieces = (0..50).map(|_| {
            let (under_way, most) = (under_way.clone(), most.clone());
            workshop.work(move || {
                most.fetch_max(under_way.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::thread::yield_now();
                under_way.fetch_sub(1, Ordering::SeqCst);
            })
        });

        assert!(join_all(pieces).await.iter().all(Result::is_ok));
        assert!(most.load(Ordering::SeqCst) <= 2);
    }

    #[actix::test]
    async fn who_comes_when_all_places_are_taken_is_told_to_come_back() {
        let workshop = Arc::new(Workshop::new(1, 0));
        let (go_on, waits) = mpsc::channel::<()>();
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let busy = workshop.clone();
        let first = actix_rt::spawn(async move {
            let piece = move || {
                begun.send(()).expect("the test waits");
                waits.recv().expect("the test goes on");
            };
            busy.work(piece).await
        });
        has_begun.await.expect("it works");

        assert_eq!(workshop.work(|| ()).await.map_err(|fault| fault.kind), Err(Kind::Unavailable));
        go_on.send(()).expect("it waits");
        assert_eq!(first.await.expect("it is done"), Ok(()));
        assert_eq!(workshop.work(|| 7).await, Ok(7));
    }

    #[actix::test]
    async fn a_panic_takes_no_place_with_it() {
        let workshop = Workshop::new(1, 0);
        let fault = workshop.work(|| panic!("a bug")).await.map_err(|fault| fault.kind);

        assert_eq!(fault, Err::<(), _>(Kind::Internal));
        assert_eq!(workshop.work(|| 7).await, Ok(7));
    }
}
