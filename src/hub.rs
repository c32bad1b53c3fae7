//! Starting and stopping everything: the store, the actors, every system's port.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_server::ServerHandle;
use hubbub_actors::kit::blobs::s3::WrongSettings;
use hubbub_actors::kit::blobs::{BlobStore, LocalBlobs, PartUrls, S3Blobs};
use hubbub_actors::kit::deps::Deps;
use hubbub_actors::kit::outbox::OutboxPolicy;
use hubbub_actors::kit::secrets::{Secrets, SecretsError};
use hubbub_actors::kit::snapshot::sled::SledStore;
use hubbub_actors::kit::snapshot::{SnapshotStore, StoreError};
use hubbub_protocol::contract::System;
use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::Quiz;
use hubbub_protocol::wire::limits::Limits;

use crate::config::{BLOBS_URL_SECRET, BlobsKind, Config, Largest};
use crate::edge::address::TrustedProxies;
use crate::edge::origin::OriginPolicy;
use crate::edge::{Edge, Traffic};
use crate::fleet;
use crate::lab;
use crate::listen::{self, BindError, Listener, Site};
use crate::ops::{self, Backlog, Commits, Readiness, Scrape, Scrapes, SystemScrape, Text};
use crate::quiz;
use crate::realtime::capacity::Capacity;
use crate::realtime::reaper::Reaper;
use crate::realtime::service::{Layer, Service, Sessions, Timing};

/// How long clients may take to notice that the hub is stopping.
const DRAIN: Duration = Duration::from_secs(10);

/// Who keeps files in the common store, and what their keys begin with; the fleet's are the document's, and begin with anything else.
const FILES_OF: [(&str, &str); 1] = [(Quiz::NAME, hubbub_actors::quiz::FILES)];

/// What all systems are built from.
pub struct Parts {
    /// The configuration in force.
    pub config: Config,
    /// The actors' world.
    pub deps: Deps,
    /// Keys that were configured or generated.
    pub secrets: Secrets,
    /// Places for connections.
    pub capacity: Arc<Capacity>,
    /// The connections' clock.
    pub reaper: Arc<Reaper>,
    /// Where files are kept.
    pub blobs: Arc<dyn BlobStore>,
    /// Where requests and events are counted.
    pub traffic: Traffic,
}

