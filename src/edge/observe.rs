//! What a request leaves behind: its id, one access line, and a note to the system's metrics.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::Method;
use hubbub_actors::kit::deps::Deps;
use hubbub_actors::kit::ids;

/// The header of a request's id, taken over from a proxy or made here, and always answered.
pub const REQUEST_ID: &str = "x-request-id";

/// The route label of everything that no route takes.
pub const UNMATCHED: &str = "unmatched";

/// The longest id that is taken over from a request.
const MAX_REQUEST_ID_BYTES: usize = 64;

/// One answered request. All texts are from closed lists, fit to be labels.
#[derive(Debug, Clone, Copy)]
pub struct Served<'a> {
    /// The method, or `OTHER`.
    pub method: &'static str,
    /// The route's template as the contract writes it, parameters in braces, or `unmatched`.
    pub route: &'a str,
    /// The status that was answered.
    pub status: u16,
    /// From the first byte of the handler to its answer, without writing the body.
    pub elapsed: Duration,
}

/// Where a system counts its requests.
pub trait Observer: Send + Sync {
    /// Notes one answered request.
    fn served(&self, request: &Served<'_>);
}

/// Counts nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn served(&self, _: &Served<'_>) {}
}

/// Returns the id under which this request is logged.
#[must_use]
pub fn request_id(request: &HttpRequest, deps: &Deps) -> String {
    let given = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok());
    match given.filter(|id| is_printable(id)) {
        Some(id) => id.to_owned(),
        None => ids::uuid(deps.random()),
    }
}

/// Says whether an id from outside is of printable characters: it goes into the log and back into a header.
fn is_printable(id: &str) -> bool {
    let of_sane_length = (1..=MAX_REQUEST_ID_BYTES).contains(&id.len());
    of_sane_length && id.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
}

/// Returns a method's name if it is a usual one: a client may write anything there.
#[must_use]
pub fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_short_printable_ids_are_taken_over() {
        for right in ["4bf92f35-77b3.4da6_a3ce:1", "two words", &"x".repeat(64)] {
            assert!(is_printable(right), "{right:?}");
        }
        for wrong in ["", "new\nline", "bell\u{7}", "ünprintable", &"x".repeat(65)] {
            assert!(!is_printable(wrong), "{wrong:?}");
        }
    }
}
