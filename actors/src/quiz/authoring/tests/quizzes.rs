//! Quizzes as a whole, and publishing them.

use hubbub_protocol::fault::Kind;
use hubbub_protocol::quiz::publishing::{PublishQuiz, UnpublishQuiz};
use hubbub_protocol::quiz::questions::{AddQuestion, UpdateQuestion};
use hubbub_protocol::quiz::quizzes::{DeleteQuiz, GetQuiz, QuizStatus, UpdateQuiz};
use serde_json::{Value, json};

use super::rules::{Bench, OWNER, STRANGER, good_question, user};
use crate::quiz::authoring::publishing::{errors, validate};
use crate::quiz::authoring::quizzes::look;

#[test]
fn only_what_is_sent_changes() {
    let mut bench = Bench::new();
    let changed =
        bench.apply::<UpdateQuiz>(json!({ "category": "Maps", "play_settings": { "time_bonus": true } })).expect("fine");
    assert_eq!((&changed["title"], &changed["category"]), (&json!("Rivers"), &json!("Maps")));
    assert_eq!(changed["play_settings"]["time_bonus"], true);
    assert_eq!(changed["play_settings"]["show_explanation"], true);
    assert_eq!(changed["updated_at"], "1970-01-01T00:00:02.000Z");
    bench.now = 3000;
    let same = bench.apply::<UpdateQuiz>(json!({ "category": "Maps" })).expect("fine");
    assert_eq!(same["updated_at"], "1970-01-01T00:00:02.000Z", "nothing changed");
}

#[test]
fn a_refused_change_changes_nothing_and_form_is_checked_last() {
    let mut bench = Bench::new();
    bench.refuses::<UpdateQuiz>(OWNER, Kind::Invalid, json!({ "category": "Maps", "title": "" }));
    bench.refuses::<UpdateQuiz>(OWNER, Kind::Invalid, json!({ "category": "Maps", "status": "published" }));
    bench.refuses::<UpdateQuiz>(OWNER, Kind::Invalid, json!({ "play_settings": { "max_players": 401 } }));
    bench.refuses::<UpdateQuiz>(STRANGER, Kind::Forbidden, json!({ "title": 5 }));
    bench.refuses::<DeleteQuiz>(STRANGER, Kind::Forbidden, json!({}));
    bench.refuses::<PublishQuiz>(STRANGER, Kind::Forbidden, json!({}));
    bench.refuses::<UnpublishQuiz>(STRANGER, Kind::Forbidden, json!({}));
}

#[test]
fn a_deleted_quiz_is_hidden_from_everyone() {
    let mut bench = Bench::new();
    bench.apply::<DeleteQuiz>(json!({})).expect("it is there");
    bench.refuses::<DeleteQuiz>(OWNER, Kind::NotFound, json!({}));
    bench.refuses::<DeleteQuiz>(STRANGER, Kind::NotFound, json!({}));
    bench.refuses::<UpdateQuiz>(OWNER, Kind::NotFound, json!({ "title": 5 }));
    assert_eq!(validate(&bench.quiz, user(OWNER)).unwrap_err().kind, Kind::NotFound);
    assert_eq!(bench.quiz.seen_by(user(OWNER)).unwrap_err().kind, Kind::NotFound);
}

#[test]
fn others_see_only_what_is_public_and_published() {
    let mut bench = Bench::new();
    let check = |bench: &Bench, is_seen: bool| {
        assert!(bench.quiz.seen_by(user(OWNER)).is_ok());
        assert_eq!(
            bench.quiz.seen_by(user(STRANGER)).map_err(|fault| fault.kind),
            if is_seen { Ok(()) } else { Err(Kind::NotFound) }
        );
    };
    check(&bench, false);
    bench.apply::<UpdateQuiz>(json!({ "is_public": true })).expect("fine");
    check(&bench, false);
    bench.apply::<AddQuestion>(good_question()).expect("fine");
    bench.apply::<UpdateQuiz>(json!({ "status": "published" })).expect("fine");
    check(&bench, true);
    bench.apply::<UpdateQuiz>(json!({ "status": "archived" })).expect("fine");
    check(&bench, false);
    bench.apply::<UpdateQuiz>(json!({ "status": "published", "is_public": false })).expect("fine");
    check(&bench, false);
}

