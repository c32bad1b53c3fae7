//! `/auth/*`: accounts, and how long a login lasts.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use hubbub_actors::kit::clock::Timestamp;
use hubbub_actors::kit::tokens::Tokens;
use serde_json::{Value, json};

use crate::harness::http::Answer;
use crate::harness::hub::Hub;
use crate::harness::quiz::{PASSWORD, UNLIMITED, User, body, call, check, check_refused, send};
use crate::harness::socket::Client;

const NONE: Value = Value::Null;

/// What signs access tokens where a test forges some.
const SECRET: &str = "a secret of the tests, long enough";

/// A session as every answer shows it.
fn session() -> Value {
    json!({ "access_token": "<token>", "refresh_token": "<token>", "expires_in": 3600 })
}

async fn register(base: &str, sent: Value) -> Answer {
    call(base, "POST", "/auth/register", &sent).await
}

async fn refresh(base: &str, token: &str) -> Answer {
    call(base, "POST", "/auth/refresh", &json!({ "refresh_token": token })).await
}

/// Checks that neither a request nor a socket gets in with a token.
async fn check_keeps_out(base: &str, token: &str) {
    let bearer = format!("Bearer {token}");
    let answer = send(base, "GET", "/profile", &[("authorization", bearer.as_str())], "").await;
    check_refused(&answer, 401, "unauthorized", "Authentication required");
    let refused = Client::try_connect(base, "/", json!({ "token": token })).await.err().expect("the socket is refused");
    assert_eq!(refused["message"], "unauthorized");
}

#[tokio::test]
async fn who_registers_has_an_account_and_is_logged_in() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let base = hub.url("quiz");
    let sent =
        json!({ "email": "User@Example.com", "password": PASSWORD, "username": "uniqueUsername", "displayName": "John Doe" });
    let answer = register(base, sent).await;
    let user = json!({ "id": "<id>", "email": "user@example.com", "email_confirmed_at": "<time>" });
    check(&answer, 201, &json!({ "user": user, "session": session() }));

    let bearer = format!("Bearer {}", body(&answer)["session"]["access_token"].as_str().expect("a token"));
    let profile = send(base, "GET", "/profile", &[("authorization", bearer.as_str())], "").await;
    let expected = json!({
        "id": body(&answer)["user"]["id"], "username": "uniqueUsername", "displayName": "John Doe", "avatarUrl": null,
        "email": "user@example.com", "createdAt": body(&answer)["user"]["email_confirmed_at"], "updatedAt": "<time>"
    });
    check(&profile, 200, &expected);
    hub.stop().await;
}

#[tokio::test]
async fn names_that_are_not_given_are_found() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let base = hub.url("quiz");
    let names = async |email: &str| {
        let session = body(&register(base, json!({ "email": email, "password": PASSWORD })).await)["session"].clone();
        let bearer = format!("Bearer {}", session["access_token"].as_str().expect("a token"));
        let profile = body(&send(base, "GET", "/profile", &[("authorization", bearer.as_str())], "").await);
        (profile["username"].as_str().expect("a name").to_owned(), profile["displayName"].as_str().expect("a name").to_owned())
    };
    assert_eq!(names("ada.lovelace@example.com").await, ("adalovelace".to_owned(), "adalovelace".to_owned()));
    let (second, shown) = names("ada.lovelace@example.org").await;
    assert!(second.starts_with("adalovelace_") && second.len() <= 20, "{second}");
    assert_eq!(shown, second);
    hub.stop().await;
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
async fn who_logs_in_gets_the_document_s_answer_whatever_the_case_of_the_address() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let base = hub.url("quiz");
    let ada = User::register(base, "ada").await;
    let answer = call(base, "POST", "/auth/login", &json!({ "email": "ADA@example.com", "password": PASSWORD })).await;
    check(&answer, 200, &json!({ "user": { "id": ada.id, "email": "ada@example.com" }, "session": session() }));
    hub.stop().await;
}

