//! The host's questions: start, next, end; what the room hears, and what players never see.

use serde_json::{Value, json};

use super::stage::{Ears, NO_ROOM, Stage, connect, guest, is, now_ms, ranked, with};
use crate::harness::quiz::User;
use crate::harness::socket::Client;

const START: &str = "game:flow:start";
const NEXT: &str = "game:flow:next";
const END: &str = "game:flow:end";

#[tokio::test]
async fn a_whole_round_is_heard_by_everyone_in_the_room() {
    let mut stage = Stage::of(2, json!({"showCorrectAnswer": true}), &[]).await;
    let (mut one, mut other) = (stage.player("p1").await, stage.player("p2").await);
    let (starts_at, ends_at) = (now_ms(), now_ms() + 60_000);
    let id = stage.question(0).id.clone();
    let start = json!([{"roomId": stage.room, "questionId": id, "startsAt": starts_at, "endsAt": ends_at}]);
    stage.desk.emit(START, start).await;
    let started = json!([stage.started(0, ends_at)]);
    let next = json!([{"roomId": stage.room, "nextQuestionId": stage.question(1).id}]);
    let changed = json!([stage.changed(1)]);
    let correct = [&stage.question(1).answers[0]];
    let ended = json!([{"roomId": stage.room, "questionId": stage.question(1).id, "correctAnswerIds": correct}]);
    for (step, told, args) in [
        (None, "game:question:started", started),
        (Some((NEXT, next)), "game:question:changed", changed),
        (Some((END, json!([{"roomId": stage.room}]))), "game:question:ended", ended),
    ] {
        if let Some((event, sent)) = step {
            stage.desk.emit(event, sent).await;
        }
        for client in [&mut one, &mut other, &mut stage.desk] {
            client.hears(told, args.clone()).await;
        }
    }
    for client in [&mut one, &mut other, &mut stage.desk] {
        client.is_silent().await;
    }
    stage.hub.stop().await;
}

#[tokio::test]
async fn each_step_is_acknowledged_with_what_the_room_hears() {
    let mut stage = Stage::set().await;
    let ends_at = now_ms() + 600_000;
    let start =
        json!({"roomId": stage.room, "questionId": stage.question(2).id, "startsAt": ends_at - 600_000, "endsAt": ends_at});
    let next = json!({"roomId": stage.room, "nextQuestionId": stage.question(0).id});
    let ended = json!({"roomId": stage.room, "questionId": stage.question(0).id});
    for (event, sent, told, args) in [
        (START, start, "game:question:started", stage.started(2, ends_at)),
        (NEXT, next, "game:question:changed", stage.changed(0)),
        (END, json!({"roomId": stage.room}), "game:question:ended", ended),
    ] {
        let (heard, ack) = stage.desk.ask_and_hear(event, json!([sent])).await;
        assert_eq!(ack.to_string(), json!([args]).to_string());
        assert_eq!(heard, [(told.to_owned(), ack)]);
    }
    stage.hub.stop().await;
}

#[tokio::test]
async fn the_end_of_no_question_names_none() {
    let mut stage = Stage::of(1, json!({"showCorrectAnswer": true}), &[]).await;
    stage.desk.emit(END, json!([{"roomId": stage.room}])).await;
    stage.desk.hears("game:question:ended", json!([{"roomId": stage.room}])).await;
    stage.hub.stop().await;
}

#[tokio::test]
async fn what_the_quiz_does_not_have_is_shown_as_its_id_and_not_scored() {
    let mut stage = Stage::set().await;
    let mut player = stage.player("p1").await;
    for id in ["a question of the host's page", NO_ROOM] {
        let ends_at = now_ms() + 60_000;
        let start = json!([{"roomId": stage.room, "questionId": id, "startsAt": ends_at - 60_000, "endsAt": ends_at}]);
        stage.desk.emit(START, start).await;
        player.hears("game:question:started", json!([{"roomId": stage.room, "question": {"id": id}, "endsAt": ends_at}])).await;
        let answer = json!({"roomId": stage.room, "playerId": "p1", "questionId": id, "answer": "anything"});
        let accepted = json!([{"roomId": stage.room, "playerId": "p1", "questionId": id, "submittedAt": "<time>"}]);
        player.emit("game:answer:submit", json!([answer])).await;
        player.hears("game:answer:accepted", accepted).await;
        let told = json!([{"roomId": stage.room, "questionId": id, "counts": {"anything": 1}}]);
        stage.desk.sees("game:answer:stats:update", told).await;
        stage.desk.emit(END, json!([{"roomId": stage.room}])).await;
        player.hears("game:question:ended", json!([{"roomId": stage.room, "questionId": id}])).await;
    }
    let change = json!([{"roomId": stage.room, "nextQuestionId": "another"}]);
    stage.desk.emit(NEXT, change).await;
    player.hears("game:question:changed", json!([{"roomId": stage.room, "question": {"id": "another"}}])).await;
    assert_eq!(stage.rankings().await, json!([ranked("p1", 0, 1, 0, 2)]));
    stage.hub.stop().await;
}

