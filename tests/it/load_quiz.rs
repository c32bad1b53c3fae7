//! `hubbub load quiz`: clean on a hub, and not to be deceived.

use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::harness::hub::Hub;
use crate::load_fleet::forger;

const ROOMS: usize = 2;
const PLAYERS: usize = 10;
const GAME: &[&str] = &["quiz", "--players", "10", "--within", "0.2", "--seconds", "1", "--warmup", "0"];
const TWO_ROOMS: &[&str] = &["--rooms", "2", "--questions", "2"];

/// Runs the built program to its end.
async fn load(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hubbub"));
    command.arg("load").args(arguments).env_clear().stdin(Stdio::null());
    let run = tokio::task::spawn_blocking(move || command.output().expect("the program runs"));
    run.await.expect("no panic")
}

/// Runs a game with its checks; returns whether they passed, the figures, and what was said.
async fn checked(url: &str, more: &[&str]) -> (bool, Value, String) {
    let common = ["--url", url, "--stragglers", "1.5", "--check", "--json", "--quiet"];
    let output = load(&[GAME, &common, more].concat()).await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let figures = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"));
    (output.status.success(), figures, said)
}

fn detail(figures: &Value, name: &str) -> f64 {
    let details = figures["details"].as_array().into_iter().flatten();
    let found = details.filter(|detail| detail["name"] == name).find_map(|detail| detail["value"].as_f64());
    found.unwrap_or_else(|| panic!("no `{name}` in {figures}"))
}

#[tokio::test]
async fn a_game_is_clean_on_a_hub_and_on_one_that_has_played_before() {
    let hub = Hub::start(&[]).await;
    for threads in ["1", "3"] {
        let (is_clean, figures, said) = checked(hub.url("quiz"), &[TWO_ROOMS, &["--threads", threads]].concat()).await;
        assert!(is_clean, "{said}\n{figures}");
        assert_eq!((&figures["scenario"], &figures["unit"]), (&json!("quiz"), &json!("answer")));
        assert_eq!(figures["connections"], ROOMS * (PLAYERS + 1));
        assert_eq!(figures["completed"], ROOMS * PLAYERS * 2, "{figures}");
        assert_eq!(detail(&figures, "questions asked"), 4.0);
        for name in ["joins, p99", "p99 of the worst room", "worst room over median room", "received"] {
            assert!(detail(&figures, name) > 0.0, "{name}: {figures}");
        }
    }
    hub.stop().await;
}

#[tokio::test]
async fn what_cannot_be_done_is_said() {
    let hasty = load(&["quiz", "--questions", "5", "--seconds", "2", "--within", "0.5"]).await;
    assert_eq!(hasty.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&hasty.stderr).contains("--within must be at most 0.4"));
    // Port 9 is nobody's: an unprivileged test cannot listen there either.
    let nobody = load(&["quiz", "--url", "http://127.0.0.1:9"]).await;
    assert_eq!(nobody.status.code(), Some(1));
    let said = String::from_utf8_lossy(&nobody.stderr).into_owned();
    assert!(said.contains("nobody answers at http://127.0.0.1:9") && said.contains("hubbub serve"), "{said}");
}

#[tokio::test]
async fn a_room_that_is_too_small_is_said_and_the_others_play() {
    let hub = Hub::start(&[("QUIZ__MAX_ROOM_PLAYERS", "8")]).await;
    let (is_clean, figures, said) = checked(hub.url("quiz"), TWO_ROOMS).await;
    assert!(!is_clean && said.contains("Room is full"), "{said}\n{figures}");
    assert_eq!(
        (&figures["checks"]["errors"], &figures["checks"]["missing"], &figures["completed"]),
        (&json!(4), &json!(0), &json!(32))
    );
    hub.stop().await;
}

/// Plays while one of the hub's messages called `event` is forged, after so many; it must be noticed by `check`, once, and said.
async fn deceived(hub: &Hub, event: &str, after: usize, forge: fn(&str) -> Vec<String>, check: &str, words: &str) {
    let (seen, start) = (AtomicUsize::new(0), format!("42[\"{event}\""));
    let is_forged = move |message: &str| message.starts_with(&start) && seen.fetch_add(1, Ordering::Relaxed) == after;
    let url = forger::start(hub.url("quiz"), Arc::new(move |message| is_forged(message).then(|| forge(message)))).await;
    let (is_clean, figures, said) = checked(&url, &["--questions", "1"]).await;
    let is_noticed = figures["checks"][check] == 1 && said.contains(words);
    assert!(!is_clean && is_noticed, "{event}, {check}: {said}\n{figures}");
}

/// Leaves a message out.
fn dropped(_: &str) -> Vec<String> {
    Vec::new()
}

fn repeated(message: &str) -> Vec<String> {
    vec![message.to_owned(), message.to_owned()]
}

#[tokio::test]
async fn an_acceptance_that_is_lost_comes_twice_or_is_anothers_is_noticed() {
    let hub = Hub::start(&[]).await;
    let anothers = |message: &str| vec![message.replace("LOAD_PLAYER_000", "LOAD_PLAYER_700")];
    deceived(&hub, "game:answer:accepted", 5, dropped, "missing", "").await;
    deceived(&hub, "game:answer:accepted", 5, repeated, "duplicated", "").await;
    deceived(&hub, "game:answer:accepted", 5, anothers, "wrong", "an answer was accepted that this player never gave").await;
    hub.stop().await;
}

#[tokio::test]
async fn a_question_that_starts_twice_is_noticed() {
    let hub = Hub::start(&[]).await;
    deceived(&hub, "game:question:started", 5, repeated, "duplicated", "").await;
    hub.stop().await;
}

#[tokio::test]
async fn a_tally_of_what_nobody_gave_is_noticed() {
    let hub = Hub::start(&[]).await;
    let with_nobodys = |message: &str| vec![message.replace(r#""counts":{"#, r#""counts":{"nobody":1,"#)];
    deceived(&hub, "game:answer:stats:update", 5, with_nobodys, "wrong", "a tally counts what nobody gave").await;
    hub.stop().await;
}

#[tokio::test]
async fn a_leaderboard_without_a_player_or_with_another_score_is_noticed() {
    let hub = Hub::start(&[]).await;
    let without_the_last = |message: &str| {
        let end = message.rfind(r#",{"playerId""#).expect("more than one player");
        vec![format!("{}]}}]", &message[..end])]
    };
    let another_score = |message: &str| vec![message.replacen(r#""correctAnswers":0"#, r#""correctAnswers":1"#, 1)];
    deceived(&hub, "game:leaderboard:update", 0, without_the_last, "missing", "").await;
    deceived(&hub, "game:leaderboard:update", 0, another_score, "wrong", "another score than the rules").await;
    hub.stop().await;
}
