//! The Outbox: what waits to be sent to one connection, and the two lanes it waits in.
//!
//! Decision: payloads never pass an actor's mailbox; whoever emits pushes straight into the receiver's Outbox, whose
//! owner (a flusher, or a waiting poll) is woken once. Reason: a mailbox neither bounds bytes nor conflates, and a message
//! per payload costs more than the payload. An entry is one `Bytes` with whole WebSocket frames, so that a packet and its
//! attachments cannot be torn apart and one encoding serves every receiver.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};
use indexmap::IndexMap;
use parking_lot::Mutex;

/// Entries of at least this size are written from their own memory; smaller ones are gathered into one buffer.
const LARGE_BYTES: usize = 16 * 1024;
/// A drained lane keeps at most this capacity, so that one burst does not cost memory for ever.
const KEPT_CAPACITY: usize = 16;

/// Who is told that an Outbox has something to send. A wake is outstanding at most once until the Outbox was found empty.
pub trait Wake: Send + Sync {
    /// Takes note that `outbox` is due; must not block.
    fn wake(&self, outbox: &Arc<Outbox>);
}

/// The bounds of an Outbox and the counters that all of one system share.
#[derive(Debug)]
pub struct OutboxPolicy {
    /// Bytes that may wait, in each lane: a full latest lane never costs a receiver its commands.
    pub max_bytes: usize,
    /// Entries that may wait in the reliable lane.
    pub max_packets: usize,
    /// Values of the latest lane that a newer one replaced or that found no room, and volatile ones that came too soon.
    pub dropped: AtomicU64,
    /// Connections closed because they read too slowly.
    pub evicted: AtomicU64,
}

impl OutboxPolicy {
    /// Returns a policy with these bounds and counters at zero.
    #[must_use]
    pub fn new(max_bytes: usize, max_packets: usize) -> Self {
        Self { max_bytes, max_packets, dropped: AtomicU64::new(0), evicted: AtomicU64::new(0) }
    }
}

/// Names a value of the latest lane: the event and what it is about. Shared by all receivers of one emission.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LatestKey(Arc<str>);

impl LatestKey {
    /// Returns the key of `event` about `subject`.
    #[must_use]
    pub fn new(event: &str, subject: &str) -> Self {
        Self(format!("{event}\0{subject}").into())
    }
}

/// What became of a pushed entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// It waits to be sent.
    Queued,
    /// It waits, and replaced an older value that was never sent.
    Superseded,
    /// The Outbox is closed, or the entry closed it by overflowing it.
    Refused,
}

/// Why a connection ends, as it stands in logs and in the reason given to the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseReason {
    /// The peer closed its transport.
    TransportClose,
    /// Reading or writing failed, or the peer broke the protocol below Socket.IO.
    TransportError,
    /// No heartbeat arrived in time.
    PingTimeout,
    /// The peer sent what Socket.IO does not allow.
    ParseError,
    /// The peer joined no namespace in time.
    ConnectTimeout,
    /// More waited for the peer than its Outbox holds, or it read nothing for too long.
    SlowConsumer,
    /// The hub ended this connection.
    ServerDisconnect,
    /// The client left the namespace.
    ClientDisconnect,
    /// The hub is stopping.
    ShuttingDown,
}

impl CloseReason {
    /// Returns the reason in the words that Socket.IO servers use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TransportClose => "transport close",
            Self::TransportError => "transport error",
            Self::PingTimeout => "ping timeout",
            Self::ParseError => "parse error",
            Self::ConnectTimeout => "connect timeout",
            Self::SlowConsumer => "slow consumer",
            Self::ServerDisconnect => "server namespace disconnect",
            Self::ClientDisconnect => "client namespace disconnect",
            Self::ShuttingDown => "server shutting down",
        }
    }
}

/// What a flush takes from an Outbox.
#[derive(Debug)]
pub enum Taken {
    /// Small entries, gathered in the caller's buffer.
    Gathered,
    /// One large entry, to be written as it is.
    Large(Bytes),
    /// Nothing is left and the Outbox is open; the next push wakes again.
    Empty,
    /// Nothing is left and the Outbox is closed.
    Closed(CloseReason),
}

