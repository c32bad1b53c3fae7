use std::io;

use bytes::Bytes;
use futures_util::{StreamExt, stream};

use super::answers::content_range;
use super::body::{SenderFault, exactly};
use super::*;
use crate::kit::blobs::UploadId;
use crate::kit::clock::Timestamp;

fn settings() -> S3Settings {
    S3Settings {
        bucket: "captures".into(),
        endpoint: None,
        region: "eu-west-1".into(),
        path_style: false,
        access_key_id: "AKIDEXAMPLE".into(),
        secret_access_key: "hunter2".into(),
    }
}

fn location(settings: &S3Settings) -> String {
    let key = Key::parse("a b/ü.mp4").expect("a key");
    S3Blobs::new(settings).expect("good settings").location(&key).at("unused")
}

#[test]
fn a_bucket_stands_before_the_host_or_in_the_path() {
    let elsewhere = |path_style, endpoint: &str| S3Settings { path_style, endpoint: Some(endpoint.into()), ..settings() };

    assert_eq!(location(&settings()), "https://captures.s3.eu-west-1.amazonaws.com/a%20b/%C3%BC.mp4");
    assert_eq!(
        location(&S3Settings { path_style: true, ..settings() }),
        "https://s3.eu-west-1.amazonaws.com/captures/a%20b/%C3%BC.mp4"
    );
    assert_eq!(location(&elsewhere(true, "http://minio:9000/")), "http://minio:9000/captures/a%20b/%C3%BC.mp4");
    assert_eq!(location(&elsewhere(false, "http://minio:9000/s3")), "http://captures.minio:9000/s3/a%20b/%C3%BC.mp4");
}

#[test]
fn an_address_of_a_part_is_one_of_the_bucket() {
    let upload = Upload { key: Key::parse("a b/1").expect("a key"), id: UploadId::parse("x+y").expect("an id") };
    let url = |settings: &S3Settings| {
        let store = S3Blobs::new(settings).expect("good settings");
        let url = store.presign(&upload, PartNumber::FIRST, 3600).at("unused");
        assert!(url.contains("X-Amz-Expires=3600") && url.contains("X-Amz-Signature=") && !url.contains("hunter2"), "{url}");
        url.split("&uploadId=").map(str::to_owned).collect::<Vec<_>>()
    };

    let hosted = url(&settings());
    let in_path = url(&S3Settings { path_style: true, ..settings() });

    assert!(hosted[0].starts_with("https://captures.s3.eu-west-1.amazonaws.com/a%20b/1?X-Amz-Algorithm="), "{hosted:?}");
    assert!(in_path[0].starts_with("https://s3.eu-west-1.amazonaws.com/captures/a%20b/1?X-Amz-Algorithm="), "{in_path:?}");
    assert_eq!((hosted[1].as_str(), in_path[1].as_str()), ("x%2By", "x%2By"));
}

#[test]
fn wrong_settings_say_what_is_wrong() {
    let check = |settings: S3Settings, expected: &str| {
        assert_eq!(S3Blobs::new(&settings).map(|_| ()).expect_err("wrong").to_string(), expected);
    };

    check(S3Settings { bucket: "a/b".into(), ..settings() }, "`a/b` is no name of a bucket");
    check(S3Settings { region: String::new(), ..settings() }, "the region is empty");
    check(S3Settings { secret_access_key: String::new(), ..settings() }, "the secret access key is empty");
    let endpoint = Some("minio:9000".into());
    check(S3Settings { endpoint, ..settings() }, "`minio:9000` is no address of a store: write https://host or http://host:port");
}

#[test]
fn nothing_prints_the_secret_by_accident() {
    let printed = format!("{:?}", settings());
    assert!(printed.contains("captures") && !printed.contains("hunter2"), "{printed}");
}

#[test]
fn a_range_is_asked_for_as_it_is_meant_or_not_at_all() {
    let check = |part, expected: Option<Option<&str>>| {
        assert_eq!(range_of(part).as_ref().map(|range| range.as_deref()), expected, "{part:?}");
    };

    check(Part::Whole, Some(None));
    check(Part::From(3, None), Some(Some("bytes=3-")));
    check(Part::From(3, Some(5)), Some(Some("bytes=3-5")));
    check(Part::From(5, Some(3)), None);
    check(Part::Last(4), Some(Some("bytes=-4")));
    check(Part::Last(0), None);
}

#[test]
fn times_and_ranges_are_read() {
    let noon = Timestamp(1_770_379_200_000);
    assert_eq!(time_of_header(Some("Fri, 06 Feb 2026 12:00:00 GMT")).expect("a time"), noon);
    assert_eq!(time_of_list(Some("2026-02-06T12:00:00.000Z")).expect("a time"), noon);
    assert_eq!(content_range("bytes 3-5/10").expect("a range"), (3, 10));
    for wrong in ["", "bytes */10", "bytes 3-5/*", "3-5/10"] {
        assert!(content_range(wrong).is_err(), "{wrong}");
    }
    assert_eq!(time_of_header(None).expect_err("none").to_string(), "the blob store failed: S3 sent a time that cannot be read");
}

/// What a body passes on, and how it ends.
async fn passed(pieces: &[&'static str], size_bytes: u64) -> (Vec<Bytes>, Option<String>) {
    let fault = SenderFault::default();
    let body = Box::pin(stream::iter(pieces.iter().map(|piece| Ok(Bytes::from_static(piece.as_bytes()))).collect::<Vec<_>>()));
    let mut watched = exactly(size_bytes, body, fault.clone());
    let mut passed = Vec::new();
    while let Some(Ok(piece)) = watched.next().await {
        passed.push(piece);
    }
    let ended = match fault.or(BlobError::NotFound) {
        BlobError::Source(error) => Some(error.to_string()),
        _ => None,
    };
    (passed, ended)
}

#[actix::test]
async fn a_body_of_another_length_never_looks_whole() {
    let (longer, shorter) = (Some("it is longer than announced".to_owned()), Some("it is shorter than announced".to_owned()));

    assert_eq!(passed(&["one", "", " two"], 7).await, (vec!["one".into(), " two".into()], None));
    assert_eq!(passed(&[], 0).await, (vec![], None));
    assert_eq!(passed(&["one"], 2).await, (vec![], longer.clone()));
    assert_eq!(passed(&["one", "x"], 3).await, (vec![], longer));
    assert_eq!(passed(&["one", "x"], 5).await, (vec!["one".into()], shorter));
}

#[actix::test]
async fn a_sender_that_breaks_off_is_told_from_a_store_that_fails() {
    let fault = SenderFault::default();
    let broken = stream::once(async { Err(io::Error::from(io::ErrorKind::ConnectionReset)) });

    let ended = exactly(5, Box::pin(broken), fault.clone()).next().await;

    assert_eq!(ended.expect("an end").expect_err("an error").kind(), io::ErrorKind::ConnectionReset);
    assert!(matches!(fault.or(BlobError::NotFound), BlobError::Source(error) if error.kind() == io::ErrorKind::ConnectionReset));
    assert!(matches!(fault.or(BlobError::NotFound), BlobError::NotFound));
}
