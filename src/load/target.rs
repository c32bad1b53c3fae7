//! The server that is driven: its address, whether it may be driven, and where connections to it come from.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

use super::handshake;

/// Connections that come from one source address. The system has some 28,000 ports for each, and searches long for a free one
/// when most of them are in use.
const PER_SOURCE: usize = 4_000;
/// Source addresses of connections that come and go: each closed one occupies its port for a minute.
const CHURN_SOURCES: usize = 200;
/// As many source addresses as the last number of an address makes room for.
const MAX_SOURCES: usize = 250;
/// Every connection has a file; the program needs a few of its own.
const OTHER_FILES: u64 = 64;
/// How long the server may take to accept the first connection.
const PROBE_TIMEOUT: Duration = Duration::from_secs(3);

/// A server to drive.
#[derive(Debug, Clone)]
pub struct Target {
    url: String,
    address: SocketAddr,
    request: Vec<u8>,
    sources: usize,
    /// The middle of the source addresses' numbers. Each run has its own: a port that was used lately is not free yet.
    network: [u8; 2],
}

/// Whose server it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// One on this machine.
    Loopback,
    /// Any: the operator said that it is theirs.
    OwnHosts,
}

/// Why a server is not driven.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// The URL cannot be read.
    #[error("`{0}` is not a URL to drive: it must look like http://127.0.0.1:3000, without a path")]
    Url(String),
    /// The host has no address.
    #[error("cannot find the host of {url}: {source}")]
    Host {
        /// The URL as given.
        url: String,
        /// What the system says.
        source: io::Error,
    },
    /// It is another machine.
    #[error(
        "{0} is not on this machine. Load that hits a host by mistake is an attack on it: \
         pass --i-own-this-host if it is yours to drive"
    )]
    Foreign(String),
    /// More connections were asked for than may be open.
    #[error(
        "{connections} connections need {needed} open files, and this user may have {allowed}: \
         raise the hard limit (`ulimit -Hn`, or `LimitNOFILE=` of the unit), or ask for fewer"
    )]
    Files {
        /// What was asked for.
        connections: usize,
        /// What that takes.
        needed: u64,
        /// What there is.
        allowed: u64,
    },
}

impl Target {
    /// Reads a URL and finds its address.
    ///
    /// # Errors
    /// When it is no URL, or not one that may be driven.
    pub fn new(url: &str, reach: Reach) -> Result<Self, TargetError> {
        let (host, port) = authority(url).ok_or_else(|| TargetError::Url(url.to_owned()))?;
        let found = (host.as_str(), port).to_socket_addrs();
        let found = found.map_err(|source| TargetError::Host { url: url.to_owned(), source })?;
        let addresses: Vec<SocketAddr> = found.collect();
        // A name may have addresses of both families; servers here listen on IPv4 unless told otherwise.
        let best = addresses.iter().find(|address| address.is_ipv4()).or(addresses.first());
        let address = *best.ok_or_else(|| TargetError::Url(url.to_owned()))?;
        if !address.ip().is_loopback() && reach == Reach::Loopback {
            return Err(TargetError::Foreign(url.to_owned()));
        }
        let network = network_of(std::process::id());
        let host = url.trim_start_matches("http://").trim_end_matches('/');
        Ok(Self { url: url.trim_end_matches('/').to_owned(), address, request: handshake::request(host), sources: 1, network })
    }

