//! `/quiz/:id/publish`, `unpublish` and `validate`: only a quiz that can be played is published.

use serde_json::{Value, json};

use super::support::{quiz_set, with};
use crate::harness::hub::Hub;
use crate::harness::quiz::{UNLIMITED, User, check, check_refused};

const NONE: Value = Value::Null;

#[tokio::test]
async fn a_quiz_is_published_and_taken_back_as_often_as_its_owner_likes() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let ada = User::register(hub.url("quiz"), "ada").await;
    let quiz = ada.playable_quiz(2, json!({})).await;
    let of = |what: &str| format!("/quiz/{}/{what}", quiz.id);
    let draft = with(quiz_set(&quiz.id, &ada.id, "Quiz Title"), &json!({ "total_questions": 2 }));
    let published = with(draft.clone(), &json!({ "status": "published" }));

    check(&ada.call("GET", &of("validate"), &NONE).await, 200, &json!({ "valid": true, "errors": [] }));
    for _ in 0..2 {
        check(&ada.call("POST", &of("publish"), &NONE).await, 200, &published);
    }
    check(&ada.call("GET", &format!("/quiz/{}", quiz.id), &NONE).await, 200, &published);
    for _ in 0..2 {
        check(&ada.call("POST", &of("unpublish"), &NONE).await, 200, &draft);
    }
    check(&ada.call("GET", &format!("/quiz/{}", quiz.id), &NONE).await, 200, &draft);
    check(&ada.call("PUT", &format!("/quiz/{}", quiz.id), &json!({ "status": "published" })).await, 200, &published);
    hub.stop().await;
}

#[tokio::test]
async fn what_stands_in_the_way_is_told_and_keeps_it_a_draft() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let ada = User::register(hub.url("quiz"), "ada").await;
    let answer = |text: &str, is_correct: bool| json!({ "answer_text": text, "is_correct": is_correct });
    let (choice, pair) = ("multiple_choice", "true_false");
    for (kind, answers, wrong) in [
        (choice, vec![], vec!["2 to 4 answers are required", "exactly one answer must be correct"]),
        (choice, vec![answer("A", true)], vec!["2 to 4 answers are required"]),
        (choice, vec![answer("A", false), answer("B", false)], vec!["exactly one answer must be correct"]),
        (choice, vec![answer("A", true), answer("B", true)], vec!["exactly one answer must be correct"]),
        (choice, vec![answer("A", true), answer(" ", false)], vec!["no answer may be empty"]),
        (pair, vec![answer("True", true)], vec!["a true/false question must have exactly 2 answers"]),
        (pair, vec![answer("True", true), answer("False", false)], vec![]),
        (choice, vec![answer("A", true), answer("B", false), answer("C", false), answer("D", false)], vec![]),
    ] {
        let id = ada.create_quiz("Quiz Title").await;
        let question = json!({ "question_text": "What?", "question_type": kind, "answers": answers });
        ada.post(&format!("/quiz/{id}/questions"), &question).await;
        let errors: Vec<String> = wrong.iter().map(|error| format!("Question 1: {error}")).collect();
        check_validation(&ada, &id, &errors).await;
    }
    let empty = ada.create_quiz("Quiz Title").await;
    check_validation(&ada, &empty, &["At least one question is required".to_owned()]).await;
    let blank = ada.create_quiz(" ").await;
    check_validation(&ada, &blank, &["Title is required".to_owned(), "At least one question is required".to_owned()]).await;
    hub.stop().await;
}

/// Checks what validating and publishing say, and that a quiz with errors is still what it was.
async fn check_validation(owner: &User, id: &str, errors: &[String]) {
    let (quiz, publish) = (format!("/quiz/{id}"), format!("/quiz/{id}/publish"));
    let before = owner.get(&quiz).await;
    let validation = json!({ "valid": errors.is_empty(), "errors": errors });
    check(&owner.call("GET", &format!("/quiz/{id}/validate"), &NONE).await, 200, &validation);
    if errors.is_empty() {
        assert_eq!(owner.post(&publish, &NONE).await["status"], "published");
        return;
    }
    check_refused(&owner.call("POST", &publish, &NONE).await, 400, "validation_failed", &errors.join("; "));
    let changed = owner.call("PUT", &quiz, &json!({ "status": "published", "title": "Changed" })).await;
    assert_eq!((changed.status.as_u16(), changed.text.contains("validation_failed")), (400, true), "{}", changed.text);
    assert_eq!(owner.get(&quiz).await, before);
}

#[tokio::test]
async fn a_published_quiz_may_be_changed_and_its_status_stays() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let ada = User::register(hub.url("quiz"), "ada").await;
    let quiz = ada.playable_quiz(1, json!({})).await;
    let question = format!("/quiz/{}/questions/{}", quiz.id, quiz.questions[0].id);
    let changed = ada.call("PUT", &question, &json!({ "points": 5 })).await;
    assert_eq!(
        (changed.status.as_u16(), ada.get(&format!("/quiz/{}", quiz.id)).await["status"].clone()),
        (200, json!("published"))
    );
    let added = ada
        .call(
            "POST",
            &format!("/quiz/{}/questions", quiz.id),
            &json!({ "question_text": "More?", "question_type": "true_false" }),
        )
        .await;
    assert_eq!(added.status.as_u16(), 201);
    hub.stop().await;
}
