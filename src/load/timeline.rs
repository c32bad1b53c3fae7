//! The seconds of a run, put together from what its threads hand over.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;

use super::figures::{Latency, Second};
use super::progress::ServerNow;
use super::recorder::{Slice, histogram};

const US_PER_MS: f64 = 1000.0;
/// A thread may hand over a second this much later than others; after that only its numbers count.
const OPEN_SECONDS: u64 = 3;

/// Everything that completed, in total and by the second.
#[derive(Debug)]
pub(super) struct Timeline {
    pub completed: u64,
    pub in_time: u64,
    pub errors: u64,
    latencies: Histogram<u64>,
    /// Seconds whose histograms may still grow, and those that are figures only.
    open: BTreeMap<u64, Slice>,
    closed: BTreeMap<u64, Second>,
    servers: BTreeMap<u64, ServerNow>,
}

impl Timeline {
    pub fn new() -> Self {
        Self {
            completed: 0,
            in_time: 0,
            errors: 0,
            latencies: histogram(),
            open: BTreeMap::new(),
            closed: BTreeMap::new(),
            servers: BTreeMap::new(),
        }
    }

    /// Adds one thread's share of a second.
    pub fn add(&mut self, slice: Slice) {
        self.completed += slice.completed;
        self.errors += slice.errors;
        // Histograms of the same bounds always add up.
        let _ = self.latencies.add(&slice.latencies);
        let Some(second) = slice.second else { return };
        self.in_time += slice.completed;
        if let Some(late) = self.closed.get_mut(&second) {
            late.per_second += float(slice.completed);
            late.errors += slice.errors;
            return;
        }
        match self.open.get_mut(&second) {
            Some(open) => {
                open.completed += slice.completed;
                open.errors += slice.errors;
                let _ = open.latencies.add(&slice.latencies);
            }
            None => {
                self.open.insert(second, slice);
            }
        }
        while let Some((&oldest, _)) = self.open.first_key_value().filter(|(oldest, _)| **oldest + OPEN_SECONDS <= second) {
            self.close(oldest);
        }
    }

    /// Notes what the server used in a second.
    pub fn note_server(&mut self, second: u64, now: ServerNow) {
        self.servers.insert(second, now);
    }

    /// Returns a second's figures as they are now.
    pub fn second(&self, second: u64) -> Second {
        let empty = Second {
            at: float(second + 1),
            per_second: 0.0,
            p50_ms: 0.0,
            p99_ms: 0.0,
            errors: 0,
            server_cores: 0.0,
            server_rss_mib: 0.0,
        };
        let counted = self.open.get(&second).map(|slice| Second {
            per_second: float(slice.completed),
            p50_ms: quantile(&slice.latencies, 0.5),
            p99_ms: quantile(&slice.latencies, 0.99),
            errors: slice.errors,
            ..empty
        });
        let figures = counted.or_else(|| self.closed.get(&second).copied()).unwrap_or(empty);
        let server = self.servers.get(&second).copied().unwrap_or(ServerNow { cores: 0.0, rss_mib: 0.0 });
        Second { server_cores: server.cores, server_rss_mib: server.rss_mib, ..figures }
    }

    fn close(&mut self, second: u64) {
        let figures = self.second(second);
        self.open.remove(&second);
        self.closed.insert(second, figures);
    }

    /// Returns every second of a measured time; what there is of a last one is scaled to a whole one.
    pub fn seconds(&self, measured: f64) -> Vec<Second> {
        let mut seconds = Vec::new();
        for second in 0.. {
            let begins = float(second);
            let length = (measured - begins).min(1.0);
            // A sliver at the end is no second; its operations are in the totals.
            if length < 0.1 && second > 0 || length <= 0.0 {
                break;
            }
            let figures = self.second(second);
            seconds.push(Second { at: begins + length, per_second: figures.per_second / length, ..figures });
        }
        seconds
    }

    /// Returns how long operations took; none if nothing was timed.
    pub fn latency(&self) -> Option<Latency> {
        let latencies = &self.latencies;
        (!latencies.is_empty()).then(|| Latency {
            mean: latencies.mean() / US_PER_MS,
            p50: quantile(latencies, 0.5),
            p90: quantile(latencies, 0.9),
            p99: quantile(latencies, 0.99),
            p999: quantile(latencies, 0.999),
            max: float(latencies.max()) / US_PER_MS,
        })
    }
}

fn quantile(latencies: &Histogram<u64>, share: f64) -> f64 {
    if latencies.is_empty() { 0.0 } else { float(latencies.value_at_quantile(share).min(latencies.max())) / US_PER_MS }
}

#[expect(clippy::cast_precision_loss, reason = "no run counts to 2^53")]
pub(super) fn float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slice(second: Option<u64>, latencies_us: &[u64]) -> Slice {
        let mut slice = Slice { second, completed: latencies_us.len() as u64, errors: 0, latencies: histogram() };
        latencies_us.iter().for_each(|latency| slice.latencies.saturating_record(*latency));
        slice
    }

    #[test]
    fn threads_add_up_and_stragglers_belong_to_no_second() {
        let mut timeline = Timeline::new();
        timeline.add(slice(Some(0), &[1000, 2000]));
        timeline.add(slice(Some(0), &[3000]));
        timeline.add(slice(None, &[9000]));
        assert_eq!((timeline.completed, timeline.in_time), (4, 3));
        let seconds = timeline.seconds(1.0);
        assert_eq!(seconds.len(), 1);
        assert_eq!((seconds[0].at, seconds[0].per_second, seconds[0].p50_ms.round()), (1.0, 3.0, 2.0));
        assert_eq!(timeline.latency().map(|latency| latency.max.round()), Some(9.0));
    }

    #[test]
    fn a_part_of_a_second_is_scaled_and_an_empty_second_is_shown() {
        let mut timeline = Timeline::new();
        timeline.add(slice(Some(2), &[1000]));
        let seconds = timeline.seconds(2.5);
        let rates: Vec<(f64, f64)> = seconds.iter().map(|second| (second.at, second.per_second)).collect();
        assert_eq!(rates, [(1.0, 0.0), (2.0, 0.0), (2.5, 2.0)]);
    }

    #[test]
    fn old_seconds_keep_their_figures_and_still_count_what_comes_late() {
        let mut timeline = Timeline::new();
        timeline.add(slice(Some(0), &[1000]));
        timeline.add(slice(Some(OPEN_SECONDS), &[1000]));
        assert!(timeline.open.len() == 1 && timeline.closed.len() == 1);
        timeline.add(slice(Some(0), &[5000]));
        assert_eq!(timeline.second(0).per_second, 2.0);
    }
}
