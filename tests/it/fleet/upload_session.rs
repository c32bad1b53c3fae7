//! `POST /upload-session`: both files of a recording in one form.

use std::sync::Arc;

use hubbub::fleet::store::Store;
use hubbub_actors::kit::blobs::{BlobStore, Key, Part, collect, once};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::support::{UNLIMITED, body, check_refused, send, start};
use crate::harness::http::Answer;
use crate::harness::hub::Hub;
use crate::harness::metrics;
use crate::harness::process::Served;

const TIMESTAMP: Field<'_> = Field { name: "timestamp", file_name: None, content: b"20260206_120000" };
const SESSION_ID: Field<'_> = Field { name: "sessionId", file_name: None, content: b"take 7" };
const VIDEO: Field<'_> = Field { name: "video", file_name: Some("a.mp4"), content: b"a video" };
const DATA: Field<'_> = Field { name: "data", file_name: Some("b.npz"), content: b"some data" };
const VIDEO_KEY: &str = "sessions/20260206_120000/recording.mp4";
const DATA_KEY: &str = "sessions/20260206_120000/session_data.npz";
const BOUNDARY: &str = "a-boundary";
const TYPE: (&str, &str) = ("content-type", "multipart/form-data; boundary=a-boundary");

#[derive(Debug, Clone, Copy)]
struct Field<'a> {
    name: &'a str,
    file_name: Option<&'a str>,
    content: &'a [u8],
}

