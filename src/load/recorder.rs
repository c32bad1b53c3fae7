//! What one thread writes down while it runs: completed operations with their latency, second by second, and what went wrong.

use std::sync::Arc;
use std::sync::mpsc::Sender;

use hdrhistogram::Histogram;

use super::figures::Checks;
use super::shared::Shared;

const SECOND_US: u64 = 1_000_000;
/// Three digits, so that a percentile is off by a thousandth at most.
const DIGITS: u8 = 3;
/// Longer latencies count as this one.
const MAX_US: u64 = 600 * SECOND_US;
/// Different errors that are kept in words; all of them are counted.
const MAX_KINDS: usize = 8;

/// One thread's share of one second.
#[derive(Debug)]
pub(super) struct Slice {
    /// The second, from 0; none after the measured time.
    pub second: Option<u64>,
    pub completed: u64,
    pub errors: u64,
    pub latencies: Histogram<u64>,
}

impl Slice {
    fn new(second: Option<u64>) -> Self {
        Self { second, completed: 0, errors: 0, latencies: histogram() }
    }
}

/// Returns an empty histogram of microseconds.
pub(super) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, MAX_US, DIGITS).expect("the bounds are valid")
}

/// The notebook of one thread.
#[derive(Debug)]
pub struct Recorder {
    shared: Arc<Shared>,
    slices: Sender<Slice>,
    slice: Slice,
    is_counting: bool,
    checks: Checks,
    errors: Vec<(String, u64)>,
}

impl Recorder {
    pub(super) fn new(shared: Arc<Shared>, slices: Sender<Slice>) -> Self {
        Self { shared, slices, slice: Slice::new(None), is_counting: false, checks: Checks::default(), errors: Vec::new() }
    }

    /// Finds out which second it is; what completes until the next call belongs to it.
    pub(super) fn tell_time(&mut self, now_us: u64) {
        let (from, to) = self.shared.measured_us();
        self.is_counting = now_us >= from;
        let second = (self.is_counting && now_us < to).then(|| (now_us - from) / SECOND_US);
        if second != self.slice.second {
            self.hand_over(second);
        }
    }

    /// Sends the slice to the main thread and begins another.
    fn hand_over(&mut self, second: Option<u64>) {
        let slice = std::mem::replace(&mut self.slice, Slice::new(second));
        if slice.completed + slice.errors > 0 {
            // Without a receiver the run is over and nobody asks any more.
            let _ = self.slices.send(slice);
        }
    }

    /// Notes a completed operation.
    pub fn completed(&mut self, latency_us: u64) {
        if self.is_counting {
            self.slice.completed += 1;
            self.slice.latencies.saturating_record(latency_us.max(1));
        }
    }

    /// Notes a completed operation that nobody timed.
    pub fn completed_untimed(&mut self) {
        self.slice.completed += u64::from(self.is_counting);
    }

    /// Notes messages that were expected and never came.
    pub fn missing(&mut self, messages: u64) {
        self.checks.missing += messages;
    }

    /// Notes a message that came again.
    pub fn duplicated(&mut self) {
        self.checks.duplicated += 1;
    }

    /// Notes a message that came after a later one.
    pub fn reordered(&mut self) {
        self.checks.reordered += 1;
    }

    /// Notes a message with other content than was sent, or one that breaks the scenario's rule, and keeps an example.
    pub fn wrong(&mut self, what: impl FnOnce() -> String) {
        self.checks.wrong += 1;
        self.keep(what);
    }

    /// Notes a connection that failed or a request that was refused.
    pub fn error(&mut self, what: impl FnOnce() -> String) {
        self.checks.errors += 1;
        self.slice.errors += 1;
        self.keep(what);
    }

    fn keep(&mut self, what: impl FnOnce() -> String) {
        let text = what();
        if let Some((_, count)) = self.errors.iter_mut().find(|(known, _)| *known == text) {
            *count += 1;
        } else if self.errors.len() < MAX_KINDS {
            self.errors.push((text, 1));
        }
    }

    /// Hands over what is left and returns what went wrong, counted and in words.
    pub(super) fn finish(mut self) -> (Checks, Vec<(String, u64)>) {
        self.hand_over(None);
        (self.checks, self.errors)
    }
}
