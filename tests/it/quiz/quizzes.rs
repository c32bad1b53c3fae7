//! `/quiz`: quizzes without their questions.

use std::cmp::Reverse;

use serde_json::{Value, json};

use super::support::{quiz_set, with};
use crate::harness::hub::Hub;
use crate::harness::quiz::{UNLIMITED, User, check, check_body, check_refused, id_of};

const NONE: Value = Value::Null;

/// The document's example of a request.
fn example() -> Value {
    json!({
        "title": "Quiz Title", "description": "Quiz description", "difficulty_level": "hard", "category": "Category Name",
        "is_public": true, "tags": ["tag1", "tag2"],
        "play_settings": {
            "show_question_only": false, "show_explanation": false, "time_bonus": true, "streak_bonus": true,
            "show_correct_answer": true, "max_players": 399
        }
    })
}

#[tokio::test]
async fn a_quiz_is_created_as_a_draft_with_what_was_sent() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let ada = User::register(hub.url("quiz"), "ada").await;
    let created = ada.call("POST", "/quiz", &example()).await;
    let expected = with(quiz_set("<id>", &ada.id, "Quiz Title"), &example());
    check(&created, 201, &expected);
    let id = id_of(&serde_json::from_str(&created.text).expect("JSON"));
    check(&ada.call("GET", &format!("/quiz/{id}"), &NONE).await, 200, &with(expected, &json!({ "id": id })));
    hub.stop().await;
}

#[tokio::test]
async fn what_is_not_sent_has_its_default_and_what_only_the_hub_decides_is_ignored() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let ada = User::register(hub.url("quiz"), "ada").await;
    let expected = quiz_set("<id>", &ada.id, "Quiz Title");
    for sent in [
        json!({ "title": "Quiz Title" }),
        json!({ "title": "Quiz Title", "description": null, "difficulty_level": null, "category": null, "is_public": null, "tags": null,
            "play_settings": null }),
        json!({ "title": "Quiz Title", "id": "00000000-0000-4000-8000-000000000000", "user_id": "someone", "status": "published",
            "total_questions": 9, "times_played": 9, "cloned_from": "x", "play_settings": { "code": 123_456, "unknown": 1 }, "__proto__": {} }),
    ] {
        check(&ada.call("POST", "/quiz", &sent).await, 201, &expected);
    }
    hub.stop().await;
}

#[tokio::test]
async fn only_what_is_sent_changes() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let ada = User::register(hub.url("quiz"), "ada").await;
    let id = ada.create_quiz("Quiz Title").await;
    let path = format!("/quiz/{id}");
    let mut expected = quiz_set(&id, &ada.id, "Quiz Title");
    for changes in [
        json!({ "title": "Another" }),
        json!({ "description": "About something", "category": "Science" }),
        json!({ "is_public": true }),
        json!({ "tags": ["one", "two"] }),
        json!({ "tags": [] }),
        json!({ "difficulty_level": "expert" }),
        json!({ "play_settings": { "time_bonus": true } }),
        json!({ "play_settings": { "max_players": 1, "show_explanation": false } }),
        json!({ "status": "archived" }),
        json!({ "status": "draft" }),
        example(),
    ] {
        expected = with(expected, &changes);
        check(&ada.call("PUT", &path, &changes).await, 200, &expected);
        check_body(ada.get(&path).await, &expected);
    }
    // The code has routes of its own, and no change is no change.
    let before = ada.get(&path).await;
    for nothing in
        [json!({}), json!({ "play_settings": { "code": 123_456 } }), json!({ "user_id": "x", "times_played": 7 }), example()]
    {
        check(&ada.call("PUT", &path, &nothing).await, 200, &before);
    }
    assert_eq!(ada.get(&path).await, before);
    hub.stop().await;
}

