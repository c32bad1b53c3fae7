//! The headers that let a browser page read an answer; `origin` decides which page.

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderValue};

use super::origin::OriginPolicy;

/// What a page may read besides the body.
const EXPOSED: HeaderValue =
    HeaderValue::from_static("ETag, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, X-Request-Id");

/// How long a browser may remember a preflight, in seconds.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// Where a request came from, in the policy's eyes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provenance {
    /// No `Origin`: a native client, or a page's own plain read.
    Unstated,
    /// A page that the policy lets in.
    Allowed,
    /// A page that it does not.
    Foreign,
}

/// Judges a request by its `Origin` and `Host`.
#[must_use]
pub fn provenance(policy: &OriginPolicy, request: &HttpRequest) -> Provenance {
    let Some(origin) = request.headers().get(header::ORIGIN) else { return Provenance::Unstated };
    match origin.to_str() {
        Ok(origin) if policy.allows(origin, host(request)) => Provenance::Allowed,
        _ => Provenance::Foreign,
    }
}

/// Returns the host that the request was sent to. Forwarded headers are not asked: anyone can write them.
#[must_use]
pub fn host(request: &HttpRequest) -> &str {
    let header = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    header.or_else(|| request.uri().authority().map(|authority| authority.as_str())).unwrap_or_default()
}

/// Adds the headers that an allowed page needs; a foreign page gets none.
pub fn allow(policy: &OriginPolicy, request: &HttpRequest, headers: &mut HeaderMap) {
    if policy.is_open() {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    } else {
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        let origin = request.headers().get(header::ORIGIN);
        let Some(origin) = origin.filter(|_| provenance(policy, request) == Provenance::Allowed) else { return };
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
}

/// Answers a preflight: which methods the path has, and that the headers it asks for may be sent.
pub fn preflight(policy: &OriginPolicy, request: &HttpRequest, methods: &HeaderValue, headers: &mut HeaderMap) {
    headers.insert(header::ALLOW, methods.clone());
    if provenance(policy, request) != Provenance::Allowed {
        return;
    }
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods.clone());
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    if let Some(asked) = request.headers().get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
        headers.append(header::VARY, HeaderValue::from_static("Access-Control-Request-Headers"));
    }
}

/// Says whether the method may change something.
#[must_use]
pub fn changes_something(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Writes methods as the value of `Allow`.
#[must_use]
pub fn allow_value(methods: impl Iterator<Item = &'static str>) -> HeaderValue {
    let mut names: Vec<&str> = methods.collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    names.push("OPTIONS");
    names.sort_unstable();
    HeaderValue::from_str(&names.join(", ")).unwrap_or(HeaderValue::from_static("OPTIONS"))
}
