//! What a correct answer is worth. Exact integer arithmetic, rounded once at the end.

use serde::{Deserialize, Serialize};

/// A streak grows an answer's worth by a tenth per answer, by a half at most.
const MOST_STREAK_TENTHS: u64 = 5;

/// Which bonuses a room gives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bonuses {
    /// The sooner, the more.
    pub time: bool,
    /// The more correct answers in a row, the more.
    pub streak: bool,
}

/// Returns the points for a correct answer to a question of `base` points, `taken_ms` after it opened. `streak` counts this answer.
#[must_use]
pub fn points(base: u32, bonuses: Bonuses, taken_ms: i64, answering_time_ms: u64, streak: u32) -> u32 {
    let (mut worth, mut parts) = (u64::from(base), 1);
    if bonuses.time && answering_time_ms > 0 {
        let taken_ms = u64::try_from(taken_ms).unwrap_or(0);
        worth = worth.saturating_mul(answering_time_ms.saturating_sub(taken_ms));
        parts = answering_time_ms;
    }
    if bonuses.streak {
        worth = worth.saturating_mul(10 + MOST_STREAK_TENTHS.min(u64::from(streak)));
        parts *= 10;
    }
    u32::try_from(round(worth, parts)).unwrap_or(u32::MAX)
}

/// Returns the integer nearest to `worth / parts`; a half goes up.
fn round(worth: u64, parts: u64) -> u64 {
    let (whole, rest) = (worth / parts, worth % parts);
    if rest >= parts - rest { whole + 1 } else { whole }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NONE: Bonuses = Bonuses { time: false, streak: false };
    const TIME: Bonuses = Bonuses { time: true, streak: false };
    const STREAK: Bonuses = Bonuses { time: false, streak: true };
    const BOTH: Bonuses = Bonuses { time: true, streak: true };

    #[test]
    fn without_bonuses_an_answer_is_worth_exactly_its_points() {
        assert_eq!(points(7, NONE, 29_999, 30_000, 9), 7);
    }

    #[test]
    fn the_time_bonus_falls_evenly_to_zero() {
        let check = |taken_ms, expected| assert_eq!(points(100, TIME, taken_ms, 30_000, 1), expected, "after {taken_ms} ms");
        check(-5, 100);
        check(0, 100);
        check(15_000, 50);
        check(29_849, 1);
        check(29_850, 1);
        check(29_851, 0);
        check(30_000, 0);
        check(31_000, 0);
    }

    #[test]
    fn a_streak_adds_a_tenth_per_answer_and_at_most_a_half() {
        let check = |streak, expected| assert_eq!(points(100, STREAK, 0, 30_000, streak), expected, "streak of {streak}");
        check(1, 110);
        check(2, 120);
        check(5, 150);
        check(6, 150);
        assert_eq!(points(1, STREAK, 0, 30_000, 5), 2);
        assert_eq!(points(1, STREAK, 0, 30_000, 4), 1);
    }

    #[test]
    fn both_bonuses_are_rounded_once() {
        // 3 x 0.85 x 1.1 = 2.805; rounded twice it would be 3 x 1.1 = 3.3.
        assert_eq!(points(3, BOTH, 4_500, 30_000, 1), 3);
        // 1 x 0.46 x 1.1 = 0.506; rounded twice it would be 0.
        assert_eq!(points(1, BOTH, 16_200, 30_000, 1), 1);
    }

    proptest! {
        #[test]
        fn points_stay_between_zero_and_one_and_a_half_times_the_base(
            base in 0_u32..=1000, taken_ms in -1_000_i64..700_000, answering_time_ms in 0_u64..=300_000, streak in 0_u32..50,
            time: bool, streaks: bool,
        ) {
            let points = points(base, Bonuses { time, streak: streaks }, taken_ms, answering_time_ms, streak);
            prop_assert!(points <= (base * 3).div_ceil(2));
        }

        #[test]
        fn later_is_never_worth_more(base in 1_u32..=1000, taken_ms in 0_i64..300_000, later in 0_i64..10_000, streak in 1_u32..9) {
            prop_assert!(points(base, BOTH, taken_ms + later, 300_000, streak) <= points(base, BOTH, taken_ms, 300_000, streak));
        }
    }
}
