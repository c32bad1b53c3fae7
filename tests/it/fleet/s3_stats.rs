//! `/api/s3-stats*`: what is in the bucket, and what it costs.

use serde_json::{Value, json};

use super::reports::{check_is_for_admins, get, link, posted, put, refusal, shown, start};
use super::support::{is_time, redact};

const MIB: usize = 1 << 20;

/// A video of 3 MiB with its data of 1 MiB, a video alone, an output; and a picture of another system.
async fn fill(hub: &crate::harness::hub::Hub) {
    put(hub, "sessions/20260206_120000/recording.mp4", &vec![1; 3 * MIB]).await;
    put(hub, "sessions/20260206_120000/session_data.npz", &vec![2; MIB]).await;
    put(hub, "sessions/20260207_120000/recording.mp4", &vec![3; MIB]).await;
    put(hub, "outputs/20260206.zip", &vec![4; 3 * MIB]).await;
    put(hub, "quiz/avatars/somebody.png", &vec![5; MIB]).await;
}

#[tokio::test]
async fn the_statistics_are_the_admins() {
    check_is_for_admins(&[
        ("GET", "/api/s3-stats"),
        ("GET", "/api/s3-stats/overview"),
        ("GET", "/api/s3-stats/sessions"),
        ("GET", "/api/s3-stats/timeline"),
        ("POST", "/api/s3-stats/refresh"),
    ])
    .await;
}

#[tokio::test]
async fn an_empty_bucket_is_zeros() {
    let hub = start().await;
    let whole = shown(&hub, "/api/s3-stats").await;
    let overview =
        json!({ "totalFiles": 0, "totalSizeGB": 0, "totalSizeBytes": 0, "averageFileSizeMB": 0, "lastUpdated": "<time>" });
    let kind = json!({ "count": 0, "sizeGB": 0, "percentage": 0 });
    let expected = json!({
        "overview": overview,
        "byType": { "mp4": kind, "npz": kind, "zip": kind },
        "sessions": { "total": 0, "complete": 0, "incomplete": 0, "sessions": [] },
        "processedOutputs": { "count": 0, "sizeGB": 0, "files": [] },
        "timeline": [],
        "costs": { "currentMonthly": 0, "intelligentTiering": 0, "glacierDeepArchive": 0, "costPerSession": 0 },
        "insights": {
            "videoStats": { "count": 0, "minGB": 0, "maxGB": 0, "avgGB": 0, "medianGB": 0 },
            "npzStats": { "count": 0, "minMB": 0, "maxMB": 0, "avgMB": 0, "medianMB": 0 },
        },
    });
    assert_eq!(redact(whole).to_string(), expected.to_string());
    hub.stop().await;
}

#[tokio::test]
async fn the_whole_and_its_sections_agree_and_others_files_do_not_count() {
    let hub = start().await;
    fill(&hub).await;
    let whole = shown(&hub, "/api/s3-stats").await;
    let today = whole["timeline"][0]["date"].as_str().expect("a day").to_owned();
    let looked_at = whole["overview"]["lastUpdated"].as_str().expect("a time");
    assert!(is_time(looked_at) && looked_at.starts_with(&today), "{looked_at} is on {today}");
    let expected = json!({
        "overview": { "totalFiles": 4, "totalSizeGB": 0.01, "totalSizeBytes": 8 * MIB, "averageFileSizeMB": 2, "lastUpdated": "<time>" },
        "byType": {
            "mp4": { "count": 2, "sizeGB": 0, "percentage": 50 },
            "npz": { "count": 1, "sizeGB": 0, "percentage": 12.5 },
            "zip": { "count": 1, "sizeGB": 0, "percentage": 37.5 },
        },
        "sessions": { "total": 2, "complete": 1, "incomplete": 1, "sessions": [
            { "id": "20260206_120000", "files": 2, "sizeGB": 0, "hasMp4": true, "hasNpz": true, "status": "complete" },
            { "id": "20260207_120000", "files": 1, "sizeGB": 0, "hasMp4": true, "hasNpz": false, "status": "incomplete" },
        ] },
        "processedOutputs": { "count": 1, "sizeGB": 0, "files": [{ "name": "20260206.zip", "sizeGB": 0, "date": "<time>" }] },
        "timeline": [{ "date": today, "files": 4, "sizeGB": 0.01, "mp4Count": 2, "npzCount": 1, "zipCount": 1 }],
        "costs": { "currentMonthly": 0, "intelligentTiering": 0, "glacierDeepArchive": 0, "costPerSession": 0 },
        "insights": {
            "videoStats": { "count": 2, "minGB": 0, "maxGB": 0, "avgGB": 0, "medianGB": 0 },
            "npzStats": { "count": 1, "minMB": 1, "maxMB": 1, "avgMB": 1, "medianMB": 1 },
        },
    });
    assert_eq!(redact(whole.clone()).to_string(), expected.to_string());
    for section in ["overview", "sessions", "timeline"] {
        assert_eq!(shown(&hub, &format!("/api/s3-stats/{section}")).await, whole[section], "{section}");
    }
    hub.stop().await;
}

