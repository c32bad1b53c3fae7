//! What a connection's messages mean: Socket.IO packets, taken up in order, each event awaited before the next.
//!
//! An event whose handler answers at once is handled in the reader's own turn. One that asks an actor runs in a task of its
//! own; packets that arrive meanwhile wait in the connection's bounded inbox, heartbeats do not.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use hubbub_actors::kit::caller::Caller;
use hubbub_actors::kit::deps::Deps;
use hubbub_actors::kit::ids::{self, SocketId};
use hubbub_actors::kit::outbox::{CloseReason, Outbox};
use hubbub_actors::kit::recovery::{Away, Living};
use hubbub_protocol::contract::{Emit, EventLimit, System};
use hubbub_protocol::fault::{Fault, Kind};
use hubbub_protocol::wire::args::Args;
use hubbub_protocol::wire::message::{self, Dialect, Header, MessageError, Packet};
use hubbub_protocol::wire::msgpack;
use hubbub_protocol::wire::packet::{self, PacketType, Revision};
use hubbub_protocol::wire::value::Value;
use parking_lot::{Mutex, MutexGuard};
use serde::Serialize;
use tokio::sync::oneshot;

use super::namespace::{Handled, Namespace};
use super::reaper::now_ms;
use super::service::Layer;
use super::session::{Flow, Session, State};

/// Acknowledgements that a socket may owe at the same time.
const MAX_PENDING_ACKS: usize = 1024;

/// What waits in a connection's inbox.
pub(super) enum Work {
    Packet(Packet),
    End(CloseReason),
}

/// A connection's membership in one namespace.
pub struct Socket {
    /// Its id, which clients see.
    pub id: SocketId,
    /// Its namespace.
    pub namespace: Arc<Namespace>,
    /// Who it is.
    pub caller: Caller,
    /// When it joined.
    pub joined_at: Instant,
    outbox: Arc<Outbox>,
    dialect: Dialect,
    private_id: Option<String>,
    windows: Mutex<Vec<Window>>,
    next_ack: AtomicU64,
    has_left: AtomicBool,
    owed: Mutex<Vec<(u64, oneshot::Sender<Args>)>>,
}

/// The index of the window that counts a socket's events whatever their names.
const ALL_EVENTS: usize = usize::MAX;

/// The rate window of one event of one socket.
struct Window {
    index: usize,
    started_ms: u64,
    count: u32,
}

impl Session {
    /// Lets the server speak first where the revision says so.
    pub(super) fn greet(self: &Arc<Self>) {
        let speaks_first = self.revision == Revision::V3 && matches!(self.service.layer, Layer::SocketIo(_));
        if speaks_first {
            self.state.lock().dialect = Some(Dialect::JsonV4);
            self.run(Work::Packet(Packet::Connect { namespace: "/".into(), auth: None, query: None }), 0);
        }
    }

    pub(super) fn receive_text(self: &Arc<Self>, text: &str) -> Flow {
        if matches!(self.service.layer, Layer::Echo) {
            self.outbox.push(packet::text_frame(PacketType::Message, text));
            return Flow::Continue;
        }
        let mut state = self.state.lock();
        let json = if self.revision == Revision::V3 { Dialect::JsonV4 } else { Dialect::JsonV5 };
        let dialect = *state.dialect.get_or_insert(json);
        if state.partial.is_some() || dialect == Dialect::MsgpackV5 {
            drop(state);
            return self.refuse(CloseReason::ParseError);
        }
        match message::decode_text(dialect, text, &self.service.limits) {
            Ok(Header::Complete(packet)) => self.run_in(state, Work::Packet(packet), text.len()),
            Ok(Header::NeedsAttachments(partial)) => {
                state.partial = Some(Box::new((partial, now_ms())));
                self.expect_attachments(&mut state);
                Flow::Continue
            }
            Err(error) => {
                drop(state);
                self.malformed(&error)
            }
        }
    }

