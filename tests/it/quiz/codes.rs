//! Quiz codes: six digits that stand for one quiz at a time.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::http::Answer;
use crate::harness::hub::Hub;
use crate::harness::quiz::{UNLIMITED, User, body, call, check, check_refused};

const NONE: Value = Value::Null;

async fn set(user: &User, quiz: &str, code: impl Into<Value>) -> Answer {
    user.call("PUT", &format!("/quiz/{quiz}/code"), &json!({ "code": code.into() })).await
}

async fn generate(user: &User, quiz: &str) -> Answer {
    user.call("POST", &format!("/quiz/{quiz}/generate-code"), &NONE).await
}

async fn check_code(user: &User, quiz: &str, code: &Value) {
    let expected = json!({ "code": code, "hasCode": !code.is_null(), "quizId": quiz });
    check(&user.call("GET", &format!("/quiz/{quiz}/code"), &NONE).await, 200, &expected);
    assert_eq!(user.get(&format!("/quiz/{quiz}")).await["play_settings"]["code"], *code);
}

async fn check_available(base: &str, code: &Value, available: bool) {
    let path = format!("/quiz/code/check/{code}");
    check(&call(base, "GET", &path, &NONE).await, 200, &json!({ "available": available }));
}

#[tokio::test]
async fn a_code_is_generated_set_shown_and_removed() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let (base, ada) = (hub.url("quiz"), User::register(hub.url("quiz"), "ada").await);
    let quiz = ada.create_quiz("Quiz Title").await;
    check_code(&ada, &quiz, &NONE).await;
    check_available(base, &json!(123_456), true).await;

    let generated = generate(&ada, &quiz).await;
    check(&generated, 200, &json!({ "code": "<code>" }));
    let first = body(&generated)["code"].clone();
    check_code(&ada, &quiz, &first).await;
    check_available(base, &first, false).await;
    let second = body(&generate(&ada, &quiz).await)["code"].clone();
    assert_ne!(first, second, "it is a new one");
    check_available(base, &first, true).await;

    // A number, or a text of six digits; one's own code once more is no conflict.
    for code in [json!(123_456), json!("123456"), json!(123_456)] {
        check(&set(&ada, &quiz, code).await, 200, &json!({ "code": 123_456, "success": true }));
        check_code(&ada, &quiz, &json!(123_456)).await;
    }
    check_available(base, &second, true).await;
    check_available(base, &json!(123_456), false).await;

    for _ in 0..2 {
        check(&ada.call("DELETE", &format!("/quiz/{quiz}/code"), &NONE).await, 200, &json!({ "success": true }));
        check_code(&ada, &quiz, &NONE).await;
    }
    check_available(base, &json!(123_456), true).await;
    hub.stop().await;
}

#[tokio::test]
async fn a_code_that_another_quiz_has_is_taken_until_that_gives_it_up() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let (ada, bob) = (User::register(hub.url("quiz"), "ada").await, User::register(hub.url("quiz"), "bob").await);
    let (mine, also_mine, of_bob) = (ada.create_quiz("A").await, ada.create_quiz("B").await, bob.create_quiz("C").await);
    set(&ada, &mine, 123_456).await;
    set(&bob, &of_bob, 654_321).await;
    for (user, quiz) in [(&ada, &also_mine), (&bob, &of_bob)] {
        check_refused(&set(user, quiz, 123_456).await, 400, "code_taken", "Code already exists");
    }
    check_code(&bob, &of_bob, &json!(654_321)).await;
    check_code(&ada, &also_mine, &NONE).await;
    // Renamed, removed, deleted: each frees it.
    set(&ada, &mine, 111_111).await;
    assert_eq!(set(&bob, &of_bob, 123_456).await.status.as_u16(), 200);
    bob.call("DELETE", &format!("/quiz/{of_bob}/code"), &NONE).await;
    assert_eq!(set(&ada, &also_mine, 123_456).await.status.as_u16(), 200);
    ada.call("DELETE", &format!("/quiz/{also_mine}"), &NONE).await;
    assert_eq!(set(&ada, &mine, 123_456).await.status.as_u16(), 200);
    hub.stop().await;
}

