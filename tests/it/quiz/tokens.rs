//! Access tokens: what they say, and which are refused.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hubbub_actors::kit::clock::Timestamp;
use hubbub_actors::kit::tokens::Tokens;
use serde_json::{Value, json};

use super::support::check_keeps_out;
use crate::harness::hub::Hub;
use crate::harness::process::Served;
use crate::harness::quiz::{PASSWORD, UNLIMITED, User, body, call, check, check_refused, send};
use crate::harness::socket::Client;

/// What signs access tokens where a test forges some.
const SECRET: &str = "a secret of the tests, long enough";
/// What a Supabase project signs its tokens with.
const FOREIGN: &str = "the secret of a Supabase project";
/// Somebody whose account is there.
const EVE: &str = "0123abcd-0000-4000-8000-000000000000";

fn decode(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url without padding")).expect("JSON")
}

/// Returns the claims of a token of Supabase, with those that mean nothing here.
fn claims_of_eve() -> Value {
    json!({
        "sub": EVE, "email": "Eve@example.com", "phone": "", "role": "authenticated", "aal": "aal1", "is_anonymous": false,
        "app_metadata": { "provider": "email", "providers": ["email"] }, "user_metadata": { "sub": "other", "role": "admin" },
        "amr": [{ "method": "password", "timestamp": 1_707_235_200 }], "session_id": "00000000-0000-4000-8000-000000000001"
    })
}

fn now() -> Timestamp {
    Timestamp(time::OffsetDateTime::now_utc().unix_timestamp() * 1000)
}

#[tokio::test]
async fn an_access_token_says_to_decoders_who_holds_it_and_until_when() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let ada = User::register(hub.url("quiz"), "ada").await;
    let parts: Vec<&str> = ada.token.split('.').collect();
    assert_eq!(decode(parts[0]), json!({ "typ": "JWT", "alg": "HS256" }));
    let claims = decode(parts[1]);
    let (issued, expires) = (claims["iat"].as_i64().expect("seconds"), claims["exp"].as_i64().expect("seconds"));
    assert_eq!(expires - issued, 3600);
    let names: BTreeMap<&str, &Value> =
        ["sub", "email", "role", "aud", "iss"].into_iter().map(|name| (name, &claims[name])).collect();
    let expected = json!({
        "sub": ada.id, "email": "ada@example.com", "role": "authenticated", "aud": "authenticated", "iss": "hubbub/quiz"
    });
    assert_eq!(json!(names), expected);
    assert!(claims["session_id"].is_string());
    hub.stop().await;
}