    pub(super) fn receive_binary(self: &Arc<Self>, data: &[u8]) -> Flow {
        if matches!(self.service.layer, Layer::Echo) {
            self.outbox.push(packet::binary_frame(self.revision, data));
            return Flow::Continue;
        }
        let mut state = self.state.lock();
        let decoded = match (state.partial.take(), state.dialect, self.revision) {
            (Some(mut partial), _, _) => match partial.0.add(data.to_vec().into(), &self.service.limits) {
                Ok(Some(packet)) => Ok(packet),
                Ok(None) => {
                    state.partial = Some(partial);
                    return Flow::Continue;
                }
                Err(error) => Err(error),
            },
            (None, None | Some(Dialect::MsgpackV5), Revision::V4) => {
                state.dialect = Some(Dialect::MsgpackV5);
                msgpack::decode(data, &self.service.limits)
            }
            (None, _, _) => Err(MessageError::WrongDialect),
        };
        match decoded {
            Ok(packet) => self.run_in(state, Work::Packet(packet), data.len()),
            Err(error) => {
                drop(state);
                self.malformed(&error)
            }
        }
    }

    fn malformed(self: &Arc<Self>, error: &MessageError) -> Flow {
        tracing::debug!(session.id = %self.id, %error, "connection `{}` sent a malformed packet", self.id);
        self.refuse(CloseReason::ParseError)
    }

    /// Ends the connection once: its sockets leave their rooms now, and the system hears of it after their last event.
    pub(super) fn end(self: &Arc<Self>, reason: CloseReason) {
        let mut state = self.state.lock();
        if std::mem::replace(&mut state.has_ended, true) {
            return;
        }
        state.partial = None;
        let sockets = state.sockets.clone();
        drop(state);
        tracing::debug!(session.id = %self.id, system = self.service.system, "connection `{}` ended: {}", self.id, reason.as_str());
        self.allow_farewell();
        for socket in &sockets {
            socket.leave_all(reason);
        }
        self.has_room.notify_waiters();
        self.run(Work::End(reason), 0);
    }

    /// Takes up work of so many bytes on the wire, after all that came before it. A packet after the end counts no more:
    /// a socket that it joined would never be told to leave.
    pub(super) fn run(self: &Arc<Self>, work: Work, bytes: usize) -> Flow {
        self.run_in(self.state.lock(), work, bytes)
    }

    /// Does so under a lock that is held already: an event that is answered at once takes the lock twice in all.
    fn run_in(self: &Arc<Self>, mut state: MutexGuard<'_, State>, work: Work, bytes: usize) -> Flow {
        if state.has_ended && matches!(work, Work::Packet(_)) {
            return Flow::Ended;
        }
        if state.is_running {
            state.inbox.push_back((work, bytes));
            state.inbox_bytes += bytes;
            return self.flow(&state);
        }
        state.is_running = true;
        let mut step = self.step(state, work);
        loop {
            if let Handled::Later(later) = step {
                let session = Arc::clone(self);
                actix_rt::spawn(async move {
                    later.await;
                    session.run_queued().await;
                });
                return self.flow(&self.state.lock());
            }
            // Only the handler of this very turn can have queued more.
            step = match self.next_work() {
                Ok((state, work)) => self.step(state, work),
                Err(flow) => return flow,
            };
        }
    }

    async fn run_queued(self: Arc<Self>) {
        loop {
            let step = match self.next_work() {
                Ok((state, work)) => self.step(state, work),
                Err(_) => return,
            };
            if let Handled::Later(later) = step {
                later.await;
            }
        }
    }

    /// Takes the next work out of the inbox, or ends the run and returns how reading goes on.
    fn next_work(&self) -> Result<(MutexGuard<'_, State>, Work), Flow> {
        let mut state = self.state.lock();
        let Some((work, bytes)) = state.inbox.pop_front() else {
            state.is_running = false;
            state.inbox = std::collections::VecDeque::new();
            return Err(self.flow(&state));
        };
        state.inbox_bytes -= bytes;
        self.has_room.notify_waiters();
        Ok((state, work))
    }

    fn step(self: &Arc<Self>, state: MutexGuard<'_, State>, work: Work) -> Handled {
        match work {
            Work::Packet(Packet::Event { namespace, id, name, args }) => match joined(state, &namespace) {
                Some(socket) => socket.handle(&name, args, id),
                None => self.not_joined(),
            },
            Work::Packet(Packet::Ack { namespace, id, args }) => match joined(state, &namespace) {
                Some(socket) => {
                    socket.acknowledged(id, args);
                    Handled::Done
                }
                None => self.not_joined(),
            },
            Work::Packet(packet) => {
                drop(state);
                self.change(packet)
            }
            Work::End(reason) => {
                drop(state);
                self.farewell(reason)
            }
        }
    }

