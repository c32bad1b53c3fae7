//! How often a client may call.

use hubbub::edge::{Throttle, TrustedProxies};

use crate::edge_shelf::{Setting, setting, setting_with};
use crate::harness::http::Answer;

fn quota(answer: &Answer) -> [&str; 4] {
    ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "retry-after"].map(|name| answer.header(name))
}

#[actix_web::test]
async fn a_limited_route_says_what_is_left_and_then_refuses() {
    let Setting { http, clock, .. } = setting();
    assert_eq!(quota(&http.get("/notes/count").await), ["2", "1", "60", ""]);
    clock.advance(20_500);
    assert_eq!(quota(&http.get("/notes/count").await), ["2", "0", "40", ""]);
    let refused = http.get("/notes/count").await;
    let expected = r#"429 {"code":"","error":"Too many requests, please try again later.","retryAfter":40}"#;
    assert_eq!((refused.line().as_str(), quota(&refused)), (expected, ["2", "0", "40", "40"]));
    clock.advance(39_500);
    assert_eq!(http.get("/notes/count").await.line(), r#"200 {"ok":true,"count":0}"#);
    assert_eq!(quota(&http.get("/notes/n1").await), ["", "", "", ""]);
}

#[actix_web::test]
async fn clients_behind_a_trusted_proxy_have_windows_of_their_own() {
    let Setting { http, .. } = setting_with(|mut edge| {
        edge.proxies = TrustedProxies::new(vec!["127.0.0.0/8".parse().expect("a network")]);
        edge
    });
    for client in ["203.0.113.1", "203.0.113.2"] {
        for expected in [200, 200, 429] {
            let answer = http.send("GET", "/notes/count", &[("x-forwarded-for", client)], "").await;
            assert_eq!(answer.status.as_u16(), expected, "{client}");
        }
    }
}

#[actix_web::test]
async fn without_a_trusted_proxy_the_header_changes_nothing() {
    let Setting { http, .. } = setting();
    for (client, expected) in [("203.0.113.1", 200), ("203.0.113.2", 200), ("203.0.113.3", 429)] {
        let answer = http.send("GET", "/notes/count", &[("x-forwarded-for", client)], "").await;
        assert_eq!(answer.status.as_u16(), expected);
    }
}

#[actix_web::test]
async fn limits_can_be_switched_off() {
    let Setting { http, .. } = setting_with(|mut edge| {
        edge.throttle = Throttle::new(0.0);
        edge
    });
    for _ in 0..5 {
        let answer = http.get("/notes/count").await;
        assert_eq!((answer.status.as_u16(), quota(&answer)), (200, ["", "", "", ""]));
    }
}
