//! What quizzes accept, and how they are shown.

use super::*;
use serde_json::json;

const ID: &str = "00000000-0000-4000-8000-000000000000";

/// A quiz as it is right after its creation.
fn quiz_set() -> QuizSet {
    QuizSet {
        id: QuizId::random([0; 16]),
        user_id: UserId::random([0; 16]),
        title: "Quiz Title".to_owned(),
        description: String::new(),
        thumbnail_url: None,
        is_public: false,
        difficulty_level: Difficulty::Easy,
        category: "General".to_owned(),
        total_questions: 0,
        times_played: 0,
        created_at: "2024-01-15T10:30:45.123Z".to_owned(),
        updated_at: "2024-01-15T10:30:45.123Z".to_owned(),
        status: QuizStatus::Draft,
        tags: vec!["tag1".to_owned()],
        last_played_at: None,
        play_settings: PlaySettings::default(),
        cloned_from: None,
    }
}

/// How [`quiz_set`] is written.
const QUIZ_SET: &str = r#"{"id":"00000000-0000-4000-8000-000000000000","user_id":"00000000-0000-4000-8000-000000000000","title":"Quiz Title","description":"","thumbnail_url":null,"is_public":false,"difficulty_level":"easy","category":"General","total_questions":0,"times_played":0,"created_at":"2024-01-15T10:30:45.123Z","updated_at":"2024-01-15T10:30:45.123Z","status":"draft","tags":["tag1"],"last_played_at":null,"play_settings":{"code":null,"show_question_only":true,"show_explanation":true,"time_bonus":false,"streak_bonus":false,"show_correct_answer":false,"max_players":400},"cloned_from":null}"#;

fn create(sent: Value) -> Result<NewQuiz, String> {
    let request: CreateQuiz = serde_json::from_value(sent).expect("decodes whatever was sent");
    request.read(limits::ROOM_PLAYERS).map_err(|fault| fault.message)
}

fn update(change: Value) -> Result<QuizChanges, String> {
    let mut sent = json!({ "id": ID });
    sent.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
    let request: UpdateQuiz = serde_json::from_value(sent).expect("decodes whatever was sent");
    request.read(limits::ROOM_PLAYERS).map_err(|fault| fault.message)
}

#[test]
fn the_documents_example_is_a_quiz() {
    let sent = json!({
        "title": "Quiz Title", "description": "Quiz description", "difficulty_level": "expert", "category": "Category Name",
        "is_public": true, "tags": ["tag1", "tag2"], "status": "published", "id": "mine",
        "play_settings": { "show_question_only": false, "show_explanation": false, "time_bonus": true, "streak_bonus": true,
            "show_correct_answer": true, "max_players": 400, "code": 123_456 },
    });
    let expected = NewQuiz {
        title: "Quiz Title".to_owned(),
        description: "Quiz description".to_owned(),
        difficulty_level: Difficulty::Expert,
        category: "Category Name".to_owned(),
        is_public: true,
        tags: vec!["tag1".to_owned(), "tag2".to_owned()],
        play_settings: PlaySettings {
            code: None,
            show_question_only: false,
            show_explanation: false,
            time_bonus: true,
            streak_bonus: true,
            show_correct_answer: true,
            max_players: 400,
        },
    };
    assert_eq!(create(sent), Ok(expected));
}

#[test]
fn a_title_is_enough() {
    let expected = NewQuiz {
        title: "T".to_owned(),
        description: String::new(),
        difficulty_level: Difficulty::Easy,
        category: "General".to_owned(),
        is_public: false,
        tags: vec![],
        play_settings: PlaySettings::default(),
    };
    assert_eq!(create(json!({ "title": "T" })), Ok(expected.clone()));
    let nulls = json!({ "title": "T", "description": null, "difficulty_level": null, "category": null, "is_public": null,
        "tags": null, "play_settings": null });
    assert_eq!(create(nulls), Ok(expected));
}

/// Checks one field of both routes at and beyond its bounds.
fn check(change: Value, expected: &str) {
    let mut sent = json!({ "title": "T" });
    sent.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
    assert_eq!(create(sent).map_or_else(|message| message, |_| "ok".to_owned()), expected, "{change}");
    assert_eq!(update(change.clone()).map_or_else(|message| message, |_| "ok".to_owned()), expected, "{change}");
}

#[test]
fn texts_have_their_lengths() {
    check(json!({ "title": "t".repeat(100) }), "ok");
    check(json!({ "title": "t".repeat(101) }), "title must have 1 to 100 characters");
    check(json!({ "title": "" }), "title must have 1 to 100 characters");
    check(json!({ "title": null }), "title is required");
    check(json!({ "title": 5 }), "title must be a string");
    check(json!({ "description": "" }), "ok");
    check(json!({ "description": "d".repeat(500) }), "ok");
    check(json!({ "description": "d".repeat(501) }), "description must have 0 to 500 characters");
    check(json!({ "category": "c".repeat(50) }), "ok");
    check(json!({ "category": "c".repeat(51) }), "category must have 1 to 50 characters");
    check(json!({ "category": {} }), "category must be a string");
}

#[test]
fn words_and_truth_values_are_what_they_are() {
    check(json!({ "difficulty_level": "medium" }), "ok");
    check(json!({ "difficulty_level": "extreme" }), "difficulty_level must be one of easy, medium, hard, expert");
    check(json!({ "is_public": "yes" }), "is_public must be a boolean");
}

