//! `PUT /_store/…`: parts of uploads at the addresses that were signed for them.

use std::sync::Arc;

use hubbub::fleet::store::Store;
use hubbub_actors::kit::blobs::{BlobStore, Key, PartNumber, PartTag, Upload};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::support::{UNLIMITED, check_refused, send, start};
use crate::harness::hub::Hub;

const REFUSED: &str = "Signature expired or invalid";
const WRONG_LENGTH: &str = "A part must have its Content-Length of 1 to 10485760 bytes";

/// The hub's files, as its actors have them.
fn blobs(hub: &Hub) -> Arc<dyn BlobStore> {
    Arc::clone(&hub.deps.extension::<Store>().blobs)
}

async fn begin(hub: &Hub) -> Upload {
    let key = Key::parse("sessions/20260206_120000/recording.mp4").expect("a key");
    blobs(hub).start(&key, "video/mp4").await.expect("an upload")
}

/// Returns path and query for a part.
fn address(hub: &Hub, upload: &Upload, number: u16, valid_secs: u32) -> String {
    let number = PartNumber::new(number).expect("a number");
    blobs(hub).presign(upload, number, valid_secs).at("")
}

/// Returns number, tag and length of every part that is there.
async fn parts(hub: &Hub, upload: &Upload) -> Vec<(u16, String, u64)> {
    let page = blobs(hub).parts(upload, None, 100).await.expect("an upload");
    page.parts.into_iter().map(|part| (part.number.get(), part.etag, part.size_bytes)).collect()
}

/// Sends a request's text as it is, says that nothing follows, and returns what comes back.
async fn raw(hub: &Hub, request: &str) -> String {
    let mut stream = TcpStream::connect(hub.url("fleet").trim_start_matches("http://")).await.expect("a connection");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let _already_closed = stream.shutdown().await;
    let mut answer = String::new();
    let _reset = stream.read_to_string(&mut answer).await;
    answer
}

#[tokio::test]
async fn a_part_comes_in_at_its_address_and_its_tag_is_answered() {
    let hub = Hub::start(&[]).await;
    let upload = begin(&hub).await;

    let answer = send(&hub, "PUT", &address(&hub, &upload, 2, 3600), &[], "two").await;

    // The MD5 of the content, as in S3.
    let tag = "b8a9f715dbb64fd5c56e7783c6820a61";
    assert_eq!((answer.line().as_str(), answer.header("etag")), ("200 ", format!("\"{tag}\"").as_str()));
    assert_eq!(answer.header("ratelimit-limit"), "", "2,000 parts of a recording are no flood");
    assert_eq!(parts(&hub, &upload).await, [(2, tag.to_owned(), 3)]);
    // Sent again, it is replaced; then it is the whole.
    assert_eq!(send(&hub, "PUT", &address(&hub, &upload, 2, 3600), &[], "again").await.status, 200);
    let [(_, tag, 5)] = &parts(&hub, &upload).await[..] else { panic!("one part") };
    let whole = PartTag { number: PartNumber::new(2).expect("a number"), etag: tag.clone() };
    assert_eq!(blobs(&hub).complete(&upload, &[whole]).await.expect("completed").size_bytes, 5);
    hub.stop().await;
}

#[tokio::test]
async fn an_address_that_was_not_signed_for_it_is_refused_before_the_body() {
    let hub = start(&[]).await;
    let upload = begin(&hub).await;
    let good = address(&hub, &upload, 1, 3600);
    let expired = address(&hub, &upload, 1, 0);
    let wrong = [
        good.replace("partNumber=1", "partNumber=2"),
        good.replace("recording.mp4", "session_data.npz"),
        good.replace("20260206_120000", "20260206_120001"),
        good.replace("Expires=3600", "Expires=360000"),
        good.replace(upload.id.as_str(), "another"),
        good.split_once('?').expect("a query").0.to_owned(),
        "/_store/".to_owned(),
        expired,
    ];
    for path in wrong {
        check_refused(&send(&hub, "PUT", &path, &[], "one").await, 403, REFUSED);
    }
    assert_eq!(parts(&hub, &upload).await, []);
    for method in ["GET", "POST", "DELETE"] {
        check_refused(&send(&hub, method, &good, &[], "").await, 404, "Not found");
    }
    hub.stop().await;
}

