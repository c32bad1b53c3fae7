//! `/chunked-upload/*`: a file in parts over presigned addresses, from its start to its end, over restarts and `kill -9`.

use std::sync::Arc;

use hubbub_actors::fleet::Wiring;
use hubbub_actors::fleet::uploads::blob_key;
use hubbub_actors::kit::blobs::{BlobStore, Key, LocalBlobs, Part, PartNumber, Upload, UploadId, collect};
use hubbub_actors::kit::clock::SystemClock;
use hubbub_protocol::fleet::uploads::S3Key;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::support::{body, check_refused, connect, get, headset, post, send, start};
use crate::harness::http::Answer;
use crate::harness::hub::Hub;
use crate::harness::process::Served;

const KEY: &str = "sessions/20260206_120000/recording.mp4";
const MIB: u64 = 1024 * 1024;
/// How large the video of most tests is said to be: three parts. What is sent is shorter, which is the client's business.
const SIZE: u64 = 25 * MIB;

/// An upload as its client knows it.
struct Client {
    base: String,
    id: String,
    urls: Vec<String>,
    tags: Vec<Value>,
}

impl Client {
    /// Starts the upload of a video.
    async fn begin(base: &str, file_size: u64) -> Self {
        let request = json!({"timestamp": "20260206_120000", "fileType": "video", "fileSize": file_size, "fileName": "x.mp4"});
        let started = json_of(call(base, "/chunked-upload/start", &request).await);
        let urls = started["presignedUrls"].as_array().expect("a list").iter().map(|part| text(&part["url"])).collect();
        Self { base: base.to_owned(), id: text(&started["uploadId"]), urls, tags: Vec::new() }
    }

    /// Returns the pair that names it, with more fields.
    fn pair(&self, more: &Value) -> Value {
        with(&json!({"uploadId": self.id, "s3Key": KEY}), more)
    }

    /// Sends a part to its address and remembers its tag in the place of an older one.
    async fn put(&mut self, number: usize, content: impl Into<reqwest::Body>) {
        let url = self.urls.get(number - 1).expect("an address").clone();
        self.put_to(&url, number, content).await;
    }

    async fn put_to(&mut self, url: &str, number: usize, content: impl Into<reqwest::Body>) {
        let answer = reqwest::Client::new().put(url).body(content).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        let tag = answer.headers().get("etag").expect("a tag").to_str().expect("text").to_owned();
        self.tags.retain(|part| part["partNumber"] != json!(number));
        self.tags.push(json!({"partNumber": number, "etag": tag}));
    }

    /// Returns a new address of a part.
    async fn presign(&self, number: usize) -> String {
        let answer = call(&self.base, "/chunked-upload/presign-part", &self.pair(&json!({"partNumber": number}))).await;
        text(&json_of(answer)["url"])
    }

    /// Returns number and tag of every part that is there, as a client needs them to complete it.
    async fn parts(&self) -> Vec<Value> {
        let status = json_of(self.status().await);
        let parts = status["uploadedParts"].as_array().expect("a list");
        parts.iter().map(|part| json!({"partNumber": part["partNumber"], "etag": part["etag"]})).collect()
    }

    async fn status(&self) -> Answer {
        let url = format!("{}/chunked-upload/status?uploadId={}&s3Key={KEY}", self.base, self.id);
        answer(reqwest::get(url).await.expect("an answer")).await
    }

    async fn complete(&self, parts: &[Value]) -> Answer {
        call(&self.base, "/chunked-upload/complete", &self.pair(&json!({"parts": parts}))).await
    }
}

async fn call(base: &str, path: &str, request: &Value) -> Answer {
    let sent = reqwest::Client::new().post(format!("{base}{path}")).json(request).send();
    answer(sent.await.expect("an answer")).await
}

async fn answer(response: reqwest::Response) -> Answer {
    let (status, headers) = (response.status(), response.headers().clone());
    Answer { status, headers, text: response.text().await.expect("a whole body") }
}

fn json_of(answer: Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text);
    serde_json::from_str(&answer.text).expect("a JSON body")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is a text")).to_owned()
}

fn with(object: &Value, more: &Value) -> Value {
    let mut object = object.clone();
    object.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    object
}

fn blobs(hub: &Hub) -> Arc<dyn BlobStore> {
    Arc::clone(&Wiring::of(&hub.deps).files.blobs)
}

fn key() -> Key {
    blob_key(&S3Key::parse(KEY).expect("a key"))
}

async fn content(hub: &Hub) -> String {
    let blob = blobs(hub).get(&key(), Part::Whole).await.expect("the file");
    assert_eq!(blob.head.content_type, "video/mp4");
    String::from_utf8(collect(blob.body).await.expect("its content").to_vec()).expect("text")
}

