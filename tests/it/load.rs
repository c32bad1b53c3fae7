//! The load generator: against a real hub every scenario is clean, against a server that lies it says how.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use hubbub::load::figures::Checks;
use hubbub::load::plan::{Measure, Plan, RunError};
use hubbub::load::run;
use hubbub::load::scenario::Scenario;
use hubbub::load::scenarios::broadcast::{Broadcast, Flight};
use hubbub::load::scenarios::churn::Churn;
use hubbub::load::scenarios::echo::Echo;
use hubbub::load::scenarios::frames::Frames;
use hubbub::load::scenarios::pace::Pace;
use hubbub::load::target::{Reach, Target};
use serde_json::Value;

use crate::harness::hub::Hub;
use crate::harness::liar::{Liar, Lie};

const LAB: &[(&str, &str)] = &[("LAB__ENABLED", "true"), ("LIMITS__SCALE", "0")];
const CLEAN: Checks = Checks { missing: 0, duplicated: 0, reordered: 0, wrong: 0, errors: 0 };

fn load(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hubbub"));
    command.arg("load").args(arguments).env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs the built program for a short while and returns what it printed.
fn output(arguments: &[&str]) -> Output {
    load(arguments).output().expect("the program runs")
}

/// Runs a scenario against a hub, and returns its figures.
fn figures(hub: &Hub, arguments: &[&str]) -> Value {
    let common = ["--url", hub.url("lab"), "--seconds", "0.3", "--warmup", "0.1", "--check", "--json", "--quiet"];
    let output = output(&[arguments, &common].concat());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}\n{}", String::from_utf8_lossy(&output.stdout));
    serde_json::from_slice(&output.stdout).expect("JSON and nothing else")
}

#[tokio::test]
async fn every_scenario_of_the_lab_is_clean_on_a_hub() {
    let hub = Hub::start(LAB).await;
    let scenarios: [&[&str]; 6] = [
        &["echo", "--clients", "5", "--depth", "3"],
        &["broadcast", "--subscribers", "20", "--in-flight", "4"],
        &["rate", "--subscribers", "10", "--per-second", "1000"],
        &["frames", "--bytes", "2000", "--viewers", "5", "--hung", "2"],
        &["idle", "--connections", "50"],
        &["churn", "--connections-at-once", "4"],
    ];
    for scenario in scenarios {
        let figures = figures(&hub, scenario);
        assert_eq!(figures["scenario"], scenario[0]);
        assert_eq!(figures["checks"], serde_json::to_value(CLEAN).expect("JSON"), "{figures}");
        assert!(figures["completed"].as_u64() > Some(0), "{figures}");
        assert!(figures["latency_ms"]["max"].as_f64() > Some(0.0), "{figures}");
        assert_eq!(figures["is_partial"], false);
    }
    hub.stop().await;
}

#[tokio::test]
async fn several_threads_share_one_run() {
    let hub = Hub::start(LAB).await;
    let figures = figures(&hub, &["broadcast", "--subscribers", "20", "--in-flight", "4", "--threads", "3"]);
    assert_eq!(figures["connections"], 21);
    assert_eq!(figures["completed"].as_u64().map(|completed| completed > 0), Some(true), "{figures}");
    hub.stop().await;
}

#[tokio::test]
async fn the_servers_process_is_watched() {
    let hub = Hub::start(LAB).await;
    let pid = std::process::id();
    let figures = figures(&hub, &["idle", "--connections", "100", "--pid", &pid.to_string()]);
    assert_eq!(figures["server"]["pid"], pid);
    assert!(figures["server"]["rss_connected_mib"].as_f64() > Some(0.0), "{figures}");
    hub.stop().await;
}

/// Runs a scenario against a server that tells one lie, until the lie must have been seen.
async fn against<S: Scenario>(lie: Lie, connections: usize, mut behave: impl FnMut() -> S + Send + 'static) -> Checks {
    let liar = Liar::start(lie).await;
    let plan = plan(&liar.url, connections);
    let is_seen = Arc::clone(&liar.is_seen);
    let run = move || run::run(plan, &is_seen, &mut |_| {}, |_| behave());
    let outcome = tokio::task::spawn_blocking(run).await.expect("no panic").expect("figures");
    outcome.figures.checks
}

fn plan(url: &str, connections: usize) -> Plan {
    Plan {
        scenario: "test",
        options: Vec::new(),
        unit: "message",
        target: Target::new(url, Reach::Loopback).expect("on this machine"),
        connections,
        threads: 1,
        opening_at_once: 4,
        measured: Duration::from_secs(60),
        warmup: Duration::ZERO,
        stragglers: Duration::from_millis(200),
        measure: Measure::Load,
        pid: None,
    }
}

const LIES: [(Lie, Checks); 5] = [
    (Lie::None, CLEAN),
    (Lie::Drop, Checks { missing: 1, ..CLEAN }),
    (Lie::Repeat, Checks { duplicated: 1, ..CLEAN }),
    (Lie::Swap, Checks { reordered: 1, ..CLEAN }),
    // What was garbled is not what was sent, and what was sent did not come.
    (Lie::Garble, Checks { wrong: 1, missing: 1, ..CLEAN }),
];

