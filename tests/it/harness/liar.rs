//! A server of the lab's contract that tells one lie, to see whether somebody notices.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async};

/// The event at which the lie is told, and the one at which everything has been seen.
const LIE_AT: usize = 8;
const SEEN_AT: usize = 24;

/// What is done to one event, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    /// Nothing.
    None,
    /// It is left out.
    Drop,
    /// It is sent twice.
    Repeat,
    /// It is sent after the next one.
    Swap,
    /// One of its letters is another.
    Garble,
    /// The connection is closed instead.
    HangUp,
}

/// The server; it ends with the test's runtime.
pub struct Liar {
    /// Where it listens.
    pub url: String,
    /// Becomes true once the lie was told and enough was sent after it.
    pub is_seen: Arc<AtomicBool>,
}

struct State {
    lie: Lie,
    events: AtomicUsize,
    is_seen: Arc<AtomicBool>,
    members: Mutex<Vec<(usize, UnboundedSender<String>)>>,
}

impl Liar {
    /// Starts a server on a free port.
    pub async fn start(lie: Lie) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let is_seen = Arc::new(AtomicBool::new(false));
        let state = State { lie, events: AtomicUsize::new(0), is_seen: Arc::clone(&is_seen), members: Mutex::default() };
        let state = Arc::new(state);
        tokio::spawn(async move {
            for id in 0.. {
                let (stream, _) = listener.accept().await.expect("a connection");
                tokio::spawn(serve(Arc::clone(&state), id, stream));
            }
        });
        Self { url, is_seen }
    }
}

/// One connection.
struct Served {
    state: Arc<State>,
    id: usize,
    socket: WebSocketStream<TcpStream>,
    held: Option<String>,
}

async fn serve(state: Arc<State>, id: usize, stream: TcpStream) {
    let Ok(socket) = accept_async(stream).await else { return };
    let (to_me, for_me) = unbounded_channel();
    let mut served = Served { state, id, socket, held: None };
    // A peer that is gone has nothing more to tell.
    let _ = served.run(&to_me, for_me).await;
    served.state.members.lock().expect("whole").retain(|(member, _)| *member != id);
}

type Sent = Result<(), tokio_tungstenite::tungstenite::Error>;

impl Served {
    async fn run(&mut self, to_me: &UnboundedSender<String>, mut for_me: UnboundedReceiver<String>) -> Sent {
        self.send(r#"0{"sid":"a","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#).await?;
        loop {
            tokio::select! {
                Some(event) = for_me.recv() => self.event(event).await?,
                message = self.socket.next() => match message {
                    Some(Ok(Message::Text(text))) => self.answer(text.as_str(), to_me).await?,
                    Some(Ok(_)) => {}
                    _ => return Ok(()),
                }
            }
        }
    }

    async fn answer(&mut self, text: &str, to_me: &UnboundedSender<String>) -> Sent {
        if text == "40" {
            self.send(r#"40{"sid":"b"}"#).await?;
            return self.send(r#"42["auth",{}]"#).await;
        }
        if text.starts_with(r#"420["join""#) {
            self.state.members.lock().expect("whole").push((self.id, to_me.clone()));
            return self.send(r#"430["ok"]"#).await;
        }
        if let Some(args) = text.strip_prefix(r#"421["message-with-ack","#) {
            return self.event(format!("431[{args}")).await;
        }
        if let Some(args) = text.strip_prefix(r#"42["echo","#) {
            return self.event(format!(r#"42["echo-reply",{args}"#)).await;
        }
        let room = [("publish", "update"), ("frame", "frame")];
        for (from, to) in room {
            if let Some(args) = text.strip_prefix(&format!(r#"42["{from}","#)) {
                for (_, member) in self.state.members.lock().expect("whole").iter().filter(|(id, _)| *id != self.id) {
                    let _ = member.send(format!(r#"42["{to}",{args}"#));
                }
            }
        }
        Ok(())
    }

    /// Sends an event, or tells the lie about it.
    async fn event(&mut self, text: String) -> Sent {
        let event = self.state.events.fetch_add(1, Ordering::SeqCst);
        match self.state.lie {
            Lie::Drop if event == LIE_AT => {}
            Lie::Swap if event == LIE_AT => self.held = Some(text),
            Lie::HangUp if event == LIE_AT => {
                self.socket.close(None).await?;
            }
            Lie::Repeat if event == LIE_AT => {
                self.send(&text).await?;
                self.send(&text).await?;
            }
            Lie::Garble if event == LIE_AT => {
                let garbled = format!("{}!{}", &text[..text.len() - 3], &text[text.len() - 2..]);
                self.send(&garbled).await?;
            }
            _ => {
                self.send(&text).await?;
                if let Some(held) = self.held.take() {
                    self.send(&held).await?;
                }
            }
        }
        if event >= SEEN_AT {
            self.state.is_seen.store(true, Ordering::SeqCst);
        }
        Ok(())
    }

    async fn send(&mut self, text: &str) -> Sent {
        self.socket.send(Message::text(text)).await
    }
}
