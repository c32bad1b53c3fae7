//! One Engine.IO connection: its transport, its heartbeats and its end. What its messages mean is in [`super::dispatch`].

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use hubbub_actors::kit::outbox::{CloseReason, Outbox, Wake};
use hubbub_protocol::wire::handshake::{Open, Query, Refusal, Transport as Named};
use hubbub_protocol::wire::message::{Dialect, Partial};
use hubbub_protocol::wire::packet::{self, Packet, PacketType, Revision};
use hubbub_protocol::wire::payload::Encoder;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::capacity::Place;
use super::dispatch::{Socket, Work};
use super::flusher::Link;
use super::handshake::Handshake;
use super::reaper::{TICK_MS, now_ms};
use super::service::{Layer, Service};

/// Packets of one connection that may wait for an event under way before its reading pauses.
const INBOX_PACKETS: usize = 256;
/// How late a ping may be at the cost of the time for its answer.
const LATE_PING_MS: u64 = 50;
/// How long a poll that meets a probe waits for the upgrade.
const UPGRADE_GRACE: Duration = Duration::from_millis(25);
/// How long what waits for a closed connection may still be fetched.
const FAREWELL_MS: u64 = 2_000;

/// One connection.
pub struct Session {
    /// Its Engine.IO session id: 128 random bits.
    pub id: Arc<str>,
    /// The server it belongs to.
    pub service: Arc<Service>,
    /// Its revision of Engine.IO, which never changes.
    pub revision: Revision,
    /// Its polls are answered in text, binary data in base64: as its first request asked.
    pub is_text_only: bool,
    /// What its first request said.
    pub handshake: Handshake,
    /// What waits to be sent.
    pub outbox: Arc<Outbox>,
    pub(super) state: Mutex<State>,
    pub(super) has_room: Notify,
    /// Where the reaper's wheel holds it.
    pub(super) slot: AtomicU32,
    heart: Heart,
    _place: Place,
}

/// Times in milliseconds of the reaper's clock; 0 means never.
#[derive(Default)]
struct Heart {
    opened: AtomicU64,
    last_seen: AtomicU64,
    ping_sent: AtomicU64,
    next_ping: AtomicU64,
    closing_since: AtomicU64,
}

pub(super) struct State {
    pub transport: Transport,
    pub dialect: Option<Dialect>,
    /// A packet whose attachments are due, and since when.
    pub partial: Option<Box<(Partial, u64)>>,
    pub is_watched_for_attachments: bool,
    pub sockets: Vec<Arc<Socket>>,
    pub inbox: VecDeque<(Work, usize)>,
    pub inbox_bytes: usize,
    pub is_running: bool,
    pub has_joined: bool,
    pub has_ended: bool,
}

/// How a connection is carried just now.
pub(super) enum Transport {
    Polling(Polling),
    WebSocket(Arc<Link>),
}

/// The polling side of a connection.
#[derive(Default)]
pub(super) struct Polling {
    wake: Arc<PollWake>,
    is_polled: bool,
    is_posted: bool,
    /// A WebSocket has been probed; polls are answered at once so that the client can finish the upgrade.
    is_probed: bool,
}

#[derive(Default)]
struct PollWake(Notify);

impl Wake for PollWake {
    fn wake(&self, _: &Arc<Outbox>) {
        self.0.notify_one();
    }
}

/// How far a connection has moved from polling to a WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UpgradeStage {
    /// It polls.
    Polling,
    /// It polls, and a WebSocket has been probed.
    Probed,
    /// It has a WebSocket.
    Upgraded,
}

/// Whether a reader may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Read on.
    Continue,
    /// Wait until an event under way is done.
    Full,
    /// The connection has ended.
    Ended,
}