    /// Returns its URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns its address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns its name and port, as the URL has them.
    #[must_use]
    pub fn host(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// Returns the request that opens a WebSocket.
    pub(super) fn request(&self) -> &[u8] {
        &self.request
    }

    /// Makes room for so many connections at once: open files, and source addresses that have a port for each.
    ///
    /// # Errors
    /// When the system does not allow so many open files.
    pub fn make_room(&mut self, connections: usize) -> Result<(), TargetError> {
        self.sources = self.sources.max(connections.div_ceil(PER_SOURCE));
        let needed = connections as u64 + OTHER_FILES;
        let allowed = open_files(needed);
        if allowed < needed { Err(TargetError::Files { connections, needed, allowed }) } else { Ok(()) }
    }

    /// Spreads connections that come and go over many source addresses.
    pub fn expect_churn(&mut self) {
        self.sources = self.sources.max(CHURN_SOURCES);
    }

    /// Asks whether somebody listens there.
    pub(super) fn probe(&self) -> io::Result<()> {
        TcpStream::connect_timeout(&self.address, PROBE_TIMEOUT).map(drop)
    }

    /// Begins to connect, from the source address whose turn it is.
    pub(super) fn dial(&self, turn: usize) -> io::Result<mio::net::TcpStream> {
        let socket = Socket::new(Domain::for_address(self.address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        if let Some(source) = self.source(turn) {
            socket.bind(&source.into())?;
        }
        match socket.connect(&self.address.into()) {
            Err(error) if error.raw_os_error() != Some(IN_PROGRESS) && error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => Ok(mio::net::TcpStream::from_std(socket.into())),
        }
    }

    /// Returns the address to come from, where one address is not enough: one of those of this machine, of which there are
    /// 16 million.
    fn source(&self, turn: usize) -> Option<SocketAddr> {
        let is_loopback = matches!(self.address.ip(), IpAddr::V4(ip) if ip.is_loopback());
        if self.sources == 1 || !is_loopback {
            return None;
        }
        let [second, third] = self.network;
        let fourth = u8::try_from(1 + turn % self.sources.min(MAX_SOURCES)).ok()?;
        Some(SocketAddr::from((Ipv4Addr::new(127, second, third, fourth), 0)))
    }
}

/// Returns the middle numbers of a process's source addresses; neither is 0, as that of everybody's 127.0.0.1.
fn network_of(process: u32) -> [u8; 2] {
    let number = |value: u32| u8::try_from(1 + value % 250).unwrap_or(1);
    [number(process), number(process / 250)]
}

/// Linux: the connection is being made.
const IN_PROGRESS: i32 = 115;

/// Splits `http://host:port` into host and port.
fn authority(url: &str) -> Option<(String, u16)> {
    let uri: actix_web::http::Uri = url.parse().ok()?;
    let is_plain = uri.scheme_str() == Some("http") && matches!(uri.path(), "" | "/") && uri.query().is_none();
    let host = uri.host()?;
    let port = match uri.authority()?.as_str().strip_prefix(host)? {
        "" => 80,
        rest => rest.strip_prefix(':')?.parse().ok()?,
    };
    is_plain.then(|| (host.trim_start_matches('[').trim_end_matches(']').to_owned(), port))
}

/// Raises the limit of open files if it is below `needed`, and returns what it is then.
fn open_files(needed: u64) -> u64 {
    match rlimit::getrlimit(rlimit::Resource::NOFILE) {
        Ok((soft, _)) if soft >= needed => soft,
        Ok((_, hard)) if hard >= needed => rlimit::increase_nofile_limit(needed).unwrap_or(hard),
        // Only a privileged user may raise the hard limit; for everybody else it stays.
        Ok((_, hard)) => rlimit::setrlimit(rlimit::Resource::NOFILE, needed, needed).map_or(hard, |()| needed),
        Err(_) => needed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(url: &str) -> String {
        Target::new(url, Reach::Loopback).expect_err(url).to_string()
    }

    #[test]
    fn only_a_plain_url_of_this_machine_is_driven() {
        for url in ["http://127.0.0.1:3000", "http://127.0.0.1:3000/", "http://[::1]:3000", "http://127.8.9.1"] {
            assert!(Target::new(url, Reach::Loopback).is_ok(), "{url}");
        }
        for url in ["127.0.0.1:3000", "https://127.0.0.1:3000", "http://127.0.0.1:3000/socket.io/", "http://127.0.0.1:99999", ""]
        {
            assert!(refusal(url).contains("must look like http://127.0.0.1:3000"), "{url}");
        }
    }

    #[test]
    fn another_machine_is_driven_only_when_it_is_said_to_be_ones_own() {
        assert!(refusal("http://192.0.2.1:3000").contains("--i-own-this-host"));
        assert!(Target::new("http://192.0.2.1:3000", Reach::OwnHosts).is_ok());
    }

    #[test]
    fn many_connections_come_from_several_addresses() {
        let mut target = Target::new("http://127.0.0.1:3000", Reach::Loopback).expect("fine");
        assert_eq!(target.source(5), None);
        (target.sources, target.network) = (3, network_of(1_000));
        let sources: Vec<String> = (0..4).filter_map(|turn| target.source(turn)).map(|source| source.to_string()).collect();
        assert_eq!(sources, ["127.1.5.1:0", "127.1.5.2:0", "127.1.5.3:0", "127.1.5.1:0"]);
        assert_ne!(network_of(1_000), network_of(1_001));
    }
}
