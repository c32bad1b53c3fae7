//! Time as a value: every rule is given `now`, so that tests and simulations decide what time it is.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A moment: milliseconds since 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// The years that ISO 8601 writes with four digits; moments outside are written as the nearest of these two.
const FIRST_ISO: i64 = -62_167_219_200_000;
const LAST_ISO: i64 = 253_402_300_799_999;

impl Timestamp {
    /// Returns the moment `ms` milliseconds later.
    #[must_use]
    pub const fn plus(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Returns the moment `ms` milliseconds earlier.
    #[must_use]
    pub const fn minus(self, ms: i64) -> Self {
        Self(self.0.saturating_sub(ms))
    }

    /// Returns the milliseconds from `earlier` to this moment; negative when `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Returns whole seconds since the epoch, rounded down.
    #[must_use]
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Returns ISO 8601 in UTC with exactly three digits of fraction: `2026-02-06T12:00:00.000Z`.
    #[must_use]
    pub fn iso(self) -> String {
        let ms = self.0.clamp(FIRST_ISO, LAST_ISO);
        let at = OffsetDateTime::from_unix_timestamp(ms.div_euclid(1000)).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let (date, hour, minute, second) = (at.date(), at.hour(), at.minute(), at.second());
        let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", ms.rem_euclid(1000))
    }

    /// Returns the moment that an ISO 8601 text (RFC 3339, any offset) names.
    #[must_use]
    pub fn parse_iso(text: &str) -> Option<Self> {
        let at = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        i64::try_from(at.unix_timestamp_nanos().div_euclid(1_000_000)).ok().map(Self)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iso())
    }
}

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Returns the present moment.
    fn now(&self) -> Timestamp;
}

/// A clock that everyone shares.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)),
            Err(before) => Timestamp(i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms)),
        }
    }
}

/// A clock that stands still until it is told otherwise; clones show the same time.
#[derive(Debug, Clone)]
pub struct TestClock(Arc<AtomicI64>);

impl TestClock {
    /// Returns a clock that stands at `now`.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(now.0)))
    }

    /// Moves the clock to `now`, forwards or backwards.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.0, Ordering::SeqCst);
    }

    /// Moves the clock `ms` milliseconds forwards.
    pub fn advance(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }

    /// Returns this clock as the shared one of a hub.
    #[must_use]
    pub fn shared(&self) -> SharedClock {
        Arc::new(self.clone())
    }
}

impl Default for TestClock {
    /// Returns a clock at 2026-02-06T12:00:00.000Z.
    fn default() -> Self {
        Self::at(Timestamp(1_770_379_200_000))
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_is_written_with_exactly_three_digits_of_fraction() {
        let check = |ms, expected| assert_eq!(Timestamp(ms).iso(), expected);

        check(1_770_379_200_000, "2026-02-06T12:00:00.000Z");
        check(1_770_379_200_007, "2026-02-06T12:00:00.007Z");
        check(0, "1970-01-01T00:00:00.000Z");
        check(-1, "1969-12-31T23:59:59.999Z");
        check(951_782_400_123, "2000-02-29T00:00:00.123Z");
        check(i64::MAX, "9999-12-31T23:59:59.999Z");
        check(i64::MIN, "0000-01-01T00:00:00.000Z");
    }

    #[test]
    fn what_was_written_can_be_read_back() {
        for ms in [0, -1, 1_770_379_200_123, FIRST_ISO, LAST_ISO] {
            assert_eq!(Timestamp::parse_iso(&Timestamp(ms).iso()), Some(Timestamp(ms)));
        }
        assert_eq!(Timestamp::parse_iso("2026-02-06T13:00:00+01:00"), Some(Timestamp(1_770_379_200_000)));
        assert_eq!(Timestamp::parse_iso("yesterday"), None);
    }

    #[test]
    fn arithmetic_saturates_instead_of_wrapping() {
        assert_eq!(Timestamp(i64::MAX).plus(1), Timestamp(i64::MAX));
        assert_eq!(Timestamp(i64::MIN).minus(1), Timestamp(i64::MIN));
        assert_eq!(Timestamp(i64::MIN).since(Timestamp(1)), i64::MIN);
        assert_eq!(Timestamp(5).since(Timestamp(2)), 3);
        assert_eq!(Timestamp(-1).secs(), -1);
    }

    #[test]
    fn clones_of_a_test_clock_show_the_same_time() {
        let clock = TestClock::default();
        let shared = clock.shared();

        clock.advance(1500);

        assert_eq!(shared.now().iso(), "2026-02-06T12:00:01.500Z");
    }
}
