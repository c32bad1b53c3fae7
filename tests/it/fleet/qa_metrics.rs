//! `/api/qa-metrics*`: how good the captures are. The data files are numpy's (`npz/make.py`).

use std::sync::Arc;

use hubbub_actors::kit::blobs::LocalBlobs;
use hubbub_actors::kit::clock::SystemClock;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::reports::{KEY, WITH_KEY, check_is_for_admins, get, link, posted, put, put_into, refusal, shown, start};
use super::support::{UNLIMITED, check_refused, redact};
use crate::harness::hub::Hub;
use crate::harness::metrics;
use crate::harness::process::Served;

const GOOD: &[u8] = include_bytes!("npz/good.npz");
const PICKLED: &[u8] = include_bytes!("npz/pickled.npz");
const HALF: &[u8] = include_bytes!("npz/half.npz");
const SQUARE: &[u8] = include_bytes!("npz/square.npz");
const BOMB: &[u8] = include_bytes!("npz/bomb.npz");

/// A recording of this folder with this data.
async fn record(hub: &Hub, folder: &str, data: &[u8]) {
    put(hub, &format!("sessions/{folder}/recording.mp4"), b"a video").await;
    put(hub, &format!("sessions/{folder}/session_data.npz"), data).await;
}

/// The good file as the routes show it.
fn good(folder: &str, status: &str) -> Value {
    json!({
        "sessionId": folder,
        "captureDate": "2026-02-06",
        "status": status,
        "stages": {
            "stage2_captureQuality": {
                "totalFrames": 200,
                "bothHandsNotInFramePercent": 2.5,
                "trackingErrorsPercent": 0.5,
                "handSpeedExceededPercent": 2,
                "validFramesPercent": 95,
                "score": 95,
            },
            "stage10_validationTests": {
                "npzIntegrityCheck": true,
                "frameCountCheck": true,
                "timestampConsistency": true,
                "score": 100,
            },
            "stage12_trackingConfidence": {
                "leftHandAvgConfidence": 0.9275,
                "rightHandAvgConfidence": 0.905,
                "overallAvgConfidence": 0.9163,
                "lowConfidenceFramesPercent": 7.5,
                "score": 91.63,
            },
        },
        "overallQualityScore": 94.99,
    })
}

/// A session without readable data.
fn unmarked(folder: &str, date: &str, status: &str) -> Value {
    json!({
        "sessionId": folder,
        "captureDate": date,
        "status": status,
        "stages": {
            "stage2_captureQuality": {
                "totalFrames": 0,
                "bothHandsNotInFramePercent": 0,
                "trackingErrorsPercent": 0,
                "handSpeedExceededPercent": 0,
                "validFramesPercent": 0,
                "score": 0,
            },
            "stage10_validationTests": {
                "npzIntegrityCheck": false,
                "frameCountCheck": false,
                "timestampConsistency": false,
                "score": 0,
            },
            "stage12_trackingConfidence": {
                "leftHandAvgConfidence": 0,
                "rightHandAvgConfidence": 0,
                "overallAvgConfidence": 0,
                "lowConfidenceFramesPercent": 0,
                "score": 0,
            },
        },
        "overallQualityScore": 0,
    })
}

#[tokio::test]
async fn the_metrics_are_the_admins() {
    check_is_for_admins(&[
        ("GET", "/api/qa-metrics"),
        ("GET", "/api/qa-metrics/summary"),
        ("GET", "/api/qa-metrics/20260206_143052"),
        ("POST", "/api/qa-metrics/refresh"),
        ("POST", "/api/qa-metrics/cleanup"),
    ])
    .await;
}

