//! The `lab` contract on socketioxide. It reads the same environment variables as hubbub and prints the same lines.
//!
//! With its handlers as its documentation writes them, or (`PEER_ORDERED=true`) as somebody writes them who needs order.

use std::env;

use axum::Router;
use axum::serve::{ListenerExt, serve};
use rmpv::Value;
use socketioxide::SocketIo;
use socketioxide::extract::{Data, SocketRef};
use tokio::net::TcpListener;

mod documented;
mod ordered;

/// The room that a socket publishes to: the last one that it joined.
#[derive(Clone)]
struct Joined(String);

// As many threads as the process may use cores, which `taskset` limits.
#[tokio::main]
async fn main() {
    rlimit::increase_nofile_limit(u64::MAX).expect("the limit on open files can be read");
    let (layer, io) = SocketIo::builder().max_payload(1_000_000).build_layer();
    io.ns("/custom", async |socket: SocketRef, Data(auth): Data<Option<Value>>| greet(&socket, auth));
    if is_set("PEER_ORDERED") {
        io.ns("/", ordered::serve_lab);
    } else {
        io.ns("/", documented::serve_lab);
    }
    let port = env::var("HUBBUB_LAB__PORT").map_or(3000, |port| port.parse().expect("HUBBUB_LAB__PORT is a port"));
    let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("the port is free");
    println!("lab listening on http://{}", listener.local_addr().expect("it is bound"));
    println!("ready");
    let listener = listener.tap_io(|stream| stream.set_nodelay(true).expect("a fresh connection takes options"));
    serve(listener, Router::new().layer(layer)).await.expect("serving never ends by itself");
}

fn is_set(name: &str) -> bool {
    env::var(name).is_ok_and(|value| value == "true")
}

fn greet(socket: &SocketRef, auth: Option<Value>) {
    sent(socket.emit("auth", &auth.unwrap_or(Value::Map(Vec::new()))));
}

fn room(socket: &SocketRef) -> String {
    socket.extensions.get().map_or_else(String::new, |Joined(room)| room)
}

/// A receiver that is gone or too slow is no concern of the sender.
fn sent<T>(_outcome: T) {}

/// Whether frames are volatile: the nearest thing to a latest lane, what a receiver has not been sent yet is replaced.
fn has_volatile_frames() -> bool {
    is_set("PEER_VOLATILE_FRAMES")
}
