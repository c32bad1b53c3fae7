//! Connection state recovery on the fleet (`fleet.recovery`): every reliable event carries one more argument, by which a client
//! that lost its connection gets what it missed, under its old id and in its old rooms.

use serde_json::{Value, json};

use super::support::{connect, start, token};
use crate::harness::hub::Hub;
use crate::harness::socket::Client;

const RECOVERY: &[(&str, &str)] = &[("LIMITS__SCALE", "0"), ("FLEET__RECOVERY", "true")];

/// Returns an event's arguments without the offset, and the offset.
fn split(args: &Value) -> (Vec<Value>, String) {
    let mut args = args.as_array().expect("arguments").clone();
    let offset = args.pop().expect("one more argument");
    (args, offset.as_str().expect("an offset is a text").to_owned())
}

/// A tablet in the headset's room, and the offset of the last event it got.
async fn watching(hub: &Hub, auth: Value) -> (Client, String) {
    let mut tablet = Client::connect(hub.url("fleet"), auth).await;
    tablet.ask("tablet-connect-headset", json!(["QUEST_001"])).await;
    // An answer that comes after everything that joining the room has caused.
    tablet.emit("tablet-get-recording-status", json!(["QUEST_001"])).await;
    let (_, offset) = split(&tablet.wait_for("on-recording-inactive").await);
    (tablet, offset)
}

#[tokio::test]
async fn a_tablet_comes_back_with_what_it_missed_again_and_again() {
    let hub = start(RECOVERY).await;
    let mut headset = connect(&hub, "QUEST_001", "headset").await;
    headset.ask("headset-identify", json!(["QUEST_001"])).await;
    let token = token(&hub, "TABLET_01", "tablet").await;
    let (mut tablet, mut offset) = watching(&hub, json!({"token": token})).await;
    for round in 0..3 {
        let (id, private_id) = (tablet.id.clone(), tablet.private_id.clone());
        drop(tablet);
        headset.ask("headset-recording-state", json!([true])).await;
        headset.ask("headset-recording-state", json!([false])).await;
        tablet = Client::connect(hub.url("fleet"), json!({"token": token, "pid": private_id, "offset": offset})).await;
        assert_eq!((&tablet.id, &tablet.private_id), (&id, &private_id), "round {round}");
        for name in ["on-headset-recording-active", "on-headset-recording-inactive"] {
            let (args, _) = split(&tablet.wait_for(name).await);
            assert_eq!(args, Vec::<Value>::new());
        }
        headset.ask("headset-logs-processed", json!([])).await;
        (_, offset) = split(&tablet.wait_for("on-headset-logs-processed").await);
    }
    hub.stop().await;
}

#[tokio::test]
async fn a_stranger_does_not_get_another_tablets_place() {
    let hub = start(RECOVERY).await;
    let owner = token(&hub, "TABLET_01", "tablet").await;
    let (tablet, offset) = watching(&hub, json!({"token": owner})).await;
    for (id, kind) in [("TABLET_02", "tablet"), ("TABLET_01", "headset")] {
        let stranger = token(&hub, id, kind).await;
        let claim = json!({"token": stranger, "pid": tablet.private_id.clone(), "offset": offset});
        let other = Client::connect(hub.url("fleet"), claim).await;
        assert_ne!(other.id, tablet.id, "{id} as a {kind}");
        assert_ne!(other.private_id, tablet.private_id, "{id} as a {kind}");
    }
    hub.stop().await;
}