#[tokio::test]
async fn the_first_question_begins_a_run_and_is_asked_again() {
    let hub = start().await;
    record(&hub, "20260206_143052", GOOD).await;
    let summary = shown(&hub, "/api/qa-metrics/summary").await;
    let zeros = json!({ "avgCaptureQuality": 0, "avgTrackingConfidence": 0, "avgValidationScore": 0, "sessionsWithIssues": 0 });
    let overview = json!({ "totalSessions": 0, "completeSessions": 0, "lastUpdated": null });
    let nothing = json!({ "overview": overview, "aggregateStats": zeros, "sessionCount": 0 });
    assert_eq!(summary.to_string(), nothing.to_string());
    let answer = get(&hub, "/api/qa-metrics").await;
    let processing = json!({ "ok": false, "error": "Processing QA metrics, try again shortly", "retryAfter": 10 });
    assert_eq!((answer.line(), answer.header("retry-after")), (format!("503 {processing}"), "10"));
    // Whoever asks for a fresh look waits for the run.
    posted(&hub, "/api/qa-metrics/refresh").await;
    assert_eq!(get(&hub, "/api/qa-metrics").await.status.as_u16(), 200);
    assert_eq!(
        metrics::read(hub.url("ops"), "hubbub_qa_files_read_total", "system=\"fleet\"").await.to_bits(),
        1.0_f64.to_bits()
    );
    hub.stop().await;
}

#[tokio::test]
async fn every_route_shows_the_same_sessions() {
    let hub = start().await;
    record(&hub, "20260206_143052", GOOD).await;
    put(&hub, "sessions/20260206_120000/session_data.npz", GOOD).await;
    put(&hub, "sessions/20260205_120000/recording.mp4", b"a video").await;
    let refreshed = posted(&hub, "/api/qa-metrics/refresh").await;
    let overview = json!({ "totalSessions": 3, "completeSessions": 1, "lastUpdated": "<time>" });
    let aggregates =
        json!({ "avgCaptureQuality": 95, "avgTrackingConfidence": 91.63, "avgValidationScore": 100, "sessionsWithIssues": 1 });
    let sessions = [
        good("20260206_143052", "complete"),
        good("20260206_120000", "incomplete"),
        unmarked("20260205_120000", "2026-02-05", "incomplete"),
    ];
    let whole = json!({ "overview": overview, "sessions": sessions, "aggregateStats": aggregates });
    let expected = json!({ "ok": true, "message": "QA metrics refreshed", "data": whole });
    assert_eq!(redact(refreshed).to_string(), expected.to_string());
    assert_eq!(redact(shown(&hub, "/api/qa-metrics").await).to_string(), whole.to_string());
    let summary = json!({ "overview": overview, "aggregateStats": aggregates, "sessionCount": 3 });
    assert_eq!(redact(shown(&hub, "/api/qa-metrics/summary").await).to_string(), summary.to_string());
    for session in sessions {
        let path = format!("/api/qa-metrics/{}", session["sessionId"].as_str().expect("an id"));
        assert_eq!(shown(&hub, &path).await.to_string(), session.to_string());
    }
    for nobody in ["20260206_143053", "sessions", "20260206_143052%20", "20260206_143052%00"] {
        check_refused(&get(&hub, &format!("/api/qa-metrics/{nobody}")).await, 404, "Session not found");
    }
    hub.stop().await;
}

#[tokio::test]
async fn files_that_cannot_be_read_leave_the_others_alone() {
    let hub = start().await;
    let hostile: [&[u8]; 7] = [PICKLED, HALF, SQUARE, BOMB, &GOOD[..GOOD.len() / 2], b"", b"no archive at all"];
    let mut expected = Vec::new();
    for number in 0..50 {
        let folder = format!("20260206_{number:06}");
        let bad = if number % 5 == 0 { hostile.get(number / 5) } else { None };
        record(&hub, &folder, bad.unwrap_or(&GOOD)).await;
        expected.push(match bad {
            Some(_) => unmarked(&folder, "2026-02-06", "error"),
            None => good(&folder, "complete"),
        });
    }
    expected.reverse();
    let shown = posted(&hub, "/api/qa-metrics/refresh").await["data"].clone();
    assert_eq!(shown["sessions"], json!(expected));
    assert_eq!((&shown["overview"]["totalSessions"], &shown["overview"]["completeSessions"]), (&json!(50), &json!(43)));
    assert_eq!(shown["aggregateStats"]["sessionsWithIssues"], 7);
    let cleaned = posted(&hub, "/api/qa-metrics/cleanup").await;
    let nothing_left = json!({ "files": 0, "bytes": 0 });
    let expected = json!({ "ok": true, "message": "All temp files cleaned up immediately", "diskUsage": nothing_left });
    assert_eq!(cleaned.to_string(), expected.to_string());
    hub.stop().await;
}

