//! Who may touch what: two users who cannot reach each other's quizzes, and the order of checks on every route.

use serde_json::{Value, json};

use crate::harness::hub::Hub;
use crate::harness::quiz::{Playable, UNLIMITED, User, call, check_refused};

const NONE: Value = Value::Null;
/// An id that nothing has.
const NOTHING: &str = "00000000-0000-4000-8000-000000000000";

/// What the last part of a route's path names.
#[derive(Clone, Copy, PartialEq)]
enum Names {
    Quiz,
    Question,
    Answer,
}

/// Every route of an owner: its method, its path, what it names, and a body that it refuses, if it can refuse one.
const ROUTES: [(&str, &str, Names, Option<&str>); 17] = [
    ("PUT", "/quiz/Q", Names::Quiz, Some(r#"{"title":7}"#)),
    ("POST", "/quiz/Q/questions", Names::Quiz, Some(r#"{}"#)),
    ("PUT", "/quiz/Q/questions/reorder", Names::Quiz, Some(r#"{}"#)),
    ("PUT", "/quiz/Q/questions/N", Names::Question, Some(r#"{"points":0}"#)),
    ("POST", "/quiz/Q/questions/N/answers", Names::Question, Some(r#"{}"#)),
    ("PUT", "/quiz/Q/questions/N/answers/A", Names::Answer, Some(r#"{"is_correct":null}"#)),
    ("PUT", "/quiz/Q/code", Names::Quiz, Some(r#"{"code":1}"#)),
    ("POST", "/quiz/Q/publish", Names::Quiz, None),
    ("POST", "/quiz/Q/unpublish", Names::Quiz, None),
    ("GET", "/quiz/Q/validate", Names::Quiz, None),
    ("POST", "/quiz/Q/generate-code", Names::Quiz, None),
    ("GET", "/quiz/Q/code", Names::Quiz, None),
    ("DELETE", "/quiz/Q/code", Names::Quiz, None),
    ("DELETE", "/quiz/Q/questions/N/answers/A", Names::Answer, None),
    ("DELETE", "/quiz/Q/questions/N", Names::Question, None),
    ("DELETE", "/quiz/Q", Names::Quiz, None),
    ("GET", "/quiz/Q?include=questions", Names::Quiz, None),
];

fn path(route: &str, quiz: &str, question: &str, answer: &str) -> String {
    let path = route.replace("/Q", &format!("/{quiz}")).replace("/N", &format!("/{question}"));
    path.replace("/A", &format!("/{answer}"))
}

async fn whole(owner: &User, quiz: &Playable) -> Value {
    let with_questions = owner.get(&format!("/quiz/{}?include=questions", quiz.id)).await;
    json!([with_questions, owner.get(&format!("/quiz/{}/code", quiz.id)).await, owner.get("/quiz").await])
}

#[tokio::test]
async fn every_route_asks_first_who_then_what_then_whether_and_last_how() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let (base, ada, bob) =
        (hub.url("quiz"), User::register(hub.url("quiz"), "ada").await, User::register(hub.url("quiz"), "bob").await);
    let quiz = ada.playable_quiz(2, json!({})).await;
    let other = ada.playable_quiz(1, json!({})).await;
    ada.call("PUT", &format!("/quiz/{}/code", quiz.id), &json!({ "code": 123_456 })).await;
    let before = whole(&ada, &quiz).await;
    let (one, two) = (&quiz.questions[0], &quiz.questions[1]);
    let unnamed = ["nonsense", "00000000", "' OR 1=1 --", "%00", "..%2f..", "undefined", &"9".repeat(3000)]
        .map(|id| id.replace(' ', "%20"));
    for (method, route, names, refused) in ROUTES {
        let bad: Value = refused.map_or(NONE, |body| serde_json::from_str(body).expect("JSON"));
        let of = |quiz: &str, question: &str, answer: &str| path(route, quiz, question, answer);

        // 401, whatever else is wrong.
        for path in [of(&quiz.id, &one.id, &one.answers[0]), of(NOTHING, NOTHING, NOTHING), of("nonsense", "x", "x")] {
            check_refused(&call(base, method, &path, &bad).await, 401, "unauthorized", "Authentication required");
        }
        // 404, whoever asks and however.
        let mut missing = vec![(of(NOTHING, &one.id, &one.answers[0]), "Quiz not found")];
        missing.extend(unnamed.iter().map(|id| (of(id, &one.id, &one.answers[0]), "Quiz not found")));
        if names != Names::Quiz {
            missing.push((of(&quiz.id, NOTHING, &one.answers[0]), "Question not found"));
            missing.push((of(&quiz.id, &other.questions[0].id, &other.questions[0].answers[0]), "Question not found"));
            missing.extend(unnamed.iter().map(|id| (of(&quiz.id, id, &one.answers[0]), "Question not found")));
        }
        if names == Names::Answer {
            missing.push((of(&quiz.id, &one.id, NOTHING), "Answer not found"));
            missing.push((of(&quiz.id, &one.id, &two.answers[0]), "Answer not found"));
            missing.extend(unnamed.iter().map(|id| (of(&quiz.id, &one.id, id), "Answer not found")));
        }
        for (path, message) in &missing {
            for user in [&ada, &bob] {
                check_refused(&user.call(method, path, &bad).await, 404, "not_found", message);
            }
        }
        // 403, however: but what others may not see is not there for them.
        let found = of(&quiz.id, &one.id, &one.answers[0]);
        let forbidden = bob.call(method, &found, &bad).await;
        if route.starts_with("/quiz/Q?") {
            check_refused(&forbidden, 404, "not_found", "Quiz not found");
        } else {
            check_refused(&forbidden, 403, "forbidden", "Not quiz owner");
        }
        // 400, for the owner alone.
        if refused.is_some() {
            let answer = ada.call(method, &found, &bad).await;
            let error: Value = serde_json::from_str(&answer.text).expect("JSON");
            check_refused(&answer, 400, "invalid_payload", error["message"].as_str().expect("a text"));
        }
        assert_eq!(whole(&ada, &quiz).await, before, "{method} {route} changed something");
    }
    hub.stop().await;
}

#[tokio::test]
async fn two_users_cannot_touch_each_others_quizzes_with_bodies_that_are_right() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let (ada, bob) = (User::register(hub.url("quiz"), "ada").await, User::register(hub.url("quiz"), "bob").await);
    let (of_ada, of_bob) = (ada.playable_quiz(1, json!({})).await, bob.playable_quiz(1, json!({})).await);
    for quiz in [(&ada, &of_ada), (&bob, &of_bob)] {
        // Public and published: it may be seen, and nothing else.
        quiz.0.call("PUT", &format!("/quiz/{}", quiz.1.id), &json!({ "is_public": true })).await;
    }
    let before = [whole(&ada, &of_ada).await, whole(&bob, &of_bob).await];
    let good = json!({
        "title": "Mine now", "status": "draft", "code": 123_456, "questionIds": [of_ada.questions[0].id], "question_text": "What?",
        "question_type": "multiple_choice", "answer_text": "A", "is_correct": true, "user_id": bob.id
    });
    for (stranger, quiz) in [(&bob, &of_ada), (&ada, &of_bob)] {
        for (method, route, ..) in ROUTES.into_iter().filter(|(_, route, ..)| !route.starts_with("/quiz/Q?")) {
            let path = path(route, &quiz.id, &quiz.questions[0].id, &quiz.questions[0].answers[0]);
            check_refused(&stranger.call(method, &path, &good).await, 403, "forbidden", "Not quiz owner");
        }
    }
    assert_eq!([whole(&ada, &of_ada).await, whole(&bob, &of_bob).await], before);
    hub.stop().await;
}

#[tokio::test]
async fn the_path_says_which_quiz_whatever_the_body_and_the_query_say() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let (ada, bob) = (User::register(hub.url("quiz"), "ada").await, User::register(hub.url("quiz"), "bob").await);
    let (of_ada, of_bob) = (ada.playable_quiz(1, json!({})).await, bob.playable_quiz(1, json!({})).await);
    let before = whole(&ada, &of_ada).await;
    let sent = json!({
        "id": of_ada.id, "quizId": of_ada.id, "quiz_id": of_ada.id, "questionId": of_ada.questions[0].id, "user_id": ada.id,
        "title": "Changed", "question_text": "Changed?"
    });
    let query = format!("?id={}&quizId={}&questionId={}", of_ada.id, of_ada.id, of_ada.questions[0].id);
    let changed = bob.call("PUT", &format!("/quiz/{}{query}", of_bob.id), &sent).await;
    assert_eq!(changed.status.as_u16(), 200, "{}", changed.text);
    let question = &of_bob.questions[0].id;
    let changed = bob.call("PUT", &format!("/quiz/{}/questions/{question}{query}", of_bob.id), &sent).await;
    assert_eq!(changed.status.as_u16(), 200, "{}", changed.text);
    let seen = &whole(&bob, &of_bob).await[0];
    assert_eq!(
        (&seen["title"], &seen["questions"][0]["question_text"], &seen["user_id"]),
        (&json!("Changed"), &json!("Changed?"), &json!(bob.id))
    );
    assert_eq!(whole(&ada, &of_ada).await, before);
    hub.stop().await;
}

#[tokio::test]
async fn routes_of_users_let_nobody_in_without_a_token() {
    let hub = Hub::start(&[UNLIMITED]).await;
    for (method, path) in [
        ("POST", "/auth/logout"),
        ("GET", "/profile"),
        ("PUT", "/profile/username"),
        ("PUT", "/profile/display-name"),
        ("POST", "/profile/avatar"),
        ("DELETE", "/profile/avatar"),
        ("POST", "/quiz"),
        ("GET", "/quiz"),
        ("GET", "/game-flows/"),
        ("GET", "/game-flows/nonsense/flow"),
        ("POST", "/game-flows/nonsense/advance"),
        ("PATCH", "/game-flows/nonsense"),
        ("DELETE", "/game-flows/nonsense"),
        ("GET", "/websocket-connections/"),
        ("GET", "/websocket-connections/active"),
        ("GET", "/websocket-connections/device/nonsense"),
        ("GET", "/websocket-connections/stats"),
        ("GET", "/websocket-connections/nonsense"),
        ("GET", "/device-sessions/"),
        ("GET", "/device-sessions/nonsense"),
        ("PATCH", "/device-sessions/nonsense/metadata"),
        ("GET", "/device-sessions/nonsense/connections"),
        ("GET", "/device-sessions/stats"),
    ] {
        let answer = call(hub.url("quiz"), method, path, &NONE).await;
        check_refused(&answer, 401, "unauthorized", "Authentication required");
    }
    hub.stop().await;
}
