//! A publisher's clock: message by message at a fixed rate, whatever the server does. Latency counts from when a message was due,
//! so that a server that holds the publisher up does not look fast.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// When messages are due, and how many are sent; shared by all threads.
#[derive(Debug)]
pub struct Pace {
    period_us: f64,
    began_us: AtomicU64,
    sent: AtomicU64,
}

impl Pace {
    /// Returns a clock of so many messages per second.
    #[must_use]
    pub fn new(messages_per_second: f64) -> Arc<Self> {
        let period_us = 1e6 / messages_per_second.max(1e-3);
        Arc::new(Self { period_us, began_us: AtomicU64::new(0), sent: AtomicU64::new(0) })
    }

    /// Makes the first message due now.
    pub fn begin(&self, now_us: u64) {
        self.began_us.store(now_us, Ordering::Release);
    }

    /// Returns when a message is due.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positive, and far below 2^53"
    )]
    pub fn due_us(&self, number: u64) -> u64 {
        self.began_us.load(Ordering::Acquire) + (number as f64 * self.period_us) as u64
    }

    /// Returns how many messages were sent.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Acquire)
    }

    /// Returns when the next message is due.
    #[must_use]
    pub fn next_due_us(&self) -> u64 {
        self.due_us(self.sent())
    }

    /// Takes the next message if it is due, and returns its number. Only the publisher's thread may.
    pub fn take_due(&self, now_us: u64) -> Option<u64> {
        let number = self.sent();
        let is_due = self.due_us(number) <= now_us;
        is_due.then(|| self.sent.fetch_add(1, Ordering::AcqRel))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_due_at_even_distances_from_the_beginning() {
        let pace = Pace::new(4.0);
        pace.begin(1_000);
        assert_eq!([0, 1, 2, 9].map(|number| pace.due_us(number)), [1_000, 251_000, 501_000, 2_251_000]);
    }

    #[test]
    fn a_publisher_that_was_held_up_sends_all_that_was_due() {
        let pace = Pace::new(10.0);
        pace.begin(0);
        let taken: Vec<u64> = std::iter::from_fn(|| pace.take_due(250_000)).collect();
        assert_eq!((taken, pace.sent(), pace.next_due_us()), (vec![0, 1, 2], 3, 300_000));
    }
}
