//! `quiz`: rooms full of players, all of whom answer each question within one window. An answer is done when its player has been told that
//! it is accepted; its latency counts from the moment at which the player wanted to give it.
//!
//! Reading order: `script` is what is asked and answered, `site` who sits where, `room` what all threads know of a room. `host` and
//! `player` are the members, with a `turn` at a time; `tally` and `ranking` verify what a room is told. `latencies` and `report` are the
//! figures. `desk` makes the accounts and the quizzes, before the first member connects.

pub(crate) mod desk;

mod host;
mod latencies;
mod player;
mod ranking;
mod report;
pub(crate) mod room;
pub(crate) mod script;
mod site;
mod tally;
mod turn;

use std::borrow::Cow;
use std::sync::Arc;

use hubbub_protocol::contract::Emit;
use hubbub_protocol::quiz::rooms::ParticipantsUpdated;

pub(crate) use site::{Plan, Site};

use super::fleet::packets::{self, Packet};
use super::fleet::timers::Timers;
use crate::load::figures::Detail;
use crate::load::links::Links;
use crate::load::scenario::Scenario;
use crate::load::shared::Phase;
use host::Host;
use player::Player;
use report::Report;
use room::Room;
use site::Seat;
use tally::Told;
use turn::{Beat, Turn};

/// The connections of one thread.
pub(crate) struct Quiz {
    site: Arc<Site>,
    members: Vec<Member>,
    /// Players whose room is not open yet.
    waiting: Vec<usize>,
    timers: Timers<(usize, Beat)>,
    report: Report,
    /// By room.
    told: Vec<Told>,
    /// How a list of participants begins, which is not read: it has everybody, and comes to everybody.
    list: String,
    has_begun: bool,
}

enum Member {
    Host(Host),
    Player(Box<Player>),
}

impl Member {
    /// Returns the member with this number among all connections: hosts come first.
    fn new(connection: usize, site: &Site) -> Self {
        match Seat::of(connection, site.plan.rooms) {
            None => Self::Host(Host::new(site)),
            Some(seat) => Self::Player(Box::new(Player::new(seat, site))),
        }
    }

    fn event(&mut self, turn: &mut Turn<'_>, name: &str, args: &str) {
        match self {
            Self::Host(host) => host.event(turn, name, args),
            Self::Player(player) => player.event(turn, name, args),
        }
    }

    fn lost(&mut self, room: &Room) {
        match self {
            Self::Host(host) => host.lost(room),
            Self::Player(player) => player.lost(room),
        }
    }

    fn awaited(&self, room: &Room) -> u64 {
        match self {
            Self::Host(host) => host.awaited(room),
            Self::Player(player) => player.awaited(room),
        }
    }
}

impl Quiz {
    pub(crate) fn new(site: Arc<Site>) -> Self {
        let rooms = site.plan.rooms;
        Self {
            site,
            members: Vec::new(),
            waiting: Vec::new(),
            timers: Timers::default(),
            report: Report::new(rooms),
            told: (0..rooms).map(|_| Told::default()).collect(),
            list: format!("42[\"{}\"", ParticipantsUpdated::NAME),
            has_begun: false,
        }
    }