    /// Takes up a packet that changes which namespaces the connection is in.
    fn change(self: &Arc<Self>, packet: Packet) -> Handled {
        match packet {
            Packet::Connect { namespace, auth, query } => self.connect(&namespace, auth, query),
            Packet::Disconnect { namespace } => self.leave(&namespace),
            _ => {
                self.close(CloseReason::ParseError);
                Handled::Done
            }
        }
    }

    fn not_joined(self: &Arc<Self>) -> Handled {
        if !self.state.lock().has_ended {
            self.close(CloseReason::ParseError);
        }
        Handled::Done
    }

    fn connect(self: &Arc<Self>, name: &str, mut auth: Option<Value>, query: Option<String>) -> Handled {
        let dialect = self.state.lock().dialect.unwrap_or(Dialect::JsonV5);
        let Some(namespace) = self.service.namespace(name) else {
            self.outbox.push(message::connect_error(dialect, name, "Invalid namespace", None));
            return Handled::Done;
        };
        if joined(self.state.lock(), name).is_some() {
            self.close(CloseReason::ParseError);
            return Handled::Done;
        }
        let mut handshake = Cow::Borrowed(&self.handshake);
        if let Some(query) = query {
            // Protocol 4 has no auth payload: what its clients put into a namespace's query stands for it.
            auth = auth.or_else(|| Some(query_object(&query)));
            handshake.to_mut().query = query.into();
        }
        let caller = match namespace.hooks.admit(&handshake, auth.as_ref()) {
            Ok(caller) => caller,
            Err(refusal) => {
                self.outbox.push(message::connect_error(dialect, name, &refusal.message, refusal.data.as_ref()));
                return Handled::Done;
            }
        };
        let socket = Socket::join(self, namespace, dialect, caller, auth.as_ref());
        let mut state = self.state.lock();
        state.has_joined = true;
        state.sockets.push(Arc::clone(&socket));
        drop(state);
        namespace.hooks.connected(&socket, &handshake, auth.as_ref())
    }

    fn leave(self: &Arc<Self>, namespace: &str) -> Handled {
        let mut state = self.state.lock();
        let Some(place) = state.sockets.iter().position(|socket| socket.namespace.name == namespace) else {
            return Handled::Done;
        };
        let socket = state.sockets.swap_remove(place);
        drop(state);
        socket.leave_all(CloseReason::ClientDisconnect);
        socket.namespace.hooks.disconnected(&socket, CloseReason::ClientDisconnect)
    }

    fn farewell(self: &Arc<Self>, reason: CloseReason) -> Handled {
        let sockets = std::mem::take(&mut self.state.lock().sockets);
        let mut farewells = Vec::new();
        for socket in sockets {
            socket.leave_all(reason);
            if let Handled::Later(farewell) = socket.namespace.hooks.disconnected(&socket, reason) {
                farewells.push(farewell);
            }
        }
        if farewells.is_empty() {
            return Handled::Done;
        }
        Handled::Later(Box::pin(async move {
            for farewell in farewells {
                farewell.await;
            }
        }))
    }
}

/// Returns the connection's socket in a namespace.
fn joined(state: MutexGuard<'_, State>, namespace: &str) -> Option<Arc<Socket>> {
    state.sockets.iter().find(|socket| socket.namespace.name == namespace).cloned()
}

impl Living for Session {
    fn give_way(self: Arc<Self>) {
        self.abort(CloseReason::TransportClose);
    }
}

