use hubbub_protocol::fleet::headset::ReportRecording;
use hubbub_protocol::fleet::tablet::{
    ConnectHeadset, DisconnectHeadset, GetRecordingStatus, LockDevice, LockDevices, StartAllRecording, StartRecording,
    StopAllRecording, StopRecording, SyncMetadata, ToggleAllRecording, ToggleRecording, UnlockAllDevices, UnlockDevice,
};
use serde_json::{Value, json};

use super::id;
use crate::fleet::harness::World;
use crate::kit::caller::Caller;

const NOTHING: [Value; 0] = [];

async fn lock(world: &World, tablet: &Caller, device: &str) -> Value {
    json!(world.ask(tablet, LockDevice { device_id: id(device) }).await.expect("an answer"))
}

#[actix::test]
async fn a_tablet_locks_a_device_and_another_one_cannot() {
    let world = World::new();
    world.headset("QUEST_001", "h1").await;
    let (one, two) = (world.tablet("TABLET_01", "t1").await, world.tablet("TABLET_02", "t2").await);
    assert_eq!(lock(&world, &one, "QUEST_001").await, json!({ "deviceId": "QUEST_001" }));
    assert_eq!(lock(&world, &one, "QUEST_001").await, json!({ "deviceId": "QUEST_001" }));
    let reason = "Device locked by another tablet";
    assert_eq!(lock(&world, &two, "QUEST_001").await, json!({ "deviceId": "QUEST_001", "reason": reason }));
    let failed = json!(["on-device-lock-failed", { "deviceId": "QUEST_001", "reason": reason }]);
    assert_eq!(world.told("t2").await, std::slice::from_ref(&failed));
    let locked = json!(["on-device-locked", { "deviceId": "QUEST_001" }]);
    assert_eq!(world.told("t1").await, [locked.clone(), locked]);
    world.ask(&two, UnlockDevice { device_id: id("QUEST_001") }).await.expect("an answer");
    assert_eq!(world.told("t2").await, [failed]);
    world.ask(&one, UnlockDevice { device_id: id("QUEST_001") }).await.expect("an answer");
    world.ask(&one, UnlockDevice { device_id: id("QUEST_999") }).await.expect("an answer");
    let unlocked = |device: &str| json!(["on-device-unlocked", { "deviceId": device }]);
    assert_eq!(world.told("t1").await, [unlocked("QUEST_001"), unlocked("QUEST_999")]);
    assert_eq!(lock(&world, &two, "QUEST_001").await, json!({ "deviceId": "QUEST_001" }));
}

#[actix::test]
async fn a_batch_locks_what_it_can_in_the_order_of_the_request() {
    let world = World::new();
    for (device, socket) in [("QUEST_001", "h1"), ("QUEST_002", "h2"), ("QUEST_003", "h3")] {
        world.headset(device, socket).await;
    }
    let (one, two) = (world.tablet("TABLET_01", "t1").await, world.tablet("TABLET_02", "t2").await);
    lock(&world, &two, "QUEST_002").await;
    world.forget().await;
    let texts = ["QUEST_003", "bad", "QUEST_002", "QUEST_001", "QUEST_999"];
    let batch = LockDevices { device_ids: texts.map(str::to_owned).into() };
    let locked = json!({ "locked": ["QUEST_003", "QUEST_001"], "failed": ["bad", "QUEST_002", "QUEST_999"] });
    assert_eq!(json!(world.ask(&one, batch).await.expect("an answer")), locked);
    assert_eq!(world.told("t1").await, [json!(["on-devices-locked", locked])]);
    world.ask(&one, UnlockAllDevices {}).await.expect("an answer");
    assert_eq!(world.told("t1").await, [json!(["on-all-devices-unlocked", { "unlocked": ["QUEST_003", "QUEST_001"] }])]);
}

#[actix::test]
async fn two_tablets_that_race_for_devices_never_both_win_one() {
    let world = World::on_threads(4);
    let devices: Vec<String> = (0..8).map(|number| format!("QUEST_{number:03}")).collect();
    for device in &devices {
        world.headset(device, device).await;
    }
    let (one, two) = (world.tablet("TABLET_01", "t1").await, world.tablet("TABLET_02", "t2").await);
    for _ in 0..200 {
        let reversed = devices.iter().rev().cloned().collect();
        let (first, second) = futures_util::future::join(
            world.ask(&one, LockDevices { device_ids: devices.clone() }),
            world.ask(&two, LockDevices { device_ids: reversed }),
        )
        .await;
        let mut locked = first.expect("an answer").locked;
        locked.extend(second.expect("an answer").locked);
        locked.sort();
        assert_eq!(locked, devices);
        for tablet in [&one, &two] {
            world.ask(tablet, UnlockAllDevices {}).await.expect("an answer");
        }
    }
}

