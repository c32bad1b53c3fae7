//! The table of `ops`: `/health`, `/ready`, `/metrics`.

use std::sync::Arc;
use std::time::Instant;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use hubbub_actors::kit::metrics::CONTENT_TYPE;
use hubbub_protocol::contract::{Access, Envelope, Method, SocketError, System};
use hubbub_protocol::fault::Fault;
use serde_json::json;

use super::metrics::Scrapes;
use super::readiness::{Readiness, Stage};
use crate::edge::refusal;
use crate::edge::{Edge, Endpoints, Mounted, Outcome};

/// `ops` as a system: a plain envelope, no sockets.
#[derive(Debug, Clone, Copy)]
pub struct OpsSystem;

impl System for OpsSystem {
    const NAME: &'static str = "ops";

    fn envelope(fault: &Fault, _: &str) -> Envelope {
        Envelope { status: fault.kind.status(), body: json!({ "error": fault.message }) }
    }

    fn socket_error(fault: &Fault, _: &str) -> SocketError {
        SocketError { event: "error", payload: json!({ "error": fault.message }) }
    }
}

/// What the routes show.
pub struct Ops {
    /// The stage of the process.
    pub readiness: Readiness,
    /// Where a scrape comes from.
    pub scrapes: Scrapes,
    /// When the process started.
    pub started: Instant,
}

/// Returns the table.
#[must_use]
pub fn table(edge: Edge, ops: Arc<Ops>) -> Mounted<OpsSystem> {
    let (health, ready, metrics) = (Arc::clone(&ops), Arc::clone(&ops), ops);
    Endpoints::new(edge)
        .route(Method::Get, "/health", None, Access::Open, move |_| answer(health.health()))
        .route(Method::Get, "/ready", None, Access::Open, move |_| answer(ready.ready()))
        .route(Method::Get, "/metrics", None, Access::Open, move |_| answer(metrics.metrics()))
        .build()
}

async fn answer(outcome: Outcome) -> Outcome {
    outcome
}

impl Ops {
    /// Says that the process is alive: it answers.
    fn health(&self) -> Outcome {
        let uptime = self.started.elapsed().as_secs();
        let body = json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION"), "uptimeSeconds": uptime });
        refusal::success::<OpsSystem>(200, &body)
    }

    /// Says whether clients should come: a load balancer takes the process out otherwise.
    fn ready(&self) -> Outcome {
        let stage = self.readiness.stage();
        let status = if stage == Stage::Ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        refusal::success::<OpsSystem>(status.as_u16(), &json!({ "status": stage.as_str() }))
    }

    fn metrics(&self) -> Outcome {
        Ok(HttpResponse::Ok().content_type(CONTENT_TYPE).body(self.scrapes.render()))
    }
}
