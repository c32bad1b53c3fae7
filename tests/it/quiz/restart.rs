//! What the quiz still knows after a restart on the same data directory: everything that was acknowledged.

use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use image::ImageFormat;
use serde_json::{Value, json};

use super::avatars::{bytes_at, check_gone, picture, uploaded};
use super::support::{check_keeps_out, everything};
use crate::harness::hub::Hub;
use crate::harness::process::Served;
use crate::harness::quiz::{PASSWORD, Playable, UNLIMITED, User, body, call, check, check_refused, id_of};

const NONE: Value = Value::Null;

/// Makes a little of everything.
async fn author(user: &User) -> Playable {
    user.call("PUT", "/profile/username", &json!({ "username": "lovelace" })).await;
    user.call("PUT", "/profile/display-name", &json!({ "displayName": "Ada Lovelace" })).await;
    let quiz = user.playable_quiz(3, json!({ "time_bonus": true, "max_players": 7 })).await;
    let of = |what: &str| format!("/quiz/{}{what}", quiz.id);
    let order: Vec<&str> = quiz.questions.iter().rev().map(|question| question.id.as_str()).collect();
    for (method, path, sent) in [
        ("PUT", of(""), json!({ "title": "Changed", "tags": ["a", "b"], "is_public": true })),
        ("PUT", of("/questions/reorder"), json!({ "questionIds": order })),
        ("PUT", of("/code"), json!({ "code": 123_456 })),
        (
            "PUT",
            of(&format!("/questions/{}", quiz.questions[0].id)),
            json!({ "points": 9, "image_url": "https://example.com/a.png" }),
        ),
        ("DELETE", of(&format!("/questions/{}/answers/{}", quiz.questions[1].id, quiz.questions[1].answers[3])), NONE),
        ("DELETE", of(&format!("/questions/{}", quiz.questions[2].id)), NONE),
    ] {
        assert!(user.call(method, &path, &sent).await.status.is_success(), "{method} {path}");
    }
    quiz
}

#[tokio::test]
async fn accounts_and_what_they_made_outlive_the_hub() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let ada = User::register(hub.url("quiz"), "ada").await;
    let quiz = author(&ada).await;
    let gone = ada.create_quiz("Deleted").await;
    ada.post(&format!("/quiz/{gone}/generate-code"), &NONE).await;
    ada.call("DELETE", &format!("/quiz/{gone}"), &NONE).await;
    let before = everything(&ada).await;
    let logged_out = User::log_in(hub.url("quiz"), "ada").await;
    logged_out.post("/auth/logout", &NONE).await;

    let data = Arc::clone(&hub.data);
    hub.stop().await;
    let hub = Hub::start_on(data, &[UNLIMITED]).await;
    let base = hub.url("quiz");
    let ada = ada.at(base);
    assert_eq!(everything(&ada).await, before);
    check_refused(&ada.call("GET", &format!("/quiz/{gone}"), &NONE).await, 404, "not_found", "Quiz not found");
    let refused = logged_out.at(base).call("GET", "/profile", &NONE).await;
    check_refused(&refused, 401, "unauthorized", "Authentication required");
    // Names and codes are still theirs.
    let taken = json!({ "email": "ADA@example.com", "password": "password", "username": "free" });
    assert_eq!(call(base, "POST", "/auth/register", &taken).await.status.as_u16(), 422);
    let taken = json!({ "email": "bob@example.com", "password": "password", "username": "LoveLace" });
    assert_eq!(call(base, "POST", "/auth/register", &taken).await.status.as_u16(), 422);
    check(&call(base, "GET", "/quiz/code/check/123456", &NONE).await, 200, &json!({ "available": false }));
    // The old name is free, the password is the same, and the refresh token goes on.
    User::register(base, "bob").await.call("PUT", "/profile/username", &json!({ "username": "ada" })).await;
    User::log_in(base, "ada").await;
    let refreshed = call(base, "POST", "/auth/refresh", &json!({ "refresh_token": ada.refresh_token })).await;
    assert_eq!(refreshed.status.as_u16(), 200);
    let own = ada.call("PUT", &format!("/quiz/{}/code", quiz.id), &json!({ "code": 123_456 })).await;
    check(&own, 200, &json!({ "code": 123_456, "success": true }));
    hub.stop().await;
}

