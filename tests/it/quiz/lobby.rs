//! A room opens; players join, leave and drop, and everyone in it hears who is there.

use serde_json::{Value, json};

use super::stage::{Ears, NO_ROOM, Stage, connect, guest, has_seen, is, joined, participant, ranked, with};
use crate::harness::hub::Hub;
use crate::harness::quiz::{UNLIMITED, User, check};
use crate::harness::socket::Client;

const PEOPLE: &str = "game:room:participants:update";

#[tokio::test]
async fn a_host_hears_the_id_and_the_code_of_his_room() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let host = User::register(hub.url("quiz"), "host").await;
    let mut desk = connect(&host).await;
    let mut seen = Vec::new();
    for settings in [json!(null), json!({}), json!({"showQuestionOnly": true, "maxPlayers": 1, "unknown": [1]})] {
        let create = json!([{"hostId": host.id, "title": "T", "settings": settings}]);
        let (heard, ack) = desk.ask_and_hear("game:host:create", create).await;
        assert_eq!(heard, [("game:room:created".to_owned(), ack.clone())]);
        let code = ack[0]["code"].as_str().expect("a text").to_owned();
        assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()) && !code.starts_with('0'), "{code}");
        is(ack.clone(), json!([{"roomId": "<id>", "code": code}]));
        assert!(!seen.contains(&code) && !seen.contains(&ack[0]["roomId"].to_string()), "two rooms are two: {ack}");
        seen.extend([code, ack[0]["roomId"].to_string()]);
    }
    desk.is_silent().await;
    hub.stop().await;
}

#[tokio::test]
async fn a_quizs_code_is_the_rooms_while_it_is_free() {
    let stage = Stage::set().await;
    let code = json!({"code": 424_242});
    let set = stage.host.call("PUT", &format!("/quiz/{}/code", stage.quiz.id), &code).await;
    check(&set, 200, &json!({"code": 424_242, "success": true}));
    let mut desk = connect(&stage.host).await;
    let create = json!([{"hostId": stage.host.id, "title": "T", "settings": {"quizSetId": stage.quiz.id}}]);
    is(desk.ask("game:host:create", create.clone()).await, json!([{"roomId": "<id>", "code": "424242"}]));
    let second = desk.ask("game:host:create", create).await;
    assert_ne!(second[0]["code"], "424242");
    let mut player = guest(&stage.hub).await;
    let join = json!([{"roomCode": "  424242\n", "playerId": "p1", "displayName": " \tAnn  "}]);
    let ack = player.ask("game:room:join", join).await;
    let summary = json!({"playerId": "p1", "displayName": "Ann", "isHost": false, "score": 0, "joinedAt": "<ms>"});
    is(ack, json!([{"roomId": "<id>", "player": summary}]));
    stage.hub.stop().await;
}

#[tokio::test]
async fn a_player_hears_that_he_has_joined_and_everyone_who_is_there() {
    let mut stage = Stage::set().await;
    let mut one = guest(&stage.hub).await;
    let heard = joins(&mut one, &stage, "p1").await;
    let alone = stage.people(&[participant("p1", 0, true)]);
    has_seen(&mut one, &heard, PEOPLE, alone.clone()).await;
    stage.desk.sees(PEOPLE, alone).await;
    let mut other = guest(&stage.hub).await;
    let heard = joins(&mut other, &stage, "p2").await;
    let both = stage.people(&[participant("p1", 0, true), participant("p2", 0, true)]);
    has_seen(&mut other, &heard, PEOPLE, both.clone()).await;
    for client in [&mut one, &mut stage.desk] {
        client.sees(PEOPLE, both.clone()).await;
    }
    // Again over the same socket, under another name: the same place, the same time of joining.
    let again = json!([with(stage.joining("p1")[0].clone(), "displayName", json!("Ann"))]);
    let before = one.ask("game:room:join", stage.joining("p1")).await;
    let after = one.ask("game:room:join", again).await;
    assert_eq!(after[0]["player"]["displayName"], "Ann");
    assert_eq!(after[0]["player"]["joinedAt"], before[0]["player"]["joinedAt"]);
    let renamed = with(participant("p1", 0, true), "displayName", json!("Ann"));
    other.sees(PEOPLE, stage.people(&[renamed, participant("p2", 0, true)])).await;
    let mut stranger = guest(&stage.hub).await;
    stranger.is_silent().await;
    stage.hub.stop().await;
}

/// Joins; checks the event and the acknowledgement, and returns all that was heard.
async fn joins(client: &mut Client, stage: &Stage, id: &str) -> Vec<(String, Value)> {
    let (heard, ack) = client.ask_and_hear("game:room:join", stage.joining(id)).await;
    is(ack.clone(), joined(&stage.room, id, 0));
    let told: Vec<_> = heard.iter().filter(|(name, _)| name != PEOPLE).cloned().collect();
    assert_eq!(told, [("game:room:joined".to_owned(), ack)]);
    heard
}

