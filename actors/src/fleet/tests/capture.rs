use hubbub_protocol::contract::Event;
use hubbub_protocol::fleet::capture::{
    CreateSession, EndSession, GetActiveSession, GetSessionStatus, PauseSession, StartSession,
};
use hubbub_protocol::fleet::headset::{ReportRecording, ReportTelemetry};
use hubbub_protocol::fleet::sessions::{GetSession, ListSessions};
use hubbub_protocol::fleet::tablet::{LockDevice, UnlockAllDevices};
use hubbub_protocol::wire::args::Args;
use serde_json::{Value, json};

use super::id;
use crate::fleet::harness::World;
use crate::kit::caller::Caller;

fn create(sent: &Value) -> CreateSession {
    let args = Args::of(sent);
    CreateSession::decode(&args).expect("decodes")
}

/// A fleet of two headsets and two tablets.
async fn fleet() -> (World, Caller, Caller) {
    let world = World::new();
    world.headset("QUEST_001", "h1").await;
    world.headset("QUEST_002", "h2").await;
    let (one, two) = (world.tablet("TABLET_01", "t1").await, world.tablet("TABLET_02", "t2").await);
    (world, one, two)
}

/// Creates a session with the first headset and returns its id.
async fn created(world: &World, tablet: &Caller) -> String {
    let answer = json!(world.ask(tablet, create(&json!({ "deviceIds": ["QUEST_001"] }))).await.expect("an answer"));
    world.forget().await;
    answer["sessionId"].as_str().expect("a session").to_owned()
}

async fn error(world: &World, socket: &str) -> Value {
    let told = world.told(socket).await;
    let [event] = told.as_slice() else { panic!("one answer, not {told:?}") };
    assert_eq!(event[0], "on-session-error");
    event[1].clone()
}

#[actix::test]
async fn a_session_takes_the_devices_it_can_have() {
    let (world, one, two) = fleet().await;
    world.ask(&two, LockDevice { device_id: id("QUEST_002") }).await.expect("locked");
    world.forget().await;
    let request = json!({ "deviceIds": ["QUEST_002", "QUEST_001", "bad"], "metadata": { "participantName": "John Doe" } });
    let answer = json!(world.ask(&one, create(&request)).await.expect("an answer"));
    assert_eq!((&answer["deviceIds"], &answer["unavailable"]), (&json!(["QUEST_001"]), &json!(["QUEST_002", "bad"])));
    assert_eq!(world.told("t1").await, [json!(["on-session-created", answer])]);
    let session = world.get(GetSession { session_id: answer["sessionId"].as_str().expect("an id").into() }).await;
    assert_eq!(
        session["session"],
        json!({
            "sessionId": answer["sessionId"], "status": "pending", "deviceIds": ["QUEST_001"],
            "deviceStatuses": [{
                "deviceId": "QUEST_001", "isRecording": false, "frameCount": 0, "uploadProgress": 0,
                "uploadStatus": "pending", "deviceInfo": null
            }],
            "createdAt": "2026-02-06T12:00:00.000Z", "startedAt": null, "endedAt": null,
            "metadata": { "participantName": "John Doe" }
        })
    );
}

#[actix::test]
async fn a_session_without_devices_is_an_error() {
    let (world, one, two) = fleet().await;
    world.ask(&one, create(&json!({ "deviceIds": [] }))).await.expect("an answer");
    assert_eq!(error(&world, "t1").await, json!({ "error": "No devices specified" }));
    world.ask(&two, LockDevice { device_id: id("QUEST_002") }).await.expect("locked");
    world.ask(&one, create(&json!({ "deviceIds": ["QUEST_002", "QUEST_999"] }))).await.expect("an answer");
    assert_eq!(error(&world, "t1").await, json!({ "error": "No available devices", "unavailable": ["QUEST_002", "QUEST_999"] }));
    assert_eq!(world.get(ListSessions {}).await, json!({ "ok": true, "count": 0, "sessions": [] }));
}

