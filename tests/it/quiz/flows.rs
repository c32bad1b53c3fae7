//! `/game-flows`: the room over REST. Both are one truth: what one of them does, the other shows.

use serde_json::{Value, json};

use super::stage::{Ears, NO_ROOM, Stage, connect, is, ranked, shown};
use crate::harness::quiz::{User, call, check, check_refused};

/// Checks the flow as the host sees it.
async fn stands(stage: &Stage, index: u32, total: u32, start: Value) {
    let flow = json!({
        "id": "<id>", "game_id": stage.room, "quiz_set_id": stage.quiz.id, "current_question_index": index,
        "total_questions": total, "question_start_time": start, "created_at": "<time>", "updated_at": "<time>"
    });
    check(&stage.host.call("GET", &path(stage, "/flow"), &Value::Null).await, 200, &flow);
}

fn path(stage: &Stage, rest: &str) -> String {
    format!("/game-flows/{}{rest}", stage.room)
}

#[tokio::test]
async fn a_flow_shows_what_the_host_does_over_his_socket() {
    let mut stage = Stage::of(3, json!({}), &[]).await;
    stands(&stage, 0, 3, json!(null)).await;
    let id = stage.flow().await["id"].clone();
    stage.start(0, 60_000).await;
    stands(&stage, 0, 3, json!("<time>")).await;
    let started = stage.flow().await;
    stage.next(2).await;
    stands(&stage, 2, 3, json!("<time>")).await;
    let changed = stage.flow().await;
    assert!(changed["question_start_time"].as_str() >= started["question_start_time"].as_str());
    assert!(changed["updated_at"].as_str() >= started["updated_at"].as_str());
    stage.desk.ask("game:flow:end", json!([{"roomId": stage.room}])).await;
    stands(&stage, 2, 3, json!("<time>")).await;
    let ended = stage.flow().await;
    assert_eq!((&ended["id"], &ended["created_at"]), (&id, &started["created_at"]));
    assert_eq!(ended["question_start_time"], changed["question_start_time"]);
    stage.hub.stop().await;
}

#[tokio::test]
async fn the_room_hears_what_is_advanced_over_rest() {
    let mut stage = Stage::of(3, json!({}), &[]).await;
    let mut player = stage.player("p1").await;
    let ends_at = stage.start(0, 60_000).await;
    player.hears("game:question:started", json!([stage.started(0, ends_at)])).await;
    for at in 1..3 {
        let flow = json!({
            "id": "<id>", "game_id": stage.room, "current_question_index": at, "total_questions": 3, "question_start_time": "<time>"
        });
        let expected = json!({"message": "Advanced to next question", "flow": flow});
        check(&stage.host.call("POST", &path(&stage, "/advance"), &Value::Null).await, 200, &expected);
        for client in [&mut player, &mut stage.desk] {
            let question = shown(&stage.quiz, at);
            client.hears("game:question:changed", json!([{"roomId": stage.room, "question": question}])).await;
        }
        stands(&stage, u32::try_from(at).expect("small"), 3, json!("<time>")).await;
        // It is open as after the socket's event, and its answers count.
        stage.answers(&mut player, "p1", at, json!(0)).await;
    }
    let last = stage.host.call("POST", &path(&stage, "/advance"), &json!({})).await;
    check_refused(&last, 400, "invalid_payload", "already at last question");
    player.is_silent().await;
    stands(&stage, 2, 3, json!("<time>")).await;
    assert_eq!(stage.rankings().await, json!([ranked("p1", 2, 1, 2, 2)]));
    stage.hub.stop().await;
}

#[tokio::test]
async fn a_game_without_questions_cannot_be_advanced() {
    let mut stage = Stage::set().await;
    let created = stage.desk.ask("game:host:create", json!([{"hostId": stage.host.id, "title": "T"}])).await;
    let room = created[0]["roomId"].as_str().expect("a text");
    let refused = stage.host.call("POST", &format!("/game-flows/{room}/advance"), &Value::Null).await;
    check_refused(&refused, 400, "invalid_payload", "already at last question");
    let flow = stage.host.get(&format!("/game-flows/{room}/flow")).await;
    assert_eq!((&flow["quiz_set_id"], &flow["total_questions"]), (&json!(null), &json!(0)));
    stage.hub.stop().await;
}

