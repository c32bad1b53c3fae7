//! The room as an actor: what is told to whom, and that what was accepted is on disk.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use hubbub_protocol::fault::Kind;
use hubbub_protocol::quiz::RoomId;
use hubbub_protocol::quiz::rooms::{
    CreateRoom, EndQuestion, GameSettings, LeaveRoom, NextQuestion, Reconnect, RequestLeaderboard, RoomCreated, StartQuestion,
};
use serde_json::{Value, json};

use super::world::{World, submission};
use super::{asked, player_id};
use crate::kit::caller::Caller;
use crate::kit::clock::Clock;
use crate::kit::snapshot::{SnapshotStore, StoreError};
use crate::quiz::room::Room;

fn start(world: &World, room_id: RoomId) -> StartQuestion {
    let now = world.clock.now().0;
    StartQuestion { room_id, question_id: asked("free"), starts_at: now, ends_at: now + 30_000 }
}

/// A room with its host, a question open, and these players.
async fn game(world: &World, players: &[&str]) -> (RoomCreated, Caller, Vec<Caller>) {
    let host = world.user("u-host", "host").await;
    let room = world.create(&host).await;
    let mut callers = Vec::new();
    for player in players {
        callers.push(world.player(&room, player).await);
    }
    world.ask(&host, start(world, room.room_id)).await.unwrap();
    (room, host, callers)
}

async fn score_board(world: &World, caller: &Caller, room_id: RoomId) -> Value {
    json!(world.ask(caller, RequestLeaderboard { room_id }).await.unwrap())
}

#[actix::test]
async fn a_game_is_told_to_everyone_in_it() {
    tokio::time::pause();
    let world = World::new();
    let host = world.user("u-host", "host").await;
    let room = world.create(&host).await;
    let hello = json!(["server:hello", { "socketId": "host", "serverTime": 1_770_379_200_000_i64 }]);
    assert_eq!(world.received("host"), [hello, json!(["game:room:created", { "roomId": room.room_id, "code": room.code }])]);
    let ann = world.player(&room, "ann").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let player =
        json!({ "playerId": "ann", "displayName": "ANN", "isHost": false, "score": 0, "joinedAt": 1_770_379_200_000_i64 });
    let mut participant = player.clone();
    participant["connected"] = json!(true);
    let people = json!(["game:room:participants:update", { "roomId": room.room_id, "participants": [participant] }]);
    let joined = json!(["game:room:joined", { "roomId": room.room_id, "player": player }]);
    assert_eq!(world.received("ann")[1..], [joined, people.clone()]);
    assert_eq!(world.received("host"), [people]);

    world.ask(&host, start(&world, room.room_id)).await.unwrap();
    let started = json!(["game:question:started", { "roomId": room.room_id, "question": { "id": "free" }, "endsAt": 1_770_379_230_000_i64 }]);
    assert_eq!(world.received("ann"), [started]);
    world.submit(&ann, room.room_id, "ann", "A").await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let accepted =
        json!({ "roomId": room.room_id, "playerId": "ann", "questionId": "free", "submittedAt": "2026-02-06T12:00:00.000Z" });
    let stats = json!(["game:answer:stats:update", { "roomId": room.room_id, "questionId": "free", "counts": { "A": 1 } }]);
    assert_eq!(world.received("ann"), [json!(["game:answer:accepted", accepted]), stats]);
    world.ask(&host, EndQuestion { room_id: room.room_id }).await.unwrap();
    assert_eq!(world.received("ann"), [json!(["game:question:ended", { "roomId": room.room_id, "questionId": "free" }])]);
    world.ask(&host, NextQuestion { room_id: room.room_id, next_question_id: asked("next") }).await.unwrap();
    let changed = json!(["game:question:changed", { "roomId": room.room_id, "question": { "id": "next" } }]);
    assert_eq!(world.received("ann"), [changed]);
    let rankings = score_board(&world, &ann, room.room_id).await;
    let entry = json!({ "playerId": "ann", "displayName": "ANN", "score": 0, "rank": 1, "correctAnswers": 0, "totalAnswers": 1 });
    assert_eq!(rankings["rankings"], json!([entry]));
    assert_eq!(world.received("ann"), [json!(["game:leaderboard:update", rankings])]);
}

#[actix::test]
async fn an_answer_is_accepted_when_it_is_on_disk() {
    let world = Arc::new(World::new());
    let (room, _, players) = game(&world, &["ann"]).await;
    world.received("ann");
    world.store.hold();
    let (submitting, ann) = (Arc::clone(&world), players[0].clone());
    let submitted = actix_rt::spawn(async move { submitting.submit(&ann, room.room_id, "ann", "A").await });
    while world.store.ids("quiz.room.log").len() < 3 {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.received_of("ann", "game:answer:accepted"), Vec::<Value>::new());
    world.store.release();
    submitted.await.unwrap().unwrap();
    assert_eq!(world.received_of("ann", "game:answer:accepted").len(), 1);
}