#[actix::test]
async fn a_session_lives_from_its_start_to_its_end() {
    let (world, one, _) = fleet().await;
    let id = created(&world, &one).await;
    let session_id = Some(id.clone());
    world.clock.advance(1_000);
    world.ask(&one, StartSession { session_id: session_id.clone() }).await.expect("an answer");
    let started = json!(["on-session-started", { "sessionId": id, "startedAt": "2026-02-06T12:00:01.000Z" }]);
    assert_eq!(world.told("t1").await, std::slice::from_ref(&started));
    assert_eq!(world.told("h1").await, [json!(["on-tablet-start-recording"])]);

    world.ask(&one, PauseSession { session_id: session_id.clone() }).await.expect("an answer");
    assert_eq!(world.told("t1").await, [json!(["on-session-paused", { "sessionId": id }])]);
    assert_eq!(world.told("h1").await, [json!(["on-tablet-stop-recording"])]);
    world.ask(&one, PauseSession { session_id: session_id.clone() }).await.expect("an answer");
    assert_eq!(error(&world, "t1").await, json!({ "error": "Session is not recording", "sessionId": id }));

    world.clock.advance(1_500);
    world.ask(&one, StartSession { session_id: session_id.clone() }).await.expect("an answer");
    assert_eq!(world.told("t1").await, [started]);
    world.forget().await;
    world.ask(&one, EndSession { session_id: session_id.clone() }).await.expect("an answer");
    let ended = json!({ "sessionId": id, "endedAt": "2026-02-06T12:00:02.500Z", "duration": 1 });
    assert_eq!(world.told("t1").await, [json!(["on-session-ended", ended])]);
    assert_eq!(world.told("h1").await, [json!(["on-session-ended", { "sessionId": id }])]);
    assert_eq!(world.told("h2").await, Vec::<Value>::new());

    world.ask(&one, EndSession { session_id }).await.expect("an answer");
    assert_eq!(error(&world, "t1").await, json!({ "error": "Session already ended", "sessionId": id }));
    let line = &world.get(ListSessions {}).await["sessions"][0];
    assert_eq!((&line["status"], &line["deviceCount"]), (&json!("completed"), &json!(1)));
}

#[actix::test]
async fn only_the_owner_drives_a_session_but_everyone_may_look() {
    let (world, one, two) = fleet().await;
    let id = created(&world, &one).await;
    let session_id = Some(id.clone());
    let not_authorized = json!({ "error": "Not authorized", "sessionId": id });
    world.ask(&two, StartSession { session_id: session_id.clone() }).await.expect("an answer");
    assert_eq!(error(&world, "t2").await, not_authorized);
    world.ask(&two, EndSession { session_id: session_id.clone() }).await.expect("an answer");
    assert_eq!(error(&world, "t2").await, not_authorized);
    world.ask(&two, GetSessionStatus { session_id }).await.expect("an answer");
    let told = world.told("t2").await;
    assert_eq!((&told[0][0], &told[0][1]["sessionId"]), (&json!("on-session-status"), &json!(id)));
}

#[actix::test]
async fn unknown_and_malformed_session_ids_are_told_apart() {
    let (world, one, _) = fleet().await;
    for (asked, answer) in [
        (None, json!({ "error": "Invalid session ID format" })),
        (Some("what"), json!({ "error": "Session not found", "sessionId": "what" })),
        (
            Some("session_1707235200000_abc123"),
            json!({ "error": "Session not found", "sessionId": "session_1707235200000_abc123" }),
        ),
    ] {
        let session_id = asked.map(str::to_owned);
        world.ask(&one, GetSessionStatus { session_id: session_id.clone() }).await.expect("an answer");
        assert_eq!(error(&world, "t1").await, answer);
        world.ask(&one, PauseSession { session_id }).await.expect("an answer");
        assert_eq!(error(&world, "t1").await, answer);
    }
}

#[actix::test]
async fn the_active_session_is_the_newest_that_has_not_ended_and_survives_a_reconnect() {
    let (world, one, two) = fleet().await;
    assert_eq!(json!(world.ask(&one, GetActiveSession {}).await.expect("an answer")), Value::Null);
    assert_eq!(world.told("t1").await, [json!(["on-active-session", null])]);
    let first = created(&world, &one).await;
    world.clock.advance(1);
    let second = created(&world, &one).await;
    world.disconnect(&one).await;
    let back = world.tablet("TABLET_01", "t1-again").await;
    let active =
        async |tablet: &Caller| json!(world.ask(tablet, GetActiveSession {}).await.expect("an answer"))["sessionId"].clone();
    assert_eq!(active(&back).await, json!(second));
    world.ask(&back, EndSession { session_id: Some(second) }).await.expect("an answer");
    assert_eq!(active(&back).await, json!(first));
    assert_eq!(active(&two).await, Value::Null);
}

