//! `game:answer:submit`: the first answer in time counts, exactly once; everyone hears the tally.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::stage::{
    Ears, NO_ROOM, Stage, comes_back, connect, error, guest, has_seen, is, joined, now_ms, participant, ranked, with,
};
use crate::harness::quiz::User;
use crate::harness::socket::Client;

const SUBMIT: &str = "game:answer:submit";
const TALLY: &str = "game:answer:stats:update";
const JOIN: &str = "game:room:join";

#[tokio::test]
async fn an_accepted_answer_is_told_to_its_player_and_the_tally_to_everyone() {
    let mut stage = Stage::set().await;
    let (mut one, mut other) = (stage.player("p1").await, stage.player("p2").await);
    let ends_at = stage.start(0, 60_000).await;
    for player in [&mut one, &mut other] {
        player.hears("game:question:started", json!([stage.started(0, ends_at)])).await;
    }
    let before = now_ms();
    let (heard, ack) = one.ask_and_hear(SUBMIT, stage.submission("p1", 0, json!(2))).await;
    is(ack.clone(), stage.accepted("p1", 0));
    let told: Vec<_> = heard.iter().filter(|(name, _)| name == "game:answer:accepted").map(|(_, args)| args).collect();
    assert_eq!(told, [&ack]);
    let at = iso_ms(&ack[0]["submittedAt"]);
    assert!((before..=now_ms()).contains(&at), "{ack}");
    let tally = stage.tally(0, json!({"2": 1}));
    has_seen(&mut one, &heard, TALLY, tally.clone()).await;
    for client in [&mut other, &mut stage.desk] {
        client.sees(TALLY, tally.clone()).await;
        client.is_silent().await;
    }
    stage.hub.stop().await;
}

fn iso_ms(text: &Value) -> i64 {
    let text = text.as_str().expect("a text");
    hubbub_actors::kit::clock::Timestamp::parse_iso(text).expect("ISO 8601").0
}

#[tokio::test]
async fn an_answer_is_matched_by_id_then_place_then_text_and_counted_as_it_was_sent() {
    let mut stage = Stage::set().await;
    let answers = stage.question(0).answers.clone();
    let sent = [
        ("by-id", json!(answers[0]), 1),
        ("by-place", json!(0), 1),
        ("by-place-as-text", json!("0"), 1),
        ("by-float", json!(0.0), 1),
        ("by-text", json!("Answer 0"), 1),
        ("wrong-id", json!(answers[1]), 0),
        ("wrong-place", json!(3), 0),
        ("wrong-case", json!("answer 0"), 0),
        ("no-place", json!(4), 0),
        ("negative", json!(-1), 0),
        ("fraction", json!(0.5), 0),
        ("huge", json!(1e300), 0),
    ];
    let mut players = Vec::new();
    for (id, _, _) in &sent {
        players.push(stage.player(id).await);
    }
    stage.start(0, 60_000).await;
    for ((id, answer, _), player) in sent.iter().zip(&mut players) {
        stage.answers(player, id, 0, answer.clone()).await;
    }
    let mut counts = json!({
        "-1": 1, "0": 3, "0.5": 1, "1e+300": 1, "3": 1, "4": 1, "Answer 0": 1, "answer 0": 1, answers[0].clone(): 1, answers[1].clone(): 1
    });
    sort(&mut counts);
    stage.desk.sees(TALLY, stage.tally(0, counts)).await;
    let rankings = stage.rankings().await;
    for (id, answer, points) in &sent {
        let line = rankings.as_array().expect("a list").iter().find(|line| line["playerId"] == *id).expect("a line");
        let seen = (line["score"].as_u64(), line["correctAnswers"].as_u64(), line["totalAnswers"].as_u64());
        assert_eq!(seen, (Some(*points), Some(*points), Some(1)), "{answer}");
    }
    stage.hub.stop().await;
}

fn sort(object: &mut Value) {
    let Value::Object(fields) = object else { panic!("an object") };
    fields.sort_keys();
}

