use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hubbub_protocol::contract::Event;
use hubbub_protocol::fault::Fault;
use hubbub_protocol::fleet::capture::{CreateSession, EndSession};
use hubbub_protocol::fleet::sessions::{GetSession, ListSessions};
use hubbub_protocol::fleet::uploads::chunked_upload::abort::AbortChunkedUpload;
use hubbub_protocol::fleet::uploads::chunked_upload::complete::CompleteChunkedUpload;
use hubbub_protocol::fleet::uploads::chunked_upload::presign_part::PresignPart;
use hubbub_protocol::fleet::uploads::chunked_upload::start::StartChunkedUpload;
use hubbub_protocol::fleet::uploads::chunked_upload::status::GetChunkedUpload;
use hubbub_protocol::fleet::uploads::{FileType, UploadTimestamp};
use hubbub_protocol::wire::args::Args;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::fleet::harness::World;
use crate::fleet::metrics::UploadError;
use crate::fleet::uploads::chunked_upload::ChunkedUpload;
use crate::fleet::uploads::{Transfer, part_arrived, start, upkeep};
use crate::kit::ask::{Ask, Routed};
use crate::kit::blobs::{Key, Part, PartNumber, Upload, UploadId, collect, once};
use crate::kit::caller::Caller;

mod elsewhere;

use elsewhere::Elsewhere;

const KEY: &str = "sessions/20260206_120000/recording.mp4";
const MIB: u64 = 1024 * 1024;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn not_found<T>() -> Result<T, Fault> {
    Err(Fault::not_found("Upload not found"))
}

impl World {
    /// Starts the upload of a video of two parts and returns the answer.
    async fn begin(&self) -> Value {
        let body = json!({ "timestamp": "20260206_120000", "fileType": "video", "fileSize": 11 * MIB });
        let body = serde_json::from_value::<StartChunkedUpload>(body).expect("decodes");
        json!(start(self.deps.clone(), Ask::new(Caller::anonymous(), body)).await.expect("it begins"))
    }

    /// Sends a request about an upload and returns the answer's JSON.
    async fn call<C: Routed + DeserializeOwned>(&self, id: &str, more: Value) -> Result<Value, Fault> {
        let mut body = json!({ "uploadId": id, "s3Key": KEY });
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        self.ask(&Caller::anonymous(), serde_json::from_value::<C>(body).expect("decodes")).await.map(|reply| json!(reply))
    }

    /// Puts a part past the hub.
    async fn put_elsewhere(&self, id: &str, number: u16, content: Vec<u8>) {
        let (upload, number) = (upload(id), PartNumber::new(number).expect("a number"));
        self.blobs.put_part(&upload, number, content.len() as u64, once(content.into())).await.expect("it is written");
    }

    /// Lets time pass until the session shows this.
    async fn until_seen(&self, session: &str, expected: &Value) {
        let mut looks = tokio::time::interval(Duration::from_secs(1));
        // An hour; the time is paused, and waits for the store.
        for _ in 0..3600 {
            looks.tick().await;
            if self.seen(session).await == *expected {
                return;
            }
        }
        panic!("the session shows {} instead of {expected}", self.seen(session).await);
    }

    async fn status(&self, id: &str) -> Result<Value, Fault> {
        self.call::<GetChunkedUpload>(id, json!({})).await
    }

    async fn complete(&self, id: &str, parts: &[Value]) -> Result<Value, Fault> {
        self.call::<CompleteChunkedUpload>(id, json!({ "parts": parts })).await
    }

    /// Puts a part as the hub's own address does, and returns it as clients name it.
    async fn put(&self, id: &str, number: u16, content: &'static str) -> Value {
        let (upload, number) = (upload(id), PartNumber::new(number).expect("a number"));
        let content = Bytes::from_static(content.as_bytes());
        let part = self.blobs.put_part(&upload, number, content.len() as u64, once(content)).await.expect("it is written");
        part_arrived(&self.deps, &upload, &part).await;
        json!({ "partNumber": number.get(), "etag": part.etag })
    }

