//! A tablet that fights: what it has asked for, what it holds, what it is giving back.

use std::collections::VecDeque;

use hubbub_protocol::contract::Event;
use hubbub_protocol::fleet::tablet::UnlockDevice;

use super::super::chance::Chance;
use super::super::fleet::packets::{self, headset_id};
use super::judge::{Claim, Judge};
use crate::load::links::Links;

/// One tablet.
pub(super) struct Tablet {
    pub(super) number: usize,
    chance: Chance,
    pub(super) asked: Option<Asked>,
    pub(super) held: Option<usize>,
    /// Unlocks under way, the oldest first: the device, and when it was sent.
    pub(super) returned: VecDeque<(usize, u64)>,
}

/// A request for a lock that is under way.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    pub(super) device: usize,
    pub(super) claim: Claim,
    pub(super) sent_us: u64,
}

impl Tablet {
    /// Returns a tablet that holds nothing.
    pub(super) fn new(number: usize) -> Self {
        Self { number, chance: Chance::of(number), asked: None, held: None, returned: VecDeque::new() }
    }

    /// Returns a device that this tablet neither holds nor gives back just now.
    pub(super) fn choose(&mut self, devices: usize) -> Option<usize> {
        let first = self.chance.below(devices);
        let mut candidates = (0..devices).map(|offset| (first + offset) % devices);
        candidates.find(|device| self.held != Some(*device) && !self.returned.iter().any(|(returned, _)| returned == device))
    }

    /// Gives back what it holds, if anything.
    pub(super) fn give_back(&mut self, judge: &Judge, links: &mut Links, slot: usize) {
        let Some(device) = self.held.take() else { return };
        judge.gives_back(device, self.number);
        self.returned.push_back((device, links.now_us()));
        links.send(slot, request(UnlockDevice::NAME, device).as_bytes());
    }
}

/// Returns an event about one headset.
pub(super) fn request(name: &str, device: usize) -> String {
    packets::event(name, &[&format_args!("\"{}\"", headset_id(device))])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tablet_asks_for_nothing_that_it_has_at_hand() {
        let mut tablet = Tablet::new(3);
        tablet.held = Some(0);
        tablet.returned.push_back((2, 0));
        assert!((0..20).all(|_| tablet.choose(4).is_some_and(|device| device == 1 || device == 3)));
        assert_eq!(tablet.choose(1), None);
        assert_eq!(Tablet::new(0).choose(1), Some(0));
    }
}