impl Session {
    /// Opens a connection over polling or, with a link and the head of its handshake's response, over WebSocket, and queues
    /// its open packet.
    pub fn open(
        service: &Arc<Service>,
        id: Arc<str>,
        query: &Query,
        handshake: Handshake,
        place: Place,
        link: Option<(Arc<Link>, Bytes)>,
    ) -> Arc<Self> {
        let outbox = Outbox::new(Arc::clone(&service.outbox));
        let open = |transport| Self::begin(service, id, query, handshake, place, Arc::clone(&outbox), transport);
        match link {
            Some((link, head)) => {
                let is_held = link.hold(&outbox);
                if !is_held || !link.write_directly(&head) {
                    outbox.push(head);
                }
                // One turn, so that all of the greeting leaves in one write.
                link.turn(&outbox, || open(Transport::WebSocket(Arc::clone(&link))))
            }
            None => open(Transport::Polling(Polling::default())),
        }
    }

    fn begin(
        service: &Arc<Service>,
        id: Arc<str>,
        query: &Query,
        handshake: Handshake,
        place: Place,
        outbox: Arc<Outbox>,
        transport: Transport,
    ) -> Arc<Self> {
        let upgrades: &[Named] = if matches!(transport, Transport::Polling(_)) { &[Named::WebSocket] } else { &[] };
        let open = Open {
            sid: &id,
            upgrades,
            ping_interval_ms: service.timing.ping_interval_ms,
            ping_timeout_ms: service.timing.ping_timeout_ms,
            max_payload: service.limits.max_payload_bytes,
        };
        outbox.push(open.packet(query.revision));
        match &transport {
            Transport::WebSocket(link) => {
                service.sessions.websocket_opened();
                outbox.attach(Arc::clone(link) as Arc<dyn Wake>);
            }
            Transport::Polling(polling) => outbox.attach(Arc::clone(&polling.wake) as Arc<dyn Wake>),
        }
        let session = Arc::new(Self {
            id,
            service: Arc::clone(service),
            revision: query.revision,
            is_text_only: query.b64,
            handshake,
            outbox,
            state: Mutex::new(State::new(transport)),
            has_room: Notify::new(),
            slot: AtomicU32::new(u32::MAX),
            heart: Heart::start(service.timing.ping_interval_ms),
            _place: place,
        });
        service.sessions.insert(&session);
        let now = now_ms();
        service.reaper.watch(&session, session.look(now).unwrap_or(now));
        session.greet();
        if service.sessions.is_draining() {
            // It came in between the order to stop and the round that tells every connection.
            session.close(CloseReason::ShuttingDown);
        }
        session
    }

    /// Returns whether a request from `address` may be this connection's. Ids of revision 4 are secrets; those of revision 3
    /// are also their sockets' public ids, so there the address has to match as well.
    pub fn is_of(&self, address: Option<IpAddr>) -> bool {
        self.revision == Revision::V4 || self.handshake.address == address
    }

    /// Takes note that the peer is alive.
    pub fn touch(&self) {
        self.heart.last_seen.store(now_ms(), Ordering::Relaxed);
    }

    /// Takes up one Engine.IO packet.
    pub fn receive(self: &Arc<Self>, packet: Packet<'_>) -> Flow {
        match packet {
            Packet::Text(text) => self.receive_text(text),
            Packet::Binary(data) => self.receive_binary(&data),
            Packet::Ping(data) if self.revision == Revision::V3 => {
                self.outbox.push(packet::text_frame(PacketType::Pong, data));
                Flow::Continue
            }
            Packet::Close => {
                self.close(CloseReason::TransportClose);
                Flow::Ended
            }
            Packet::Pong(_) | Packet::Noop => Flow::Continue,
            Packet::Ping(_) | Packet::Open(_) | Packet::Upgrade => self.refuse(CloseReason::ParseError),
        }
    }

    /// Ends the connection because of what the peer sent. A polling client finds its session unknown from now on.
    pub(super) fn refuse(self: &Arc<Self>, reason: CloseReason) -> Flow {
        self.close(reason);
        if matches!(self.state.lock().transport, Transport::Polling(_)) {
            self.service.sessions.remove(&self.id);
        }
        Flow::Ended
    }

    /// Ends the connection from the hub's side; what waits is still sent.
    pub fn close(self: &Arc<Self>, reason: CloseReason) {
        self.end(reason);
        self.outbox.close(reason, None);
    }

