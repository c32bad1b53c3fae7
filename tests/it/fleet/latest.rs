//! What gives way: frames and device states that are out of date, for viewers that read slowly; and nothing else.

use serde_json::json;

use super::stage::{Ears, QUEST_1, Stage};
use super::support;

#[tokio::test]
async fn a_subscriber_that_reads_slowly_skips_what_is_out_of_date() {
    const REPORTS: u64 = 400;
    let mut stage = Stage::set(&[]).await;
    stage.dashboard.ask("dashboard-subscribe", json!([])).await;
    let filling = "x".repeat(60_000);
    for number in 0..REPORTS {
        stage.quest.ask("device-telemetry", json!([{"number": number, "filling": filling}])).await;
    }
    let mut numbers = Vec::new();
    while numbers.last() != Some(&(REPORTS - 1)) {
        let update = stage.dashboard.wait_for("on-device-telemetry-updated").await;
        numbers.extend(update[0]["telemetry"]["number"].as_u64());
    }
    assert!(numbers.is_sorted() && numbers.len() < 400, "{numbers:?}");
    stage.dashboard.is_silent().await;
}

#[tokio::test]
async fn every_frame_is_delivered_or_counted_as_dropped() {
    const FRAMES: usize = 100;
    let mut stage = Stage::set(&[]).await;
    stage.tablet.ask("tablet-connect-headset", json!([QUEST_1])).await;
    for number in 0..FRAMES {
        stage.quest.emit("headset-frame", json!([number.to_string()])).await;
    }
    stage.quest.is_silent().await;
    let mut delivered = 0;
    for _twice in 0..2 {
        stage.tablet.emit("tablet-get-recording-status", json!([QUEST_1])).await;
        while stage.tablet.next_word().await.0 == "on-headset-frame-updated" {
            delivered += 1;
        }
    }
    assert!(delivered > 0);
    let scrape = support::get(&stage.hub, "/metrics").await.text;
    let line = format!("turing_frames_dropped_total {}", FRAMES - delivered);
    assert!(scrape.lines().any(|shown| shown == line), "{line} in {scrape}");
}

#[tokio::test]
async fn a_binary_frame_is_no_frame() {
    let mut stage = Stage::set(&[]).await;
    stage.tablet.ask("tablet-connect-headset", json!([QUEST_1])).await;
    stage.quest.raw().send(r#"451-["headset-frame",{"_placeholder":true,"num":0}]"#).await;
    stage.quest.raw().send_binary(&[0xff, 0xd8, 0xff]).await;
    let message = "Frame must be a string of at most 1048576 characters";
    stage.quest.hears("error", json!([{"code": "INVALID_FRAME_DATA", "message": message}])).await;
    stage.is_silent().await;
}