#[tokio::test]
async fn a_file_comes_in_parts_in_any_order_and_is_whole() {
    let hub = start(&[]).await;
    let request = json!({"timestamp": "20260206_120000", "fileType": "video", "fileSize": SIZE, "fileName": "../../etc/passwd"});
    let started = body(&post(&hub, "/chunked-upload/start", &request).await);
    let url = |number: usize| started["presignedUrls"][number - 1]["url"].clone();
    let id = text(&started["uploadId"]);
    let expected = json!({
        "ok": true, "uploadId": id, "s3Key": KEY, "totalParts": 3, "chunkSize": 10_485_760,
        "presignedUrls": [
            {"partNumber": 1, "url": url(1)}, {"partNumber": 2, "url": url(2)}, {"partNumber": 3, "url": url(3)}
        ]
    });
    assert_eq!(started.to_string(), expected.to_string());
    let mut client = Client {
        base: hub.url("fleet").to_owned(),
        id: id.clone(),
        urls: [1, 2, 3].map(|number| text(&url(number))).to_vec(),
        tags: Vec::new(),
    };
    for url in &client.urls {
        assert!(url.starts_with("http://localhost:") && url.contains("X-Amz-Expires=3600&X-Amz-Signature="), "{url}");
    }
    client.put(3, "three").await;
    client.put(1, "to be sent again").await;
    client.put(1, "one, ").await;
    let presigned = body(&post(&hub, "/chunked-upload/presign-part", &client.pair(&json!({"partNumber": 2}))).await);
    assert_eq!(presigned.to_string(), json!({"ok": true, "partNumber": 2, "url": presigned["url"]}).to_string());
    client.put_to(&text(&presigned["url"]), 2, "two, ").await;
    let [three, one, two] = &client.tags[..] else { panic!("three parts, not {:?}", client.tags) };
    let status = body(&client.status().await);
    let expected = json!({
        "ok": true, "uploadId": id, "s3Key": KEY,
        "uploadedParts": [
            {"partNumber": 1, "etag": one["etag"], "size": 5}, {"partNumber": 2, "etag": two["etag"], "size": 5},
            {"partNumber": 3, "etag": three["etag"], "size": 5}
        ]
    });
    assert_eq!(status.to_string(), expected.to_string());
    let completed = body(&client.complete(&client.tags).await);
    let location = format!("{}/_store/{KEY}", client.urls[0].split("/_store/").next().expect("an origin"));
    let expected = json!({
        "ok": true, "s3Key": KEY, "bucket": "turing-robotics-datahub", "location": location, "etag": completed["etag"]
    });
    assert_eq!(completed.to_string(), expected.to_string());
    assert!(text(&completed["etag"]).starts_with('"'));
    assert_eq!(content(&hub).await, "one, two, three");

    // An answer that was lost: the upload is over, and the file is there.
    for answer in [client.complete(&client.tags).await, client.status().await] {
        check_refused(&answer, 404, "Upload not found");
    }
    assert_eq!(content(&hub).await, "one, two, three");
    hub.stop().await;
}

#[tokio::test]
async fn a_part_that_is_missing_or_another_one_is_named() {
    let hub = start(&[]).await;
    let mut client = Client::begin(hub.url("fleet"), SIZE).await;
    for (number, content) in [(1, "a"), (2, "b"), (3, "c")] {
        client.put(number, content).await;
    }
    let [one, two, three] = &client.tags[..] else { panic!("three parts") };
    let wrong = json!({"partNumber": 2, "etag": one["etag"]});
    let foreign = json!({"partNumber": 4, "etag": one["etag"]});
    for (parts, number) in [
        (vec![one, two], 3),
        (vec![one, three], 2),
        (vec![one, &wrong, three], 2),
        (vec![one, two, two, three], 2),
        (vec![one, two, three, &foreign], 4),
    ] {
        let parts: Vec<Value> = parts.into_iter().cloned().collect();
        check_refused(&client.complete(&parts).await, 400, &format!("Invalid part: {number}"));
    }
    // None of it has done any harm; tags may come without their quotes.
    let bare = |part: &Value| json!({"partNumber": part["partNumber"], "etag": text(&part["etag"]).trim_matches('"')});
    assert_eq!(client.complete(&[bare(three), bare(two), bare(one)]).await.status, 200);
    assert_eq!(content(&hub).await, "abc");
    hub.stop().await;
}

