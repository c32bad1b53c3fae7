//! `frames`: a camera and its viewers. A viewer that is slow may miss frames, but never sees them out of order, twice or damaged, and
//! always gets the last one. Some viewers may be hung: they join and never read again, and must not harm the others.

use std::sync::Arc;

use crate::load::content::Content;
use crate::load::figures::Detail;
use crate::load::links::Links;
use crate::load::scenario::Scenario;

use super::pace::Pace;
use super::publisher::Publisher;
use super::room::{Heard, PUBLISHER, hear, join};

const FRAME: &[u8] = br#"42["frame",""#;

/// The viewers of one thread; the first thread has the camera as well.
#[derive(Debug)]
pub struct Frames {
    pace: Arc<Pace>,
    content: Content,
    /// Viewers of a higher number are hung.
    last_healthy: usize,
    viewers: Vec<Option<Viewer>>,
    publisher: Option<Publisher>,
}

/// What a healthy viewer has seen.
#[derive(Debug, Default, Clone, Copy)]
struct Viewer {
    /// The number after the newest frame.
    next: u64,
    /// Which of the last 64 frames came: bit 0 is the newest.
    recent: u64,
    seen: u64,
}

/// What a frame's number says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Newer,
    Late,
    Again,
}

impl Viewer {
    fn note(&mut self, number: u64) -> Seen {
        if number >= self.next {
            let shift = number + 1 - self.next;
            self.recent = if shift < 64 { self.recent << shift | 1 } else { 1 };
            self.next = number + 1;
            self.seen += 1;
            return Seen::Newer;
        }
        let bit = 1u64.checked_shl(u32::try_from(self.next - 1 - number).unwrap_or(u32::MAX)).unwrap_or(0);
        if self.recent & bit != 0 {
            return Seen::Again;
        }
        self.recent |= bit;
        self.seen += 1;
        Seen::Late
    }
}

impl Frames {
    /// Returns one thread's part: frames of `bytes` bytes, and as many healthy viewers over all threads.
    #[must_use]
    pub fn new(pace: Arc<Pace>, bytes: usize, healthy: usize, thread: usize) -> Self {
        let publisher = Publisher::of_thread(thread, &pace, FRAME, bytes);
        Self { pace, content: Content::new(bytes), last_healthy: healthy, viewers: Vec::new(), publisher }
    }

    fn joined(&mut self, links: &mut Links, slot: usize) {
        self.viewers.resize_with(links.len(), || None);
        let number = links.number(slot);
        if number > self.last_healthy {
            links.stop_reading(slot);
        } else if let Some(viewer) = self.viewers.get_mut(slot).filter(|_| number != PUBLISHER) {
            *viewer = Some(Viewer::default());
        }
    }

    fn frame(&mut self, links: &mut Links, slot: usize, number: u64) {
        let Some(Some(viewer)) = self.viewers.get_mut(slot) else { return };
        if number >= self.pace.sent() {
            return links.recorder.wrong(|| format!("frame {number}, which was not sent"));
        }
        match viewer.note(number) {
            Seen::Newer => {}
            Seen::Late => links.recorder.reordered(),
            Seen::Again => return links.recorder.duplicated(),
        }
        links.recorder.completed(links.now_us().saturating_sub(self.pace.due_us(number)));
    }

    /// Returns how many viewers wait for the last frame.
    fn missing(&self) -> u64 {
        let sent = self.pace.sent();
        self.viewers.iter().flatten().filter(|viewer| viewer.next < sent).count() as u64
    }
}

impl Scenario for Frames {
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
        match hear(links, slot, &self.content, FRAME, message) {
            Heard::Published(number) => self.frame(links, slot, number),
            Heard::Joined => self.joined(links, slot),
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
        if let Some(viewer) = self.viewers.get_mut(slot).and_then(Option::take) {
            links.recorder.missing(u64::from(viewer.next < self.pace.sent()));
        }
    }

    fn is_settled(&self, _: &Links) -> bool {
        self.missing() == 0
    }

    fn finish(&mut self, links: &mut Links) -> Vec<Detail> {
        links.recorder.missing(self.missing());
        let sent = self.pace.sent();
        let skipped: u64 = self.viewers.iter().flatten().map(|viewer| sent.saturating_sub(viewer.seen)).sum();
        #[expect(clippy::cast_precision_loss, reason = "no run has 2^53 frames")]
        let mut details = vec![Detail { name: "frames skipped", value: skipped as f64, unit: "" }];
        details.extend(self.publisher.iter().map(Publisher::lateness));
        details
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skipped_late_and_repeated_frames_are_told_apart() {
        use Seen::{Again, Late, Newer};
        let mut viewer = Viewer::default();
        let seen = [0, 1, 4, 3, 3, 4, 200, 4, 199].map(|number| viewer.note(number));
        assert_eq!(seen, [Newer, Newer, Newer, Late, Again, Again, Newer, Late, Late]);
        assert_eq!(viewer.next, 201);
    }
}
