//! Two hosts with games, devices and connections of their own: neither reads, drives or ends what is the other's.

use serde_json::{Value, json};

use super::stage::{Ears, Stage, connect, now_ms};
use crate::harness::quiz::{User, check_refused};

#[tokio::test]
async fn two_hosts_cannot_touch_each_others_games() {
    let mut stage = Stage::set().await;
    let other = User::register(stage.hub.url("quiz"), "other").await;
    let theirs = other.playable_quiz(1, json!({})).await;
    let mut desk = connect(&other).await;
    let create = |quiz: &str| json!([{"hostId": other.id, "title": "T", "settings": {"quizSetId": quiz}}]);
    let created = desk.ask("game:host:create", create(&theirs.id)).await;
    let room = created[0]["roomId"].as_str().expect("a text").to_owned();
    let mut player = stage.player("p1").await;
    let before = [stage.flow().await, other.get(&format!("/game-flows/{room}/flow")).await];
    let only_host = ("forbidden", "Only the host may do this");
    let (starts_at, ends_at) = (now_ms(), now_ms() + 60_000);
    // Each knows everything about the other's game, and sends it over a good connection with a good token.
    let my_desk = &mut stage.desk;
    for (client, room, question) in
        [(&mut desk, stage.room.as_str(), &stage.quiz.questions[0].id), (my_desk, room.as_str(), &theirs.questions[0].id)]
    {
        let start = json!([{"roomId": room, "questionId": question, "startsAt": starts_at, "endsAt": ends_at}]);
        client.is_refused("game:flow:start", start, only_host.0, only_host.1).await;
        let next = json!([{"roomId": room, "nextQuestionId": question}]);
        client.is_refused("game:flow:next", next, only_host.0, only_host.1).await;
        client.is_refused("game:flow:end", json!([{"roomId": room}]), only_host.0, only_host.1).await;
        let ranking = json!([{"roomId": room}]);
        client.is_refused("game:leaderboard:request", ranking, "forbidden", "Join the room first").await;
        let leave = json!([{"roomId": room, "playerId": "p1"}]);
        let (_, ack) = client.ask_and_hear("game:room:leave", leave).await;
        assert_eq!(ack[0]["error"], "forbidden", "{ack}");
    }
    let as_me = json!([{"hostId": stage.host.id, "title": "T"}]);
    desk.is_refused("game:host:create", as_me, "forbidden", "hostId is not your account").await;
    desk.is_refused("game:host:create", create(&stage.quiz.id), "not_found", "Quiz not found").await;
    for (user, room) in [(&other, &stage.room), (&stage.host, &room)] {
        for (method, rest) in [("POST", "/advance"), ("PATCH", ""), ("DELETE", "")] {
            let path = format!("/game-flows/{room}{rest}");
            let answer = user.call(method, &path, &json!({"current_question_index": 0})).await;
            check_refused(&answer, 403, "forbidden", "Only the host may do this");
        }
        let list = user.get("/game-flows/").await;
        assert_eq!(list["total"], 1, "{list}");
        assert_ne!(list["flows"][0]["game_id"], json!(room));
    }
    assert_eq!([stage.flow().await, other.get(&format!("/game-flows/{room}/flow")).await], before);
    for client in [&mut player, &mut stage.desk, &mut desk] {
        client.is_silent().await;
    }
    stage.hub.stop().await;
}

#[tokio::test]
async fn a_public_quiz_is_played_by_anyone_and_a_draft_by_its_owner_alone() {
    let mut stage = Stage::set().await;
    let other = User::register(stage.hub.url("quiz"), "other").await;
    let mut desk = connect(&other).await;
    let path = format!("/quiz/{}", stage.quiz.id);
    let theirs = json!([{"hostId": other.id, "title": "T", "settings": {"quizSetId": stage.quiz.id}}]);
    let mine = json!([{"hostId": stage.host.id, "title": "T", "settings": {"quizSetId": stage.quiz.id}}]);
    for (change, is_playable) in [
        (json!({"is_public": true}), true),
        (json!({"is_public": true, "status": "draft"}), false),
        (json!({"is_public": false, "status": "published"}), false),
    ] {
        assert_eq!(stage.host.call("PUT", &path, &change).await.status, 200);
        if is_playable {
            assert!(desk.ask("game:host:create", theirs.clone()).await[0]["roomId"].is_string());
        } else {
            desk.is_refused("game:host:create", theirs.clone(), "not_found", "Quiz not found").await;
        }
        assert!(stage.desk.ask("game:host:create", mine.clone()).await[0]["roomId"].is_string(), "{change}");
    }
    assert_eq!(stage.host.call("DELETE", &path, &Value::Null).await.status, 200);
    for (client, sent) in [(&mut stage.desk, mine), (&mut desk, theirs)] {
        client.is_refused("game:host:create", sent, "not_found", "Quiz not found").await;
    }
    stage.hub.stop().await;
}

#[tokio::test]
async fn two_hosts_see_their_own_connections_and_devices_only() {
    let stage = Stage::set().await;
    let other = User::register(stage.hub.url("quiz"), "other").await;
    let desk = connect(&other).await;
    for (user, socket, others) in [(&stage.host, &stage.desk.id, &other), (&other, &desk.id, &stage.host)] {
        let list = user.get("/websocket-connections/").await;
        let (connection, device) = (&list["connections"][0]["id"], &list["connections"][0]["device_id"]);
        assert_eq!((&list["total"], &list["connections"][0]["socket_id"]), (&json!(1), &json!(socket)));
        let (connection, device) = (connection.as_str().expect("an id"), device.as_str().expect("an id"));
        for (method, path, message) in [
            ("GET", format!("/websocket-connections/{connection}"), "Connection not found"),
            ("GET", format!("/websocket-connections/device/{device}"), "Device not found or no connections"),
            ("GET", format!("/device-sessions/{device}"), "Device session not found"),
            ("GET", format!("/device-sessions/{device}/connections"), "Device session not found"),
            ("PATCH", format!("/device-sessions/{device}/metadata"), "Device session not found"),
        ] {
            let body = if method == "PATCH" { json!({"theme": "dark"}) } else { Value::Null };
            check_refused(&others.call(method, &path, &body).await, 404, "not_found", message);
            assert_eq!(user.call(method, &path, &body).await.status, 200, "{path}");
        }
        let filtered = others.get(&format!("/websocket-connections/?user_id={}", user.id)).await;
        assert_eq!(filtered["connections"], json!([]));
        let filtered = others.get(&format!("/device-sessions/?user_id={}", user.id)).await;
        assert_eq!(filtered["sessions"], json!([]));
    }
    stage.hub.stop().await;
}
