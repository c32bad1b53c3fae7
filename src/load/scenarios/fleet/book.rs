//! What the clients of a fleet know of each other's doings, over all threads: who was told what, and who has sent how much.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

/// What a headset is to be told by its tablet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    /// Start recording.
    Start,
    /// Stop recording.
    Stop,
    /// This session is over.
    Over(String),
}

/// The book over all headsets of a run.
#[derive(Debug)]
pub(super) struct Book {
    headsets: Vec<Page>,
}

#[derive(Debug, Default)]
struct Page {
    /// Commands that tablets have sent and the headset has not read, with the time of sending. Only the tablet that holds the
    /// headset sends any, so they have one order.
    commands: Mutex<VecDeque<(Command, u64)>>,
    reports: AtomicU64,
    statuses: AtomicU64,
    frames: AtomicU64,
    recordings: AtomicU64,
}

/// A command that a headset has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// It was the next one; it was sent at this time.
    InOrder(u64),
    /// It comes before some that were sent earlier.
    Early,
    /// Nobody has sent it.
    Unsent,
}

/// A stream of a headset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    /// Telemetry.
    Reports,
    /// Statuses.
    Statuses,
    /// Camera frames.
    Frames,
    /// Reports that recording began or ended, in turn.
    Recordings,
}

impl Book {
    /// Returns an empty book.
    pub(super) fn new(headsets: usize) -> Self {
        Self { headsets: (0..headsets).map(|_| Page::default()).collect() }
    }

    /// A tablet is about to tell a headset something.
    pub(super) fn tells(&self, headset: usize, command: Command, now_us: u64) {
        if let Some(page) = self.headsets.get(headset) {
            page.commands.lock().push_back((command, now_us));
        }
    }

    /// A headset has read a command.
    pub(super) fn told(&self, headset: usize, command: &Command) -> Told {
        let Some(page) = self.headsets.get(headset) else { return Told::Unsent };
        let mut commands = page.commands.lock();
        let Some(position) = commands.iter().position(|(sent, _)| sent == command) else { return Told::Unsent };
        let sent_us = commands.remove(position).map_or(0, |(_, sent_us)| sent_us);
        if position == 0 { Told::InOrder(sent_us) } else { Told::Early }
    }

    /// Returns how many commands a headset has not read.
    pub(super) fn untold(&self, headset: usize) -> usize {
        self.headsets.get(headset).map_or(0, |page| page.commands.lock().len())
    }

    /// A headset is about to send the next one of a stream; returns its number, from 0.
    pub(super) fn next(&self, headset: usize, stream: Stream) -> u64 {
        self.count(headset, stream).map_or(0, |count| count.fetch_add(1, Ordering::AcqRel))
    }

    /// Returns how many of a stream a headset has sent.
    pub(super) fn sent(&self, headset: usize, stream: Stream) -> u64 {
        self.count(headset, stream).map_or(0, |count| count.load(Ordering::Acquire))
    }

    fn count(&self, headset: usize, stream: Stream) -> Option<&AtomicU64> {
        let page = self.headsets.get(headset)?;
        Some(match stream {
            Stream::Reports => &page.reports,
            Stream::Statuses => &page.statuses,
            Stream::Frames => &page.frames,
            Stream::Recordings => &page.recordings,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_told_in_the_order_of_their_sending() {
        let book = Book::new(1);
        let over = Command::Over("session".to_owned());
        for (at, command) in [Command::Start, Command::Stop, over.clone()].into_iter().enumerate() {
            book.tells(0, command, at as u64);
        }
        assert_eq!(book.told(0, &Command::Start), Told::InOrder(0));
        assert_eq!(book.told(0, &Command::Start), Told::Unsent, "it was sent once");
        assert_eq!(book.told(0, &over), Told::Early);
        assert_eq!(book.told(0, &Command::Over("another".to_owned())), Told::Unsent);
        assert_eq!(book.untold(0), 1);
        assert_eq!(book.told(0, &Command::Stop), Told::InOrder(1));
    }

    #[test]
    fn every_stream_has_its_own_numbers() {
        let book = Book::new(2);
        let numbers = [book.next(0, Stream::Frames), book.next(0, Stream::Frames), book.next(0, Stream::Reports)];
        assert_eq!(numbers, [0, 1, 0]);
        assert_eq!((book.sent(0, Stream::Frames), book.sent(1, Stream::Frames)), (2, 0));
    }
}