#[tokio::test]
async fn a_deleted_quiz_is_nowhere() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let ada = User::register(hub.url("quiz"), "ada").await;
    let quiz = ada.playable_quiz(1, json!({})).await;
    let of = |what: &str| format!("/quiz/{}{what}", quiz.id);
    ada.call("PUT", &of("/code"), &json!({ "code": 123_456 })).await;
    check(&ada.call("DELETE", &of(""), &NONE).await, 200, &json!({ "success": true }));
    for (method, what) in [
        ("DELETE", ""),
        ("GET", ""),
        ("PUT", ""),
        ("POST", "/questions"),
        ("PUT", "/questions/reorder"),
        ("POST", "/publish"),
        ("POST", "/unpublish"),
        ("GET", "/validate"),
        ("POST", "/generate-code"),
        ("PUT", "/code"),
        ("GET", "/code"),
        ("DELETE", "/code"),
    ] {
        check_refused(&ada.call(method, &of(what), &json!({})).await, 404, "not_found", "Quiz not found");
    }
    check(&ada.call("GET", "/quiz/code/check/123456", &NONE).await, 200, &json!({ "available": true }));
    check(&ada.call("GET", "/quiz", &NONE).await, 200, &json!({ "quizzes": [], "total": 0, "page": 1, "totalPages": 0 }));
    hub.stop().await;
}

#[tokio::test]
async fn others_see_a_quiz_once_it_is_public_and_published() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let (ada, bob) = (User::register(hub.url("quiz"), "ada").await, User::register(hub.url("quiz"), "bob").await);
    let quiz = ada.playable_quiz(1, json!({})).await;
    let path = format!("/quiz/{}", quiz.id);
    ada.call("PUT", &format!("{path}/code"), &json!({ "code": 123_456 })).await;
    for (is_public, status, is_seen) in [
        (false, "draft", false),
        (false, "published", false),
        (true, "draft", false),
        (true, "archived", false),
        (true, "published", true),
    ] {
        ada.call("PUT", &path, &json!({ "is_public": is_public, "status": status })).await;
        let answer = bob.call("GET", &path, &NONE).await;
        let own = ada.get(&path).await;
        assert_eq!(own["play_settings"]["code"], 123_456);
        if is_seen {
            // The code is for those whom the owner tells it.
            check(&answer, 200, &with(own, &json!({ "play_settings": { "code": null } })));
        } else {
            check_refused(&answer, 404, "not_found", "Quiz not found");
        }
    }
    hub.stop().await;
}

#[tokio::test]
async fn questions_are_shown_where_they_are_asked_for_and_solutions_to_the_owner_alone() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let (ada, bob) = (User::register(hub.url("quiz"), "ada").await, User::register(hub.url("quiz"), "bob").await);
    let id = ada.create_quiz("Quiz Title").await;
    let question = json!({
        "question_text": "What?", "question_type": "true_false", "explanation_title": "Because", "explanation_text": "of that",
        "answers": [{ "answer_text": "True", "is_correct": true }, { "answer_text": "False", "is_correct": false }]
    });
    let question = ada.post(&format!("/quiz/{id}/questions"), &question).await;
    ada.call("PUT", &format!("/quiz/{id}"), &json!({ "is_public": true, "status": "published" })).await;
    let bare = ada.get(&format!("/quiz/{id}")).await;
    for include in ["", "answers", "nonsense"] {
        assert_eq!(ada.get(&format!("/quiz/{id}?include={include}")).await.to_string(), bare.to_string(), "{include}");
    }
    for include in ["questions", "questions,answers", "answers,%20questions"] {
        let mut expected = bare.clone();
        expected["questions"] = json!([question]);
        assert_eq!(ada.get(&format!("/quiz/{id}?include={include}")).await.to_string(), expected.to_string(), "{include}");
    }
    let mut expected = bare;
    let mut shown = question;
    for solution in ["explanation_title", "explanation_text", "explanation_image_url", "show_explanation_time"] {
        shown.as_object_mut().expect("an object").shift_remove(solution);
    }
    for answer in shown["answers"].as_array_mut().expect("a list") {
        answer.as_object_mut().expect("an object").shift_remove("is_correct");
    }
    expected["questions"] = json!([shown]);
    assert_eq!(bob.get(&format!("/quiz/{id}?include=questions,answers")).await.to_string(), expected.to_string());
    hub.stop().await;
}

