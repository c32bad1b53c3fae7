//! Handlers that do their work before their future is spawned, and so in the order of the events: faster, too, under load.

use std::future::{Ready, ready};

use futures_util::FutureExt;
use rmpv::Value;
use socketioxide::extract::{AckSender, Data, SocketRef};

use crate::{Joined, greet, has_volatile_frames, room, sent};

pub fn serve_lab(socket: SocketRef, Data(auth): Data<Option<Value>>) -> Ready<()> {
    socket.on("message", |socket: SocketRef, Data(value): Data<Value>| done(socket.emit("message-back", &value)));
    socket.on("message-with-ack", |Data(value): Data<Value>, ack: AckSender| done(ack.send(&value)));
    socket.on("echo", |socket: SocketRef, Data(value): Data<Value>| done(socket.emit("echo-reply", &value)));
    socket.on("join", |socket: SocketRef, Data(room): Data<String>, ack: AckSender| {
        socket.join(room.clone());
        socket.extensions.insert(Joined(room));
        done(ack.send("ok"))
    });
    socket.on("publish", |socket: SocketRef, Data(value): Data<Value>| {
        // With the adapter of a single process everything is done at the first poll.
        done(socket.to(room(&socket)).emit("update", &value).now_or_never())
    });
    let is_volatile = has_volatile_frames();
    socket.on("frame", move |socket: SocketRef, Data(value): Data<Value>| {
        let room = socket.to(room(&socket));
        let room = if is_volatile { room.volatile() } else { room };
        done(room.emit("frame", &value).now_or_never())
    });
    greet(&socket, auth);
    ready(())
}

fn done<T>(outcome: T) -> Ready<()> {
    sent(outcome);
    ready(())
}