#[tokio::test]
async fn a_patch_moves_the_flow_and_the_socket_goes_on_from_there() {
    let mut stage = Stage::of(4, json!({}), &[]).await;
    let mut player = stage.player("p1").await;
    let patched = |index: u32, start: Value| {
        let flow = json!({
            "id": "<id>", "game_id": stage.room, "current_question_index": index, "question_start_time": start, "updated_at": "<time>"
        });
        json!({"message": "Game flow updated successfully", "flow": flow})
    };
    let at = "2025-12-11T10:40:00.000Z";
    for (sent, index, start) in [
        (json!({"current_question_index": 2}), 2, json!(null)),
        (json!({"question_start_time": at}), 2, json!(at)),
        (json!({"question_start_time": "2025-12-11T12:40:00.5+02:00", "unknown": 1}), 2, json!("2025-12-11T10:40:00.500Z")),
        (json!({"current_question_index": 1, "question_start_time": null}), 1, json!(null)),
    ] {
        check(&stage.host.call("PATCH", &path(&stage, ""), &sent).await, 200, &patched(index, start.clone()));
        stands(&stage, index, 4, start).await;
    }
    player.is_silent().await;
    // Over REST and over the socket alike the next question is the one after it.
    stage.host.post(&path(&stage, "/advance"), &Value::Null).await;
    player.hears("game:question:changed", json!([stage.changed(2)])).await;
    stage.next(3).await;
    player.hears("game:question:changed", json!([stage.changed(3)])).await;
    stands(&stage, 3, 4, json!("<time>")).await;
    stage.hub.stop().await;
}

#[tokio::test]
async fn a_patch_that_makes_no_sense_changes_nothing() {
    let stage = Stage::of(2, json!({}), &[]).await;
    let before = stage.flow().await;
    let range = "current_question_index must be an integer from 0 to 9999";
    let time = "question_start_time must be an ISO 8601 date and time";
    for (sent, message) in [
        (json!({}), "current_question_index or question_start_time is required"),
        (json!({"unknown": 1}), "current_question_index or question_start_time is required"),
        (json!({"current_question_index": 2}), "current_question_index must be less than 2"),
        (json!({"current_question_index": -1}), range),
        (json!({"current_question_index": 0.5}), range),
        (json!({"current_question_index": "1"}), range),
        (json!({"current_question_index": null}), "current_question_index is required"),
        (json!({"question_start_time": 5}), time),
        (json!({"question_start_time": "yesterday"}), time),
        (json!({"current_question_index": 1, "question_start_time": "2025-13-11T10:40:00.000Z"}), time),
        (json!([1]), "Invalid JSON"),
        (json!("text"), "Invalid JSON"),
    ] {
        let answer = stage.host.call("PATCH", &path(&stage, ""), &sent).await;
        check_refused(&answer, 400, "invalid_payload", message);
    }
    assert_eq!(stage.flow().await, before);
    stage.hub.stop().await;
}

#[tokio::test]
async fn a_deleted_flow_closes_its_room() {
    let mut stage = Stage::set().await;
    let mut player = stage.player("p1").await;
    let ends_at = stage.start(0, 60_000).await;
    player.hears("game:question:started", json!([stage.started(0, ends_at)])).await;
    let deleted = stage.host.call("DELETE", &path(&stage, ""), &Value::Null).await;
    check(&deleted, 200, &json!({"message": "Game flow deleted successfully"}));
    for (method, rest) in [("GET", "/flow"), ("POST", "/advance"), ("PATCH", ""), ("DELETE", "")] {
        let answer = stage.host.call(method, &path(&stage, rest), &json!({"current_question_index": 0})).await;
        check_refused(&answer, 404, "not_found", "Game flow not found");
    }
    let submission = stage.submission("p1", 0, json!(0));
    player.is_refused("game:answer:submit", submission, "not_found", "Room not found").await;
    player.is_refused("game:room:join", stage.joining("p1"), "not_found", "Room not found").await;
    let end = json!([{"roomId": stage.room}]);
    stage.desk.is_refused("game:flow:end", end, "not_found", "Room not found").await;
    is(stage.host.get("/game-flows").await, json!({"flows": [], "total": 0, "limit": 20, "offset": 0}));
    stage.hub.stop().await;
}