#[tokio::test]
async fn the_list_has_ones_own_quizzes_the_latest_change_first() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let (ada, bob) = (User::register(hub.url("quiz"), "ada").await, User::register(hub.url("quiz"), "bob").await);
    bob.create_quiz("Of Bob").await;
    let mut made = Vec::new();
    for number in 0..25 {
        made.push(ada.post("/quiz", &json!({ "title": format!("Quiz {number}") })).await);
    }
    // Of two that were made in one millisecond, the id decides.
    made.sort_by_key(|quiz| (Reverse(quiz["updated_at"].to_string()), id_of(quiz)));
    let ids: Vec<String> = made.iter().map(id_of).collect();
    let of = |quiz: &Value| quiz_set(&id_of(quiz), &ada.id, quiz["title"].as_str().expect("a title"));
    let sets: Vec<Value> = made.iter().map(of).collect();
    let page = |of: &[Value], total: usize, page: usize, pages: usize| json!({ "quizzes": of, "total": total, "page": page, "totalPages": pages });
    for (query, expected) in [
        ("", page(&sets[..10], 25, 1, 3)),
        ("?page=3", page(&sets[20..], 25, 3, 3)),
        ("?page=4&limit=10", page(&[], 25, 4, 3)),
        ("?limit=100", page(&sets, 25, 1, 1)),
        ("?limit=1&page=25&unknown=x", page(&sets[24..], 25, 25, 25)),
        ("?page=4294967295&limit=100", page(&[], 25, 4_294_967_295, 1)),
        ("?status=draft&limit=7&page=2", page(&sets[7..14], 25, 2, 4)),
        ("?status=published", page(&[], 0, 1, 0)),
    ] {
        check(&ada.call("GET", &format!("/quiz{query}"), &NONE).await, 200, &expected);
    }

    // What is changed comes to the front, and the filter follows.
    ada.call("PUT", &format!("/quiz/{}", ids[24]), &json!({ "status": "archived" })).await;
    let archived = with(sets[24].clone(), &json!({ "status": "archived" }));
    check(&ada.call("GET", "/quiz?limit=1", &NONE).await, 200, &page(std::slice::from_ref(&archived), 25, 1, 25));
    check(&ada.call("GET", "/quiz?status=archived", &NONE).await, 200, &page(&[archived], 1, 1, 1));
    check(&ada.call("GET", "/quiz?status=draft&limit=1", &NONE).await, 200, &page(&sets[..1], 24, 1, 24));
    ada.call("DELETE", &format!("/quiz/{}", ids[0]), &NONE).await;
    check(&ada.call("GET", "/quiz?status=draft&limit=1", &NONE).await, 200, &page(&sets[1..2], 23, 1, 23));
    hub.stop().await;
}

#[tokio::test]
async fn a_hall_may_ask_for_more_players() {
    let hub = Hub::start(&[UNLIMITED, ("QUIZ__MAX_ROOM_PLAYERS", "10000")]).await;
    let ada = User::register(hub.url("quiz"), "ada").await;
    let settings = |max_players: u32| json!({ "title": "Hall", "play_settings": { "max_players": max_players } });
    let created = ada.post("/quiz", &settings(10_000)).await;
    assert_eq!(created["play_settings"]["max_players"], 10_000);
    let message = "play_settings.max_players must be an integer from 1 to 10000";
    check_refused(&ada.call("POST", "/quiz", &settings(10_001)).await, 400, "invalid_payload", message);
    hub.stop().await;
}
