//! Handlers as the documentation writes them. Each runs as a task of its own: messages of one publisher overtake each other.

use rmpv::Value;
use socketioxide::extract::{AckSender, Data, SocketRef};

use crate::{Joined, greet, has_volatile_frames, room, sent};

pub async fn serve_lab(socket: SocketRef, Data(auth): Data<Option<Value>>) {
    socket.on("message", async |socket: SocketRef, Data(value): Data<Value>| sent(socket.emit("message-back", &value)));
    socket.on("message-with-ack", async |Data(value): Data<Value>, ack: AckSender| sent(ack.send(&value)));
    socket.on("echo", async |socket: SocketRef, Data(value): Data<Value>| sent(socket.emit("echo-reply", &value)));
    socket.on("join", async |socket: SocketRef, Data(room): Data<String>, ack: AckSender| {
        socket.join(room.clone());
        socket.extensions.insert(Joined(room));
        sent(ack.send("ok"));
    });
    socket.on("publish", async |socket: SocketRef, Data(value): Data<Value>| {
        sent(socket.to(room(&socket)).emit("update", &value).await);
    });
    let is_volatile = has_volatile_frames();
    socket.on("frame", async move |socket: SocketRef, Data(value): Data<Value>| {
        let room = socket.to(room(&socket));
        let room = if is_volatile { room.volatile() } else { room };
        sent(room.emit("frame", &value).await);
    });
    greet(&socket, auth);
}
