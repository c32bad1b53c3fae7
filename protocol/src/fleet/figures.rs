//! Figures of reports: so many decimal places, rounded half up, and without a fraction where there is none.

use serde::{Serialize, Serializer};

use super::number::Decimal;

/// A figure with a fixed number of decimal places, counted in units of the last one: `Fixed::<2>(9565)` is written as `95.65`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Fixed<const PLACES: u32>(pub u64);

impl<const PLACES: u32> Fixed<PLACES> {
    /// Returns `part / whole`; 0 of nothing.
    #[must_use]
    pub fn ratio(part: u128, whole: u128) -> Self {
        let units = part.saturating_mul(10_u128.pow(PLACES)).saturating_add(whole / 2).checked_div(whole);
        Self(u64::try_from(units.unwrap_or(0)).unwrap_or(u64::MAX))
    }
}

impl<const PLACES: u32> Serialize for Fixed<PLACES> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[expect(clippy::cast_precision_loss, reason = "a figure of a report, far below 2^53")]
        let units = self.0 as f64;
        Decimal(units / f64::from(10_u32.pow(PLACES))).serialize(serializer)
    }
}

/// Bytes, written in GiB with two places. The document calls them GB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Gigabytes(pub u64);

impl Serialize for Gigabytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Fixed::<2>::ratio(self.0.into(), 1 << 30).serialize(serializer)
    }
}

/// Bytes, written in MiB with one place. The document calls them MB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Megabytes(pub u64);

impl Serialize for Megabytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Fixed::<1>::ratio(self.0.into(), 1 << 20).serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(figure: impl Serialize, expected: &str) {
        assert_eq!(serde_json::to_string(&figure).expect("a number"), expected);
    }

    #[test]
    fn figures_have_their_places_and_no_empty_fraction() {
        check(Fixed::<2>(9565), "95.65");
        check(Fixed::<2>(9550), "95.5");
        check(Fixed::<2>(10_000), "100");
        check(Fixed::<4>(9200), "0.92");
        check(Fixed::<3>(58), "0.058");
        check(Fixed::<1>(0), "0");
    }

    #[test]
    fn a_ratio_is_rounded_half_up_and_nothing_of_nothing_is_zero() {
        let check = |part, whole, units| assert_eq!(Fixed::<2>::ratio(part, whole), Fixed(units), "{part} of {whole}");
        check(1, 3, 33);
        check(2, 3, 67);
        check(1, 8, 13);
        check(1, 200, 1);
        check(0, 7, 0);
        check(7, 0, 0);
        check(u128::MAX, 1, u64::MAX);
    }

    #[test]
    fn sizes_are_bytes_in_the_documents_units() {
        check(Gigabytes(490_584_735_744), "456.89");
        check(Gigabytes(5 << 30), "5");
        check(Gigabytes(5_368_710), "0.01");
        check(Gigabytes(5_368_709), "0");
        check(Gigabytes(u64::MAX), "17179869184");
        check(Megabytes(10_485_760), "10");
        check(Megabytes(300_000_000), "286.1");
        check(Megabytes(0), "0");
    }
}
