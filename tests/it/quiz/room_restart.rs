//! What a room still knows after a restart of the hub: everything but its sockets.

use std::sync::Arc;

use serde_json::{Value, json};

use super::stage::{Ears, Stage, comes_back, connect, guest, host_joined, joined, participant, ranked};
use crate::harness::hub::Hub;
use crate::harness::quiz::UNLIMITED;

/// Stops the hub and starts another one on what it left; everyone's sockets are gone, and the host has a new one.
async fn restart(stage: Stage) -> Stage {
    let Stage { hub, host, quiz, desk, room, code } = stage;
    let data = Arc::clone(&hub.data);
    drop(desk);
    hub.stop().await;
    let hub = Hub::start_on(data, &[UNLIMITED]).await;
    let host = host.at(hub.url("quiz"));
    let desk = connect(&host).await;
    Stage { hub, host, quiz, desk, room, code }
}

#[tokio::test]
async fn players_scores_answers_and_the_open_question_are_there() {
    let mut stage = Stage::set().await;
    let (mut one, other) = (stage.player("p1").await, stage.player("p2").await);
    let ends_at = stage.start(0, 600_000).await;
    stage.answers(&mut one, "p1", 0, json!(0)).await;
    let (flow, former) = (stage.flow().await, [one.id.clone(), other.id.clone()]);
    drop((one, other));

    let mut stage = restart(stage).await;
    assert_eq!(stage.flow().await, flow);
    assert_eq!(stage.rankings().await, json!([ranked("p1", 1, 1, 1, 1), ranked("p2", 0, 2, 0, 0)]));
    let started = json!([stage.started(0, ends_at)]);
    let claim = json!([{"previousSocketId": "any", "newSocketId": stage.desk.id, "roomId": stage.room}]);
    let host = host_joined(&stage, "Friday");
    comes_back(&mut stage.desk, "connection:reconnect", claim, host, started.clone()).await;
    // One joins again by the code, the other shows the socket that he had.
    let (mut one, mut other) = (guest(&stage.hub).await, guest(&stage.hub).await);
    let join = stage.joining("p1");
    comes_back(&mut one, "game:room:join", join, joined(&stage.room, "p1", 1), started.clone()).await;
    let half = stage.people(&[participant("p1", 1, true), participant("p2", 0, false)]);
    stage.desk.sees("game:room:participants:update", half).await;
    let claim = json!([{"previousSocketId": former[1], "newSocketId": other.id, "roomId": stage.room, "playerId": "p2"}]);
    comes_back(&mut other, "connection:reconnect", claim, joined(&stage.room, "p2", 0), started).await;
    let again = stage.submission("p1", 0, json!(1));
    one.is_refused("game:answer:submit", again, "forbidden", "already answered").await;
    stage.answers(&mut other, "p2", 0, json!(0)).await;
    stage.desk.sees("game:answer:stats:update", stage.tally(0, json!({"0": 2}))).await;
    stage.next(1).await;
    for client in [&mut one, &mut other] {
        client.hears("game:question:changed", json!([stage.changed(1)])).await;
    }
    stage.hub.stop().await;
}

#[tokio::test]
async fn a_second_restart_and_a_question_that_is_over_lose_nothing_either() {
    let mut stage = Stage::set().await;
    let mut player = stage.player("p1").await;
    stage.start(0, 60_000).await;
    stage.answers(&mut player, "p1", 0, json!(0)).await;
    stage.desk.ask("game:flow:end", json!([{"roomId": stage.room}])).await;
    let mut stage = restart(restart(stage).await).await;
    assert_eq!(stage.rankings().await, json!([ranked("p1", 1, 1, 1, 1)]));
    let mut player = stage.player("p1").await;
    let late = stage.submission("p1", 0, json!(0));
    player.is_refused("game:answer:submit", late, "forbidden", "already answered").await;
    stage.next(1).await;
    stage.answers(&mut player, "p1", 1, json!(0)).await;
    assert_eq!(stage.rankings().await, json!([ranked("p1", 2, 1, 2, 2)]));
    let flows = stage.host.get("/game-flows/").await;
    assert_eq!((&flows["total"], &flows["flows"][0]["game_id"]), (&json!(1), &json!(stage.room)));
    stage.hub.stop().await;
}

#[tokio::test]
async fn a_deleted_game_stays_deleted() {
    let stage = Stage::set().await;
    let path = format!("/game-flows/{}", stage.room);
    assert_eq!(stage.host.call("DELETE", &path, &Value::Null).await.status, 200);
    let stage = restart(stage).await;
    assert_eq!(stage.host.call("GET", &format!("{path}/flow"), &Value::Null).await.status, 404);
    assert_eq!(stage.host.get("/game-flows/").await["total"], 0);
    let mut player = guest(&stage.hub).await;
    player.is_refused("game:room:join", stage.joining("p1"), "not_found", "Room not found").await;
    stage.hub.stop().await;
}