#[tokio::test]
async fn a_refresh_sees_what_the_cache_does_not() {
    let hub = start().await;
    let before = shown(&hub, "/api/s3-stats").await;
    fill(&hub).await;
    assert_eq!(shown(&hub, "/api/s3-stats").await, before);
    let refreshed = posted(&hub, "/api/s3-stats/refresh").await;
    let whole = shown(&hub, "/api/s3-stats").await;
    assert_eq!(whole["overview"]["totalFiles"], 4);
    assert_eq!(refreshed.to_string(), json!({ "ok": true, "success": true, "stats": whole }).to_string());
    hub.stop().await;
}

#[tokio::test]
async fn a_store_that_fails_is_told_in_the_documents_words() {
    let hub = start().await;
    fill(&hub).await;
    let damaged = hub.data.path().join("blobs/outputs/20260206.zip~");
    std::fs::write(damaged, b"no blob").expect("written");
    for path in ["", "/overview", "/sessions", "/timeline"] {
        let answer = get(&hub, &format!("/api/s3-stats{path}")).await;
        assert_eq!(answer.line(), refusal(500, "Failed to fetch S3 statistics"), "{path}");
    }
    hub.stop().await;
}

#[tokio::test]
async fn ten_thousand_objects_add_up() {
    const SESSIONS: usize = 4000;
    let hub = start().await;
    fill(&hub).await;
    let blobs = hub.data.path().join("blobs");
    let folder = |number: usize| format!("sessions/{:08}_{:06}", 20_200_101 + number % 28, number);
    let links = [
        ("sessions/20260206_120000/recording.mp4", "recording.mp4", SESSIONS),
        ("sessions/20260206_120000/session_data.npz", "session_data.npz", SESSIONS / 2),
        ("outputs/20260206.zip", "made.zip", SESSIONS),
    ];
    for (key, name, count) in links {
        link(&blobs, key, (0..count).map(|number| format!("{}/{name}", folder(number))));
    }
    let whole = posted(&hub, "/api/s3-stats/refresh").await["stats"].clone();
    let (files, bytes) = (4 + 10_000, 8 * MIB + (SESSIONS * 3 + SESSIONS / 2 + SESSIONS * 3) * MIB);
    assert_eq!((&whole["overview"]["totalFiles"], &whole["overview"]["totalSizeBytes"]), (&json!(files), &json!(bytes)));

    let sum =
        |list: &Value, key: &str| -> u64 { list.as_array().expect("a list").iter().filter_map(|one| one[key].as_u64()).sum() };
    let by_type: Vec<Value> = whole["byType"].as_object().expect("a map").values().cloned().collect();
    assert_eq!(sum(&json!(by_type), "count"), files);
    let percentages: f64 = by_type.iter().filter_map(|kind| kind["percentage"].as_f64()).sum();
    assert!((percentages - 100.0).abs() < 0.16, "{percentages}");
    let sessions = &whole["sessions"];
    assert_eq!((&sessions["total"], &sessions["complete"], &sessions["incomplete"]), (&json!(4002), &json!(2001), &json!(2001)));
    assert_eq!(sum(&sessions["sessions"], "files"), files - 1, "one output lies elsewhere");
    let ids: Vec<&str> = sessions["sessions"].as_array().expect("a list").iter().filter_map(|one| one["id"].as_str()).collect();
    assert!(ids.is_sorted() && ids.len() == 4002);
    assert_eq!(whole["processedOutputs"]["files"].as_array().map(Vec::len), Some(4001));
    assert_eq!(sum(&whole["timeline"], "files"), files);
    for (count, kind) in [("mp4Count", "mp4"), ("npzCount", "npz"), ("zipCount", "zip")] {
        assert_eq!(json!(sum(&whole["timeline"], count)), whole["byType"][kind]["count"], "{kind}");
    }
    #[expect(clippy::cast_precision_loss, reason = "a bucket of gigabytes")]
    let gib = bytes as f64 / f64::from(1 << 30);
    let close = |value: &Value, expected: f64, within: f64| {
        let value = value.as_f64().expect("a number");
        assert!((value - expected).abs() <= within, "{value} is {expected}");
    };
    close(&whole["overview"]["totalSizeGB"], gib, 0.0051);
    close(&whole["costs"]["currentMonthly"], gib * 0.023, 0.0051);
    close(&whole["costs"]["intelligentTiering"], gib * 0.0195, 0.0051);
    close(&whole["costs"]["glacierDeepArchive"], gib * 0.00099, 0.0051);
    close(&whole["costs"]["costPerSession"], whole["costs"]["currentMonthly"].as_f64().expect("a price") / 2001.0, 0.00051);
    let videos = json!({ "count": 4002, "minGB": 0, "maxGB": 0, "avgGB": 0, "medianGB": 0 });
    let data = json!({ "count": 2001, "minMB": 1, "maxMB": 1, "avgMB": 1, "medianMB": 1 });
    assert_eq!(whole["insights"], json!({ "videoStats": videos, "npzStats": data }));
    hub.stop().await;
}
