//! How long a login lasts: `/auth/logout` and the extension `/auth/refresh`.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::support::{check_keeps_out, session};
use crate::harness::http::Answer;
use crate::harness::hub::Hub;
use crate::harness::quiz::{UNLIMITED, User, body, call, check, check_refused, send};

const NONE: Value = Value::Null;

async fn refresh(base: &str, token: &str) -> Answer {
    call(base, "POST", "/auth/refresh", &json!({ "refresh_token": token })).await
}

#[tokio::test]
async fn a_logout_ends_its_login_at_once_and_no_other() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let base = hub.url("quiz");
    let here = User::register(base, "ada").await;
    let there = User::log_in(base, "ada").await;
    let next = body(&refresh(base, &here.refresh_token).await)["session"].clone();
    let answer = here.call("POST", "/auth/logout", &NONE).await;
    check(&answer, 200, &json!({ "message": "Successfully logged out" }));

    // All access tokens of the login, and its newest refresh token.
    check_keeps_out(base, &here.token).await;
    check_keeps_out(base, next["access_token"].as_str().expect("a token")).await;
    let refused = refresh(base, next["refresh_token"].as_str().expect("a token")).await;
    check_refused(&refused, 401, "unauthorized", "Authentication required");
    check_refused(&here.call("POST", "/auth/logout", &NONE).await, 401, "unauthorized", "Authentication required");

    assert_eq!(there.get("/profile").await["username"], "ada");
    there.connect().await.close().await;
    assert_eq!(refresh(base, &there.refresh_token).await.status.as_u16(), 200);
    hub.stop().await;
}

#[tokio::test]
async fn a_refresh_token_is_good_for_one_use() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let base = hub.url("quiz");
    let ada = User::register(base, "ada").await;
    let answer = refresh(base, &ada.refresh_token).await;
    check(&answer, 200, &json!({ "session": session() }));
    let next = body(&answer)["session"].clone();
    assert_ne!(next["refresh_token"], json!(ada.refresh_token));
    let bearer = format!("Bearer {}", next["access_token"].as_str().expect("a token"));
    let profile = send(base, "GET", "/profile", &[("authorization", bearer.as_str())], "").await;
    assert_eq!(body(&profile)["id"], json!(ada.id));

    // Used twice, it was stolen: nobody knows by whom, so the whole login ends.
    check_refused(&refresh(base, &ada.refresh_token).await, 401, "unauthorized", "Authentication required");
    let newest = next["refresh_token"].as_str().expect("a token");
    check_refused(&refresh(base, newest).await, 401, "unauthorized", "Authentication required");
    check_keeps_out(base, next["access_token"].as_str().expect("a token")).await;
    check_keeps_out(base, &ada.token).await;
    hub.stop().await;
}

#[tokio::test]
async fn of_twenty_refreshes_at_once_at_most_one_is_answered() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let base = hub.url("quiz");
    let ada = User::register(base, "ada").await;
    let answers = join_all((0..20).map(|_| refresh(base, &ada.refresh_token))).await;
    let good: Vec<&Answer> = answers.iter().filter(|answer| answer.status.as_u16() == 200).collect();
    assert_eq!(good.len(), 1);
    // The others showed a token that was used: the login is over.
    check_keeps_out(base, body(good[0])["session"]["access_token"].as_str().expect("a token")).await;
    hub.stop().await;
}

#[tokio::test]
async fn what_is_no_refresh_token_of_ours_is_refused() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let base = hub.url("quiz");
    let ada = User::register(base, "ada").await;
    let mut other_secret = ada.refresh_token.clone().into_bytes();
    if let Some(last) = other_secret.iter_mut().rev().nth(3) {
        *last = if *last == b'A' { b'B' } else { b'A' };
    }
    let other_secret = String::from_utf8(other_secret).expect("a text");
    for token in ["garbage", &"A".repeat(86), &ada.token, &other_secret] {
        check_refused(&refresh(base, token).await, 401, "unauthorized", "Authentication required");
    }
    for (sent, message) in [
        (json!({}), "refresh_token is required"),
        (json!({ "refresh_token": 7 }), "refresh_token must be a string"),
        (json!({ "refresh_token": "" }), "refresh_token must have 1 to 512 characters"),
    ] {
        check_refused(&call(base, "POST", "/auth/refresh", &sent).await, 400, "invalid_payload", message);
    }
    hub.stop().await;
}

#[tokio::test]
async fn who_logs_in_once_too_often_is_logged_out_where_he_was_longest() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let base = hub.url("quiz");
    let first = User::register(base, "ada").await;
    let mut later = Vec::new();
    for _ in 0..19 {
        later.push(User::log_in(base, "ada").await);
    }
    assert_eq!(first.get("/profile").await["username"], "ada", "twenty logins live side by side");
    later.push(User::log_in(base, "ada").await);
    check_keeps_out(base, &first.token).await;
    check_refused(&refresh(base, &first.refresh_token).await, 401, "unauthorized", "Authentication required");
    for login in &later {
        assert_eq!(login.get("/profile").await["id"], json!(first.id));
    }
    hub.stop().await;
}
