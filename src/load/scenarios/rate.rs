//! `rate`: one publisher sends at a fixed rate to every subscriber: how long deliveries take at a load that the server can bear.

use std::sync::Arc;

use crate::load::content::Content;
use crate::load::figures::Detail;
use crate::load::links::Links;
use crate::load::scenario::Scenario;

use super::pace::Pace;
use super::publisher::Publisher;
use super::room::{Heard, Subscribers, VALUE_BYTES, hear, join};

const PUBLISH: &[u8] = br#"42["publish",""#;
const UPDATE: &[u8] = br#"42["update",""#;

/// The subscribers of one thread; the first thread has the publisher as well.
#[derive(Debug)]
pub struct Rate {
    pace: Arc<Pace>,
    content: Content,
    subscribers: Subscribers,
    publisher: Option<Publisher>,
}

impl Rate {
    /// Returns one thread's part; `pace` counts messages, of which each becomes as many deliveries as there are subscribers.
    #[must_use]
    pub fn new(pace: Arc<Pace>, thread: usize) -> Self {
        let publisher = Publisher::of_thread(thread, &pace, PUBLISH, VALUE_BYTES);
        Self { pace, content: Content::new(VALUE_BYTES), subscribers: Subscribers::default(), publisher }
    }
}

impl Scenario for Rate {
    fn entered(&mut self, links: &mut Links, slot: usize) {
        join(links, slot);
    }

    fn stalled(&mut self, links: &mut Links, slot: usize) {
        join(links, slot);
    }

    fn start(&mut self, links: &mut Links) {
        if let Some(publisher) = &self.publisher {
            publisher.start(links);
        }
    }

    fn message(&mut self, links: &mut Links, slot: usize, message: &[u8]) {
        match hear(links, slot, &self.content, UPDATE, message) {
            Heard::Published(number) => {
                if self.subscribers.note(links, slot, number, self.pace.sent()) {
                    links.recorder.completed(links.now_us().saturating_sub(self.pace.due_us(number)));
                }
            }
            Heard::Joined => {
                self.subscribers.add(links, slot);
            }
            Heard::Nothing => {}
        }
    }

    fn turn(&mut self, links: &mut Links) {
        if let Some(publisher) = &mut self.publisher {
            publisher.publish(links);
        }
    }

    fn due_us(&self) -> Option<u64> {
        self.publisher.as_ref().map(Publisher::due_us)
    }

    fn lost(&mut self, links: &mut Links, slot: usize) {
        if let Some(received) = self.subscribers.remove(slot) {
            links.recorder.missing(received.missing(self.pace.sent()));
        }
    }

    fn is_settled(&self, _: &Links) -> bool {
        self.subscribers.missing(self.pace.sent()) == 0
    }

    fn finish(&mut self, links: &mut Links) -> Vec<Detail> {
        links.recorder.missing(self.subscribers.missing(self.pace.sent()));
        self.publisher.iter().map(Publisher::lateness).collect()
    }
}
