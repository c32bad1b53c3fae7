//! The room that a run's connections share: one publisher, and everybody else subscribed to it.

use crate::load::content::{Content, Found};
use crate::load::greet::excerpt;
use crate::load::links::Links;
use crate::load::order::{Arrival, Order};

/// Everything short that scenarios send carries a string of so many bytes, which makes messages of about 100.
pub(super) const VALUE_BYTES: usize = 74;
/// The publisher's number among the connections, so that its thread is the first and its slot there too.
pub(super) const PUBLISHER: usize = 0;

/// Asks to join. The room is named after this process, so that two runs at a time do not hear each other.
pub(super) fn join(links: &mut Links, slot: usize) {
    let packet = format!(r#"420["join","load-{}"]"#, std::process::id());
    links.send(slot, packet.as_bytes());
}

/// A message as a subscriber must judge it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// The publisher's message of this number, intact.
    Published(u64),
    /// The connection is in the room now.
    Joined,
    /// Nothing more to do: it was counted as wrong, or said nothing new.
    Nothing,
}

/// Reads a message and counts what has no place here.
pub(super) fn hear(links: &mut Links, slot: usize, content: &Content, head: &[u8], message: &[u8]) -> Heard {
    match content.read(message, head) {
        Found::Intact { sender: PUBLISHER, number } if links.number(slot) != PUBLISHER => return Heard::Published(number),
        Found::Intact { .. } => links.recorder.wrong(|| "a message that came back to its publisher".to_owned()),
        Found::Wrong => garbled(links, message),
        Found::Other if message.starts_with(b"430[") => {
            let is_first = !links.is_ready(slot);
            links.ready(slot);
            return if is_first { Heard::Joined } else { Heard::Nothing };
        }
        Found::Other => unexpected(links, message),
    }
    Heard::Nothing
}

/// Counts a message that has no place in the scenario.
pub(super) fn unexpected(links: &mut Links, message: &[u8]) {
    links.recorder.wrong(|| format!("a message that nobody asked for: `{}`", excerpt(message)));
}

/// Counts a message whose content is not what was sent.
pub(super) fn garbled(links: &mut Links, message: &[u8]) {
    links.recorder.wrong(|| format!("a message that was not sent like this: `{}`", excerpt(message)));
}

/// The subscribers of one thread, each with what it has received; every message is due to every one of them.
#[derive(Debug, Default)]
pub(super) struct Subscribers {
    received: Vec<Option<Order>>,
}

impl Subscribers {
    /// Adds a connection that has joined; says whether it is a subscriber.
    pub fn add(&mut self, links: &Links, slot: usize) -> bool {
        self.received.resize_with(links.len(), || None);
        let is_subscriber = links.number(slot) != PUBLISHER;
        if let Some(received) = self.received.get_mut(slot).filter(|_| is_subscriber) {
            *received = Some(Order::default());
        }
        is_subscriber
    }

    /// Notes a message of `sent`; says whether it is one that had not come yet, and counts it otherwise.
    pub fn note(&mut self, links: &mut Links, slot: usize, number: u64, sent: u64) -> bool {
        let Some(Some(received)) = self.received.get_mut(slot) else { return false };
        match received.note(number, sent) {
            Arrival::InOrder => return true,
            Arrival::Late => {
                links.recorder.reordered();
                return true;
            }
            Arrival::Again => links.recorder.duplicated(),
            Arrival::Unsent => links.recorder.wrong(|| format!("message {number}, which was not sent")),
        }
        false
    }

    /// Strikes a lost connection off; returns what it had received if it was a subscriber.
    pub fn remove(&mut self, slot: usize) -> Option<Order> {
        self.received.get_mut(slot).and_then(Option::take)
    }

    /// Returns how many messages of `sent` have not come to those who are there.
    pub fn missing(&self, sent: u64) -> u64 {
        self.received.iter().flatten().map(|received| received.missing(sent)).sum()
    }
}
