//! Starting and stopping everything: the store, the actors, every system's port.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_server::ServerHandle;
use hubbub_actors::kit::deps::Deps;
use hubbub_actors::kit::outbox::OutboxPolicy;
use hubbub_protocol::wire::limits::Limits;

use crate::config::Config;
use crate::edge::origin::OriginPolicy;
use crate::lab;
use crate::listen::{self, BindError, Site};
use crate::realtime::capacity::Capacity;
use crate::realtime::reaper::Reaper;
use crate::realtime::service::{Layer, Service, Sessions, Timing};

/// How long clients may take to notice that the hub is stopping.
const DRAIN: Duration = Duration::from_secs(10);

/// What all systems are built from.
pub struct Parts {
    /// The configuration in force.
    pub config: Config,
    /// The actors' world.
    pub deps: Deps,
    /// Places for connections.
    pub capacity: Arc<Capacity>,
    /// The connections' clock.
    pub reaper: Arc<Reaper>,
}

/// Why the hub does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A port cannot be taken.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The operating system refused something else.
    #[error("cannot serve: {0}")]
    Serve(#[from] std::io::Error),
}

/// A hub that serves.
pub struct Running {
    /// Where each system listens.
    pub addresses: Vec<(&'static str, SocketAddr)>,
    parts: Arc<Parts>,
    services: Vec<Arc<Service>>,
    server: ServerHandle,
}

impl Parts {
    /// Returns a Socket.IO server of one system at `path`.
    #[must_use]
    pub fn service(
        &self,
        system: &'static str,
        path: &'static str,
        max_payload_bytes: usize,
        origins: &[String],
        layer: Layer,
    ) -> Arc<Service> {
        let realtime = &self.config.realtime;
        let outbox = OutboxPolicy::new(realtime.outbox_bytes_for(max_payload_bytes), realtime.outbox_packets);
        Arc::new(Service {
            system,
            path,
            timing: Timing {
                ping_interval_ms: realtime.ping_interval_ms,
                ping_timeout_ms: realtime.ping_timeout_ms,
                connect_timeout_ms: realtime.connect_timeout_ms,
                upgrade_timeout_ms: realtime.upgrade_timeout_ms,
            },
            limits: Limits::new(max_payload_bytes),
            origins: OriginPolicy::new(origins, self.config.bind),
            outbox: Arc::new(outbox),
            layer,
            capacity: Arc::clone(&self.capacity),
            reaper: Arc::clone(&self.reaper),
            deps: self.deps.clone(),
            sessions: Sessions::default(),
        })
    }
}

/// Starts a hub within the running actix system.
///
/// # Errors
/// What keeps it from serving, with the configuration key to change.
pub async fn start(config: Config) -> Result<Running, StartError> {
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    let deps = Deps::builder().start_arbiters(workers).build();
    let capacity = Capacity::new(config.realtime.max_connections, config.realtime.max_connections_per_address);
    let reaper = Reaper::new();
    let max_http = config.realtime.max_connections.max(1024);
    let parts = Arc::new(Parts { config, deps, capacity, reaper });
    let sites = sites(&parts);
    let services = sites.iter().flat_map(|site| site.services.clone()).collect();
    let bound = sites.into_iter().map(|site| listen::bind(site, parts.config.bind)).collect::<Result<Vec<_>, _>>()?;
    let addresses = bound.iter().map(|bound| (bound.site.system, bound.address)).collect();
    let server = listen::serve(bound, workers, max_http)?;
    let handle = server.handle();
    actix_rt::spawn(server);
    actix_rt::spawn(Arc::clone(&parts.reaper).run());
    Ok(Running { addresses, parts, services, server: handle })
}

fn sites(parts: &Parts) -> Vec<Site> {
    let mut sites = Vec::new();
    if parts.config.lab.enabled {
        sites.push(lab::site(parts));
    }
    sites
}

impl Running {
    /// Stops in order: no new connections, clients told, actors saved, store synced.
    pub async fn stop(self) {
        for service in &self.services {
            service.sessions.drain();
        }
        let drained = async {
            while self.parts.capacity.taken() > 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let _ = tokio::time::timeout(DRAIN, drained).await;
        self.server.stop(true).await;
        self.parts.deps.stop_all().await;
    }
}