#[test]
fn only_the_owner_is_shown_solutions_and_the_code() {
    let mut bench = Bench::new();
    bench.apply::<AddQuestion>(good_question()).expect("fine");
    bench.apply::<UpdateQuiz>(json!({ "status": "published", "is_public": true })).expect("fine");
    bench.quiz.play_settings.code = hubbub_protocol::quiz::codes::QuizCode::new(123_456);
    let look_as = |by: u8, include: &str| -> Value {
        let request: GetQuiz = serde_json::from_value(json!({ "id": bench.id, "include": include })).expect("decodes");
        json!(look(&request, bench.id, &bench.quiz, user(by)).expect("it is open"))
    };
    let (own, foreign) = (look_as(OWNER, "questions,answers"), look_as(STRANGER, "questions"));
    assert_eq!(own["questions"][0]["answers"][0]["is_correct"], true);
    assert_eq!(own["play_settings"]["code"], 123_456);
    assert_eq!(foreign["questions"][0]["answers"][0]["answer_text"], "Nile");
    assert!(!foreign.to_string().contains("is_correct"), "{foreign}");
    assert_eq!(foreign["play_settings"]["code"], Value::Null);
    assert!(look_as(OWNER, "").get("questions").is_none());
}

#[test]
fn what_cannot_be_played_is_not_published() {
    let check = |question: Value, expected: &[&str]| {
        let mut bench = Bench::new();
        bench.apply::<AddQuestion>(question).expect("it can be made");
        let expected: Vec<String> = expected.iter().map(|error| format!("Question 1: {error}")).collect();
        assert_eq!(errors(&bench.quiz), expected);
        let published = bench.apply::<PublishQuiz>(json!({}));
        if expected.is_empty() {
            assert_eq!(published.expect("fine")["status"], "published");
        } else {
            let fault = published.unwrap_err();
            assert_eq!((&*fault.code, fault.message), ("validation_failed", expected.join("; ")));
        }
    };
    let question = |kind: &str, answers: &[(&str, bool)]| {
        let answers: Vec<Value> = answers.iter().map(|(text, is)| json!({ "answer_text": text, "is_correct": is })).collect();
        json!({ "question_text": "?", "question_type": kind, "answers": answers })
    };
    let (few, pair) = ("2 to 4 answers are required", "a true/false question must have exactly 2 answers");
    let one = "exactly one answer must be correct";
    check(question("multiple_choice", &[]), &[few, one]);
    check(question("multiple_choice", &[("a", true)]), &[few]);
    check(question("multiple_choice", &[("a", true), ("b", false)]), &[]);
    check(question("multiple_choice", &[("a", true), ("b", false), ("c", false), ("d", false)]), &[]);
    check(question("multiple_choice", &[("a", true), ("b", true)]), &[one]);
    check(question("multiple_choice", &[("a", true), (" ", false)]), &["no answer may be empty"]);
    check(question("true_false", &[("a", true)]), &[pair]);
    check(question("true_false", &[("a", true), ("b", false)]), &[]);
}

#[test]
fn publishing_and_unpublishing_can_be_repeated() {
    let mut bench = Bench::new();
    assert_eq!(errors(&bench.quiz), ["At least one question is required"]);
    let id = bench.apply::<AddQuestion>(good_question()).expect("fine")["id"].clone();
    let first = bench.apply::<PublishQuiz>(json!({})).expect("fine");
    bench.now = 9000;
    assert_eq!(bench.apply::<PublishQuiz>(json!({})).expect("fine"), first);
    // A published quiz can be changed, and is then judged again when it is published again.
    bench.apply::<UpdateQuestion>(json!({ "questionId": id, "answers": [] })).expect("fine");
    assert_eq!(bench.quiz.status, QuizStatus::Published);
    bench.refuses::<PublishQuiz>(OWNER, Kind::Invalid, json!({}));
    let draft = bench.apply::<UnpublishQuiz>(json!({})).expect("fine");
    assert_eq!(draft["status"], "draft");
    bench.now = 10_000;
    assert_eq!(bench.apply::<UnpublishQuiz>(json!({})).expect("fine"), draft);
}
