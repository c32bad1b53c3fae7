//! What holds for all routes alike: methods, paths, the slash at the end, and the id of a request.

use serde_json::{Value, json};

use super::support::everything;
use crate::harness::http::Answer;
use crate::harness::hub::Hub;
use crate::harness::quiz::{UNLIMITED, User, call, check, check_body, check_refused, send};

const NONE: Value = Value::Null;
const NOTHING: &str = "00000000-0000-4000-8000-000000000000";

/// Every path of the document, of its summary, and of the two extensions, with its methods.
const PATHS: [(&str, &str); 38] = [
    ("GET", "/health"),
    ("POST", "/auth/register"),
    ("POST", "/auth/login"),
    ("POST", "/auth/logout"),
    ("POST", "/auth/refresh"),
    ("GET", "/profile"),
    ("PUT", "/profile/username"),
    ("PUT", "/profile/display-name"),
    ("POST DELETE", "/profile/avatar"),
    ("GET", "/storage/avatars/Z/Z.png"),
    ("POST GET", "/quiz"),
    ("GET PUT DELETE", "/quiz/Q"),
    ("POST", "/quiz/Q/questions"),
    ("PUT", "/quiz/Q/questions/reorder"),
    ("PUT DELETE", "/quiz/Q/questions/N"),
    ("POST", "/quiz/Q/questions/N/answers"),
    ("PUT DELETE", "/quiz/Q/questions/N/answers/A"),
    ("POST", "/quiz/Q/publish"),
    ("POST", "/quiz/Q/unpublish"),
    ("GET", "/quiz/Q/validate"),
    ("POST", "/quiz/Q/generate-code"),
    ("PUT GET DELETE", "/quiz/Q/code"),
    ("GET", "/quiz/code/check/123456"),
    ("GET", "/quiz/code/validate/123456"),
    ("GET", "/game-flows"),
    ("GET", "/game-flows/Z/flow"),
    ("POST", "/game-flows/Z/advance"),
    ("PATCH DELETE", "/game-flows/Z"),
    ("GET", "/websocket-connections"),
    ("GET", "/websocket-connections/active"),
    ("GET", "/websocket-connections/device/Z"),
    ("GET", "/websocket-connections/stats"),
    ("GET", "/websocket-connections/Z"),
    ("GET", "/device-sessions"),
    ("GET", "/device-sessions/Z"),
    ("PATCH", "/device-sessions/Z/metadata"),
    ("GET", "/device-sessions/Z/connections"),
    ("GET", "/device-sessions/stats"),
];

#[tokio::test]
async fn a_known_path_with_another_method_is_not_there() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let ada = User::register(hub.url("quiz"), "ada").await;
    let quiz = ada.playable_quiz(1, json!({})).await;
    let before = everything(&ada).await;
    let routes: usize = PATHS.iter().map(|(methods, _)| methods.split(' ').count()).sum();
    assert_eq!(routes, 47, "the document and its summary have 45 routes, and there are two extensions");
    for (methods, route) in PATHS {
        let path = route.replace("/Q", &format!("/{}", quiz.id)).replace("/N", &format!("/{}", quiz.questions[0].id));
        let path = path.replace("/A", &format!("/{}", quiz.questions[0].answers[0])).replace('Z', NOTHING);
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"] {
            if methods.split(' ').any(|known| known == method) {
                continue;
            }
            check_refused(&ada.call(method, &path, &json!({ "title": "X" })).await, 404, "not_found", "Not found");
        }
    }
    assert_eq!(everything(&ada).await, before);
    hub.stop().await;
}

#[tokio::test]
async fn what_no_document_names_is_not_found() {
    let hub = Hub::start(&[UNLIMITED]).await;
    for path in [
        "/",
        "/quizz",
        "/QUIZ",
        "/quiz/x/y/z/a/b/c",
        "/auth",
        "/auth/registered",
        "/profile/avatar/x",
        "/storage",
        "/game-flows/x/y/z",
        "//quiz",
        "/quiz//code",
        "/health/x",
        "/.env",
        "/metrics",
        "/%2e%2e/%2e%2e/etc/passwd",
    ] {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let answer = call(hub.url("quiz"), method, path, &NONE).await;
            check_refused(&answer, 404, "not_found", "Not found");
        }
    }
    hub.stop().await;
}