#[tokio::test]
async fn an_unknown_email_and_a_wrong_password_look_the_same() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let base = hub.url("quiz");
    User::register(base, "ada").await;
    for (email, password) in [("ada@example.com", "wrongPassword"), ("nobody@example.com", PASSWORD), ("ada@example.com", "x")] {
        let sent = json!({ "email": email, "password": password }).to_string();
        let headers = [("content-type", "application/json"), ("x-request-id", "same")];
        let answer = send(base, "POST", "/auth/login", &headers, sent).await;
        assert_eq!(answer.line(), r#"401 {"error":"invalid_credentials","message":"Invalid credentials","requestId":"same"}"#);
        let names: BTreeSet<&str> = answer.headers.keys().map(|name| name.as_str()).collect();
        let expected = ["content-length", "content-type", "date", "vary", "x-content-type-options", "x-request-id"];
        assert_eq!(names, BTreeSet::from(expected));
    }
    hub.stop().await;
}

#[tokio::test]
async fn an_email_and_a_name_are_given_once() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let base = hub.url("quiz");
    let ada = User::register(base, "ada").await;
    for email in ["ada@example.com", "ADA@EXAMPLE.COM"] {
        let answer = register(base, json!({ "email": email, "password": PASSWORD, "username": "other" })).await;
        check_refused(&answer, 422, "duplicate_email", "Email already registered");
    }
    for name in ["ada", "aDa"] {
        let answer = register(base, json!({ "email": "other@example.com", "password": PASSWORD, "username": name })).await;
        check_refused(&answer, 422, "username_taken", "Username already exists");
    }
    // Nothing stays reserved for who was refused.
    User::register(base, "other").await;
    assert_eq!(ada.get("/profile").await["username"], "ada");
    hub.stop().await;
}

#[tokio::test]
async fn of_fifty_who_want_one_email_at_once_one_gets_it() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let base = hub.url("quiz");
    let attempt = async |number: usize| {
        let email = if number.is_multiple_of(2) { "one@example.com" } else { "ONE@example.com" };
        register(base, json!({ "email": email, "password": PASSWORD, "username": format!("user_{number}") })).await
    };
    let answers = join_all((0..50).map(attempt)).await;
    check_one_winner(&answers, "duplicate_email", "Email already registered");
    let sent = json!({ "email": "one@example.com", "password": PASSWORD });
    let id = body(&call(base, "POST", "/auth/login", &sent).await)["user"]["id"].clone();
    let winner = answers.iter().find(|answer| answer.status.as_u16() == 201).expect("a winner");
    assert_eq!(body(winner)["user"]["id"], id);
    hub.stop().await;
}

#[tokio::test]
async fn of_fifty_who_want_one_name_at_once_one_gets_it_and_the_others_keep_their_emails_free() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let base = hub.url("quiz");
    let attempt = async |number: usize| {
        let name = if number.is_multiple_of(2) { "wanted" } else { "WANTED" };
        register(base, json!({ "email": format!("user{number}@example.com"), "password": PASSWORD, "username": name })).await
    };
    let answers = join_all((0..50).map(attempt)).await;
    check_one_winner(&answers, "username_taken", "Username already exists");
    let loser = answers.iter().position(|answer| answer.status.as_u16() == 422).expect("a loser");
    let again = json!({ "email": format!("user{loser}@example.com"), "password": PASSWORD, "username": "another" });
    assert_eq!(register(base, again).await.status.as_u16(), 201);
    hub.stop().await;
}

fn check_one_winner(answers: &[Answer], error: &str, message: &str) {
    let (won, lost): (Vec<&Answer>, Vec<&Answer>) = answers.iter().partition(|answer| answer.status.as_u16() == 201);
    assert_eq!((won.len(), lost.len()), (1, 49));
    lost.into_iter().for_each(|answer| check_refused(answer, 422, error, message));
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
    const FOREIGN: &str = "the secret of a Supabase project";
    const EVE: &str = "0123abcd-0000-4000-8000-000000000000";
    let claims = json!({
        "sub": EVE, "email": "Eve@example.com", "role": "authenticated", "session_id": "00000000-0000-4000-8000-000000000001"
    });
    let now = Timestamp(i64::try_from(time::OffsetDateTime::now_utc().unix_timestamp()).expect("seconds") * 1000);
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
    check_refused(&register(base, sent.clone()).await, 422, "duplicate_email", "Email already registered");
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

fn decode(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url without padding")).expect("JSON")
}
