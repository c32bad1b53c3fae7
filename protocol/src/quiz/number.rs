//! Figures with one decimal place, written as JavaScript writes them.

use serde::{Serialize, Serializer};

/// A number of tenths: 235 is written as `23.5`, 450 as `45`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Tenths(pub u64);

impl Tenths {
    /// Returns the minutes in so many milliseconds, rounded to the nearest tenth.
    #[must_use]
    pub const fn minutes(milliseconds: u64) -> Self {
        Self(milliseconds.saturating_add(3000) / 6000)
    }

    /// Returns `sum / count`, rounded to the nearest tenth; 0 of nothing.
    #[must_use]
    pub const fn mean(sum: u64, count: u64) -> Self {
        if count == 0 {
            return Self(0);
        }
        Self(sum.saturating_mul(10).saturating_add(count / 2) / count)
    }
}

impl Serialize for Tenths {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_multiple_of(10) {
            return serializer.serialize_u64(self.0 / 10);
        }
        #[expect(clippy::cast_precision_loss, reason = "a figure of a report, far below 2^53")]
        serializer.serialize_f64(self.0 as f64 / 10.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_have_no_fraction() {
        let check = |tenths: u64, expected: &str| {
            assert_eq!(serde_json::to_string(&Tenths(tenths)).expect("a number"), expected);
        };
        check(0, "0");
        check(450, "45");
        check(235, "23.5");
        check(1, "0.1");
    }

    #[test]
    fn figures_are_rounded_to_the_nearest_tenth() {
        assert_eq!(Tenths::minutes(45 * 60_000), Tenths(450));
        assert_eq!((Tenths::minutes(2999), Tenths::minutes(3000)), (Tenths(0), Tenths(1)));
        assert_eq!(
            (Tenths::mean(25, 2), Tenths::mean(1, 3), Tenths::mean(2, 3), Tenths::mean(5, 0)),
            (Tenths(125), Tenths(3), Tenths(7), Tenths(0))
        );
    }
}
