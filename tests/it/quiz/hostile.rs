//! Every event with missing, wrong, oversized and hostile payloads: a clear error to its sender alone, and nothing has changed.

use futures_util::SinkExt;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::stage::{Ears, NO_ROOM, Stage, error, guest, is, joined, now_ms, participant, with};
use crate::harness::hub::Hub;
use crate::harness::socket::Client;

/// What a field must be.
#[derive(Clone, Copy)]
enum Kind {
    /// A text of 1 to so many characters.
    Text(usize),
    /// A text; the id of no room is the id of a room that does not exist.
    Room,
    /// A text; what is no code is the code of no room.
    Code,
    /// A moment.
    Ms,
    /// A text or a number.
    Answer,
    /// A text that may be left out, of 1 to so many characters.
    MaybeText(usize),
    /// The id of a room, which may be left out.
    MaybeRoom,
}

/// The name of an event, a good payload, and what each of its fields must be.
type Described = (&'static str, Value, Vec<(&'static str, Kind)>);

/// Returns every event that has a payload.
fn events(stage: &Stage) -> Vec<Described> {
    use Kind::{Answer, Code, MaybeRoom, MaybeText, Ms, Room, Text};
    let (room, question) = (&stage.room, &stage.question(0).id);
    let (starts_at, ends_at) = (now_ms(), now_ms() + 60_000);
    vec![
        ("game:host:create", json!({"hostId": stage.host.id, "title": "T"}), vec![("hostId", Text(128)), ("title", Text(100))]),
        (
            "game:room:join",
            json!({"roomCode": stage.code, "playerId": "p1", "displayName": "Ann"}),
            vec![("roomCode", Code), ("playerId", Text(128)), ("displayName", Text(50))],
        ),
        ("game:room:leave", json!({"roomId": room, "playerId": "p1"}), vec![("roomId", Room), ("playerId", Text(128))]),
        (
            "game:flow:start",
            json!({"roomId": room, "questionId": question, "startsAt": starts_at, "endsAt": ends_at}),
            vec![("roomId", Room), ("questionId", Text(128)), ("startsAt", Ms), ("endsAt", Ms)],
        ),
        (
            "game:flow:next",
            json!({"roomId": room, "nextQuestionId": question}),
            vec![("roomId", Room), ("nextQuestionId", Text(128))],
        ),
        ("game:flow:end", json!({"roomId": room}), vec![("roomId", Room)]),
        (
            "game:answer:submit",
            json!({"roomId": room, "playerId": "p1", "questionId": question, "answer": 0}),
            vec![("roomId", Room), ("playerId", Text(128)), ("questionId", Text(128)), ("answer", Answer)],
        ),
        ("game:leaderboard:request", json!({"roomId": room}), vec![("roomId", Room)]),
        ("connection:heartbeat", json!({"socketId": "s"}), vec![("socketId", Text(64))]),
        (
            "connection:reconnect",
            json!({"previousSocketId": "s", "newSocketId": "s"}),
            vec![("previousSocketId", Text(64)), ("newSocketId", Text(64)), ("playerId", MaybeText(128)), ("roomId", MaybeRoom)],
        ),
    ]
}

/// Returns values that a field must not have, each with the code and the text of its refusal.
fn wrong(name: &str, kind: Kind) -> Vec<(Option<Value>, &'static str, String)> {
    const INVALID: &str = "invalid_payload";
    let required =
        || vec![(None, INVALID, format!("{name} is required")), (Some(json!(null)), INVALID, format!("{name} is required"))];
    let types = |message: String, values: Vec<Value>| -> Vec<_> {
        values.into_iter().map(|value| (Some(value), INVALID, message.clone())).collect()
    };
    let no_text = || types(format!("{name} must be a string"), vec![json!(5), json!(true), json!({}), json!([]), json!(["x"])]);
    let no_room = || {
        let ids = [NO_ROOM, "", "room", "../../etc/passwd", "' OR 1=1 --", "${jndi:ldap://x}", "\u{0}"];
        ids.into_iter().map(|id| (Some(json!(id)), "not_found", "Room not found".to_owned()))
    };
    let lengths = |most: usize| {
        let message = format!("{name} must have 1 to {most} characters");
        types(
            message,
            vec![json!(""), json!("x".repeat(most + 1)), json!("x".repeat(900_000)), json!("\u{1F600}".repeat(most / 2 + 1))],
        )
    };
    match kind {
        Kind::Text(most) => [required(), no_text(), lengths(most)].concat(),
        Kind::MaybeText(most) => [no_text(), lengths(most)].concat(),
        Kind::Room | Kind::Code => required().into_iter().chain(no_text()).chain(no_room()).collect(),
        Kind::MaybeRoom => no_text().into_iter().chain(no_room().skip(1)).collect(),
        Kind::Ms => {
            let message = format!("{name} must be an integer from 0 to 8640000000000000");
            let values = vec![json!("1"), json!(true), json!({}), json!([1]), json!(-1), json!(1.5), json!(1e300), json!(8.7e15)];
            [required(), types(message, values)].concat()
        }
        Kind::Answer => {
            let values = vec![json!(true), json!({}), json!([0])];
            let long = types(format!("{name} must have 1 to 200 characters"), vec![json!(""), json!("x".repeat(201))]);
            [required(), types(format!("{name} must be a string or a number"), values), long].concat()
        }
    }
}

