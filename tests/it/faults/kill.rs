//! `kill -9` in the middle of a write storm: what was acknowledged is there after the restart, and nothing else is made up.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use reqwest::Client as Http;
use serde_json::json;
use tokio::sync::Notify;

use crate::harness::fleet::{connect, get, headset};
use crate::harness::noise::Noise;
use crate::harness::process::Served;
use crate::harness::socket::Client;

const ROUNDS: usize = 20;
const TABLETS: usize = 4;
const SETTINGS: &[(&str, &str)] = &[("LIMITS__SCALE", "0"), ("LOG__LEVEL", "info"), ("REALTIME__MAX_CONNECTIONS", "1000")];

/// What a client knows of one value: what the hub acknowledged, and what it asked for and got no answer to.
#[derive(Debug, Clone)]
struct Known {
    acknowledged: Option<String>,
    asked: Option<String>,
}

/// All values that clients changed: the status of sessions, the names of devices.
#[derive(Default)]
struct Ledger {
    sessions: Mutex<HashMap<String, Known>>,
    names: Mutex<HashMap<String, Known>>,
    acknowledged: AtomicUsize,
    changed: Notify,
}

impl Ledger {
    fn ask(values: &Mutex<HashMap<String, Known>>, key: &str, asked: &str) {
        let mut values = values.lock().expect("no panic");
        let known = values.entry(key.to_owned()).or_insert(Known { acknowledged: None, asked: None });
        known.asked = Some(asked.to_owned());
    }

    fn acknowledge(&self, values: &Mutex<HashMap<String, Known>>, key: &str, value: &str) {
        values.lock().expect("no panic").insert(key.to_owned(), Known { acknowledged: Some(value.to_owned()), asked: None });
        self.acknowledged.fetch_add(1, Ordering::SeqCst);
        self.changed.notify_one();
    }

    /// Waits until `count` changes were acknowledged.
    async fn until(&self, count: usize) {
        while self.acknowledged.load(Ordering::SeqCst) < count {
            self.changed.notified().await;
        }
    }
}

/// A hub and the clients' way to it.
struct Fleet {
    base: String,
    http: Http,
}

impl Fleet {
    /// Names a device; none if the hub went away first.
    async fn name(&self, device: &str, name: &str) -> Option<()> {
        let request = self.http.post(format!("{}/api/devices/{device}/name", self.base)).json(&json!({ "customName": name }));
        let answer = request.send().await.ok()?;
        assert_eq!(answer.status(), 200);
        answer.text().await.ok().map(drop)
    }
}

#[tokio::test]
async fn a_killed_hub_forgets_nothing_that_it_acknowledged() {
    let ledger = Arc::new(Ledger::default());
    let mut noise = Noise::new(1);
    let mut hub = Served::start(SETTINGS);
    for round in 0..ROUNDS {
        let fleet = Arc::new(Fleet { base: hub.url("fleet").to_owned(), http: Http::new() });
        let headsets = connect_headsets(&fleet).await;
        check(&fleet, &ledger, round).await;
        let kill_at = ledger.acknowledged.load(Ordering::SeqCst) + 5 + noise.below(60);
        let mut clients = Vec::new();
        for number in 0..TABLETS {
            let tablet = connect(&fleet.base, &tablet_id(number), "tablet").await;
            clients.push(tokio::spawn(drive_sessions(tablet, number, Arc::clone(&ledger))));
            clients.push(tokio::spawn(rename(Arc::clone(&fleet), number, round, Arc::clone(&ledger))));
        }
        ledger.until(kill_at).await;
        let data = hub.kill();
        for client in clients {
            client.await.expect("a client sees only acknowledgements and the end");
        }
        drop(headsets);
        hub = Served::start_on(data, SETTINGS);
    }
    let fleet = Fleet { base: hub.url("fleet").to_owned(), http: Http::new() };
    let _headsets = connect_headsets(&fleet).await;
    check(&fleet, &ledger, ROUNDS).await;
    let log = hub.log();
    let complaints: Vec<&str> = log.lines().filter(|line| line.contains("ERROR") || line.contains("WARN")).collect();
    assert_eq!(complaints, Vec::<&str>::new());
}

fn tablet_id(number: usize) -> String {
    format!("TABLET_{number:03}")
}

fn headset_id(number: usize) -> String {
    format!("QUEST_{number:03}")
}

