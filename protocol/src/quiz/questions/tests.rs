//! What questions accept, and how they are shown.

use super::*;
use serde_json::{Value, json};

const ID: &str = "00000000-0000-4000-8000-000000000000";

fn add(change: Value) -> Result<NewQuestion, String> {
    let mut sent = json!({ "quizId": ID, "question_text": "Q", "question_type": "multiple_choice" });
    sent.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
    let request: AddQuestion = serde_json::from_value(sent).expect("decodes whatever was sent");
    request.read().map_err(|fault| fault.message)
}

fn update(change: Value) -> Result<QuestionChanges, String> {
    let mut sent = json!({ "quizId": ID, "questionId": ID });
    sent.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
    let request: UpdateQuestion = serde_json::from_value(sent).expect("decodes whatever was sent");
    request.read().map_err(|fault| fault.message)
}

/// Checks one field of both routes at and beyond its bounds.
fn check(change: Value, expected: &str) {
    assert_eq!(add(change.clone()).map_or_else(|message| message, |_| "ok".to_owned()), expected, "{change}");
    assert_eq!(update(change.clone()).map_or_else(|message| message, |_| "ok".to_owned()), expected, "{change}");
}

#[test]
fn the_documents_example_is_a_question() {
    let sent = json!({
        "question_text": "What is JavaScript?", "question_type": "true_false", "image_url": "https://example.com/q.png",
        "show_question_time": 11, "answering_time": 31, "points": 2, "difficulty": "hard", "order_index": 0,
        "explanation_title": "Explanation Title", "explanation_text": "Explanation text",
        "explanation_image_url": "https://example.com/e.png", "show_explanation_time": 6,
        "answers": [{ "answer_text": "Answer 1", "is_correct": true, "order_index": 0 }],
    });
    let expected = NewQuestion {
        question_text: "What is JavaScript?".to_owned(),
        question_type: QuestionType::TrueFalse,
        image_url: Some("https://example.com/q.png".to_owned()),
        show_question_time: 11,
        answering_time: 31,
        points: 2,
        difficulty: Difficulty::Hard,
        order_index: Some(0),
        explanation_title: Some("Explanation Title".to_owned()),
        explanation_text: Some("Explanation text".to_owned()),
        explanation_image_url: Some("https://example.com/e.png".to_owned()),
        show_explanation_time: 6,
        answers: vec![NewAnswer { answer_text: "Answer 1".to_owned(), image_url: None, is_correct: true, order_index: Some(0) }],
    };
    assert_eq!(add(sent), Ok(expected));
}

#[test]
fn a_text_and_a_type_are_enough() {
    let expected = NewQuestion {
        question_text: "Q".to_owned(),
        question_type: QuestionType::MultipleChoice,
        image_url: None,
        show_question_time: 10,
        answering_time: 30,
        points: 1,
        difficulty: Difficulty::Easy,
        order_index: None,
        explanation_title: None,
        explanation_text: None,
        explanation_image_url: None,
        show_explanation_time: 5,
        answers: vec![],
    };
    assert_eq!(add(json!({})), Ok(expected.clone()));
    assert_eq!(add(json!({ "points": null, "difficulty": null, "answers": null, "order_index": null })), Ok(expected));
    assert_eq!(update(json!({})), Ok(QuestionChanges::default()));
}

#[test]
fn texts_have_their_lengths() {
    check(json!({ "question_text": "q".repeat(500) }), "ok");
    check(json!({ "question_text": "q".repeat(501) }), "question_text must have 1 to 500 characters");
    check(json!({ "question_text": "" }), "question_text must have 1 to 500 characters");
    check(json!({ "question_text": null }), "question_text is required");
    check(json!({ "explanation_title": "e".repeat(200) }), "ok");
    check(json!({ "explanation_title": "e".repeat(201) }), "explanation_title must have 0 to 200 characters");
    check(json!({ "explanation_text": "e".repeat(2000) }), "ok");
    check(json!({ "explanation_text": "e".repeat(2001) }), "explanation_text must have 0 to 2000 characters");
    check(json!({ "question_type": "essay" }), "question_type must be one of multiple_choice, true_false");
    check(json!({ "question_type": null }), "question_type is required");
    check(json!({ "difficulty": 1 }), "difficulty must be one of easy, medium, hard, expert");
}

#[test]
fn numbers_have_their_ranges() {
    let bounds = |name: &str, first: u32, last: u32| {
        let wrong = format!("{name} must be an integer from {first} to {last}");
        for (number, expected) in [
            (json!(i64::from(first) - 1), wrong.as_str()),
            (json!(first), "ok"),
            (json!(last), "ok"),
            (json!(last + 1), &wrong),
            (json!(f64::from(first) + 0.5), &wrong),
            (json!(first.to_string()), &wrong),
        ] {
            check(json!({ name: number }), expected);
        }
    };
    bounds("show_question_time", 1, 60);
    bounds("answering_time", 1, 300);
    bounds("show_explanation_time", 0, 60);
    bounds("points", 1, 1000);
    bounds("order_index", 0, 9999);
}

#[test]
fn pictures_are_addresses_or_nothing() {
    for name in ["image_url", "explanation_image_url"] {
        check(json!({ name: "https://example.com/a.png" }), "ok");
        check(json!({ name: null }), "ok");
        check(json!({ name: "optional-image-url" }), &format!("{name} must be an http or https URL"));
        check(json!({ name: 5 }), &format!("{name} must be a string"));
    }
}

