//! What the quiz still knows after a restart on the same data directory: everything that was acknowledged.

use std::sync::Arc;

use serde_json::{Value, json};

use super::support::everything;
use crate::harness::hub::Hub;
use crate::harness::process::Served;
use crate::harness::quiz::{Playable, UNLIMITED, User, body, call, check, check_refused, id_of};

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

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_kill() {
    let hub = Served::start(&[UNLIMITED]);
    let ada = User::register(hub.url("quiz"), "ada").await;
    let (hub, ada) = killed(hub, &ada);
    assert_eq!(ada.get("/profile").await["username"], "ada");

    let quiz = ada.create_quiz("Quiz Title").await;
    let (hub, ada) = killed(hub, &ada);
    assert_eq!(ada.get(&format!("/quiz/{quiz}")).await["title"], "Quiz Title");
    assert_eq!(ada.get("/quiz").await["total"], 1);

    let question = json!({ "question_text": "What?", "question_type": "true_false" });
    let question = ada.post(&format!("/quiz/{quiz}/questions"), &question).await;
    let (hub, ada) = killed(hub, &ada);
    let with_questions = format!("/quiz/{quiz}?include=questions,answers");
    assert_eq!(ada.get(&with_questions).await["questions"], json!([question]));

    let answers = format!("/quiz/{quiz}/questions/{}/answers", id_of(&question));
    let answer = ada.post(&answers, &json!({ "answer_text": "True", "is_correct": true })).await;
    let (hub, ada) = killed(hub, &ada);
    assert_eq!(ada.get(&with_questions).await["questions"][0]["answers"], json!([answer]));

    let set = ada.call("PUT", &format!("/quiz/{quiz}/code"), &json!({ "code": 123_456 })).await;
    assert_eq!(set.status.as_u16(), 200);
    let (hub, ada) = killed(hub, &ada);
    assert_eq!(ada.get(&format!("/quiz/{quiz}/code")).await["code"], 123_456);
    assert_eq!(ada.get("/quiz/code/check/123456").await["available"], false);

    ada.call("PUT", "/profile/username", &json!({ "username": "lovelace" })).await;
    let (hub, ada) = killed(hub, &ada);
    assert_eq!(ada.get("/profile").await["username"], "lovelace");

    let deleted = ada.call("DELETE", &format!("/quiz/{quiz}"), &NONE).await;
    assert_eq!(body(&deleted), json!({ "success": true }));
    let (hub, ada) = killed(hub, &ada);
    assert_eq!(ada.get("/quiz").await["total"], 0);
    assert_eq!(ada.get("/quiz/code/check/123456").await["available"], true);

    let refreshed = call(&ada.base, "POST", "/auth/refresh", &json!({ "refresh_token": ada.refresh_token })).await;
    let next = body(&refreshed)["session"].clone();
    let (hub, ada) = killed(hub, &ada);
    assert_eq!(
        call(&ada.base, "POST", "/auth/refresh", &json!({ "refresh_token": next["refresh_token"] })).await.status.as_u16(),
        200
    );

    ada.post("/auth/logout", &NONE).await;
    let (_hub, ada) = killed(hub, &ada);
    let refused = ada.call("GET", "/profile", &NONE).await;
    check_refused(&refused, 401, "unauthorized", "Authentication required");
}
