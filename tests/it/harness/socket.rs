//! A Socket.IO client in the words of a test: connect, emit, expect. It speaks raw frames, so that a test sees exactly what
//! the hub wrote.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// How long a test waits for what must come: long enough for a machine that builds and tests ten other things.
const PATIENCE: Duration = Duration::from_secs(30);

/// A raw WebSocket to the hub, before any Socket.IO.
pub struct Raw(pub WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Raw {
    /// Opens a WebSocket at `path_and_query` of `http://host:port`.
    pub async fn open(base: &str, path_and_query: &str) -> Self {
        Self::try_open(base, path_and_query).await.expect("the hub accepts the WebSocket")
    }

    /// Opens a WebSocket or says why not.
    pub async fn try_open(base: &str, path_and_query: &str) -> Result<Self, tokio_tungstenite::tungstenite::Error> {
        let url = format!("{}{path_and_query}", base.replacen("http", "ws", 1));
        Ok(Self(tokio_tungstenite::connect_async(url).await?.0))
    }

    /// Opens a WebSocket with an `Authorization` header.
    pub async fn open_authorized(base: &str, path_and_query: &str, authorization: &str) -> Self {
        let url = format!("{}{path_and_query}", base.replacen("http", "ws", 1));
        let mut request = url.into_client_request().expect("a request");
        request.headers_mut().insert("authorization", HeaderValue::from_str(authorization).expect("a header"));
        Self(tokio_tungstenite::connect_async(request).await.expect("the hub accepts the WebSocket").0)
    }

    /// Opens a WebSocket with a `User-Agent` header.
    pub async fn open_as(base: &str, path_and_query: &str, user_agent: &str) -> Self {
        let url = format!("{}{path_and_query}", base.replacen("http", "ws", 1));
        let mut request = url.into_client_request().expect("a request");
        request.headers_mut().insert("user-agent", HeaderValue::from_str(user_agent).expect("a header"));
        Self(tokio_tungstenite::connect_async(request).await.expect("the hub accepts the WebSocket").0)
    }

    /// Opens a WebSocket that holds only a few KiB of what it has not read.
    pub async fn open_narrow(base: &str, path_and_query: &str) -> Self {
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4096).expect("a small buffer");
        Self::open_on(socket, base, path_and_query).await
    }

    /// Opens a WebSocket from another address of this machine.
    pub async fn open_from(address: &str, base: &str, path_and_query: &str) -> Self {
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket.bind(format!("{address}:0").parse().expect("an address")).expect("a local address");
        Self::open_on(socket, base, path_and_query).await
    }

    async fn open_on(socket: tokio::net::TcpSocket, base: &str, path_and_query: &str) -> Self {
        let address = base.trim_start_matches("http://").parse().expect("an address");
        let stream = MaybeTlsStream::Plain(socket.connect(address).await.expect("a connection"));
        let url = format!("{}{path_and_query}", base.replacen("http", "ws", 1));
        Self(tokio_tungstenite::client_async(url, stream).await.expect("the hub accepts the WebSocket").0)
    }

    /// Reads until the hub closes, and returns the code and reason of its close frame, if there was one.
    pub async fn close_frame(&mut self) -> Option<(u16, String)> {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.0.next()).await.expect("the hub sends something in time");
            match next {
                Some(Ok(Message::Close(close))) => return close.map(|close| (close.code.into(), close.reason.to_string())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }

    /// Sends a text frame.
    pub async fn send(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.expect("the hub takes the frame");
    }

    /// Sends a binary frame.
    pub async fn send_binary(&mut self, data: &[u8]) {
        self.0.send(Message::binary(data.to_vec())).await.expect("the hub takes the frame");
    }

    /// Returns the next frame; none when the hub closed the connection.
    pub async fn receive(&mut self) -> Option<Message> {
        let next = tokio::time::timeout(PATIENCE, self.0.next()).await.expect("the hub sends something in time");
        next.and_then(Result::ok).filter(|message| !message.is_close())
    }

    /// Returns the next text frame.
    pub async fn text(&mut self) -> String {
        match self.receive().await {
            Some(Message::Text(text)) => text.to_string(),
            other => panic!("expected a text frame, got {other:?}"),
        }
    }

    /// Returns the next text frame that is no ping; pings are answered.
    pub async fn packet(&mut self) -> String {
        loop {
            let text = self.text().await;
            if text != "2" {
                return text;
            }
            self.send("3").await;
        }
    }

    /// Waits until the hub has closed the connection, whatever it sends before.
    pub async fn closed(&mut self) {
        while self.receive().await.is_some() {}
    }
}

/// A client in one namespace.
pub struct Client {
    raw: Raw,
    namespace: String,
    next_ack: u64,
    /// The socket's id.
    pub id: String,
    /// The private id, if the namespace recovers connections.
    pub private_id: Option<String>,
}

impl Client {
    /// Connects to the default namespace over WebSocket.
    pub async fn connect(base: &str, auth: Value) -> Self {
        Self::try_connect(base, "/", auth).await.expect("the hub admits the client")
    }

    /// Connects to a namespace, or returns the payload of the connect error.
    pub async fn try_connect(base: &str, namespace: &str, auth: Value) -> Result<Self, Value> {
        let raw = Raw::open(base, "/socket.io/?EIO=4&transport=websocket").await;
        Self::try_join(raw, namespace, auth).await
    }

    /// Connects to the default namespace as a browser that calls itself `user_agent`.
    pub async fn connect_as(base: &str, auth: Value, user_agent: &str) -> Self {
        let raw = Raw::open_as(base, "/socket.io/?EIO=4&transport=websocket", user_agent).await;
        Self::try_join(raw, "/", auth).await.expect("the hub admits the client")
    }

    async fn try_join(mut raw: Raw, namespace: &str, auth: Value) -> Result<Self, Value> {
        assert!(raw.text().await.starts_with('0'), "the first packet opens the connection");
        let prefix = if namespace == "/" { String::new() } else { format!("{namespace},") };
        raw.send(&format!("40{prefix}{auth}")).await;
        let answer = raw.text().await;
        let payload: Value =
            serde_json::from_str(answer[2..].trim_start_matches(&prefix)).expect("the answer has a JSON payload");
        if !answer.starts_with("40") {
            return Err(payload);
        }
        let text = |key: &str| payload[key].as_str().map(str::to_owned);
        let (id, private_id) = (text("sid").expect("the connect packet has an id"), text("pid"));
        Ok(Self { raw, namespace: prefix, next_ack: 0, id, private_id })
    }

    /// Emits an event; `args` is an array.
    pub async fn emit(&mut self, name: &str, args: Value) {
        let packet = event(name, args);
        self.raw.send(&format!("42{}{packet}", self.namespace)).await;
    }

    /// Emits an event and returns the arguments of its acknowledgement; fails on any other event in between.
    pub async fn ask(&mut self, name: &str, args: Value) -> Value {
        let id = self.next_ack;
        self.next_ack += 1;
        self.raw.send(&format!("42{}{id}{}", self.namespace, event(name, args))).await;
        let prefix = format!("43{}{id}", self.namespace);
        let mut seen = Vec::new();
        loop {
            let packet = self.raw.packet().await;
            if let Some(args) = packet.strip_prefix(&prefix) {
                return serde_json::from_str(args).expect("an acknowledgement is an array");
            }
            seen.push(packet);
            assert!(seen.len() < 100, "no acknowledgement among {seen:?}");
        }
    }

    /// As [`ask`](Self::ask), and also returns the events that came before the acknowledgement: names and arguments.
    pub async fn ask_and_hear(&mut self, name: &str, args: Value) -> (Vec<(String, Value)>, Value) {
        let id = self.next_ack;
        self.next_ack += 1;
        self.raw.send(&format!("42{}{id}{}", self.namespace, event(name, args))).await;
        let prefix = format!("43{}{id}", self.namespace);
        let mut heard = Vec::new();
        loop {
            let packet = self.raw.packet().await;
            if let Some(args) = packet.strip_prefix(&prefix) {
                return (heard, serde_json::from_str(args).expect("an acknowledgement is an array"));
            }
            heard.push(self.read(&packet));
        }
    }

    /// As [`ask`](Self::ask), but none when the hub goes away first.
    pub async fn try_ask(&mut self, name: &str, args: Value) -> Option<Value> {
        let id = self.next_ack;
        self.next_ack += 1;
        let packet = format!("42{}{id}{}", self.namespace, event(name, args));
        self.raw.0.send(Message::text(packet)).await.ok()?;
        let prefix = format!("43{}{id}", self.namespace);
        loop {
            let message = self.raw.receive().await?;
            if let Some(args) = message.to_text().ok()?.strip_prefix(&prefix) {
                return Some(serde_json::from_str(args).expect("an acknowledgement is an array"));
            }
        }
    }

    /// Returns the next event as its name and arguments.
    pub async fn next(&mut self) -> (String, Value) {
        let packet = self.raw.packet().await;
        self.read(&packet)
    }

    fn read(&self, packet: &str) -> (String, Value) {
        let json =
            packet.strip_prefix(&format!("42{}", self.namespace)).unwrap_or_else(|| panic!("expected an event, got `{packet}`"));
        let mut args: Vec<Value> = serde_json::from_str(json).unwrap_or_else(|error| panic!("{error} in `{packet}`"));
        let name = args.remove(0).as_str().expect("an event has a name").to_owned();
        (name, Value::Array(args))
    }

    /// Returns the arguments of the next event, which must be `name`.
    pub async fn expect(&mut self, name: &str) -> Value {
        let (next, args) = self.next().await;
        assert_eq!(next, name, "with arguments {args}");
        args
    }

    /// Returns the arguments of the next event called `name`, skipping others.
    pub async fn wait_for(&mut self, name: &str) -> Value {
        loop {
            let (next, args) = self.next().await;
            if next == name {
                return args;
            }
        }
    }

    /// Waits for the next event called `name` whose arguments satisfy `is_wanted`.
    pub async fn wait_until(&mut self, name: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let args = self.wait_for(name).await;
            if is_wanted(&args) {
                return args;
            }
        }
    }

    /// Waits until the hub has closed the connection.
    pub async fn closed(&mut self) {
        self.raw.closed().await;
    }

    /// Closes the connection.
    pub async fn close(mut self) {
        let _ = self.raw.0.close(None).await;
    }

    /// Gives the WebSocket underneath, for tests that break the rules.
    pub fn raw(&mut self) -> &mut Raw {
        &mut self.raw
    }
}

fn event(name: &str, args: Value) -> Value {
    let mut packet = vec![json!(name)];
    match args {
        Value::Array(args) => packet.extend(args),
        Value::Null => {}
        other => packet.push(other),
    }
    Value::Array(packet)
}