#[tokio::test]
async fn what_is_no_code_is_refused_everywhere() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let (base, ada) = (hub.url("quiz"), User::register(hub.url("quiz"), "ada").await);
    let quiz = ada.create_quiz("Quiz Title").await;
    set(&ada, &quiz, 123_456).await;
    let wrong = "Invalid code format";
    for code in [
        json!(99_999),
        json!(1_000_000),
        json!(-123_456),
        json!(123_456.5),
        json!(0),
        json!(1e300),
        json!("12345"),
        json!("1234567"),
        json!("012345"),
        json!("12345a"),
        json!(" 123456"),
        json!("１２３４５６"),
        json!(""),
        json!(null),
        json!(true),
        json!([123_456]),
        json!({}),
    ] {
        check_refused(&set(&ada, &quiz, code).await, 400, "invalid_payload", wrong);
    }
    check_refused(&ada.call("PUT", &format!("/quiz/{quiz}/code"), &json!({})).await, 400, "invalid_payload", wrong);
    check_code(&ada, &quiz, &json!(123_456)).await;
    for code in [
        "12345",
        "1234567",
        "012345",
        "12345a",
        "abcdef",
        "%31%32%33",
        "-12345",
        "1e5000",
        "%EF%BC%91%EF%BC%92%EF%BC%93",
        "123%20456",
        "%00",
    ] {
        for route in ["check", "validate"] {
            let answer = call(base, "GET", &format!("/quiz/code/{route}/{code}"), &NONE).await;
            check_refused(&answer, 400, "invalid_payload", wrong);
        }
    }
    hub.stop().await;
}

#[tokio::test]
async fn the_two_public_routes_need_no_token() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let base = hub.url("quiz");
    for code in ["100000", "999999"] {
        check(&call(base, "GET", &format!("/quiz/code/check/{code}"), &NONE).await, 200, &json!({ "available": true }));
        let expected = json!({ "valid": true, "message": "Code format is valid" });
        check(&call(base, "GET", &format!("/quiz/code/validate/{code}"), &NONE).await, 200, &expected);
    }
    hub.stop().await;
}

#[tokio::test]
async fn of_twenty_quizzes_that_want_one_code_at_once_one_gets_it() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let (ada, bob) = (User::register(hub.url("quiz"), "ada").await, User::register(hub.url("quiz"), "bob").await);
    let quizzes = join_all((0..20).map(async |number: usize| {
        let owner = if number.is_multiple_of(2) { &ada } else { &bob };
        (owner, owner.create_quiz("Quiz Title").await)
    }));
    let quizzes = quizzes.await;
    let answers = join_all(quizzes.iter().map(|(owner, quiz)| set(owner, quiz, 123_456))).await;
    let mut holders = 0;
    for ((owner, quiz), answer) in quizzes.iter().zip(&answers) {
        if answer.status.as_u16() == 200 {
            holders += 1;
            check(answer, 200, &json!({ "code": 123_456, "success": true }));
            check_code(owner, quiz, &json!(123_456)).await;
        } else {
            check_refused(answer, 400, "code_taken", "Code already exists");
            check_code(owner, quiz, &NONE).await;
        }
    }
    assert_eq!(holders, 1);
    hub.stop().await;
}

#[tokio::test]
async fn twenty_codes_generated_at_once_are_twenty_codes() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let ada = User::register(hub.url("quiz"), "ada").await;
    let quizzes = join_all((0..20).map(|_| ada.create_quiz("Quiz Title"))).await;
    let answers = join_all(quizzes.iter().map(|quiz| generate(&ada, quiz))).await;
    let codes: BTreeSet<String> = answers.iter().map(|answer| body(answer)["code"].to_string()).collect();
    assert_eq!(codes.len(), 20);
    for (quiz, answer) in quizzes.iter().zip(&answers) {
        check_code(&ada, quiz, &body(answer)["code"]).await;
    }
    hub.stop().await;
}

#[tokio::test]
async fn one_quiz_that_gets_twenty_codes_at_once_keeps_one_and_the_others_are_free() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let (base, ada) = (hub.url("quiz"), User::register(hub.url("quiz"), "ada").await);
    let quiz = ada.create_quiz("Quiz Title").await;
    let given = join_all((0..20).map(async |number: u64| {
        if number.is_multiple_of(2) { generate(&ada, &quiz).await } else { set(&ada, &quiz, 200_000 + number).await }
    }));
    let given: Vec<Value> = given.await.iter().map(|answer| body(answer)["code"].clone()).collect();
    let kept = ada.get(&format!("/quiz/{quiz}/code")).await["code"].clone();
    assert!(given.contains(&kept), "{kept} is none of {given:?}");
    for code in &given {
        check_available(base, code, *code != kept).await;
    }
    hub.stop().await;
}
