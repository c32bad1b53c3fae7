//! A connection that drops costs no point: `connection:reconnect`, joining again, a host who comes back, and who may not.

use serde_json::{Value, json};

use super::stage::{
    Ears, NO_ROOM, Stage, comes_back, connect, error, guest, host_joined, is, joined, participant, ranked, shown, until, with,
};
use crate::harness::quiz::User;
use crate::harness::socket::Client;

const RECONNECT: &str = "connection:reconnect";
const JOIN: &str = "game:room:join";
const PEOPLE: &str = "game:room:participants:update";
const ELSEWHERE: (&str, &str) = ("forbidden", "This player is connected elsewhere");

fn reconnect(stage: &Stage, previous: &str, client: &Client, player: &str) -> Value {
    json!([{"previousSocketId": previous, "newSocketId": client.id, "roomId": stage.room, "playerId": player}])
}

/// Closes a player's connection, and waits until the room knows; `p2` is there as well.
async fn drops(stage: &mut Stage, client: Client, score: u32) -> String {
    let id = client.id.clone();
    client.close().await;
    let away = stage.people(&[participant("p1", score, false), participant("p2", 0, true)]);
    stage.desk.sees(PEOPLE, away).await;
    id
}

#[tokio::test]
async fn a_player_who_lost_his_socket_is_himself_again_with_score_streak_and_question() {
    let mut stage = Stage::of(3, json!({"streakBonus": true}), &[]).await;
    for question in &stage.quiz.questions {
        let path = format!("/quiz/{}/questions/{}", stage.quiz.id, question.id);
        assert_eq!(stage.host.call("PUT", &path, &json!({"points": 10})).await.status, 200);
    }
    let settings = json!({"quizSetId": stage.quiz.id, "streakBonus": true});
    let created =
        stage.desk.ask("game:host:create", json!([{"hostId": stage.host.id, "title": "T", "settings": settings}])).await;
    let text = |key: &str| created[0][key].as_str().expect("a text").to_owned();
    (stage.room, stage.code) = (text("roomId"), text("code"));
    let (mut player, _other) = (stage.player("p1").await, stage.player("p2").await);
    stage.start(0, 60_000).await;
    stage.answers(&mut player, "p1", 0, json!(0)).await;
    let ends_at = stage.start(1, 60_000).await;
    let previous = drops(&mut stage, player, 11).await;
    let mut player = guest(&stage.hub).await;
    let sent = reconnect(&stage, &previous, &player, "p1");
    let question = with(stage.started(1, ends_at), "question", with(shown(&stage.quiz, 1), "points", json!(10)));
    comes_back(&mut player, RECONNECT, sent, joined(&stage.room, "p1", 11), json!([question])).await;
    stage.desk.sees(PEOPLE, stage.people(&[participant("p1", 11, true), participant("p2", 0, true)])).await;
    stage.answers(&mut player, "p1", 1, json!(0)).await;
    let rankings = json!([ranked("p1", 23, 1, 2, 2), ranked("p2", 0, 2, 0, 0)]);
    assert_eq!(stage.rankings().await, rankings, "the streak went on");
    stage.hub.stop().await;
}

#[tokio::test]
async fn joining_again_under_the_same_id_gives_the_player_back() {
    let mut stage = Stage::set().await;
    let (mut player, _other) = (stage.player("p1").await, stage.player("p2").await);
    let ends_at = stage.start(0, 60_000).await;
    stage.answers(&mut player, "p1", 0, json!(0)).await;
    drops(&mut stage, player, 1).await;
    let mut back = guest(&stage.hub).await;
    let join = stage.joining("p1");
    comes_back(&mut back, JOIN, join, joined(&stage.room, "p1", 1), json!([stage.started(0, ends_at)])).await;
    // Nothing is open after the end.
    stage.desk.ask("game:flow:end", json!([{"roomId": stage.room}])).await;
    drops(&mut stage, back, 1).await;
    let mut back = guest(&stage.hub).await;
    let (heard, ack) = back.ask_and_hear(JOIN, stage.joining("p1")).await;
    is(ack, joined(&stage.room, "p1", 1));
    assert!(!heard.iter().any(|(name, _)| name == "game:question:started"), "{heard:?}");
    stage.hub.stop().await;
}