    /// Gives the peer a moment to fetch what waits and to close its side, and has the reaper look whether it did; a peer that is
    /// gone needs none.
    pub(super) fn allow_farewell(self: &Arc<Self>) {
        let now = now_ms().max(1);
        if self.heart.closing_since.swap(now, Ordering::Relaxed) == 0 {
            self.service.reaper.watch(self, now + FAREWELL_MS);
        }
    }

    /// Ends the connection at once: the transport is gone, or the peer does not take what waits.
    pub fn abort(self: &Arc<Self>, reason: CloseReason) {
        self.outbox.abort(reason);
        self.end_now(reason);
        if let Transport::WebSocket(link) = &self.state.lock().transport {
            link.cut();
        }
    }

    /// Ends the connection whose stream has ended: nobody is there to be told, so the flusher need not hear of it.
    pub(super) fn lost(self: &Arc<Self>, reason: CloseReason) {
        self.outbox.detach();
        self.outbox.abort(reason);
        self.end_now(reason);
        if let Transport::WebSocket(link) = &self.state.lock().transport {
            link.release();
        }
    }

    fn end_now(self: &Arc<Self>, reason: CloseReason) {
        self.heart.closing_since.store(now_ms().max(1), Ordering::Relaxed);
        self.end(self.outbox.closed().unwrap_or(reason));
        self.outbox.detach();
        self.service.sessions.remove(&self.id);
    }

    /// Returns whether nothing of what the peer still sends counts.
    pub fn has_ended(&self) -> bool {
        self.state.lock().has_ended || self.outbox.closed().is_some()
    }

    /// Returns whether reading should pause.
    pub(super) fn flow(&self, state: &State) -> Flow {
        if state.has_ended {
            Flow::Ended
        } else if state.inbox.len() >= INBOX_PACKETS || state.inbox_bytes >= self.service.limits.max_payload_bytes {
            Flow::Full
        } else {
            Flow::Continue
        }
    }

    /// Waits until the inbox has room again.
    pub async fn room(&self) {
        loop {
            let notified = self.has_room.notified();
            if self.flow(&self.state.lock()) != Flow::Full {
                return;
            }
            notified.await;
        }
    }

    /// Looks at the connection's deadlines and returns the next one; none when it has ended.
    pub(super) fn look(self: &Arc<Self>, now: u64) -> Option<u64> {
        let closing_since = self.heart.closing_since.load(Ordering::Relaxed);
        if closing_since > 0 {
            if now >= closing_since + FAREWELL_MS {
                self.abort(CloseReason::TransportClose);
                return None;
            }
            return Some(closing_since + FAREWELL_MS);
        }
        let (is_late, next) = self.deadlines(now);
        if let Some(reason) = is_late {
            self.overdue(reason);
            return Some(now);
        }
        Some(next)
    }

    /// Has the reaper look whether the attachments of the packet in `state` come in time.
    pub(super) fn expect_attachments(self: &Arc<Self>, state: &mut State) {
        if !std::mem::replace(&mut state.is_watched_for_attachments, true) {
            self.service.reaper.watch_attachments(self, now_ms() + self.service.timing.connect_timeout_ms);
        }
    }

    /// Ends the connection if attachments are overdue, and returns when to look again while some are due.
    pub(super) fn look_for_attachments(self: &Arc<Self>, now: u64) -> Option<u64> {
        let mut state = self.state.lock();
        let Some(since) = state.partial.as_ref().map(|partial| partial.1) else {
            state.is_watched_for_attachments = false;
            return None;
        };
        drop(state);
        let deadline = since + self.service.timing.connect_timeout_ms;
        if now + TICK_MS < deadline {
            return Some(deadline);
        }
        self.overdue(CloseReason::ParseError);
        None
    }

    fn overdue(self: &Arc<Self>, reason: CloseReason) {
        if reason == CloseReason::SlowConsumer {
            self.service.outbox.evicted.fetch_add(1, Ordering::Relaxed);
        }
        match reason {
            CloseReason::SlowConsumer | CloseReason::PingTimeout => self.abort(reason),
            _ => self.close(reason),
        }
    }

