//! An Engine.IO client over long-polling, request by request.

use reqwest::{Client, StatusCode};
use serde_json::Value;

/// A polling connection.
pub struct Polling {
    http: Client,
    url: String,
    /// The session id.
    pub sid: String,
    /// The open packet's payload.
    pub open: Value,
}

impl Polling {
    /// Opens a connection at `path` of `base` with Engine.IO revision `eio`.
    pub async fn open(base: &str, path: &str, eio: u8) -> Self {
        Self::open_at(format!("{base}{path}?EIO={eio}&transport=polling"), "", eio).await
    }

    /// Opens a connection of revision 3 whose client takes no binary bodies.
    pub async fn open_text_only(base: &str, path: &str) -> Self {
        Self::open_at(format!("{base}{path}?EIO=3&transport=polling"), "&b64=1", 3).await
    }

    async fn open_at(url: String, once: &str, eio: u8) -> Self {
        let http = Client::new();
        let body = http.get(format!("{url}{once}")).send().await.expect("an answer").text().await.expect("a text");
        let first = if eio == 4 { body.split('\u{1e}').next() } else { body.split_once(':').map(|(_, packets)| packets) };
        let json = first.and_then(|packet| packet.strip_prefix('0')).unwrap_or_else(|| panic!("an open packet in `{body}`"));
        let open: Value = serde_json::Deserializer::from_str(json).into_iter().next().expect("a payload").expect("JSON");
        let sid = open["sid"].as_str().expect("a session id").to_owned();
        Self { http, url: format!("{url}&sid={sid}"), sid, open }
    }

    /// Polls once.
    pub async fn poll(&self) -> (StatusCode, String) {
        Self::read(self.http.get(&self.url)).await
    }

    /// Posts packets.
    pub async fn post(&self, body: impl Into<String>) -> (StatusCode, String) {
        Self::read(self.http.post(&self.url).header("content-type", "text/plain;charset=UTF-8").body(body.into())).await
    }

    /// Sends another method.
    pub async fn send(&self, method: reqwest::Method) -> (StatusCode, String) {
        Self::read(self.http.request(method, &self.url)).await
    }

    async fn read(request: reqwest::RequestBuilder) -> (StatusCode, String) {
        let response = request.send().await.expect("an answer");
        (response.status(), response.text().await.expect("a text"))
    }
}