#[tokio::test]
async fn a_restart_forgets_nothing_and_reads_nothing_again() {
    let hub = start().await;
    record(&hub, "20260206_143052", GOOD).await;
    posted(&hub, "/api/qa-metrics/refresh").await;
    let before = shown(&hub, "/api/qa-metrics").await;
    let data = Arc::clone(&hub.data);
    hub.stop().await;
    let hub = Hub::start_on(data, &[UNLIMITED, WITH_KEY]).await;
    assert_eq!(shown(&hub, "/api/qa-metrics").await, before);
    let after = posted(&hub, "/api/qa-metrics/refresh").await;
    assert_eq!(after["data"]["sessions"], before["sessions"]);
    assert_eq!(
        metrics::read(hub.url("ops"), "hubbub_qa_files_read_total", "system=\"fleet\"").await.to_bits(),
        0.0_f64.to_bits()
    );
    hub.stop().await;
}

#[tokio::test]
async fn a_store_that_fails_is_told() {
    let hub = start().await;
    record(&hub, "20260206_143052", GOOD).await;
    let damaged = hub.data.path().join("blobs/sessions/20260206_143052/recording.mp4~");
    std::fs::write(damaged, b"no blob").expect("written");
    let refresh = super::support::send(&hub, "POST", "/api/qa-metrics/refresh", &[KEY], "").await;
    assert_eq!(refresh.line(), refusal(500, "Failed to refresh QA metrics"));
    assert_eq!(get(&hub, "/api/qa-metrics").await.line(), refusal(500, "Failed to get QA metrics"));
    hub.stop().await;
}

#[tokio::test]
async fn a_run_that_was_killed_goes_on_and_does_nothing_twice() {
    const SESSIONS: u32 = 400;
    let data = Arc::new(TempDir::new().expect("a temporary directory"));
    let blobs = data.path().join("data/blobs");
    let store = LocalBlobs::open(&blobs, Arc::new(SystemClock)).expect("a store");
    let folder = |number: u32| format!("sessions/20260206_{number:06}");
    for (name, content) in [("recording.mp4", b"a video".as_slice()), ("session_data.npz", GOOD)] {
        put_into(&store, &format!("{}/{name}", folder(0)), content).await;
        link(&blobs, &format!("{}/{name}", folder(0)), (1..SESSIONS).map(|number| format!("{}/{name}", folder(number))));
    }
    put_into(&store, "sessions/20260207_000000/session_data.npz", PICKLED).await;

    let hub = Served::start_on(data, &[UNLIMITED, WITH_KEY]);
    let asking = reqwest::Client::new().post(format!("{}/api/qa-metrics/refresh", hub.url("fleet"))).header(KEY.0, KEY.1);
    // The answer goes down with the hub.
    tokio::spawn(asking.send());
    let mut done = 0.0;
    while done < 20.0 {
        done = hub.metric("hubbub_qa_run_sessions_done", "system=\"fleet\"").await;
    }
    let hub = Served::start_on(hub.kill(), &[UNLIMITED, WITH_KEY]);
    let all = f64::from(SESSIONS) + 1.0;
    assert!(done < all, "it was killed in the middle of its run");
    hub.until_metric("hubbub_qa_run_sessions_done", "system=\"fleet\"", all).await;
    let read = hub.metric("hubbub_qa_files_read_total", "system=\"fleet\"").await;
    assert!(read > 0.0 && read <= all - done, "{done} of {all} were done and {read} read after that");

    let asking = reqwest::Client::new().post(format!("{}/api/qa-metrics/refresh", hub.url("fleet"))).header(KEY.0, KEY.1);
    let shown: Value = asking.send().await.expect("an answer").json().await.expect("a JSON body");
    let overview = &shown["data"]["overview"];
    assert_eq!((&overview["totalSessions"], &overview["completeSessions"]), (&json!(SESSIONS + 1), &json!(SESSIONS)));
    assert_eq!(hub.metric("hubbub_qa_files_read_total", "system=\"fleet\"").await.to_bits(), read.to_bits());
    let reason = "the data of session `20260207_000000` cannot be read: `metadata` has pickled objects";
    assert!(hub.log().contains(reason), "the log says why");
}
