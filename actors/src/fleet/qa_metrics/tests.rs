//! Runs as an actor makes them: what costs work, what is shown meanwhile, what goes wrong, and what is there after the process was killed.

use std::sync::atomic::Ordering;

use hubbub_protocol::fault::Fault;
use hubbub_protocol::fleet::qa_metrics::{CleanUpQaFiles, DiskUsage, GetQaSession, GetQaSummary};
use serde_json::{Value, json};

use super::state::Folder;
use super::*;
use crate::fleet::watched::Archive;
use crate::kit::ask::{Ask, ask};
use crate::kit::blobs::{BlobStore, Key};
use crate::kit::caller::Caller;
use crate::kit::store_tool::read_stored;

/// 200 frames that numpy wrote, of 2026-02-06.
const GOOD: &[u8] = include_bytes!("npz/tests/compressed.npz");

async fn put(archive: &Archive, folder: &str, data: &[u8]) {
    archive.put(&format!("sessions/{folder}/recording.mp4"), b"a video").await;
    archive.put(&format!("sessions/{folder}/session_data.npz"), data).await;
}

async fn delete(archive: &Archive, key: &str) {
    archive.blobs.delete(&Key::parse(key).expect("a key")).await.expect("deleted");
}

async fn refresh(archive: &Archive) -> Value {
    archive.ask(RefreshQaMetrics {}).await.expect("a reply")["data"].clone()
}

/// Returns each session with its status and its score.
fn scores(metrics: &Value) -> Vec<Value> {
    let sessions = metrics["sessions"].as_array().expect("a list").iter();
    sessions.map(|session| json!([session["sessionId"], session["status"], session["overallQualityScore"]])).collect()
}

async fn session(archive: &Archive, id: &str) -> Result<Value, Fault> {
    archive.ask(GetQaSession { session_id: id.to_owned() }).await
}

async fn until(mut is_so: impl FnMut() -> bool) {
    while !is_so() {
        tokio::task::yield_now().await;
    }
}

#[actix::test]
async fn every_folder_of_a_day_is_a_session() {
    let archive = Archive::new();
    put(&archive, "20260206_143052", GOOD).await;
    archive.put("sessions/20260205_120000/session_data.npz", GOOD).await;
    archive.put("sessions/20260204_120000/recording.mp4", b"a video").await;
    archive.put("sessions/20260203_120000/notes.txt", b"no part of a recording").await;
    put(&archive, "test", GOOD).await;
    let metrics = refresh(&archive).await;
    let expected = [
        json!(["20260206_143052", "complete", 94.99]),
        json!(["20260205_120000", "incomplete", 94.99]),
        json!(["20260204_120000", "incomplete", 0]),
    ];
    assert_eq!(scores(&metrics), expected);
    let overview = json!({ "totalSessions": 3, "completeSessions": 1, "lastUpdated": "2026-02-06T12:00:00.000Z" });
    assert_eq!(metrics["overview"], overview);
    assert_eq!(archive.ask(GetQaMetrics {}).await, Ok(metrics.clone()));
    let summary = json!({ "overview": overview, "aggregateStats": metrics["aggregateStats"], "sessionCount": 3 });
    assert_eq!(archive.ask(GetQaSummary {}).await, Ok(summary));
    assert_eq!(session(&archive, "20260206_143052").await.as_ref(), Ok(&metrics["sessions"][0]));
    for nobody in ["20260206_143053", "test", "..", ""] {
        assert_eq!(session(&archive, nobody).await, Err(GetQaSession::not_found()), "{nobody}");
    }
}

#[actix::test]
async fn only_new_versions_cost_work() {
    let archive = Archive::new();
    put(&archive, "20260206_143052", GOOD).await;
    put(&archive, "20260206_153052", b"no archive").await;
    refresh(&archive).await;
    assert_eq!(archive.gets(), 2);
    let before = refresh(&archive).await;
    assert_eq!(archive.gets(), 0);
    assert_eq!(scores(&before), [json!(["20260206_153052", "error", 0]), json!(["20260206_143052", "complete", 94.99])]);

    // One is replaced, one loses its video, one is new.
    put(&archive, "20260206_153052", GOOD).await;
    delete(&archive, "sessions/20260206_143052/recording.mp4").await;
    put(&archive, "20260206_163052", GOOD).await;
    let after = refresh(&archive).await;
    assert_eq!(archive.gets(), 2);
    let expected = [
        json!(["20260206_163052", "complete", 94.99]),
        json!(["20260206_153052", "complete", 94.99]),
        json!(["20260206_143052", "incomplete", 94.99]),
    ];
    assert_eq!(scores(&after), expected);
}

