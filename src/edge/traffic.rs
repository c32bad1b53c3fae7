//! What a system that documents no metrics of its own is asked: how many requests and events, and how they went.

use std::sync::Arc;

use hubbub_actors::kit::metrics::MetricSet;

use super::observe::{Observer, Served};

/// Seconds.
const LATENCY_BUCKETS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// The metrics that such systems share, told apart by the label `system`.
#[derive(Clone, Default)]
pub struct Traffic(Arc<MetricSet>);

impl Traffic {
    /// Returns where one system counts.
    #[must_use]
    pub fn of(&self, system: &'static str) -> Arc<SystemTraffic> {
        Arc::new(SystemTraffic { set: Arc::clone(&self.0), system })
    }

    /// Renders all of them as Prometheus text.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.render()
    }
}

/// One system's share.
pub struct SystemTraffic {
    set: Arc<MetricSet>,
    system: &'static str,
}

impl SystemTraffic {
    /// Counts an event that was taken up, or refused because it was over its limit.
    pub fn event(&self, name: &'static str, is_accepted: bool) {
        let outcome = if is_accepted { "accepted" } else { "over_limit" };
        let labels = [("system", self.system), ("event", name), ("outcome", outcome)];
        self.set.counter("hubbub_events_total", "Events from clients", &labels).increment(1);
    }
}

impl Observer for SystemTraffic {
    fn served(&self, request: &Served<'_>) {
        let Served { method, route, status, elapsed } = *request;
        let status = status.to_string();
        let labels = [("system", self.system), ("method", method), ("route", route), ("status", status.as_str())];
        self.set.counter("hubbub_http_requests_total", "HTTP requests", &labels).increment(1);
        let labels = [("system", self.system), ("method", method), ("route", route)];
        let help = "From the first byte of the handler to its answer";
        self.set.histogram("hubbub_http_request_seconds", help, LATENCY_BUCKETS, &labels).record(elapsed.as_secs_f64());
    }
}
