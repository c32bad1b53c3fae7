//! Questions and their answers.

use hubbub_protocol::fault::Kind;
use hubbub_protocol::quiz::answers::{AddAnswer, DeleteAnswer, UpdateAnswer};
use hubbub_protocol::quiz::questions::{AddQuestion, DeleteQuestion, ReorderQuestions, UpdateQuestion};
use hubbub_protocol::quiz::{QuestionId, limits};
use serde_json::{Value, json};

use super::rules::{Bench, OWNER, STRANGER, good_question};

const NOWHERE: &str = "00000000-0000-4000-8000-000000000000";

fn with(mut fields: Value, name: &str, value: impl Into<Value>) -> Value {
    fields[name] = value.into();
    fields
}

/// Adds a question and returns its id.
fn add(bench: &mut Bench, fields: Value) -> Value {
    bench.apply::<AddQuestion>(fields).expect("a good question")["id"].clone()
}

#[test]
fn a_question_takes_the_place_it_asks_for_or_the_last() {
    let mut bench = Bench::new();
    let ids: Vec<Value> = (0..3).map(|_| add(&mut bench, good_question())).collect();
    let first = add(&mut bench, with(good_question(), "order_index", 0));
    let order: Vec<Value> = bench.order().iter().map(|id| json!(id)).collect();
    assert_eq!(order, [&ids[0], &first, &ids[1], &ids[2]].map(Clone::clone));
    assert_eq!(bench.quiz.view(bench.id).total_questions, 4);
}

#[test]
fn a_quiz_has_so_many_questions_at_most() {
    let mut bench = Bench::new();
    add(&mut bench, good_question());
    let question = bench.quiz.questions[0].clone();
    bench.quiz.questions = vec![question; limits::QUESTIONS - 1];
    add(&mut bench, good_question());
    bench.refuses::<AddQuestion>(OWNER, Kind::Invalid, good_question());
}

#[test]
fn checks_come_in_one_order() {
    let mut bench = Bench::new();
    let question = add(&mut bench, good_question());
    let answer = json!(bench.quiz.questions[0].answers[0].id);
    let bad = json!({ "question_text": 5, "answer_text": 5, "questionIds": 5 });
    let at =
        |question: &Value, answer: &Value| with(with(bad.clone(), "questionId", question.clone()), "answerId", answer.clone());
    let nowhere = json!(NOWHERE);
    for by in [OWNER, STRANGER] {
        bench.refuses::<UpdateQuestion>(by, Kind::NotFound, at(&nowhere, &answer));
        bench.refuses::<DeleteQuestion>(by, Kind::NotFound, at(&nowhere, &answer));
        bench.refuses::<AddAnswer>(by, Kind::NotFound, at(&nowhere, &answer));
        bench.refuses::<UpdateAnswer>(by, Kind::NotFound, at(&nowhere, &answer));
        bench.refuses::<UpdateAnswer>(by, Kind::NotFound, at(&question, &nowhere));
        bench.refuses::<DeleteAnswer>(by, Kind::NotFound, at(&question, &nowhere));
    }
    for (by, kind) in [(STRANGER, Kind::Forbidden), (OWNER, Kind::Invalid)] {
        bench.refuses::<AddQuestion>(by, kind, at(&question, &answer));
        bench.refuses::<UpdateQuestion>(by, kind, at(&question, &answer));
        bench.refuses::<ReorderQuestions>(by, kind, at(&question, &answer));
        bench.refuses::<AddAnswer>(by, kind, at(&question, &answer));
        bench.refuses::<UpdateAnswer>(by, kind, at(&question, &answer));
    }
    bench.refuses::<DeleteQuestion>(STRANGER, Kind::Forbidden, at(&question, &answer));
    bench.refuses::<DeleteAnswer>(STRANGER, Kind::Forbidden, at(&question, &answer));
}

