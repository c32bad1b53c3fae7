//! The store's rounds of commits: how many snapshots each wrote, how long it took, whether it worked.

use std::sync::Arc;

use hubbub_actors::kit::metrics::MetricSet;
use hubbub_actors::kit::snapshot::committer::{OnRound, Round};

/// Seconds.
const LATENCY_BUCKETS: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];
/// Snapshots.
const BATCH_BUCKETS: &[f64] = &[1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0];

/// The metrics of the one store that all systems share.
#[derive(Clone, Default)]
pub struct Commits(Arc<MetricSet>);

impl Commits {
    /// Returns what the store calls after every round.
    #[must_use]
    pub fn observer(&self) -> OnRound {
        let set = &self.0;
        let labels = [("system", "all")];
        let batch = set.histogram("hubbub_commit_batch_size", "Snapshots written in one round", BATCH_BUCKETS, &labels);
        let latency = set.histogram("hubbub_commit_seconds", "From taking up a round to its sync", LATENCY_BUCKETS, &labels);
        let acks = set.counter("hubbub_commit_acks_total", "Acknowledged commitments", &labels);
        let failures = set.counter("hubbub_commit_failures_total", "Rounds that could not be written", &labels);
        Box::new(move |round: Round| {
            batch.record(f64::from(u32::try_from(round.snapshots).unwrap_or(u32::MAX)));
            latency.record(round.took.as_secs_f64());
            if round.is_ok {
                acks.increment(u64::try_from(round.acks).unwrap_or(u64::MAX));
            } else {
                failures.increment(1);
            }
        })
    }

    /// Renders them as Prometheus text.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.render()
    }
}
