//! What is due when, for the clients of one thread.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Alarms by their time; `T` says what for.
#[derive(Debug)]
pub(crate) struct Timers<T: Ord> {
    alarms: BinaryHeap<Reverse<(u64, T)>>,
}

impl<T: Ord> Default for Timers<T> {
    fn default() -> Self {
        Self { alarms: BinaryHeap::new() }
    }
}

impl<T: Ord> Timers<T> {
    /// Sets an alarm.
    pub(crate) fn set(&mut self, at_us: u64, what: T) {
        self.alarms.push(Reverse((at_us, what)));
    }

    /// Takes an alarm that is due.
    pub(crate) fn take_due(&mut self, now_us: u64) -> Option<T> {
        self.next_us().filter(|at| *at <= now_us)?;
        self.alarms.pop().map(|Reverse((_, what))| what)
    }

    /// Returns when the next alarm is due.
    pub(crate) fn next_us(&self) -> Option<u64> {
        self.alarms.peek().map(|Reverse((at, _))| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alarms_come_in_the_order_of_their_time() {
        let mut timers = Timers::default();
        for (at, what) in [(30, "c"), (10, "a"), (20, "b")] {
            timers.set(at, what);
        }
        assert_eq!(timers.next_us(), Some(10));
        assert_eq!((timers.take_due(20), timers.take_due(20), timers.take_due(20)), (Some("a"), Some("b"), None));
        assert_eq!(timers.next_us(), Some(30));
    }
}
