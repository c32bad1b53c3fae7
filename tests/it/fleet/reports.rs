//! What the tests of the reports share: the admin's requests, and a store with files in it.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use hubbub_actors::fleet::reports::Reports;
use hubbub_actors::kit::blobs::{BlobStore, Key, once};
use serde_json::{Value, json};

use super::support::{self, check_refused, send};
use crate::harness::http::Answer;
use crate::harness::hub::Hub;

/// The admin key, as a setting.
pub const WITH_KEY: (&str, &str) = ("FLEET__ADMIN_API_KEY", "the-admin-key");
/// The admin key, as a header.
pub const KEY: (&str, &str) = ("x-api-key", "the-admin-key");

/// Starts a hub with an admin key.
pub async fn start() -> Hub {
    support::start(&[WITH_KEY]).await
}

/// Sends a GET request as the admin.
pub async fn get(hub: &Hub, path: &str) -> Answer {
    send(hub, "GET", path, &[KEY], "").await
}

/// Returns the body of a good answer to a GET request of the admin.
pub async fn shown(hub: &Hub, path: &str) -> Value {
    support::body(&get(hub, path).await)
}

/// Returns the body of a good answer to a POST request of the admin.
pub async fn posted(hub: &Hub, path: &str) -> Value {
    support::body(&send(hub, "POST", path, &[KEY], "").await)
}

/// Puts a file into the hub's store.
pub async fn put(hub: &Hub, key: &str, content: &[u8]) {
    put_into(&*hub.deps.extension::<Reports>().blobs, key, content).await;
}

/// Puts a file into a store.
pub async fn put_into(blobs: &dyn BlobStore, key: &str, content: &[u8]) {
    let key = Key::parse(key).expect("a good key");
    blobs.put(&key, "application/octet-stream", once(Bytes::copy_from_slice(content))).await.expect("written");
}

/// Gives a file of the local store further keys. Thousands of files that are each synced would take minutes.
pub fn link(blobs: &Path, key: &str, others: impl IntoIterator<Item = String>) {
    let place = |key: &str| -> PathBuf { blobs.join(format!("{key}~")) };
    for other in others {
        let other = place(&other);
        std::fs::create_dir_all(other.parent().expect("a directory")).expect("a directory");
        std::fs::hard_link(place(key), other).expect("a link");
    }
}

/// Checks that these routes are the admin's alone, and nobody's while there is no admin key.
pub async fn check_is_for_admins(routes: &[(&str, &str)]) {
    let hub = start().await;
    for (method, path) in routes {
        for headers in
            [vec![], vec![("x-api-key", "")], vec![("x-api-key", "the-admin-kex")], vec![("authorization", "Bearer x")]]
        {
            check_refused(&send(&hub, method, path, &headers, "").await, 403, "Invalid API key");
        }
        let other = if *method == "GET" { "PUT" } else { "DELETE" };
        check_refused(&send(&hub, other, path, &[KEY], "").await, 404, "Not found");
    }
    hub.stop().await;
    let hub = support::start(&[("FLEET__ADMIN_API_KEY", "")]).await;
    for (method, path) in routes {
        check_refused(&send(&hub, method, path, &[KEY], "").await, 503, "Admin API not configured");
    }
    hub.stop().await;
}

/// The document's envelope of an error.
pub fn refusal(status: u16, error: &str) -> String {
    format!("{status} {}", json!({ "ok": false, "error": error }))
}