/// What waits for one connection.
pub struct Outbox {
    policy: Arc<OutboxPolicy>,
    lanes: Mutex<Lanes>,
}

#[derive(Default)]
struct Lanes {
    /// The rest of an entry whose beginning is already on the wire; it goes before everything else.
    unfinished: Bytes,
    /// One pointer per entry: in a large room, what is in these queues is too much for the caches, and four times as much if
    /// each held a whole `Bytes` (8 % of the cost of a delivery to 10,000).
    reliable: VecDeque<Arc<Bytes>>,
    reliable_bytes: usize,
    latest: Option<Box<IndexMap<LatestKey, Bytes>>>,
    /// Reliable entries up to and including the last one that must be the end of a write.
    alone: usize,
    /// Such an entry was taken, and nobody has asked yet.
    gap: bool,
    latest_bytes: usize,
    /// A wake is outstanding: nobody needs to wake again.
    pending: bool,
    closed: Option<CloseReason>,
    wake: Option<Arc<dyn Wake>>,
}

impl Outbox {
    /// Returns an empty Outbox that nobody listens to yet.
    #[must_use]
    pub fn new(policy: Arc<OutboxPolicy>) -> Arc<Self> {
        Arc::new(Self { policy, lanes: Mutex::new(Lanes::default()) })
    }

    /// Queues an entry in the reliable lane. Overflow closes the Outbox: a receiver that lost a command must reconnect.
    pub fn push(self: &Arc<Self>, entry: impl Into<Arc<Bytes>>) -> Pushed {
        let entry = entry.into();
        let mut lanes = self.lanes.lock();
        if lanes.closed.is_some() {
            return Pushed::Refused;
        }
        let over_bytes = lanes.reliable_bytes + entry.len() > self.policy.max_bytes && lanes.reliable_bytes > 0;
        if over_bytes || lanes.reliable.len() >= self.policy.max_packets {
            lanes.overflow();
            self.policy.evicted.fetch_add(1, Ordering::Relaxed);
            self.announce_close(lanes);
            return Pushed::Refused;
        }
        lanes.push_reliable(entry);
        self.notify(lanes);
        Pushed::Queued
    }

    /// Queues an entry as [`Outbox::push`] does, and lets nothing follow it in the same write: see [`Outbox::took_last`].
    pub fn push_last(self: &Arc<Self>, entry: Bytes) -> Pushed {
        let mut lanes = self.lanes.lock();
        lanes.alone = lanes.reliable.len() + 1;
        drop(lanes);
        self.push(entry)
    }

    /// Returns, once, whether the last [`Outbox::take`] ended with an entry of [`Outbox::push_last`].
    pub fn took_last(&self) -> bool {
        std::mem::take(&mut self.lanes.lock().gap)
    }

    /// Queues an entry only if nothing waits: a receiver that is behind does without it.
    pub fn push_volatile(self: &Arc<Self>, entry: Bytes) -> Pushed {
        let is_behind = self.waiting_bytes() > 0;
        if is_behind {
            self.policy.dropped.fetch_add(1, Ordering::Relaxed);
            return Pushed::Refused;
        }
        self.push(entry)
    }

    /// Queues the newest value of `key`, replacing an older one that still waits.
    pub fn push_latest(self: &Arc<Self>, key: &LatestKey, entry: Bytes) -> Pushed {
        let mut lanes = self.lanes.lock();
        if lanes.closed.is_some() {
            return Pushed::Refused;
        }
        let outcome = lanes.replace(key, entry);
        let evicted = lanes.trim_latest(self.policy.max_bytes);
        let dropped = evicted + u64::from(outcome == Pushed::Superseded);
        if dropped > 0 {
            self.policy.dropped.fetch_add(dropped, Ordering::Relaxed);
        }
        self.notify(lanes);
        outcome
    }

    fn notify(self: &Arc<Self>, mut lanes: parking_lot::MutexGuard<'_, Lanes>) {
        if lanes.pending {
            return;
        }
        if let Some(wake) = lanes.wake.clone() {
            lanes.pending = true;
            drop(lanes);
            wake.wake(self);
        }
    }

