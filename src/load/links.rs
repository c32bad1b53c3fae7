//! The connections of one thread, as a scenario uses them: send, close, connect again.

use std::io::{self, Write};
use std::sync::Arc;

use bytes::{Buf, BytesMut};
use hubbub_protocol::wire::frame::{Opcode, put_masked_frame};
use mio::Registry;

use super::connection::{Connection, Stage};
use super::opening::Opening;
use super::recorder::Recorder;
use super::shared::{Phase, Shared};
use super::target::Target;

/// Any mask is as good as another to a server, and this is no browser that others could misuse.
const MASK: [u8; 4] = [0x5a, 0x17, 0xc3, 0x88];
/// Buffers kept for connections that will need one, and the largest that is kept.
const MAX_SPARE: usize = 256;
const MAX_SPARE_BYTES: usize = 256 * 1024;
/// A server that leaves this much unread has stopped.
const MAX_PENDING: usize = 64 << 20;

/// Why a connection is no more.
pub(super) type Lost = String;

/// The connections of one thread.
#[derive(Debug)]
pub struct Links {
    /// What this thread writes down.
    pub recorder: Recorder,
    pub(super) shared: Arc<Shared>,
    pub(super) connections: Vec<Connection>,
    pub(super) now_us: u64,
    /// Connections with something to write.
    pub(super) due: Vec<usize>,
    pub(super) registry: Registry,
    pub(super) target: Arc<Target>,
    thread: usize,
    threads: usize,
    pub(super) opening: Opening,
    spare: Vec<BytesMut>,
}

/// A thread's place among all, and its share of the work.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    pub thread: usize,
    pub threads: usize,
    pub connections: usize,
    pub max_opening: usize,
}

impl Links {
    pub(super) fn new(share: Share, registry: Registry, target: Arc<Target>, shared: Arc<Shared>, recorder: Recorder) -> Self {
        Self {
            recorder,
            shared,
            connections: (0..share.connections).map(|_| Connection::new()).collect(),
            now_us: 0,
            due: Vec::new(),
            registry,
            target,
            thread: share.thread,
            threads: share.threads,
            opening: Opening::new(share.connections, share.max_opening),
            spare: Vec::new(),
        }
    }

    /// Returns the time since the run began in microseconds, read once for all that came in one read.
    #[must_use]
    pub fn now_us(&self) -> u64 {
        self.now_us
    }

    /// Returns where the run is.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.shared.phase()
    }

    /// Says whether something may be sent that was not sent before.
    #[must_use]
    pub fn is_loading(&self) -> bool {
        matches!(self.phase(), Phase::WarmingUp | Phase::Measuring)
    }

    /// Returns how many connections this thread has, open or not.
    #[must_use]
    pub fn len(&self) -> usize {
        self.connections.len()
    }

    /// Says whether this thread has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.connections.is_empty()
    }

    /// Returns this thread's number, from 0.
    #[must_use]
    pub fn thread(&self) -> usize {
        self.thread
    }

    /// Returns how many threads there are.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Returns a connection's number among those of all threads, from 0.
    #[must_use]
    pub fn number(&self, slot: usize) -> usize {
        slot * self.threads + self.thread
    }

    /// Says whether a connection is ready for the load.
    #[must_use]
    pub fn is_ready(&self, slot: usize) -> bool {
        self.stage(slot) == Stage::Ready
    }

    /// Returns how long ago a connection was begun.
    #[must_use]
    pub fn age_us(&self, slot: usize) -> u64 {
        self.connections.get(slot).map_or(0, |connection| self.now_us.saturating_sub(connection.dialed_us))
    }

    /// Wakes another thread, which then calls its scenario's `turn`.
    pub fn wake(&self, thread: usize) {
        self.shared.wake(thread);
    }

    /// Sends a packet as text. It leaves when this turn is over, together with whatever else the connection sends.
    pub fn send(&mut self, slot: usize, packet: &[u8]) {
        self.send_frame(slot, Opcode::Text, packet);
    }

    /// Sends an attachment.
    pub fn send_binary(&mut self, slot: usize, bytes: &[u8]) {
        self.send_frame(slot, Opcode::Binary, bytes);
    }

    pub(super) fn send_frame(&mut self, slot: usize, opcode: Opcode, payload: &[u8]) {
        self.pend(slot, |pending| put_masked_frame(pending, opcode, MASK, payload));
    }

    pub(super) fn send_raw(&mut self, slot: usize, bytes: &[u8]) {
        self.pend(slot, |pending| pending.extend_from_slice(bytes));
    }

    fn pend(&mut self, slot: usize, put: impl FnOnce(&mut BytesMut)) {
        let Some(connection) = self.connections.get_mut(slot).filter(|connection| connection.stream.is_some()) else { return };
        if connection.pending.capacity() == 0 {
            connection.pending = self.spare.pop().unwrap_or_default();
        }
        put(&mut connection.pending);
        // A socket that takes nothing waits for its own event, until there is so much that the server must have stopped.
        let is_worth_a_try = !connection.is_blocked || connection.pending.len() > MAX_PENDING;
        if !connection.is_due && is_worth_a_try {
            connection.is_due = true;
            self.due.push(slot);
        }
    }

    /// Makes a connection deaf: it stays, and never reads again.
    pub fn stop_reading(&mut self, slot: usize) {
        if let Some(connection) = self.connections.get_mut(slot) {
            connection.is_deaf = true;
        }
    }

    /// Says goodbye on a connection and closes it.
    pub fn close(&mut self, slot: usize) {
        self.send_frame(slot, Opcode::Close, &1000u16.to_be_bytes());
        // A goodbye that does not fit or is not wanted any more is not missed.
        let _ = self.write(slot);
        self.forget(slot);
    }

    pub(super) fn stage(&self, slot: usize) -> Stage {
        self.connections.get(slot).map_or(Stage::Closed, |connection| connection.stage)
    }

    pub(super) fn set_stage(&mut self, slot: usize, stage: Stage) {
        if let Some(connection) = self.connections.get_mut(slot) {
            connection.stage = stage;
        }
    }

    /// Writes what waits, in one write if the socket takes it.
    pub(super) fn write(&mut self, slot: usize) -> Result<(), Lost> {
        let Some(connection) = self.connections.get_mut(slot) else { return Ok(()) };
        connection.is_due = false;
        let Some(stream) = &mut connection.stream else { return Ok(()) };
        while !connection.pending.is_empty() {
            match stream.write(&connection.pending) {
                Ok(count) => {
                    connection.is_blocked = count < connection.pending.len();
                    connection.pending.advance(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    connection.is_blocked = true;
                    let is_stuck = connection.pending.len() > MAX_PENDING;
                    return if is_stuck { Err("the server does not read".to_owned()) } else { Ok(()) };
                }
                Err(error) => return Err(format!("cannot write: {error}")),
            }
        }
        connection.is_blocked = false;
        if connection.pending.capacity() > 0 {
            let buffer = std::mem::take(&mut connection.pending);
            self.put_away(buffer);
        }
        Ok(())
    }

    fn put_away(&mut self, mut buffer: BytesMut) {
        buffer.clear();
        // A buffer whose front was written away gets its whole room back.
        let is_worth_keeping = buffer.try_reclaim(64) && buffer.capacity() <= MAX_SPARE_BYTES;
        if is_worth_keeping && self.spare.len() < MAX_SPARE {
            self.spare.push(buffer);
        }
    }
}