#[actix::test]
async fn recording_commands_reach_the_headset_unless_another_tablet_holds_it() {
    let world = World::new();
    world.headset("QUEST_001", "h1").await;
    let (one, two) = (world.tablet("TABLET_01", "t1").await, world.tablet("TABLET_02", "t2").await);
    world.ask(&two, StartRecording { device_id: id("QUEST_001") }).await.expect("a free device");
    lock(&world, &one, "QUEST_001").await;
    let denied = world.ask(&two, StopRecording { device_id: id("QUEST_001") }).await.expect("an answer");
    assert_eq!(json!(denied), json!({ "success": false, "error": "Device locked by another tablet", "deviceId": "QUEST_001" }));
    let done = world.ask(&one, StopRecording { device_id: id("QUEST_001") }).await.expect("an answer");
    assert_eq!(json!(done), json!({ "success": true, "deviceId": "QUEST_001" }));
    world.ask(&one, ToggleRecording { device_id: id("QUEST_001") }).await.expect("an answer");
    let commands = ["on-tablet-start-recording", "on-tablet-stop-recording", "on-tablet-recording-toggled"];
    assert_eq!(world.told("h1").await, commands.map(|name| json!([name])));
    assert_eq!(world.told("t2").await, [json!(["on-recording-denied", { "deviceId": "QUEST_001" }])]);
    let offline = world.ask(&one, StartRecording { device_id: id("QUEST_999") }).await.expect("an answer");
    assert_eq!(json!(offline), json!({ "success": false, "error": "Device not online", "deviceId": "QUEST_999" }));
}

#[actix::test]
async fn commands_for_all_reach_exactly_the_locked_headsets() {
    let world = World::new();
    for (device, socket) in [("QUEST_001", "h1"), ("QUEST_002", "h2"), ("QUEST_003", "h3")] {
        world.headset(device, socket).await;
    }
    let tablet = world.tablet("TABLET_01", "t1").await;
    let none = world.ask(&tablet, StartAllRecording {}).await.expect("an answer");
    assert_eq!(json!(none), json!({ "success": true, "results": {}, "startedCount": 0, "totalDevices": 0 }));
    lock(&world, &tablet, "QUEST_001").await;
    lock(&world, &tablet, "QUEST_003").await;
    world.ask(&tablet, ConnectHeadset { device_id: id("QUEST_003") }).await.expect("paired");
    let all = world.ask(&tablet, StartAllRecording {}).await.expect("an answer");
    assert_eq!(json!(all)["startedCount"], 2);
    world.ask(&tablet, StopAllRecording {}).await.expect("an answer");
    world.ask(&tablet, ToggleAllRecording {}).await.expect("an answer");
    let commands =
        ["on-tablet-start-recording", "on-tablet-stop-recording", "on-tablet-recording-toggled"].map(|name| json!([name]));
    assert_eq!(world.told("h1").await, commands);
    assert_eq!(world.told("h2").await, NOTHING);
    assert_eq!(world.told("h3").await, commands);
}

#[actix::test]
async fn metadata_goes_to_the_target_or_to_all_that_are_tied() {
    let world = World::new();
    for (device, socket) in [("QUEST_001", "h1"), ("QUEST_002", "h2"), ("QUEST_003", "h3")] {
        world.headset(device, socket).await;
    }
    let (one, two) = (world.tablet("TABLET_01", "t1").await, world.tablet("TABLET_02", "t2").await);
    lock(&world, &one, "QUEST_001").await;
    world.ask(&one, ConnectHeadset { device_id: id("QUEST_002") }).await.expect("paired");
    let sync = |metadata: &str, target: Option<&str>| SyncMetadata { metadata: metadata.into(), target: target.map(id) };
    world.ask(&one, sync("all", None)).await.expect("sent");
    world.ask(&two, sync("free", Some("QUEST_003"))).await.expect("sent");
    let refused = world.ask(&two, sync("no", Some("QUEST_001"))).await.expect_err("another tablet's");
    assert_eq!(refused.code, "FORBIDDEN");
    assert_eq!(world.told("h1").await, [json!(["on-tablet-metadata-synced", "all"])]);
    assert_eq!(world.told("h2").await, [json!(["on-tablet-metadata-synced", "all"])]);
    assert_eq!(world.told("h3").await, [json!(["on-tablet-metadata-synced", "free"])]);
}