#[tokio::test]
async fn echo_notices_every_lie() {
    for (lie, expected) in LIES {
        assert_eq!(against(lie, 1, || Echo::new(4)).await, expected, "{lie:?}");
    }
}

#[tokio::test]
async fn broadcast_notices_every_lie() {
    for (lie, expected) in LIES {
        let flight = Flight::new(4);
        assert_eq!(against(lie, 3, move || Broadcast::new(Arc::clone(&flight))).await, expected, "{lie:?}");
    }
}

#[tokio::test]
async fn frames_may_be_skipped_and_nothing_else() {
    for (lie, expected) in LIES {
        // A frame that was skipped is not missing: a newer one came.
        let expected = Checks { missing: 0, ..expected };
        let pace = Pace::new(200.0);
        assert_eq!(against(lie, 2, move || Frames::new(Arc::clone(&pace), 2000, 1, 0)).await, expected, "{lie:?}");
    }
}

#[tokio::test]
async fn churn_notices_an_acknowledgement_of_something_else() {
    assert_eq!(against(Lie::Garble, 2, Churn::new).await, Checks { wrong: 1, missing: 1, ..CLEAN });
}

#[tokio::test]
async fn a_server_that_hangs_up_is_an_error_and_the_others_go_on() {
    let checks = against(Lie::HangUp, 3, || Echo::new(4)).await;
    assert_eq!((checks.errors, checks.duplicated, checks.reordered, checks.wrong), (1, 0, 0, 0));
    let flight = Flight::new(4);
    let checks = against(Lie::HangUp, 4, move || Broadcast::new(Arc::clone(&flight))).await;
    assert_eq!((checks.errors, checks.duplicated, checks.reordered, checks.wrong), (1, 0, 0, 0));
}

#[test]
fn a_server_that_is_not_there_is_named_with_the_way_to_start_one() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let output = output(&["echo", "--url", &url]);
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(message.contains(&format!("nobody answers at {url}")), "{message}");
    assert!(message.contains("HUBBUB_LAB__ENABLED=true HUBBUB_LIMITS__SCALE=0 hubbub serve"), "{message}");
}

#[tokio::test]
async fn a_server_that_speaks_no_socket_io_is_told_apart() {
    let hub = Hub::start(&[]).await;
    let end = AtomicBool::new(false);
    let refusal = run::run(plan(hub.url("ops"), 2), &end, &mut |_| {}, |_| Echo::new(1)).expect_err("it is no lab");
    assert!(matches!(refusal, RunError::NoneReady { .. }), "{refusal}");
    assert!(refusal.to_string().contains("the server answered `HTTP/1.1 404"), "{refusal}");
    hub.stop().await;
}

#[test]
fn mistakes_in_the_arguments_end_with_2() {
    for (arguments, words) in [
        (&["echo", "--url", "http://192.0.2.1:3000"][..], "--i-own-this-host"),
        (&["echo", "--url", "127.0.0.1:3000"], "must look like http://127.0.0.1:3000"),
        (&["echo", "--clients", "0"], "0 is not in 1..=1000000"),
        (&["idle", "--seconds", "soon"], "must be a number of seconds"),
        (&["nonsense"], "unrecognized subcommand"),
    ] {
        let output = output(arguments);
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && message.contains(words), "{arguments:?}: {message}");
    }
}

#[test]
fn the_help_shows_how_to_start() {
    let output = output(&["--help"]);
    let help = String::from_utf8_lossy(&output.stdout);
    for scenario in ["echo", "broadcast", "rate", "frames", "idle", "churn"] {
        assert!(help.contains(scenario), "{scenario}: {help}");
    }
    assert!(help.contains("HUBBUB_LAB__ENABLED=true HUBBUB_LIMITS__SCALE=0 hubbub serve"), "{help}");
}

#[tokio::test]
async fn an_interrupt_ends_a_run_with_the_figures_so_far() {
    let hub = Hub::start(LAB).await;
    let arguments = ["echo", "--clients", "2", "--url", hub.url("lab"), "--seconds", "600", "--warmup", "0", "--json"];
    let mut program = load(&arguments).spawn().expect("the program runs");
    let mut progress = BufReader::new(program.stderr.take().expect("a pipe")).lines();
    assert!(progress.any(|line| line.expect("text").contains(" of 600 s")), "it measures");
    let killed = Command::new("kill").args(["-INT", &program.id().to_string()]).status().expect("kill runs");
    assert!(killed.success());
    let mut json = String::new();
    program.stdout.take().expect("a pipe").read_to_string(&mut json).expect("text");
    assert!(program.wait().expect("it ends").success());
    let figures: Value = serde_json::from_str(&json).expect("figures");
    assert_eq!(figures["is_partial"], true);
    assert!(figures["completed"].as_u64() > Some(0), "{figures}");
    hub.stop().await;
}
