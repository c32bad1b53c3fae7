//! What the reports are made from, and what the common scrape shows of their runs.
//!
//! The document has no metrics for them, so these do not stand on the fleet's own page.

use std::sync::Arc;

use hubbub_actors::fleet::qa_metrics::Progress;
use hubbub_actors::fleet::reports::Reports;
use hubbub_actors::kit::metrics::MetricSet;
use hubbub_protocol::contract::System;
use hubbub_protocol::fleet::Fleet;

use crate::hub::Parts;

/// The metrics of the reports: put into the [`Deps`](hubbub_actors::kit::deps::Deps) at start-up.
#[derive(Default)]
pub struct ReportMetrics(MetricSet);

impl ReportMetrics {
    /// Returns where the runs show how far they are.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let labels = [("system", Fleet::NAME)];
        Progress {
            found: self.0.gauge("hubbub_qa_run_sessions", "Sessions that the last run of the QA metrics has found", &labels),
            done: self.0.gauge("hubbub_qa_run_sessions_done", "Sessions that it has dealt with", &labels),
            read: self.0.counter("hubbub_qa_files_read_total", "Data files that were read for the QA metrics", &labels),
        }
    }

    /// Renders them as Prometheus text.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.render()
    }
}

/// Returns what the reports are made from.
#[must_use]
pub fn reports(parts: &Parts, metrics: &ReportMetrics) -> Reports {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    Reports {
        blobs: Arc::clone(&parts.blobs),
        foreign: parts.foreign_blobs(Fleet::NAME),
        directory: parts.config.qa_dir(),
        // One processor stays free of them, so that a run does not hold up the fleet.
        files_at_once: processors.saturating_sub(1).max(1),
        progress: metrics.progress(),
    }
}
