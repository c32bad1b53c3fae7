//! One thread: an epoll loop over its connections.
//!
//! Decision: a loop of our own instead of a task per client. Reason: a generator must cost less than the server it drives;
//! a turn reads a whole socket into one buffer that all share, verifies messages where they lie, and writes every
//! answer of that read at once. What would change our mind: a server that outruns this.

use std::io::{self, Read};
use std::time::Duration;

use mio::event::Event;
use mio::{Events, Poll};

use super::connection::Stage;
use super::finished::Finished;
use super::greet::{take_frame, waiting_for};
use super::handshake;
use super::incoming;
use super::links::{Links, Lost};
use super::scenario::Scenario;
use super::shared::{Phase, WAKE};

const SCRATCH_BYTES: usize = 256 * 1024;
const EVENTS: usize = 1024;
/// The loop looks around this often even when nothing happens.
const IDLE_WAIT: Duration = Duration::from_millis(20);
/// How often handshakes are looked through for those that take too long.
const SWEEP_US: u64 = 250_000;
/// How often a thread asks its scenario whether anything is under way.
const SETTLE_US: u64 = 5_000;
/// After this time without progress a scenario may repeat itself; after the other one the connection has failed.
const NUDGE_US: u64 = 2_000_000;
const HANDSHAKE_US: u64 = 15_000_000;

/// One thread of a run.
pub(super) struct Worker<S> {
    poll: Poll,
    links: Links,
    scenario: S,
    scratch: Vec<u8>,
    phase: Phase,
    swept_us: u64,
    asked_us: u64,
}

impl<S: Scenario> Worker<S> {
    pub fn new(poll: Poll, links: Links, scenario: S) -> Self {
        Self { poll, links, scenario, scratch: vec![0; SCRATCH_BYTES], phase: Phase::Connecting, swept_us: 0, asked_us: 0 }
    }