    fn deadlines(&self, now: u64) -> (Option<CloseReason>, u64) {
        let timing = &self.service.timing;
        let mut next = u64::MAX;
        let mut check = |deadline: u64, reason| {
            if now + TICK_MS >= deadline {
                return Some(reason);
            }
            next = next.min(deadline);
            None
        };
        let state = self.state.lock();
        let must_join = !state.has_joined && matches!(self.service.layer, Layer::SocketIo(_));
        let join_by = self.heart.opened.load(Ordering::Relaxed) + timing.connect_timeout_ms;
        let blocked_since = match &state.transport {
            Transport::WebSocket(link) => link.blocked_since_ms(),
            Transport::Polling(_) => None,
        };
        let is_paused = self.flow(&state) == Flow::Full;
        drop(state);
        let mut late = must_join.then(|| check(join_by, CloseReason::ConnectTimeout)).flatten();
        let write_deadline = timing.ping_interval_ms + timing.ping_timeout_ms;
        late = late.or_else(|| blocked_since.and_then(|since| check(since + write_deadline, CloseReason::SlowConsumer)));
        if is_paused {
            self.heart.last_seen.store(now, Ordering::Relaxed);
        }
        late = late.or_else(|| check(self.heart.beat(self, now), CloseReason::PingTimeout));
        (late, next)
    }

    /// Begins a poll.
    ///
    /// # Errors
    /// The refusal; a second poll ends the connection.
    pub(super) fn begin_poll(self: &Arc<Self>) -> Result<(), Refusal> {
        let mut state = self.state.lock();
        let Transport::Polling(polling) = &mut state.transport else { return Err(Refusal::BadRequest) };
        if polling.is_polled {
            drop(state);
            self.close(CloseReason::TransportError);
            return Err(Refusal::BadRequest);
        }
        polling.is_polled = true;
        Ok(())
    }

    /// Ends a poll, answered or not.
    pub(super) fn end_poll(&self) {
        if let Transport::Polling(polling) = &mut self.state.lock().transport {
            polling.is_polled = false;
        }
    }

    /// Returns how far the connection has moved to a WebSocket.
    pub(super) fn upgrade_stage(&self) -> UpgradeStage {
        match &self.state.lock().transport {
            Transport::Polling(polling) if polling.is_probed => UpgradeStage::Probed,
            Transport::Polling(_) => UpgradeStage::Polling,
            Transport::WebSocket(_) => UpgradeStage::Upgraded,
        }
    }

    /// Waits a moment for a probed WebSocket to take over, and returns whether it has. A poll that is open when the probe comes
    /// is given back after that moment, because the client finishes the upgrade only then.
    pub(super) async fn upgrades_soon(&self) -> bool {
        let upgraded = async {
            while self.upgrade_stage() != UpgradeStage::Upgraded {
                self.poll_woken().await;
            }
        };
        tokio::time::timeout(UPGRADE_GRACE, upgraded).await.is_ok()
    }

    /// Drains what waits into a poll's body, unless a WebSocket has taken over the Outbox: decided under one lock, or packets
    /// could overtake each other on two transports. Returns why the connection is closed, once nothing waits any more.
    pub(super) fn drain_for_poll(&self, encoder: &mut Encoder) -> Option<CloseReason> {
        let state = self.state.lock();
        match state.transport {
            Transport::Polling(_) => self.outbox.drain(|entry| encoder.push_frames(entry)),
            Transport::WebSocket(_) => None,
        }
    }

    /// Waits until something may be there for a poll.
    pub(super) async fn poll_woken(&self) {
        let wake = match &self.state.lock().transport {
            Transport::Polling(polling) => Arc::clone(&polling.wake),
            Transport::WebSocket(_) => return,
        };
        wake.0.notified().await;
    }

    /// Begins a POST of packets.
    ///
    /// # Errors
    /// The refusal; a second POST at the same time ends the connection.
    pub(super) fn begin_post(self: &Arc<Self>) -> Result<(), Refusal> {
        if self.has_ended() {
            return Err(Refusal::UnknownSid);
        }
        let mut state = self.state.lock();
        let Transport::Polling(polling) = &mut state.transport else { return Err(Refusal::BadRequest) };
        if polling.is_posted {
            drop(state);
            self.close(CloseReason::TransportError);
            return Err(Refusal::BadRequest);
        }
        polling.is_posted = true;
        Ok(())
    }

