//! Rate limits as pure rules: who asks decides the key, the contract decides the numbers, the caller brings the time.

use std::collections::HashMap;
use std::hash::Hash;

use super::clock::Timestamp;

/// What a limit says about one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Whether the request may go on.
    pub allowed: bool,
    /// How many a window takes.
    pub limit: u32,
    /// How many are left in this window.
    pub remaining: u32,
    /// Whole seconds until the window ends: at least 1, at most its length.
    pub reset_after_secs: u64,
}

/// The number by which every documented limit is multiplied; 0 switches them off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale(pub f64);

impl Default for Scale {
    fn default() -> Self {
        Self(1.0)
    }
}

impl Scale {
    /// Returns the limit to apply, at least 1; nothing when limits are off.
    #[must_use]
    pub fn of(self, max: u32) -> Option<u32> {
        if self.0 <= 0.0 || self.0.is_nan() {
            return None;
        }
        let scaled = (f64::from(max) * self.0).round().clamp(1.0, f64::from(u32::MAX));
        // In range by the clamp above.
        Some(scaled as u32)
    }
}

/// A window that begins with its first request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FixedWindow {
    started: Timestamp,
    count: u32,
}

impl FixedWindow {
    /// Counts a request if there is room for it.
    pub fn admit(&mut self, max: u32, window_ms: i64, now: Timestamp) -> Decision {
        if self.count == 0 || self.has_ended(window_ms, now) {
            *self = Self { started: now, count: 0 };
        }
        let allowed = self.count < max;
        self.count += u32::from(allowed);
        let left_ms = u64::try_from(self.started.plus(window_ms).since(now)).unwrap_or(0);
        let remaining = max.saturating_sub(self.count);
        Decision { allowed, limit: max, remaining, reset_after_secs: left_ms.div_ceil(1000).max(1) }
    }

    /// Returns whether the window is over; also when the clock was set back before its beginning.
    const fn has_ended(&self, window_ms: i64, now: Timestamp) -> bool {
        let age = now.since(self.started);
        age >= window_ms || age < 0
    }
}

/// Fixed windows by key: in bounded memory, whoever asks.
#[derive(Debug)]
pub struct FixedWindows<K> {
    windows: HashMap<K, (FixedWindow, i64)>,
    capacity: usize,
    scale: Scale,
}

impl<K: Eq + Hash + Clone> FixedWindows<K> {
    /// Returns windows for at most `capacity` keys at a time.
    #[must_use]
    pub fn new(capacity: usize, scale: Scale) -> Self {
        Self { windows: HashMap::new(), capacity: capacity.max(8), scale }
    }

    /// Counts a request of `key` if there is room for it in its window.
    pub fn admit(&mut self, key: &K, max: u32, window_ms: i64, now: Timestamp) -> Decision {
        let Some(max) = self.scale.of(max) else {
            let reset_after_secs = u64::try_from(window_ms).unwrap_or(0).div_ceil(1000).max(1);
            return Decision { allowed: true, limit: max, remaining: max, reset_after_secs };
        };
        if let Some((window, length)) = self.windows.get_mut(key) {
            *length = window_ms;
            return window.admit(max, window_ms, now);
        }
        if self.windows.len() >= self.capacity {
            self.make_room(now);
        }
        let (window, _) = self.windows.entry(key.clone()).or_insert((FixedWindow::default(), window_ms));
        window.admit(max, window_ms, now)
    }

    /// Returns how many keys are counted at present.
    #[must_use]
    pub fn len(&self) -> usize {
        self.windows.len()
    }

    /// Returns whether nobody is counted at present.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.windows.is_empty()
    }

    /// Forgets ended windows, and if that is not enough the older half: a flood of keys costs memory for none of them, and
    /// the work is spread over the next `capacity / 2` new keys.
    fn make_room(&mut self, now: Timestamp) {
        self.windows.retain(|_, (window, length)| !window.has_ended(*length, now));
        if self.windows.len() < self.capacity {
            return;
        }
        let mut beginnings: Vec<_> = self.windows.values().map(|(window, _)| window.started).collect();
        let middle = beginnings.len() / 2;
        let (_, median, _) = beginnings.select_nth_unstable(middle);
        let median = *median;
        self.windows.retain(|_, (window, _)| window.started > median);
    }
}