#[test]
fn tags_are_ten_texts_at_most() {
    check(json!({ "tags": vec!["t".repeat(30); 10] }), "ok");
    check(json!({ "tags": vec!["t"; 11] }), "tags must have 10 items at most");
    check(json!({ "tags": ["t".repeat(31)] }), "each of tags must have 1 to 30 characters");
    check(json!({ "tags": [""] }), "each of tags must have 1 to 30 characters");
    check(json!({ "tags": [1] }), "each of tags must be a string");
    check(json!({ "tags": "tag1" }), "tags must be an array");
}

#[test]
fn play_settings_have_their_types_and_the_servers_number_of_players() {
    check(json!({ "play_settings": [] }), "play_settings must be an object");
    check(json!({ "play_settings": { "time_bonus": 1 } }), "play_settings.time_bonus must be a boolean");
    let wrong = "play_settings.max_players must be an integer from 1 to 400";
    for (players, expected) in [(json!(0), wrong), (json!(1), "ok"), (json!(400), "ok"), (json!(401), wrong), (json!("9"), wrong)]
    {
        check(json!({ "play_settings": { "max_players": players } }), expected);
    }
    let hall: CreateQuiz =
        serde_json::from_value(json!({ "title": "T", "play_settings": { "max_players": 10_000 } })).expect("decodes");
    assert_eq!(hall.read(10_000).map(|quiz| quiz.play_settings.max_players), Ok(10_000));
}

#[test]
fn only_what_is_sent_changes() {
    assert_eq!(update(json!({})), Ok(QuizChanges::default()));
    let changes = update(json!({ "status": "archived", "play_settings": { "time_bonus": true } })).expect("good changes");
    assert_eq!(changes.status, Some(QuizStatus::Archived));
    let mut settings = PlaySettings { code: QuizCode::new(123_456), max_players: 7, ..PlaySettings::default() };
    settings.merge(&changes.play_settings);
    let expected = PlaySettings { code: QuizCode::new(123_456), max_players: 7, time_bonus: true, ..PlaySettings::default() };
    assert_eq!(settings, expected);
}

#[test]
fn a_change_to_nothing_is_refused() {
    let check = |change: Value, expected: &str| assert_eq!(update(change), Err(expected.to_owned()));
    check(json!({ "description": null }), "description is required");
    check(json!({ "tags": null }), "tags must be an array");
    check(json!({ "play_settings": null }), "play_settings must be an object");
    check(json!({ "status": null }), "status is required");
    check(json!({ "status": "deleted" }), "status must be one of draft, published, archived");
}

#[test]
fn a_request_survives_its_own_json() {
    let request: UpdateQuiz =
        serde_json::from_value(json!({ "id": ID, "description": null, "tags": ["a"], "play_settings": { "time_bonus": true } }))
            .expect("decodes");
    let json = serde_json::to_value(&request).expect("serialises");
    assert_eq!(serde_json::from_value::<UpdateQuiz>(json).expect("decodes again"), request);
}

#[test]
fn a_malformed_id_of_a_path_names_nothing() {
    let check = |field: &str, expected: Option<&str>| {
        let fault = GetQuiz::malformed(&Malformed::Field(field.to_owned()));
        assert_eq!(fault.map(|fault| fault.message).as_deref(), expected);
    };
    check("id", Some("Quiz not found"));
    check("quizId", Some("Quiz not found"));
    check("questionId", Some("Question not found"));
    check("answerId", Some("Answer not found"));
    check("tags", None);
}

#[test]
fn lists_are_filtered_and_paged() {
    let read = |sent: Value| {
        let request: ListQuizzes = serde_json::from_value(sent).expect("decodes");
        request.read().map_err(|fault| fault.message)
    };
    assert_eq!(read(json!({})), Ok((None, Page { page: 1, limit: 10 })));
    let expected = (Some(QuizStatus::Published), Page { page: 2, limit: 25 });
    assert_eq!(read(json!({ "status": "published", "page": "2", "limit": "25" })), Ok(expected));
    assert_eq!(read(json!({ "status": "gone" })), Err("status must be one of draft, published, archived".to_owned()));
    assert_eq!(read(json!({ "limit": "101" })), Err("limit must be an integer from 1 to 100".to_owned()));
    assert_eq!(read(json!({ "page": "0" })), Err("page must be an integer from 1 to 4294967295".to_owned()));
}

#[test]
fn a_quiz_is_shown_bare_with_all_its_keys_in_order() {
    let json = |questions| serde_json::to_string(&QuizDetail { quiz: quiz_set(), questions }).expect("a reply");
    assert_eq!(json(None), QUIZ_SET);
    let with_questions = format!(r#"{},"questions":[]}}"#, QUIZ_SET.trim_end_matches('}').to_owned());
    assert_eq!(json(Some(vec![])), with_questions);
    let list = QuizList::new(vec![quiz_set()], Page { page: 1, limit: 10 }, 25);
    assert_eq!(
        serde_json::to_string(&list).expect("a reply"),
        format!(r#"{{"quizzes":[{QUIZ_SET}],"total":25,"page":1,"totalPages":3}}"#)
    );
    assert_eq!(serde_json::to_string(&Success::default()).expect("a reply"), r#"{"success":true}"#);
}

#[test]
fn questions_are_shown_when_they_are_included() {
    let wants =
        |include: &str| GetQuiz { id: QuizId::random([0; 16]), include: Field::Text(include.to_owned()) }.wants_questions();
    assert!(wants("questions") && wants("questions,answers") && wants("answers, questions"));
    assert!(!wants("") && !wants("answers"));
    assert!(!GetQuiz { id: QuizId::random([0; 16]), include: Field::Absent }.wants_questions());
}
