//! `/auth/register` and `/auth/login`: who has an account, and names that are given once.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::support::session;
use crate::harness::http::Answer;
use crate::harness::hub::Hub;
use crate::harness::quiz::{PASSWORD, UNLIMITED, User, body, call, check, check_refused, send};

async fn register(base: &str, sent: Value) -> Answer {
    call(base, "POST", "/auth/register", &sent).await
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
async fn twenty_whose_addresses_begin_alike_get_twenty_names() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let base = hub.url("quiz");
    let attempt = async |number: usize| {
        let answer = register(base, json!({ "email": format!("ada@example{number}.com"), "password": PASSWORD })).await;
        let bearer = format!("Bearer {}", body(&answer)["session"]["access_token"].as_str().expect("a token"));
        body(&send(base, "GET", "/profile", &[("authorization", bearer.as_str())], "").await)["username"].to_string()
    };
    let names: BTreeSet<String> = join_all((0..20).map(attempt)).await.into_iter().collect();
    assert_eq!(names.len(), 20, "{names:?}");
    assert!(names.contains("\"ada\""), "one of them has the name itself");
    hub.stop().await;
}

#[tokio::test]
async fn one_who_takes_a_name_and_one_who_registers_with_it_do_not_both_get_it() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let base = hub.url("quiz");
    let ada = User::register(base, "ada").await;
    for round in 0..5 {
        let name = format!("wanted_{round}");
        let (sent, newcomer) = (json!({ "username": name }), format!("new{round}@example.com"));
        let renamed = ada.call("PUT", "/profile/username", &sent);
        let registered = register(base, json!({ "email": newcomer, "password": PASSWORD, "username": name }));
        let (renamed, registered) = futures_util::future::join(renamed, registered).await;
        if renamed.status.as_u16() == 200 {
            check_refused(&registered, 422, "username_taken", "Username already exists");
        } else {
            check_refused(&renamed, 409, "username_taken", "Username already exists");
            assert_eq!(registered.status.as_u16(), 201);
        }
    }
    hub.stop().await;
}
