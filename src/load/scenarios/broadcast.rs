//! `broadcast`: one publisher keeps so many messages on their way; a message has landed when every subscriber has it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::load::content::Content;
use crate::load::figures::Detail;
use crate::load::links::Links;
use crate::load::scenario::Scenario;

use super::room::{Heard, PUBLISHER, Subscribers, VALUE_BYTES, hear, join};

const PUBLISH: &[u8] = br#"42["publish",""#;
const UPDATE: &[u8] = br#"42["update",""#;
/// Messages after the oldest that has not landed; with one lost the others go on until here.
const KEPT_PER_IN_FLIGHT: usize = 64;

/// What all threads know of the messages on their way.
#[derive(Debug)]
pub struct Flight {
    in_flight: u64,
    sent: AtomicU64,
    landed: AtomicU64,
    /// The latest messages, by their numbers modulo the length.
    messages: Vec<Message>,
    /// Subscribers that are there. Held while a message is sent and while a subscriber is struck off, so that every message
    /// is expected by exactly those who were there when it left.
    subscribers: Mutex<u32>,
}

#[derive(Debug, Default)]
struct Message {
    sent_at_us: AtomicU64,
    awaited_by: AtomicU32,
}

impl Flight {
    /// Returns the state of a run with so many messages on their way.
    #[must_use]
    pub fn new(in_flight: usize) -> Arc<Self> {
        let kept = in_flight.max(1) * KEPT_PER_IN_FLIGHT;
        Arc::new(Self {
            in_flight: in_flight.max(1) as u64,
            sent: AtomicU64::new(0),
            landed: AtomicU64::new(0),
            messages: (0..kept).map(|_| Message::default()).collect(),
            subscribers: Mutex::new(0),
        })
    }

    fn message(&self, number: u64) -> Option<&Message> {
        self.messages.get((number % self.messages.len() as u64) as usize)
    }

    fn has_landed(&self, number: u64) -> bool {
        self.message(number).is_some_and(|message| message.awaited_by.load(Ordering::Acquire) == 0)
    }

    /// Takes one subscriber off those who await a message; says whether it has landed now.
    fn arrive(&self, number: u64) -> bool {
        let awaited_by = self.message(number).map_or(0, |message| message.awaited_by.fetch_sub(1, Ordering::AcqRel));
        let has_landed = awaited_by == 1;
        if has_landed {
            self.landed.fetch_add(1, Ordering::AcqRel);
        }
        has_landed
    }
}

/// The subscribers of one thread; the first thread has the publisher as well.
#[derive(Debug)]
pub struct Broadcast {
    flight: Arc<Flight>,
    content: Content,
    subscribers: Subscribers,
    /// The oldest message that has not landed, as far as the publisher knows.
    oldest: u64,
    packet: Vec<u8>,
}

impl Broadcast {
    /// Returns one thread's part.
    #[must_use]
    pub fn new(flight: Arc<Flight>) -> Self {
        let content = Content::new(VALUE_BYTES);
        Self { flight, content, subscribers: Subscribers::default(), oldest: 0, packet: Vec::new() }
    }

    fn publish(&mut self, links: &mut Links) {
        let flight = &self.flight;
        let mut sent = flight.sent.load(Ordering::Relaxed);
        while links.is_loading() && sent < flight.landed.load(Ordering::Acquire) + flight.in_flight {
            while self.oldest < sent && flight.has_landed(self.oldest) {
                self.oldest += 1;
            }
            let subscribers = flight.subscribers.lock();
            let Some(message) = flight.message(sent).filter(|_| sent - self.oldest < flight.messages.len() as u64) else {
                return;
            };
            if *subscribers == 0 || !links.is_ready(PUBLISHER) {
                return;
            }
            message.awaited_by.store(*subscribers, Ordering::Release);
            message.sent_at_us.store(links.now_us(), Ordering::Release);
            self.content.write(&mut self.packet, PUBLISH, PUBLISHER, sent);
            links.send(PUBLISHER, &self.packet);
            sent += 1;
            flight.sent.store(sent, Ordering::Release);
        }
    }

    fn update(&mut self, links: &mut Links, slot: usize, number: u64) {
        let sent = self.flight.sent.load(Ordering::Acquire);
        if !self.subscribers.note(links, slot, number, sent) {
            return;
        }
        let sent_at = self.flight.message(number).map_or(0, |message| message.sent_at_us.load(Ordering::Acquire));
        links.recorder.completed(links.now_us().saturating_sub(sent_at));
        if self.flight.arrive(number) {
            if links.thread() == 0 {
                self.publish(links);
            } else {
                links.wake(0);
            }
        }
    }

    fn missing(&self) -> u64 {
        self.subscribers.missing(self.flight.sent.load(Ordering::Acquire))
    }
}

impl Scenario for Broadcast {
    fn entered(&mut self, links: &mut Links, slot: usize) {
        join(links, slot);
    }

    fn stalled(&mut self, links: &mut Links, slot: usize) {
        join(links, slot);
    }

    fn message(&mut self, links: &mut Links, slot: usize, message: &[u8]) {
        match hear(links, slot, &self.content, UPDATE, message) {
            Heard::Published(number) => self.update(links, slot, number),
            Heard::Joined if self.subscribers.add(links, slot) => *self.flight.subscribers.lock() += 1,
            Heard::Joined | Heard::Nothing => {}
        }
    }

    fn turn(&mut self, links: &mut Links) {
        if links.thread() == 0 {
            self.publish(links);
        }
    }

    fn lost(&mut self, links: &mut Links, slot: usize) {
        let Some(received) = self.subscribers.remove(slot) else { return };
        let mut subscribers = self.flight.subscribers.lock();
        *subscribers -= 1;
        let sent = self.flight.sent.load(Ordering::Acquire);
        drop(subscribers);
        links.recorder.missing(received.missing(sent));
        for number in received.absent(sent) {
            self.flight.arrive(number);
        }
        links.wake(0);
    }

    fn is_settled(&self, _: &Links) -> bool {
        self.missing() == 0
    }

    fn finish(&mut self, links: &mut Links) -> Vec<Detail> {
        links.recorder.missing(self.missing());
        Vec::new()
    }
}