/// Kills the process the moment that `user` has an answer, and returns what the next one serves.
fn killed(hub: Served, user: &User) -> (Served, User) {
    let hub = Served::start_on(hub.kill(), &[UNLIMITED]);
    let user = user.at(hub.url("quiz"));
    (hub, user)
}

/// Sends a request, kills the hub the moment that it was acknowledged, and returns its answer and what the next hub serves.
async fn acknowledged(hub: Served, user: &User, method: &str, path: &str, sent: &Value) -> (Value, Served, User) {
    let answer = user.call(method, path, sent).await;
    let (hub, user) = killed(hub, user);
    (body(&answer), hub, user)
}

#[tokio::test]
async fn what_was_acknowledged_of_a_quiz_is_there_after_a_kill() {
    let hub = Served::start(&[UNLIMITED]);
    let ada = User::register(hub.url("quiz"), "ada").await;
    let (hub, ada) = killed(hub, &ada);
    let (quiz, hub, ada) = acknowledged(hub, &ada, "POST", "/quiz", &json!({ "title": "Quiz Title" })).await;
    let of = |what: &str| format!("/quiz/{}{what}", id_of(&quiz));
    let whole = of("?include=questions");
    assert_eq!(ada.get(&of("")).await, quiz);
    assert_eq!(ada.get("/quiz").await["quizzes"], json!([quiz]));

    let sent = json!({ "question_text": "What?", "question_type": "true_false" });
    let (one, hub, ada) = acknowledged(hub, &ada, "POST", &of("/questions"), &sent).await;
    assert_eq!(ada.get(&whole).await["questions"], json!([one]));
    let answers = of(&format!("/questions/{}/answers", id_of(&one)));
    let (answer, hub, ada) =
        acknowledged(hub, &ada, "POST", &answers, &json!({ "answer_text": "True", "is_correct": true })).await;
    assert_eq!(ada.get(&whole).await["questions"][0]["answers"], json!([answer]));
    let path = format!("{answers}/{}", id_of(&answer));
    let (answer, hub, ada) = acknowledged(hub, &ada, "PUT", &path, &json!({ "answer_text": "Yes" })).await;
    assert_eq!(ada.get(&whole).await["questions"][0]["answers"], json!([answer]));
    let path = of(&format!("/questions/{}", id_of(&one)));
    let (one, hub, ada) = acknowledged(hub, &ada, "PUT", &path, &json!({ "points": 7 })).await;
    assert_eq!(ada.get(&whole).await["questions"], json!([one]));

    let two = ada.post(&of("/questions"), &sent).await;
    let order = json!({ "questionIds": [two["id"], one["id"]] });
    let (_, hub, ada) = acknowledged(hub, &ada, "PUT", &of("/questions/reorder"), &order).await;
    assert_eq!(ada.get(&whole).await["questions"][0]["id"], two["id"]);
    let (_, hub, ada) = acknowledged(hub, &ada, "DELETE", &of(&format!("/questions/{}", id_of(&two))), &NONE).await;
    assert_eq!(ada.get(&whole).await["questions"][0]["id"], one["id"]);
    ada.post(&answers, &json!({ "answer_text": "No", "is_correct": false })).await;
    let (published, hub, ada) = acknowledged(hub, &ada, "POST", &of("/publish"), &NONE).await;
    assert_eq!((ada.get(&of("")).await, &published["status"]), (published.clone(), &json!("published")));

    let (_, hub, ada) = acknowledged(hub, &ada, "PUT", &of("/code"), &json!({ "code": 123_456 })).await;
    assert_eq!(ada.get(&of("/code")).await["code"], 123_456);
    let (generated, hub, ada) = acknowledged(hub, &ada, "POST", &of("/generate-code"), &NONE).await;
    assert_eq!(ada.get(&of("/code")).await["code"], generated["code"]);
    assert_eq!(ada.get("/quiz/code/check/123456").await["available"], true);
    let (_, _hub, ada) = acknowledged(hub, &ada, "DELETE", &of(""), &NONE).await;
    assert_eq!(ada.get("/quiz").await["total"], 0);
    assert_eq!(ada.get(&format!("/quiz/code/check/{}", generated["code"])).await["available"], true);
}