/// A bucket that fills at a steady rate: bursts up to its size, then one by one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TokenBucket {
    tokens: f64,
    filled: Timestamp,
}

impl TokenBucket {
    /// Returns a full bucket.
    #[must_use]
    pub fn full(size: u32, now: Timestamp) -> Self {
        Self { tokens: f64::from(size), filled: now }
    }

    /// Takes a token if there is one.
    pub fn take(&mut self, size: u32, per_sec: f64, now: Timestamp) -> bool {
        let secs = now.since(self.filled).max(0) as f64 / 1000.0;
        self.tokens = (self.tokens + secs * per_sec).min(f64::from(size));
        self.filled = now;
        let has_one = self.tokens >= 1.0;
        if has_one {
            self.tokens -= 1.0;
        }
        has_one
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp(1_000_000 + ms)
    }

    #[test]
    fn a_window_takes_its_number_and_begins_anew_when_it_has_ended() {
        let mut window = FixedWindow::default();
        let mut admit = |ms| {
            let decision = window.admit(2, 60_000, at(ms));
            (decision.allowed, decision.remaining, decision.reset_after_secs)
        };

        assert_eq!(admit(0), (true, 1, 60));
        assert_eq!(admit(1), (true, 0, 60));
        assert_eq!(admit(30_500), (false, 0, 30));
        assert_eq!(admit(59_999), (false, 0, 1));
        assert_eq!(admit(60_000), (true, 1, 60));
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let mut window = FixedWindow::default();
        window.admit(1, 1_000, at(0));

        assert!(window.admit(1, 1_000, at(-5_000)).allowed);
    }

    #[test]
    fn keys_are_counted_apart_and_scaled_together() {
        let mut windows = FixedWindows::new(100, Scale(2.0));

        assert!(windows.admit(&"a", 1, 1_000, at(0)).allowed);
        assert!(windows.admit(&"a", 1, 1_000, at(0)).allowed);
        assert!(!windows.admit(&"a", 1, 1_000, at(0)).allowed);
        assert!(windows.admit(&"b", 1, 1_000, at(0)).allowed);
    }

    #[test]
    fn a_scale_of_zero_switches_limits_off() {
        let mut windows = FixedWindows::new(100, Scale(0.0));

        for _ in 0..1000 {
            assert!(windows.admit(&"a", 1, 1_000, at(0)).allowed);
        }
        assert!(windows.is_empty());
        assert_eq!((Scale(0.01).of(10), Scale(1.5).of(10), Scale(f64::NAN).of(10)), (Some(1), Some(15), None));
    }

    #[test]
    fn a_flood_of_keys_stays_within_the_capacity() {
        let mut windows = FixedWindows::new(1_000, Scale::default());

        for key in 0..100_000 {
            windows.admit(&key, 5, 60_000, at(key / 100));
            assert!(windows.len() <= 1_000);
        }
    }

    #[test]
    fn ended_windows_make_room_before_running_ones_do() {
        let mut windows = FixedWindows::new(8, Scale::default());
        for key in 0..7 {
            windows.admit(&key, 1, 1_000, at(0));
        }
        windows.admit(&100, 1, 60_000, at(0));

        windows.admit(&200, 1, 1_000, at(2_000));

        assert_eq!(windows.len(), 2);
        assert!(!windows.admit(&100, 1, 60_000, at(2_000)).allowed);
    }

    #[test]
    fn a_bucket_allows_a_burst_and_then_its_rate() {
        let mut bucket = TokenBucket::full(2, at(0));
        let mut take = |ms| bucket.take(2, 10.0, at(ms));

        assert_eq!([take(0), take(0), take(0)], [true, true, false]);
        assert_eq!([take(99), take(100), take(100)], [false, true, false]);
        assert_eq!([take(60_000), take(60_000), take(60_000)], [true, true, false]);
    }
}
