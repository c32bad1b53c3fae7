use hubbub_protocol::fleet::Telemetry;
use hubbub_protocol::fleet::capture::{CreateSession, EndSession, GetActiveSession, StartSession};
use hubbub_protocol::fleet::devices::{GetHistory, ListDevices, NameDevice};
use hubbub_protocol::fleet::headset::{ReportRecording, ReportTelemetry};
use hubbub_protocol::fleet::sessions::{GetSession, ListSessions};
use hubbub_protocol::fleet::tablet::{LockDevice, StartAllRecording};
use serde_json::{Map, json};

use super::id;
use crate::fleet::device::Device;
use crate::fleet::harness::World;
use crate::fleet::roster::Roster;
use crate::fleet::tablet::Tablet;
use crate::kit::caller::Caller;
use crate::kit::single::single;

async fn session(world: &World, tablet: &Caller) -> String {
    let request = CreateSession { device_ids: vec!["QUEST_001".into()], metadata: Some(Map::new()) };
    json!(world.ask(tablet, request).await.expect("an answer"))["sessionId"].as_str().expect("a session").to_owned()
}

#[actix::test]
async fn devices_names_and_history_survive_a_restart_but_locks_do_not() {
    let world = World::new();
    let headset = world.headset("QUEST_001", "h1").await;
    let tablet = world.tablet("TABLET_01", "t1").await;
    let telemetry = Telemetry::read(json!({ "batteryLevel": 0.5 })).expect("a report");
    world.ask(&headset, ReportTelemetry { telemetry }).await.expect("taken");
    world.get(NameDevice { device_id: "QUEST_001".into(), custom_name: json!("Lab") }).await;
    world.ask(&tablet, LockDevice { device_id: id("QUEST_001") }).await.expect("locked");
    let before = world.get(GetHistory { device_id: "QUEST_001".into() }).await;

    let world = world.restarted().await;
    assert_eq!(
        world.get(ListDevices {}).await["devices"],
        json!([{
            "deviceId": "QUEST_001", "isOnline": false, "lastSeen": "2026-02-06T12:00:00.000Z",
            "connectionTime": "2026-02-06T12:00:00.000Z", "telemetry": { "batteryLevel": 0.5, "customName": "Lab" },
            "isLocked": false, "lockedByTabletId": null
        }])
    );
    assert_eq!(world.get(GetHistory { device_id: "QUEST_001".into() }).await, before);
    world.headset("QUEST_001", "h1-again").await;
    let other = world.tablet("TABLET_02", "t2").await;
    let locked = json!(world.ask(&other, LockDevice { device_id: id("QUEST_001") }).await.expect("an answer"));
    assert_eq!(locked, json!({ "deviceId": "QUEST_001" }));
}

#[actix::test]
async fn sessions_come_back_with_their_last_acknowledged_status() {
    let world = World::new();
    world.headset("QUEST_001", "h1").await;
    let tablet = world.tablet("TABLET_01", "t1").await;
    let ended = session(&world, &tablet).await;
    world.ask(&tablet, EndSession { session_id: Some(ended.clone()) }).await.expect("an answer");
    world.clock.advance(1);
    let recording = session(&world, &tablet).await;
    world.ask(&tablet, StartSession { session_id: Some(recording.clone()) }).await.expect("an answer");
    let before = world.get(ListSessions {}).await;

    let world = world.restarted().await;
    assert_eq!(world.get(ListSessions {}).await, before);
    assert_eq!(world.get(GetSession { session_id: recording.clone() }).await["session"]["status"], "recording");
    let tablet = world.tablet("TABLET_01", "t1").await;
    let active = json!(world.ask(&tablet, GetActiveSession {}).await.expect("an answer"));
    assert_eq!(active["sessionId"], json!(recording));
    let again = json!(world.ask(&tablet, StartSession { session_id: Some(ended.clone()) }).await.expect("an answer"));
    assert_eq!(again, json!({ "error": "Session already ended", "sessionId": ended }));
}

#[actix::test]
async fn ended_sessions_are_kept_a_day() {
    let world = World::new();
    world.headset("QUEST_001", "h1").await;
    let tablet = world.tablet("TABLET_01", "t1").await;
    let ended = session(&world, &tablet).await;
    world.ask(&tablet, EndSession { session_id: Some(ended.clone()) }).await.expect("an answer");
    let world = world.restarted().await;
    world.clock.advance(24 * 60 * 60 * 1000);
    assert_eq!(world.get(ListSessions {}).await["count"], 0);
    world.deps.stop_all().await;
    assert_eq!(world.store.ids("fleet.session"), Vec::<String>::new());
}

/// Makes an actor panic over its next message.
#[derive(actix::Message)]
#[rtype(result = "()")]
struct Panic;

// A macro, because a foreign trait cannot be implemented for all actors at once.
macro_rules! may_panic {
    ($($actor:ty),*) => {
        $(impl actix::Handler<Panic> for $actor {
            type Result = ();
            fn handle(&mut self, _: Panic, _: &mut actix::Context<Self>) {
                panic!("for a test");
            }
        })*
    };
}
may_panic!(Device, Tablet, Roster);

#[actix::test]
async fn connections_locks_and_ties_survive_panics() {
    let world = World::new();
    let headset = world.headset("QUEST_001", "h1").await;
    let tablet = world.tablet("TABLET_01", "t1").await;
    world.ask(&tablet, LockDevice { device_id: id("QUEST_001") }).await.expect("locked");
    let before = world.get(ListDevices {}).await;
    world.forget().await;

    let device = world.deps.registry::<Device>().find(&id("QUEST_001")).expect("alive");
    let owner = world.deps.registry::<Tablet>().find(&id("TABLET_01").into()).expect("alive");
    let roster = single::<Roster>(&world.deps).expect("alive");
    device.send(Panic).await.expect_err("it panicked");
    owner.send(Panic).await.expect_err("it panicked");
    roster.send(Panic).await.expect_err("it panicked");

    assert_eq!(world.get(ListDevices {}).await, before);
    let all = json!(world.ask(&tablet, StartAllRecording {}).await.expect("an answer"));
    assert_eq!(all["startedCount"], 1);
    assert_eq!(world.told("h1").await, [json!(["on-tablet-start-recording"])]);
    world.ask(&headset, ReportRecording { is_recording: true }).await.expect("still registered");
    assert_eq!(world.told("t1").await.len(), 2);
    world.disconnect(&tablet).await;
    let other = world.tablet("TABLET_02", "t2").await;
    let locked = json!(world.ask(&other, LockDevice { device_id: id("QUEST_001") }).await.expect("an answer"));
    assert_eq!(locked, json!({ "deviceId": "QUEST_001" }));
}