    /// Creates a session with the upload's timestamp and returns its id.
    async fn session(&self, tablet: &Caller) -> String {
        let request = json!({ "deviceIds": ["QUEST_001"], "metadata": { "timestamp": "20260206_120000" } });
        let created = CreateSession::decode(&Args::of(&request)).expect("decodes");
        let answer = json!(self.ask(tablet, created).await.expect("an answer"));
        answer["sessionId"].as_str().expect("a session").to_owned()
    }

    async fn end(&self, tablet: &Caller, session: &str) {
        let end = EndSession::decode(&Args::of(&json!(session))).expect("decodes");
        self.ask(tablet, end).await.expect("an answer");
    }

    /// Returns a session's status in detail and in the list, and its upload's progress and status.
    async fn seen(&self, session: &str) -> Value {
        let detail = self.get(GetSession { session_id: session.to_owned() }).await["session"].clone();
        let listed = self.get(ListSessions {}).await["sessions"][0]["status"].clone();
        assert_eq!(listed, detail["status"]);
        let device = &detail["deviceStatuses"][0];
        json!([detail["status"], device["uploadProgress"], device["uploadStatus"]])
    }

    async fn content(&self) -> Option<Bytes> {
        let key = Key::parse(KEY).expect("a key");
        let blob = self.blobs.get(&key, Part::Whole).await.ok()?;
        Some(collect(blob.body).await.expect("its content"))
    }
}

fn upload(id: &str) -> Upload {
    Upload { key: Key::parse(KEY).expect("a key"), id: UploadId::parse(id).expect("an id") }
}

fn id(started: &Value) -> String {
    started["uploadId"].as_str().expect("an id").to_owned()
}

#[actix::test]
async fn parts_in_any_order_become_the_file() {
    let world = World::new();
    let started = world.begin().await;
    let id = id(&started);
    let urls = started["presignedUrls"].as_array().expect("a list");
    let is_address = |url: &Value| url["url"].as_str().is_some_and(|url| url.starts_with(&format!("http://hub/_store/{KEY}?")));
    assert!(urls.iter().all(is_address), "{started}");
    assert_eq!(
        started,
        json!({
            "ok": true, "uploadId": id, "s3Key": KEY, "totalParts": 2, "chunkSize": 10_485_760,
            "presignedUrls": [{ "partNumber": 1, "url": urls[0]["url"] }, { "partNumber": 2, "url": urls[1]["url"] }]
        })
    );
    assert_eq!(world.status(&id).await, Ok(json!({ "ok": true, "uploadId": id, "s3Key": KEY, "uploadedParts": [] })));
    let second = world.put(&id, 2, "world").await;
    let _replaced = world.put(&id, 1, "Hallo ").await;
    let first = world.put(&id, 1, "Hello ").await;
    let listed = json!([
        { "partNumber": 1, "etag": format!("\"{}\"", first["etag"].as_str().expect("a tag")), "size": 6 },
        { "partNumber": 2, "etag": format!("\"{}\"", second["etag"].as_str().expect("a tag")), "size": 5 },
    ]);
    assert_eq!(world.status(&id).await, Ok(json!({ "ok": true, "uploadId": id, "s3Key": KEY, "uploadedParts": listed })));
    let completed = world.complete(&id, &[second.clone(), first.clone()]).await.expect("it completes");
    assert_eq!(
        completed,
        json!({
            "ok": true, "s3Key": KEY, "bucket": "turing-robotics-datahub", "location": format!("http://hub/_store/{KEY}"),
            "etag": completed["etag"]
        })
    );
    assert_eq!(world.content().await.as_deref(), Some(&b"Hello world"[..]));
    // As if the answer was lost: the upload is over, and the file is there.
    assert_eq!(world.complete(&id, &[first, second]).await, not_found());
    assert_eq!(world.status(&id).await, not_found());
    assert_eq!(world.content().await.as_deref(), Some(&b"Hello world"[..]));
    assert_eq!(world.deps.registry::<ChunkedUpload>().list(), []);
}

