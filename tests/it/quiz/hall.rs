//! `quiz.max_room_players`: how many players fit into a room, whatever its host says.

use serde_json::json;

use super::stage::{Ears, Stage, connect, guest};
use crate::harness::hub::Hub;
use crate::harness::quiz::{UNLIMITED, User, check_refused};

#[tokio::test]
async fn a_room_holds_no_more_than_the_configuration_allows() {
    for game in [json!({}), json!({"maxPlayers": 10_000})] {
        let stage = Stage::of(1, game, &[("QUIZ__MAX_ROOM_PLAYERS", "3")]).await;
        let mut players = Vec::new();
        for id in ["p1", "p2", "p3"] {
            players.push(stage.player(id).await);
        }
        let mut fourth = guest(&stage.hub).await;
        fourth.is_refused("game:room:join", stage.joining("p4"), "forbidden", "Room is full").await;
        stage.hub.stop().await;
    }
}

#[tokio::test]
async fn a_hall_takes_as_many_as_it_is_raised_to_and_quizzes_may_say_so() {
    let hub = Hub::start(&[UNLIMITED, ("QUIZ__MAX_ROOM_PLAYERS", "500")]).await;
    let host = User::register(hub.url("quiz"), "host").await;
    let quiz = |most: u32| json!({"title": "T", "play_settings": {"max_players": most}});
    let created = host.post("/quiz", &quiz(500)).await;
    assert_eq!(created["play_settings"]["max_players"], 500);
    let refused = host.call("POST", "/quiz", &quiz(501)).await;
    check_refused(&refused, 400, "invalid_payload", "play_settings.max_players must be an integer from 1 to 500");
    let mut desk = connect(&host).await;
    let settings = json!({"quizSetId": created["id"]});
    let room = desk.ask("game:host:create", json!([{"hostId": host.id, "title": "T", "settings": settings}])).await;
    let mut players = Vec::new();
    for number in 0..=500 {
        let mut player = guest(&hub).await;
        let join = json!([{"roomCode": room[0]["code"], "playerId": format!("p{number}"), "displayName": "P"}]);
        let ack = player.ask("game:room:join", join).await;
        let message = &ack[0]["message"];
        assert_eq!(message == "Room is full", number == 500, "player {number}: {ack}");
        players.push(player);
    }
    hub.stop().await;
}

#[tokio::test]
async fn without_configuration_a_room_holds_400() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let host = User::register(hub.url("quiz"), "host").await;
    let refused = host.call("POST", "/quiz", &json!({"title": "T", "play_settings": {"max_players": 401}})).await;
    check_refused(&refused, 400, "invalid_payload", "play_settings.max_players must be an integer from 1 to 400");
    let created = host.post("/quiz", &json!({"title": "T"})).await;
    assert_eq!(created["play_settings"]["max_players"], 400);
    hub.stop().await;
}
