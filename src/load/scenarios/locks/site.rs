//! What all threads of a fight for locks share: the clients, the judge, the pace.

use hubbub_protocol::fleet::auth::DeviceType;

use super::super::fleet::packets::{self, headset_id};
use super::super::fleet::tokens::Device;
use super::judge::Judge;

/// What all threads of a run share.
#[derive(Debug)]
pub(crate) struct Site {
    /// How many headsets there are; the tablets' connections follow theirs.
    pub(super) devices: usize,
    /// The packet with which each connection enters.
    pub(super) entries: Vec<String>,
    /// Judges every lock.
    pub(super) judge: Judge,
    /// How fast tablets go on.
    pub(super) pace: Pace,
}

/// How fast a tablet goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// As the documented rate limits allow.
    Documented,
    /// As soon as it is answered.
    Unlimited,
}

impl Site {
    /// Returns every device in the order of the connections: headsets, tablets.
    pub(crate) fn devices(headsets: usize, tablets: usize) -> Vec<Device> {
        let headsets = (0..headsets).map(|number| Device { id: headset_id(number), kind: DeviceType::Headset });
        let tablet = |number| Device { id: packets::tablet_id(number), kind: DeviceType::Tablet };
        headsets.chain((0..tablets).map(tablet)).collect()
    }

    /// Returns a site where nobody holds anything; there is one token per device.
    pub(crate) fn new(devices: usize, tokens: &[String], pace: Pace) -> Self {
        let entries = tokens.iter().map(|token| packets::entry(token)).collect();
        Self { devices, entries, judge: Judge::new(devices), pace }
    }
}
