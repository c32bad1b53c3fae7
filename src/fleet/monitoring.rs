//! `/test`, `/health` and `/metrics`, and what they are made of.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::HttpResponse;
use hubbub_actors::fleet::roster::state::Gauges;
use hubbub_actors::fleet::{Wiring, rooms, roster};
use hubbub_actors::kit::ask::Ask;
use hubbub_actors::kit::deps::Deps;
use hubbub_protocol::fault::Fault;
use hubbub_protocol::fleet::health::{Health, HealthReply, MemoryUsage, Metrics, Test, TestReply};
use parking_lot::Mutex;

use super::lag::Lag;
use super::metrics::FleetMetrics;
use super::reports::ReportMetrics;
use crate::edge::Outcome;
use crate::process::Process;

/// How often histograms are tidied and the gauges of the common scrape are read.
const UPKEEP: Duration = Duration::from_secs(1);

/// Watches the fleet for whoever scrapes it.
pub struct Monitor {
    deps: Deps,
    metrics: Arc<FleetMetrics>,
    lag: Lag,
    started: Instant,
    gauges: Mutex<Gauges>,
}

impl Monitor {
    /// Returns a monitor of the fleet in `deps`.
    #[must_use]
    pub fn new(deps: Deps, metrics: Arc<FleetMetrics>) -> Arc<Self> {
        Arc::new(Self { deps, metrics, lag: Lag::default(), started: Instant::now(), gauges: Mutex::default() })
    }

    /// Watches until the process ends.
    pub async fn run(self: Arc<Self>) {
        let upkeep = async {
            loop {
                tokio::time::sleep(UPKEEP).await;
                self.metrics.run_upkeep();
                self.read_gauges().await;
            }
        };
        futures_util::future::join(upkeep, self.lag.run()).await;
    }

    /// Asks the roster for fresh numbers; while it is down, the last ones stand.
    async fn read_gauges(&self) {
        let Ok(roster) = roster::of(&self.deps) else { return };
        if let Ok(Ok(gauges)) = roster.send(roster::ReadGauges).await {
            *self.gauges.lock() = gauges;
        }
    }

    /// Renders a scrape from the gauges that were read last.
    #[must_use]
    pub fn text(&self) -> String {
        let subscribers = Wiring::of(&self.deps).emitter.members(&rooms::dashboards());
        self.metrics.render(&self.gauges.lock(), subscribers, self.lag.figures())
    }

    /// Renders what the common scrape shows: also what the document has no metrics for.
    #[must_use]
    pub fn common_text(&self) -> String {
        let reports = self.deps.try_extension::<ReportMetrics>().map(|reports| reports.text());
        self.text() + &reports.unwrap_or_default()
    }
}

/// Answers `GET /test`.
///
/// # Errors
/// None.
pub async fn test(deps: Deps, _: Ask<Test>) -> Result<TestReply, Fault> {
    Ok(TestReply::at(deps.now().iso()))
}

/// Answers `GET /health`.
///
/// # Errors
/// None.
pub async fn health(monitor: Arc<Monitor>, deps: Deps, _: Ask<Health>) -> Result<HealthReply, Fault> {
    let process = Process::read();
    // The allocator does not tell what it has mapped and what of that is in use: the data segment, and what of it is resident.
    let heap_used = process.heap_bytes.min(process.resident_bytes);
    let memory = MemoryUsage { rss: process.resident_bytes, heap_total: process.heap_bytes, heap_used, external: 0 };
    Ok(HealthReply::new(monitor.started.elapsed().as_secs_f64(), memory, deps.now().iso()))
}

/// Answers `GET /metrics` with fresh gauges.
///
/// # Errors
/// None.
pub async fn metrics(monitor: Arc<Monitor>) -> Outcome {
    monitor.read_gauges().await;
    Ok(HttpResponse::Ok().content_type(Metrics::CONTENT_TYPE).body(monitor.text()))
}
