//! `/quiz/:quizId/questions`: what a quiz asks.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::support::{question, with};
use crate::harness::hub::Hub;
use crate::harness::quiz::{UNLIMITED, User, check, check_body, check_refused, id_of};

const NONE: Value = Value::Null;

/// The document's example of a request, with addresses where it says "optional-image-url".
fn example() -> Value {
    json!({
        "question_text": "What is JavaScript?", "question_type": "multiple_choice", "image_url": "https://example.com/q.png",
        "show_question_time": 20, "answering_time": 60, "points": 2, "difficulty": "hard", "order_index": 3,
        "explanation_title": "Explanation Title", "explanation_text": "Explanation text",
        "explanation_image_url": "http://example.com/e.png", "show_explanation_time": 0,
        "answers": [{ "answer_text": "Answer 1", "is_correct": true, "order_index": 0 }]
    })
}

fn answer(question: &str, text: &str, is_correct: bool, order_index: u32) -> Value {
    json!({
        "id": "<id>", "question_id": question, "answer_text": text, "image_url": null, "is_correct": is_correct,
        "order_index": order_index, "created_at": "<time>", "updated_at": "<time>"
    })
}

async fn shown(user: &User, quiz: &str) -> Value {
    user.get(&format!("/quiz/{quiz}?include=questions,answers")).await["questions"].clone()
}

#[tokio::test]
async fn a_question_is_added_with_what_was_sent() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let ada = User::register(hub.url("quiz"), "ada").await;
    let quiz = ada.create_quiz("Quiz Title").await;
    let added = ada.call("POST", &format!("/quiz/{quiz}/questions"), &example()).await;
    let expected = with(
        question("<id>", &quiz, "What is JavaScript?"),
        &with(example(), &json!({ "answers": [answer("<id>", "Answer 1", true, 0)] })),
    );
    check(&added, 201, &expected);
    let added: Value = serde_json::from_str(&added.text).expect("JSON");
    assert_eq!(added["answers"][0]["question_id"], added["id"]);
    assert_eq!(shown(&ada, &quiz).await.to_string(), json!([added]).to_string());
    assert_eq!(ada.get(&format!("/quiz/{quiz}")).await["total_questions"], 1);
    hub.stop().await;
}

#[tokio::test]
async fn what_is_not_sent_has_its_default() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let ada = User::register(hub.url("quiz"), "ada").await;
    let quiz = ada.create_quiz("Quiz Title").await;
    let path = format!("/quiz/{quiz}/questions");
    let sent = json!({ "question_text": "What?", "question_type": "multiple_choice" });
    for place in 0..3 {
        let expected = with(question("<id>", &quiz, "What?"), &json!({ "order_index": place }));
        check(&ada.call("POST", &path, &sent).await, 201, &expected);
    }
    let sent = json!({
        "question_text": "What?", "question_type": "true_false", "image_url": null, "show_question_time": null, "points": null,
        "difficulty": null, "order_index": null, "explanation_title": null, "answers": null, "id": "x", "question_set_id": "y"
    });
    let expected = with(question("<id>", &quiz, "What?"), &json!({ "order_index": 3, "question_type": "true_false" }));
    check(&ada.call("POST", &path, &sent).await, 201, &expected);
    hub.stop().await;
}

#[tokio::test]
async fn only_what_is_sent_changes_and_sent_answers_replace_all() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let ada = User::register(hub.url("quiz"), "ada").await;
    let quiz = ada.create_quiz("Quiz Title").await;
    let mut added = ada.post(&format!("/quiz/{quiz}/questions"), &example()).await;
    let path = format!("/quiz/{quiz}/questions/{}", id_of(&added));
    for changes in [
        json!({ "question_text": "Why?" }),
        json!({ "question_type": "true_false", "points": 1000, "difficulty": "expert" }),
        json!({ "image_url": null, "explanation_title": null, "explanation_text": null, "explanation_image_url": null }),
        json!({ "show_question_time": 1, "answering_time": 300, "show_explanation_time": 60 }),
        json!({ "order_index": 0 }),
    ] {
        added = with(added, &changes);
        let expected = with(added.clone(), &json!({ "updated_at": "<time>" }));
        check(&ada.call("PUT", &path, &changes).await, 200, &expected);
        check_body(shown(&ada, &quiz).await, &json!([expected]));
    }
    let answers = json!([{ "answer_text": "B", "is_correct": false, "order_index": 1 }, { "answer_text": "A", "is_correct": true, "order_index": 0 }]);
    let changed = ada.call("PUT", &path, &json!({ "answers": answers })).await;
    let question = id_of(&added);
    let expected =
        json!({ "updated_at": "<time>", "answers": [answer(&question, "A", true, 0), answer(&question, "B", false, 1)] });
    check(&changed, 200, &with(added.clone(), &expected));
    check(
        &ada.call("PUT", &path, &json!({ "answers": [] })).await,
        200,
        &with(added, &json!({ "updated_at": "<time>", "answers": [] })),
    );

    let before = shown(&ada, &quiz).await;
    check(&ada.call("PUT", &path, &json!({})).await, 200, &before[0]);
    assert_eq!(shown(&ada, &quiz).await, before);
    hub.stop().await;
}