fn form(fields: &[Field<'_>]) -> Vec<u8> {
    let mut form = Vec::new();
    for field in fields {
        form.extend_from_slice(&head(field.name, field.file_name));
        form.extend_from_slice(field.content);
        form.extend_from_slice(b"\r\n");
    }
    form.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    form
}

fn head(name: &str, file_name: Option<&str>) -> Vec<u8> {
    let file_name = file_name.map(|name| format!("; filename=\"{name}\"")).unwrap_or_default();
    format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{file_name}\r\n\r\n").into_bytes()
}

async fn upload(hub: &Hub, fields: &[Field<'_>]) -> Answer {
    send(hub, "POST", "/upload-session", &[TYPE], form(fields)).await
}

fn blobs(hub: &Hub) -> Arc<dyn BlobStore> {
    Arc::clone(&hub.deps.extension::<Store>().blobs)
}

fn key(text: &str) -> Key {
    Key::parse(text).expect("a key")
}

async fn content(hub: &Hub, name: &str) -> Vec<u8> {
    let blob = blobs(hub).get(&key(name), Part::Whole).await.expect("it is there");
    collect(blob.body).await.expect("it can be read").to_vec()
}

/// Returns the keys of all files, and of all unfinished uploads.
async fn kept(hub: &Hub) -> (Vec<String>, Vec<String>) {
    let files = blobs(hub).list("", None, 100).await.expect("a list").blobs;
    let uploads = blobs(hub).uploads("", None, 100).await.expect("a list").uploads;
    let keys = files.into_iter().map(|file| file.key.to_string()).collect();
    (keys, uploads.into_iter().map(|unfinished| unfinished.upload.key.to_string()).collect())
}

/// Returns what the answer says about a file.
async fn stored(hub: &Hub, name: &str) -> Value {
    let etag = blobs(hub).head(&key(name)).await.expect("it is there").etag;
    let location = format!("{}/_store/{name}", hub.url("fleet").replace("127.0.0.1", "localhost"));
    json!({ "bucket": "turing-robotics-datahub", "key": name, "location": location, "etag": format!("\"{etag}\"") })
}

#[tokio::test]
async fn a_recording_comes_in_with_its_fields_in_any_order() {
    let hub = start(&[]).await;
    let fields = [TIMESTAMP, SESSION_ID, VIDEO, DATA];
    for first in 0..4 {
        for second in (0..4).filter(|at| *at != first) {
            for third in (0..4).filter(|at| *at != first && *at != second) {
                let fourth = 6 - first - second - third;
                let order = [first, second, third, fourth].map(|at| fields[at]);

                let answer = upload(&hub, &order).await;

                let expected = json!({
                    "ok": true,
                    "sessionId": "take 7",
                    "timestamp": "20260206_120000",
                    "mp4": stored(&hub, VIDEO_KEY).await,
                    "npz": stored(&hub, DATA_KEY).await,
                });
                assert_eq!(body(&answer).to_string(), expected.to_string());
                assert_eq!(content(&hub, VIDEO_KEY).await, VIDEO.content);
                assert_eq!(content(&hub, DATA_KEY).await, DATA.content);
                // Nothing else is left, wherever a file was before it had its name.
                assert_eq!(kept(&hub).await, (vec![VIDEO_KEY.to_owned(), DATA_KEY.to_owned()], Vec::new()));
                for name in [VIDEO_KEY, DATA_KEY] {
                    blobs(&hub).delete(&key(name)).await.expect("deleted");
                }
            }
        }
    }
    hub.stop().await;
}

#[tokio::test]
async fn a_file_of_many_parts_arrives_whole_before_and_after_its_timestamp() {
    let hub = start(&[]).await;
    let long: Vec<u8> = (0..5_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let video = Field { content: &long, ..VIDEO };
    let unknown = Field { name: "notes", file_name: None, content: &long[..1_000_000] };
    let empty = Field { content: b"", ..DATA };
    for order in [[TIMESTAMP, unknown, video, empty], [video, empty, unknown, TIMESTAMP]] {
        let answer = upload(&hub, &order).await;

        let session_id = body(&answer)["sessionId"].as_str().expect("a session").to_owned();
        assert!(session_id.len() == 13 && session_id.bytes().all(|digit| digit.is_ascii_digit()), "{session_id}");
        assert!(content(&hub, VIDEO_KEY).await == long);
        assert_eq!(content(&hub, DATA_KEY).await, b"");
        assert_eq!(kept(&hub).await, (vec![VIDEO_KEY.to_owned(), DATA_KEY.to_owned()], Vec::new()));
    }
    hub.stop().await;
}

#[tokio::test]
async fn a_form_that_is_wrong_leaves_everything_as_it_was() {
    let hub = start(&[]).await;
    blobs(&hub).put(&key(VIDEO_KEY), "video/mp4", once("the old one".into())).await.expect("written");
    let wrong_timestamp = Field { content: b"../../etc", ..TIMESTAMP };
    let no_timestamp = Field { content: b"", ..TIMESTAMP };
    let long_id = "x".repeat(101);
    let long_id = Field { content: long_id.as_bytes(), ..SESSION_ID };
    // Browsers send this where no file was chosen.
    let not_chosen = Field { file_name: Some(""), content: b"", ..DATA };
    let not_a_file = Field { file_name: None, ..DATA };
    let flood = vec![b'x'; 1_100_000];
    let flood = Field { name: "notes", file_name: None, content: &flood };
    let cases: [(&[Field<'_>], &str); 12] = [
        (&[], "timestamp field is required"),
        (&[VIDEO, DATA], "timestamp field is required"),
        (&[no_timestamp, VIDEO, DATA], "timestamp field is required"),
        (&[wrong_timestamp, VIDEO, DATA], "Invalid timestamp format"),
        (&[VIDEO, DATA, wrong_timestamp], "Invalid timestamp format"),
        (&[TIMESTAMP, VIDEO], "Both video and data files are required"),
        (&[DATA, TIMESTAMP], "Both video and data files are required"),
        (&[TIMESTAMP, VIDEO, not_chosen], "Both video and data files are required"),
        (&[TIMESTAMP, VIDEO, not_a_file], "Both video and data files are required"),
        (&[TIMESTAMP, VIDEO, VIDEO, DATA], "video was sent twice"),
        (&[TIMESTAMP, long_id, VIDEO, DATA], "Invalid sessionId (max 100 characters)"),
        (&[TIMESTAMP, VIDEO, DATA, flood], "Invalid input"),
    ];
    for (fields, error) in cases {
        check_refused(&upload(&hub, fields).await, 400, error);
        assert_eq!(kept(&hub).await, (vec![VIDEO_KEY.to_owned()], Vec::new()), "{fields:?}");
    }
    assert_eq!(content(&hub, VIDEO_KEY).await, b"the old one");
    hub.stop().await;
}

#[tokio::test]
async fn a_body_that_is_no_form_is_refused() {
    let hub = start(&[]).await;
    let post = async |headers, body: &str| send(&hub, "POST", "/upload-session", headers, body.to_owned()).await;
    check_refused(&post(&[], "").await, 400, "timestamp field is required");
    check_refused(&post(&[("content-type", "application/json")], "{}").await, 400, "timestamp field is required");
    check_refused(&post(&[TYPE], "what is this").await, 400, "Invalid input");
    check_refused(
        &post(&[TYPE], "--a-boundary\r\nContent-Disposition: form-data; name=\"video\"; f").await,
        400,
        "Invalid input",
    );
    // The headers of a field have room for a name, not for a flood.
    let flood = format!("--a-boundary\r\nX: {}", "x".repeat(200_000));
    check_refused(&post(&[TYPE], &flood).await, 400, "Invalid input");
    hub.stop().await;
}

#[tokio::test]
async fn what_there_is_no_room_for_is_too_large() {
    let hub = start(&[("BLOBS__QUOTA_BYTES", "10")]).await;
    check_refused(&upload(&hub, &[TIMESTAMP, VIDEO, DATA]).await, 413, "file_too_large");
    assert_eq!(kept(&hub).await, (Vec::new(), Vec::new()));
    // Two files of 20 GiB and a little more are announced, and not waited for.
    let request =
        format!("POST /upload-session HTTP/1.1\r\nHost: hub\r\nContent-Length: 42952000000\r\n{}: {}\r\n\r\n", TYPE.0, TYPE.1);
    let mut stream = connect(hub.url("fleet")).await;
    stream.write_all(request.as_bytes()).await.expect("sent");
    stream.shutdown().await.expect("no more comes");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.ends_with(r#"{"ok":false,"error":"file_too_large"}"#), "{answer}");
    hub.stop().await;
}

#[tokio::test]
async fn a_client_that_vanishes_leaves_nothing_behind() {
    let hub = start(&[]).await;
    for fields in [&[TIMESTAMP, VIDEO][..], &[VIDEO, TIMESTAMP]] {
        let mut stream = connect(hub.url("fleet")).await;
        let request =
            format!("POST /upload-session HTTP/1.1\r\nHost: hub\r\nContent-Length: 99999\r\n{}: {}\r\n\r\n", TYPE.0, TYPE.1);
        stream.write_all(request.as_bytes()).await.expect("sent");
        let whole = form(fields);
        stream.write_all(&whole[..whole.len() - 20]).await.expect("sent");
        // It is there, and then gone.
        while kept(&hub).await.1.is_empty() {
            tokio::task::yield_now().await;
        }
        drop(stream);
        while kept(&hub).await != (Vec::new(), Vec::new()) {
            tokio::task::yield_now().await;
        }
    }
    let ops = hub.url("ops");
    metrics::until(ops, "turing_upload_errors_total", "error_type=\"aborted\"", 2.0).await;
    metrics::until(ops, "turing_uploads_in_progress", "", 0.0).await;
    hub.stop().await;
}

#[tokio::test]
async fn what_came_in_is_counted_by_file() {
    let hub = start(&[]).await;
    assert_eq!(upload(&hub, &[DATA, VIDEO, TIMESTAMP]).await.status, 200);
    check_refused(&upload(&hub, &[TIMESTAMP]).await, 400, "Both video and data files are required");
    let ops = hub.url("ops");
    metrics::until(ops, "turing_upload_bytes_total", "file_type=\"video\"", 7.0).await;
    metrics::until(ops, "turing_upload_bytes_total", "file_type=\"data\"", 9.0).await;
    metrics::until(ops, "turing_upload_errors_total", "error_type=\"invalid_request\"", 1.0).await;
    metrics::until(ops, "turing_uploads_in_progress", "", 0.0).await;
    hub.stop().await;
}

#[tokio::test]
async fn ten_in_a_quarter_of_an_hour_are_taken_and_strict_access_asks_who_sends() {
    let hub = Hub::start(&[]).await;
    for _ in 0..10 {
        assert_eq!(upload(&hub, &[TIMESTAMP, VIDEO, DATA]).await.status, 200);
    }
    let refused = upload(&hub, &[TIMESTAMP, VIDEO, DATA]).await;
    assert_eq!((refused.status.as_u16(), refused.header("ratelimit-limit")), (429, "10"));
    hub.stop().await;

    let hub = Hub::start(&[UNLIMITED, ("FLEET__ACCESS", "strict")]).await;
    check_refused(&upload(&hub, &[TIMESTAMP, VIDEO, DATA]).await, 401, "Authentication required");
    hub.stop().await;
}

#[tokio::test]
async fn a_long_recording_takes_little_memory() {
    const PIECE: usize = 1_000_000;
    const PIECES: usize = 300;
    let hub = Served::start(&[UNLIMITED, ("LOG__LEVEL", "info")]);
    let mut before = head(VIDEO.name, VIDEO.file_name);
    before.extend_from_slice(&vec![1; PIECE]);
    let mut after = b"\r\n".to_vec();
    after.extend_from_slice(&form(&[DATA, TIMESTAMP]));
    let length = before.len() + PIECE * (PIECES - 1) + after.len();
    let request = format!(
        "POST /upload-session HTTP/1.1\r\nHost: hub\r\nConnection: close\r\nContent-Length: {length}\r\n{}: {}\r\n\r\n",
        TYPE.0, TYPE.1
    );
    let at_first = hub.resident_bytes();
    let mut at_most = at_first;

    let mut stream = connect(hub.url("fleet")).await;
    stream.write_all(request.as_bytes()).await.expect("sent");
    stream.write_all(&before).await.expect("sent");
    let piece = vec![2; PIECE];
    for _ in 1..PIECES {
        stream.write_all(&piece).await.expect("sent");
        at_most = at_most.max(hub.resident_bytes());
    }
    stream.write_all(&after).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");

    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let grown = at_most.max(hub.resident_bytes()) - at_first;
    assert!(grown < 64 * 1024 * 1024, "300 MB took {grown} bytes of memory");
}

async fn connect(url: &str) -> TcpStream {
    TcpStream::connect(url.trim_start_matches("http://")).await.expect("a connection")
}