#[actix::test]
async fn only_the_pair_that_was_given_out_names_an_upload() {
    let world = World::new();
    let id = id(&world.begin().await);
    let part = world.put(&id, 1, "a").await;
    let other = "sessions/20260206_120000/session_data.npz";
    for (id, key) in [(id.as_str(), other), ("unknown", KEY), (id.as_str(), "secrets.txt")] {
        let pair = json!({ "uploadId": id, "s3Key": key });
        let with = |more: Value| {
            let mut body = pair.clone();
            body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
            body
        };
        assert_eq!(world.call::<GetChunkedUpload>(id, pair.clone()).await, not_found(), "{pair}");
        assert_eq!(world.call::<PresignPart>(id, with(json!({ "partNumber": 1 }))).await, not_found(), "{pair}");
        assert_eq!(world.call::<CompleteChunkedUpload>(id, with(json!({ "parts": [part] }))).await, not_found(), "{pair}");
        assert_eq!(world.call::<AbortChunkedUpload>(id, pair.clone()).await, not_found(), "{pair}");
    }
    assert!(world.status(&id).await.is_ok());
}

#[actix::test]
async fn a_part_is_one_of_those_that_were_planned() {
    let world = World::new();
    let id = id(&world.begin().await);
    let presigned = world.call::<PresignPart>(&id, json!({ "partNumber": 2 })).await.expect("an address");
    assert_eq!(presigned, json!({ "ok": true, "partNumber": 2, "url": presigned["url"] }));
    for number in [0, 3, 10_001] {
        let refused = world.call::<PresignPart>(&id, json!({ "partNumber": number })).await;
        assert_eq!(refused, Err(Fault::invalid("Invalid part number")), "{number}");
    }
}

#[actix::test]
async fn a_file_is_made_of_all_its_parts_or_not_at_all() {
    let world = World::new();
    let id = id(&world.begin().await);
    let first = world.put(&id, 1, "a").await;
    let missing = json!({ "partNumber": 2, "etag": "abc" });
    let check = async |parts: &[Value], number: u64| {
        let refused = world.complete(&id, parts).await;
        assert_eq!(refused, Err(Fault::invalid(format!("Invalid part: {number}"))), "{parts:?}");
    };
    check(std::slice::from_ref(&first), 2).await;
    check(&[first.clone(), missing.clone()], 2).await;
    let second = world.put(&id, 2, "b").await;
    check(&[first.clone(), missing], 2).await;
    check(&[json!({ "partNumber": 1, "etag": second["etag"] }), second.clone()], 1).await;
    check(&[first.clone(), second.clone(), json!({ "partNumber": 3, "etag": "abc" })], 3).await;
    assert!(world.complete(&id, &[first, second]).await.is_ok());
}

#[actix::test]
async fn an_aborted_upload_leaves_nothing() {
    let world = World::new();
    let id = id(&world.begin().await);
    world.put(&id, 1, "a").await;
    let aborted = world.call::<AbortChunkedUpload>(&id, json!({})).await;
    assert_eq!(aborted, Ok(json!({ "ok": true, "message": "Upload aborted successfully" })));
    assert_eq!(world.status(&id).await, not_found());
    assert_eq!(world.call::<AbortChunkedUpload>(&id, json!({})).await, not_found());
    assert_eq!(world.blobs.uploads("", None, 10).await.expect("a list").uploads, []);
    assert_eq!(world.deps.registry::<ChunkedUpload>().list(), []);
}

