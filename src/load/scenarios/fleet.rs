//! `fleet`: headsets, tablets and dashboards as a site has them, each doing what its document says. One event is anything that a
//! client got and verified; its latency is the time from what was sent to what answers it.

mod book;
mod dashboard;
mod headset;
mod newest;
pub(super) mod packets;
mod site;
mod tablet;
mod telemetry;
pub(super) mod timers;
pub(crate) mod tokens;
mod turn;

use std::borrow::Cow;
use std::sync::Arc;

pub(crate) use site::{Plan, Site};

use dashboard::Dashboard;
use headset::Headset;
use packets::Packet;
use site::{FRAME_BACK, STATUS_BACK};
use tablet::Tablet;
use timers::Timers;
use turn::{Beat, Counts, Turn};

use crate::load::figures::Detail;
use crate::load::links::Links;
use crate::load::scenario::Scenario;

/// The connections of one thread.
pub(crate) struct Fleet {
    site: Arc<Site>,
    clients: Vec<Client>,
    timers: Timers<(usize, Beat)>,
    counts: Counts,
    scratch: Vec<u8>,
}

enum Client {
    Headset(Headset),
    Tablet(Box<Tablet>),
    Dashboard(Dashboard),
}

impl Client {
    /// Returns the client with this number among all: headsets come first, then tablets, then dashboards.
    fn new(number: usize, plan: &Plan) -> Self {
        match number.checked_sub(plan.headsets) {
            None => Self::Headset(Headset::new(number)),
            Some(number) if number < plan.tablets => Self::Tablet(Box::new(Tablet::new(number))),
            Some(_) => Self::Dashboard(Dashboard::new(plan.headsets)),
        }
    }

    fn event(&mut self, turn: &mut Turn<'_>, name: &str, args: &str) {
        match self {
            Self::Headset(headset) => headset.event(turn, name, args),
            Self::Tablet(tablet) => tablet.event(turn, name, args),
            Self::Dashboard(dashboard) => dashboard.event(turn, name, args),
        }
    }

    /// Returns how much it still waits for.
    fn awaited(&self, site: &Site) -> u64 {
        match self {
            Self::Headset(headset) => headset.awaited(site),
            Self::Tablet(tablet) => u64::from(!tablet.is_resting()),
            Self::Dashboard(dashboard) => dashboard.awaited(site),
        }
    }
}

impl Fleet {
    pub(crate) fn new(site: Arc<Site>) -> Self {
        Self { site, clients: Vec::new(), timers: Timers::default(), counts: Counts::default(), scratch: Vec::new() }
    }

    /// Gives a client its turn.
    fn with<T>(&mut self, links: &mut Links, slot: usize, act: impl FnOnce(&mut Client, &mut Turn<'_>) -> T) -> Option<T> {
        let Self { site, clients, timers, counts, scratch } = self;
        // Numbers are known as soon as there are links, and not before.
        if clients.is_empty() {
            *clients = (0..links.len()).map(|slot| Client::new(links.number(slot), &site.plan)).collect();
        }
        let client = clients.get_mut(slot)?;
        Some(act(client, &mut Turn { site, links, timers, counts, scratch, slot }))
    }

    fn all(&mut self, links: &mut Links, mut act: impl FnMut(&mut Client, &mut Turn<'_>)) {
        for slot in 0..links.len() {
            self.with(links, slot, &mut act);
        }
    }
}

impl Scenario for Fleet {
    fn entry(&self, links: &Links, slot: usize) -> Cow<'static, str> {
        self.site.entries.get(links.number(slot)).cloned().unwrap_or_default().into()
    }

    fn greeting(&self) -> Option<&'static [u8]> {
        None
    }

    fn entered(&mut self, links: &mut Links, slot: usize) {
        self.with(links, slot, |client, turn| match client {
            Client::Headset(headset) => headset.enter(turn),
            Client::Tablet(_) => turn.ready(),
            Client::Dashboard(dashboard) => dashboard.enter(turn),
        });
    }

    fn start(&mut self, links: &mut Links) {
        self.all(links, |client, turn| match client {
            Client::Headset(headset) => headset.start(turn),
            Client::Tablet(tablet) => tablet.start(turn),
            Client::Dashboard(_) => {}
        });
    }

    fn message(&mut self, links: &mut Links, slot: usize, message: &[u8]) {
        self.with(links, slot, |client, turn| match client {
            Client::Tablet(tablet) if message.starts_with(FRAME_BACK) => tablet.frame(turn, message),
            Client::Tablet(tablet) if message.starts_with(STATUS_BACK) => tablet.status(turn, message),
            Client::Headset(headset) if message.starts_with(STATUS_BACK) => headset.status(turn, message),
            client => match (packets::read(message), client) {
                (Packet::Event { name, args }, client) => client.event(turn, name, args),
                (Packet::Ack { ack, args }, Client::Tablet(tablet)) => tablet.acknowledged(turn, ack, args),
                (Packet::Ack { .. }, _) => turn.wrong(|| "an acknowledgement belongs to nobody's request".to_owned()),
                (Packet::Other, _) => {}
            },
        });
    }

    fn turn(&mut self, links: &mut Links) {
        while let Some((slot, beat)) = self.timers.take_due(links.now_us()) {
            let is_loading = links.is_loading();
            self.with(links, slot, |client, turn| match client {
                Client::Headset(headset) if is_loading => headset.beat(turn, beat),
                Client::Tablet(tablet) => tablet.beat(turn),
                Client::Headset(_) | Client::Dashboard(_) => {}
            });
        }
    }

    fn due_us(&self) -> Option<u64> {
        self.timers.next_us()
    }

    fn lost(&mut self, links: &mut Links, slot: usize) {
        self.with(links, slot, |client, turn| {
            if let Client::Tablet(tablet) = client {
                tablet.lost(turn);
            }
        });
    }

    fn stop(&mut self, links: &mut Links) {
        self.all(links, |client, turn| {
            if let Client::Tablet(tablet) = client {
                tablet.stop(turn);
            }
        });
        self.site.thread_stops();
    }

    fn is_settled(&self, links: &Links) -> bool {
        self.site.is_closed(links.threads()) && self.clients.iter().all(|client| client.awaited(&self.site) == 0)
    }

    fn finish(&mut self, links: &mut Links) -> Vec<Detail> {
        let mut missing = 0;
        let (mut reports_superseded, mut frames_superseded) = (0, 0);
        for client in &self.clients {
            missing += client.awaited(&self.site);
            match client {
                Client::Dashboard(dashboard) => reports_superseded += dashboard.superseded(),
                Client::Tablet(tablet) => frames_superseded += tablet.superseded(),
                Client::Headset(_) => {}
            }
        }
        links.recorder.missing(missing);
        let Counts { reports, frames, locks_taken, locks_refused, sessions } = self.counts;
        let (from_us, to_us) = links.shared.measured_us();
        let seconds = to_us.saturating_sub(from_us) as f64 / 1e6;
        let rate = |name, count: u64| Detail { name, value: count as f64 / seconds, unit: "/s" };
        let count = |name, count: u64| Detail { name, value: count as f64, unit: "" };
        vec![
            rate("telemetry at dashboards", reports),
            count("telemetry superseded", reports_superseded),
            rate("frames at tablets", frames),
            count("frames superseded", frames_superseded),
            count("locks taken", locks_taken),
            count("locks refused", locks_refused),
            count("sessions completed", sessions),
        ]
    }
}
