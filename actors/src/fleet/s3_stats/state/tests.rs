//! The document's example where it agrees with itself, identities for everything else, and a bucket of 100,000 objects.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const GIB: u64 = 1 << 30;
const MIB: u64 = 1 << 20;
/// 2026-02-06T12:00:00Z.
const NOON: Timestamp = Timestamp(1_770_379_200_000);
const DAY_MS: i64 = 86_400_000;

fn stats(objects: &[(&str, u64, Timestamp)]) -> Value {
    let mut tally = Tally::default();
    for (key, size, modified) in objects {
        tally.add(key, *size, *modified);
    }
    serde_json::to_value(tally.finish(NOON)).expect("a reply")
}

#[test]
fn an_empty_bucket_is_zeros() {
    let type_entry = json!({ "count": 0, "sizeGB": 0, "percentage": 0 });
    assert_eq!(
        stats(&[]),
        json!({
            "overview": { "totalFiles": 0, "totalSizeGB": 0, "totalSizeBytes": 0, "averageFileSizeMB": 0, "lastUpdated": "2026-02-06T12:00:00.000Z" },
            "byType": { "mp4": type_entry, "npz": type_entry, "zip": type_entry },
            "sessions": { "total": 0, "complete": 0, "incomplete": 0, "sessions": [] },
            "processedOutputs": { "count": 0, "sizeGB": 0, "files": [] },
            "timeline": [],
            "costs": { "currentMonthly": 0, "intelligentTiering": 0, "glacierDeepArchive": 0, "costPerSession": 0 },
            "insights": {
                "videoStats": { "count": 0, "minGB": 0, "maxGB": 0, "avgGB": 0, "medianGB": 0 },
                "npzStats": { "count": 0, "minMB": 0, "maxMB": 0, "avgMB": 0, "medianMB": 0 },
            },
        })
    );
}

#[test]
fn a_small_bucket_is_counted_in_every_way() {
    let before = NOON.minus(DAY_MS);
    let stats = stats(&[
        ("client_output/b.zip", GIB / 2, NOON),
        ("readme", 0, NOON),
        ("sessions/", 0, NOON),
        ("sessions/20260205_090000/recording.mp4", GIB, before),
        ("sessions/20260206_120000/", 0, NOON),
        ("sessions/20260206_120000/recording.MP4", 2 * GIB, NOON),
        ("sessions/20260206_120000/session_data.npz", 300 * MIB, NOON),
        ("sessions/20260206_120000/thumbs/1.jpg", MIB, NOON),
        ("sessions/stray.npz", 100 * MIB, NOON),
    ]);
    let bytes = 3 * GIB + GIB / 2 + 401 * MIB;
    assert_eq!(
        stats,
        json!({
            "overview": { "totalFiles": 7, "totalSizeGB": 3.89, "totalSizeBytes": bytes, "averageFileSizeMB": 569.3, "lastUpdated": "2026-02-06T12:00:00.000Z" },
            "byType": {
                "mp4": { "count": 2, "sizeGB": 3, "percentage": 77.1 },
                "npz": { "count": 2, "sizeGB": 0.39, "percentage": 10 },
                "zip": { "count": 1, "sizeGB": 0.5, "percentage": 12.8 },
                "jpg": { "count": 1, "sizeGB": 0, "percentage": 0 },
                "other": { "count": 1, "sizeGB": 0, "percentage": 0 },
            },
            "sessions": { "total": 2, "complete": 1, "incomplete": 1, "sessions": [
                { "id": "20260205_090000", "files": 1, "sizeGB": 1, "hasMp4": true, "hasNpz": false, "status": "incomplete" },
                { "id": "20260206_120000", "files": 3, "sizeGB": 2.29, "hasMp4": true, "hasNpz": true, "status": "complete" },
            ] },
            "processedOutputs": { "count": 1, "sizeGB": 0.5, "files": [{ "name": "b.zip", "sizeGB": 0.5, "date": "2026-02-06T12:00:00.000Z" }] },
            "timeline": [
                { "date": "2026-02-05", "files": 1, "sizeGB": 1, "mp4Count": 1, "npzCount": 0, "zipCount": 0 },
                { "date": "2026-02-06", "files": 6, "sizeGB": 2.89, "mp4Count": 1, "npzCount": 2, "zipCount": 1 },
            ],
            "costs": { "currentMonthly": 0.09, "intelligentTiering": 0.08, "glacierDeepArchive": 0, "costPerSession": 0.09 },
            "insights": {
                "videoStats": { "count": 2, "minGB": 1, "maxGB": 2, "avgGB": 1.5, "medianGB": 1.5 },
                "npzStats": { "count": 2, "minMB": 100, "maxMB": 300, "avgMB": 200, "medianMB": 200 },
            },
        })
    );
    let types: Vec<&str> = stats["byType"].as_object().expect("a map").keys().map(String::as_str).collect();
    assert_eq!(types, ["mp4", "npz", "zip", "jpg", "other"]);
}