    /// Wakes for a close even if a wake is outstanding: the owner may be waiting for a peer that never reads again.
    fn announce_close(self: &Arc<Self>, mut lanes: parking_lot::MutexGuard<'_, Lanes>) {
        lanes.pending = false;
        self.notify(lanes);
    }

    /// Makes `wake` the one who is told, and tells it at once when something waits already.
    pub fn attach(self: &Arc<Self>, wake: Arc<dyn Wake>) {
        let mut lanes = self.lanes.lock();
        lanes.wake = Some(wake);
        lanes.pending = false;
        if !lanes.is_empty() || lanes.closed.is_some() {
            self.notify(lanes);
        }
    }

    /// Leaves the Outbox without a listener; what is pushed now waits for the next one.
    pub fn detach(&self) {
        let mut lanes = self.lanes.lock();
        lanes.wake = None;
        lanes.pending = false;
    }

    /// Takes what is due, gathering up to `max` bytes of small entries into `buffer` (which must come empty). Nothing follows
    /// an entry of [`Outbox::push_last`], unless the caller makes no gaps, which is asked only when there is such an entry.
    pub fn take(&self, buffer: &mut BytesMut, max: usize, makes_gaps: impl Fn() -> bool) -> Taken {
        let mut lanes = self.lanes.lock();
        loop {
            let room = max.saturating_sub(buffer.len());
            match lanes.next_size() {
                None if !buffer.is_empty() => break,
                None => return lanes.found_empty(),
                Some(size) if size >= LARGE_BYTES || size > room => {
                    if !buffer.is_empty() {
                        break;
                    }
                    return lanes.pop().map_or(Taken::Empty, |entry| Taken::Large(Arc::unwrap_or_clone(entry)));
                }
                Some(_) => {
                    if let Some(entry) = lanes.pop() {
                        buffer.extend_from_slice(&entry);
                    }
                    if lanes.gap && makes_gaps() {
                        break;
                    }
                }
            }
        }
        Taken::Gathered
    }

    /// Offers entries one by one, oldest first, while `accept` takes them: how a poll fills its body.
    pub fn drain(&self, mut accept: impl FnMut(&Bytes) -> bool) -> Option<CloseReason> {
        let mut lanes = self.lanes.lock();
        while let Some(entry) = lanes.pop() {
            if !accept(&entry) {
                lanes.reliable_bytes += entry.len();
                lanes.reliable.push_front(entry);
                break;
            }
        }
        let closed = if lanes.is_empty() { lanes.closed } else { None };
        lanes.pending = false;
        closed
    }

    /// Gives back what the transport did not take of the last [`Outbox::take`]; it goes first next time.
    pub fn put_back(&self, rest: Bytes) {
        self.lanes.lock().unfinished = rest;
    }

    /// Returns whether more waits. If not, the next push wakes again: both are decided under one lock, or a push could be missed.
    pub fn has_more(&self) -> bool {
        let mut lanes = self.lanes.lock();
        let more = !lanes.is_empty() || lanes.closed.is_some();
        if !more {
            lanes.pending = false;
        }
        more
    }

    /// Closes the Outbox after `last` (for example a disconnect packet); what already waits is still sent.
    pub fn close(self: &Arc<Self>, reason: CloseReason, last: Option<Bytes>) {
        let mut lanes = self.lanes.lock();
        if lanes.closed.is_some() {
            return;
        }
        if let Some(entry) = last {
            lanes.push_reliable(Arc::new(entry));
        }
        lanes.closed = Some(reason);
        self.announce_close(lanes);
    }

    /// Closes the Outbox and forgets what waits: the peer is gone or does not read.
    pub fn abort(self: &Arc<Self>, reason: CloseReason) {
        let mut lanes = self.lanes.lock();
        let first = lanes.closed.unwrap_or(reason);
        lanes.forget();
        lanes.closed = Some(first);
        self.announce_close(lanes);
    }

