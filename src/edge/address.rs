//! Whose request it is: the peer, or the client behind a proxy that the configuration trusts.

use std::net::IpAddr;
use std::str::FromStr;

use actix_web::http::header::{self, HeaderMap};

/// A range of addresses: `10.0.0.0/8`, or a single address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// Says whether the range holds `address`.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let ignored_bits = 32 - u32::from(self.prefix);
                let differing = network.to_bits() ^ address.to_bits();
                differing.checked_shr(ignored_bits).unwrap_or(0) == 0
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let ignored_bits = 128 - u32::from(self.prefix);
                let differing = network.to_bits() ^ address.to_bits();
                differing.checked_shr(ignored_bits).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || format!("`{text}` is neither an address nor a network such as 10.0.0.0/8");
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| refused())?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix: u8 = match prefix {
            Some(prefix) => prefix.parse().map_err(|_| refused())?,
            None => bits,
        };
        if prefix > bits { Err(refused()) } else { Ok(Self { address, prefix }) }
    }
}

/// The proxies whose `X-Forwarded-For` is believed.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies {
    networks: Vec<Network>,
}

impl TrustedProxies {
    /// Trusts these networks.
    #[must_use]
    pub fn new(networks: Vec<Network>) -> Self {
        Self { networks }
    }

    /// Returns the client's address: the peer, unless that is a trusted proxy; then the last address in
    /// `X-Forwarded-For` that is not one itself, because everything left of it may be invented by the client.
    #[must_use]
    pub fn client(&self, peer: IpAddr, forwarded_for: Option<&str>) -> IpAddr {
        let mut client = peer.to_canonical();
        let hops = forwarded_for.unwrap_or_default().rsplit(',');
        for hop in hops {
            let Some(address) = parse_hop(hop.trim()) else { break };
            if !self.trusts(client) {
                break;
            }
            client = address;
        }
        client
    }

    /// Returns the client's address for a request with these headers, whichever way proxies repeat or extend theirs.
    #[must_use]
    pub fn client_of(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let lines = headers.get_all(header::X_FORWARDED_FOR).filter_map(|line| line.to_str().ok());
        let hops = lines.collect::<Vec<_>>().join(",");
        self.client(peer, Some(hops.as_str()).filter(|hops| !hops.is_empty()))
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(address))
    }
}

/// Reads one hop; some proxies write the port as well.
fn parse_hop(hop: &str) -> Option<IpAddr> {
    let address = hop.parse::<IpAddr>().or_else(|_| hop.parse::<std::net::SocketAddr>().map(|socket| socket.ip()));
    address.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(trusted: &[&str], peer: &str, forwarded_for: Option<&str>, expected: &str) {
        let networks = trusted.iter().map(|network| network.parse().expect("a network")).collect();
        let client = TrustedProxies::new(networks).client(peer.parse().expect("an address"), forwarded_for);
        assert_eq!(client.to_string(), expected, "{trusted:?} {peer} {forwarded_for:?}");
    }

    #[test]
    fn a_stranger_cannot_choose_his_address() {
        check(&[], "203.0.113.9", Some("10.0.0.1"), "203.0.113.9");
        check(&["10.0.0.0/8"], "203.0.113.9", Some("10.0.0.1"), "203.0.113.9");
        check(&["10.0.0.0/8"], "10.1.1.1", Some("1.2.3.4, 203.0.113.9"), "203.0.113.9");
    }

    #[test]
    fn trusted_hops_are_walked_from_the_right() {
        check(&["10.0.0.0/8"], "10.1.1.1", Some("203.0.113.9"), "203.0.113.9");
        check(&["10.0.0.0/8"], "10.1.1.1", Some("203.0.113.9, 10.2.2.2"), "203.0.113.9");
        check(&["10.0.0.0/8", "::1"], "::1", Some("203.0.113.9:4711"), "203.0.113.9");
        check(&["10.0.0.0/8"], "10.1.1.1", Some("203.0.113.9, unknown"), "10.1.1.1");
        check(&["10.0.0.0/8"], "10.1.1.1", None, "10.1.1.1");
    }

    #[test]
    fn a_header_of_several_lines_is_one_list() {
        let proxies = TrustedProxies::new(vec!["10.0.0.0/8".parse().expect("a network")]);
        let mut headers = HeaderMap::new();
        for line in ["1.2.3.4", "203.0.113.9"] {
            headers.append(header::X_FORWARDED_FOR, header::HeaderValue::from_static(line));
        }
        assert_eq!(proxies.client_of(IpAddr::from([10, 0, 0, 1]), &headers), IpAddr::from([203, 0, 113, 9]));
    }

    #[test]
    fn a_mapped_address_is_the_address_itself() {
        check(&["127.0.0.1"], "::ffff:127.0.0.1", Some("::ffff:203.0.113.9"), "203.0.113.9");
    }

    #[test]
    fn networks_are_checked_when_read() {
        for wrong in ["10.0.0.0/33", "::/129", "ten", "10.0.0.0/", "/8", ""] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
        let all: Network = "0.0.0.0/0".parse().expect("a network");
        assert!(all.contains(IpAddr::from([1, 2, 3, 4])));
    }
}