    /// Gives a member its turn.
    fn with<T>(&mut self, links: &mut Links, slot: usize, act: impl FnOnce(&mut Member, &mut Turn<'_>) -> T) -> Option<T> {
        let Self { site, members, timers, report, told, .. } = self;
        // Numbers are known as soon as there are links, and not before.
        if members.is_empty() {
            *members = (0..links.len()).map(|slot| Member::new(links.number(slot), site)).collect();
        }
        let number = room_of(links.number(slot), site);
        let (room, told) = (site.rooms.get(number)?, told.get_mut(number)?);
        let member = members.get_mut(slot)?;
        Some(act(member, &mut Turn { site, room, links, timers, report, told, slot }))
    }

    fn all(&mut self, links: &mut Links, mut act: impl FnMut(&mut Member, &mut Turn<'_>)) {
        for slot in 0..links.len() {
            self.with(links, slot, &mut act);
        }
    }

    /// Lets a player join, now or when the room is open.
    fn join(&mut self, links: &mut Links, slot: usize) {
        let is_done = self.with(links, slot, |member, turn| match member {
            Member::Host(_) => true,
            Member::Player(player) => player.join(turn),
        });
        if is_done == Some(false) {
            self.waiting.push(slot);
        }
    }

    /// Lets those in who waited for their room.
    fn let_in(&mut self, links: &mut Links) {
        for slot in std::mem::take(&mut self.waiting) {
            self.join(links, slot);
        }
    }

    /// Returns how much is still to come.
    fn awaited(&self, links: &Links) -> impl Iterator<Item = u64> {
        let of = |(slot, member): (usize, &Member)| {
            let room = self.site.rooms.get(room_of(links.number(slot), &self.site));
            room.map_or(0, |room| member.awaited(room))
        };
        self.members.iter().enumerate().map(of)
    }
}

fn room_of(connection: usize, site: &Site) -> usize {
    Seat::of(connection, site.plan.rooms).map_or(connection, |seat| seat.room)
}

impl Scenario for Quiz {
    fn entry(&self, links: &Links, slot: usize) -> Cow<'static, str> {
        // Players are guests.
        self.site.rooms.get(links.number(slot)).map_or("40".into(), |room| room.hosts_entry().into())
    }

    fn greeting(&self) -> Option<&'static [u8]> {
        Some(br#"42["server:hello""#)
    }

    fn entered(&mut self, links: &mut Links, slot: usize) {
        let is_host = self.with(links, slot, |member, turn| match member {
            Member::Host(host) => {
                host.enter(turn);
                true
            }
            Member::Player(_) => false,
        });
        if is_host == Some(false) {
            self.join(links, slot);
        }
    }

    fn stalled(&mut self, links: &mut Links, _: usize) {
        // The host may be another thread's.
        self.let_in(links);
    }

    fn message(&mut self, links: &mut Links, slot: usize, message: &[u8]) {
        self.report.received_bytes += message.len() as u64;
        if message.starts_with(self.list.as_bytes()) {
            self.report.lists += 1;
            self.report.lists_bytes += message.len() as u64;
            return;
        }
        if let Packet::Event { name, args } = packets::read(message) {
            self.with(links, slot, |member, turn| member.event(turn, name, args));
        }
        if !self.waiting.is_empty() {
            self.let_in(links);
        }
    }

    fn turn(&mut self, links: &mut Links) {
        // Not while it warms up: every question counts.
        if !self.has_begun && links.phase() == Phase::Measuring {
            self.has_begun = true;
            self.all(links, |member, turn| {
                if let Member::Host(host) = member
                    && turn.links.is_ready(turn.slot)
                {
                    host.begin(turn);
                }
            });
        }
        while let Some((slot, beat)) = self.timers.take_due(links.now_us()) {
            self.with(links, slot, |member, turn| match (member, beat) {
                (Member::Host(host), _) if turn.links.is_ready(turn.slot) => host.beat(turn),
                (Member::Player(player), Beat::Answer(question)) if turn.links.is_ready(turn.slot) => {
                    player.answer(turn, question)
                }
                (_, _) => {}
            });
        }
    }

    fn due_us(&self) -> Option<u64> {
        self.timers.next_us()
    }

    fn lost(&mut self, links: &mut Links, slot: usize) {
        self.with(links, slot, |member, turn| member.lost(turn.room));
        self.let_in(links);
    }

    fn stop(&mut self, links: &mut Links) {
        self.all(links, |member, turn| match member {
            Member::Host(host) => host.look_at_the_end(turn),
            Member::Player(player) => player.stop(turn),
        });
    }

    fn is_settled(&self, links: &Links) -> bool {
        self.awaited(links).all(|awaited| awaited == 0)
    }

    fn finish(&mut self, links: &mut Links) -> Vec<Detail> {
        let missing = self.awaited(links).sum();
        links.recorder.missing(missing);
        let report = std::mem::replace(&mut self.report, Report::new(self.site.plan.rooms));
        self.site.report.lock().add(report);
        let is_last = self.site.thread_ends(links.threads());
        if !is_last {
            return Vec::new();
        }
        let all = std::mem::replace(&mut *self.site.report.lock(), Report::new(0));
        all.details(&self.site)
    }
}
