//! The flow over REST, and the list of a host's games.

use hubbub_protocol::fault::Kind;
use hubbub_protocol::quiz::RoomId;
use hubbub_protocol::quiz::flows::{AdvanceFlow, DeleteFlow, GetFlow, ListFlows, UpdateFlow};
use serde_json::{Value, json};

use super::world::World;
use super::{HOST, game, socket};
use crate::kit::caller::Caller;
use crate::kit::snapshot::SnapshotStore;
use crate::quiz::room::Room;
use crate::quiz::room::coming::Open;

const GAME: [u8; 16] = [4; 16];

/// A room that plays a quiz of three questions, with its host in it.
async fn open(world: &World) -> (RoomId, Caller) {
    let (id, host) = (RoomId::random(GAME), world.user(HOST, "host").await);
    let room = world.deps.registry::<Room>().summon(&id).unwrap();
    room.send(Open { game: game(), caller: host.clone() }).await.unwrap().unwrap();
    assert_eq!(host.socket, Some(socket("host")));
    (id, host)
}

fn rest(user: &str) -> Caller {
    Caller { subject: Some(user.into()), ..Caller::anonymous() }
}

fn update(game_id: RoomId, changes: Value) -> UpdateFlow {
    let mut sent = json!({ "game_id": game_id });
    sent.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    serde_json::from_value(sent).unwrap()
}

#[actix::test]
async fn advancing_over_rest_is_seen_by_the_room() {
    let world = World::new();
    let (game_id, _) = open(&world).await;
    world.received("host");
    world.clock.advance(1500);
    let advanced = json!(world.ask(&rest(HOST), AdvanceFlow { game_id }).await.unwrap());
    assert_eq!(advanced["flow"]["current_question_index"], 1);
    assert_eq!(advanced["flow"]["question_start_time"], "2026-02-06T12:00:01.500Z");
    let changed = world.received_of("host", "game:question:changed");
    assert_eq!((changed.len(), &changed[0]["question"]["index"]), (1, &json!(1)));
    world.ask(&rest(HOST), AdvanceFlow { game_id }).await.unwrap();
    let refused = world.ask(&rest(HOST), AdvanceFlow { game_id }).await.unwrap_err();
    assert_eq!((refused.kind, refused.message.as_str()), (Kind::Invalid, "already at last question"));
}

#[actix::test]
async fn a_flow_is_written_by_its_host_alone() {
    let world = World::new();
    let (game_id, _) = open(&world).await;
    let kind = |refused: Result<(), hubbub_protocol::fault::Fault>| refused.unwrap_err().kind;
    let other = rest("other");
    assert_eq!(kind(world.ask(&other, AdvanceFlow { game_id }).await.map(drop)), Kind::Forbidden);
    assert_eq!(kind(world.ask(&other, update(game_id, json!({}))).await.map(drop)), Kind::Forbidden);
    assert_eq!(kind(world.ask(&other, DeleteFlow { game_id }).await.map(drop)), Kind::Forbidden);
    world.ask(&other, GetFlow { game_id }).await.unwrap();
    let unknown = RoomId::random([8; 16]);
    assert_eq!(kind(world.ask(&other, AdvanceFlow { game_id: unknown }).await.map(drop)), Kind::NotFound);
    let check = |changes: Value| update(game_id, changes);
    assert_eq!(kind(world.ask(&rest(HOST), check(json!({}))).await.map(drop)), Kind::Invalid);
    assert_eq!(kind(world.ask(&rest(HOST), check(json!({ "current_question_index": 3 }))).await.map(drop)), Kind::Invalid);
    let updated =
        world.ask(&rest(HOST), check(json!({ "current_question_index": 2, "question_start_time": null }))).await.unwrap();
    assert_eq!(json!(updated)["flow"]["current_question_index"], 2);
    let flow = json!(world.cut_off().await.ask(&other, GetFlow { game_id }).await.unwrap());
    assert_eq!((&flow["current_question_index"], &flow["total_questions"]), (&json!(2), &json!(3)));
}

async fn list(world: &World) -> Value {
    json!(world.ask(&rest(HOST), ListFlows::default()).await.unwrap())
}

#[actix::test]
async fn a_deleted_flow_leaves_nothing_behind() {
    let world = World::new();
    let host = world.user(HOST, "host").await;
    let room = world.create(&host).await;
    let other = world.create(&host).await;
    world.player(&room, "ann").await;
    let both = list(&world).await;
    assert_eq!((&both["total"], &both["flows"][0]["game_id"]), (&json!(2), &json!(other.room_id)));
    world.ask(&rest(HOST), DeleteFlow { game_id: room.room_id }).await.unwrap();
    let refused = world.ask(&rest(HOST), GetFlow { game_id: room.room_id }).await.unwrap_err();
    assert_eq!((refused.kind, refused.message.as_str()), (Kind::NotFound, "Game flow not found"));
    let bob = world.guest("bob").await;
    assert_eq!(world.join(&bob, &room, "bob").await.unwrap_err().kind, Kind::NotFound);
    assert_eq!(list(&world).await["total"], 1);
    world.deps.stop_all().await;
    assert_eq!(world.store.ids("quiz.room"), [other.room_id.to_string()]);
    assert_eq!(world.store.ids("quiz.room.log"), Vec::<String>::new());
}