async fn connect_headsets(fleet: &Fleet) -> Vec<Client> {
    let mut headsets = Vec::new();
    for number in 0..TABLETS {
        headsets.push(headset(&fleet.base, &headset_id(number)).await);
    }
    headsets
}

/// Creates, starts, pauses and ends sessions until the hub is gone.
async fn drive_sessions(mut tablet: Client, number: usize, ledger: Arc<Ledger>) {
    let steps = [
        ("tablet-start-session", "recording"),
        ("tablet-pause-session", "paused"),
        ("tablet-start-session", "recording"),
        ("tablet-end-session", "completed"),
    ];
    for turn in 0.. {
        let request = json!([{ "deviceIds": [headset_id(number)], "metadata": { "studyId": turn.to_string() } }]);
        let Some(created) = tablet.try_ask("tablet-create-session", request).await else { return };
        let id = created[0]["sessionId"].as_str().unwrap_or_else(|| panic!("no session: {created}")).to_owned();
        ledger.acknowledge(&ledger.sessions, &id, "pending");
        // Not every session comes to its end.
        for (event, status) in &steps[..1 + turn % steps.len()] {
            Ledger::ask(&ledger.sessions, &id, status);
            let Some(answer) = tablet.try_ask(event, json!([id])).await else { return };
            assert_eq!(answer[0]["sessionId"], id, "{event}: {answer}");
            assert!(answer[0].get("error").is_none(), "{event}: {answer}");
            ledger.acknowledge(&ledger.sessions, &id, status);
        }
    }
}

/// Names a device again and again until the hub is gone.
async fn rename(fleet: Arc<Fleet>, number: usize, round: usize, ledger: Arc<Ledger>) {
    let device = headset_id(number);
    for turn in 0.. {
        let name = format!("name {round}.{turn}");
        Ledger::ask(&ledger.names, &device, &name);
        if fleet.name(&device, &name).await.is_none() {
            return;
        }
        ledger.acknowledge(&ledger.names, &device, &name);
    }
}

/// Compares what the hub says with what it acknowledged: the last acknowledged value, or the one asked for after it.
async fn check(fleet: &Fleet, ledger: &Ledger, round: usize) {
    let mut stored = HashMap::new();
    for session in get(&fleet.base, "/api/sessions").await["sessions"].as_array().expect("a list") {
        let text = |key: &str| session[key].as_str().expect("a text").to_owned();
        stored.insert(text("sessionId"), text("status"));
    }
    settle(&ledger.sessions, &stored, round);
    for (id, status) in &stored {
        let session = get(&fleet.base, &format!("/api/sessions/{id}")).await;
        assert_eq!(session["session"]["status"], json!(status), "round {round}: the list and {id} differ");
        assert_eq!(session["session"]["endedAt"].is_string(), status == "completed", "round {round}: {session}");
    }
    let mut names = HashMap::new();
    for device in get(&fleet.base, "/api/devices").await["devices"].as_array().expect("a list") {
        let id = device["deviceId"].as_str().expect("an id").to_owned();
        names.extend(device["telemetry"]["customName"].as_str().map(|name| (id, name.to_owned())));
    }
    settle(&ledger.names, &names, round);
    active_sessions_are_not_over(fleet, &stored, round).await;
}

/// Checks each known value, and takes what is stored as known from now on.
fn settle(values: &Mutex<HashMap<String, Known>>, stored: &HashMap<String, String>, round: usize) {
    for (key, known) in values.lock().expect("no panic").iter_mut() {
        let value = stored.get(key).cloned();
        let is_right = value == known.acknowledged || (value.is_some() && value == known.asked);
        assert!(is_right, "round {round}: `{key}` is {value:?}, but {known:?}");
        *known = Known { acknowledged: value, asked: None };
    }
}

async fn active_sessions_are_not_over(fleet: &Fleet, stored: &HashMap<String, String>, round: usize) {
    for number in 0..TABLETS {
        let mut tablet = connect(&fleet.base, &tablet_id(number), "tablet").await;
        let active = tablet.ask("tablet-get-active-session", json!([])).await;
        if let Some(id) = active[0]["sessionId"].as_str() {
            assert_ne!(stored.get(id).map(String::as_str), Some("completed"), "round {round}: {id} is back");
        }
        tablet.close().await;
    }
}