#[actix::test]
async fn an_upload_goes_on_after_a_restart() {
    let world = World::new();
    let id = id(&world.begin().await);
    let first = world.put(&id, 1, "a").await;
    let world = world.restarted().await;
    upkeep::resume(&world.deps).await;
    assert_eq!(
        world.status(&id).await.expect("a status")["uploadedParts"][0]["etag"],
        json!(format!("\"{}\"", first["etag"].as_str().expect("a tag")))
    );
    let second = world.put(&id, 2, "b").await;
    assert!(world.complete(&id, &[first, second]).await.is_ok());
    assert_eq!(world.content().await.as_deref(), Some(&b"ab"[..]));
}

#[actix::test]
async fn after_a_day_an_upload_is_forgotten() {
    let world = World::new();
    let tablet = fleet(&world).await;
    let session = world.session(&tablet).await;
    let id = id(&world.begin().await);
    world.put(&id, 1, "a").await;
    world.clock.advance(DAY_MS - 1);
    upkeep::expire(&world.deps).await;
    assert!(world.status(&id).await.is_ok());
    world.clock.advance(1);
    assert_eq!(world.status(&id).await, not_found());
    upkeep::expire(&world.deps).await;
    assert_eq!(world.deps.registry::<ChunkedUpload>().list(), []);
    assert_eq!(world.blobs.uploads("", None, 10).await.expect("a list").uploads, []);
    assert_eq!(world.seen(&session).await, json!(["pending", 0, "failed"]));
}

/// A fleet of one headset and one tablet.
async fn fleet(world: &World) -> Caller {
    world.headset("QUEST_001", "h1").await;
    world.tablet("TABLET_01", "t1").await
}

#[actix::test]
async fn a_session_shows_how_far_its_upload_is() {
    let world = World::new();
    let tablet = fleet(&world).await;
    let session = world.session(&tablet).await;
    assert_eq!(world.seen(&session).await, json!(["pending", 0, "pending"]));
    let id = id(&world.begin().await);
    assert_eq!(world.seen(&session).await, json!(["pending", 0, "uploading"]));
    world.end(&tablet, &session).await;
    assert_eq!(world.seen(&session).await, json!(["uploading", 0, "uploading"]));
    let large = vec![b'a'; 4 * 1024 * 1024].leak();
    let large = std::str::from_utf8(large).expect("text");
    let first = world.put(&id, 1, large).await;
    assert_eq!(world.seen(&session).await, json!(["uploading", 36, "uploading"]));
    let second = world.put(&id, 2, large).await;
    let _again = world.put(&id, 2, large).await;
    assert_eq!(world.seen(&session).await, json!(["uploading", 72, "uploading"]));

    // What the session says outlives the process, and so does what the upload knows.
    let world = world.restarted().await;
    upkeep::resume(&world.deps).await;
    assert_eq!(world.seen(&session).await, json!(["uploading", 72, "uploading"]));
    world.complete(&id, &[first, second]).await.expect("it completes");
    assert_eq!(world.seen(&session).await, json!(["completed", 100, "completed"]));
    let world = world.restarted().await;
    assert_eq!(world.seen(&session).await, json!(["completed", 100, "completed"]));
}

#[actix::test]
async fn a_session_hears_of_an_upload_that_completed_while_the_hub_died() {
    let world = World::new();
    let tablet = fleet(&world).await;
    let session = world.session(&tablet).await;
    let body = json!({ "timestamp": "20260206_120000", "fileType": "video", "fileSize": 5 });
    let body = serde_json::from_value::<StartChunkedUpload>(body).expect("decodes");
    let started = json!(start(world.deps.clone(), Ask::new(Caller::anonymous(), body)).await.expect("it begins"));
    let id = id(&started);
    let part = world.put(&id, 1, "whole").await;
    let tags = [crate::kit::blobs::PartTag { number: PartNumber::FIRST, etag: part["etag"].as_str().expect("a tag").into() }];
    world.blobs.complete(&upload(&id), &tags).await.expect("the store completes it, and the hub dies");
    let world = world.restarted().await;
    assert_eq!(world.seen(&session).await, json!(["pending", 100, "uploading"]));
    upkeep::resume(&world.deps).await;
    assert_eq!(world.seen(&session).await, json!(["pending", 100, "completed"]));
    assert_eq!(world.complete(&id, &[part]).await, not_found());
}