#[actix::test]
async fn a_pairing_watches_a_locked_headset_and_locks_a_free_one() {
    let world = World::new();
    let headset = world.headset("QUEST_001", "h1").await;
    let (one, two) = (world.tablet("TABLET_01", "t1").await, world.tablet("TABLET_02", "t2").await);
    world.ask(&one, ConnectHeadset { device_id: id("QUEST_001") }).await.expect("paired");
    world.ask(&two, ConnectHeadset { device_id: id("QUEST_001") }).await.expect("paired");
    world.forget().await;
    world.ask(&headset, ReportRecording { is_recording: false }).await.expect("taken");
    let seen = world.told("t1").await;
    assert_eq!(seen.first(), Some(&json!(["on-headset-recording-inactive"])));
    assert_eq!(world.told("t2").await, seen);
    world.ask(&one, DisconnectHeadset { device_id: id("QUEST_001") }).await.expect("unpaired");
    world.ask(&headset, ReportRecording { is_recording: true }).await.expect("taken");
    assert_eq!(world.told("t1").await, NOTHING);
    assert_eq!(world.told("t2").await.len(), 2);
    assert_eq!(lock(&world, &two, "QUEST_001").await, json!({ "deviceId": "QUEST_001" }));
}

#[actix::test]
async fn the_recording_status_is_asked_of_the_device() {
    let world = World::new();
    let headset = world.headset("QUEST_001", "h1").await;
    let tablet = world.tablet("TABLET_01", "t1").await;
    world.ask(&headset, ReportRecording { is_recording: true }).await.expect("taken");
    for device in ["QUEST_001", "QUEST_999"] {
        world.ask(&tablet, GetRecordingStatus { device_id: id(device) }).await.expect("an answer");
    }
    assert_eq!(world.told("t1").await, [json!(["on-recording-active"]), json!(["on-recording-inactive"])]);
}

#[actix::test]
async fn a_tablet_that_leaves_releases_its_locks() {
    let world = World::new();
    world.headset("QUEST_001", "h1").await;
    let (one, two) = (world.tablet("TABLET_01", "t1").await, world.tablet("TABLET_02", "t2").await);
    lock(&world, &one, "QUEST_001").await;
    world.disconnect(&one).await;
    assert_eq!(lock(&world, &two, "QUEST_001").await, json!({ "deviceId": "QUEST_001" }));
}

#[actix::test]
async fn a_lock_is_kept_for_a_tablet_that_comes_back_in_time() {
    tokio::time::pause();
    let world = World::with(|wiring| wiring.lock_grace_ms = 5_000);
    world.headset("QUEST_001", "h1").await;
    let (one, two) = (world.tablet("TABLET_01", "t1").await, world.tablet("TABLET_02", "t2").await);
    lock(&world, &one, "QUEST_001").await;
    world.disconnect(&one).await;
    let reason = json!("Device locked by another tablet");
    assert_eq!(lock(&world, &two, "QUEST_001").await["reason"], reason);
    let back = world.tablet("TABLET_01", "t1-again").await;
    let all = world.ask(&back, StartAllRecording {}).await.expect("an answer");
    assert_eq!(json!(all)["startedCount"], 1);
    world.disconnect(&back).await;
    tokio::time::sleep(std::time::Duration::from_millis(5_001)).await;
    assert_eq!(lock(&world, &two, "QUEST_001").await, json!({ "deviceId": "QUEST_001" }));
}

#[actix::test]
async fn a_lock_is_kept_for_a_tablet_that_is_back_before_its_old_socket_is_missed() {
    tokio::time::pause();
    let world = World::with(|wiring| wiring.lock_grace_ms = 5_000);
    world.headset("QUEST_001", "h1").await;
    let (old, two) = (world.tablet("TABLET_01", "t1").await, world.tablet("TABLET_02", "t2").await);
    lock(&world, &old, "QUEST_001").await;
    let back = world.tablet("TABLET_01", "t1-again").await;
    world.disconnect(&old).await;
    tokio::time::sleep(std::time::Duration::from_millis(5_001)).await;
    assert_eq!(lock(&world, &two, "QUEST_001").await["reason"], json!("Device locked by another tablet"));
    let all = world.ask(&back, StartAllRecording {}).await.expect("an answer");
    assert_eq!(json!(all)["startedCount"], 1);
}
