//! How long an entity stays down after a panic storm: one second, doubling up to a minute.

use std::time::Duration;

use super::BackingOff;
use crate::kit::clock::Timestamp;

const FIRST_MS: i64 = 1_000;
const LONGEST_MS: i64 = 60_000;

/// The panic storms of one entity, as far as they still matter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Storms {
    in_a_row: u32,
}

impl Storms {
    /// Counts a storm that ended a life begun at `begun`; a life longer than the longest back-off wipes the slate.
    pub(super) fn another(self, begun: Timestamp, now: Timestamp) -> Self {
        let survived = now.since(begun) > LONGEST_MS;
        Self { in_a_row: if survived { 1 } else { self.in_a_row.saturating_add(1) } }
    }

    /// Returns when the next try may be made.
    pub(super) fn over_at(self, now: Timestamp) -> Timestamp {
        let doublings = self.in_a_row.saturating_sub(1).min(16);
        now.plus((FIRST_MS << doublings).min(LONGEST_MS))
    }
}

/// Returns the refusal to give until `until`, or nothing when it has passed, or is so far off that the clock was set back.
pub(super) fn backing_off(until: Timestamp, now: Timestamp) -> Option<BackingOff> {
    let left = until.since(now);
    if left > LONGEST_MS {
        return None;
    }
    let left = u64::try_from(left).ok().filter(|left| *left > 0)?;
    Some(BackingOff { retry_after: Duration::from_millis(left) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_back_off_doubles_from_a_second_to_a_minute() {
        let now = Timestamp(1_000_000);
        let mut storms = Storms::default();
        let mut waits = Vec::new();
        for _ in 0..8 {
            storms = storms.another(now, now);
            waits.push(storms.over_at(now).since(now) / 1000);
        }

        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
    }

    #[test]
    fn a_long_quiet_life_wipes_the_slate() {
        let storms = Storms { in_a_row: 6 };

        assert_eq!(storms.another(Timestamp(0), Timestamp(60_001)), Storms { in_a_row: 1 });
        assert_eq!(storms.another(Timestamp(0), Timestamp(60_000)), Storms { in_a_row: 7 });
    }

    #[test]
    fn a_back_off_that_has_passed_refuses_nobody() {
        assert_eq!(backing_off(Timestamp(5), Timestamp(5)), None);
        assert_eq!(backing_off(Timestamp(3_600_000), Timestamp(5)), None);
        assert_eq!(backing_off(Timestamp(1505), Timestamp(5)).unwrap().retry_after, Duration::from_millis(1500));
    }
}
