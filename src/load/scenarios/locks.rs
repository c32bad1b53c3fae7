//! `locks`: tablets fight for headsets. One decision is a lock or an unlock that was answered.
//!
//! A tablet keeps what it got until its next request is answered, so that it holds something while others try, and then gives it
//! back. The judge hears of every step and tells two holders of one device from what the tablets saw.

mod judge;
mod site;
mod tablet;

use std::sync::Arc;

use hubbub_protocol::contract::{Emit, Event};
use hubbub_protocol::fleet::headset::{HeadsetConnected, Identify};
use hubbub_protocol::fleet::tablet::{DeviceDisconnected, DeviceLockFailed, DeviceLocked, DeviceUnlocked, LockDevice};

pub(super) use judge::{Claim, Judge, Verdict};
pub(crate) use site::{Pace, Site};

use super::fleet::packets::{self, AboutDevice, Packet, headset_number};
use super::fleet::timers::Timers;
use crate::load::figures::Detail;
use crate::load::links::Links;
use crate::load::scenario::Scenario;
use tablet::{Asked, Tablet, request};

/// The contract allows a socket 50 locks a second, and 50 unlocks.
const PACE_US: u64 = 25_000;

/// The connections of one thread.
pub(crate) struct Locks {
    site: Arc<Site>,
    /// By slot; none for headsets.
    tablets: Vec<Option<Tablet>>,
    timers: Timers<usize>,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    granted: u32,
    refused: u32,
    given_back: u32,
}

impl Locks {
    pub(crate) fn new(site: Arc<Site>) -> Self {
        Self { site, tablets: Vec::new(), timers: Timers::default(), counts: Counts::default() }
    }

    /// Sends a tablet's next request, if it may.
    fn step(&mut self, links: &mut Links, slot: usize) {
        let Some(Some(tablet)) = self.tablets.get_mut(slot) else { return };
        if tablet.asked.is_some() || !links.is_loading() {
            return;
        }
        match tablet.choose(self.site.devices) {
            Some(device) => {
                let claim = self.site.judge.asks(device);
                tablet.asked = Some(Asked { device, claim, sent_us: links.now_us() });
                links.send(slot, request(LockDevice::NAME, device).as_bytes());
            }
            // There are hardly more devices than this tablet has at hand.
            None => {
                tablet.give_back(&self.site.judge, links, slot);
                self.timers.set(links.now_us() + PACE_US, slot);
            }
        }
    }

    /// Sets up the next step: at once, or when the rate limits allow it.
    fn go_on(&mut self, links: &mut Links, slot: usize, sent_us: u64) {
        if self.site.pace == Pace::Documented {
            self.timers.set(links.now_us().max(sent_us + PACE_US), slot);
        } else {
            self.step(links, slot);
        }
    }

    fn answered(&mut self, links: &mut Links, slot: usize, name: &str, about: &AboutDevice<'_>) {
        let Some(device) = headset_number(about.device_id) else { return stray(links, name, about) };
        let Some(Some(tablet)) = self.tablets.get_mut(slot) else { return };
        if let Some(asked) = tablet.asked.filter(|asked| asked.device == device && name != DeviceUnlocked::NAME) {
            tablet.asked = None;
            self.decided(links, slot, asked, about);
            return;
        }
        let Some(position) = tablet.returned.iter().position(|(returned, _)| *returned == device) else {
            return stray(links, name, about);
        };
        let sent_us = tablet.returned.remove(position).map_or(0, |(_, sent_us)| sent_us);
        self.site.judge.given_back(device);
        self.counts.given_back += 1;
        links.recorder.completed(links.now_us().saturating_sub(sent_us));
        if name != DeviceUnlocked::NAME {
            links.recorder.wrong(|| format!("a tablet that held a device could not unlock it: {}", about.reason.unwrap_or(name)));
        }
        if self.site.pace == Pace::Unlimited {
            self.step(links, slot);
        }
    }

