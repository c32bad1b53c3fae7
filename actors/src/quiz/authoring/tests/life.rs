//! A quiz's life over its actor: ownership, deletion, and what a restart keeps.

use futures_util::future::join;
use hubbub_protocol::fault::{Fault, Kind};
use hubbub_protocol::quiz::codes::{CheckCode, GetCode, SetCode};
use hubbub_protocol::quiz::publishing::{PublishQuiz, ValidateQuiz};
use hubbub_protocol::quiz::questions::AddQuestion;
use hubbub_protocol::quiz::quizzes::{CreateQuiz, DeleteQuiz, GetQuiz, ListQuizzes, UpdateQuiz};
use hubbub_protocol::quiz::{QuizId, UserId};
use serde_json::{Value, json};

use super::rules::{OWNER, STRANGER, user};
use super::world::World;
use crate::kit::ask::{Ask, ask};
use crate::kit::caller::Caller;
use crate::kit::snapshot::StoreError;
use crate::quiz::authoring::quiz::Quiz;
use crate::quiz::authoring::quiz::plays::{Playable, Played, ReadToPlay};

#[actix::test]
async fn a_quiz_that_is_refused_does_not_come_into_being() {
    let world = World::new();
    assert_eq!(world.refusal::<CreateQuiz>(OWNER, json!({ "title": "" })).await, Kind::Invalid);
    assert_eq!(world.deps.registry::<Quiz>().list().len(), 0);
    let anonymous = ask(&world.deps, Ask::new(Caller::anonymous(), CreateQuiz::default())).await;
    assert_eq!(anonymous.unwrap_err().kind, Kind::Unauthenticated);
}

#[actix::test]
async fn strangers_see_what_is_open_and_change_nothing() {
    let world = World::new();
    let id = world.good_quiz("Rivers").await;
    let only_id = json!({ "id": id });
    assert_eq!(world.refusal::<GetQuiz>(STRANGER, only_id.clone()).await, Kind::NotFound);
    assert_eq!(world.refusal::<UpdateQuiz>(STRANGER, json!({ "id": id, "title": 5 })).await, Kind::Forbidden);
    assert_eq!(world.refusal::<ValidateQuiz>(STRANGER, only_id.clone()).await, Kind::Forbidden);
    assert_eq!(world.refusal::<AddQuestion>(STRANGER, json!({ "quizId": id })).await, Kind::Forbidden);
    world.ask::<UpdateQuiz>(json!({ "id": id, "is_public": true, "status": "published" })).await;
    let seen = world.ask_as::<GetQuiz>(STRANGER, only_id.clone()).await.expect("it is open");
    assert_eq!(seen, world.ask::<GetQuiz>(only_id.clone()).await);
    assert_eq!(world.refusal::<DeleteQuiz>(STRANGER, only_id).await, Kind::Forbidden);
}

#[actix::test]
async fn a_restart_keeps_everything() {
    let world = World::new();
    let (id, gone) = (world.good_quiz("Rivers").await, world.quiz("Gone").await);
    world.ask::<SetCode>(json!({ "id": gone, "code": 654_321 })).await;
    world.ask::<DeleteQuiz>(json!({ "id": gone })).await;
    world.ask::<SetCode>(json!({ "id": id, "code": "123456" })).await;
    world.ask::<PublishQuiz>(json!({ "id": id })).await;
    let whole = json!({ "id": id, "include": "questions,answers" });
    let before = world.ask::<GetQuiz>(whole.clone()).await;
    assert_eq!((&before["status"], &before["total_questions"]), (&json!("published"), &json!(1)));

    let world = world.restarted().await;
    assert_eq!(world.ask::<GetQuiz>(whole).await, before);
    assert_eq!(world.ask::<ListQuizzes>(json!({})).await["total"], 1);
    assert_eq!(world.refusal::<GetQuiz>(OWNER, json!({ "id": gone })).await, Kind::NotFound);
    let free = |code: &'static str| world.ask::<CheckCode>(json!({ "code": code }));
    assert_eq!((free("123456").await, free("654321").await), (json!({ "available": false }), json!({ "available": true })));
    let other = world.quiz("Other").await;
    assert_eq!(world.refusal::<SetCode>(OWNER, json!({ "id": other, "code": 123_456 })).await, Kind::Invalid);
    assert_eq!(world.ask::<GetCode>(json!({ "id": id })).await["code"], 123_456);
}

#[actix::test]
async fn a_room_reads_what_it_plays_and_is_counted() {
    let world = World::new();
    let id = world.good_quiz("Rivers").await;
    world.ask::<SetCode>(json!({ "id": id, "code": 123_456 })).await;
    let key: QuizId = serde_json::from_value(id.clone()).expect("an id");
    let quiz = world.deps.registry::<Quiz>().find(&key).expect("it is there");
    let read = async |by: UserId| quiz.send(ReadToPlay(by)).await.expect("it answers");
    let Playable { settings, questions } = read(user(OWNER)).await.expect("its own");
    assert_eq!((settings.code.map(|code| code.number()), questions.len()), (Some(123_456), 1));
    assert_eq!(read(user(STRANGER)).await.unwrap_err().kind, Kind::NotFound);

    let before = world.ask::<GetQuiz>(json!({ "id": id })).await;
    quiz.send(Played).await.expect("it answers").expect("it is saved");
    let after = world.ask::<GetQuiz>(json!({ "id": id })).await;
    assert_eq!((&after["times_played"], &after["updated_at"]), (&json!(1), &before["updated_at"]));
    assert_ne!(after["last_played_at"], Value::Null);
}

#[actix::test]
async fn what_is_not_on_disk_has_not_happened() {
    let world = World::new();
    let (id, other) = (world.good_quiz("Rivers").await, world.quiz("Other").await);
    let before = world.ask::<GetQuiz>(json!({ "id": id })).await;
    world.store.fail_with(Some(StoreError::Closed));
    let refusals = [
        world.refusal::<UpdateQuiz>(OWNER, json!({ "id": id, "title": "Lakes" })).await,
        world.refusal::<SetCode>(OWNER, json!({ "id": id, "code": 123_456 })).await,
        world.refusal::<DeleteQuiz>(OWNER, json!({ "id": id })).await,
        world.refusal::<CreateQuiz>(OWNER, json!({ "title": "New" })).await,
    ];
    assert_eq!(refusals, [Fault::from(StoreError::Closed).kind; 4]);
    world.store.fail_with(None);
    assert_eq!(world.ask::<GetQuiz>(json!({ "id": id })).await, before);
    assert_eq!(world.ask::<ListQuizzes>(json!({})).await["total"], 2);
    world.ask::<SetCode>(json!({ "id": other, "code": 123_456 })).await;
}

#[actix::test]
async fn a_code_that_is_being_saved_is_nobody_elses() {
    let world = World::new();
    let (id, other) = (world.quiz("One").await, world.quiz("Other").await);
    world.store.hold();
    let saving = world.ask::<SetCode>(json!({ "id": id, "code": 123_456 }));
    let too_late = async {
        let kind = world.refusal::<SetCode>(OWNER, json!({ "id": other, "code": 123_456 })).await;
        world.store.release();
        kind
    };
    let (saved, kind) = join(saving, too_late).await;
    assert_eq!((&saved["success"], kind), (&json!(true), Kind::Invalid));
}
