//! Starts hubbub as a child process and wraps `rust_socketio`'s client so that a test can wait for what it receives.

use std::{collections::HashMap, process::Stdio, sync::Arc, time::Duration};

use futures_util::FutureExt;
use rust_socketio::{
    Event, Payload, TransportType,
    asynchronous::{Client as Socket, ClientBuilder},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    sync::{Mutex, Notify, oneshot},
    time::timeout,
};

const DEADLINE: Duration = Duration::from_secs(15);
const START_DEADLINE: Duration = Duration::from_secs(30);

/// A server with one system on a free port and its data in a directory of its own; killed when dropped.
pub struct Server {
    child: Child,
    urls: HashMap<String, String>,
    _data: tempfile::TempDir,
}

impl Server {
    /// Starts the system and waits until it is ready.
    pub async fn start(system: &str) -> Self {
        let data = tempfile::tempdir().expect("a temporary directory");
        let mut command = command();
        command.env("HUBBUB_DATA_DIR", data.path()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        for (key, value) in [
            ("LOG__LEVEL", "warn"),
            ("LIMITS__SCALE", "0"),
            ("OPS__PORT", "0"),
            ("FLEET__PORT", "0"),
            ("QUIZ__PORT", "0"),
            ("LAB__PORT", "0"),
        ] {
            command.env(format!("HUBBUB_{key}"), value);
        }
        for name in ["fleet", "quiz", "lab"] {
            command.env(format!("HUBBUB_{}__ENABLED", name.to_uppercase()), (name == system).to_string());
        }
        let mut child = command.spawn().unwrap_or_else(|error| panic!("hubbub does not start: {error}"));
        let mut lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
        let mut urls = HashMap::new();
        timeout(START_DEADLINE, async {
            while let Some(line) = lines.next_line().await.expect("readable output") {
                if let Some((name, url)) = line.split_once(" listening on ") {
                    urls.insert(name.to_owned(), url.trim_end_matches('/').to_owned());
                }
                if line == "ready" {
                    return;
                }
            }
            panic!("hubbub ended before it was ready");
        })
        .await
        .expect("hubbub is ready in time");
        // Whatever it prints later must not fill the pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { child, urls, _data: data }
    }

    /// Returns a system's base URL.
    pub fn url(&self, system: &str) -> &str {
        self.urls.get(system).unwrap_or_else(|| panic!("{system} is not among {:?}", self.urls))
    }

    /// Ends the server.
    pub async fn stop(mut self) {
        self.child.kill().await.expect("a child that can be ended");
    }
}

fn command() -> Command {
    if is_peer() {
        let mut command = Command::new("node");
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../benches/peers/socketio/server.js"));
        return command;
    }
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../target/debug/hubbub");
    let mut command = Command::new(std::env::var("TESTED_BIN").unwrap_or_else(|_| default.to_owned()));
    command.arg("serve");
    command
}

/// True when the scenarios run against npm's socket.io, which knows only the lab contract.
pub fn is_peer() -> bool {
    std::env::var("TESTED_SERVER").is_ok_and(|server| server == "peer")
}

/// The transports that every scenario runs over.
pub fn transports() -> [(&'static str, TransportType); 3] {
    [
        ("websocket", TransportType::Websocket),
        ("polling", TransportType::Polling),
        ("polling then websocket", TransportType::WebsocketUpgrade),
    ]
}

/// One received event: its name and its arguments.
pub type Received = (String, Vec<Value>);

#[derive(Default)]
struct Record {
    events: Mutex<Vec<Received>>,
    changed: Notify,
}

/// A client that records its events in order.
#[derive(Clone)]
pub struct Client {
    socket: Socket,
    record: Arc<Record>,
}

impl Client {
    /// Connects to a namespace.
    pub async fn connect(url: &str, namespace: &str, transport: TransportType, auth: Value) -> Self {
        let record = Arc::new(Record::default());
        let (any, error) = (record.clone(), record.clone());
        let socket = ClientBuilder::new(url)
            .namespace(namespace)
            .transport_type(transport)
            .reconnect(false)
            .auth(auth)
            .on_any(move |event, payload, _| note(any.clone(), event, payload).boxed())
            .on("error", move |payload, _| note(error.clone(), Event::Error, payload).boxed())
            .connect()
            .await
            .unwrap_or_else(|error| panic!("{url}{namespace}: {error}"));
        Self { socket, record }
    }

    /// Emits an event with any number of arguments.
    pub async fn emit(&self, name: &str, args: Vec<Value>) {
        self.socket.emit(name, Payload::Text(args)).await.unwrap_or_else(|error| panic!("emit {name}: {error}"));
    }

    /// Emits an event with one binary argument.
    pub async fn emit_binary(&self, name: &str, bytes: &'static [u8]) {
        self.socket.emit(name, bytes).await.unwrap_or_else(|error| panic!("emit {name}: {error}"));
    }

    /// Emits an event and returns what it is acknowledged with.
    pub async fn ask(&self, name: &str, args: Vec<Value>) -> Value {
        let (answer, answered) = oneshot::channel();
        let mut answer = Some(answer);
        self.socket
            .emit_with_ack(name, Payload::Text(args), DEADLINE, move |payload, _| {
                if let (Payload::Text(values), Some(answer)) = (payload, answer.take()) {
                    // Nobody waits any longer when the test has failed already.
                    let _ = answer.send(values);
                }
                async {}.boxed()
            })
            .await
            .unwrap_or_else(|error| panic!("ask {name}: {error}"));
        let values = timeout(DEADLINE, answered).await.unwrap_or_else(|_| panic!("no ack of {name}")).expect("an answer");
        values.into_iter().next().unwrap_or(Value::Null)
    }

    /// Takes the oldest event of one of these names.
    pub async fn next_of(&self, names: &[&str]) -> Received {
        self.until(&format!("{names:?}"), |events| {
            let at = events.iter().position(|(name, _)| names.contains(&name.as_str()))?;
            Some(events.remove(at))
        })
        .await
    }

    /// Takes the oldest event of this name and returns its arguments.
    pub async fn next(&self, name: &str) -> Vec<Value> {
        self.next_of(&[name]).await.1
    }

    /// Waits for exactly this event, passing over earlier values of it.
    pub async fn sees(&self, name: &str, args: &[Value]) {
        self.until(&format!("{name} {args:?}"), |events| {
            let at = events.iter().position(|(event, got)| event == name && redact_all(got) == args)?;
            let mut index = 0;
            events.retain(|(event, _)| {
                index += 1;
                event != name || index > at + 1
            });
            Some(())
        })
        .await;
    }

    /// Counts the recorded events whose name starts so.
    pub async fn count(&self, prefix: &str) -> usize {
        self.record.events.lock().await.iter().filter(|(name, _)| name.starts_with(prefix)).count()
    }

    async fn until<T>(&self, what: &str, mut look: impl FnMut(&mut Vec<Received>) -> Option<T>) -> T {
        let found = timeout(DEADLINE, async {
            loop {
                let changed = self.record.changed.notified();
                if let Some(found) = look(&mut *self.record.events.lock().await) {
                    return found;
                }
                changed.await;
            }
        })
        .await;
        match found {
            Ok(found) => found,
            Err(_) => panic!("no {what}; received: {:.2000}", format!("{:?}", self.record.events.lock().await)),
        }
    }

    /// Disconnects.
    pub async fn close(self) {
        self.socket.disconnect().await.expect("a connection that can be closed");
    }
}

async fn note(record: Arc<Record>, event: Event, payload: Payload) {
    let mut args = match payload {
        Payload::Text(values) => values,
        Payload::Binary(bytes) => vec![json!({ "binary": bytes.to_vec() })],
        #[expect(deprecated, reason = "the client's enum still has it")]
        Payload::String(text) => vec![Value::String(text)],
    };
    // This client reports an event without arguments as a message that holds the event's name.
    let name = match (&event, args.first()) {
        (Event::Message, Some(Value::String(name))) if args.len() == 1 => {
            let name = name.clone();
            args.clear();
            name
        }
        _ => event.to_string(),
    };
    record.events.lock().await.push((name, args));
    record.changed.notify_waiters();
}

/// Replaces times and session ids, and only those that have the documented form.
pub fn redact(value: &Value) -> Value {
    match value {
        Value::String(text) if is_iso_time(text) => json!("<time>"),
        Value::String(text) if is_session_id(text) => json!("<session>"),
        Value::Array(items) => Value::Array(redact_all(items)),
        Value::Object(fields) => fields.iter().map(|(key, inner)| (key.clone(), redact(inner))).collect(),
        other => other.clone(),
    }
}

fn redact_all(values: &[Value]) -> Vec<Value> {
    values.iter().map(redact).collect()
}

fn is_iso_time(text: &str) -> bool {
    let form = "0000-00-00T00:00:00.000Z";
    text.len() == form.len()
        && text.chars().zip(form.chars()).all(|(got, wanted)| if wanted == '0' { got.is_ascii_digit() } else { got == wanted })
}

fn is_session_id(text: &str) -> bool {
    text.strip_prefix("session_").and_then(|rest| rest.split_once('_')).is_some_and(|(millis, random)| {
        millis.len() == 13
            && millis.bytes().all(|byte| byte.is_ascii_digit())
            && random.len() == 6
            && random.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
    })
}
