//! What the quiz's tests share: whole bodies of the document, and values in them changed.

use serde_json::{Value, json};

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