#[tokio::test]
async fn a_room_without_a_quiz_plays_its_hosts_own_questions() {
    let stage = Stage::set().await;
    let mut desk = connect(&stage.host).await;
    let created = desk.ask("game:host:create", json!([{"hostId": stage.host.id, "title": "Own"}])).await;
    let (room, code) = (created[0]["roomId"].clone(), created[0]["code"].clone());
    let mut player = guest(&stage.hub).await;
    player.ask("game:room:join", json!([{"roomCode": code, "playerId": "p1", "displayName": "p1"}])).await;
    let ends_at = now_ms() + 60_000;
    // The other room's quiz is not this one's.
    let id = &stage.question(0).id;
    desk.emit(START, json!([{"roomId": room, "questionId": id, "startsAt": ends_at - 1, "endsAt": ends_at}])).await;
    player.hears("game:question:started", json!([{"roomId": room, "question": {"id": id}, "endsAt": ends_at}])).await;
    stage.hub.stop().await;
}

#[tokio::test]
async fn only_the_host_drives_and_nobody_hears_of_a_refusal() {
    let mut stage = Stage::set().await;
    let mut player = stage.player("p1").await;
    let other = User::register(stage.hub.url("quiz"), "other").await;
    let (mut stranger, mut guest) = (connect(&other).await, guest(&stage.hub).await);
    stranger.ask("game:room:join", stage.joining("p2")).await;
    let before = stage.flow().await;
    let ends_at = now_ms() + 60_000;
    let question = &stage.question(0).id;
    let steps = [
        (START, json!({"roomId": stage.room, "questionId": question, "startsAt": ends_at - 60_000, "endsAt": ends_at})),
        (NEXT, json!({"roomId": stage.room, "nextQuestionId": question})),
        (END, json!({"roomId": stage.room})),
    ];
    for (event, sent) in steps {
        let host_only = ("forbidden", "Only the host may do this");
        stranger.is_refused(event, json!([sent]), host_only.0, host_only.1).await;
        for client in [&mut player, &mut guest] {
            client.is_refused(event, json!([sent]), "unauthorized", "Authentication required").await;
        }
        let nowhere = with(sent, "roomId", json!(NO_ROOM));
        stage.desk.is_refused(event, json!([nowhere]), "not_found", "Room not found").await;
    }
    assert_eq!(stage.flow().await, before);
    for client in [&mut player, &mut stranger, &mut stage.desk] {
        client.is_silent().await;
    }
    stage.hub.stop().await;
}

#[tokio::test]
async fn times_that_make_no_sense_open_nothing() {
    let mut stage = Stage::set().await;
    let mut player = stage.player("p1").await;
    let now = now_ms();
    let before = stage.flow().await;
    let range = "must be an integer from 0 to 8640000000000000";
    for (starts_at, ends_at, message) in [
        (json!(now), json!(now), "endsAt must be after startsAt".to_owned()),
        (json!(now), json!(now - 1), "endsAt must be after startsAt".to_owned()),
        (json!(now), json!(now + 600_001), "A question may last 10 minutes at most".to_owned()),
        (json!(now), json!(null), "endsAt is required".to_owned()),
        (json!("now"), json!(now), format!("startsAt {range}")),
        (json!(-1), json!(now), format!("startsAt {range}")),
        (json!(now), json!(1e300), format!("endsAt {range}")),
        (json!(now), json!(now.to_string()), format!("endsAt {range}")),
    ] {
        let start = json!([{"roomId": stage.room, "questionId": stage.question(0).id, "startsAt": starts_at, "endsAt": ends_at}]);
        stage.desk.is_refused(START, start, "invalid_payload", &message).await;
    }
    assert_eq!(stage.flow().await, before);
    player.is_silent().await;
    stage.hub.stop().await;
}

#[tokio::test]
async fn a_player_never_hears_what_is_correct_before_the_end() {
    for (tells, game) in [(true, json!({"showCorrectAnswer": true})), (false, json!({}))] {
        let mut stage = Stage::of(2, game, &[]).await;
        let mut player = stage.player("p1").await;
        stage.start(0, 60_000).await;
        stage.answers(&mut player, "p1", 0, json!(0)).await;
        stage.next(1).await;
        let told_so_far = everything(&mut player).await;
        assert!(!told_so_far.to_lowercase().contains("correct"), "{told_so_far}");
        stage.desk.ask(END, json!([{"roomId": stage.room}])).await;
        let told = everything(&mut player).await;
        assert_eq!(told.contains("correctAnswerIds"), tells, "{told}");
        stage.hub.stop().await;
    }
}

/// Returns all that a client has heard by now.
async fn everything(client: &mut Client) -> String {
    let (heard, _) = client.ask_and_hear("connection:heartbeat", json!([{"socketId": "x"}])).await;
    heard.iter().map(|(name, args): &(String, Value)| format!("{name} {args}\n")).collect()
}

#[tokio::test]
async fn an_opened_game_needs_an_account_that_hosts_for_itself() {
    let stage = Stage::set().await;
    let mut guest = guest(&stage.hub).await;
    let create = json!([{"hostId": stage.host.id, "title": "T"}]);
    guest.is_refused("game:host:create", create.clone(), "unauthorized", "Authentication required").await;
    let other = User::register(stage.hub.url("quiz"), "other").await;
    let mut stranger = connect(&other).await;
    stranger.is_refused("game:host:create", create, "forbidden", "hostId is not your account").await;
    let theirs = json!([{"hostId": other.id, "title": "T", "settings": {"quizSetId": NO_ROOM}}]);
    stranger.is_refused("game:host:create", theirs, "not_found", "Quiz not found").await;
    let flows = other.get("/game-flows/").await;
    is(flows, json!({"flows": [], "total": 0, "limit": 20, "offset": 0}));
    stage.hub.stop().await;
}