#[actix::test]
async fn a_session_that_is_deleted_is_forgotten() {
    let archive = Archive::new();
    put(&archive, "20260206_143052", GOOD).await;
    refresh(&archive).await;
    for name in ["recording.mp4", "session_data.npz"] {
        delete(&archive, &format!("sessions/20260206_143052/{name}")).await;
    }
    assert_eq!(refresh(&archive).await["sessions"], json!([]));
    assert_eq!(session(&archive, "20260206_143052").await, Err(GetQaSession::not_found()));
}

#[actix::test]
async fn who_comes_during_the_first_run_is_told_to_come_back_and_later_runs_are_not_noticed() {
    let archive = Archive::new();
    put(&archive, "20260206_143052", GOOD).await;
    archive.blobs.may_list.send_replace(false);
    assert_eq!(archive.ask(GetQaMetrics {}).await, Err(processing()));
    assert_eq!(archive.ask(GetQaMetrics {}).await, Err(processing()));
    assert_eq!(session(&archive, "20260206_143052").await, Err(processing()));
    assert_eq!(archive.ask(GetQaSummary {}).await.expect("a reply")["sessionCount"], 0);
    archive.blobs.may_list.send_replace(true);
    // It waits for the run that is under way.
    let first = refresh(&archive).await;
    assert_eq!((archive.blobs.lists.load(Ordering::SeqCst), archive.gets()), (1, 1));

    put(&archive, "20260206_153052", GOOD).await;
    archive.clock.advance(5 * 60_000 - 1);
    assert_eq!(archive.ask(GetQaMetrics {}).await.as_ref(), Ok(&first));
    assert_eq!(archive.blobs.lists.load(Ordering::SeqCst), 1);
    archive.clock.advance(1);
    archive.blobs.may_list.send_replace(false);
    assert_eq!(archive.ask(GetQaMetrics {}).await.as_ref(), Ok(&first));
    until(|| archive.blobs.lists.load(Ordering::SeqCst) == 2).await;
    assert_eq!(archive.ask(GetQaMetrics {}).await, Ok(first));
    archive.blobs.may_list.send_replace(true);
    assert_eq!(refresh(&archive).await["overview"]["totalSessions"], 2);
}

#[actix::test]
async fn a_session_is_shown_as_soon_as_a_first_run_has_come_to_it() {
    let archive = Archive::new();
    archive.put("sessions/20260205_120000/recording.mp4", b"a video").await;
    put(&archive, "20260206_143052", GOOD).await;
    archive.blobs.may_read.send_replace(false);
    let running = archive.ask(RefreshQaMetrics {});
    let looking = async {
        while session(&archive, "20260205_120000").await.is_err() {
            tokio::task::yield_now().await;
        }
        assert_eq!(session(&archive, "20260206_143052").await, Err(processing()));
        archive.blobs.may_read.send_replace(true);
    };
    let (refreshed, ()) = futures_util::future::join(running, looking).await;
    assert!(refreshed.is_ok());
    assert!(session(&archive, "20260206_143052").await.is_ok());
}

#[actix::test]
async fn a_store_that_fails_is_told_and_asked_again() {
    let archive = Archive::new();
    put(&archive, "20260206_143052", GOOD).await;
    archive.blobs.is_down.store(true, Ordering::SeqCst);
    assert_eq!(archive.ask(RefreshQaMetrics {}).await, Err(RefreshQaMetrics::failed()));
    assert_eq!(archive.ask(GetQaMetrics {}).await, Err(GetQaMetrics::failed()));
    archive.blobs.is_down.store(false, Ordering::SeqCst);
    let metrics = refresh(&archive).await;
    // What was shown is still shown.
    archive.blobs.is_down.store(true, Ordering::SeqCst);
    assert_eq!(archive.ask(RefreshQaMetrics {}).await, Err(RefreshQaMetrics::failed()));
    assert_eq!(archive.ask(GetQaMetrics {}).await, Ok(metrics));
}

