//! `churn`: clients that connect, are greeted, have one event acknowledged, close, and do it again.

use crate::load::content::{Content, Found};
use crate::load::figures::Detail;
use crate::load::links::Links;
use crate::load::scenario::Scenario;

use super::room::{VALUE_BYTES, garbled, unexpected};

const REQUEST: &[u8] = br#"421["message-with-ack",""#;
const ACK: &[u8] = br#"431[""#;
/// How long a client that was refused waits, so that a server that is gone is not asked a million times.
const RETRY_US: u64 = 100_000;

/// The clients of one thread.
#[derive(Debug)]
pub struct Churn {
    content: Content,
    clients: Vec<Client>,
    /// Clients that were refused, and when they try again.
    retries: Vec<(u64, usize)>,
    packet: Vec<u8>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Client {
    /// How many connections it has had before this one.
    round: u64,
    connected_in_us: u64,
    is_waiting_for_ack: bool,
    is_busy: bool,
}

impl Churn {
    /// Returns one thread's part.
    #[must_use]
    pub fn new() -> Self {
        Self { content: Content::new(VALUE_BYTES), clients: Vec::new(), retries: Vec::new(), packet: Vec::new() }
    }

    fn ask(&mut self, links: &mut Links, slot: usize) {
        let Some(client) = self.clients.get_mut(slot) else { return };
        client.is_busy = true;
        client.is_waiting_for_ack = true;
        self.content.write(&mut self.packet, REQUEST, links.number(slot), client.round);
        links.send(slot, &self.packet);
    }

    /// The event is acknowledged: closes, and connects again while the load is on.
    fn acknowledged(&mut self, links: &mut Links, slot: usize) {
        let Some(client) = self.clients.get_mut(slot) else { return };
        links.recorder.completed(client.connected_in_us);
        *client = Client { round: client.round + 1, is_busy: links.is_loading(), ..Client::default() };
        links.close(slot);
        if links.is_loading() {
            links.connect(slot);
        }
    }
}

impl Default for Churn {
    fn default() -> Self {
        Self::new()
    }
}

impl Scenario for Churn {
    fn entered(&mut self, links: &mut Links, slot: usize) {
        self.clients.resize_with(links.len(), Client::default);
        if let Some(client) = self.clients.get_mut(slot) {
            client.connected_in_us = links.age_us(slot);
        }
        links.ready(slot);
        // Connections of before the load wait for it to begin.
        if self.clients.get(slot).is_some_and(|client| client.is_busy) {
            self.ask(links, slot);
        }
    }

    fn start(&mut self, links: &mut Links) {
        self.clients.resize_with(links.len(), Client::default);
        for slot in (0..links.len()).filter(|slot| links.is_ready(*slot)).collect::<Vec<_>>() {
            self.ask(links, slot);
        }
    }

    fn message(&mut self, links: &mut Links, slot: usize, message: &[u8]) {
        let client = self.clients.get(slot).copied().unwrap_or_default();
        match self.content.read(message, ACK) {
            Found::Intact { sender, number } if sender == links.number(slot) && number == client.round => {
                if client.is_waiting_for_ack {
                    self.acknowledged(links, slot);
                } else {
                    links.recorder.duplicated();
                }
            }
            Found::Intact { .. } => links.recorder.wrong(|| "an acknowledgement of another message".to_owned()),
            Found::Wrong => garbled(links, message),
            Found::Other => unexpected(links, message),
        }
    }

    fn turn(&mut self, links: &mut Links) {
        let now = links.now_us();
        self.retries.retain(|(due_us, slot)| {
            let is_due = *due_us <= now;
            if is_due {
                links.connect(*slot);
            }
            !is_due
        });
    }

    fn lost(&mut self, links: &mut Links, slot: usize) {
        let Some(client) = self.clients.get_mut(slot) else { return };
        links.recorder.missing(u64::from(client.is_waiting_for_ack));
        *client = Client { round: client.round + 1, is_busy: links.is_loading(), ..Client::default() };
        if links.is_loading() {
            self.retries.push((links.now_us() + RETRY_US, slot));
        }
    }

    fn stop(&mut self, _: &mut Links) {
        for (_, slot) in self.retries.drain(..) {
            if let Some(client) = self.clients.get_mut(slot) {
                client.is_busy = false;
            }
        }
    }

    fn is_settled(&self, _: &Links) -> bool {
        !self.clients.iter().any(|client| client.is_busy)
    }

    fn finish(&mut self, links: &mut Links) -> Vec<Detail> {
        let missing = self.clients.iter().filter(|client| client.is_waiting_for_ack).count();
        links.recorder.missing(missing as u64);
        Vec::new()
    }
}