#[test]
fn answers_that_are_sent_replace_all_others() {
    let mut bench = Bench::new();
    let id = add(&mut bench, good_question());
    let old = bench.quiz.questions[0].answers.clone();
    let changed = bench.apply::<UpdateQuestion>(json!({ "questionId": id, "points": 7 })).expect("fine");
    assert_eq!((&changed["points"], &changed["question_text"]), (&json!(7), &json!("Longest?")));
    assert_eq!(bench.quiz.questions[0].answers, old);
    let answers = json!([{ "answer_text": "b", "is_correct": false, "order_index": 1 }, { "answer_text": "a", "is_correct": true, "order_index": 0 }]);
    let changed = bench.apply::<UpdateQuestion>(json!({ "questionId": id, "answers": answers })).expect("fine");
    assert_eq!((&changed["answers"][0]["answer_text"], &changed["answers"][1]["answer_text"]), (&json!("a"), &json!("b")));
    assert!(bench.quiz.questions[0].answers.iter().all(|answer| old.iter().all(|old| old.id != answer.id)));
}

#[test]
fn a_question_has_four_answers_at_most_and_a_true_false_one_two() {
    let mut bench = Bench::new();
    let id = add(&mut bench, good_question());
    let answer = json!({ "questionId": id, "answer_text": "x", "is_correct": false });
    bench.apply::<AddAnswer>(answer.clone()).expect("the third");
    bench.refuses::<UpdateQuestion>(OWNER, Kind::Invalid, json!({ "questionId": id, "question_type": "true_false" }));
    let fourth = bench.apply::<AddAnswer>(answer.clone()).expect("the fourth");
    assert_eq!(fourth["order_index"], 3);
    bench.refuses::<AddAnswer>(OWNER, Kind::Invalid, answer.clone());
    let two = json!([{ "answer_text": "a", "is_correct": true }, { "answer_text": "b", "is_correct": false }]);
    let narrowed = json!({ "questionId": id, "question_type": "true_false", "answers": two });
    bench.apply::<UpdateQuestion>(narrowed).expect("both at once");
    bench.refuses::<AddAnswer>(OWNER, Kind::Invalid, answer);
}

#[test]
fn an_answer_always_shows_something() {
    let mut bench = Bench::new();
    let question = add(&mut bench, good_question());
    let answer = json!(bench.quiz.questions[0].answers[0].id);
    let change = |fields: Value| with(with(fields, "questionId", question.clone()), "answerId", answer.clone());
    bench.refuses::<UpdateAnswer>(OWNER, Kind::Invalid, change(json!({ "answer_text": "" })));
    let picture = json!({ "answer_text": "", "image_url": "https://example.com/a.png" });
    let changed = bench.apply::<UpdateAnswer>(change(picture)).expect("a picture is enough");
    assert_eq!((&changed["answer_text"], &changed["is_correct"]), (&json!(""), &json!(true)));
    bench.refuses::<UpdateAnswer>(OWNER, Kind::Invalid, change(json!({ "image_url": null })));
    bench.apply::<DeleteAnswer>(change(json!({}))).expect("it is there");
    bench.refuses::<DeleteAnswer>(OWNER, Kind::NotFound, change(json!({})));
    assert_eq!(bench.quiz.questions[0].answers.len(), 1);
}

#[test]
fn only_a_permutation_of_all_questions_reorders_them() {
    let mut bench = Bench::new();
    for _ in 0..3 {
        add(&mut bench, with(good_question(), "order_index", 5));
    }
    let mut order: Vec<QuestionId> = bench.order();
    let [a, b, c] = [order[0], order[1], order[2]];
    for wrong in [json!([a, b]), json!([a, b, b]), json!([a, b, NOWHERE]), json!([a, b, c, c]), json!([a, b, "x"]), json!([])] {
        bench.refuses::<ReorderQuestions>(OWNER, Kind::Invalid, json!({ "questionIds": wrong }));
    }
    order.reverse();
    bench.apply::<ReorderQuestions>(json!({ "question_ids": order })).expect("a permutation");
    assert_eq!(bench.order(), order);
    assert_eq!(bench.quiz.questions.iter().map(|question| question.order_index).collect::<Vec<_>>(), [0, 1, 2]);
    bench.apply::<DeleteQuestion>(json!({ "questionId": b })).expect("it is there");
    assert_eq!(bench.order(), [c, a]);
}