#[actix::test]
async fn answers_share_writes_and_the_tally_is_told_rarely_but_at_last() {
    tokio::time::pause();
    let world = World::new();
    let names: Vec<String> = (0..300).map(|number| format!("p{number}")).collect();
    let (room, _, players) = game(&world, &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    world.received("host");
    let before = world.store.commits();
    let all = players.iter().zip(&names).map(|(player, name)| world.submit(player, room.room_id, name, "A"));
    assert!(join_all(all).await.into_iter().all(|accepted| accepted.is_ok()));
    assert!(world.store.commits() - before <= 20, "{} writes", world.store.commits() - before);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let stats = world.received_of("host", "game:answer:stats:update");
    assert!(stats.len() <= 2, "{stats:?}");
    assert_eq!(stats.last().unwrap()["counts"], json!({ "A": 300 }));
}

#[actix::test]
async fn every_accepted_answer_survives_a_power_cut() {
    let world = World::new();
    let (room, _, players) = game(&world, &["ann", "bob", "cem"]).await;
    world.submit(&players[0], room.room_id, "ann", "A").await.unwrap();
    world.submit(&players[1], room.room_id, "bob", "B").await.unwrap();

    let world = world.cut_off().await;
    let ann = world.guest("ann2").await;
    let again = Reconnect {
        previous_socket_id: "ann".into(),
        new_socket_id: "ann2".into(),
        room_id: Some(room.room_id),
        player_id: Some(player_id("ann")),
    };
    world.ask(&ann, again).await.unwrap();
    assert_eq!(world.received_of("ann2", "game:question:started").len(), 1);
    let refused = world.submit(&ann, room.room_id, "ann", "A").await.unwrap_err();
    assert_eq!((refused.kind, refused.message.as_str()), (Kind::Forbidden, "already answered"));
    let cem = world.player(&room, "cem").await;
    world.submit(&cem, room.room_id, "cem", "A").await.unwrap();
    world.settle(room.room_id).await;
    let host = world.user("u-host", "host").await;
    let rankings = score_board(&world, &host, room.room_id).await;
    let answers: Vec<_> = rankings["rankings"].as_array().unwrap().iter().map(|entry| entry["totalAnswers"].clone()).collect();
    assert_eq!(answers, [1, 1, 1]);
}

#[actix::test]
async fn a_room_outlives_an_orderly_restart_and_many_snapshots() {
    let mut world = World::new();
    let (room, _, _) = game(&world, &[]).await;
    for round in 0..3 {
        for number in 0..150 {
            let name = format!("r{round}p{number}");
            let player = world.player(&room, &name).await;
            world.submit(&player, room.room_id, &name, "A").await.unwrap();
            world.ask(&player, LeaveRoom { room_id: room.room_id, player_id: player_id(&name) }).await.unwrap();
        }
        assert!(world.store.ids("quiz.room.log").len() <= 129);
        world = if round == 1 { world.cut_off().await } else { world.restarted().await };
    }
    let host = world.user("u-host", "host").await;
    let state = score_board(&world, &host, room.room_id).await;
    assert_eq!(state["rankings"], json!([]));
    let ann = world.player(&room, "r0p7").await;
    let refused = world.submit(&ann, room.room_id, "r0p7", "B").await.unwrap_err();
    assert_eq!(refused.message, "already answered");
    let late = world.player(&room, "late").await;
    world.ask(&late, submission(room.room_id, "late", "A")).await.unwrap();
}

#[actix::test]
async fn the_lobby_is_stored_under_its_name() {
    let world = World::new();
    game(&world, &[]).await;
    assert_eq!(world.store.ids("quiz.lobby"), ["lobby"]);
}

#[actix::test]
async fn an_answer_that_could_not_be_saved_may_be_given_again() {
    tokio::time::pause();
    let world = World::new();
    let (room, _, players) = game(&world, &["ann", "bob"]).await;
    let full = StoreError::Write { path: "store".into(), reason: "no space left".into() };
    world.store.fail_with(Some(full));
    let refused = world.submit(&players[0], room.room_id, "ann", "A").await.unwrap_err();
    assert_eq!(refused.kind, Kind::Internal);
    world.store.fail_with(None);
    world.submit(&players[0], room.room_id, "ann", "A").await.unwrap();
    let refused = world.submit(&players[0], room.room_id, "ann", "A").await.unwrap_err();
    assert_eq!(refused.message, "already answered");
    let world = world.cut_off().await;
    let host = world.user("u-host", "host").await;
    world.received("host");
    let rankings = score_board(&world, &host, room.room_id).await;
    assert_eq!(rankings["rankings"][0]["totalAnswers"], 1);
}

#[actix::test]
async fn strangers_and_guests_are_refused() {
    let world = World::new();
    let (room, host, players) = game(&world, &["ann"]).await;
    let kind = |refused: Result<(), hubbub_protocol::fault::Fault>| refused.unwrap_err().kind;
    let guest = world.guest("guest").await;
    let stranger = world.user("u-other", "other").await;
    assert_eq!(kind(world.ask(&guest, start(&world, room.room_id)).await.map(drop)), Kind::Unauthenticated);
    assert_eq!(kind(world.ask(&stranger, start(&world, room.room_id)).await.map(drop)), Kind::Forbidden);
    assert_eq!(kind(world.ask(&players[0], EndQuestion { room_id: room.room_id }).await.map(drop)), Kind::Unauthenticated);
    assert_eq!(kind(world.submit(&guest, room.room_id, "ann", "A").await), Kind::Forbidden);
    assert_eq!(kind(world.join(&guest, &room, "ann").await), Kind::Forbidden);
    assert_eq!(kind(world.ask(&guest, RequestLeaderboard { room_id: room.room_id }).await.map(drop)), Kind::Forbidden);
    assert_eq!(kind(world.submit(&guest, RoomId::random([3; 16]), "ann", "A").await), Kind::NotFound);
    let create = |host_id: &str| CreateRoom { host_id: host_id.into(), title: "T".into(), settings: GameSettings::default() };
    assert_eq!(kind(world.ask(&guest, create("u-host")).await.map(drop)), Kind::Unauthenticated);
    assert_eq!(kind(world.ask(&stranger, create("u-host")).await.map(drop)), Kind::Forbidden);
    let other = world.create(&host).await;
    assert_ne!((other.room_id, other.code), (room.room_id, room.code));
}

#[actix::test]
async fn in_a_large_room_the_participants_are_told_to_a_few_at_a_time_and_at_last_to_all() {
    tokio::time::pause();
    let world = World::new();
    let names: Vec<String> = (0..400).map(|number| format!("p{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (_, _, players) = game(&world, &names).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    let everyone = || names.iter().chain(&["host"]).map(|name| world.received_of(name, "game:room:participants:update"));
    everyone().for_each(drop);
    world.disconnect(&players[7]).await;
    let mut heard = Vec::new();
    for _ in 0..6 {
        tokio::time::sleep(Duration::from_millis(99)).await;
        heard.push(everyone().filter(|lists| !lists.is_empty()).count());
    }
    assert!(heard.iter().all(|count| *count <= 100) && heard.iter().sum::<usize>() == 400, "{heard:?}");
}

#[actix::test]
async fn in_a_hall_the_tally_is_told_once_it_has_rested() {
    tokio::time::pause();
    let world = World::new();
    let names: Vec<String> = (0..400).map(|number| format!("p{number}")).collect();
    let (room, _, players) = game(&world, &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let tallies = || world.received_of("host", "game:answer:stats:update");
    world.submit(&players[0], room.room_id, "p0", "A").await.unwrap();
    world.submit(&players[1], room.room_id, "p1", "A").await.unwrap();
    assert!(tallies().is_empty());
    tokio::time::sleep(Duration::from_millis(250)).await;
    let heard = tallies();
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0]["counts"], json!({ "A": 2 }));
}

#[actix::test]
async fn a_dropped_player_is_seen_as_away_and_may_come_back() {
    tokio::time::pause();
    let world = World::new();
    let (room, _, players) = game(&world, &["ann"]).await;
    world.disconnect(&players[0]).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let people = world.received_of("host", "game:room:participants:update");
    assert_eq!(people.last().unwrap()["participants"][0]["connected"], false);
    world.player(&room, "ann").await;
    assert_eq!(world.received_of("ann", "game:question:started").len(), 1);
}

#[actix::test]
async fn a_room_whose_host_stays_away_ends_and_frees_its_code() {
    tokio::time::pause();
    let world = World::new();
    let (room, host, players) = game(&world, &["ann"]).await;
    world.disconnect(&host).await;
    world.settle(room.room_id).await;
    world.clock.advance(10 * 60 * 1000);
    tokio::time::sleep(Duration::from_secs(11)).await;
    let refused = world.submit(&players[0], room.room_id, "ann", "A").await.unwrap_err();
    assert_eq!(refused.kind, Kind::NotFound);
    let bob = world.guest("bob").await;
    assert_eq!(world.join(&bob, &room, "bob").await.unwrap_err().kind, Kind::NotFound);
    assert_eq!(world.store.ids("quiz.room"), [room.room_id.to_string()]);
}

/// Makes the room panic over its next message.
#[derive(actix::Message)]
#[rtype(result = "()")]
struct Panic;

impl actix::Handler<Panic> for Room {
    type Result = ();

    fn handle(&mut self, _: Panic, _: &mut actix::Context<Self>) {
        panic!("for a test");
    }
}

#[actix::test]
async fn connections_and_answers_survive_a_panic() {
    let world = World::new();
    let (room, _, players) = game(&world, &["ann", "bob"]).await;
    world.submit(&players[0], room.room_id, "ann", "A").await.unwrap();
    let actor = world.deps.registry::<Room>().find(&room.room_id).unwrap();
    actor.send(Panic).await.unwrap_err();
    assert_eq!(world.submit(&players[0], room.room_id, "ann", "A").await.unwrap_err().message, "already answered");
    world.submit(&players[1], room.room_id, "bob", "A").await.unwrap();
    world.settle(room.room_id).await;
    let rankings = score_board(&world, &players[1], room.room_id).await;
    assert_eq!(rankings["rankings"].as_array().unwrap().len(), 2);
}
