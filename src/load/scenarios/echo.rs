//! `echo`: every client keeps so many messages on their way, and each comes back to it.

use crate::load::content::{Content, Found};
use crate::load::figures::Detail;
use crate::load::links::Links;
use crate::load::order::{Arrival, Order};
use crate::load::scenario::Scenario;

use super::room::{VALUE_BYTES, garbled, unexpected};

/// Send times that are kept for each message on its way: with one lost, the others go on until here.
const KEPT_PER_DEPTH: u64 = 16;
const REQUEST: &[u8] = br#"42["echo",""#;
const REPLY: &[u8] = br#"42["echo-reply",""#;

/// The clients of one thread.
#[derive(Debug)]
pub struct Echo {
    depth: u64,
    content: Content,
    clients: Vec<Client>,
    packet: Vec<u8>,
}

#[derive(Debug, Default)]
struct Client {
    sent: u64,
    replies: Order,
    /// When the latest messages were sent, by their numbers modulo the length.
    sent_at: Vec<u64>,
}

impl Echo {
    /// Returns clients that keep `depth` messages on their way.
    #[must_use]
    pub fn new(depth: usize) -> Self {
        Self { depth: depth.max(1) as u64, content: Content::new(VALUE_BYTES), clients: Vec::new(), packet: Vec::new() }
    }

    /// Sends as many messages as are missing from the depth; no further ahead than send times are kept.
    fn send(&mut self, links: &mut Links, slot: usize) {
        let number = links.number(slot);
        let now = links.now_us();
        let Some(client) = self.clients.get_mut(slot) else { return };
        let kept = client.sent_at.len() as u64;
        while client.replies.missing(client.sent) < self.depth && client.sent - client.replies.oldest() < kept {
            self.content.write(&mut self.packet, REQUEST, number, client.sent);
            links.send(slot, &self.packet);
            if let Some(sent_at) = client.sent_at.get_mut((client.sent % kept) as usize) {
                *sent_at = now;
            }
            client.sent += 1;
        }
    }

    fn reply(&mut self, links: &mut Links, slot: usize, number: u64) {
        let Some(client) = self.clients.get_mut(slot) else { return };
        match client.replies.note(number, client.sent) {
            Arrival::InOrder => {}
            Arrival::Late => links.recorder.reordered(),
            Arrival::Again => return links.recorder.duplicated(),
            Arrival::Unsent => return links.recorder.wrong(|| format!("a reply to message {number}, which was not sent")),
        }
        let place = (number % client.sent_at.len().max(1) as u64) as usize;
        let sent_at = client.sent_at.get(place).copied().unwrap_or_default();
        links.recorder.completed(links.now_us().saturating_sub(sent_at));
        if links.is_loading() {
            self.send(links, slot);
        }
    }
}

impl Scenario for Echo {
    fn start(&mut self, links: &mut Links) {
        let kept = usize::try_from(self.depth * KEPT_PER_DEPTH).unwrap_or(usize::MAX);
        self.clients.resize_with(links.len(), || Client { sent_at: vec![0; kept], ..Client::default() });
        for slot in (0..links.len()).filter(|slot| links.is_ready(*slot)).collect::<Vec<_>>() {
            self.send(links, slot);
        }
    }

    fn message(&mut self, links: &mut Links, slot: usize, message: &[u8]) {
        match self.content.read(message, REPLY) {
            Found::Intact { sender, number } if sender == links.number(slot) => self.reply(links, slot, number),
            Found::Intact { .. } => links.recorder.wrong(|| "a reply to another client".to_owned()),
            Found::Wrong => garbled(links, message),
            Found::Other => unexpected(links, message),
        }
    }

    fn lost(&mut self, links: &mut Links, slot: usize) {
        if let Some(client) = self.clients.get_mut(slot) {
            links.recorder.missing(client.replies.missing(client.sent));
            client.sent = 0;
        }
    }

    fn is_settled(&self, _: &Links) -> bool {
        self.clients.iter().all(|client| client.replies.missing(client.sent) == 0)
    }

    fn finish(&mut self, links: &mut Links) -> Vec<Detail> {
        let missing = self.clients.iter().map(|client| client.replies.missing(client.sent)).sum();
        links.recorder.missing(missing);
        Vec::new()
    }
}