#[tokio::test]
async fn forged_and_expired_tokens_keep_their_holders_out() {
    let hub = Hub::start(&[UNLIMITED, ("QUIZ__JWT_SECRET", SECRET)]).await;
    let base = hub.url("quiz");
    let ada = User::register(base, "ada").await;
    let claims = decode(ada.token.split('.').nth(1).expect("three parts"));
    let now = Timestamp(claims["iat"].as_i64().expect("seconds") * 1000);
    let hours_ago = |hours: i64| Timestamp(now.0 - hours * 3_600_000);
    let (ours, theirs) = (SECRET.as_bytes(), b"another secret, of somebody else".as_slice());
    let own = |audience: &str, key: &[u8]| Tokens::for_audience("quiz", audience, key);
    // The forger's tools are good: with everything right, the token is.
    let right = own("authenticated", ours).issue(&claims, 3600, now);
    let bearer = format!("Bearer {right}");
    assert_eq!(send(base, "GET", "/profile", &[("authorization", bearer.as_str())], "").await.status.as_u16(), 200);
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let unsigned = format!("{header}.{}.", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let mut nobody = claims.clone();
    nobody["sub"] = json!("00000000-0000-4000-8000-000000000000");
    for token in [
        own("authenticated", theirs).issue(&claims, 3600, now),
        own("authenticated", ours).issue(&claims, 3600, hours_ago(2)),
        own("fleet", ours).issue(&claims, 3600, now),
        own("authenticated", ours).issue(&nobody, 3600, now),
        Tokens::for_audience("fleet", "authenticated", ours).issue(&claims, 3600, now),
        unsigned,
        format!("{}x", ada.token),
        "garbage".to_owned(),
    ] {
        check_keeps_out(base, &token).await;
    }
    for header in ["", "Bearer", "Bearer ", "Basic YWRhOnB3", ada.token.as_str()] {
        let answer = send(base, "GET", "/profile", &[("authorization", header)], "").await;
        check_refused(&answer, 401, "unauthorized", "Authentication required");
    }
    hub.stop().await;
}

#[tokio::test]
async fn tokens_of_supabase_are_good_where_its_secret_is_known() {
    let (claims, now) = (claims_of_eve(), now());
    let supabase = Tokens::for_audience("supabase", "authenticated", FOREIGN.as_bytes());
    let token = supabase.issue(&claims, 3600, now);

    let hub = Hub::start(&[UNLIMITED]).await;
    check_keeps_out(hub.url("quiz"), &token).await;
    hub.stop().await;

    let hub = Hub::start(&[UNLIMITED, ("QUIZ__SUPABASE_JWT_SECRET", FOREIGN)]).await;
    let base = hub.url("quiz");
    let bearer = format!("Bearer {token}");
    let authorized = [("authorization", bearer.as_str())];
    let profile = json!({
        "id": EVE, "username": "user_0123abcd0000400", "displayName": "user_0123abcd0000400", "avatarUrl": null,
        "email": "eve@example.com", "createdAt": "<time>", "updatedAt": "<time>"
    });
    check(&send(base, "GET", "/profile", &authorized, "").await, 200, &profile);
    let quiz = send(base, "POST", "/quiz", &authorized, r#"{"title":"Mine"}"#).await;
    assert_eq!((quiz.status.as_u16(), &body(&quiz)["user_id"]), (201, &json!(EVE)));
    Client::connect(base, json!({ "token": token })).await.close().await;
    // Its email is taken, and no password opens it.
    let sent = json!({ "email": "eve@example.com", "password": PASSWORD });
    check_refused(&call(base, "POST", "/auth/register", &sent).await, 422, "duplicate_email", "Email already registered");
    let answer = call(base, "POST", "/auth/login", &sent).await;
    check_refused(&answer, 401, "invalid_credentials", "Invalid credentials");

    for (changed, value) in [("role", json!("anon")), ("sub", json!("nobody")), ("session_id", json!(null))] {
        let mut other = claims.clone();
        other[changed] = value;
        check_keeps_out(base, &supabase.issue(&other, 3600, now)).await;
    }
    check_keeps_out(base, &supabase.issue(&claims, 3600, Timestamp(now.0 - 7_200_000))).await;
    let answer = send(base, "POST", "/auth/logout", &authorized, "").await;
    check(&answer, 200, &json!({ "message": "Successfully logged out" }));
    check_keeps_out(base, &token).await;
    hub.stop().await;
}

#[tokio::test]
async fn a_foreign_token_with_the_email_of_an_account_opens_another_one() {
    let hub = Hub::start(&[UNLIMITED, ("QUIZ__SUPABASE_JWT_SECRET", FOREIGN)]).await;
    let base = hub.url("quiz");
    let eve = User::register(base, "eve").await;
    let quiz = eve.create_quiz("Mine").await;
    let token = Tokens::for_audience("supabase", "authenticated", FOREIGN.as_bytes()).issue(&claims_of_eve(), 3600, now());
    let bearer = format!("Bearer {token}");
    let authorized = [("authorization", bearer.as_str())];
    assert_eq!(body(&send(base, "GET", "/profile", &authorized, "").await)["id"], EVE);
    let answer = send(base, "DELETE", &format!("/quiz/{quiz}"), &authorized, "").await;
    check_refused(&answer, 403, "forbidden", "Not quiz owner");
    assert_eq!(User::log_in(base, "eve").await.id, eve.id, "the password opens the same account as before");
    hub.stop().await;
}

#[tokio::test]
async fn the_scheme_may_be_written_in_any_case() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let ada = User::register(hub.url("quiz"), "ada").await;
    for (method, path) in [("GET", "/profile"), ("POST", "/auth/logout")] {
        let header = format!("bearer {}", ada.token);
        let answer = send(&ada.base, method, path, &[("authorization", header.as_str())], "").await;
        assert_eq!(answer.status.as_u16(), 200, "{}", answer.line());
    }
    check_keeps_out(&ada.base, &ada.token).await;
    hub.stop().await;
}

#[tokio::test]
async fn neither_passwords_nor_tokens_nor_people_are_in_the_log() {
    let hub = Served::start(&[UNLIMITED]);
    let base = hub.url("quiz");
    let ada = User::register(base, "ada").await;
    let bearer = format!("Bearer {}", ada.token);
    let wrong = json!({ "email": "ada@example.com", "password": "wrongPassword" });
    let logins = [wrong.clone(), json!({ "email": "bob@example.com", "password": "wrongPassword" })];
    for login in &logins {
        call(base, "POST", "/auth/login", login).await;
    }
    call(base, "POST", "/auth/register", &wrong).await;
    send(base, "POST", "/auth/login", &[], r#"{"email":"ada@example.com","password":"wrongPassword""#).await;
    call(base, "GET", &format!("/profile?token={}", ada.token), &Value::Null).await;
    send(base, "GET", "/profile", &[("authorization", format!("{bearer}x").as_str())], "").await;
    ada.call("PUT", "/profile/display-name", &json!({ "displayName": "Countess Lovelace" })).await;
    ada.connect().await.close().await;
    let refused = Client::try_connect(base, "/", json!({ "token": format!("{}x", ada.token) })).await;
    assert!(refused.is_err());
    call(base, "POST", "/auth/refresh", &json!({ "refresh_token": ada.refresh_token })).await;
    call(base, "POST", "/auth/refresh", &json!({ "refresh_token": ada.refresh_token })).await;
    let log = hub.log();
    assert!(log.contains("POST /auth/login answered 401"), "{log}");
    let end = ada.token.rsplit('.').next().expect("a signature");
    for secret in [PASSWORD, "wrongPassword", end, &ada.refresh_token, "example.com", "Countess"] {
        assert!(!log.contains(secret), "`{secret}` is in the log:\n{log}");
    }
}
