//! How far a run is, for whoever watches.

pub use metrics::{Counter, Gauge};
use tracing::info;

/// Where a run shows how far it is.
#[derive(Clone)]
pub struct Progress {
    /// Sessions that the last run has found.
    pub found: Gauge,
    /// Sessions that it has dealt with.
    pub done: Gauge,
    /// Data files that were read, by all runs: what costs work.
    pub read: Counter,
}

/// One run's progress.
pub(super) struct Steps<'p> {
    progress: &'p Progress,
    found: usize,
    done: usize,
}

impl Progress {
    /// Returns a place where nobody looks.
    #[must_use]
    pub fn unobserved() -> Self {
        Self { found: Gauge::noop(), done: Gauge::noop(), read: Counter::noop() }
    }

    /// Begins a run over so many sessions.
    pub(super) fn begin(&self, found: usize) -> Steps<'_> {
        info!(sessions = found, "the QA metrics of {found} sessions are worked out");
        self.done.set(0.0);
        self.found.set(whole(found));
        Steps { progress: self, found, done: 0 }
    }
}

impl Steps<'_> {
    /// Takes note that one more session is dealt with, and says so after each tenth of them.
    pub(super) fn step(&mut self) {
        let tenth = |done: usize| done.saturating_mul(10).checked_div(self.found);
        let is_next_tenth = tenth(self.done) != tenth(self.done + 1);
        self.done += 1;
        self.progress.done.set(whole(self.done));
        if is_next_tenth {
            let (done, found) = (self.done, self.found);
            info!(done, found, "QA metrics: {done} of {found} sessions");
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a metric's value is a float")]
fn whole(count: usize) -> f64 {
    count as f64
}