#[tokio::test]
async fn a_slash_at_the_end_makes_no_difference() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let ada = User::register(hub.url("quiz"), "ada").await;
    let quiz = ada.playable_quiz(1, json!({})).await;
    let (question, answer) = (&quiz.questions[0].id, &quiz.questions[0].answers[0]);
    let without_id = |answer: Answer| {
        let (status, text) = (answer.status.as_u16(), answer.text.clone());
        let mut body: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}"));
        for of_the_moment in ["requestId", "ts", "updated_at"] {
            body.as_object_mut().map(|body| body.shift_remove(of_the_moment));
        }
        (status, body)
    };
    let of = |what: &str| format!("/quiz/{}{what}", quiz.id);
    for (method, path, sent) in [
        ("GET", "/health".to_owned(), NONE),
        ("GET", "/profile".to_owned(), NONE),
        ("GET", "/quiz".to_owned(), NONE),
        ("GET", of(""), NONE),
        ("GET", of("/validate"), NONE),
        ("GET", of("/code"), NONE),
        ("GET", "/quiz/code/check/123456".to_owned(), NONE),
        ("GET", "/quiz/code/validate/123456".to_owned(), NONE),
        ("GET", "/game-flows".to_owned(), NONE),
        ("GET", "/websocket-connections".to_owned(), NONE),
        ("GET", "/websocket-connections/active".to_owned(), NONE),
        ("GET", "/websocket-connections/stats".to_owned(), NONE),
        ("GET", "/device-sessions".to_owned(), NONE),
        ("GET", "/device-sessions/stats".to_owned(), NONE),
        ("PUT", "/profile/username".to_owned(), json!({ "username": "ada" })),
        ("PUT", "/profile/display-name".to_owned(), json!({ "displayName": "Ada" })),
        ("PUT", of(""), json!({ "title": "Again" })),
        ("PUT", of(&format!("/questions/{question}")), json!({ "points": 3 })),
        ("PUT", of("/questions/reorder"), json!({ "questionIds": [question] })),
        ("PUT", of(&format!("/questions/{question}/answers/{answer}")), json!({ "answer_text": "Again" })),
        ("POST", of("/publish"), NONE),
        ("PUT", of("/code"), json!({ "code": 123_456 })),
        ("DELETE", of("/code"), NONE),
        ("POST", "/auth/login".to_owned(), json!({})),
        ("POST", "/auth/refresh".to_owned(), json!({})),
        ("POST", "/auth/register".to_owned(), json!({})),
        ("POST", "/profile/avatar".to_owned(), NONE),
        ("DELETE", "/profile/avatar".to_owned(), NONE),
        ("POST", "/quiz".to_owned(), json!({})),
        ("POST", of("/questions"), json!({})),
        ("POST", of(&format!("/questions/{question}/answers")), json!({})),
        ("GET", format!("/game-flows/{NOTHING}/flow"), NONE),
        ("PATCH", format!("/game-flows/{NOTHING}"), json!({ "current_question_index": 0 })),
        ("PATCH", format!("/device-sessions/{NOTHING}/metadata"), json!({ "theme": "dark" })),
    ] {
        let plain = without_id(ada.call(method, &path, &sent).await);
        let slashed = without_id(ada.call(method, &format!("{path}/"), &sent).await);
        assert_eq!(plain, slashed, "{method} {path}");
        assert_ne!(plain.1["message"], "Not found", "{method} {path} is served");
    }
    hub.stop().await;
}

#[tokio::test]
async fn every_route_that_is_read_may_be_asked_for_its_head_alone() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let ada = User::register(hub.url("quiz"), "ada").await;
    let quiz = ada.create_quiz("Quiz Title").await;
    for path in [
        "/health",
        "/profile",
        "/quiz",
        &format!("/quiz/{quiz}"),
        &format!("/quiz/{quiz}/code"),
        "/quiz/code/check/123456",
        "/game-flows/",
    ] {
        let (head, whole) = (ada.call("HEAD", path, &NONE).await, ada.call("GET", path, &NONE).await);
        assert_eq!((head.status.as_u16(), head.text.as_str()), (200, ""), "{path}");
        assert_eq!(head.header("content-length"), whole.text.len().to_string(), "{path}");
    }
    let refused = call(&ada.base, "HEAD", "/profile", &NONE).await;
    assert_eq!((refused.status.as_u16(), refused.text.as_str()), (401, ""));
    hub.stop().await;
}

#[tokio::test]
async fn a_request_keeps_the_id_that_its_client_gave_it() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let base = hub.url("quiz");
    let longest = "x".repeat(64);
    for id in ["abc-123", "an id with blanks", "{\"a\":1}", longest.as_str()] {
        let refused = send(base, "GET", "/profile", &[("x-request-id", id)], "").await;
        assert_eq!(refused.header("x-request-id"), id);
        check_refused(&refused, 401, "unauthorized", "Authentication required");
        let good = send(base, "GET", "/health", &[("x-request-id", id)], "").await;
        assert_eq!(good.header("x-request-id"), id);
    }
    let too_long = "x".repeat(65);
    for id in ["", too_long.as_str(), "tab\there", "naïve"] {
        let refused = send(base, "GET", "/profile", &[("x-request-id", id)], "").await;
        let expected = json!({ "error": "unauthorized", "message": "Authentication required", "requestId": "<id>" });
        assert_eq!(refused.status.as_u16(), 401);
        check_body(serde_json::from_str(&refused.text).expect("JSON"), &expected);
    }
    // Without one, each has its own.
    let [one, other] = [call(base, "GET", "/health", &NONE).await, call(base, "GET", "/health", &NONE).await];
    assert_ne!(one.header("x-request-id"), other.header("x-request-id"));
    check(&one, 200, &json!({ "ok": true, "ts": "<ms>" }));
    hub.stop().await;
}
