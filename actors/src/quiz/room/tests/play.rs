//! A game plays the quiz that its host names.

use hubbub_protocol::fault::Kind;
use hubbub_protocol::quiz::QuizId;
use hubbub_protocol::quiz::codes::SetCode;
use hubbub_protocol::quiz::questions::AddQuestion;
use hubbub_protocol::quiz::quizzes::{CreateQuiz, GetQuiz};
use hubbub_protocol::quiz::rooms::{CreateRoom, GameSettings, RoomCreated, StartQuestion};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::asked;
use super::world::World;
use crate::kit::ask::Routed;
use crate::kit::caller::Caller;
use crate::kit::clock::Clock;

const OWNER: &str = "00000000-0000-4000-8000-000000000001";
const STRANGER: &str = "00000000-0000-4000-8000-000000000002";

async fn made<C: Routed + DeserializeOwned>(world: &World, caller: &Caller, fields: Value) -> Value
where
    C::Reply: serde::Serialize,
{
    let body: C = serde_json::from_value(fields).unwrap();
    json!(world.ask(caller, body).await.unwrap())
}

fn host(caller: &Caller, quiz: &Value) -> CreateRoom {
    let settings = GameSettings { quiz_set_id: QuizId::parse(quiz.as_str().unwrap()).ok(), ..GameSettings::default() };
    CreateRoom { host_id: caller.subject.clone().unwrap(), title: "Friday".into(), settings }
}

#[actix::test]
async fn a_game_has_its_quizs_code_questions_and_points() {
    tokio::time::pause();
    let world = World::new();
    let owner = world.user(OWNER, "host").await;
    let quiz = made::<CreateQuiz>(&world, &owner, json!({ "title": "Capitals" })).await["id"].clone();
    made::<SetCode>(&world, &owner, json!({ "id": quiz, "code": 123_456 })).await;
    let question = json!({
        "quizId": quiz, "question_text": "Of France?", "question_type": "multiple_choice", "points": 7,
        "answers": [{ "answer_text": "Paris", "is_correct": true }, { "answer_text": "Lyon", "is_correct": false }],
    });
    let question = made::<AddQuestion>(&world, &owner, question).await;
    let room: RoomCreated = world.ask(&owner, host(&owner, &quiz)).await.unwrap();
    assert_eq!(json!(room.code), json!("123456"));

    let ann = world.player(&room, "ann").await;
    let now = world.clock.now().0;
    let id = question["id"].as_str().unwrap();
    let start = StartQuestion { room_id: room.room_id, question_id: asked(id), starts_at: now, ends_at: now + 30_000 };
    world.ask(&owner, start).await.unwrap();
    let shown = &world.received_of("ann", "game:question:started")[0]["question"];
    assert_eq!((&shown["text"], &shown["answers"][0]["text"]), (&json!("Of France?"), &json!("Paris")));
    let mut paris = super::world::submission(room.room_id, "ann", "Paris");
    paris.question_id = asked(id);
    world.ask(&ann, paris).await.unwrap();
    let board = json!(world.ask(&ann, hubbub_protocol::quiz::rooms::RequestLeaderboard { room_id: room.room_id }).await.unwrap());
    assert_eq!(board["rankings"][0]["score"], json!(7));
    let played = made::<GetQuiz>(&world, &owner, json!({ "id": quiz })).await;
    assert_eq!(played["times_played"], json!(1));
}

#[actix::test]
async fn a_strangers_private_quiz_is_not_found() {
    let world = World::new();
    let owner = world.user(OWNER, "host").await;
    let quiz = made::<CreateQuiz>(&world, &owner, json!({ "title": "Capitals" })).await["id"].clone();
    let stranger = world.user(STRANGER, "stranger").await;
    assert_eq!(world.ask(&stranger, host(&stranger, &quiz)).await.unwrap_err().kind, Kind::NotFound);
    let nowhere = json!("00000000-0000-4000-8000-00000000000f");
    assert_eq!(world.ask(&owner, host(&owner, &nowhere)).await.unwrap_err().kind, Kind::NotFound);
}