#[tokio::test]
async fn an_upload_that_has_ended_is_not_found() {
    let hub = start(&[]).await;
    let upload = begin(&hub).await;
    blobs(&hub).abort(&upload).await.expect("aborted");

    let answer = send(&hub, "PUT", &address(&hub, &upload, 1, 3600), &[], "one").await;

    check_refused(&answer, 404, "Upload not found");
    hub.stop().await;
}

#[tokio::test]
async fn a_part_says_how_long_it_is_and_keeps_its_word() {
    let hub = start(&[]).await;
    let upload = begin(&hub).await;
    let path = address(&hub, &upload, 1, 3600);
    let put = |headers: &str, body: &str| format!("PUT {path} HTTP/1.1\r\nHost: hub\r\n{headers}\r\n\r\n{body}");
    let ends = |answer: &str, status: &str, error: &str| {
        let body = json!({ "ok": false, "error": error }).to_string();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")) && answer.ends_with(&body), "{answer}");
    };

    ends(&raw(&hub, &put("Transfer-Encoding: chunked", "3\r\none\r\n0\r\n\r\n")).await, "411", "Content-Length is required");
    ends(&raw(&hub, &put("Content-Length: 0", "")).await, "400", WRONG_LENGTH);
    ends(&raw(&hub, &put("Content-Length: 10485761", "")).await, "400", WRONG_LENGTH);
    // A sender that breaks off is not there any more to be answered; what it sent is dropped.
    raw(&hub, &put("Content-Length: 4", "one")).await;

    assert_eq!(parts(&hub, &upload).await, []);
    let largest = vec![7; 10_485_760];
    assert_eq!(send(&hub, "PUT", &path, &[], largest).await.status, 200);
    hub.stop().await;
}

#[tokio::test]
async fn what_goes_over_the_quota_is_too_large() {
    let hub = start(&[("BLOBS__QUOTA_BYTES", "5")]).await;
    let upload = begin(&hub).await;
    assert_eq!(send(&hub, "PUT", &address(&hub, &upload, 1, 3600), &[], "one").await.status, 200);

    let answer = send(&hub, "PUT", &address(&hub, &upload, 2, 3600), &[], "two").await;

    check_refused(&answer, 413, "file_too_large");
    assert_eq!(parts(&hub, &upload).await.len(), 1);
    hub.stop().await;
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_may_send_a_part_and_read_its_tag() {
    let hub = start(&[("FLEET__CORS_ORIGINS", "https://dash.example")]).await;
    let upload = begin(&hub).await;
    let path = address(&hub, &upload, 1, 3600);
    let page = ("Origin", "https://dash.example");

    let preflight = send(&hub, "OPTIONS", &path, &[page, ("Access-Control-Request-Method", "PUT")], "").await;
    assert_eq!(preflight.line(), "204 ");
    assert_eq!(preflight.header("access-control-allow-origin"), "https://dash.example");
    assert_eq!(preflight.header("access-control-allow-methods"), "OPTIONS, PUT");
    let answer = send(&hub, "PUT", &path, &[page], "one").await;
    assert_eq!((answer.status.as_u16(), answer.header("access-control-allow-origin")), (200, "https://dash.example"));
    assert!(answer.header("access-control-expose-headers").split(", ").any(|name| name == "ETag"));

    let foreign = send(&hub, "PUT", &path, &[("Origin", "https://evil.example")], "two").await;
    check_refused(&foreign, 403, "Origin not allowed");
    hub.stop().await;
}

#[tokio::test]
async fn addresses_and_parts_are_good_after_a_restart_and_with_strict_access() {
    let hub = start(&[]).await;
    let upload = begin(&hub).await;
    let path = address(&hub, &upload, 2, 3600);
    assert_eq!(send(&hub, "PUT", &address(&hub, &upload, 1, 3600), &[], "one").await.status, 200);
    let data = Arc::clone(&hub.data);
    hub.stop().await;

    let hub = Hub::start_on(data, &[UNLIMITED, ("FLEET__ACCESS", "strict")]).await;

    assert_eq!(send(&hub, "PUT", &path, &[], "two").await.status, 200);
    assert_eq!(parts(&hub, &upload).await.len(), 2);
    hub.stop().await;
}