#[test]
fn answers_are_four_at_most_and_two_of_a_true_false() {
    let answers = |count: usize| json!(vec![json!({ "answer_text": "A", "is_correct": false }); count]);
    check(json!({ "answers": answers(0) }), "ok");
    check(json!({ "answers": answers(4) }), "ok");
    check(json!({ "answers": answers(5) }), "answers must have 4 items at most");
    check(json!({ "answers": {} }), "answers must be an array");
    check(json!({ "answers": ["A"] }), "each of answers must be an object");
    check(json!({ "answers": [["A", null, true, 0]] }), "each of answers must be an object");
    check(json!({ "answers": [{ "answer_text": "A" }] }), "is_correct is required");
    let added = |count: usize| add(json!({ "question_type": "true_false", "answers": answers(count) })).map(|_| ());
    assert_eq!(added(2), Ok(()));
    assert_eq!(added(3), Err("answers must have 2 items at most".to_owned()));
}

#[test]
fn a_change_can_take_a_picture_away_but_not_a_text() {
    let changes = update(json!({ "image_url": null, "explanation_text": null, "points": 7 })).expect("good changes");
    let expected =
        QuestionChanges { image_url: Some(None), explanation_text: Some(None), points: Some(7), ..QuestionChanges::default() };
    assert_eq!(changes, expected);
    assert_eq!(update(json!({ "points": null })), Err("points is required".to_owned()));
    assert_eq!(update(json!({ "answers": null })), Err("answers must be an array".to_owned()));
}

#[test]
fn an_order_is_a_list_of_ids_under_either_name() {
    let read = |sent: Value| {
        let mut whole = json!({ "quizId": ID });
        whole.as_object_mut().expect("an object").extend(sent.as_object().expect("an object").clone());
        let request: ReorderQuestions = serde_json::from_value(whole).expect("decodes whatever was sent");
        request.read().map(|ids| ids.len()).map_err(|fault| fault.message)
    };
    assert_eq!(read(json!({ "questionIds": [ID, ID] })), Ok(2));
    assert_eq!(read(json!({ "question_ids": [ID] })), Ok(1));
    assert_eq!(read(json!({})), Err("questionIds is required".to_owned()));
    assert_eq!(read(json!({ "questionIds": ID })), Err("questionIds must be an array".to_owned()));
    let wrong = "questionIds must name every question of the quiz once".to_owned();
    assert_eq!(read(json!({ "questionIds": ["q1"] })), Err(wrong.clone()));
    assert_eq!(read(json!({ "questionIds": [1] })), Err(wrong));
    assert_eq!(read(json!({ "questionIds": vec![ID; 501] })), Err("questionIds must have 500 items at most".to_owned()));
}

fn question() -> QuizQuestion {
    let answer = QuizAnswer {
        id: AnswerId::random([0; 16]),
        question_id: QuestionId::random([0; 16]),
        answer_text: "Answer 1".to_owned(),
        image_url: None,
        is_correct: true,
        order_index: 0,
        created_at: "2024-01-15T10:30:45.123Z".to_owned(),
        updated_at: "2024-01-15T10:30:45.123Z".to_owned(),
    };
    QuizQuestion {
        id: QuestionId::random([0; 16]),
        question_set_id: QuizId::random([0; 16]),
        question_text: "What is JavaScript?".to_owned(),
        question_type: QuestionType::MultipleChoice,
        image_url: None,
        show_question_time: 10,
        answering_time: 30,
        points: 1,
        difficulty: Difficulty::Easy,
        order_index: 0,
        explanation_title: Some("Explanation Title".to_owned()),
        explanation_text: None,
        explanation_image_url: None,
        show_explanation_time: 5,
        created_at: "2024-01-15T10:30:45.123Z".to_owned(),
        updated_at: "2024-01-15T10:30:45.123Z".to_owned(),
        answers: vec![answer],
    }
}

#[test]
fn a_question_has_all_its_keys_in_order() {
    let expected = format!(
        r#"{{"id":"{ID}","question_set_id":"{ID}","question_text":"What is JavaScript?","question_type":"multiple_choice","image_url":null,"show_question_time":10,"answering_time":30,"points":1,"difficulty":"easy","order_index":0,"explanation_title":"Explanation Title","explanation_text":null,"explanation_image_url":null,"show_explanation_time":5,"created_at":"2024-01-15T10:30:45.123Z","updated_at":"2024-01-15T10:30:45.123Z","answers":[{{"id":"{ID}","question_id":"{ID}","answer_text":"Answer 1","image_url":null,"is_correct":true,"order_index":0,"created_at":"2024-01-15T10:30:45.123Z","updated_at":"2024-01-15T10:30:45.123Z"}}]}}"#
    );
    assert_eq!(serde_json::to_string(&question()).expect("a reply"), expected);
    assert_eq!(serde_json::to_string(&IncludedQuestion::Own(question())).expect("a reply"), expected);
}

#[test]
fn others_do_not_see_the_solution() {
    assert_eq!(
        serde_json::to_string(&IncludedQuestion::Foreign(question())).expect("a reply"),
        format!(
            r#"{{"id":"{ID}","question_set_id":"{ID}","question_text":"What is JavaScript?","question_type":"multiple_choice","image_url":null,"show_question_time":10,"answering_time":30,"points":1,"difficulty":"easy","order_index":0,"created_at":"2024-01-15T10:30:45.123Z","updated_at":"2024-01-15T10:30:45.123Z","answers":[{{"id":"{ID}","question_id":"{ID}","answer_text":"Answer 1","image_url":null,"order_index":0,"created_at":"2024-01-15T10:30:45.123Z","updated_at":"2024-01-15T10:30:45.123Z"}}]}}"#
        )
    );
}