#[tokio::test]
async fn what_was_acknowledged_of_an_account_is_there_after_a_kill() {
    let hub = Served::start(&[UNLIMITED]);
    let ada = User::register(hub.url("quiz"), "ada").await;
    let (hub, ada) = killed(hub, &ada);
    assert_eq!(ada.get("/profile").await["username"], "ada");
    let (_, hub, ada) = acknowledged(hub, &ada, "PUT", "/profile/username", &json!({ "username": "lovelace" })).await;
    assert_eq!(ada.get("/profile").await["username"], "lovelace");
    let (_, hub, ada) = acknowledged(hub, &ada, "PUT", "/profile/display-name", &json!({ "displayName": "Ada L." })).await;
    assert_eq!(ada.get("/profile").await["displayName"], "Ada L.");

    let path = uploaded(&ada, &picture(ImageFormat::Png)).await;
    let (hub, ada) = killed(hub, &ada);
    assert!(ada.get("/profile").await["avatarUrl"].as_str().is_some_and(|url| url.ends_with(&path)));
    bytes_at(&ada.base, &path).await;
    let (_, hub, ada) = acknowledged(hub, &ada, "DELETE", "/profile/avatar", &NONE).await;
    assert_eq!(ada.get("/profile").await["avatarUrl"], NONE);
    check_gone(&ada.base, &path).await;

    let there = User::log_in(&ada.base, "ada").await;
    let (hub, there) = killed(hub, &there);
    let ada = ada.at(&there.base);
    let sent = json!({ "refresh_token": there.refresh_token });
    let (refreshed, hub, there) = acknowledged(hub, &there, "POST", "/auth/refresh", &sent).await;
    let (_, hub, ada) = acknowledged(hub, &ada.at(&there.base), "POST", "/auth/logout", &NONE).await;
    check_keeps_out(&ada.base, &ada.token).await;

    // The other login goes on with its newest token; the used one ends it, and that lasts as well.
    let there = there.at(&ada.base);
    let refresh = async |user: &User, token: &Value| user.call("POST", "/auth/refresh", &json!({ "refresh_token": token })).await;
    assert_eq!(refresh(&there, &refreshed["session"]["refresh_token"]).await.status.as_u16(), 200);
    check_refused(&refresh(&there, &json!(there.refresh_token)).await, 401, "unauthorized", "Authentication required");
    let (_hub, there) = killed(hub, &there);
    check_keeps_out(&there.base, &there.token).await;
}

#[tokio::test]
async fn a_kill_amid_registrations_leaves_nobody_half_registered() {
    let hub = Served::start(&[UNLIMITED]);
    let base = hub.url("quiz").to_owned();
    let sent = |number: usize| json!({ "email": format!("user{number}@example.com"), "password": PASSWORD, "username": format!("user_{number}") });
    let client = reqwest::Client::new();
    let mut attempts: FuturesUnordered<_> = (0..24)
        .map(async |number| {
            let request = client.post(format!("{base}/auth/register")).json(&sent(number));
            request.send().await.ok().filter(|answer| answer.status().as_u16() == 201).map(|_| number)
        })
        .collect();
    let mut acknowledged = Vec::new();
    while acknowledged.len() < 8 {
        acknowledged.extend(attempts.next().await.expect("more attempts").into_iter());
    }
    let hub = Served::start_on(hub.kill(), &[UNLIMITED]);
    let base = hub.url("quiz").to_owned();
    for number in 0..24 {
        let answer = call(&base, "POST", "/auth/register", &sent(number)).await;
        if answer.status.as_u16() != 201 {
            check_refused(&answer, 422, "duplicate_email", "Email already registered");
            let login = call(&base, "POST", "/auth/login", &sent(number)).await;
            assert_eq!(login.status.as_u16(), 200, "whose email is taken has an account");
        }
        let is_new = answer.status.as_u16() == 201;
        assert!(!(is_new && acknowledged.contains(&number)), "user {number} was told to have an account");
    }
}
