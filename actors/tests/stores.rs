//! The blob store in a bucket, against servers that nobody here wrote. `tests/run stores` starts them and says where they are; an
//! ordinary `cargo test` leaves this file out (`test = false` in Cargo.toml).
//!
//! moto has every operation and checks no signature, so it is asked for all that every store does. s3s-fs checks them and is a sample: it
//! keeps no list of uploads, tells no etags of parts, and has files where keys are. It is asked for what it has, and whether it lets in
//! what is not as it was signed.

use std::env;

use bytes::Bytes;
use futures_util::stream;
use hubbub_actors::kit::blobs::*;

#[path = "../src/kit/blobs/suite.rs"]
mod suite;

/// The least that S3 takes for a part that is not the last: 5 MiB.
const PART_BYTES: usize = 5 * 1024 * 1024;

fn settings(server: &str) -> S3Settings {
    let variable = |name: &str| env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run this with `tests/run stores`"));
    S3Settings {
        bucket: variable("TESTED_BUCKET"),
        endpoint: Some(variable(server)),
        region: "us-east-1".into(),
        path_style: true,
        // As in tests/stores/src/main.rs.
        access_key_id: "tester".into(),
        secret_access_key: "a secret of the tests".into(),
    }
}

fn store(server: &str) -> S3Blobs {
    S3Blobs::new(&settings(server)).expect("good settings")
}

fn key(text: &str) -> Key {
    Key::parse(text).expect("a key")
}

/// Pieces of 100,000 bytes, `count` of them, each made when it is asked for.
fn pieces(count: u32) -> Chunks {
    Box::pin(stream::iter((0..count).map(|at| Ok(Bytes::from(at.to_le_bytes().repeat(25_000))))))
}

async fn read(store: &S3Blobs, name: &str, part: Part) -> Bytes {
    collect(store.get(&key(name), part).await.expect("there").body).await.expect("readable")
}

#[actix::test]
async fn moto_does_what_every_blob_store_does() {
    suite::run(&store("TESTED_MOTO"), PART_BYTES).await;
}

#[actix::test]
async fn s3s_does_what_every_store_of_whole_blobs_does() {
    let store = store("TESTED_S3S");
    suite::what_was_put_is_read_back_with_what_is_known_about_it(&store).await;
    suite::a_large_blob_streams_both_ways(&store).await;
    suite::parts_are_read(&store).await;
    suite::a_second_put_replaces_the_first(&store).await;
    suite::who_reads_the_old_blob_reads_it_to_its_end(&store).await;
    suite::a_body_that_breaks_off_changes_nothing(&store).await;
    suite::what_is_deleted_is_gone(&store).await;
    suite::a_blob_that_is_moved_replaces_what_was_there(&store).await;
}

#[actix::test]
async fn a_long_blob_goes_in_parts_and_comes_back_as_it_was() {
    for server in ["TESTED_S3S", "TESTED_MOTO"] {
        let store = store(server);

        let written = store.put(&key("long/ü 1"), "video/mp4", pieces(250)).await.expect("written");

        assert_eq!((written.size_bytes, written.content_type.as_str()), (25_000_000, "video/mp4"));
        assert_eq!(store.head(&key("long/ü 1")).await.expect("there"), written);
        let expected = collect(pieces(250)).await.expect("made");
        assert!(read(&store, "long/ü 1", Part::Whole).await == expected);
        let border = 8 * 1024 * 1024;
        assert!(
            read(&store, "long/ü 1", Part::From(border - 1, Some(border))).await
                == expected[border as usize - 1..=border as usize]
        );
    }
}

#[actix::test]
async fn a_long_body_that_breaks_off_leaves_no_upload() {
    let store = store("TESTED_MOTO");
    let broken = stream::once(async { Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)) });
    let body: Chunks = Box::pin(futures_util::StreamExt::chain(pieces(200), broken));

    let refused = store.put(&key("broken/long"), "video/mp4", body).await;

    assert!(matches!(refused, Err(BlobError::Source(_))));
    assert!(matches!(store.head(&key("broken/long")).await, Err(BlobError::NotFound)));
    // It is ended on a task of its own; each look gives that task its turn.
    while !store.uploads("broken/", None, 9).await.expect("a list").uploads.is_empty() {}
}