#[tokio::test]
async fn a_host_is_in_his_room_and_no_participant() {
    let mut stage = Stage::set().await;
    let mut player = stage.player("p1").await;
    let join = json!([{"roomCode": stage.code, "playerId": stage.host.id, "displayName": "The host"}]);
    let summary = json!({"playerId": stage.host.id, "displayName": "The host", "isHost": true, "score": 0, "joinedAt": "<ms>"});
    is(stage.desk.ask("game:room:join", join).await, json!([{"roomId": stage.room, "player": summary}]));
    let _other = stage.player("p2").await;
    let both = stage.people(&[participant("p1", 0, true), participant("p2", 0, true)]);
    for client in [&mut player, &mut stage.desk] {
        client.sees(PEOPLE, both.clone()).await;
    }
    stage.hub.stop().await;
}

#[tokio::test]
async fn who_leaves_hears_nothing_more_and_comes_back_as_he_was() {
    let mut stage = Stage::set().await;
    let (mut one, mut other) = (stage.player("p1").await, stage.player("p2").await);
    stage.start(0, 60_000).await;
    stage.answers(&mut one, "p1", 0, json!(0)).await;
    let leave = json!([{"roomId": stage.room, "playerId": "p1"}]);
    assert_eq!(one.ask("game:room:leave", leave.clone()).await, json!([]));
    other.sees(PEOPLE, stage.people(&[participant("p2", 0, true)])).await;
    stage.desk.sees(PEOPLE, stage.people(&[participant("p2", 0, true)])).await;
    assert_eq!(stage.rankings().await, json!([ranked("p2", 0, 1, 0, 0)]));
    stage.next(1).await;
    one.is_silent().await;
    one.is_refused("game:room:leave", leave, "forbidden", "Join the room first").await;
    let submission = stage.submission("p1", 1, json!(0));
    one.is_refused("game:answer:submit", submission, "forbidden", "Join the room first").await;
    let ack = one.ask("game:room:join", stage.joining("p1")).await;
    is(ack, joined(&stage.room, "p1", 1));
    other.sees(PEOPLE, stage.people(&[participant("p1", 1, true), participant("p2", 0, true)])).await;
    stage.hub.stop().await;
}

#[tokio::test]
async fn who_drops_is_shown_as_away_until_he_is_back() {
    let mut stage = Stage::set().await;
    let (one, mut other) = (stage.player("p1").await, stage.player("p2").await);
    one.close().await;
    let away = stage.people(&[participant("p1", 0, false), participant("p2", 0, true)]);
    other.sees(PEOPLE, away.clone()).await;
    stage.desk.sees(PEOPLE, away).await;
    let _back = stage.player("p1").await;
    let both = stage.people(&[participant("p1", 0, true), participant("p2", 0, true)]);
    other.sees(PEOPLE, both.clone()).await;
    stage.desk.sees(PEOPLE, both).await;
    stage.hub.stop().await;
}

#[tokio::test]
async fn a_full_room_takes_nobody_but_those_who_come_back() {
    let mut stage = Stage::of(1, json!({"maxPlayers": 2}), &[]).await;
    let (one, mut other) = (stage.player("p1").await, stage.player("p2").await);
    let mut third = guest(&stage.hub).await;
    third.is_refused("game:room:join", stage.joining("p3"), "forbidden", "Room is full").await;
    // His place is kept for who only dropped.
    one.close().await;
    stage.desk.sees(PEOPLE, stage.people(&[participant("p1", 0, false), participant("p2", 0, true)])).await;
    third.is_refused("game:room:join", stage.joining("p3"), "forbidden", "Room is full").await;
    let _back = stage.player("p1").await;
    let left = other.ask("game:room:leave", json!([{"roomId": stage.room, "playerId": "p2"}])).await;
    assert_eq!(left, json!([]));
    is(third.ask("game:room:join", stage.joining("p3")).await, joined(&stage.room, "p3", 0));
    other.is_refused("game:room:join", stage.joining("p2"), "forbidden", "Room is full").await;
    stage.hub.stop().await;
}

#[tokio::test]
async fn a_code_that_no_room_has_is_not_found() {
    let stage = Stage::set().await;
    let mut client = guest(&stage.hub).await;
    let free = if stage.code == "100000" { "100001" } else { "100000" };
    for code in [free, "", " ", "abcdef", "12345", "1234567", NO_ROOM, "１２３４５６", &stage.room] {
        let join = json!([{"roomCode": code, "playerId": "p1", "displayName": "Ann"}]);
        client.is_refused("game:room:join", join, "not_found", "Room not found").await;
    }
    let leave = json!([{"roomId": NO_ROOM, "playerId": "p1"}]);
    client.is_refused("game:room:leave", leave, "not_found", "Room not found").await;
    stage.hub.stop().await;
}
