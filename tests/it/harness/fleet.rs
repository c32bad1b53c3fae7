//! Devices of the fleet as clients: a token, a socket, and for headsets the registration.

use serde_json::{Value, json};

use super::socket::Client;

/// Returns a token of the fleet at `base`.
pub async fn token(base: &str, id: &str, kind: &str) -> String {
    let body = json!({ "deviceId": id, "deviceType": kind });
    let request = reqwest::Client::new().post(format!("{base}/auth/device-token")).json(&body);
    let answer: Value = request.send().await.expect("an answer").json().await.expect("a JSON body");
    answer["token"].as_str().unwrap_or_else(|| panic!("no token in {answer}")).to_owned()
}

/// Connects a device.
pub async fn connect(base: &str, id: &str, kind: &str) -> Client {
    Client::connect(base, json!({ "token": token(base, id, kind).await })).await
}

/// Connects a headset, registers it, and has it report: a device shows its name in its telemetry.
pub async fn headset(base: &str, id: &str) -> Client {
    let mut headset = connect(base, id, "headset").await;
    headset.emit("headset-identify", json!([id])).await;
    headset.wait_for("on-headset-connected").await;
    assert_eq!(headset.ask("device-telemetry", json!([r#"{"batteryLevel":0.5}"#])).await, json!([]));
    headset
}

/// Returns the JSON body of a GET request.
pub async fn get(base: &str, path: &str) -> Value {
    reqwest::get(format!("{base}{path}")).await.expect("an answer").json().await.expect("a JSON body")
}
