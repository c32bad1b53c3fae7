//! How often a client may call: one fixed window per row of the document and client address.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use hubbub_actors::kit::clock::Timestamp;
use hubbub_actors::kit::limits::{Decision, FixedWindows, Scale};
use hubbub_protocol::contract::Limit;
use parking_lot::Mutex;

/// How many windows are remembered at once, over all buckets and addresses; about 5 MB at the most.
const REMEMBERED_WINDOWS: usize = 65_536;

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// What a client has left after a request, and when the window ends.
pub type Quota = Decision;

/// A system's rate limits; one lock that is held for a look-up.
pub struct Throttle {
    scale: Scale,
    windows: Mutex<FixedWindows<(&'static str, IpAddr)>>,
}

impl Throttle {
    /// Returns limits that are multiplied by `scale`; 0 switches them off.
    #[must_use]
    pub fn new(scale: f64) -> Self {
        let scale = Scale(scale);
        Self { scale, windows: Mutex::new(FixedWindows::new(REMEMBERED_WINDOWS, scale)) }
    }

    /// Counts one request; `None` while limits are off. Requests whose client is not known share one window.
    pub fn admit(&self, limit: Limit, client: Option<IpAddr>, now: Timestamp) -> Option<Quota> {
        self.scale.of(limit.max)?;
        let client = client.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let window_ms = i64::from(limit.window_secs) * 1000;
        Some(self.windows.lock().admit(&(limit.bucket, client), limit.max, window_ms, now))
    }
}

impl Default for Throttle {
    fn default() -> Self {
        Self::new(1.0)
    }
}

/// Tells the client what it has left.
pub fn write_quota(quota: &Quota, headers: &mut HeaderMap) {
    headers.insert(LIMIT, HeaderValue::from(quota.limit));
    headers.insert(REMAINING, HeaderValue::from(quota.remaining));
    headers.insert(RESET, HeaderValue::from(quota.reset_after_secs));
}

#[cfg(test)]
mod tests {
    use super::*;

    const THREE_A_MINUTE: Limit = Limit { bucket: "/api/*", max: 3, window_secs: 60 };
    const OTHER_ROW: Limit = Limit { bucket: "/auth/*", max: 1, window_secs: 60 };
    const ALICE: Option<IpAddr> = Some(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 1)));
    const BOB: Option<IpAddr> = Some(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 2)));

    fn at(secs: i64) -> Timestamp {
        Timestamp(1_000_000 + secs * 1000)
    }

    fn allowed(throttle: &Throttle, limit: Limit, client: Option<IpAddr>, secs: i64) -> bool {
        throttle.admit(limit, client, at(secs)).is_none_or(|quota| quota.allowed)
    }

    #[test]
    fn each_address_has_a_window_per_row() {
        let throttle = Throttle::default();
        for secs in 0..3 {
            assert!(allowed(&throttle, THREE_A_MINUTE, ALICE, secs));
        }
        assert!(!allowed(&throttle, THREE_A_MINUTE, ALICE, 59));
        assert!(allowed(&throttle, THREE_A_MINUTE, BOB, 59), "another address");
        assert!(allowed(&throttle, OTHER_ROW, ALICE, 59), "another row");
        assert!(allowed(&throttle, THREE_A_MINUTE, ALICE, 60), "a new window");
    }

    #[test]
    fn the_quota_counts_down() {
        let throttle = Throttle::default();
        let quota = throttle.admit(THREE_A_MINUTE, ALICE, at(0)).expect("a limit");
        assert_eq!((quota.limit, quota.remaining, quota.reset_after_secs), (3, 2, 60));
        let quota = throttle.admit(THREE_A_MINUTE, ALICE, at(20)).expect("a limit");
        assert_eq!((quota.limit, quota.remaining, quota.reset_after_secs), (3, 1, 40));
    }

    #[test]
    fn the_scale_multiplies_and_zero_switches_off() {
        let doubled = Throttle::new(2.0);
        assert!((0..6).all(|_| allowed(&doubled, THREE_A_MINUTE, ALICE, 0)));
        assert!(!allowed(&doubled, THREE_A_MINUTE, ALICE, 0));
        let off = Throttle::new(0.0);
        assert_eq!(off.admit(THREE_A_MINUTE, ALICE, at(0)).map(|quota| quota.limit), None);
    }
}
