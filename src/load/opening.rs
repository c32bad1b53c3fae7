//! Opening and closing: which connections may begin, how one comes to its WebSocket, and how it is forgotten.

use std::collections::VecDeque;
use std::sync::Arc;

use mio::{Interest, Token};

use super::connection::{Connection, Stage};
use super::links::{Links, Lost};

/// Connections that wait for their turn to be opened, and how many may be opened at once.
#[derive(Debug)]
pub(super) struct Opening {
    waiting: VecDeque<usize>,
    under_way: usize,
    at_most: usize,
    begun: usize,
}

impl Opening {
    pub fn new(connections: usize, at_most: usize) -> Self {
        Self { waiting: (0..connections).collect(), under_way: 0, at_most, begun: 0 }
    }
}

impl Links {
    /// Opens a closed connection again, when its turn comes.
    pub fn connect(&mut self, slot: usize) {
        if self.stage(slot) == Stage::Closed {
            self.opening.waiting.push_back(slot);
        }
    }

    /// A connection is ready for the load.
    pub fn ready(&mut self, slot: usize) {
        if self.stage(slot) != Stage::Preparing {
            return;
        }
        self.set_stage(slot, Stage::Ready);
        self.opening.under_way -= 1;
        self.shared.opened_one();
        self.count_try(slot);
    }

    pub(super) fn is_opening(&self) -> bool {
        self.opening.under_way > 0 || !self.opening.waiting.is_empty()
    }

    /// Returns how many connections wait for their turn to be opened.
    pub(super) fn to_dial(&self) -> usize {
        self.opening.waiting.len()
    }

    /// Returns a connection that may be opened now.
    pub(super) fn next_to_dial(&mut self) -> Option<usize> {
        let has_room = self.opening.under_way < self.opening.at_most;
        if has_room { self.opening.waiting.pop_front() } else { None }
    }

    /// Begins to open a connection.
    pub(super) fn dial(&mut self, slot: usize) -> Result<(), Lost> {
        self.opening.under_way += 1;
        self.opening.begun += 1;
        let Some(connection) = self.connections.get_mut(slot) else { return Ok(()) };
        connection.stage = Stage::Dialing;
        connection.dialed_us = self.now_us;
        connection.nudged_us = self.now_us;
        let mut stream = self.target.dial(self.opening.begun).map_err(|error| format!("cannot connect: {error}"))?;
        // Both at once and edge-triggered, so that a connection is registered only once.
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.registry.register(&mut stream, Token(slot), interest).map_err(|error| format!("cannot connect: {error}"))?;
        connection.stream = Some(stream);
        Ok(())
    }

    /// Asks for a WebSocket once TCP is connected.
    pub(super) fn dialed(&mut self, slot: usize) -> Result<(), Lost> {
        let Some(stream) = self.connections.get(slot).and_then(|connection| connection.stream.as_ref()) else { return Ok(()) };
        if let Ok(Some(error)) | Err(error) = stream.take_error() {
            return Err(format!("cannot connect: {error}"));
        }
        if stream.peer_addr().is_err() {
            return Ok(());
        }
        self.set_stage(slot, Stage::Upgrading);
        let target = Arc::clone(&self.target);
        self.send_raw(slot, target.request());
        Ok(())
    }

    /// Drops a connection's stream and buffers; counts it as tried if it never was ready.
    pub(super) fn forget(&mut self, slot: usize) {
        let Some(connection) = self.connections.get_mut(slot) else { return };
        if connection.is_opening() {
            self.opening.under_way -= 1;
        }
        if connection.stage == Stage::Ready {
            self.shared.closed_one();
        }
        let is_tried = connection.is_tried;
        // Its place in the list of those with something to write stays: writing nothing does no harm.
        *connection = Connection { is_tried, is_due: connection.is_due, ..Connection::new() };
        self.count_try(slot);
    }

    fn count_try(&mut self, slot: usize) {
        let Some(connection) = self.connections.get_mut(slot).filter(|connection| !connection.is_tried) else { return };
        connection.is_tried = true;
        self.shared.tried_one();
    }
}
