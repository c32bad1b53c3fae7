//! How often one address may ask what can be guessed: passwords and tokens, and six digits.

use serde_json::{Value, json};

use crate::harness::http::Answer;
use crate::harness::hub::Hub;
use crate::harness::quiz::{PASSWORD, UNLIMITED, User, call, check_refused, send};

const NONE: Value = Value::Null;

fn number(answer: &Answer, header: &str) -> u64 {
    answer.header(header).parse().unwrap_or_else(|_| panic!("no number in `{header}` of {}", answer.line()))
}

/// Checks an answer that was allowed, and how many are left.
fn check_left(answer: &Answer, limit: u64, left: u64) {
    assert_ne!(answer.status.as_u16(), 429, "{}", answer.line());
    assert_eq!((number(answer, "ratelimit-limit"), number(answer, "ratelimit-remaining")), (limit, left));
    assert!((1..=60).contains(&number(answer, "ratelimit-reset")));
    assert_eq!(answer.header("retry-after"), "");
}

fn check_too_many(answer: &Answer, limit: u64) {
    check_refused(answer, 429, "rate_limit_exceeded", "Too many requests, please try again later.");
    assert_eq!((number(answer, "ratelimit-limit"), number(answer, "ratelimit-remaining")), (limit, 0));
    assert_eq!(answer.header("retry-after"), answer.header("ratelimit-reset"));
    assert!((1..=60).contains(&number(answer, "retry-after")));
}

#[tokio::test]
async fn an_address_has_thirty_tries_a_minute_at_all_that_takes_a_password_or_a_token() {
    let hub = Hub::start(&[]).await;
    let base = hub.url("quiz");
    let ada = User::register(base, "ada").await;
    let mut left = 29;
    while left > 0 {
        for path in ["/auth/register", "/auth/login", "/auth/refresh", "/auth/logout"].into_iter().take(left) {
            left -= 1;
            check_left(&call(base, "POST", path, &json!({})).await, 30, u64::try_from(left).expect("a small number"));
        }
    }
    let newcomer = json!({ "email": "new@example.com", "password": PASSWORD });
    for path in ["/auth/register", "/auth/login", "/auth/refresh"] {
        check_too_many(&call(base, "POST", path, &newcomer).await, 30);
        // Nobody believes a client about its address.
        let headers = [("x-forwarded-for", "203.0.113.9"), ("x-real-ip", "203.0.113.9"), ("forwarded", "for=203.0.113.9")];
        check_too_many(&send(base, "POST", path, &headers, newcomer.to_string()).await, 30);
    }
    check_too_many(&ada.call("POST", "/auth/logout", &NONE).await, 30);
    // What was refused has not happened, and everything else is served.
    let profile = ada.call("GET", "/profile", &NONE).await;
    assert_eq!((profile.status.as_u16(), profile.header("ratelimit-limit")), (200, ""));
    let data = std::sync::Arc::clone(&hub.data);
    hub.stop().await;
    let hub = Hub::start_on(data, &[]).await;
    let login = call(hub.url("quiz"), "POST", "/auth/login", &newcomer).await;
    check_refused(&login, 401, "invalid_credentials", "Invalid credentials");
    check_left(&login, 30, 29);
    hub.stop().await;
}

#[tokio::test]
async fn an_address_has_a_hundred_and_twenty_guesses_a_minute_at_codes() {
    let hub = Hub::start(&[]).await;
    let base = hub.url("quiz");
    for left in (0..120).rev() {
        let route = if left % 2 == 0 { "check" } else { "validate" };
        let answer = call(base, "GET", &format!("/quiz/code/{route}/{}", 100_000 + left), &NONE).await;
        check_left(&answer, 120, left);
    }
    for route in ["check/123456", "validate/123456", "check/nonsense"] {
        check_too_many(&call(base, "GET", &format!("/quiz/code/{route}"), &NONE).await, 120);
    }
    assert_eq!(call(base, "GET", "/health", &NONE).await.status.as_u16(), 200);
    check_left(&call(base, "POST", "/auth/login", &json!({})).await, 30, 29);
    hub.stop().await;
}

#[tokio::test]
async fn the_scale_multiplies_them_and_zero_switches_them_off() {
    let hub = Hub::start(&[("LIMITS__SCALE", "0.1")]).await;
    for left in (0..3).rev() {
        check_left(&call(hub.url("quiz"), "POST", "/auth/login", &json!({})).await, 3, left);
    }
    check_too_many(&call(hub.url("quiz"), "POST", "/auth/login", &json!({})).await, 3);
    hub.stop().await;
    let hub = Hub::start(&[UNLIMITED]).await;
    for _ in 0..40 {
        let answer = call(hub.url("quiz"), "POST", "/auth/login", &json!({})).await;
        assert_eq!((answer.status.as_u16(), answer.header("ratelimit-limit")), (400, ""));
    }
    hub.stop().await;
}