    /// A request for a lock was answered: what the tablet held so far goes back.
    fn decided(&mut self, links: &mut Links, slot: usize, asked: Asked, about: &AboutDevice<'_>) {
        let Some(Some(tablet)) = self.tablets.get_mut(slot) else { return };
        links.recorder.completed(links.now_us().saturating_sub(asked.sent_us));
        tablet.give_back(&self.site.judge, links, slot);
        match about.reason {
            None => {
                self.counts.granted += 1;
                if self.site.judge.granted(asked.claim, tablet.number) == Verdict::Unjust {
                    links.recorder.wrong(|| "two tablets held one device at once".to_owned());
                }
                tablet.held = Some(asked.device);
            }
            Some(reason) => {
                self.counts.refused += 1;
                if self.site.judge.refused(asked.claim) == Verdict::Unjust {
                    links.recorder.wrong(|| format!("a device that nobody held was refused: {reason}"));
                }
            }
        }
        if links.is_loading() {
            self.go_on(links, slot, asked.sent_us);
        } else {
            tablet.give_back(&self.site.judge, links, slot);
        }
    }
}

fn stray(links: &mut Links, name: &str, about: &AboutDevice<'_>) {
    links.recorder.wrong(|| format!("`{name}` about {} answers nobody's request", about.device_id));
}

impl Scenario for Locks {
    fn entry(&self, links: &Links, slot: usize) -> std::borrow::Cow<'static, str> {
        self.site.entries.get(links.number(slot)).cloned().unwrap_or_default().into()
    }

    fn greeting(&self) -> Option<&'static [u8]> {
        None
    }

    fn entered(&mut self, links: &mut Links, slot: usize) {
        let number = links.number(slot);
        if number < self.site.devices {
            links.send(slot, request(Identify::NAME, number).as_bytes());
        } else {
            links.ready(slot);
        }
    }

    fn start(&mut self, links: &mut Links) {
        let devices = self.site.devices;
        self.tablets = (0..links.len()).map(|slot| links.number(slot).checked_sub(devices).map(Tablet::new)).collect();
        // Spread over the first step, so that they do not all ask at once and then wait together.
        for slot in 0..self.tablets.len() {
            let offset = slot as u64 * PACE_US / self.tablets.len() as u64;
            self.timers.set(links.now_us() + offset, slot);
        }
    }

    fn message(&mut self, links: &mut Links, slot: usize, message: &[u8]) {
        let Packet::Event { name, args } = packets::read(message) else { return };
        match name {
            HeadsetConnected::NAME => links.ready(slot),
            DeviceLocked::NAME | DeviceLockFailed::NAME | DeviceUnlocked::NAME => match packets::first(args) {
                Some(about) => self.answered(links, slot, name, &about),
                None => links.recorder.wrong(|| format!("`{name}` says nothing about a device")),
            },
            DeviceDisconnected::NAME => links.recorder.error(|| "the server lost a headset that a tablet held".to_owned()),
            "error" => links.recorder.error(|| format!("the server answered `error` with {}", args.trim_start_matches(','))),
            _ => {}
        }
    }

    fn turn(&mut self, links: &mut Links) {
        while let Some(slot) = self.timers.take_due(links.now_us()) {
            self.step(links, slot);
        }
    }

    fn due_us(&self) -> Option<u64> {
        self.timers.next_us()
    }

    fn lost(&mut self, _: &mut Links, slot: usize) {
        // Its requests stay unanswered, and what it held the server gives to others.
        if let Some(Some(tablet)) = self.tablets.get_mut(slot)
            && let Some(device) = tablet.held.take()
        {
            self.site.judge.gives_back(device, tablet.number);
        }
    }

    fn stop(&mut self, links: &mut Links) {
        for (slot, tablet) in self.tablets.iter_mut().enumerate() {
            if let Some(tablet) = tablet {
                tablet.give_back(&self.site.judge, links, slot);
            }
        }
    }

    fn is_settled(&self, _: &Links) -> bool {
        self.tablets.iter().flatten().all(|tablet| tablet.asked.is_none() && tablet.returned.is_empty())
    }

    fn finish(&mut self, links: &mut Links) -> Vec<Detail> {
        let unanswered = |tablet: &Tablet| usize::from(tablet.asked.is_some()) + tablet.returned.len();
        links.recorder.missing(self.tablets.iter().flatten().map(unanswered).sum::<usize>() as u64);
        let detail = |name, value: u32| Detail { name, value: f64::from(value), unit: "" };
        let Counts { granted, refused, given_back } = self.counts;
        vec![detail("locks granted", granted), detail("locks refused", refused), detail("unlocks", given_back)]
    }
}
