//! Which browser pages may use a system: one rule for REST and for both realtime transports.
//!
//! By default a page passes when it came from the host that it calls (any port), or from a loopback name while hubbub is
//! bound to loopback. `cors_origins` lists more; `["*"]` lets every page in, without credentials. Requests without an
//! `Origin`, as native clients send them, are not the policy's business.

use std::net::IpAddr;

/// A system's policy, from its `cors_origins` and the address that hubbub is bound to.
#[derive(Debug, Clone, Default)]
pub struct OriginPolicy {
    listed: Vec<String>,
    open: bool,
    bound_to_loopback: bool,
}

impl OriginPolicy {
    /// Builds the policy from `cors_origins`, whose entries are origins or a single `*`.
    #[must_use]
    pub fn new(cors_origins: &[String], bind: IpAddr) -> Self {
        Self {
            listed: cors_origins.iter().filter_map(|origin| normalized(origin)).collect(),
            open: cors_origins.iter().any(|origin| origin == "*"),
            bound_to_loopback: bind.is_loopback(),
        }
    }

    /// Says whether a page of `origin` may call the `host` (the request's `Host` header).
    #[must_use]
    pub fn allows(&self, origin: &str, host: &str) -> bool {
        if self.open {
            return true;
        }
        let Some(page) = Page::parse(origin) else { return false };
        let same_host = page.host.eq_ignore_ascii_case(without_port(host));
        let local_page = self.bound_to_loopback && is_loopback_name(page.host);
        same_host || local_page || normalized(origin).is_some_and(|origin| self.listed.contains(&origin))
    }

    /// Says whether every page passes; then answers carry no credentials.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open
    }
}

/// Says whether `text` is an origin as `cors_origins` takes it: `scheme://host`, with a port if it is not the usual one.
#[must_use]
pub fn is_origin(text: &str) -> bool {
    Page::parse(text).is_some()
}

/// An origin taken apart.
struct Page<'a> {
    scheme: &'a str,
    host: &'a str,
    port: Option<u16>,
}

impl<'a> Page<'a> {
    /// Reads a web page's origin; `null`, `file://` and browser extensions are none.
    fn parse(origin: &'a str) -> Option<Self> {
        let (scheme, authority) = origin.split_once("://")?;
        let is_web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
        let host = without_port(authority);
        let port = match &authority[host.len()..] {
            "" => None,
            colon_and_port => Some(colon_and_port.strip_prefix(':')?.parse().ok()?),
        };
        let is_host = !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._[]:".contains(&byte));
        (is_web && is_host).then_some(Self { scheme, host, port })
    }
}

/// Writes an origin in its one form: lower case, the scheme's usual port left out.
fn normalized(origin: &str) -> Option<String> {
    let page = Page::parse(origin)?;
    let scheme = page.scheme.to_ascii_lowercase();
    let usual_port = if scheme == "https" { 443 } else { 80 };
    let host = page.host.to_ascii_lowercase();
    Some(match page.port.filter(|port| *port != usual_port) {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    })
}

/// Cuts the port off; an IPv6 address keeps its brackets.
fn without_port(authority: &str) -> &str {
    let end_of_host = match authority.find(']') {
        Some(bracket) => bracket + 1,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    authority.get(..end_of_host).unwrap_or(authority)
}

fn is_loopback_name(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let is_localhost = bare.eq_ignore_ascii_case("localhost") || bare.to_ascii_lowercase().ends_with(".localhost");
    is_localhost || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const EVERYWHERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);

    fn check(bind: IpAddr, listed: &[&str], origin: &str, host: &str, expected: bool) {
        let listed: Vec<String> = listed.iter().map(|origin| (*origin).to_owned()).collect();
        let policy = OriginPolicy::new(&listed, bind);
        assert_eq!(policy.allows(origin, host), expected, "{origin} at {host}, listed {listed:?}, bound to {bind}");
    }

    #[test]
    fn the_same_host_passes_on_any_port() {
        check(EVERYWHERE, &[], "http://hub.lan", "hub.lan:3200", true);
        check(EVERYWHERE, &[], "https://HUB.lan:8443", "hub.lan:3200", true);
        check(EVERYWHERE, &[], "http://[fd00::1]:80", "[fd00::1]:3200", true);
        check(EVERYWHERE, &[], "http://hub.lan.evil.example", "hub.lan:3200", false);
        check(EVERYWHERE, &[], "http://hub.lan@evil.example", "hub.lan:3200", false);
        check(EVERYWHERE, &[], "http://", "", false);
    }

    #[test]
    fn loopback_names_pass_only_while_bound_to_loopback() {
        for origin in ["http://localhost:5173", "http://127.0.0.1", "http://[::1]:8000", "http://app.localhost"] {
            check(LOOPBACK, &[], origin, "127.0.0.1:3200", true);
            check(EVERYWHERE, &[], origin, "10.0.0.7:3200", false);
        }
        check(LOOPBACK, &[], "http://localhost.evil.example", "127.0.0.1:3200", false);
    }

    #[test]
    fn what_is_no_web_page_is_foreign() {
        for origin in ["null", "file://", "chrome-extension://localhost", "localhost", "", "http://localhost:port"] {
            check(LOOPBACK, &[], origin, "localhost:3200", false);
        }
    }

    #[test]
    fn listed_origins_pass_exactly() {
        let listed = &["https://Dash.example", "http://other.example:8080/"];
        check(EVERYWHERE, listed, "https://dash.example", "hub.lan", true);
        check(EVERYWHERE, listed, "https://dash.example:443", "hub.lan", true);
        check(EVERYWHERE, listed, "http://dash.example", "hub.lan", false);
        check(EVERYWHERE, listed, "https://dash.example:8443", "hub.lan", false);
        check(EVERYWHERE, listed, "http://other.example:8080", "hub.lan", false);
    }

    #[test]
    fn a_star_opens_for_all() {
        check(EVERYWHERE, &["*"], "null", "hub.lan", true);
        check(EVERYWHERE, &["*"], "https://anywhere.example", "hub.lan", true);
    }
}