#[tokio::test]
async fn requests_are_refused_in_the_documents_words() {
    let hub = start(&[]).await;
    let client = Client::begin(hub.url("fleet"), SIZE).await;
    let pair = client.pair(&json!({}));
    let part = json!({"partNumber": 1, "etag": "abc"});
    let check = async |route: &str, request: Value, status: u16, error: &str| {
        let answer = post(&hub, &format!("/chunked-upload/{route}"), &request).await;
        check_refused(&answer, status, error);
    };
    let missing = "Missing required fields: timestamp, fileType, fileSize";
    check("start", json!({}), 400, missing).await;
    check("start", json!({"timestamp": "a", "fileType": "video", "fileSize": "7"}), 400, missing).await;
    let file_type = "fileType must be \"video\" or \"data\"";
    check("start", json!({"timestamp": "a", "fileType": "audio", "fileSize": 7}), 400, file_type).await;
    check("start", json!({"timestamp": "../a", "fileType": "data", "fileSize": 7}), 400, "Invalid timestamp format").await;
    let too_large = json!({"timestamp": "a", "fileType": "data", "fileSize": 104_857_600_001_u64});
    check("start", too_large, 400, "File too large. Max 10000 chunks of 10MB").await;
    let missing = "Missing required fields: uploadId, s3Key, partNumber";
    check("presign-part", pair.clone(), 400, missing).await;
    for number in [json!(0), json!(4), json!(1.5), json!(10_001)] {
        check("presign-part", client.pair(&json!({"partNumber": number})), 400, "Invalid part number").await;
    }
    let missing = "Missing required fields: uploadId, s3Key, parts (array of {partNumber, etag})";
    check("complete", client.pair(&json!({"parts": []})), 400, missing).await;
    check("complete", client.pair(&json!({"parts": [{"partNumber": 1}]})), 400, "Each part must have partNumber and etag").await;
    check("abort", json!({"uploadId": client.id}), 400, "Missing required fields: uploadId, s3Key").await;
    let answer = get(&hub, &format!("/chunked-upload/status?uploadId={}", client.id)).await;
    check_refused(&answer, 400, "Missing required query params: uploadId, s3Key");

    let data = "sessions/20260206_120000/session_data.npz";
    for (id, key) in [(client.id.as_str(), data), (client.id.as_str(), "secrets.txt"), ("unknown", KEY)] {
        let pair = json!({"uploadId": id, "s3Key": key});
        check("presign-part", with(&pair, &json!({"partNumber": 1})), 404, "Upload not found").await;
        check("complete", with(&pair, &json!({"parts": [part]})), 404, "Upload not found").await;
        check("abort", pair, 404, "Upload not found").await;
        let answer = get(&hub, &format!("/chunked-upload/status?uploadId={id}&s3Key={key}")).await;
        check_refused(&answer, 404, "Upload not found");
    }
    assert_eq!(client.status().await.status, 200);
    hub.stop().await;
}

#[tokio::test]
async fn an_address_is_good_for_its_part_and_for_its_time() {
    let hub = start(&[]).await;
    let client = Client::begin(hub.url("fleet"), SIZE).await;
    let good = client.urls[0].split_once("/_store/").map(|(_, rest)| format!("/_store/{rest}")).expect("an address");
    let upload = Upload { key: key(), id: UploadId::parse(client.id.as_str()).expect("an id") };
    let expired = blobs(&hub).presign(&upload, PartNumber::FIRST, 0).at("");
    for wrong in [good.replace("partNumber=1", "partNumber=2"), good.replace("recording.mp4", "session_data.npz"), expired] {
        check_refused(&send(&hub, "PUT", &wrong, &[], "a").await, 403, "Signature expired or invalid");
    }
    assert_eq!(client.parts().await, Vec::<Value>::new());
    assert_eq!(send(&hub, "PUT", &good, &[], "a").await.status, 200);
    assert_eq!(client.parts().await.len(), 1);
    hub.stop().await;
}

#[tokio::test]
async fn an_aborted_upload_is_gone_with_its_parts() {
    let hub = start(&[]).await;
    let mut client = Client::begin(hub.url("fleet"), SIZE).await;
    client.put(1, "a").await;
    let aborted = body(&post(&hub, "/chunked-upload/abort", &client.pair(&json!({}))).await);
    assert_eq!(aborted.to_string(), json!({"ok": true, "message": "Upload aborted successfully"}).to_string());
    check_refused(&client.status().await, 404, "Upload not found");
    let late = reqwest::Client::new().put(&client.urls[1]).body("b").send().await.expect("an answer");
    check_refused(&answer(late).await, 404, "Upload not found");
    assert_eq!(blobs(&hub).uploads("", None, 10).await.expect("a list").uploads, []);
    hub.stop().await;
}