#[actix::test]
async fn lists_come_in_pages() {
    let store = store("TESTED_S3S");
    for name in ["pages/a", "pages/b/1", "pages/b/2", "pages/c"] {
        store.put(&key(name), "text/plain", once(Bytes::from_static(b"1"))).await.expect("written");
    }

    let first = store.list("pages/", None, 3).await.expect("a list");
    let second = store.list("pages/", first.blobs.last().map(|blob| &blob.key), 3).await.expect("a list");

    let names = |page: &Page| page.blobs.iter().map(|blob| blob.key.to_string()).collect::<Vec<_>>();
    assert_eq!((names(&first), first.has_more), (["pages/a", "pages/b/1", "pages/b/2"].map(str::to_owned).to_vec(), true));
    assert_eq!((names(&second), second.has_more), (vec!["pages/c".to_owned()], false));
}

#[actix::test]
async fn who_has_another_secret_is_not_let_in() {
    let settings = S3Settings { secret_access_key: "another secret".into(), ..settings("TESTED_S3S") };
    let store = S3Blobs::new(&settings).expect("good settings");

    let refused = store.head(&key("anything")).await.expect_err("refused");
    let also = store.put(&key("anything"), "text/plain", once(Bytes::new())).await.expect_err("refused");

    assert_eq!(refused.to_string(), "the blob store failed: S3 answered 403 ");
    assert_eq!(also.to_string(), "the blob store failed: S3 answered 403 SignatureDoesNotMatch");
}

#[actix::test]
async fn an_address_lets_in_its_part_and_nothing_else() {
    let store = store("TESTED_S3S");
    let upload = store.start(&key("signed/1"), "video/mp4").await.expect("begun");
    let url = store.presign(&upload, PartNumber::FIRST, 3600).at("unused");

    let answer = send(&url).await;

    assert_eq!(answer, (200, Some("\"5eb63bbbe01eeed093cb22bb8f5acdc3\"".to_owned())));
    let foreign = url.replace("signed/1", "signed/2");
    let changes = [
        url.replace("partNumber=1", "partNumber=2"),
        url.replace("X-Amz-Expires=3600", "X-Amz-Expires=36000"),
        url.replace(upload.id.as_str(), "00000000-0000-4000-8000-000000000000"),
        foreign,
        store.presign(&upload, PartNumber::FIRST, 0).at("unused"),
    ];
    for changed in changes {
        assert_eq!(send(&changed).await.0, 403, "{changed}");
    }
}

#[actix::test]
async fn parts_that_are_listed_without_etags_are_completed_as_they_were_named() {
    let store = store("TESTED_S3S");
    let upload = store.start(&key("unlisted/1"), "video/mp4").await.expect("begun");
    let part = store.put_part(&upload, PartNumber::FIRST, 11, once(Bytes::from_static(b"hello world"))).await.expect("written");
    let tag = |number: u64| PartTag { number: PartNumber::new(number).expect("a number"), etag: part.etag.clone() };

    let refused = store.complete(&upload, &[tag(1), tag(2)]).await.expect_err("there is one part");
    let completed = store.complete(&upload, &[tag(1)]).await.expect("completed");

    assert_eq!((refused.to_string(), completed.size_bytes), ("part 2 is not there as it is named".to_owned(), 11));
    assert_eq!(read(&store, "unlisted/1", Part::Whole).await, "hello world");
}

#[actix::test]
async fn an_address_of_moto_leads_to_its_part() {
    let store = store("TESTED_MOTO");
    let upload = store.start(&key("signed/ü 1"), "video/mp4").await.expect("begun");

    let answer = send(&store.presign(&upload, PartNumber::FIRST, 3600).at("unused")).await;

    assert_eq!(answer, (200, Some("\"5eb63bbbe01eeed093cb22bb8f5acdc3\"".to_owned())));
    let parts = store.parts(&upload, None, 9).await.expect("a list").parts;
    let named: Vec<_> = parts.iter().map(|part| PartTag { number: part.number, etag: part.etag.clone() }).collect();
    let completed = store.complete(&upload, &named).await.expect("completed");
    assert_eq!(completed.size_bytes, 11);
    assert_eq!(read(&store, "signed/ü 1", Part::Whole).await, "hello world");
    let location = reqwest::get(store.location(&key("signed/ü 1")).at("unused")).await.expect("an answer");
    assert_eq!(location.text().await.expect("a text"), "hello world");
}

/// Sends a part as a client does that knows nothing but the address.
async fn send(url: &str) -> (u16, Option<String>) {
    let answer = reqwest::Client::new().put(url).body("hello world").send().await.expect("an answer");
    let etag = answer.headers().get("etag").and_then(|etag| etag.to_str().ok()).map(str::to_owned);
    (answer.status().as_u16(), etag)
}
