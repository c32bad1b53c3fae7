//! `hubbub load fleet` and `hubbub load locks`: clean on a hub with its documented limits, and not to be deceived.

pub mod forger;

use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::harness::hub::Hub;

const UNLIMITED: &[(&str, &str)] = &[("LIMITS__SCALE", "0")];

/// Runs the built program to its end.
async fn load(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hubbub"));
    command.arg("load").args(arguments).env_clear().stdin(Stdio::null());
    let run = tokio::task::spawn_blocking(move || command.output().expect("the program runs"));
    run.await.expect("no panic")
}

/// Runs a scenario with its checks; returns whether they passed, the figures, and what was said.
async fn checked(url: &str, arguments: &[&str]) -> (bool, Value, String) {
    let common = ["--url", url, "--warmup", "0", "--stragglers", "1.5", "--check", "--json", "--quiet"];
    let output = load(&[arguments, &common].concat()).await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let figures = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"));
    (output.status.success(), figures, said)
}

async fn clean(settings: &[(&str, &str)], arguments: &[&str]) -> Value {
    let hub = Hub::start(settings).await;
    let (is_clean, figures, said) = checked(hub.url("fleet"), arguments).await;
    assert!(is_clean, "{arguments:?}: {said}\n{figures}");
    hub.stop().await;
    figures
}

fn detail(figures: &Value, name: &str) -> f64 {
    let details = figures["details"].as_array().into_iter().flatten();
    let found = details.filter(|detail| detail["name"] == name).find_map(|detail| detail["value"].as_f64());
    found.unwrap_or_else(|| panic!("no `{name}` in {figures}"))
}

#[tokio::test]
async fn a_fleet_is_clean_within_the_documented_limits() {
    // More devices than one address may have tokens for within a minute.
    let figures = clean(&[], &["fleet", "--headsets", "30", "--tablets", "4", "--telemetry-ms", "250", "--seconds", "2"]).await;
    assert_eq!((&figures["scenario"], &figures["unit"], &figures["connections"]), (&json!("fleet"), &json!("event"), &json!(36)));
    for name in ["telemetry at dashboards", "frames at tablets", "locks taken", "sessions completed"] {
        assert!(detail(&figures, name) > 0.0, "{name}: {figures}");
    }
}

#[tokio::test]
async fn a_fleet_without_limits_is_clean_on_several_threads() {
    let fleet = ["fleet", "--headsets", "6", "--tablets", "3", "--telemetry-ms", "20", "--threads", "2", "--unpaced"];
    let figures = clean(UNLIMITED, &[&fleet[..], &["--seconds", "1"]].concat()).await;
    assert!(detail(&figures, "sessions completed") > 3.0, "{figures}");
}

#[tokio::test]
async fn locks_are_clean_within_the_documented_limits() {
    let figures = clean(&[], &["locks", "--tablets", "6", "--devices", "3", "--seconds", "2.5"]).await;
    assert_eq!((&figures["scenario"], &figures["unit"]), (&json!("locks"), &json!("decision")));
    assert!(detail(&figures, "locks granted") > 0.0 && detail(&figures, "locks refused") > 0.0, "{figures}");
}

#[tokio::test]
async fn locks_without_limits_are_clean_down_to_one_device() {
    for devices in ["1", "2", "5"] {
        let locks = ["locks", "--tablets", "8", "--devices", devices, "--threads", "2", "--unpaced", "--seconds", "0.5"];
        let figures = clean(UNLIMITED, &locks).await;
        assert!(detail(&figures, "unlocks") > 10.0, "{figures}");
    }
}

#[tokio::test]
async fn an_enrolment_key_is_asked_for_and_used() {
    let hub = Hub::start(&[("FLEET__ENROLMENT_SECRET", "open sesame")]).await;
    let locks = ["locks", "--tablets", "1", "--devices", "1", "--seconds", "0.2", "--quiet", "--url", hub.url("fleet")];
    let refused = load(&locks).await;
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("pass --enrolment-key"));
    let admitted = load(&[&locks[..], &["--enrolment-key", "open sesame"]].concat()).await;
    assert!(admitted.status.success(), "{}", String::from_utf8_lossy(&admitted.stderr));
    hub.stop().await;
}

#[tokio::test]
async fn what_cannot_be_done_is_said() {
    let hasty = load(&["fleet", "--telemetry-ms", "100"]).await;
    assert_eq!(hasty.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&hasty.stderr).contains("--telemetry-ms must be at least 250"));
    // Port 9 is nobody's: an unprivileged test cannot listen there either.
    let nobody = load(&["locks", "--url", "http://127.0.0.1:9"]).await;
    assert_eq!(nobody.status.code(), Some(1));
    let said = String::from_utf8_lossy(&nobody.stderr).into_owned();
    assert!(said.contains("nobody answers at http://127.0.0.1:9") && said.contains("hubbub serve"), "{said}");
}

const LOCKS: &[&str] = &["locks", "--tablets", "4", "--devices", "2", "--seconds", "0.5"];
const LONE_TABLET: &[&str] = &["locks", "--tablets", "1", "--devices", "2", "--seconds", "0.5"];
const FLEET: &[&str] = &[
    "fleet",
    "--headsets",
    "3",
    "--tablets",
    "2",
    "--dashboards",
    "1",
    "--telemetry-ms",
    "100",
    "--unpaced",
    "--seconds",
    "1.5",
];

