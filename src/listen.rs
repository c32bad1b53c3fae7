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
    /// The system's name.
    pub system: &'static str,
    /// The configuration key of its port.
    pub key: &'static str,
    /// The port; 0 takes any free one.
    pub port: u16,
    /// Its Socket.IO servers.
    pub services: Vec<Arc<Service>>,
    /// Mounts its routes.
    pub routes: Arc<dyn Fn(&mut ServiceConfig) + Send + Sync>,
}

/// A port that is taken but not yet served.
pub struct Bound {
    /// What it will serve.
    pub site: Site,
    /// Where it listens.
    pub address: SocketAddr,
    listener: TcpListener,
}

/// A port could not be taken.
#[derive(Debug, thiserror::Error)]
#[error("{system} cannot listen on {address}: {source}; set `{key}` to another port, or 0 for any free one")]
pub struct BindError {
    /// The system.
    pub system: &'static str,
    /// The address that was tried.
    pub address: SocketAddr,
    /// The configuration key of the port.
    pub key: &'static str,
    /// What the operating system said.
    pub source: std::io::Error,
}

/// Takes a site's port.
///
/// # Errors
/// The address and the key to change.
pub fn bind(site: Site, host: IpAddr) -> Result<Bound, BindError> {
    let address = SocketAddr::new(host, site.port);
    let (system, key) = (site.system, site.key);
    match listen(address) {
        Ok((listener, address)) => Ok(Bound { site, address, listener }),
        Err(source) => Err(BindError { system, address, key, source }),
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
pub fn serve(sites: Vec<Bound>, workers: usize, max_http_connections: usize) -> std::io::Result<Server> {
    let mut builder = ServerBuilder::new()
        .workers(workers)
        .max_concurrent_connections(max_http_connections)
        .disable_signals()
        .shutdown_timeout(5);
    for bound in sites {
        builder = add(builder, bound)?;
    }
    Ok(builder.run())
}

fn add(builder: ServerBuilder, bound: Bound) -> std::io::Result<ServerBuilder> {
    let Bound { site, listener, .. } = bound;
    let stopping = builder.graceful_shutdown_signal();
    builder.listen(site.system, listener, move || {
        let routes = Arc::clone(&site.routes);
        let services: Arc<[Arc<Service>]> = site.services.clone().into();
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