#[tokio::test]
async fn ten_thousand_addresses_are_given_at_once() {
    let hub = start(&[]).await;
    let client = Client::begin(hub.url("fleet"), 10_000 * 10 * MIB).await;
    assert_eq!(client.urls.len(), 10_000);
    for (at, number) in [(0, 1), (4_999, 5_000), (9_999, 10_000)] {
        assert!(client.urls[at].contains(&format!("?partNumber={number}&")), "{}", client.urls[at]);
    }
    hub.stop().await;
}

#[tokio::test]
async fn a_session_and_the_metrics_show_how_far_an_upload_is() {
    let hub = start(&[]).await;
    let _quest = headset(&hub, "QUEST_001").await;
    let mut tablet = connect(&hub, "TABLET_001", "tablet").await;
    let request = json!({"deviceIds": ["QUEST_001"], "metadata": {"timestamp": "20260206_120000"}});
    let session = text(&tablet.ask("tablet-create-session", json!([request])).await[0]["sessionId"]);
    let seen = async || {
        let session = body(&get(&hub, &format!("/api/sessions/{session}")).await)["session"].clone();
        let listed = body(&get(&hub, "/api/sessions").await)["sessions"][0]["status"].clone();
        assert_eq!(listed, session["status"]);
        json!([session["status"], session["deviceStatuses"][0]["uploadProgress"], session["deviceStatuses"][0]["uploadStatus"]])
    };
    assert_eq!(seen().await, json!(["pending", 0, "pending"]));
    let lost = Client::begin(hub.url("fleet"), SIZE).await;
    assert_eq!(seen().await, json!(["pending", 0, "uploading"]));
    assert_eq!(post(&hub, "/chunked-upload/abort", &lost.pair(&json!({}))).await.status, 200);
    assert_eq!(seen().await, json!(["pending", 0, "failed"]));

    let mut client = Client::begin(hub.url("fleet"), 11 * MIB).await;
    tablet.ask("tablet-end-session", json!([session])).await;
    assert_eq!(seen().await, json!(["uploading", 0, "uploading"]));
    client.put(1, vec![7; 10 * 1024 * 1024]).await;
    assert_eq!(seen().await, json!(["uploading", 90, "uploading"]));
    check_metrics(&hub, 1, 1, None).await;
    check_refused(&client.complete(&client.tags).await, 400, "Invalid part: 2");
    client.put(2, vec![7; 1024 * 1024]).await;
    assert_eq!(seen().await, json!(["uploading", 100, "uploading"]));
    assert_eq!(client.complete(&client.tags).await.status, 200);
    assert_eq!(seen().await, json!(["completed", 100, "completed"]));
    check_metrics(&hub, 0, 1, Some(11 * MIB)).await;
    hub.stop().await;
}