#[tokio::test]
async fn a_player_is_not_taken_over_while_his_socket_lives() {
    let mut stage = Stage::set().await;
    let (mut player, _other) = (stage.player("p1").await, stage.player("p2").await);
    let account = User::register(stage.hub.url("quiz"), "thief").await;
    for mut thief in [guest(&stage.hub).await, connect(&account).await] {
        let (code, message) = ELSEWHERE;
        thief.is_refused(JOIN, stage.joining("p1"), code, message).await;
        let claim = reconnect(&stage, &player.id, &thief, "p1");
        thief.is_refused(RECONNECT, claim, code, message).await;
        thief.is_refused("game:room:leave", json!([{"roomId": stage.room, "playerId": "p1"}]), code, message).await;
    }
    player.is_silent().await;
    let ends_at = stage.start(0, 60_000).await;
    player.hears("game:question:started", json!([stage.started(0, ends_at)])).await;
    stage.answers(&mut player, "p1", 0, json!(0)).await;
    stage.hub.stop().await;
}

#[tokio::test]
async fn a_reconnect_needs_the_socket_that_was_lost_and_ones_own() {
    let mut stage = Stage::set().await;
    let (player, other) = (stage.player("p1").await, stage.player("p2").await);
    let previous = drops(&mut stage, player, 0).await;
    let mut client = guest(&stage.hub).await;
    let (code, message) = ELSEWHERE;
    for wrong in ["x", client.id.clone().as_str(), other.id.as_str(), stage.desk.id.clone().as_str()] {
        let claim = reconnect(&stage, wrong, &client, "p1");
        client.is_refused(RECONNECT, claim, code, message).await;
    }
    let claim = reconnect(&stage, &previous, &client, "p2");
    client.is_refused(RECONNECT, claim, code, message).await;
    for nobody in ["p3", &stage.host.id] {
        let claim = reconnect(&stage, &previous, &client, nobody);
        client.is_refused(RECONNECT, claim, "forbidden", "Join the room first").await;
    }
    let good = reconnect(&stage, &previous, &client, "p1")[0].clone();
    for (key, value, code, message) in [
        ("newSocketId", json!(other.id), "forbidden", "newSocketId is not this connection"),
        ("roomId", json!(NO_ROOM), "not_found", "Room not found"),
        ("roomId", json!("none"), "not_found", "Room not found"),
        ("playerId", json!(null), "forbidden", "Join the room first"),
    ] {
        client.is_refused(RECONNECT, json!([with(good.clone(), key, value)]), code, message).await;
    }
    // Without a room there is nothing to return to.
    assert_eq!(client.ask(RECONNECT, json!([with(good.clone(), "roomId", json!(null))])).await, json!([null]));
    client.is_silent().await;
    is(client.ask(RECONNECT, json!([good.clone()])).await, joined(&stage.room, "p1", 0));
    // The same again from the same socket changes nothing.
    is(client.ask(RECONNECT, json!([good])).await, joined(&stage.room, "p1", 0));
    stage.hub.stop().await;
}