#[tokio::test]
async fn a_deleted_question_is_gone_and_the_others_stay() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let ada = User::register(hub.url("quiz"), "ada").await;
    let quiz = ada.playable_quiz(3, json!({})).await;
    let before = shown(&ada, &quiz.id).await;
    let path = format!("/quiz/{}/questions/{}", quiz.id, quiz.questions[1].id);
    check(&ada.call("DELETE", &path, &NONE).await, 200, &json!({ "success": true }));
    assert_eq!(shown(&ada, &quiz.id).await, json!([before[0], before[2]]));
    assert_eq!(ada.get(&format!("/quiz/{}", quiz.id)).await["total_questions"], 2);
    let answers = format!("{path}/answers");
    let answer = format!("{answers}/{}", quiz.questions[1].answers[0]);
    for (method, path) in [("DELETE", &path), ("PUT", &path), ("POST", &answers), ("PUT", &answer), ("DELETE", &answer)] {
        check_refused(&ada.call(method, path, &json!({})).await, 404, "not_found", "Question not found");
    }
    hub.stop().await;
}

#[tokio::test]
async fn questions_stand_in_the_order_of_their_places() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let ada = User::register(hub.url("quiz"), "ada").await;
    let quiz = ada.create_quiz("Quiz Title").await;
    for (text, place) in [("third", 7), ("first", 0), ("second", 7), ("last", 9999)] {
        let sent = json!({ "question_text": text, "question_type": "true_false", "order_index": place });
        ada.post(&format!("/quiz/{quiz}/questions"), &sent).await;
    }
    let texts = |questions: &Value| -> Vec<String> {
        let texts = questions.as_array().expect("a list").iter().map(|question| &question["question_text"]);
        texts.map(|text| text.as_str().expect("a text").to_owned()).collect()
    };
    // Of equal places, the older comes first.
    assert_eq!(texts(&shown(&ada, &quiz).await), ["first", "third", "second", "last"]);

    let ids: Vec<String> = shown(&ada, &quiz).await.as_array().expect("a list").iter().map(id_of).collect();
    let wanted = json!([ids[3], ids[0], ids[2], ids[1]]);
    for name in ["questionIds", "question_ids"] {
        let path = format!("/quiz/{quiz}/questions/reorder");
        check(&ada.call("PUT", &path, &json!({ name: wanted })).await, 200, &json!({ "success": true }));
        let questions = shown(&ada, &quiz).await;
        assert_eq!(texts(&questions), ["last", "first", "second", "third"]);
        let places: Vec<Value> =
            questions.as_array().expect("a list").iter().map(|question| question["order_index"].clone()).collect();
        assert_eq!(places, [0, 1, 2, 3]);
    }
    hub.stop().await;
}

#[tokio::test]
async fn only_a_permutation_of_all_questions_reorders_them() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let ada = User::register(hub.url("quiz"), "ada").await;
    let (quiz, other) = (ada.playable_quiz(3, json!({})).await, ada.playable_quiz(1, json!({})).await);
    let [one, two, three] = [0, 1, 2].map(|at| quiz.questions[at].id.as_str());
    let before = ada.get(&format!("/quiz/{}?include=questions", quiz.id)).await;
    let no_permutation = "questionIds must name every question of the quiz once";
    for (ids, message) in [
        (json!([one, two]), no_permutation),
        (json!([]), no_permutation),
        (json!([one, two, two]), no_permutation),
        (json!([one, two, three, three]), no_permutation),
        (json!([one, two, other.questions[0].id]), no_permutation),
        (json!([one, two, "nonsense"]), no_permutation),
        (json!([one, two, 3]), no_permutation),
        (json!([one, two, [three]]), no_permutation),
        (json!(one), "questionIds must be an array"),
        (json!({ "0": one }), "questionIds must be an array"),
        (json!(null), "questionIds is required"),
        (json!(vec![one; 501]), "questionIds must have 500 items at most"),
    ] {
        let answer = ada.call("PUT", &format!("/quiz/{}/questions/reorder", quiz.id), &json!({ "questionIds": ids })).await;
        check_refused(&answer, 400, "invalid_payload", message);
    }
    assert_eq!(ada.get(&format!("/quiz/{}?include=questions", quiz.id)).await, before);
    hub.stop().await;
}

#[tokio::test]
async fn twenty_questions_added_at_once_have_twenty_places() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let ada = User::register(hub.url("quiz"), "ada").await;
    let quiz = ada.create_quiz("Quiz Title").await;
    let (path, sent) = (format!("/quiz/{quiz}/questions"), json!({ "question_text": "What?", "question_type": "true_false" }));
    let added = join_all((0..20).map(|_| ada.post(&path, &sent))).await;
    let questions = shown(&ada, &quiz).await;
    for (place, question) in questions.as_array().expect("a list").iter().enumerate() {
        assert_eq!(question["order_index"], json!(place));
        assert!(added.contains(question), "{question} was acknowledged");
    }
    assert_eq!(ada.get(&format!("/quiz/{quiz}")).await["total_questions"], 20);
    hub.stop().await;
}
