//! What the threads of a run and the main thread tell each other.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use mio::{Poll, Token, Waker};

/// The token of the wakers; slots count from 0.
pub(super) const WAKE: Token = Token(usize::MAX);
/// A moment that has not come yet.
const NEVER: u64 = u64::MAX;

/// Where a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
#[repr(u8)]
pub enum Phase {
    /// Connections are being opened.
    Connecting = 0,
    /// The load is on and nothing counts yet.
    WarmingUp = 1,
    /// What happens counts.
    Measuring = 2,
    /// Nothing new is sent; what is under way may arrive.
    Stragglers = 3,
    /// The threads end.
    Over = 4,
}

/// Shared by all threads of one run.
#[derive(Debug)]
pub struct Shared {
    epoch: Instant,
    phase: AtomicU8,
    measured_from_us: AtomicU64,
    measured_to_us: AtomicU64,
    open: AtomicUsize,
    tried: AtomicUsize,
    is_settled: Vec<AtomicBool>,
    wakers: Vec<Waker>,
}

impl Shared {
    /// Returns the shared state of as many threads as there are polls.
    pub(super) fn new(polls: &[Poll]) -> io::Result<Self> {
        Ok(Self {
            epoch: Instant::now(),
            phase: AtomicU8::new(Phase::Connecting as u8),
            measured_from_us: AtomicU64::new(NEVER),
            measured_to_us: AtomicU64::new(NEVER),
            open: AtomicUsize::new(0),
            tried: AtomicUsize::new(0),
            is_settled: polls.iter().map(|_| AtomicBool::new(false)).collect(),
            wakers: polls.iter().map(|poll| Waker::new(poll.registry(), WAKE)).collect::<io::Result<_>>()?,
        })
    }

    /// Returns the time since the run began, in microseconds.
    #[must_use]
    pub fn now_us(&self) -> u64 {
        micros(self.epoch.elapsed())
    }

    /// Returns where the run is.
    #[must_use]
    pub fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Connecting,
            1 => Phase::WarmingUp,
            2 => Phase::Measuring,
            3 => Phase::Stragglers,
            _ => Phase::Over,
        }
    }

    /// Goes on to another phase and wakes every thread.
    pub(super) fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Release);
        (0..self.wakers.len()).for_each(|thread| self.wake(thread));
    }

    /// Wakes one thread, which then calls its scenario's `turn`.
    pub fn wake(&self, thread: usize) {
        // A waker fails only when its thread is gone, and then there is nobody to wake.
        let _ = self.wakers.get(thread).map(Waker::wake);
    }

    /// Opens the measured time; returns when.
    pub(super) fn begin_measuring(&self) -> u64 {
        let now = self.now_us();
        self.measured_from_us.store(now, Ordering::Release);
        now
    }

    /// Closes the measured time; returns when.
    pub(super) fn end_measuring(&self) -> u64 {
        let now = self.now_us();
        self.measured_to_us.store(now, Ordering::Release);
        now
    }

    /// Returns the measured time: from, and to.
    pub(super) fn measured_us(&self) -> (u64, u64) {
        (self.measured_from_us.load(Ordering::Acquire), self.measured_to_us.load(Ordering::Acquire))
    }

    /// Notes a connection's first outcome.
    pub(super) fn tried_one(&self) {
        self.tried.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns how many connections have opened or failed.
    pub(super) fn tried(&self) -> usize {
        self.tried.load(Ordering::Relaxed)
    }

    pub(super) fn opened_one(&self) {
        self.open.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn closed_one(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }

    /// Returns how many connections are open and ready.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Notes that a thread waits for nothing more.
    pub(super) fn settle(&self, thread: usize) {
        if let Some(flag) = self.is_settled.get(thread) {
            flag.store(true, Ordering::Release);
        }
    }

    /// Says whether no thread waits for anything.
    pub(super) fn is_settled(&self) -> bool {
        self.is_settled.iter().all(|flag| flag.load(Ordering::Acquire))
    }
}

/// Returns a duration in whole microseconds.
pub(super) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
