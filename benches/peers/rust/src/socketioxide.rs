//! The `lab` contract on socketioxide. It reads the same environment variables as hubbub and prints the same lines.
//!
//! Handlers do their work before their future is spawned. The usual `async` handlers run as tasks of their own: messages of
//! one publisher then overtake each other, and an event that comes right after the connection finds no handler.

use std::env;
use std::future::{Ready, ready};

use axum::Router;
use axum::serve::{ListenerExt, serve};
use futures_util::FutureExt;
use rmpv::Value;
use socketioxide::SocketIo;
use socketioxide::extract::{AckSender, Data, SocketRef};
use tokio::net::TcpListener;

/// The room that a socket publishes to: the last one that it joined.
#[derive(Clone)]
struct Joined(String);

// As many threads as the process may use cores, which `taskset` limits.
#[tokio::main]
async fn main() {
    rlimit::increase_nofile_limit(u64::MAX).expect("the limit on open files can be read");
    let (layer, io) = SocketIo::builder().max_payload(1_000_000).build_layer();
    io.ns("/custom", |socket: SocketRef, Data(auth): Data<Option<Value>>| greet(&socket, auth));
    io.ns("/", serve_lab);
    let listener = TcpListener::bind(("127.0.0.1", port())).await.expect("the port is free");
    println!("lab listening on http://{}", listener.local_addr().expect("it is bound"));
    println!("ready");
    let listener = listener.tap_io(|stream| stream.set_nodelay(true).expect("a fresh connection takes options"));
    serve(listener, Router::new().layer(layer)).await.expect("serving never ends by itself");
}

fn port() -> u16 {
    env::var("HUBBUB_LAB__PORT").map_or(3000, |port| port.parse().expect("HUBBUB_LAB__PORT is a port"))
}

fn serve_lab(socket: SocketRef, Data(auth): Data<Option<Value>>) -> Ready<()> {
    socket.on("message", |socket: SocketRef, Data(value): Data<Value>| sent(socket.emit("message-back", &value)));
    socket.on("message-with-ack", |Data(value): Data<Value>, ack: AckSender| sent(ack.send(&value)));
    socket.on("echo", |socket: SocketRef, Data(value): Data<Value>| sent(socket.emit("echo-reply", &value)));
    socket.on("join", |socket: SocketRef, Data(room): Data<String>, ack: AckSender| {
        socket.join(room.clone());
        socket.extensions.insert(Joined(room));
        sent(ack.send("ok"))
    });
    socket.on("publish", |socket: SocketRef, Data(value): Data<Value>| {
        // With its own adapter everything is done at the first poll.
        sent(socket.to(room(&socket)).emit("update", &value).now_or_never())
    });
    // The nearest thing to a latest lane: what a receiver has not been sent yet is replaced.
    let volatile_frames = env::var("PEER_VOLATILE_FRAMES").is_ok_and(|set| set == "true");
    socket.on("frame", move |socket: SocketRef, Data(value): Data<Value>| {
        let room = socket.to(room(&socket));
        let room = if volatile_frames { room.volatile() } else { room };
        sent(room.emit("frame", &value).now_or_never())
    });
    greet(&socket, auth)
}

fn greet(socket: &SocketRef, auth: Option<Value>) -> Ready<()> {
    sent(socket.emit("auth", &auth.unwrap_or(Value::Map(Vec::new()))))
}

fn room(socket: &SocketRef) -> String {
    socket.extensions.get().map_or_else(String::new, |Joined(room)| room)
}

/// A receiver that is gone or too slow is no concern of the sender.
fn sent<T>(_outcome: T) -> Ready<()> {
    ready(())
}