    /// Ends a POST.
    pub(super) fn end_post(&self) {
        if let Transport::Polling(polling) = &mut self.state.lock().transport {
            polling.is_posted = false;
        }
    }

    /// Answers a probe: returns false when the connection cannot move to a WebSocket now.
    pub(super) fn probe(&self) -> bool {
        let mut state = self.state.lock();
        let has_ended = state.has_ended;
        let Transport::Polling(polling) = &mut state.transport else { return false };
        if polling.is_probed || has_ended {
            return false;
        }
        polling.is_probed = true;
        polling.wake.0.notify_one();
        true
    }

    /// Takes back a probe whose WebSocket went away.
    pub(super) fn abandon_probe(&self) {
        if let Transport::Polling(polling) = &mut self.state.lock().transport {
            polling.is_probed = false;
        }
    }

    /// Moves the connection to a WebSocket: what waits goes there, and a poll still open is answered empty.
    pub(super) fn upgrade(&self, link: &Arc<Link>) -> bool {
        let mut state = self.state.lock();
        let Transport::Polling(polling) = &state.transport else { return false };
        if state.has_ended {
            return false;
        }
        let wake = Arc::clone(&polling.wake);
        state.transport = Transport::WebSocket(Arc::clone(link));
        self.service.sessions.websocket_opened();
        drop(state);
        self.outbox.attach(Arc::clone(link) as Arc<dyn Wake>);
        wake.0.notify_one();
        true
    }

    /// Forgets the connection once its last packets are delivered.
    pub(super) fn forget(&self) {
        self.outbox.detach();
        self.service.sessions.remove(&self.id);
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.service.reaper.forget(self);
        if matches!(self.state.get_mut().transport, Transport::WebSocket(_)) {
            self.service.sessions.websocket_closed();
        }
    }
}

impl State {
    fn new(transport: Transport) -> Self {
        Self {
            transport,
            dialect: None,
            partial: None,
            is_watched_for_attachments: false,
            sockets: Vec::new(),
            inbox: VecDeque::new(),
            inbox_bytes: 0,
            is_running: false,
            has_joined: false,
            has_ended: false,
        }
    }
}

impl Heart {
    fn start(ping_interval_ms: u64) -> Self {
        let now = now_ms();
        Self { opened: now.into(), last_seen: now.into(), next_ping: (now + ping_interval_ms).into(), ..Self::default() }
    }

    /// Sends a ping if one is due and returns when the peer is overdue, or when to look again.
    fn beat(&self, session: &Session, now: u64) -> u64 {
        let timing = &session.service.timing;
        let last_seen = self.last_seen.load(Ordering::Relaxed);
        if session.revision == Revision::V3 {
            return last_seen + timing.ping_interval_ms + timing.ping_timeout_ms;
        }
        let ping_sent = self.ping_sent.load(Ordering::Relaxed);
        if ping_sent > 0 && last_seen < ping_sent {
            return ping_sent + timing.ping_timeout_ms;
        }
        if ping_sent > 0 {
            self.ping_sent.store(0, Ordering::Relaxed);
            self.next_ping.store(last_seen.max(ping_sent) + timing.ping_interval_ms, Ordering::Relaxed);
        }
        let next_ping = self.next_ping.load(Ordering::Relaxed);
        if now + TICK_MS < next_ping {
            return next_ping;
        }
        session.outbox.push(Bytes::from_static(PING_FRAME));
        // The answer is due counted from when the ping was due, but a hub that was held up does not blame its clients.
        let sent = next_ping.clamp(now.saturating_sub(LATE_PING_MS), now).max(1);
        self.ping_sent.store(sent, Ordering::Relaxed);
        sent + timing.ping_timeout_ms
    }
}

/// A WebSocket text frame with the ping packet `2`.
const PING_FRAME: &[u8] = &[0x81, 0x01, b'2'];