#[actix::test]
async fn a_transfer_belongs_to_the_session_that_it_names() {
    let world = World::new();
    let tablet = fleet(&world).await;
    let session = world.session(&tablet).await;
    let timestamp = UploadTimestamp::parse("20260206_120000").expect("a timestamp");
    let other = UploadTimestamp::parse("other").expect("a timestamp");

    let mut transfer = Transfer::begin(&world.deps, Some(200));
    transfer.arrived(50).await;
    transfer.belongs_to(Some(&other), None).await;
    assert_eq!(world.seen(&session).await, json!(["pending", 0, "pending"]));
    transfer.belongs_to(Some(&timestamp), None).await;
    assert_eq!(world.seen(&session).await, json!(["pending", 25, "uploading"]));
    transfer.failed(UploadError::Store).await;
    assert_eq!(world.seen(&session).await, json!(["pending", 25, "failed"]));

    let mut transfer = Transfer::begin(&world.deps, None);
    world.clock.advance(1);
    transfer.belongs_to(Some(&other), Some(&session)).await;
    transfer.file_begins(FileType::Video);
    transfer.arrived(50).await;
    assert_eq!(world.seen(&session).await, json!(["pending", 0, "uploading"]));
    transfer.completed(&[(FileType::Video, 30), (FileType::Data, 20)]).await;
    assert_eq!(world.seen(&session).await, json!(["pending", 100, "completed"]));
}

#[actix::test]
async fn a_transfer_whose_client_went_away_has_failed() {
    let world = World::new();
    let tablet = fleet(&world).await;
    let session = world.session(&tablet).await;
    let mut transfer = Transfer::begin(&world.deps, Some(200));
    transfer.belongs_to(None, Some(&session)).await;
    // The process dies with it: nobody says how it ended.
    std::mem::forget(transfer);
    assert_eq!(world.seen(&session).await, json!(["pending", 0, "uploading"]));
    let world = world.restarted().await;
    assert_eq!(world.seen(&session).await, json!(["pending", 0, "failed"]));
}

#[actix::test]
async fn parts_that_pass_by_the_hub_are_looked_for_while_a_session_waits() {
    tokio::time::pause();
    let world = World::with(|wiring| wiring.files.blobs = Arc::new(Elsewhere(wiring.files.blobs.clone())));
    let tablet = fleet(&world).await;
    let session = world.session(&tablet).await;
    let started = world.begin().await;
    assert!(started["presignedUrls"][0]["url"].as_str().is_some_and(|url| url.starts_with("https://s3.example.com/")));
    let id = id(&started);
    world.put_elsewhere(&id, 2, vec![7; 1024 * 1024]).await;
    world.until_seen(&session, &json!(["pending", 9, "uploading"])).await;
    world.put_elsewhere(&id, 1, vec![7; 10 * 1024 * 1024]).await;
    world.until_seen(&session, &json!(["pending", 100, "uploading"])).await;
    let listed = world.status(&id).await.expect("a status");
    assert_eq!((&listed["uploadedParts"][0]["size"], &listed["uploadedParts"][1]["size"]), (&json!(10 * MIB), &json!(MIB)));
    let part = |at: usize| json!({ "partNumber": at + 1, "etag": listed["uploadedParts"][at]["etag"] });
    let completed = world.complete(&id, &[part(0), part(1)]).await.expect("it completes");
    assert_eq!(completed["location"], json!(format!("https://s3.example.com/_store/{KEY}")));
    assert_eq!(world.seen(&session).await, json!(["pending", 100, "completed"]));
}