#[tokio::test]
async fn an_accounts_player_is_given_to_that_account_alone_and_at_once() {
    let mut stage = Stage::set().await;
    let (ann, bob) = (User::register(stage.hub.url("quiz"), "ann").await, User::register(stage.hub.url("quiz"), "bob").await);
    let mut first = connect(&ann).await;
    first.ask(JOIN, stage.joining("p1")).await;
    let _other = stage.player("p2").await;
    // Her telephone takes over from her laptop, whose socket lives.
    let mut second = connect(&ann).await;
    is(second.ask(JOIN, stage.joining("p1")).await, joined(&stage.room, "p1", 0));
    stage.start(0, 60_000).await;
    let (code, message) = ELSEWHERE;
    let submission = stage.submission("p1", 0, json!(0));
    let refusal = first.ask("game:answer:submit", submission).await;
    is(refusal, error(code, message));
    stage.answers(&mut second, "p1", 0, json!(0)).await;
    // The end of the old socket does not make the player absent.
    first.close().await;
    second.ask("connection:heartbeat", json!([{"socketId": "x"}])).await;
    drops(&mut stage, second, 1).await;
    for mut thief in [guest(&stage.hub).await, connect(&bob).await] {
        thief.is_refused(JOIN, stage.joining("p1"), code, message).await;
    }
    let mut third = connect(&ann).await;
    // Her account is enough: what she says about the former socket does not matter.
    let claim = reconnect(&stage, "long gone", &third, "p1");
    is(third.ask(RECONNECT, claim).await, joined(&stage.room, "p1", 1));
    stage.hub.stop().await;
}

#[tokio::test]
async fn a_host_comes_back_by_reconnecting_or_by_joining_as_himself() {
    let mut stage = Stage::set().await;
    let mut player = stage.player("p1").await;
    let ends_at = stage.start(0, 60_000).await;
    player.hears("game:question:started", json!([stage.started(0, ends_at)])).await;
    for name in ["Friday", "Ann"] {
        let (mut back, previous) = (connect(&stage.host).await, stage.desk.id.clone());
        let claim = json!([{"previousSocketId": previous, "newSocketId": back.id, "roomId": stage.room}]);
        let join = json!([{"roomCode": stage.code, "playerId": stage.host.id, "displayName": name}]);
        // A game's title stands for the name that nobody sends with a reconnect.
        let (event, sent) = if name == "Friday" { (RECONNECT, claim) } else { (JOIN, join) };
        let started = json!([stage.started(0, ends_at)]);
        comes_back(&mut back, event, sent, host_joined(&stage, name), started).await;
        std::mem::replace(&mut stage.desk, back).close().await;
        let mut passer_by = stage.player("p9").await;
        let both = stage.people(&[participant("p1", 0, true), participant("p9", 0, true)]);
        stage.desk.sees(PEOPLE, both).await;
        passer_by.ask("game:room:leave", json!([{"roomId": stage.room, "playerId": "p9"}])).await;
    }
    stage.next(1).await;
    player.hears("game:question:changed", json!([stage.changed(1)])).await;
    stage.hub.stop().await;
}

#[tokio::test]
async fn a_host_who_was_away_comes_back_by_going_on() {
    let mut stage = Stage::set().await;
    let mut player = stage.player("p1").await;
    let previous = stage.desk.id.clone();
    std::mem::replace(&mut stage.desk, connect(&stage.host).await).close().await;
    gone(&stage, &previous).await;
    stage.desk.is_silent().await;
    stage.desk.emit("game:flow:next", json!([{"roomId": stage.room, "nextQuestionId": stage.question(1).id}])).await;
    for client in [&mut stage.desk, &mut player] {
        client
            .hears("game:question:changed", json!([with(json!({"roomId": stage.room}), "question", shown(&stage.quiz, 1))]))
            .await;
    }
    let _other = stage.player("p2").await;
    stage.desk.sees(PEOPLE, stage.people(&[participant("p1", 0, true), participant("p2", 0, true)])).await;
    stage.hub.stop().await;
}

/// Waits until the hub has seen a socket off.
async fn gone(stage: &Stage, socket: &str) {
    let path = "/websocket-connections/?status=disconnected";
    let is_gone =
        |list: &Value| list["connections"].as_array().expect("a list").iter().any(|connection| connection["socket_id"] == socket);
    until(&stage.host, path, is_gone).await;
}
