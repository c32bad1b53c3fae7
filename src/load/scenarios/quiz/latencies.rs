//! Latencies of which each is kept: there are as many as players and questions, and a room's own percentiles are wanted exactly.

/// Latencies in microseconds, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Latencies(Vec<u32>);

/// The same by size.
#[derive(Debug)]
pub(super) struct Sorted(Vec<u32>);

impl Latencies {
    /// Notes one.
    pub(super) fn note(&mut self, latency_us: u64) {
        self.0.push(u32::try_from(latency_us).unwrap_or(u32::MAX));
    }

    /// Adds those of another thread.
    pub(super) fn add(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// Sorts them.
    pub(super) fn sorted(mut self) -> Sorted {
        self.0.sort_unstable();
        Sorted(self.0)
    }
}

impl Sorted {
    /// Returns the latency in milliseconds that so many of a hundred did not exceed; none if there are none.
    pub(super) fn percentile_ms(&self, percent: usize) -> Option<f64> {
        let at = (self.0.len() * percent).div_ceil(100).saturating_sub(1);
        self.0.get(at).map(|latency_us| f64::from(*latency_us) / 1000.0)
    }
}

/// Returns the value in the middle, the upper one of two; none if there are none.
pub(super) fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_latencies_that_were_measured() {
        let mut latencies = Latencies::default();
        (1..=200).rev().for_each(|ms| latencies.note(ms * 1000));
        let sorted = latencies.sorted();
        let percentiles = [0, 1, 50, 99, 100].map(|percent| sorted.percentile_ms(percent));
        assert_eq!(percentiles, [Some(1.0), Some(2.0), Some(100.0), Some(198.0), Some(200.0)]);
        assert_eq!(Latencies::default().sorted().percentile_ms(99), None);
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&mut []), None);
    }
}
