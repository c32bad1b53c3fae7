//! Fields with values of any kind: each is decoded, and then accepted or refused with 400 or 404.

use proptest::collection::{hash_map, vec};
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::contract::Event;
use crate::fault::{Fault, Kind};
use crate::quiz::accounts::{LogIn, Register};
use crate::quiz::answers::{AddAnswer, UpdateAnswer};
use crate::quiz::codes::SetCode;
use crate::quiz::connections::ListConnections;
use crate::quiz::devices::UpdateMetadata;
use crate::quiz::flows::UpdateFlow;
use crate::quiz::questions::{AddQuestion, ReorderQuestions, UpdateQuestion};
use crate::quiz::quizzes::{CreateQuiz, ListQuizzes, UpdateQuiz};
use crate::quiz::rooms::{
    CreateRoom, EndQuestion, Heartbeat, JoinRoom, LeaveRoom, NextQuestion, Reconnect, RequestLeaderboard, StartQuestion,
    SubmitAnswer,
};
use crate::wire::args::Args;

const ID: &str = "00000000-0000-4000-8000-000000000000";

/// Names that some request or event has.
const NAMES: [&str; 38] = [
    "email",
    "password",
    "username",
    "displayName",
    "title",
    "description",
    "difficulty_level",
    "category",
    "is_public",
    "tags",
    "play_settings",
    "status",
    "page",
    "limit",
    "offset",
    "question_text",
    "question_type",
    "image_url",
    "points",
    "order_index",
    "answers",
    "answer_text",
    "is_correct",
    "questionIds",
    "question_ids",
    "code",
    "current_question_index",
    "question_start_time",
    "roomId",
    "roomCode",
    "playerId",
    "hostId",
    "settings",
    "questionId",
    "startsAt",
    "endsAt",
    "answer",
    "socketId",
];

/// Any JSON, with names of the contract inside as well.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(json!(ID)),
        Just(json!("123456")),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        let name = prop_oneof![Just("answer_text"), Just("is_correct"), Just("max_players"), Just("maxPlayers"), Just("x")];
        let object = hash_map(name, inner.clone(), 0..5);
        prop_oneof![vec(inner, 0..5).prop_map(Value::from), object.prop_map(|map| json!(map))]
    })
}

fn any_body() -> impl Strategy<Value = Map<String, Value>> {
    hash_map(proptest::sample::select(&NAMES[..]), any_json(), 0..12).prop_map(|map| {
        let mut body: Map<String, Value> = map.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        // Two names for one thing are one too many, and refused before a type is read.
        if body.contains_key("questionIds") {
            body.remove("question_ids");
        }
        body
    })
}

/// Decodes a request with the ids of its path in place, as the edge puts them.
fn request<T: DeserializeOwned>(body: &Map<String, Value>) -> T {
    let mut fields = body.clone();
    for name in ["id", "quizId", "questionId", "answerId", "game_id", "device_id"] {
        fields.insert(name.to_owned(), json!(ID));
    }
    serde_json::from_value(Value::Object(fields)).expect("every body decodes")
}

fn is_refused_well<T>(read: Result<T, Fault>) -> bool {
    read.is_ok() || read.is_err_and(|fault| matches!(fault.kind, Kind::Invalid | Kind::NotFound))
}

fn event<E: Event>(body: &Map<String, Value>) -> bool {
    is_refused_well(E::decode(&Args::of(body)))
}

proptest! {
    #[test]
    fn requests_decode_whatever_is_sent(body in any_body()) {
        prop_assert!(is_refused_well(request::<Register>(&body).read()));
        prop_assert!(is_refused_well(request::<LogIn>(&body).read().map(|_| ())));
        prop_assert!(is_refused_well(request::<CreateQuiz>(&body).read(400)));
        prop_assert!(is_refused_well(request::<UpdateQuiz>(&body).read(400)));
        prop_assert!(is_refused_well(request::<ListQuizzes>(&body).read()));
        prop_assert!(is_refused_well(request::<AddQuestion>(&body).read()));
        prop_assert!(is_refused_well(request::<UpdateQuestion>(&body).read()));
        prop_assert!(is_refused_well(request::<ReorderQuestions>(&body).read()));
        prop_assert!(is_refused_well(request::<AddAnswer>(&body).read()));
        prop_assert!(is_refused_well(request::<UpdateAnswer>(&body).read()));
        prop_assert!(is_refused_well(request::<SetCode>(&body).read()));
        prop_assert!(is_refused_well(request::<UpdateFlow>(&body).read()));
        prop_assert!(is_refused_well(request::<ListConnections>(&body).read()));
        let metadata: UpdateMetadata = serde_json::from_str(&{
            let mut fields = body.clone();
            fields.insert("device_id".to_owned(), json!(ID));
            Value::Object(fields).to_string()
        }).expect("every body decodes");
        prop_assert!(is_refused_well(metadata.read().map(|_| ())));
    }

    #[test]
    fn events_are_read_or_refused_whatever_is_sent(body in any_body()) {
        prop_assert!(event::<CreateRoom>(&body));
        prop_assert!(event::<JoinRoom>(&body));
        prop_assert!(event::<LeaveRoom>(&body));
        prop_assert!(event::<StartQuestion>(&body));
        prop_assert!(event::<NextQuestion>(&body));
        prop_assert!(event::<EndQuestion>(&body));
        prop_assert!(event::<SubmitAnswer>(&body));
        prop_assert!(event::<RequestLeaderboard>(&body));
        prop_assert!(event::<Heartbeat>(&body));
        prop_assert!(event::<Reconnect>(&body));
    }

    #[test]
    fn a_request_survives_its_own_json(body in any_body()) {
        let json = |request: Value| request.to_string();
        let quiz: UpdateQuiz = request(&body);
        let again: UpdateQuiz = serde_json::from_str(&json(serde_json::to_value(&quiz).expect("serialises"))).expect("decodes");
        prop_assert_eq!(again.read(400), quiz.read(400));
        let question: UpdateQuestion = request(&body);
        let again: UpdateQuestion =
            serde_json::from_str(&json(serde_json::to_value(&question).expect("serialises"))).expect("decodes");
        prop_assert_eq!(again.read(), question.read());
    }
}