#[actix::test]
async fn a_start_locks_free_devices_again_and_skips_those_of_another_tablet() {
    let (world, one, two) = fleet().await;
    let request = json!({ "deviceIds": ["QUEST_001", "QUEST_002"] });
    let answer = json!(world.ask(&one, create(&request)).await.expect("an answer"));
    world.ask(&one, UnlockAllDevices {}).await.expect("an answer");
    world.ask(&two, LockDevice { device_id: id("QUEST_002") }).await.expect("locked");
    world.forget().await;
    let session_id = answer["sessionId"].as_str().map(str::to_owned);
    world.ask(&one, StartSession { session_id: session_id.clone() }).await.expect("an answer");
    assert_eq!(world.told("h1").await, [json!(["on-tablet-start-recording"])]);
    assert_eq!(world.told("h2").await, Vec::<Value>::new());
    let taken = json!(world.ask(&two, LockDevice { device_id: id("QUEST_001") }).await.expect("an answer"));
    assert_eq!(taken["reason"], "Device locked by another tablet");
    world.ask(&one, EndSession { session_id }).await.expect("an answer");
    assert_eq!(world.told("h2").await, Vec::<Value>::new());
}

#[actix::test]
async fn a_tablet_watches_its_sessions_devices_also_after_it_unlocked_them() {
    let world = World::new();
    let headset = world.headset("QUEST_001", "h1").await;
    let tablet = world.tablet("TABLET_01", "t1").await;
    let session_id = Some(created(&world, &tablet).await);
    world.ask(&tablet, UnlockAllDevices {}).await.expect("an answer");
    world.forget().await;
    world.ask(&headset, ReportRecording { is_recording: true }).await.expect("taken");
    assert_eq!(world.told("t1").await.len(), 2);
    world.disconnect(&tablet).await;
    let back = world.tablet("TABLET_01", "t1-again").await;
    world.ask(&headset, ReportRecording { is_recording: true }).await.expect("taken");
    assert_eq!(world.told("t1-again").await.len(), 2);
    world.ask(&back, EndSession { session_id }).await.expect("an answer");
    world.forget().await;
    world.ask(&headset, ReportRecording { is_recording: false }).await.expect("taken");
    assert_eq!(world.told("t1-again").await, Vec::<Value>::new());
}

#[actix::test]
async fn a_session_shows_what_its_devices_report_and_keeps_the_last_count() {
    let world = World::new();
    let headset = world.headset("QUEST_001", "h1").await;
    let tablet = world.tablet("TABLET_01", "t1").await;
    let report = |value: Value| ReportTelemetry { telemetry: hubbub_protocol::fleet::Telemetry::read(value).expect("a report") };
    world.ask(&headset, report(json!({ "frameCount": 9 }))).await.expect("taken");
    let session_id = created(&world, &tablet).await;
    world.clock.advance(1);
    world.ask(&tablet, StartSession { session_id: Some(session_id.clone()) }).await.expect("an answer");
    let status = async || world.get(GetSession { session_id: session_id.clone() }).await["session"]["deviceStatuses"][0].clone();
    assert_eq!(status().await["frameCount"], 0);
    world.ask(&headset, report(json!({ "frameCount": 5400, "isRecording": true }))).await.expect("taken");
    let shown = status().await;
    assert_eq!((&shown["frameCount"], &shown["isRecording"]), (&json!(5400), &json!(true)));
    assert_eq!(shown["deviceInfo"], json!({ "frameCount": 5400, "isRecording": true }));
    world.ask(&tablet, EndSession { session_id: Some(session_id.clone()) }).await.expect("an answer");
    world.ask(&headset, report(json!({ "frameCount": 9000, "isRecording": true }))).await.expect("taken");
    let shown = status().await;
    assert_eq!((&shown["frameCount"], &shown["isRecording"]), (&json!(5400), &json!(false)));
}
