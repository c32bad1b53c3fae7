//! Counting as an actor: who waits for whom, how long a count is good, and what happens when the store does not answer.

use std::sync::atomic::Ordering;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::*;
use crate::fleet::uploads::upload_session::SPOOL;
use crate::fleet::watched::Archive;
use crate::kit::blobs::{Key, Listed};
use crate::kit::clock::{Clock, TestClock};

const MIB: usize = 1 << 20;

async fn overview(archive: &Archive) -> Value {
    archive.ask(GetS3Overview {}).await.expect("a reply")
}

fn lists(archive: &Archive) -> usize {
    archive.blobs.lists.swap(0, Ordering::SeqCst)
}

#[actix::test]
async fn every_file_counts_but_those_of_others_and_of_forms_that_are_not_complete() {
    let archive = Archive::new();
    archive.put("sessions/20260206_120000/recording.mp4", &[0; MIB]).await;
    archive.put("readme.txt", &[0; MIB]).await;
    archive.put("others/avatars/1.png", &[0; MIB]).await;
    archive.put(&format!("{SPOOL}/1/recording.mp4"), &[0; MIB]).await;
    let expected = json!({
        "totalFiles": 2, "totalSizeGB": 0, "totalSizeBytes": 2 * MIB, "averageFileSizeMB": 1, "lastUpdated": "2026-02-06T12:00:00.000Z",
    });
    assert_eq!(overview(&archive).await, expected);
}

#[actix::test]
async fn a_count_is_good_for_five_minutes_and_a_refresh_does_not_wait_for_them() {
    let archive = Archive::new();
    archive.put("a", b"1").await;
    assert_eq!(overview(&archive).await["totalFiles"], 1);
    archive.put("b", b"2").await;
    archive.clock.advance(5 * 60_000 - 1);
    assert_eq!(overview(&archive).await["totalFiles"], 1);
    archive.clock.advance(1);
    let later = overview(&archive).await;
    assert_eq!((&later["totalFiles"], &later["lastUpdated"]), (&json!(2), &json!("2026-02-06T12:05:00.000Z")));
    archive.put("c", b"3").await;
    let refreshed = archive.ask(RefreshS3Stats {}).await.expect("a reply");
    assert_eq!((&refreshed["ok"], &refreshed["stats"]["overview"]["totalFiles"]), (&json!(true), &json!(3)));
    assert_eq!(overview(&archive).await["totalFiles"], 3);
    assert_eq!(lists(&archive), 3);
    // A clock that was put back makes no count good for longer.
    archive.clock.set(TestClock::default().now().minus(1));
    overview(&archive).await;
    assert_eq!(lists(&archive), 1);
}

#[actix::test]
async fn who_asks_during_a_run_waits_for_the_same_one() {
    let archive = Archive::new();
    archive.put("a", b"1").await;
    archive.blobs.may_list.send_replace(false);
    let asking = join_all((0..50).map(|_| overview(&archive)));
    let opening = async {
        while archive.blobs.lists.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        archive.blobs.may_list.send_replace(true);
    };
    let (answers, refreshed, ()) = futures_util::future::join3(asking, archive.ask(RefreshS3Stats {}), opening).await;
    let stats = refreshed.expect("a reply")["stats"]["overview"].clone();
    assert!(answers.iter().all(|answer| *answer == stats), "{answers:?}");
    assert_eq!(lists(&archive), 1);
}

#[actix::test]
async fn a_store_that_fails_is_told_and_asked_again() {
    let archive = Archive::new();
    archive.put("a", b"1").await;
    archive.blobs.is_down.store(true, Ordering::SeqCst);
    assert_eq!(archive.ask(GetS3Stats {}).await, Err(fetch_failed()));
    assert_eq!(archive.ask(RefreshS3Stats {}).await, Err(fetch_failed()));
    archive.blobs.is_down.store(false, Ordering::SeqCst);
    assert_eq!(overview(&archive).await["totalFiles"], 1);
    // A refresh that fails takes nothing away.
    archive.blobs.is_down.store(true, Ordering::SeqCst);
    assert_eq!(archive.ask(RefreshS3Stats {}).await, Err(fetch_failed()));
    assert_eq!(overview(&archive).await["totalFiles"], 1);
}

#[actix::test]
async fn a_hundred_thousand_objects_come_in_pages() {
    let modified = TestClock::default().now();
    let key = |number: u32, name: &str| Key::parse(format!("sessions/{number:08}_000000/{name}")).expect("a key");
    let listed = (0..50_000).flat_map(|number| {
        ["recording.mp4", "session_data.npz"].map(|name| Listed { key: key(number, name), size_bytes: 10, modified })
    });
    let archive = Archive::listing(listed.collect());
    let stats = archive.ask(GetS3Stats {}).await.expect("a reply");
    assert_eq!(stats["overview"]["totalFiles"], 100_000);
    assert_eq!(stats["overview"]["totalSizeBytes"], 1_000_000);
    assert_eq!((&stats["sessions"]["total"], &stats["sessions"]["complete"]), (&json!(50_000), &json!(50_000)));
    assert_eq!((lists(&archive), archive.blobs.longest.load(Ordering::SeqCst)), (20, 5000));
}