    /// Returns why the Outbox is closed, if it is.
    pub fn closed(&self) -> Option<CloseReason> {
        self.lanes.lock().closed
    }

    /// Returns the bytes that wait.
    pub fn waiting_bytes(&self) -> usize {
        let lanes = self.lanes.lock();
        lanes.unfinished.len() + lanes.reliable_bytes + lanes.latest_bytes
    }
}

impl Lanes {
    fn is_empty(&self) -> bool {
        self.unfinished.is_empty() && self.reliable.is_empty() && self.latest.as_ref().is_none_or(|latest| latest.is_empty())
    }

    fn next_size(&self) -> Option<usize> {
        if !self.unfinished.is_empty() {
            return Some(self.unfinished.len());
        }
        let latest = || self.latest.as_ref().and_then(|latest| latest.first()).map(|(_, entry)| entry.len());
        self.reliable.front().map(|entry| entry.len()).or_else(latest)
    }

    fn pop(&mut self) -> Option<Arc<Bytes>> {
        if self.unfinished.is_empty() { self.pop_lane() } else { Some(Arc::new(std::mem::take(&mut self.unfinished))) }
    }

    fn push_reliable(&mut self, entry: Arc<Bytes>) {
        self.reliable_bytes += entry.len();
        self.reliable.push_back(entry);
    }

    fn pop_lane(&mut self) -> Option<Arc<Bytes>> {
        if let Some(entry) = self.reliable.pop_front() {
            self.gap |= self.alone == 1;
            self.alone = self.alone.saturating_sub(1);
            self.reliable_bytes -= entry.len();
            if self.reliable.is_empty() && self.reliable.capacity() > KEPT_CAPACITY {
                self.reliable = VecDeque::new();
            }
            return Some(entry);
        }
        let latest = self.latest.as_mut()?;
        let (_, entry) = latest.shift_remove_index(0)?;
        self.latest_bytes -= entry.len();
        if latest.is_empty() {
            self.latest = None;
        }
        Some(Arc::new(entry))
    }

    fn replace(&mut self, key: &LatestKey, entry: Bytes) -> Pushed {
        self.latest_bytes += entry.len();
        match self.latest.get_or_insert_default().insert(key.clone(), entry) {
            Some(older) => {
                self.latest_bytes -= older.len();
                Pushed::Superseded
            }
            None => Pushed::Queued,
        }
    }

    /// Drops the oldest values of the latest lane until the bound holds; the newest one always stays.
    fn trim_latest(&mut self, max_bytes: usize) -> u64 {
        let mut dropped = 0;
        while self.latest_bytes > max_bytes {
            let Some(latest) = self.latest.as_mut().filter(|latest| latest.len() > 1) else { break };
            let Some((_, older)) = latest.shift_remove_index(0) else { break };
            self.latest_bytes -= older.len();
            dropped += 1;
        }
        dropped
    }

    fn found_empty(&mut self) -> Taken {
        match self.closed {
            Some(reason) => Taken::Closed(reason),
            None => {
                self.pending = false;
                Taken::Empty
            }
        }
    }

    fn forget(&mut self) {
        *self = Self { pending: self.pending, closed: self.closed, wake: self.wake.take(), ..Self::default() };
    }