/// Runs a scenario while the hub's answers called `event` are forged, from the fifth on; it must notice it by `check`, and say so.
async fn deceived(arguments: &[&str], event: &str, forge: fn(&str) -> Vec<String>, check: &str, words: &str) {
    const PASSED: usize = 4;
    let hub = Hub::start(UNLIMITED).await;
    let (seen, start) = (AtomicUsize::new(0), format!("42[\"{event}\""));
    let is_forged = move |message: &str| message.starts_with(&start) && seen.fetch_add(1, Ordering::Relaxed) >= PASSED;
    let url = forger::start(hub.url("fleet"), Arc::new(move |message| is_forged(message).then(|| forge(message)))).await;
    let (is_clean, figures, said) = checked(&url, arguments).await;
    let is_noticed = figures["checks"][check].as_u64() > Some(0) && said.contains(words);
    assert!(!is_clean && is_noticed, "{event}, {check}: {said}\n{figures}");
    hub.stop().await;
}

/// Leaves a message out.
fn dropped(_: &str) -> Vec<String> {
    Vec::new()
}

fn repeated(message: &str) -> Vec<String> {
    vec![message.to_owned(), message.to_owned()]
}

#[tokio::test]
async fn two_holders_of_one_lock_are_noticed() {
    let granted = |message: &str| {
        vec![
            message
                .replace("on-device-lock-failed", "on-device-locked")
                .replace(r#","reason":"Device locked by another tablet""#, ""),
        ]
    };
    deceived(LOCKS, "on-device-lock-failed", granted, "wrong", "two tablets held one device at once").await;
}

#[tokio::test]
async fn a_lock_that_is_refused_though_it_is_free_is_noticed() {
    let refused = |message: &str| {
        let message = message.replace("on-device-locked", "on-device-lock-failed");
        vec![message.replace("}]", r#","reason":"Device locked by another tablet"}]"#)]
    };
    deceived(LONE_TABLET, "on-device-locked", refused, "wrong", "a device that nobody held was refused").await;
}

#[tokio::test]
async fn an_answer_to_anothers_request_is_noticed() {
    let elsewhere = |message: &str| vec![message.replace("LOAD_HEADSET_0000", "LOAD_HEADSET_0007")];
    deceived(LONE_TABLET, "on-device-locked", elsewhere, "wrong", "answers nobody's request").await;
    deceived(LOCKS, "on-device-unlocked", repeated, "wrong", "answers nobody's request").await;
}

#[tokio::test]
async fn a_request_without_an_answer_is_noticed() {
    deceived(LOCKS, "on-device-unlocked", dropped, "missing", "").await;
}

#[tokio::test]
async fn a_session_that_loses_a_headset_is_noticed() {
    let without_the_first = |message: &str| {
        let (before, list) = message.split_once(r#""deviceIds":[""#).expect("a list of devices");
        let (_, rest) = list.split_once('"').expect("a first device");
        vec![format!("{before}\"deviceIds\":[{}", rest.trim_start_matches(','))]
    };
    deceived(FLEET, "on-session-status", without_the_first, "wrong", "a session lost a headset").await;
}

#[tokio::test]
async fn a_step_without_an_answer_is_noticed() {
    deceived(FLEET, "on-session-paused", dropped, "missing", "").await;
}

#[tokio::test]
async fn commands_that_no_tablet_gave_are_noticed() {
    deceived(FLEET, "on-tablet-start-recording", repeated, "wrong", "a headset was told what no tablet said").await;
}

#[tokio::test]
async fn telemetry_that_was_changed_or_kept_back_is_noticed() {
    let changed = |message: &str| vec![message.replace(r#""osVersion":"62.0""#, r#""osVersion":"61.0""#)];
    deceived(FLEET, "on-device-telemetry-updated", changed, "wrong", "telemetry that no headset sent").await;
    deceived(FLEET, "on-device-telemetry-updated", dropped, "missing", "").await;
}

#[tokio::test]
async fn frames_that_were_changed_or_repeated_are_noticed() {
    let changed = |message: &str| vec![message.replace(r#""]"#, r#"!"]"#)];
    deceived(FLEET, "on-headset-frame-updated", changed, "wrong", "a frame came that no headset sent").await;
    deceived(FLEET, "on-headset-frame-updated", repeated, "duplicated", "").await;
}

#[tokio::test]
async fn statuses_out_of_order_are_noticed() {
    let hub = Hub::start(UNLIMITED).await;
    let first = std::sync::OnceLock::<String>::new();
    let late = move |message: &str| {
        let is_status = message.starts_with(r#"42["on-headset-status-updated","#);
        let old = is_status.then(|| first.get_or_init(|| message.to_owned()))?;
        (old != message).then(|| vec![message.to_owned(), old.clone()])
    };
    let url = forger::start(hub.url("fleet"), Arc::new(late)).await;
    let fleet = ["fleet", "--headsets", "1", "--tablets", "0", "--dashboards", "0", "--seconds", "2.5"];
    let (is_clean, figures, said) = checked(&url, &fleet).await;
    assert!(!is_clean && figures["checks"]["reordered"].as_u64() > Some(0), "{said}\n{figures}");
    hub.stop().await;
}
