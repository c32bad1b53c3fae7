//! The `lab` system's table of events: every handler answers in the reader's own turn, no actor is asked.

use std::sync::Arc;

use actix_web::web::ServiceConfig;
use hubbub_actors::kit::caller::Caller;
use hubbub_actors::kit::emit::{Emitter, Room};
use hubbub_actors::kit::ids;
use hubbub_actors::kit::outbox::CloseReason;
use hubbub_actors::kit::recovery::Journal;
use hubbub_protocol::lab;
use hubbub_protocol::wire::args::Args;
use hubbub_protocol::wire::value::Value;

use crate::config::Largest;
use crate::hub::Parts;
use crate::listen::{BindError, Site};
use crate::realtime::dispatch::Socket;
use crate::realtime::handshake::Handshake;
use crate::realtime::namespace::{ConnectRefusal, Handled, Hooks, Namespace};
use crate::realtime::polling;
use crate::realtime::service::Layer;

/// Rooms that one socket may be in.
const MAX_ROOMS: usize = 100;
/// Bytes of a room's name.
const MAX_ROOM_NAME: usize = 128;

/// Returns what the lab's port serves: Socket.IO, and a bare Engine.IO echo.
///
/// # Errors
/// The port is taken.
pub fn site(parts: &Parts) -> Result<Site, BindError> {
    let config = &parts.config.lab;
    let max_payload = config.max_payload_bytes.unwrap_or(parts.config.realtime.max_payload_bytes);
    let service = |path, layer| parts.service("lab", path, Largest::received(max_payload), &config.cors_origins, layer);
    let services = vec![service("/socket.io", Layer::SocketIo(namespaces(parts))), service("/engine.io", Layer::Echo)];
    let mounted = services.clone();
    let routes = move |config: &mut ServiceConfig| {
        mounted.iter().for_each(|service| polling::mount(config, Arc::clone(service)));
        polling::mount_nothing_else(config);
    };
    Ok(Site { listener: parts.listen("lab", config.port)?, services, routes: Arc::new(routes) })
}

fn namespaces(parts: &Parts) -> Vec<Arc<Namespace>> {
    let [root, custom] = lab::NAMESPACES.map(|name| {
        let mark = || ids::alphanumeric_lower(parts.deps.random(), 8);
        let journal = parts.config.lab.recovery.then(|| Journal::new(Arc::clone(parts.deps.clock()), mark()));
        Namespace::new(name, Emitter::new(name, None, journal), Box::new(LabHooks), 0.0)
    });
    let root = root
        .on(lab::MESSAGE, None, |socket, args, _| reply(socket, lab::MESSAGE_BACK, &args))
        .on(lab::ECHO, None, |socket, args, _| reply(socket, lab::ECHO_REPLY, &args))
        .on(lab::MESSAGE_WITH_ACK, None, |socket, args, ack| acknowledge(socket, ack, &args))
        .on(lab::JOIN, None, join)
        .on(lab::PUBLISH, None, publish)
        .on(lab::FRAME, None, frame);
    vec![Arc::new(root), Arc::new(custom)]
}

struct LabHooks;

impl Hooks for LabHooks {
    fn admit(&self, handshake: &Handshake, _: Option<&Value>) -> Result<Caller, ConnectRefusal> {
        Ok(Caller { address: handshake.address, ..Caller::anonymous() })
    }

    fn connected(&self, socket: &Arc<Socket>, _: &Handshake, auth: Option<&Value>) -> Handled {
        let auth = auth.cloned().unwrap_or_else(|| Value::Object(Vec::new()));
        reply(socket, lab::AUTH, &Args::Tree(vec![auth]))
    }

    fn disconnected(&self, _: &Arc<Socket>, _: CloseReason) -> Handled {
        Handled::Done
    }
}

fn reply(socket: &Arc<Socket>, name: &str, args: &Args) -> Handled {
    socket.reply_args(name, args);
    Handled::Done
}

fn acknowledge(socket: &Arc<Socket>, ack: Option<u64>, args: &Args) -> Handled {
    if let Some(id) = ack {
        socket.acknowledge_args(id, args);
    }
    Handled::Done
}

fn join(socket: &Arc<Socket>, args: Args, ack: Option<u64>) -> Handled {
    let emitter = &socket.namespace.emitter;
    let name = args.text(0).filter(|name| !name.is_empty() && name.len() <= MAX_ROOM_NAME);
    let answer = match name {
        Some(name) if emitter.rooms_of(&socket.id).len() < MAX_ROOMS => {
            emitter.join(&socket.id, &Room::new(&name));
            "ok"
        }
        Some(_) => "too many rooms",
        None => "a room is a name of 1 to 128 bytes",
    };
    acknowledge(socket, ack, &Args::of(&answer))
}

fn publish(socket: &Arc<Socket>, args: Args, ack: Option<u64>) -> Handled {
    let emitter = &socket.namespace.emitter;
    for room in emitter.rooms_of(&socket.id) {
        emitter.emit_args(&room, Some(&socket.id), lab::UPDATE, &args);
    }
    acknowledge(socket, ack, &Args::default())
}

fn frame(socket: &Arc<Socket>, args: Args, ack: Option<u64>) -> Handled {
    let emitter = &socket.namespace.emitter;
    for room in emitter.rooms_of(&socket.id) {
        emitter.latest_args(&room, Some(&socket.id), socket.id.as_str(), lab::FRAME, &args);
    }
    acknowledge(socket, ack, &Args::default())
}