/// Why the hub does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory cannot be used.
    #[error("cannot use the data directory {path}: {source}; set `data_dir` to a directory that hubbub may write")]
    DataDir {
        /// The directory.
        path: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The file of secrets cannot be used.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// The store cannot be opened or read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The directory of files cannot be used.
    #[error("cannot use the directory of files {path}: {source}")]
    Blobs {
        /// The directory.
        path: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The bucket of files cannot be used.
    #[error("cannot use the bucket of files: {0}; see the keys `blobs.*`")]
    Bucket(#[from] WrongSettings),
    /// An actor that a system cannot do without does not come up.
    #[error("cannot start: {0}")]
    Actor(Fault),
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
    parts: Parts,
    services: Vec<Arc<Service>>,
    readiness: Readiness,
    store: Arc<SledStore>,
    server: ServerHandle,
}

impl Parts {
    /// Takes a system's port.
    ///
    /// # Errors
    /// The address and the key to change.
    pub fn listen(&self, system: &'static str, port: u16) -> Result<Listener, BindError> {
        Listener::bind(system, self.config.bind, port)
    }

    /// Returns what the keys of files in the common store begin with that belong to systems other than `own`.
    #[must_use]
    pub fn foreign_blobs(&self, own: &str) -> Vec<&'static str> {
        FILES_OF.iter().filter(|(system, _)| *system != own).map(|(_, prefix)| *prefix).collect()
    }

    /// Returns what signs the addresses that parts of local files are sent to, and verifies them.
    #[must_use]
    pub fn part_urls(&self) -> Option<PartUrls> {
        part_urls(&self.secrets)
    }

    /// Returns a Socket.IO server of one system at `path`.
    #[must_use]
    pub fn service(
        &self,
        system: &'static str,
        path: &'static str,
        largest: Largest,
        origins: &[String],
        layer: Layer,
    ) -> Arc<Service> {
        let realtime = &self.config.realtime;
        let outbox = OutboxPolicy::new(realtime.outbox_bytes_for(largest), realtime.outbox_packets);
        Arc::new(Service {
            system,
            path,
            timing: Timing {
                ping_interval_ms: realtime.ping_interval_ms,
                ping_timeout_ms: realtime.ping_timeout_ms,
                connect_timeout_ms: realtime.connect_timeout_ms,
                upgrade_timeout_ms: realtime.upgrade_timeout_ms,
            },
            limits: Limits::new(largest.received),
            origins: OriginPolicy::new(origins, self.config.bind),
            proxies: TrustedProxies::new(self.config.trusted_proxies.clone()),
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
    make_data_dir(&config)?;
    allow_many_connections(config.realtime.max_connections);
    let commits = Commits::default();
    let store = Arc::new(SledStore::open_dir_observed(&config.store_dir(), commits.observer())?);
    let snapshots: Arc<dyn SnapshotStore> = Arc::clone(&store) as Arc<dyn SnapshotStore>;
    let deps = Deps::builder().snapshots(snapshots).idle_after(config.fleet.idle_after).start_arbiters(workers).build();
    let secrets = config.open_secrets(deps.random())?;
    let blobs = open_blobs(&config, &deps, &secrets)?;
    let capacity = Capacity::new(config.realtime.max_connections, config.realtime.max_connections_per_address);
    let max_http = config.realtime.max_connections.max(1024);
    let (reaper, traffic) = (Reaper::new(), Traffic::default());
    let parts = Parts { config, deps, secrets, capacity, reaper, blobs, traffic };
    let readiness = Readiness::default();
    let systems = systems(&parts)?;
    let services: Vec<_> = systems.iter().flat_map(|(site, _)| site.services.clone()).collect();
    let (mut sites, scrapes): (Vec<_>, Vec<_>) = systems.into_iter().unzip();
    if parts.config.ops.enabled {
        let store = Arc::clone(&store);
        sites.push(ops_site(&parts, scrapes, &readiness, commits, Box::new(move || store.backlog()))?);
    }
    let addresses = sites.iter().map(|site| (site.listener.system, site.listener.address)).collect();
    let server = listen::serve(sites, workers, max_http)?;
    let handle = server.handle();
    actix_rt::spawn(server);
    actix_rt::spawn(Arc::clone(&parts.reaper).run());
    readiness.ready();
    Ok(Running { addresses, parts, services, readiness, store, server: handle })
}

fn make_data_dir(config: &Config) -> Result<(), StartError> {
    let path = &config.data_dir;
    std::fs::create_dir_all(path).map_err(|source| StartError::DataDir { path: path.display().to_string(), source })
}

/// Opens the one store of files, for all systems.
fn open_blobs(config: &Config, deps: &Deps, secrets: &Secrets) -> Result<Arc<dyn BlobStore>, StartError> {
    if config.blobs.kind == BlobsKind::S3 {
        return Ok(Arc::new(S3Blobs::new(&config.blobs.bucket_settings())?));
    }
    let path = config.blobs_dir();
    let open = || {
        let blobs = LocalBlobs::open(&path, Arc::clone(deps.clock()))?;
        let blobs = match config.blobs.quota_bytes {
            0 => blobs,
            quota_bytes => blobs.with_quota(quota_bytes)?,
        };
        Ok(match part_urls(secrets) {
            Some(urls) => blobs.with_urls(urls),
            None => blobs,
        })
    };
    match open() {
        Ok(blobs) => Ok(Arc::new(blobs)),
        Err(source) => Err(StartError::Blobs { path: path.display().to_string(), source }),
    }
}

fn part_urls(secrets: &Secrets) -> Option<PartUrls> {
    secrets.get(BLOBS_URL_SECRET).map(|secret| PartUrls::new(secret.as_bytes()))
}

/// Raises the limit of open files to what the connections need, as far as the operating system lets us.
fn allow_many_connections(max_connections: usize) {
    let wanted = u64::try_from(max_connections).unwrap_or(u64::MAX).saturating_add(1024);
    if let Ok(reached) = rlimit::increase_nofile_limit(wanted)
        && reached < wanted
    {
        tracing::warn!(
            "the limit of open files is {reached}: fewer than `realtime.max_connections` = {max_connections} will fit"
        );
    }
}

/// A system's port, and its share of a scrape.
type Served = (Site, Arc<dyn Scrape>);

/// Returns every system that is switched on.
fn systems(parts: &Parts) -> Result<Vec<Served>, StartError> {
    let mut systems: Vec<Served> = Vec::new();
    let mut add = |site: Site, text: Text| {
        let scrape = SystemScrape::new(site.listener.system, site.services.clone(), text);
        systems.push((site, Arc::new(scrape)));
    };
    if parts.config.fleet.enabled {
        let (site, monitor) = fleet::site(parts)?;
        add(site, Box::new(move || monitor.common_text()));
    }
    if parts.config.quiz.enabled {
        add(quiz::site(parts)?, Box::new(String::new));
    }
    if parts.config.lab.enabled {
        add(lab::site(parts)?, Box::new(String::new));
    }
    Ok(systems)
}

fn ops_site(
    parts: &Parts,
    systems: Vec<Arc<dyn Scrape>>,
    readiness: &Readiness,
    commits: Commits,
    backlog: Backlog,
) -> Result<Site, BindError> {
    let scrapes = Scrapes { systems, deps: parts.deps.clone(), traffic: parts.traffic.clone(), commits, backlog };
    let ops = ops::Ops { readiness: readiness.clone(), scrapes, started: Instant::now() };
    let mut edge = Edge::new(parts.deps.clone());
    edge.origins = OriginPolicy::new(&[], parts.config.bind);
    let table = Arc::new(ops::table(edge, Arc::new(ops)));
    let listener = parts.listen("ops", parts.config.ops.port)?;
    Ok(Site { listener, services: Vec::new(), routes: Arc::new(move |config| table.configure(config)) })
}

impl Running {
    /// Returns the actors' world, for a program that has more to do with them than to serve them.
    #[must_use]
    pub fn deps(&self) -> &Deps {
        &self.parts.deps
    }

    /// Stops in order: no new connections, clients told, actors saved, store synced.
    pub async fn stop(self) {
        self.readiness.stopping();
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
        self.store.close();
    }
}