#[actix::test]
async fn a_file_that_could_not_be_got_at_is_tried_again_and_one_that_was_read_stays_read() {
    let archive = Archive::new();
    put(&archive, "20260206_143052", GOOD).await;
    archive.blobs.is_unreadable.store(true, Ordering::SeqCst);
    assert_eq!(scores(&refresh(&archive).await), [json!(["20260206_143052", "error", 0])]);
    archive.blobs.is_unreadable.store(false, Ordering::SeqCst);
    assert_eq!(scores(&refresh(&archive).await), [json!(["20260206_143052", "complete", 94.99])]);
    archive.blobs.is_unreadable.store(true, Ordering::SeqCst);
    put(&archive, "20260206_143052", b"another version").await;
    assert_eq!(scores(&refresh(&archive).await), [json!(["20260206_143052", "complete", 94.99])]);
    archive.blobs.is_unreadable.store(false, Ordering::SeqCst);
    assert_eq!(scores(&refresh(&archive).await), [json!(["20260206_143052", "error", 0])]);
}

#[actix::test]
async fn after_a_kill_the_report_is_there_and_an_interrupted_run_goes_on() {
    let archive = Archive::new();
    put(&archive, "20260206_143052", GOOD).await;
    let metrics = refresh(&archive).await;
    let archive = archive.killed();
    assert_eq!(archive.ask(GetQaMetrics {}).await.as_ref(), Ok(&metrics));
    assert_eq!((archive.blobs.lists.load(Ordering::SeqCst), archive.gets()), (1, 1));

    put(&archive, "20260206_153052", GOOD).await;
    archive.blobs.may_list.send_replace(false);
    let begun = archive.deps.clone();
    actix_rt::spawn(async move { ask(&begun, Ask::new(Caller::anonymous(), RefreshQaMetrics {})).await.map(drop) });
    until(|| archive.blobs.lists.load(Ordering::SeqCst) == 2).await;
    let archive = archive.killed();
    wake(&archive.deps);
    until(|| archive.blobs.lists.load(Ordering::SeqCst) == 3).await;
    assert_eq!(archive.ask(GetQaMetrics {}).await, Ok(metrics));
    archive.blobs.may_list.send_replace(true);
    assert_eq!(refresh(&archive).await["overview"]["totalSessions"], 2);
}

#[actix::test]
async fn files_that_a_run_has_left_are_removed_at_the_start_and_by_a_clean_up() {
    let archive = Archive::new();
    let directory = archive.data.path().join("qa");
    let leave = |name: &str| {
        std::fs::create_dir_all(&directory).expect("a directory");
        std::fs::write(directory.join(name), [0; 1000]).expect("written");
    };
    leave("20260206_143052.npz");
    let cleaned = |files, bytes| json!({ "ok": true, "message": "All temp files cleaned up immediately", "diskUsage": { "files": files, "bytes": bytes } });
    assert_eq!(archive.ask(CleanUpQaFiles {}).await, Ok(cleaned(0, 0)), "the start was first");
    leave("20260206_143052.npz");
    leave("20260206_153052.npz");
    assert_eq!(archive.ask(CleanUpQaFiles {}).await, Ok(cleaned(2, 2000)));
    put(&archive, "20260206_143052", GOOD).await;
    refresh(&archive).await;
    assert_eq!(archive.ask(CleanUpQaFiles {}).await, Ok(cleaned(0, 0)), "a run removes its own");
}

#[actix::test]
async fn what_the_first_version_kept_is_still_read() {
    let archive = Archive::new();
    for line in include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/snapshots/v1/fleet_qa.jsonl")).lines() {
        let (kind, id, stored) = read_stored(line).expect("a line");
        archive.deps.snapshots().commit(Snapshot::new(kind, id, stored)).await.expect("committed");
    }
    let metrics = archive.ask(GetQaMetrics {}).await.expect("a report");
    let expected = [
        json!(["20260206_143052", "complete", 94.99]),
        json!(["20260205_120000", "incomplete", 0]),
        json!(["20260204_120000", "error", 0]),
    ];
    assert_eq!(scores(&metrics), expected);
    assert_eq!(metrics["overview"]["lastUpdated"], "2026-02-06T12:00:00.000Z");
}

#[test]
fn a_file_that_is_cleaned_up_while_it_is_read_is_read_to_its_end() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let folder = Folder::parse("20260206_143052").expect("a folder");
    let scratch = scratch::Scratch::create(&directory.path().join("qa"), &folder).expect("a file");
    let mut scratch = scratch.write(&GOOD[..1000]).and_then(|scratch| scratch.write(&GOOD[1000..])).expect("written");
    let cleaned = scratch::clean_up(&directory.path().join("qa")).expect("cleaned up");
    assert_eq!(cleaned, DiskUsage { files: 1, bytes: GOOD.len() as u64 });
    assert!(npz::measure(scratch.read().expect("readable")).is_ok());
}
