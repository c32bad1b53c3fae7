//! `/quiz/:quizId/questions/:questionId/answers`: what there is to choose from.

use serde_json::{Value, json};

use super::support::{next_millisecond, with};
use crate::harness::hub::Hub;
use crate::harness::quiz::{UNLIMITED, User, body, check, check_refused, id_of};

const NONE: Value = Value::Null;
const PICTURE: &str = "https://example.com/a.png";

/// Makes a quiz with one question, and returns the quiz and the path of the question's answers.
async fn question(user: &User, kind: &str) -> (String, String) {
    let quiz = user.create_quiz("Quiz Title").await;
    let sent = json!({ "question_text": "What?", "question_type": kind });
    let question = id_of(&user.post(&format!("/quiz/{quiz}/questions"), &sent).await);
    let answers = format!("/quiz/{quiz}/questions/{question}/answers");
    (quiz, answers)
}

async fn shown(user: &User, quiz: &str) -> Value {
    user.get(&format!("/quiz/{quiz}?include=questions")).await["questions"][0].clone()
}

#[tokio::test]
async fn an_answer_is_added_changed_and_deleted() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let ada = User::register(hub.url("quiz"), "ada").await;
    let (quiz, answers) = question(&ada, "multiple_choice").await;
    let sent = json!({ "answer_text": "Answer option text", "image_url": PICTURE, "is_correct": true, "order_index": 0 });
    let added = ada.call("POST", &answers, &sent).await;
    let expected = json!({
        "id": "<id>", "question_id": id_of(&shown(&ada, &quiz).await), "answer_text": "Answer option text", "image_url": PICTURE,
        "is_correct": true, "order_index": 0, "created_at": "<time>", "updated_at": "<time>"
    });
    check(&added, 201, &expected);
    let mut answer = body(&added);
    let path = format!("{answers}/{}", id_of(&answer));
    assert_eq!(shown(&ada, &quiz).await["answers"], json!([answer]));

    for changes in [
        json!({ "answer_text": "Another" }),
        json!({ "is_correct": false }),
        json!({ "order_index": 5 }),
        json!({ "answer_text": "" }),
        json!({ "answer_text": "Again", "image_url": null }),
    ] {
        answer = with(with(answer, &changes), &json!({ "updated_at": "<time>" }));
        check(&ada.call("PUT", &path, &changes).await, 200, &answer);
    }
    let before = shown(&ada, &quiz).await;
    next_millisecond();
    check(&ada.call("PUT", &path, &json!({})).await, 200, &before["answers"][0]);
    assert_eq!(shown(&ada, &quiz).await, before);

    check(&ada.call("DELETE", &path, &NONE).await, 200, &json!({ "success": true }));
    assert_eq!(shown(&ada, &quiz).await["answers"], json!([]));
    for method in ["DELETE", "PUT"] {
        check_refused(&ada.call(method, &path, &json!({})).await, 404, "not_found", "Answer not found");
    }
    hub.stop().await;
}

#[tokio::test]
async fn an_answer_is_a_text_or_a_picture() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let ada = User::register(hub.url("quiz"), "ada").await;
    let (_, answers) = question(&ada, "multiple_choice").await;
    let pictures = [
        json!({ "image_url": PICTURE, "is_correct": true }),
        json!({ "answer_text": "", "image_url": PICTURE, "is_correct": false }),
    ];
    for (place, sent) in pictures.into_iter().enumerate() {
        let added = body(&ada.call("POST", &answers, &sent).await);
        assert_eq!((&added["answer_text"], &added["order_index"]), (&json!(""), &json!(place)), "the default is the last place");
        let emptied = ada.call("PUT", &format!("{answers}/{}", id_of(&added)), &json!({ "image_url": null })).await;
        check_refused(&emptied, 400, "invalid_payload", "answer_text must have 1 to 200 characters");
    }
    hub.stop().await;
}

#[tokio::test]
async fn a_question_has_no_more_answers_than_its_type_takes() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let ada = User::register(hub.url("quiz"), "ada").await;
    for (kind, most) in [("multiple_choice", 4), ("true_false", 2)] {
        let (quiz, answers) = question(&ada, kind).await;
        for number in 0..most {
            let sent = json!({ "answer_text": format!("{number}"), "is_correct": true });
            assert_eq!(
                ada.call("POST", &answers, &sent).await.status.as_u16(),
                201,
                "several may be correct until it is published"
            );
        }
        let before = shown(&ada, &quiz).await;
        let too_many = format!("answers must have {most} items at most");
        let one_more = ada.call("POST", &answers, &json!({ "answer_text": "more", "is_correct": false })).await;
        check_refused(&one_more, 400, "invalid_payload", &too_many);
        let at_once = vec![json!({ "answer_text": "A", "is_correct": true }); most + 1];
        let sent = json!({ "question_text": "What?", "question_type": kind, "answers": at_once });
        check_refused(&ada.call("POST", &format!("/quiz/{quiz}/questions"), &sent).await, 400, "invalid_payload", &too_many);
        let path = answers.trim_end_matches("/answers");
        check_refused(&ada.call("PUT", path, &json!({ "answers": at_once })).await, 400, "invalid_payload", &too_many);
        assert_eq!(shown(&ada, &quiz).await, before);
        let errors = json!(["Question 1: exactly one answer must be correct"]);
        assert_eq!(ada.get(&format!("/quiz/{quiz}/validate")).await["errors"], errors);
    }
    // A question of four answers is not to be answered by true or false.
    let quiz = ada.playable_quiz(1, json!({})).await;
    let path = format!("/quiz/{}/questions/{}", quiz.id, quiz.questions[0].id);
    let answer = ada.call("PUT", &path, &json!({ "question_type": "true_false" })).await;
    check_refused(&answer, 400, "invalid_payload", "answers must have 2 items at most");
    hub.stop().await;
}

#[tokio::test]
async fn an_answer_is_found_in_its_own_question_alone() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let ada = User::register(hub.url("quiz"), "ada").await;
    let (one, other) = (ada.playable_quiz(2, json!({})).await, ada.playable_quiz(1, json!({})).await);
    let path = |quiz: &str, question: &str| format!("/quiz/{quiz}/questions/{question}/answers/{}", one.questions[0].answers[0]);
    let before = ada.get(&format!("/quiz/{}?include=questions", one.id)).await;
    for (path, message) in [
        (path(&one.id, &one.questions[1].id), "Answer not found"),
        (path(&other.id, &other.questions[0].id), "Answer not found"),
        (path(&other.id, &one.questions[0].id), "Question not found"),
    ] {
        for method in ["PUT", "DELETE"] {
            check_refused(&ada.call(method, &path, &json!({ "answer_text": "X" })).await, 404, "not_found", message);
        }
    }
    assert_eq!(ada.get(&format!("/quiz/{}?include=questions", one.id)).await, before);
    hub.stop().await;
}
