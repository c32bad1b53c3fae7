//! Puts the fleet together: its actors' wiring, its namespace, its routes, its port.

use std::sync::Arc;

use actix_web::web::ServiceConfig;
use hubbub_actors::fleet::auth::Enrolment;
use hubbub_actors::fleet::uploads::{Files, spool, upkeep};
use hubbub_actors::fleet::{Wiring, qa_metrics};
use hubbub_actors::kit::emit::Emitter;
use hubbub_actors::kit::ids;
use hubbub_actors::kit::recovery::Journal;
use hubbub_actors::kit::tokens::Tokens;
use hubbub_protocol::contract::System;
use hubbub_protocol::fleet::Fleet;

use super::access::DeviceTokens;
use super::metrics::{FleetMetrics, Sent};
use super::monitoring::Monitor;
use super::reports::{ReportMetrics, reports};
use super::sockets::FleetHooks;
use super::store::Store;
use super::{endpoints, events};
use crate::config::{ADMIN_API_KEY, EnrolmentSecrets, JWT_SECRET, Largest, Secret};
use crate::edge::access::Gate;
use crate::edge::{AdminKey, Edge, OriginPolicy, Throttle, TrustedProxies};
use crate::hub::Parts;
use crate::listen::{BindError, Site};
use crate::realtime::namespace::Namespace;
use crate::realtime::polling;
use crate::realtime::service::Layer;

/// Returns what the fleet's port serves, and the monitor for the common scrape. Needs a running actix system.
///
/// # Errors
/// The port is taken.
pub fn site(parts: &Parts) -> Result<(Site, Arc<Monitor>), BindError> {
    let listener = parts.listen(Fleet::NAME, parts.config.fleet.port)?;
    let (config, deps, metrics) = (&parts.config.fleet, &parts.deps, FleetMetrics::new());
    let journal = config.recovery.then(|| Journal::new(Arc::clone(deps.clock()), ids::alphanumeric_lower(deps.random(), 8)));
    let emitter = Emitter::new("/", Some(Box::new(Sent(Arc::clone(&metrics)))), journal);
    deps.insert(Wiring {
        emitter: emitter.clone(),
        metrics: metrics.for_actors(),
        tokens: Tokens::new(Fleet::NAME, parts.secrets.get(JWT_SECRET).unwrap_or_default().as_bytes()),
        enrolment: enrolment(&config.enrolment),
        lock_grace_ms: i64::try_from(config.lock_grace.as_millis()).unwrap_or(i64::MAX),
        files: Files {
            blobs: Arc::clone(&parts.blobs),
            bucket: parts.config.blobs.bucket.clone(),
            public_url: listener.public_url(config.public_url.as_deref()),
        },
    });
    deps.insert(Store { blobs: Arc::clone(&parts.blobs), urls: parts.part_urls() });
    actix_rt::spawn(upkeep::look_after(deps.clone()));
    actix_rt::spawn(spool::look_after(deps.clone()));
    let report_metrics = ReportMetrics::default();
    deps.insert(reports(parts, &report_metrics));
    deps.insert(report_metrics);
    qa_metrics::wake(deps);
    let monitor = Monitor::new(deps.clone(), Arc::clone(&metrics));
    actix_rt::spawn(Arc::clone(&monitor).run());

    let hooks = Box::new(FleetHooks::new(deps.clone(), Arc::clone(&metrics)));
    let namespace = Namespace::new("/", emitter, hooks, parts.config.limits_scale).events(events(deps.clone()));
    let layer = Layer::SocketIo(vec![Arc::new(namespace)]);
    let service =
        parts.service(Fleet::NAME, "/socket.io", Largest::received(config.max_payload_bytes), &config.cors_origins, layer);
    let table = endpoints(edge(parts, metrics), &monitor);
    let mounted = Arc::clone(&service);
    let routes = move |config: &mut ServiceConfig| {
        polling::mount(config, Arc::clone(&mounted));
        table.configure(config);
    };
    Ok((Site { listener, services: vec![service], routes: Arc::new(routes) }, monitor))
}

fn edge(parts: &Parts, metrics: Arc<FleetMetrics>) -> Edge {
    let config = &parts.config.fleet;
    Edge {
        origins: OriginPolicy::new(&config.cors_origins, parts.config.bind),
        proxies: TrustedProxies::new(parts.config.trusted_proxies.clone()),
        gate: Gate {
            admin_key: parts.secrets.get(ADMIN_API_KEY).and_then(AdminKey::new),
            tokens: Some(Arc::new(DeviceTokens(parts.deps.clone()))),
            require_auth: config.requires_auth(),
        },
        throttle: Throttle::new(parts.config.limits_scale),
        observer: metrics,
        ..Edge::new(parts.deps.clone())
    }
}

fn enrolment(secrets: &EnrolmentSecrets) -> Enrolment {
    let text = |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.expose().to_owned());
    Enrolment {
        common: text(&secrets.common),
        headset: text(&secrets.headset),
        tablet: text(&secrets.tablet),
        dashboard: text(&secrets.dashboard),
    }
}