impl Socket {
    /// Joins a namespace: the connect packet goes first, then the socket can be emitted to.
    fn join(
        session: &Arc<Session>,
        namespace: &Arc<Namespace>,
        dialect: Dialect,
        mut caller: Caller,
        auth: Option<&Value>,
    ) -> Arc<Self> {
        let (emitter, random) = (&namespace.emitter, session.service.deps.random());
        let claim = emitter.journal().and(auth).and_then(Claim::read);
        let mut id = match session.revision {
            Revision::V4 => SocketId::random(random),
            Revision::V3 => protocol_4_id(&session.id, namespace.name),
        };
        let private_id =
            emitter.journal().map(|_| claim.as_ref().map_or_else(|| ids::token128(random), |claim| claim.private_id.clone()));
        let mut is_recovered = false;
        let identity = identity(&caller);
        if let (Some(journal), Some(claim)) = (emitter.journal(), &claim) {
            journal.take_over(&claim.private_id, identity.as_deref());
            is_recovered = journal.recover(&claim.private_id, claim.offset.as_deref(), identity.as_deref(), |away, missed| {
                id = away.socket.clone();
                session.outbox.push_last(message::connect(dialect, namespace.name, id.as_str(), private_id.as_deref()));
                for (entry, offset) in missed {
                    session.outbox.push(message::event_with_offset(
                        dialect,
                        namespace.name,
                        &entry.name,
                        &entry.args,
                        Some(offset),
                    ));
                }
                emitter.add(id.clone(), dialect, Arc::clone(&session.outbox));
                for room in &away.rooms {
                    emitter.join(&id, room);
                }
            });
        }
        let private_id = if is_recovered { private_id } else { emitter.journal().map(|_| ids::token128(random)) };
        if !is_recovered {
            session.outbox.push_last(message::connect(dialect, namespace.name, id.as_str(), private_id.as_deref()));
            emitter.add(id.clone(), dialect, Arc::clone(&session.outbox));
        }
        caller.socket = Some(id.clone());
        if let (Some(journal), Some(private_id)) = (emitter.journal(), &private_id) {
            let connection: Weak<dyn Living> = Arc::downgrade(session) as Weak<dyn Living>;
            journal.lives(private_id, identity.as_deref(), connection);
        }
        Arc::new(Self {
            id,
            namespace: Arc::clone(namespace),
            caller,
            joined_at: Instant::now(),
            outbox: Arc::clone(&session.outbox),
            dialect,
            private_id,
            windows: Mutex::default(),
            next_ack: AtomicU64::new(0),
            has_left: AtomicBool::new(false),
            owed: Mutex::default(),
        })
    }

    /// Takes the socket out of its rooms, once: later, its id may be that of the connection that took its place. One that may
    /// come back is kept for recovery.
    fn leave_all(&self, reason: CloseReason) {
        if self.has_left.swap(true, Ordering::AcqRel) {
            return;
        }
        let emitter = &self.namespace.emitter;
        let rooms = emitter.remove(&self.id);
        let may_come_back =
            !matches!(reason, CloseReason::ClientDisconnect | CloseReason::ServerDisconnect | CloseReason::ParseError);
        if let (Some(journal), Some(private_id)) = (emitter.journal(), &self.private_id) {
            journal.left(private_id);
            if may_come_back {
                journal.keep(private_id, Away { socket: self.id.clone(), rooms, subject: identity(&self.caller) });
            }
        }
        self.owed.lock().clear();
    }

    fn handle(self: &Arc<Self>, name: &str, args: Args, ack: Option<u64>) -> Handled {
        let Some(handler) = self.namespace.handlers.get(name) else { return Handled::Done };
        if let Some(total) = &self.namespace.total
            && !self.admits(ALL_EVENTS, total.limit)
        {
            self.namespace.hooks.counted(handler.name, false);
            (total.refuse)(self, ack);
            return Handled::Done;
        }
        let is_accepted = handler.limit.is_none_or(|limit| self.admits(handler.index, limit));
        self.namespace.hooks.counted(handler.name, is_accepted);
        if !is_accepted {
            return Handled::Done;
        }
        (handler.call)(self, args, ack)
    }

    fn admits(&self, index: usize, limit: EventLimit) -> bool {
        let scale = self.namespace.limit_scale;
        if scale <= 0.0 {
            return true;
        }
        let max = f64::from(limit.max) * scale;
        let now = now_ms();
        let mut windows = self.windows.lock();
        let Some(window) = windows.iter_mut().find(|window| window.index == index) else {
            windows.push(Window { index, started_ms: now, count: 1 });
            return true;
        };
        if now >= window.started_ms + u64::from(limit.window_secs) * 1000 {
            *window = Window { index, started_ms: now, count: 0 };
        }
        window.count = window.count.saturating_add(1);
        f64::from(window.count) <= max
    }