    /// Runs until the main thread says that it is over.
    pub fn run(mut self) -> io::Result<Finished> {
        let mut events = Events::with_capacity(EVENTS);
        while self.take_turn() != Phase::Over {
            match self.poll.poll(&mut events, Some(self.wait())) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                outcome => outcome?,
            }
            for event in events.iter().filter(|event| event.token() != WAKE) {
                self.handle(event);
                self.keep_pace();
            }
        }
        let details = self.scenario.finish(&mut self.links);
        let (checks, errors) = self.links.recorder.finish();
        Ok(Finished { checks, errors, details })
    }

    /// Does what is due without any event, and returns the phase.
    fn take_turn(&mut self) -> Phase {
        self.tell_time();
        let phase = self.links.phase();
        let has_begun = |one: Phase| self.phase < one && phase >= one;
        let (begins, ends) = (has_begun(Phase::WarmingUp), has_begun(Phase::Stragglers));
        self.phase = phase;
        if begins {
            self.scenario.start(&mut self.links);
        }
        if ends {
            self.scenario.stop(&mut self.links);
        }
        match phase {
            Phase::WarmingUp | Phase::Measuring => self.scenario.turn(&mut self.links),
            Phase::Stragglers => self.ask_whether_settled(),
            Phase::Connecting | Phase::Over => {}
        }
        self.dial();
        self.sweep();
        self.flush();
        phase
    }

    /// Begins to open connections; one that fails at once and is to be tried again waits for the next turn.
    fn dial(&mut self) {
        for _ in 0..self.links.to_dial() {
            let Some(slot) = self.links.next_to_dial() else { return };
            let outcome = self.links.dial(slot);
            self.keep_or_lose(slot, outcome);
        }
    }

    fn tell_time(&mut self) {
        self.links.now_us = self.links.shared.now_us();
        self.links.recorder.tell_time(self.links.now_us);
    }

    /// Does what is due now, so that what the scenario does by the clock does not wait for a thousand other connections.
    fn keep_pace(&mut self) {
        let is_due = self.scenario.due_us().is_some_and(|due_us| due_us <= self.links.now_us);
        if is_due && self.links.is_loading() {
            self.scenario.turn(&mut self.links);
            self.flush();
        }
    }

    /// Returns how long to wait for events: not at all shortly before something is due, since the system counts in milliseconds.
    fn wait(&self) -> Duration {
        let due_us = self.scenario.due_us().filter(|_| self.links.is_loading());
        due_us.map_or(IDLE_WAIT, |due_us| {
            let left_ms = due_us.saturating_sub(self.links.now_us) / 1000;
            Duration::from_millis(left_ms).min(IDLE_WAIT)
        })
    }

    fn ask_whether_settled(&mut self) {
        let is_time = self.links.now_us >= self.asked_us + SETTLE_US;
        if is_time {
            self.asked_us = self.links.now_us;
            if self.scenario.is_settled(&self.links) {
                self.links.shared.settle(self.links.thread());
            }
        }
    }

    /// Nudges and then gives up handshakes that take too long.
    fn sweep(&mut self) {
        let now = self.links.now_us;
        if !self.links.is_opening() || now < self.swept_us + SWEEP_US {
            return;
        }
        self.swept_us = now;
        for slot in 0..self.links.len() {
            let Some(connection) = self.links.connections.get_mut(slot) else { continue };
            if !connection.is_opening() || connection.nudged_us + NUDGE_US > now {
                continue;
            }
            connection.nudged_us = now;
            if connection.dialed_us + HANDSHAKE_US <= now {
                let lost = format!("{} for {} s", waiting_for(connection.stage), HANDSHAKE_US / 1_000_000);
                self.lose(slot, lost);
            } else if connection.stage == Stage::Preparing {
                self.scenario.stalled(&mut self.links, slot);
            }
        }
    }

    fn handle(&mut self, event: &Event) {
        let slot = event.token().0;
        let outcome = self.advance(slot, event);
        self.keep_or_lose(slot, outcome);
        self.flush();
    }

    fn advance(&mut self, slot: usize, event: &Event) -> Result<(), Lost> {
        if self.links.stage(slot) == Stage::Dialing {
            self.links.dialed(slot)?;
        }
        if self.links.stage(slot) == Stage::Dialing {
            return Ok(());
        }
        if event.is_readable() {
            self.read(slot, event.is_read_closed())?;
        }
        let is_unblocked = event.is_writable() && self.links.connections.get(slot).is_some_and(|one| one.is_blocked);
        if is_unblocked { self.links.write(slot) } else { Ok(()) }
    }

    /// Reads until the socket is empty. A read that leaves room in the buffer has emptied it, unless its end is near.
    fn read(&mut self, slot: usize, is_closing: bool) -> Result<(), Lost> {
        loop {
            let Some(connection) = self.links.connections.get_mut(slot).filter(|one| !one.is_deaf) else { return Ok(()) };
            let Some(stream) = &mut connection.stream else { return Ok(()) };
            let kept = connection.partial.len();
            if kept * 2 > self.scratch.len() {
                self.scratch.resize(self.scratch.len() * 2, 0);
            }
            let (front, room) = self.scratch.split_at_mut(kept);
            let count = match stream.read(room) {
                Ok(0) => return Err("the server closed the connection".to_owned()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(format!("cannot read: {error}")),
            };
            front.copy_from_slice(&connection.partial);
            let (filled, is_empty) = (kept + count, count < room.len());
            self.tell_time();
            let taken = self.take(slot, filled)?;
            self.keep(slot, taken, filled);
            if is_empty && !is_closing {
                return Ok(());
            }
        }
    }

    /// Keeps the beginning of a frame until its rest comes, and no buffer otherwise.
    fn keep(&mut self, slot: usize, taken: usize, filled: usize) {
        let Some(connection) = self.links.connections.get_mut(slot) else { return };
        let rest = self.scratch.get(taken..filled).unwrap_or_default();
        if rest.is_empty() {
            connection.partial = Vec::new();
        } else {
            connection.partial.clear();
            connection.partial.extend_from_slice(rest);
        }
    }

    /// Takes every whole frame and returns how many bytes they were.
    fn take(&mut self, slot: usize, filled: usize) -> Result<usize, Lost> {
        let Self { links, scenario, scratch, .. } = self;
        let received = scratch.get(..filled).unwrap_or_default();
        let mut at = 0;
        loop {
            let rest = received.get(at..).unwrap_or_default();
            match links.stage(slot) {
                Stage::Closed => return Ok(filled),
                Stage::Upgrading => match handshake::switched(rest)? {
                    Some(len) => {
                        at += len;
                        links.set_stage(slot, Stage::Opening);
                    }
                    None => return Ok(at),
                },
                stage => match incoming::next(rest)? {
                    Some((frame, len)) => {
                        at += len;
                        take_frame(links, scenario, slot, stage, &frame)?;
                    }
                    None => return Ok(at),
                },
            }
        }
    }

    /// Writes what waits on any connection.
    fn flush(&mut self) {
        while let Some(slot) = self.links.due.pop() {
            let outcome = self.links.write(slot);
            self.keep_or_lose(slot, outcome);
        }
    }

    fn keep_or_lose(&mut self, slot: usize, outcome: Result<(), Lost>) {
        if let Err(lost) = outcome {
            self.lose(slot, lost);
        }
    }

    fn lose(&mut self, slot: usize, lost: Lost) {
        // What was deaf on purpose may be cut off: that is what the scenario is about.
        let is_deaf = self.links.connections.get(slot).is_some_and(|connection| connection.is_deaf);
        self.links.forget(slot);
        if !is_deaf {
            self.links.recorder.error(|| lost);
        }
        self.scenario.lost(&mut self.links, slot);
    }
}