#[tokio::test]
async fn only_the_first_answer_counts_however_often_it_is_sent() {
    let mut stage = Stage::set().await;
    let mut player = stage.player("p1").await;
    let ends_at = stage.start(0, 60_000).await;
    player.hears("game:question:started", json!([stage.started(0, ends_at)])).await;
    for place in 0..50 {
        player.emit(SUBMIT, stage.submission("p1", 0, json!(place % 4))).await;
    }
    player.hears("game:answer:accepted", stage.accepted("p1", 0)).await;
    for _ in 1..50 {
        player.hears("error", error("forbidden", "already answered")).await;
    }
    stage.desk.sees(TALLY, stage.tally(0, json!({"0": 1}))).await;
    assert_eq!(stage.rankings().await, json!([ranked("p1", 1, 1, 1, 1)]));
    // Also after the end, and when the question is opened again.
    stage.desk.ask("game:flow:end", json!([{"roomId": stage.room}])).await;
    stage.start(0, 60_000).await;
    let ack = player.ask(SUBMIT, stage.submission("p1", 0, json!(1))).await;
    is(ack, error("forbidden", "already answered"));
    assert_eq!(stage.rankings().await, json!([ranked("p1", 1, 1, 1, 1)]));
    stage.hub.stop().await;
}

#[tokio::test]
async fn of_many_sockets_of_one_player_one_answer_counts() {
    let mut stage = Stage::set().await;
    let account = User::register(stage.hub.url("quiz"), "player").await;
    let mut sockets = Vec::new();
    for _ in 0..8 {
        sockets.push(connect(&account).await);
    }
    for round in 0..3 {
        stage.start(round, 60_000).await;
        // Each takes the player over, since all are the same account's, and answers at once, again and again.
        let acks = join_all(sockets.iter_mut().map(|socket| race(&stage, socket, round))).await;
        let accepted = acks.iter().flatten().filter(|ack| ack[0]["submittedAt"].is_string()).count();
        assert_eq!(accepted, 1, "{acks:?}");
        let score = u32::try_from(round).expect("small") + 1;
        assert_eq!(stage.rankings().await, json!([ranked("p1", score, 1, score, score)]), "round {round}");
    }
    stage.hub.stop().await;
}

async fn race(stage: &Stage, socket: &mut Client, round: usize) -> Vec<Value> {
    let mut acks = Vec::new();
    for _ in 0..3 {
        socket.ask(JOIN, stage.joining("p1")).await;
        acks.push(socket.ask(SUBMIT, stage.submission("p1", round, json!(0))).await);
    }
    acks
}

#[tokio::test]
async fn a_reconnect_does_not_give_a_second_answer() {
    let mut stage = Stage::set().await;
    let mut player = stage.player("p1").await;
    let mut other = stage.player("p2").await;
    let ends_at = stage.start(0, 60_000).await;
    other.hears("game:question:started", json!([stage.started(0, ends_at)])).await;
    stage.answers(&mut player, "p1", 0, json!(0)).await;
    for round in 0..4 {
        let previous = player.id.clone();
        player.close().await;
        let away = stage.people(&[participant("p1", 1, false), participant("p2", 0, true)]);
        stage.desk.sees("game:room:participants:update", away).await;
        player = guest(&stage.hub).await;
        let reconnect = json!([{"previousSocketId": previous, "newSocketId": player.id, "roomId": stage.room, "playerId": "p1"}]);
        let (event, sent) = if round % 2 == 0 { ("connection:reconnect", reconnect) } else { (JOIN, stage.joining("p1")) };
        comes_back(&mut player, event, sent, joined(&stage.room, "p1", 1), json!([stage.started(0, ends_at)])).await;
        let again = stage.submission("p1", 0, json!(1));
        player.is_refused(SUBMIT, again, "forbidden", "already answered").await;
    }
    assert_eq!(stage.rankings().await, json!([ranked("p1", 1, 1, 1, 1), ranked("p2", 0, 2, 0, 0)]));
    stage.hub.stop().await;
}

