//! A panic in a device actor under load. The message that panics is the test's own: no hook is in the hub.

use actix::{Context, Handler, Message};
use futures_util::future::join_all;
use hubbub_actors::fleet::device::{Device, IsRecording};
use hubbub_protocol::fleet::DeviceId;
use serde_json::{Value, json};

use crate::harness::fleet::{connect, get, headset};
use crate::harness::hub::Hub;
use crate::harness::metrics;
use crate::harness::socket::Client;

const SETTINGS: &[(&str, &str)] = &[("LIMITS__SCALE", "0")];
const VICTIM: &str = "QUEST_000";
const DEVICES: &str = "kind=\"fleet.device\"";

/// A message whose handler has a bug.
#[derive(Message)]
#[rtype(result = "()")]
struct Explode;

impl Handler<Explode> for Device {
    type Result = ();

    fn handle(&mut self, _: Explode, _: &mut Context<Self>) {
        panic!("injected by a test");
    }
}

/// A hub whose victim is online, reports, has a name and is locked by a tablet.
struct Scene {
    hub: Hub,
    victim: Client,
    tablet: Client,
    before: Value,
}

impl Scene {
    async fn set() -> Self {
        let hub = Hub::start(SETTINGS).await;
        let base = hub.url("fleet");
        let victim = headset(base, VICTIM).await;
        assert_eq!(name(base, VICTIM, "Lab Quest").await.0, 200);
        let mut tablet = connect(base, "TABLET_000", "tablet").await;
        tablet.ask("tablet-lock-device", json!([VICTIM])).await;
        let mut before = get(base, &format!("/api/devices/{VICTIM}")).await;
        let device = &before["device"];
        assert_eq!((&device["isOnline"], &device["isLocked"]), (&json!(true), &json!(true)));
        assert_eq!(device["telemetry"], json!({ "batteryLevel": 0.5, "customName": "Lab Quest" }));
        forget_last_seen(&mut before);
        Self { hub, victim, tablet, before }
    }

    fn victim(&self) -> actix::Addr<Device> {
        let id = DeviceId::parse(VICTIM).expect("a good id");
        self.hub.deps.registry::<Device>().find(&id).expect("it is up")
    }

    /// Everything is as it was, and the device does what it is told.
    async fn is_as_before(&mut self) {
        let mut now = get(self.hub.url("fleet"), &format!("/api/devices/{VICTIM}")).await;
        forget_last_seen(&mut now);
        assert_eq!(now, self.before);
        let started = self.tablet.ask("tablet-start-recording", json!([VICTIM])).await;
        assert_eq!(started, json!([{ "success": true, "deviceId": VICTIM }]));
        self.victim.wait_for("on-tablet-start-recording").await;
        let mut other = connect(self.hub.url("fleet"), "TABLET_999", "tablet").await;
        let refused = other.ask("tablet-lock-device", json!([VICTIM])).await;
        assert_eq!(refused, json!([{ "deviceId": VICTIM, "reason": "Device locked by another tablet" }]));
        other.close().await;
    }
}

/// It moves with every message.
fn forget_last_seen(device: &mut Value) {
    device["device"]["lastSeen"].take();
}

/// Names a device; returns status and body.
async fn name(base: &str, device: &str, name: &str) -> (u16, Value) {
    let request = reqwest::Client::new().post(format!("{base}/api/devices/{device}/name")).json(&json!({ "customName": name }));
    let answer = request.send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.expect("a JSON body"))
}

#[tokio::test]
async fn a_panic_costs_one_message_and_nobody_else_anything() {
    let mut scene = Scene::set().await;
    let base = scene.hub.url("fleet").to_owned();
    let mut others = Vec::new();
    for number in 1..5 {
        let (headset, tablet) = (format!("QUEST_{number:03}"), format!("TABLET_{number:03}"));
        others.push(Bystander {
            headset: self::headset(&base, &headset).await,
            tablet: connect(&base, &tablet, "tablet").await,
            id: headset,
        });
    }
    let load = join_all(others.iter_mut().map(Bystander::work));
    let panics = async {
        for _ in 0..3 {
            let victim = scene.victim();
            let exploded = victim.send(Explode);
            let queued: Vec<_> = (0..50).map(|_| victim.send(IsRecording)).collect();
            assert!(exploded.await.is_err(), "the message that panics gets no answer");
            for answer in join_all(queued).await {
                assert_eq!(answer.ok(), Some(false), "what was queued behind it is answered");
            }
        }
    };
    tokio::join!(load, panics);
    scene.is_as_before().await;
    let restarts = metrics::read(scene.hub.url("ops"), "hubbub_actor_restarts_total", DEVICES).await;
    assert_eq!(restarts, 3.0);
    scene.hub.stop().await;
}

/// A headset and a tablet that have nothing to do with the victim.
struct Bystander {
    headset: Client,
    tablet: Client,
    id: String,
}

impl Bystander {
    async fn work(&mut self) {
        for number in 0..100 {
            let report = json!({ "frameCount": number }).to_string();
            assert_eq!(self.headset.try_ask("device-telemetry", json!([report])).await, Some(json!([])));
            let done = Some(json!([{ "deviceId": self.id }]));
            assert_eq!(self.tablet.try_ask("tablet-lock-device", json!([self.id])).await, done);
            assert_eq!(self.tablet.try_ask("tablet-unlock-device", json!([self.id])).await, done);
        }
    }
}

#[tokio::test]
async fn a_panic_storm_takes_the_device_down_for_a_while_and_then_it_is_back() {
    let mut scene = Scene::set().await;
    let (base, ops) = (scene.hub.url("fleet").to_owned(), scene.hub.url("ops").to_owned());
    let mut other = headset(&base, "QUEST_001").await;
    let victim = scene.victim();
    for _ in 0..5 {
        assert!(victim.send(Explode).await.is_err());
    }
    let down = json!({ "ok": false, "error": "restarting, try again", "retryAfter": 1 });
    assert_eq!(name(&base, VICTIM, "Other name").await, (503, down.clone()));
    assert_eq!(get(&base, &format!("/api/devices/{VICTIM}")).await, down);
    let refusal = json!([{ "code": "UNAVAILABLE", "message": "restarting, try again" }]);
    assert_eq!(scene.victim.ask("device-telemetry", json!(["{}"])).await, refusal);
    assert_eq!(metrics::read(&ops, "hubbub_actors_backing_off", DEVICES).await, 1.0);
    assert_eq!(metrics::read(&ops, "hubbub_actor_restarts_total", DEVICES).await, 4.0, "the fifth panic was one too many");
    assert_eq!(other.ask("device-telemetry", json!(["{}"])).await, json!([]), "another device is up");
    metrics::until(&ops, "hubbub_actors_backing_off", DEVICES, 0.0).await;
    scene.is_as_before().await;
    assert_eq!(name(&base, VICTIM, "Other name").await.0, 200);
    scene.hub.stop().await;
}
