//! What the quiz's tests share: whole bodies of the document, and values in them changed.

use serde_json::{Value, json};

use crate::harness::quiz::{User, check_refused, id_of, send};
use crate::harness::socket::Client;

/// Returns a new draft of `owner` as every route shows it, with all defaults.
pub fn quiz_set(id: &str, owner: &str, title: &str) -> Value {
    json!({
        "id": id, "user_id": owner, "title": title, "description": "", "thumbnail_url": null, "is_public": false,
        "difficulty_level": "easy", "category": "General", "total_questions": 0, "times_played": 0, "created_at": "<time>",
        "updated_at": "<time>", "status": "draft", "tags": [], "last_played_at": null,
        "play_settings": {
            "code": null, "show_question_only": true, "show_explanation": true, "time_bonus": false, "streak_bonus": false,
            "show_correct_answer": false, "max_players": 400
        },
        "cloned_from": null
    })
}

/// Returns a body with some of its values changed; the order of its keys stays.
pub fn with(mut body: Value, changes: &Value) -> Value {
    for (key, value) in changes.as_object().expect("the changes are an object") {
        assert!(body.get(key).is_some(), "`{key}` is no key of {body}");
        body[key] = if value.is_object() { with(body[key].take(), value) } else { value.clone() };
    }
    body
}

/// Returns a new question of a quiz as every route shows it, with all defaults and no answers.
pub fn question(id: &str, quiz: &str, text: &str) -> Value {
    json!({
        "id": id, "question_set_id": quiz, "question_text": text, "question_type": "multiple_choice", "image_url": null,
        "show_question_time": 10, "answering_time": 30, "points": 1, "difficulty": "easy", "order_index": 0,
        "explanation_title": null, "explanation_text": null, "explanation_image_url": null, "show_explanation_time": 5,
        "created_at": "<time>", "updated_at": "<time>", "answers": []
    })
}

/// Returns once the clock shows another millisecond: what changes from now on changed later.
pub fn next_millisecond() {
    let now = || time::OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000;
    let before = now();
    while now() == before {
        std::hint::spin_loop();
    }
}

/// Returns everything that somebody sees of what is theirs.
pub async fn everything(user: &User) -> Value {
    let list = user.get("/quiz?limit=100").await;
    let mut seen = vec![user.get("/profile").await];
    for quiz in list["quizzes"].as_array().expect("a list") {
        let id = id_of(quiz);
        seen.push(user.get(&format!("/quiz/{id}?include=questions,answers")).await);
        seen.push(user.get(&format!("/quiz/{id}/code")).await);
    }
    json!([list, seen])
}

/// Returns a session as every answer shows it.
pub fn session() -> Value {
    json!({ "access_token": "<token>", "refresh_token": "<token>", "expires_in": 3600 })
}

/// Checks that neither a request nor a socket gets in with a token.
pub async fn check_keeps_out(base: &str, token: &str) {
    let bearer = format!("Bearer {token}");
    let answer = send(base, "GET", "/profile", &[("authorization", bearer.as_str())], "").await;
    check_refused(&answer, 401, "unauthorized", "Authentication required");
    let refused = Client::try_connect(base, "/", json!({ "token": token })).await.err().expect("the socket is refused");
    assert_eq!(refused["message"], "unauthorized");
}