/// A room with an open question, a host, and a player who watches.
async fn scene() -> (Stage, Client) {
    let mut stage = Stage::set().await;
    let mut player = stage.player("p1").await;
    let ends_at = stage.start(0, 600_000).await;
    player.hears("game:question:started", json!([stage.started(0, ends_at)])).await;
    (stage, player)
}

#[tokio::test]
async fn every_field_of_every_event_is_checked() {
    let (mut stage, mut player) = scene().await;
    let (flow, rankings) = (stage.flow().await, stage.rankings().await);
    for (event, good, fields) in events(&stage) {
        let is_hosts = event.starts_with("game:host") || event.starts_with("game:flow");
        for (name, kind) in fields {
            for (value, code, message) in wrong(name, kind) {
                let mut sent = good.clone();
                match value {
                    Some(value) => sent[name] = value,
                    None => drop(sent.as_object_mut().expect("an object").remove(name)),
                }
                let client = if is_hosts { &mut stage.desk } else { &mut player };
                client.is_refused(event, json!([sent]), code, &message).await;
            }
        }
    }
    assert_eq!((stage.flow().await, stage.rankings().await), (flow, rankings));
    for client in [&mut player, &mut stage.desk] {
        client.is_silent().await;
    }
    // The player's answer is still his to give.
    stage.answers(&mut player, "p1", 0, json!(0)).await;
    stage.hub.stop().await;
}

#[tokio::test]
async fn what_is_no_object_is_no_payload() {
    let (mut stage, mut player) = scene().await;
    let (flow, rankings) = (stage.flow().await, stage.rankings().await);
    for (event, good, _) in events(&stage) {
        for sent in
            [json!([]), json!([null]), json!([5]), json!(["text"]), json!([true]), json!([[good]]), json!([good.to_string()])]
        {
            player.is_refused(event, sent.clone(), "invalid_payload", "Invalid request data").await;
            stage.desk.is_refused(event, sent, "invalid_payload", "Invalid request data").await;
        }
    }
    assert_eq!((stage.flow().await, stage.rankings().await), (flow, rankings));
    for client in [&mut player, &mut stage.desk] {
        client.is_silent().await;
    }
    stage.hub.stop().await;
}

#[tokio::test]
async fn settings_are_checked_one_by_one() {
    let mut stage = Stage::set().await;
    let players = "settings.maxPlayers must be an integer from 1 to 10000";
    for (settings, code, message) in [
        (json!([]), "invalid_payload", "settings must be an object"),
        (json!("all"), "invalid_payload", "settings must be an object"),
        (json!({"quizSetId": 5}), "invalid_payload", "settings.quizSetId must be a string"),
        (json!({"quizSetId": "quiz"}), "not_found", "Quiz not found"),
        (json!({"quizSetId": NO_ROOM}), "not_found", "Quiz not found"),
        (json!({"showQuestionOnly": 1}), "invalid_payload", "settings.showQuestionOnly must be a boolean"),
        (json!({"showExplanation": "true"}), "invalid_payload", "settings.showExplanation must be a boolean"),
        (json!({"timeBonus": {}}), "invalid_payload", "settings.timeBonus must be a boolean"),
        (json!({"streakBonus": []}), "invalid_payload", "settings.streakBonus must be a boolean"),
        (json!({"showCorrectAnswer": 0}), "invalid_payload", "settings.showCorrectAnswer must be a boolean"),
        (json!({"maxPlayers": 0}), "invalid_payload", players),
        (json!({"maxPlayers": 10_001}), "invalid_payload", players),
        (json!({"maxPlayers": "4"}), "invalid_payload", players),
    ] {
        let create = json!([{"hostId": stage.host.id, "title": "T", "settings": settings}]);
        stage.desk.is_refused("game:host:create", create, code, message).await;
    }
    assert_eq!(stage.host.get("/game-flows/").await["total"], 1);
    stage.hub.stop().await;
}