/// Checks everything that is shown of uploads, but how long they took.
async fn check_metrics(hub: &Hub, in_progress: u32, aborted: u32, completed: Option<u64>) {
    let text = get(hub, "/metrics").await.text;
    let is_timing = |line: &str| line.contains("_duration_seconds_bucket") || line.contains("_duration_seconds_sum");
    let shown: Vec<&str> = text.lines().filter(|line| line.starts_with("turing_upload") && !is_timing(line)).collect();
    let mut expected = vec![format!("turing_uploads_in_progress {in_progress}")];
    let counts = [("video", u32::from(completed.is_some()), completed.unwrap_or(0)), ("data", 0, 0)];
    for (file, count, bytes) in counts {
        expected.push(format!("turing_upload_duration_seconds_count{{file_type=\"{file}\"}} {count}"));
        for bound in ["1000000", "10000000", "100000000", "500000000", "1000000000", "5000000000", "10000000000", "+Inf"] {
            let is_in = bound.parse::<f64>().map_or(count, |bound| if bytes as f64 <= bound { count } else { 0 });
            expected.push(format!("turing_upload_size_bytes_bucket{{file_type=\"{file}\",le=\"{bound}\"}} {is_in}"));
        }
        expected.push(format!("turing_upload_size_bytes_sum{{file_type=\"{file}\"}} {bytes}"));
        expected.push(format!("turing_upload_size_bytes_count{{file_type=\"{file}\"}} {count}"));
        expected.push(format!("turing_upload_bytes_total{{file_type=\"{file}\"}} {bytes}"));
    }
    let invalid = u32::from(completed.is_some());
    for (error, count) in [
        ("aborted", aborted),
        ("expired", 0),
        ("invalid_part", invalid),
        ("invalid_request", 0),
        ("file_too_large", 0),
        ("upload_failed", 0),
    ] {
        expected.push(format!("turing_upload_errors_total{{error_type=\"{error}\"}} {count}"));
    }
    let mut shown: Vec<String> = shown.into_iter().map(str::to_owned).collect();
    shown.sort_unstable();
    expected.sort_unstable();
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn strict_access_asks_for_credentials() {
    let hub = start(&[("FLEET__ACCESS", "strict")]).await;
    for route in ["start", "presign-part", "complete", "abort"] {
        let answer = post(&hub, &format!("/chunked-upload/{route}"), &json!({})).await;
        check_refused(&answer, 401, "Authentication required");
    }
    check_refused(&get(&hub, "/chunked-upload/status").await, 401, "Authentication required");
    hub.stop().await;
}

const ROUNDS: usize = 10;
const SETTINGS: &[(&str, &str)] = &[("LIMITS__SCALE", "0"), ("LOG__LEVEL", "info")];

#[tokio::test]
async fn an_upload_survives_a_hub_that_is_killed_between_its_parts() {
    let mut hub = Served::start(SETTINGS);
    let mut client = Client::begin(hub.url("fleet"), ROUNDS as u64 * 10 * MIB).await;
    for round in 1..=ROUNDS {
        client.base = hub.url("fleet").to_owned();
        assert_eq!(client.parts().await, client.tags, "round {round}");
        let url = client.presign(round).await;
        client.put_to(&url, round, format!("part {round}, ")).await;
        // Another part is on its way when the hub dies.
        let _cut = half_a_part(&hub, &client.presign(round % ROUNDS + 1).await).await;
        hub = Served::start_on(hub.kill(), SETTINGS);
    }
    client.base = hub.url("fleet").to_owned();
    assert_eq!(client.parts().await, client.tags);
    hub.until_metric("turing_uploads_in_progress", "", 1.0).await;
    assert_eq!(client.complete(&client.tags).await.status, 200);
    let data = hub.kill();
    let expected: String = (1..=ROUNDS).map(|round| format!("part {round}, ")).collect();
    assert_eq!(file_in(&data).await, expected);

    let hub = Served::start_on(data, SETTINGS);
    client.base = hub.url("fleet").to_owned();
    for answer in [client.complete(&client.tags).await, client.status().await] {
        check_refused(&answer, 404, "Upload not found");
    }
}

#[tokio::test]
async fn a_hub_that_is_killed_while_it_completes_loses_no_file() {
    for round in 0..ROUNDS {
        let hub = Served::start(SETTINGS);
        let mut client = Client::begin(hub.url("fleet"), SIZE).await;
        for (number, content) in [(1, "one, "), (2, "two, "), (3, "three")] {
            client.put(number, content).await;
        }
        let request = client.pair(&json!({"parts": client.tags}));
        let completing = reqwest::Client::new().post(format!("{}/chunked-upload/complete", client.base)).json(&request).send();
        // The later the round, the more of it is done.
        let killing = async {
            for _ in 0..round * 20 {
                tokio::task::yield_now().await;
            }
            hub.kill()
        };
        let (_answered_or_not, data) = tokio::join!(completing, killing);

        let hub = Served::start_on(data, SETTINGS);
        client.base = hub.url("fleet").to_owned();
        let again = client.complete(&client.tags).await;
        assert!([200, 404].contains(&again.status.as_u16()), "{}", again.text);
        check_refused(&client.status().await, 404, "Upload not found");
        hub.until_metric("turing_uploads_in_progress", "", 0.0).await;
        assert_eq!(file_in(&hub.kill()).await, "one, two, three");
    }
}

/// Sends the first half of a part; the connection stays open as long as it is held.
async fn half_a_part(hub: &Served, url: &str) -> TcpStream {
    let address = hub.url("fleet").trim_start_matches("http://");
    let path = url.split_once("/_store/").map(|(_, rest)| format!("/_store/{rest}")).expect("an address");
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let head = format!("PUT {path} HTTP/1.1\r\nHost: hub\r\nContent-Length: 20\r\n\r\nhalf a par");
    stream.write_all(head.as_bytes()).await.expect("sent");
    stream
}

/// Returns the file that a dead hub has left.
async fn file_in(data: &Arc<TempDir>) -> String {
    let directory = data.path().join("data").join("blobs");
    let blobs = LocalBlobs::open(directory, Arc::new(SystemClock)).expect("a store");
    let blob = blobs.get(&key(), Part::Whole).await.expect("the file");
    String::from_utf8(collect(blob.body).await.expect("its content").to_vec()).expect("text")
}
