//! Listeners: one set of workers serves every system's port.
//!
//! `HttpServer` would give each listener workers of its own and keeps `.upgrade()` to itself, so the layers below it are used.

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_http::HttpService;
use actix_server::{Server, ServerBuilder};
use actix_service::{fn_service, map_config};
use actix_web::App;
use actix_web::dev::AppConfig;
use actix_web::web::ServiceConfig;

use crate::realtime::service::Service;
use crate::realtime::websocket;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 4096;
/// How long a client may take to send a request's head.
const REQUEST_HEAD: Duration = Duration::from_secs(10);
/// How long a connection may stay open between two requests.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// What one port serves.
pub struct Site {
    /// Its port.
    pub listener: Listener,
    /// Its Socket.IO servers.
    pub services: Vec<Arc<Service>>,
    /// Mounts its routes.
    pub routes: Arc<dyn Fn(&mut ServiceConfig) + Send + Sync>,
}

/// A port that is taken but not yet served.
pub struct Listener {
    /// The system that it is for.
    pub system: &'static str,
    /// Where it listens.
    pub address: SocketAddr,
    socket: TcpListener,
}

/// A port could not be taken.
#[derive(Debug, thiserror::Error)]
#[error("{system} cannot listen on {address}: {source}; set `{system}.port` to another port, or 0 for any free one")]
pub struct BindError {
    /// The system.
    pub system: &'static str,
    /// The address that was tried.
    pub address: SocketAddr,
    /// What the operating system said.
    pub source: std::io::Error,
}

impl Listener {
    /// Takes a system's port; 0 takes any free one.
    ///
    /// # Errors
    /// The address and the key to change.
    pub fn bind(system: &'static str, host: IpAddr, port: u16) -> Result<Self, BindError> {
        let address = SocketAddr::new(host, port);
        let (socket, address) = listen(address).map_err(|source| BindError { system, address, source })?;
        Ok(Self { system, address, socket })
    }

    /// Returns what the addresses of things on this port begin with, without a slash at the end: what the operator says, or how a
    /// client on this machine reaches it.
    #[must_use]
    pub fn public_url(&self, configured: Option<&str>) -> String {
        match configured {
            Some(url) => url.to_owned(),
            None if self.address.ip().is_loopback() || self.address.ip().is_unspecified() => {
                format!("http://localhost:{}", self.address.port())
            }
            None => format!("http://{}", self.address),
        }
    }
}

fn listen(address: SocketAddr) -> std::io::Result<(TcpListener, SocketAddr)> {
    let socket =
        socket2::Socket::new(socket2::Domain::for_address(address), socket2::Type::STREAM, Some(socket2::Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    // Connections inherit it from their listener; set on each of them, it would cost a system call per connect.
    socket.set_tcp_nodelay(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    let listener = TcpListener::from(socket);
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Starts to serve all ports with `workers` threads; the caller polls the server and stops it through its handle.
///
/// # Errors
/// What the operating system said of a listener.
pub fn serve(sites: Vec<Site>, workers: usize, max_http_connections: usize) -> std::io::Result<Server> {
    let mut builder = ServerBuilder::new()
        .workers(workers)
        .max_concurrent_connections(max_http_connections)
        .disable_signals()
        .shutdown_timeout(5);
    for site in sites {
        builder = add(builder, site)?;
    }
    Ok(builder.run())
}

fn add(builder: ServerBuilder, site: Site) -> std::io::Result<ServerBuilder> {
    let Site { listener, services, routes } = site;
    let services: Arc<[Arc<Service>]> = services.into();
    let stopping = builder.graceful_shutdown_signal();
    builder.listen(listener.system, listener.socket, move || {
        let (routes, services) = (Arc::clone(&routes), Arc::clone(&services));
        let stopping = stopping.clone();
        let app = App::new().configure(move |config| routes(config));
        HttpService::build()
            .client_request_timeout(REQUEST_HEAD)
            .keep_alive(KEEP_ALIVE)
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .upgrade(fn_service(move |(request, framed)| {
                websocket::serve(&services, &request, framed);
                std::future::ready(Ok::<(), actix_web::Error>(()))
            }))
            .finish(map_config(app, |_| AppConfig::default()))
            .tcp()
    })
}