#[tokio::test]
async fn an_answer_to_what_is_not_open_is_refused() {
    let mut stage = Stage::set().await;
    let mut player = stage.player("p1").await;
    let closed = ("forbidden", "question closed");
    // Before any question.
    player.is_refused(SUBMIT, stage.submission("p1", 0, json!(0)), closed.0, closed.1).await;
    // Another question than the open one.
    let ends_at = stage.start(0, 60_000).await;
    player.hears("game:question:started", json!([stage.started(0, ends_at)])).await;
    player.is_refused(SUBMIT, stage.submission("p1", 1, json!(0)), closed.0, closed.1).await;
    // The one before.
    stage.next(1).await;
    player.hears("game:question:changed", json!([stage.changed(1)])).await;
    player.is_refused(SUBMIT, stage.submission("p1", 0, json!(0)), closed.0, closed.1).await;
    // One that the host has ended.
    stage.desk.ask("game:flow:end", json!([{"roomId": stage.room}])).await;
    player.hears("game:question:ended", json!([{"roomId": stage.room, "questionId": stage.question(1).id}])).await;
    player.is_refused(SUBMIT, stage.submission("p1", 1, json!(0)), closed.0, closed.1).await;
    // One that ended by the server's clock, and more than a second ago.
    let ended_at = now_ms() - 1_500;
    let id = &stage.question(2).id;
    let past = json!([{"roomId": stage.room, "questionId": id, "startsAt": ended_at - 5_000, "endsAt": ended_at}]);
    stage.desk.ask("game:flow:start", past).await;
    player.hears("game:question:started", json!([stage.started(2, ended_at)])).await;
    player.is_refused(SUBMIT, stage.submission("p1", 2, json!(0)), closed.0, closed.1).await;
    assert_eq!(stage.rankings().await, json!([ranked("p1", 0, 1, 0, 0)]));
    stage.hub.stop().await;
}

#[tokio::test]
async fn an_answer_comes_from_a_player_over_his_own_socket() {
    let mut stage = Stage::set().await;
    let (_one, mut other) = (stage.player("p1").await, stage.player("p2").await);
    let ends_at = stage.start(0, 60_000).await;
    other.hears("game:question:started", json!([stage.started(0, ends_at)])).await;
    let elsewhere = ("forbidden", "This player is connected elsewhere");
    let not_in = ("forbidden", "Join the room first");
    let mut stranger = guest(&stage.hub).await;
    for client in [&mut other, &mut stranger] {
        client.is_refused(SUBMIT, stage.submission("p1", 0, json!(0)), elsewhere.0, elsewhere.1).await;
        client.is_refused(SUBMIT, stage.submission("p3", 0, json!(0)), not_in.0, not_in.1).await;
    }
    // Nor does the host answer, as himself or as a player.
    let as_host = stage.submission(&stage.host.id, 0, json!(0));
    stage.desk.is_refused(SUBMIT, as_host, not_in.0, not_in.1).await;
    let as_player = stage.submission("p1", 0, json!(0));
    stage.desk.is_refused(SUBMIT, as_player, elsewhere.0, elsewhere.1).await;
    let nowhere = with(stage.submission("p2", 0, json!(0))[0].clone(), "roomId", json!(NO_ROOM));
    other.is_refused(SUBMIT, json!([nowhere]), "not_found", "Room not found").await;
    assert_eq!(stage.rankings().await, json!([ranked("p1", 0, 1, 0, 0), ranked("p2", 0, 1, 0, 0)]));
    stage.hub.stop().await;
}

#[tokio::test]
async fn the_last_tally_of_a_storm_counts_everyone_and_few_are_told() {
    let mut stage = Stage::set().await;
    let mut players = Vec::new();
    for number in 0..60 {
        players.push((number, stage.player(&format!("p{number}")).await));
    }
    stage.start(0, 60_000).await;
    let started = std::time::Instant::now();
    join_all(players.iter_mut().map(|(number, player)| {
        let (stage, answer) = (&stage, json!(*number % 3));
        async move { stage.answers(player, &format!("p{number}"), 0, answer).await }
    }))
    .await;
    let last = stage.tally(0, json!({"0": 20, "1": 20, "2": 20}));
    let mut told = 0;
    loop {
        let tally = stage.desk.wait_for(TALLY).await;
        told += 1;
        if tally == last {
            break;
        }
    }
    // Ten a second at most, and the first is told at once.
    let most = started.elapsed().as_millis() / 100 + 1;
    assert!(told <= most, "{told} tallies in {:?}", started.elapsed());
    stage.hub.stop().await;
}
