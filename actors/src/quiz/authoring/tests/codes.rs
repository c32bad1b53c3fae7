//! Codes: nobody is given what another has.

use std::collections::HashSet;

use futures_util::future::join_all;
use hubbub_protocol::fault::Kind;
use hubbub_protocol::quiz::codes::{CheckCode, GenerateCode, GetCode, RemoveCode, SetCode, ValidateCode};
use hubbub_protocol::quiz::quizzes::{DeleteQuiz, GetQuiz};
use serde_json::{Value, json};

use super::rules::{OWNER, STRANGER};
use super::world::World;

async fn is_free(world: &World, code: u32) -> bool {
    world.ask::<CheckCode>(json!({ "code": code.to_string() })).await["available"] == true
}

async fn quizzes(world: &World, count: usize) -> Vec<Value> {
    let mut ids = Vec::new();
    for number in 0..count {
        ids.push(world.quiz(&format!("Quiz {number}")).await);
    }
    ids
}

#[actix::test]
async fn of_fifty_who_want_one_code_one_gets_it() {
    let world = World::on_threads(2);
    let ids = quizzes(&world, 50).await;
    let wishes = ids.iter().map(|id| world.ask_as::<SetCode>(OWNER, json!({ "id": id, "code": 123_456 })));
    let answers = join_all(wishes).await;
    let taken =
        |answer: &Result<Value, hubbub_protocol::fault::Fault>| answer.as_ref().is_err_and(|fault| fault.code == "code_taken");
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert_eq!(answers.iter().filter(|answer| taken(answer)).count(), 49);
    let codes = join_all(ids.iter().map(|id| world.ask::<GetCode>(json!({ "id": id })))).await;
    assert_eq!(codes.iter().filter(|code| code["code"] == 123_456 && code["hasCode"] == true).count(), 1);
}

#[actix::test]
async fn fifty_who_want_any_code_get_fifty() {
    let world = World::on_threads(2);
    let ids = quizzes(&world, 50).await;
    let codes = join_all(ids.iter().map(|id| world.ask::<GenerateCode>(json!({ "id": id })))).await;
    let codes: HashSet<String> = codes.iter().map(|code| code["code"].to_string()).collect();
    assert_eq!(codes.len(), 50);
}

#[actix::test]
async fn a_code_that_is_given_up_is_free() {
    let world = World::new();
    let (id, other) = (world.quiz("One").await, world.quiz("Other").await);
    let set = |id: &Value, code: u32| json!({ "id": id, "code": code });
    assert_eq!(world.ask::<SetCode>(set(&id, 111_111)).await, json!({ "code": 111_111, "success": true }));
    assert_eq!(world.ask::<SetCode>(set(&id, 111_111)).await["success"], true, "its own again");
    assert!(!is_free(&world, 111_111).await);
    world.ask::<SetCode>(set(&id, 222_222)).await;
    assert!(is_free(&world, 111_111).await && !is_free(&world, 222_222).await);
    let generated = world.ask::<GenerateCode>(json!({ "id": id })).await;
    assert!(is_free(&world, 222_222).await);
    assert_eq!(world.ask::<GetQuiz>(json!({ "id": id })).await["play_settings"]["code"], generated["code"]);
    for _ in 0..2 {
        assert_eq!(world.ask::<RemoveCode>(json!({ "id": id })).await, json!({ "success": true }));
    }
    assert_eq!(world.ask::<GetCode>(json!({ "id": id })).await["hasCode"], false);
    world.ask::<SetCode>(set(&id, 333_333)).await;
    world.ask::<DeleteQuiz>(json!({ "id": id })).await;
    assert!(is_free(&world, 333_333).await, "a deleted quiz has no code");
    world.ask::<SetCode>(set(&other, 333_333)).await;
}

#[actix::test]
async fn only_the_owner_has_to_do_with_a_code() {
    let world = World::new();
    let id = world.quiz("One").await;
    let nowhere = json!({ "id": "00000000-0000-4000-8000-000000000000", "code": "bad" });
    let bad = json!({ "id": id, "code": 99_999 });
    for (by, fields, kind) in [(OWNER, &nowhere, Kind::NotFound), (STRANGER, &bad, Kind::Forbidden)] {
        assert_eq!(world.refusal::<SetCode>(by, fields.clone()).await, kind);
        assert_eq!(world.refusal::<GenerateCode>(by, fields.clone()).await, kind);
        assert_eq!(world.refusal::<GetCode>(by, fields.clone()).await, kind);
        assert_eq!(world.refusal::<RemoveCode>(by, fields.clone()).await, kind);
    }
    assert_eq!(world.refusal::<SetCode>(OWNER, bad).await, Kind::Invalid);
    assert_eq!(world.refusal::<CheckCode>(OWNER, json!({ "code": "012345" })).await, Kind::Invalid);
    assert_eq!(world.refusal::<ValidateCode>(OWNER, json!({ "code": "12345" })).await, Kind::Invalid);
    assert_eq!(world.ask::<ValidateCode>(json!({ "code": "123456" })).await["valid"], true);
}