#[tokio::test]
async fn hostile_texts_that_fit_are_kept_as_they_are() {
    let mut stage = Stage::set().await;
    let texts =
        ["__proto__", "<script>alert(1)</script>", "a\u{0}b", "\u{202e}evil", "👩‍🚀", "'; DROP TABLE players; --", "%s%n{}"];
    let (mut clients, mut people) = (Vec::new(), Vec::new());
    for text in texts {
        let mut client = guest(&stage.hub).await;
        let ack = client.ask("game:room:join", stage.joining(text)).await;
        is(ack, joined(&stage.room, text, 0));
        clients.push(client);
        people.push(participant(text, 0, true));
    }
    stage.desk.sees("game:room:participants:update", stage.people(&people)).await;
    stage.start(0, 60_000).await;
    let mut counts = serde_json::Map::new();
    for (client, text) in clients.iter_mut().zip(texts) {
        stage.answers(client, text, 0, json!(text)).await;
        counts.insert(text.to_owned(), json!(1));
    }
    counts.sort_keys();
    stage.desk.sees("game:answer:stats:update", stage.tally(0, Value::Object(counts))).await;
    stage.hub.stop().await;
}

#[tokio::test]
async fn more_arguments_and_fields_than_needed_do_no_harm() {
    let (stage, mut player) = scene().await;
    let mut deep = json!(1);
    for _ in 0..50 {
        deep = json!([deep]);
    }
    let sent = with(stage.submission("p1", 0, json!(0))[0].clone(), "constructor", deep);
    let sent = with(sent, "__proto__", json!({"isHost": true}));
    is(player.ask("game:answer:submit", json!([sent, "more", {"answer": 1}])).await, stage.accepted("p1", 0));
    stage.hub.stop().await;
}

#[tokio::test]
async fn what_is_larger_than_any_payload_ends_its_connection_and_no_other() {
    let (mut stage, mut player) = scene().await;
    let mut other = guest(&stage.hub).await;
    let sent = with(stage.submission("p1", 0, json!(0))[0].clone(), "padding", json!("x".repeat(1_000_000)));
    other.emit("game:answer:submit", json!([sent])).await;
    other.closed().await;
    stage.desk.is_silent().await;
    stage.answers(&mut player, "p1", 0, json!(0)).await;
    stage.hub.stop().await;
}

#[tokio::test]
async fn what_is_no_event_of_the_quiz_is_passed_over() {
    let (stage, mut player) = scene().await;
    for name in ["game:room:created", "game:answer:accepted", "error", "server:hello", "nonsense", "", "__proto__"] {
        player.emit(name, json!([{"roomId": stage.room}])).await;
    }
    player.is_silent().await;
    stage.hub.stop().await;
}

#[tokio::test]
async fn an_event_before_joining_is_refused_to_a_guest() {
    let (mut stage, mut player) = scene().await;
    let mut guest = guest(&stage.hub).await;
    for (event, sent, _) in events(&stage) {
        let sent = if sent.get("playerId").is_some() { with(sent, "playerId", json!("p9")) } else { sent };
        let (code, message) = match event {
            "game:host:create" | "game:flow:start" | "game:flow:next" | "game:flow:end" => {
                ("unauthorized", "Authentication required")
            }
            "game:room:leave" | "game:answer:submit" | "game:leaderboard:request" => ("forbidden", "Join the room first"),
            "connection:reconnect" => ("forbidden", "newSocketId is not this connection"),
            _ => continue,
        };
        guest.is_refused(event, json!([sent]), code, message).await;
    }
    for client in [&mut player, &mut stage.desk, &mut guest] {
        client.is_silent().await;
    }
    stage.hub.stop().await;
}

#[tokio::test]
async fn a_socket_sends_a_hundred_events_in_a_second_whatever_their_names() {
    let hub = Hub::start(&[]).await;
    let (mut client, mut other) = (guest(&hub).await, guest(&hub).await);
    let names = [
        "game:host:create",
        "game:room:join",
        "game:room:leave",
        "game:flow:start",
        "game:flow:next",
        "game:flow:end",
        "game:answer:submit",
        "game:leaderboard:request",
        "connection:heartbeat",
        "connection:reconnect",
    ];
    // In one write, and refused before any actor is asked: far less than a second.
    for name in names.iter().cycle().take(102) {
        client.raw().0.feed(Message::text(format!(r#"42["{name}",5]"#))).await.expect("the hub takes the frame");
    }
    client.raw().0.flush().await.expect("the hub takes the frames");
    for number in 1..=102 {
        let (code, message) = if number <= 100 {
            ("invalid_payload", "Invalid request data")
        } else {
            ("rate_limit_exceeded", "Too many requests, please try again later.")
        };
        let expected = error(code, message);
        let (name, args) = client.next().await;
        assert_eq!(name, "error");
        assert_eq!(args[0]["error"], expected[0]["error"], "event {number}");
        is(args, expected);
    }
    other.is_silent().await;
    // When the second is over it is heard again.
    let beat = async { while client.ask("connection:heartbeat", json!([{"socketId": "s"}])).await[0]["timestamp"].is_null() {} };
    tokio::time::timeout(std::time::Duration::from_secs(10), beat).await.expect("it is heard again");
    hub.stop().await;
}
