//! A real HTTP server on a free port, and a client that shows whole answers.

use std::net::SocketAddr;

use actix_web::dev::ServerHandle;
use actix_web::web::ServiceConfig;
use actix_web::{App, HttpServer};
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, StatusCode};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A running server, stopped when dropped.
pub struct HttpHarness {
    /// Where it listens.
    pub address: SocketAddr,
    client: Client,
    server: ServerHandle,
}

/// One whole answer.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as text.
    pub text: String,
}

impl HttpHarness {
    /// Serves what `configure` mounts, with one worker, on a free port of the loopback address.
    pub fn start(configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static) -> Self {
        let server = HttpServer::new(move || App::new().configure(configure.clone()))
            .workers(1)
            .disable_signals()
            .bind(("127.0.0.1", 0))
            .expect("a free port");
        let address = server.addrs().first().copied().expect("one listener");
        let running = server.run();
        let server = running.handle();
        actix_web::rt::spawn(running);
        Self { address, client: Client::new(), server }
    }

    /// Returns the URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Sends a request with headers and a body.
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<reqwest::Body>) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = self.client.request(method, self.url(path)).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        Answer { status, headers, text: response.text().await.expect("a whole body") }
    }

    /// Sends a GET request.
    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "").await
    }

    /// Sends a POST request with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &[("content-type", "application/json")], body.to_string()).await
    }
}

impl Drop for HttpHarness {
    fn drop(&mut self) {
        // The order is given at once; nobody waits for the worker to be gone.
        drop(self.server.stop(false));
    }
}

impl Answer {
    /// Returns status and body on one line, to be compared whole.
    pub fn line(&self) -> String {
        format!("{} {}", self.status.as_u16(), self.text)
    }

    /// Returns a header's text; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl HttpHarness {
    /// Sends bytes as they are, says that nothing follows, and returns everything that comes back.
    pub async fn send_raw(&self, bytes: &[u8]) -> String {
        let mut stream = self.write_raw(bytes).await;
        let _ = stream.shutdown().await;
        read_to_end(stream).await
    }

    /// Sends bytes as they are, then neither sends more nor closes, and returns what comes back until the server closes.
    pub async fn send_and_stall(&self, bytes: &[u8]) -> String {
        read_to_end(self.write_raw(bytes).await).await
    }

    async fn write_raw(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.expect("a connection");
        // The server may refuse and close before it has read everything.
        let _ = stream.write_all(bytes).await;
        stream
    }
}

async fn read_to_end(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}
