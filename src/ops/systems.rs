//! What one system adds to a scrape: its own text, and its share of the `hubbub_*` families.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hubbub_actors::kit::metrics::{Family, MetricKind};

use super::metrics::Scrape;
use crate::realtime::service::{Layer, Service};

/// A system's documented metrics as Prometheus text.
pub type Text = Box<dyn Fn() -> String + Send + Sync>;

/// The scrape of a system that serves sockets.
pub struct SystemScrape {
    system: &'static str,
    services: Vec<Arc<Service>>,
    text: Text,
}

impl SystemScrape {
    /// Returns the scrape of `system`, whose own metrics are `text`.
    #[must_use]
    pub fn new(system: &'static str, services: Vec<Arc<Service>>, text: Text) -> Self {
        Self { system, services, text }
    }

    fn labels(&self, more: Option<(&'static str, &str)>) -> Vec<(&'static str, String)> {
        let own = ("system", self.system.to_owned());
        std::iter::once(own).chain(more.map(|(name, value)| (name, value.to_owned()))).collect()
    }

    fn sum(&self, count: impl Fn(&Service) -> u64) -> f64 {
        float(self.services.iter().map(|service| count(service)).sum())
    }

    fn outboxes(&self, counter: impl Fn(&Service) -> &AtomicU64) -> f64 {
        self.sum(|service| counter(service).load(Ordering::Relaxed))
    }
}

impl Scrape for SystemScrape {
    fn text(&self) -> String {
        (self.text)()
    }

    fn families(&self) -> Vec<Family> {
        if self.services.is_empty() {
            return Vec::new();
        }
        let polling = self.sum(|service| whole(service.sessions.count().0));
        let websocket = self.sum(|service| whole(service.sessions.count().1));
        let family = |name, help, kind, samples| Family { name, help, kind, samples };
        let single = |name, help, kind, value| family(name, help, kind, vec![(self.labels(None), value)]);
        let connections =
            [("polling", polling), ("websocket", websocket)].map(|(name, value)| (self.labels(Some(("transport", name))), value));
        vec![
            family("hubbub_connections", "Realtime connections", MetricKind::Gauge, connections.to_vec()),
            single("hubbub_rooms", "Rooms with at least one socket", MetricKind::Gauge, self.sum(rooms)),
            single(
                "hubbub_outbox_dropped_total",
                "Values of the latest lane that a newer one replaced",
                MetricKind::Counter,
                self.outboxes(|service| &service.outbox.dropped),
            ),
            single(
                "hubbub_slow_evicted_total",
                "Connections closed because they read too slowly",
                MetricKind::Counter,
                self.outboxes(|service| &service.outbox.evicted),
            ),
        ]
    }
}

fn rooms(service: &Service) -> u64 {
    match &service.layer {
        Layer::SocketIo(namespaces) => namespaces.iter().map(|namespace| whole(namespace.emitter.rooms())).sum(),
        Layer::Echo => 0,
    }
}

fn whole(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "a metric's value is a float")]
fn float(count: u64) -> f64 {
    count as f64
}