#[tokio::test]
async fn a_list_has_the_hosts_own_games_the_newest_first() {
    let mut stage = Stage::of(2, json!({}), &[]).await;
    let create = |settings: Value| json!([{"hostId": stage.host.id, "title": "T", "settings": settings}]);
    let (without, with_quiz) = (create(json!({})), create(json!({"quizSetId": stage.quiz.id})));
    let second = stage.desk.ask("game:host:create", without).await;
    let third = stage.desk.ask("game:host:create", with_quiz).await;
    let line = |room: &Value, quiz: Value, total: u32| {
        json!({
            "id": "<id>", "game_id": room, "quiz_set_id": quiz, "current_question_index": 0, "total_questions": total, "created_at": "<time>"
        })
    };
    let quiz = json!(stage.quiz.id);
    let lines = [
        line(&third[0]["roomId"], quiz.clone(), 2),
        line(&second[0]["roomId"], json!(null), 0),
        line(&json!(stage.room), quiz, 2),
    ];
    let [first, middle, last] = &lines;
    let of_quiz = format!("/game-flows/?quiz_set_id={}", stage.quiz.id);
    let of_none = format!("/game-flows/?quiz_set_id={NO_ROOM}");
    for (path, flows, total, limit, offset) in [
        ("/game-flows/", json!(lines), 3, 20, 0),
        ("/game-flows", json!(lines), 3, 20, 0),
        ("/game-flows/?limit=1", json!([first]), 3, 1, 0),
        ("/game-flows/?limit=2&offset=1", json!([middle, last]), 3, 2, 1),
        ("/game-flows/?offset=3&limit=100", json!([]), 3, 100, 3),
        (of_quiz.as_str(), json!([first, last]), 2, 20, 0),
        (of_none.as_str(), json!([]), 0, 20, 0),
    ] {
        let expected = json!({"flows": flows, "total": total, "limit": limit, "offset": offset});
        check(&stage.host.call("GET", path, &Value::Null).await, 200, &expected);
    }
    for (query, message) in [
        ("limit=0", "limit must be an integer from 1 to 100"),
        ("limit=101", "limit must be an integer from 1 to 100"),
        ("limit=x", "limit must be an integer from 1 to 100"),
        ("offset=-1", "offset must be an integer from 0 to 4294967295"),
        ("quiz_set_id=7", "Invalid quiz_set_id format"),
    ] {
        let answer = stage.host.call("GET", &format!("/game-flows/?{query}"), &Value::Null).await;
        check_refused(&answer, 400, "invalid_payload", message);
    }
    stage.hub.stop().await;
}

#[tokio::test]
async fn each_route_wants_a_token_then_a_game_then_its_host() {
    let stage = Stage::set().await;
    let other = User::register(stage.hub.url("quiz"), "other").await;
    let base = stage.hub.url("quiz");
    for (method, rest) in [("GET", "/flow"), ("POST", "/advance"), ("PATCH", ""), ("DELETE", "")] {
        let answer = call(base, method, &path(&stage, rest), &Value::Null).await;
        check_refused(&answer, 401, "unauthorized", "Authentication required");
        let answer = stage.host.call(method, &format!("/game-flows/none{rest}"), &Value::Null).await;
        check_refused(&answer, 400, "invalid_payload", "Invalid game_id format");
        for user in [&stage.host, &other] {
            let answer = user.call(method, &format!("/game-flows/{NO_ROOM}{rest}"), &Value::Null).await;
            check_refused(&answer, 404, "not_found", "Game flow not found");
        }
        if method != "GET" {
            let answer = other.call(method, &path(&stage, rest), &json!({"current_question_index": 0})).await;
            check_refused(&answer, 403, "forbidden", "Only the host may do this");
        }
    }
    let answer = call(base, "GET", "/game-flows/", &Value::Null).await;
    check_refused(&answer, 401, "unauthorized", "Authentication required");
    is(other.get("/game-flows/").await, json!({"flows": [], "total": 0, "limit": 20, "offset": 0}));
    stage.hub.stop().await;
}

#[tokio::test]
async fn strict_access_shows_a_flow_to_its_host_and_players_alone() {
    for (access, status) in [("compat", 200), ("strict", 403)] {
        let stage = Stage::of(1, json!({}), &[("QUIZ__ACCESS", access)]).await;
        let other = User::register(stage.hub.url("quiz"), "other").await;
        let answer = other.call("GET", &path(&stage, "/flow"), &Value::Null).await;
        assert_eq!(answer.status, status, "{access}: {}", answer.text);
        let mut socket = connect(&other).await;
        socket.ask("game:room:join", stage.joining("p1")).await;
        assert_eq!(other.get(&path(&stage, "/flow")).await["game_id"], json!(stage.room));
        stage.hub.stop().await;
    }
}