    /// Forgets what waits, but for the rest of an entry that is already on the wire: cut short, it would swallow the goodbye.
    fn overflow(&mut self) {
        let unfinished = std::mem::take(&mut self.unfinished);
        self.forget();
        self.unfinished = unfinished;
        self.closed = Some(CloseReason::SlowConsumer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Count(AtomicU64);

    impl Wake for Count {
        fn wake(&self, _: &Arc<Outbox>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn outbox(max_bytes: usize, max_packets: usize) -> (Arc<Outbox>, Arc<Count>) {
        let outbox = Outbox::new(Arc::new(OutboxPolicy::new(max_bytes, max_packets)));
        let count = Arc::new(Count(AtomicU64::new(0)));
        outbox.attach(Arc::clone(&count) as Arc<dyn Wake>);
        (outbox, count)
    }

    fn take_all(outbox: &Outbox) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            let mut buffer = BytesMut::new();
            match outbox.take(&mut buffer, 64 * 1024, || true) {
                Taken::Gathered => all.extend_from_slice(&buffer),
                Taken::Large(entry) => all.extend_from_slice(&entry),
                Taken::Empty | Taken::Closed(_) => return all,
            }
        }
    }

    #[test]
    fn pushes_wake_once_until_the_outbox_was_found_empty() {
        let (outbox, wakes) = outbox(1000, 10);
        outbox.push(Bytes::from_static(b"a"));
        outbox.push(Bytes::from_static(b"b"));
        assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
        assert_eq!(take_all(&outbox), b"ab");
        outbox.push(Bytes::from_static(b"c"));
        assert_eq!(wakes.0.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn the_latest_lane_keeps_the_newest_value_and_follows_the_reliable_lane() {
        let (outbox, _) = outbox(1000, 10);
        let key = LatestKey::new("frame", "a");
        assert_eq!(outbox.push_latest(&key, Bytes::from_static(b"1")), Pushed::Queued);
        assert_eq!(outbox.push_latest(&LatestKey::new("frame", "b"), Bytes::from_static(b"x")), Pushed::Queued);
        assert_eq!(outbox.push_latest(&key, Bytes::from_static(b"2")), Pushed::Superseded);
        outbox.push(Bytes::from_static(b"r"));
        assert_eq!(take_all(&outbox), b"r2x");
        assert_eq!(outbox.waiting_bytes(), 0);
    }

    #[test]
    fn overflow_of_the_reliable_lane_closes_the_outbox_and_frees_its_memory() {
        let (outbox, _) = outbox(10, 10);
        assert_eq!(outbox.push(Bytes::from_static(b"12345678")), Pushed::Queued);
        assert_eq!(outbox.push(Bytes::from_static(b"123")), Pushed::Refused);
        assert_eq!(outbox.closed(), Some(CloseReason::SlowConsumer));
        assert_eq!(outbox.waiting_bytes(), 0);
        assert_eq!(outbox.push(Bytes::from_static(b"1")), Pushed::Refused);
        assert_eq!(outbox.policy.evicted.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn too_many_packets_overflow_as_well() {
        let (outbox, _) = outbox(1000, 2);
        outbox.push(Bytes::from_static(b"1"));
        outbox.push(Bytes::from_static(b"2"));
        assert_eq!(outbox.push(Bytes::from_static(b"3")), Pushed::Refused);
    }

    #[test]
    fn the_latest_lane_is_bounded_by_dropping_its_oldest_values() {
        let (outbox, _) = outbox(10, 10);
        for subject in ["a", "b", "c"] {
            outbox.push_latest(&LatestKey::new("frame", subject), Bytes::from_static(b"12345"));
        }
        assert_eq!(outbox.waiting_bytes(), 10);
        assert_eq!(outbox.policy.dropped.load(Ordering::Relaxed), 1);
        assert_eq!(outbox.closed(), None);
    }

    #[test]
    fn a_full_latest_lane_costs_nobody_a_command() {
        let (outbox, _) = outbox(10, 10);
        outbox.push_latest(&LatestKey::new("frame", "a"), Bytes::from_static(b"1234567890"));
        assert_eq!(outbox.push(Bytes::from_static(b"command")), Pushed::Queued);
        assert_eq!(take_all(&outbox), b"command1234567890");
    }

    #[test]
    fn a_close_wakes_even_who_was_woken_already() {
        for close in [
            |outbox: &Arc<Outbox>| outbox.close(CloseReason::ShuttingDown, None),
            |outbox: &Arc<Outbox>| {
                outbox.abort(CloseReason::PingTimeout);
            },
        ] {
            let (outbox, wakes) = outbox(10, 10);
            outbox.push(Bytes::from_static(b"a"));
            close(&outbox);
            assert_eq!(wakes.0.load(Ordering::Relaxed), 2);
        }
        let (outbox, wakes) = outbox(10, 1);
        outbox.push(Bytes::from_static(b"a"));
        outbox.push(Bytes::from_static(b"b"));
        assert_eq!(wakes.0.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn an_overflow_still_finishes_the_entry_on_the_wire() {
        let (outbox, _) = outbox(10, 1);
        outbox.push(Bytes::from_static(b"abc"));
        let mut buffer = BytesMut::new();
        assert!(matches!(outbox.take(&mut buffer, 64, || true), Taken::Gathered));
        outbox.put_back(Bytes::from_static(b"c"));
        outbox.push(Bytes::from_static(b"d"));
        assert_eq!(outbox.push(Bytes::from_static(b"e")), Pushed::Refused);
        assert_eq!(take_all(&outbox), b"c");
    }

    #[test]
    fn what_was_put_back_goes_first() {
        let (outbox, _) = outbox(1000, 10);
        outbox.push(Bytes::from_static(b"abc"));
        let mut buffer = BytesMut::new();
        assert!(matches!(outbox.take(&mut buffer, 64, || true), Taken::Gathered));
        outbox.push(Bytes::from_static(b"def"));
        outbox.put_back(Bytes::from_static(b"c"));
        assert!(outbox.has_more());
        assert_eq!(take_all(&outbox), b"cdef");
    }

    #[test]
    fn large_entries_keep_their_order_among_small_ones() {
        let (outbox, _) = outbox(1_000_000, 10);
        let large = Bytes::from(vec![b'L'; LARGE_BYTES]);
        outbox.push(Bytes::from_static(b"a"));
        outbox.push(large.clone());
        outbox.push(Bytes::from_static(b"z"));
        let all = take_all(&outbox);
        assert_eq!((all[0], all[1], all[all.len() - 1]), (b'a', b'L', b'z'));
        assert_eq!(all.len(), large.len() + 2);
    }

    #[test]
    fn nothing_follows_a_last_entry_in_its_write() {
        let (outbox, _) = outbox(1000, 10);
        outbox.push(Bytes::from_static(b"a"));
        outbox.push_last(Bytes::from_static(b"b"));
        outbox.push(Bytes::from_static(b"c"));
        let mut buffer = BytesMut::new();
        assert!(matches!(outbox.take(&mut buffer, 64, || true), Taken::Gathered));
        assert_eq!((&buffer[..], outbox.took_last(), outbox.took_last()), (&b"ab"[..], true, false));
        buffer.clear();
        assert!(matches!(outbox.take(&mut buffer, 64, || true), Taken::Gathered));
        assert_eq!((&buffer[..], outbox.took_last()), (&b"c"[..], false));
    }

    #[test]
    fn a_receiver_that_is_behind_does_without_volatile_entries() {
        let (outbox, _) = outbox(1000, 10);
        assert_eq!(outbox.push_volatile(Bytes::from_static(b"a")), Pushed::Queued);
        assert_eq!(outbox.push_volatile(Bytes::from_static(b"b")), Pushed::Refused);
        assert_eq!(take_all(&outbox), b"a");
        assert_eq!(outbox.push_volatile(Bytes::from_static(b"c")), Pushed::Queued);
    }

    #[test]
    fn a_close_is_seen_after_what_waits() {
        let (outbox, _) = outbox(1000, 10);
        outbox.push(Bytes::from_static(b"a"));
        outbox.close(CloseReason::ServerDisconnect, Some(Bytes::from_static(b"bye")));
        let mut buffer = BytesMut::new();
        assert!(matches!(outbox.take(&mut buffer, 64, || true), Taken::Gathered));
        assert_eq!(&buffer[..], b"abye");
        buffer.clear();
        assert!(matches!(outbox.take(&mut buffer, 64, || true), Taken::Closed(CloseReason::ServerDisconnect)));
    }

    #[test]
    fn a_new_listener_hears_of_what_waits_already() {
        let (outbox, first) = outbox(1000, 10);
        outbox.push(Bytes::from_static(b"a"));
        let second = Arc::new(Count(AtomicU64::new(0)));
        outbox.attach(Arc::clone(&second) as Arc<dyn Wake>);
        assert_eq!((first.0.load(Ordering::Relaxed), second.0.load(Ordering::Relaxed)), (1, 1));
    }
}