/// The document's 456.78 GB in 180 recordings cost what it says they cost.
#[test]
fn the_prices_are_the_documents() {
    let costs = costs(45_678 * GIB / 100, 180);
    assert_eq!(
        costs,
        Costs {
            current_monthly: Fixed(1051),
            intelligent_tiering: Fixed(891),
            glacier_deep_archive: Fixed(45),
            cost_per_session: Fixed(58)
        }
    );
}

#[test]
fn an_ending_is_what_follows_the_last_dot() {
    let check = |name: &str, expected: &str| assert_eq!(ending(name), expected, "{name}");
    check("recording.mp4", "mp4");
    check("a.tar.GZ", "gz");
    check("readme", "other");
    check("a.", "other");
    check(".hidden", "hidden");
    check("a.b c", "other");
    check("a.ünï", "other");
    check(&format!("a.{}", "x".repeat(17)), "other");
}

#[test]
fn endings_without_end_share_one_entry() {
    let mut tally = Tally::default();
    for number in 0..10_000 {
        tally.add(&format!("a/{number}.e{number}"), 1, NOON);
    }
    let stats = tally.finish(NOON);
    assert_eq!(stats.by_type.len(), 3 + MAX_OTHER_ENDINGS + 1);
    assert_eq!(stats.by_type["other"].count, 10_000 - MAX_OTHER_ENDINGS as u64);
}

#[test]
fn the_middle_of_an_even_number_is_between_two() {
    let check = |sizes: &mut [u64], expected| assert_eq!(spread(sizes), expected);
    check(&mut [], [0, 0, 0]);
    check(&mut [7], [7, 7, 7]);
    check(&mut [9, 1], [1, 5, 9]);
    check(&mut [9, 1, 2], [1, 2, 9]);
    check(&mut [u64::MAX, u64::MAX], [u64::MAX, u64::MAX, u64::MAX]);
}

/// 25,000 recordings of two files with two others: everything that can be derived a second way agrees.
#[test]
fn a_hundred_thousand_objects_add_up() {
    let mut tally = Tally::default();
    let mut bytes = 0;
    for number in 0..25_000_u64 {
        let modified = NOON.plus(i64::try_from(number % 365).expect("small") * DAY_MS);
        for (name, size) in [("recording.mp4", 1000 + number), ("session_data.npz", 10), ("notes.txt", 1)] {
            tally.add(&format!("sessions/{number:08}_000000/{name}"), size, modified);
            bytes += size;
        }
        tally.add(&format!("client_output/{number}.zip"), 5, modified);
        bytes += 5;
    }
    let stats = tally.finish(NOON);
    assert_eq!((stats.overview.total_files, stats.overview.total_size_bytes), (100_000, bytes));
    assert_eq!((stats.sessions.total, stats.sessions.complete, stats.processed_outputs.count), (25_000, 25_000, 25_000));
    assert_eq!(stats.timeline.len(), 365);
    assert_eq!(stats.insights.video_stats.median_gb, Gigabytes(1000 + 12_499));
    check_identities(&stats);
}

fn check_identities(stats: &S3Stats) {
    let counts: u64 = stats.by_type.values().map(|entry| entry.count).sum();
    let sizes: u64 = stats.by_type.values().map(|entry| entry.size_gb.0).sum();
    assert_eq!((counts, sizes), (stats.overview.total_files, stats.overview.total_size_bytes));
    let days: (u64, u64) = stats.timeline.iter().fold((0, 0), |sum, day| (sum.0 + day.files, sum.1 + day.size_gb.0));
    assert_eq!(days, (stats.overview.total_files, stats.overview.total_size_bytes));
    let of_type = |count: fn(&TimelineEntry) -> u64| stats.timeline.iter().map(count).sum::<u64>();
    assert_eq!(of_type(|day| day.mp4_count), stats.by_type["mp4"].count);
    assert_eq!(of_type(|day| day.npz_count), stats.by_type["npz"].count);
    assert_eq!(of_type(|day| day.zip_count), stats.by_type["zip"].count);
    let outputs: u64 = stats.processed_outputs.files.iter().map(|file| file.size_gb.0).sum();
    assert_eq!(stats.processed_outputs.count, stats.processed_outputs.files.len() as u64);
    assert_eq!(outputs, stats.processed_outputs.size_gb.0);
    assert_eq!(stats.sessions.total, stats.sessions.sessions.len() as u64);
    assert_eq!(stats.sessions.total, stats.sessions.complete + stats.sessions.incomplete);
    assert!(stats.timeline.is_sorted_by(|before, after| before.date < after.date));
    assert!(stats.sessions.sessions.is_sorted_by(|before, after| before.id < after.id));
    let video = stats.insights.video_stats;
    assert!(video.min_gb <= video.median_gb && video.median_gb <= video.max_gb && video.avg_gb <= video.max_gb);
}

proptest! {
    #[test]
    fn any_bucket_adds_up(
        objects in proptest::collection::vec(("[a-c/]{0,3}(sessions/)?[a-b]{1,2}/?[a-z]{0,2}(\\.(mp4|npz|zip|txt))?", 0..1_u64 << 50, 0..1_i64 << 41), 0..60)
    ) {
        let mut tally = Tally::default();
        for (key, size, at) in &objects {
            tally.add(key, *size, Timestamp(*at));
        }
        check_identities(&tally.finish(NOON));
    }
}