    /// Emits to this socket.
    pub fn emit<E: Emit>(&self, event: &E) {
        self.namespace.emitter.socket(&self.id, event);
    }

    /// Emits arguments as they are to this socket, in answer to one of its own events: never recorded for recovery.
    pub fn reply_args(&self, name: &str, args: &Args) {
        self.outbox.push(message::event(self.dialect, self.namespace.name, None, name, args));
    }

    /// Answers an event that asked for an acknowledgement; `()` is acknowledged without arguments.
    pub fn acknowledge<R: Serialize>(&self, ack: Option<u64>, reply: &R) {
        let Some(id) = ack else { return };
        let args = if size_of::<R>() == 0 { Args::default() } else { Args::of(reply) };
        self.acknowledge_args(id, &args);
    }

    /// Answers an event that asked for an acknowledgement with arguments as they are.
    pub fn acknowledge_args(&self, id: u64, args: &Args) {
        self.outbox.push(message::ack(self.dialect, self.namespace.name, id, args));
    }

    /// Tells the socket that its event failed, in the system's own words and under an id by which the log knows it.
    pub fn fail<S: System>(&self, deps: &Deps, fault: &Fault, ack: Option<u64>) {
        let request_id = ids::uuid(deps.random());
        if fault.kind == Kind::Internal {
            tracing::error!(system = S::NAME, request.id = request_id, code = %fault.code, "an event failed: {}", fault.message);
        } else {
            tracing::debug!(system = S::NAME, request.id = request_id, socket.id = %self.id, "an event was refused: {}", fault.message);
        }
        let error = S::socket_error(fault, &request_id);
        let args = Args::of(&error.payload);
        self.namespace.emitter.reply_args(&self.id, error.event, &args);
        if let Some(id) = ack {
            self.acknowledge_args(id, &args);
        }
    }

    /// Emits an event and waits for the client's acknowledgement; none when it does not come in time.
    pub async fn ask(&self, name: &str, args: &Args, timeout: Duration) -> Option<Args> {
        let id = self.next_ack.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        {
            let mut owed = self.owed.lock();
            if owed.len() >= MAX_PENDING_ACKS {
                return None;
            }
            owed.push((id, answer));
        }
        self.outbox.push(message::event(self.dialect, self.namespace.name, Some(id), name, args));
        let answer = tokio::time::timeout(timeout, answered).await;
        self.owed.lock().retain(|(owed, _)| *owed != id);
        answer.ok()?.ok()
    }

    fn acknowledged(&self, id: u64, args: Args) {
        let mut owed = self.owed.lock();
        let Some(place) = owed.iter().position(|(owed, _)| *owed == id) else { return };
        let (_, answer) = owed.swap_remove(place);
        drop(owed);
        let _ = answer.send(args);
    }
}

/// Returns who a caller is to the journal: an id is another's in another role.
fn identity(caller: &Caller) -> Option<String> {
    let subject = caller.subject.as_ref()?;
    Some(format!("{}:{subject}", caller.role.as_deref().unwrap_or_default()))
}

/// Returns a query string as an object of texts.
fn query_object(query: &str) -> Value {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
    Value::Object(pairs.into_iter().map(|(name, value)| (name, Value::String(value))).collect())
}

/// Returns the id that clients of protocol 4 give themselves: no connect packet tells them one.
fn protocol_4_id(session: &Arc<str>, namespace: &str) -> SocketId {
    if namespace == "/" { SocketId::new(Arc::clone(session)) } else { SocketId::new(format!("{namespace}#{session}")) }
}

/// A returning client's claim to its former socket.
struct Claim {
    private_id: String,
    offset: Option<String>,
}

impl Claim {
    fn read(auth: &Value) -> Option<Self> {
        let private_id = auth.get("pid")?.as_str()?.to_owned();
        let offset = auth.get("offset").and_then(Value::as_str).map(str::to_owned);
        Some(Self { private_id, offset })
    }
}
