//! What a run of quizzes has found out besides what every run does.

use super::latencies::{Latencies, median};
use super::site::Site;
use crate::load::figures::Detail;

const MIB: f64 = 1024.0 * 1024.0;

/// What one thread has noted, or all of them.
#[derive(Debug)]
pub(super) struct Report {
    /// From a join to its answer.
    pub(super) joins: Latencies,
    /// From when an answer was due to its acceptance, by room.
    pub(super) rooms: Vec<Latencies>,
    /// Everything that came, and the lists of participants among it, in bytes of packets.
    pub(super) received_bytes: u64,
    pub(super) lists_bytes: u64,
    /// Lists and tallies that came.
    pub(super) lists: u64,
    pub(super) tallies: u64,
    pub(super) accepted: u64,
    /// How late an answer left at most: what the generator itself adds.
    pub(super) latest_us: u64,
}

impl Report {
    pub(super) fn new(rooms: usize) -> Self {
        Self {
            joins: Latencies::default(),
            rooms: (0..rooms).map(|_| Latencies::default()).collect(),
            received_bytes: 0,
            lists_bytes: 0,
            lists: 0,
            tallies: 0,
            accepted: 0,
            latest_us: 0,
        }
    }

    /// Adds what another thread has noted.
    pub(super) fn add(&mut self, other: Self) {
        self.joins.add(other.joins);
        for (room, others) in self.rooms.iter_mut().zip(other.rooms) {
            room.add(others);
        }
        self.received_bytes += other.received_bytes;
        self.lists_bytes += other.lists_bytes;
        self.lists += other.lists;
        self.tallies += other.tallies;
        self.accepted += other.accepted;
        self.latest_us = self.latest_us.max(other.latest_us);
    }

    /// Notes an answer that was accepted.
    pub(super) fn accepted(&mut self, room: usize, latency_us: u64) {
        self.accepted += 1;
        if let Some(room) = self.rooms.get_mut(room) {
            room.note(latency_us);
        }
    }

    /// Returns the figures.
    #[expect(clippy::cast_precision_loss, reason = "no run counts to 2^53")]
    pub(super) fn details(self, site: &Site) -> Vec<Detail> {
        let ms = |name, value: Option<f64>| value.map(|value| Detail { name, value, unit: "ms" });
        let count = |name, value: u64| Some(Detail { name, value: value as f64, unit: "" });
        let mib = |name, bytes: u64| Some(Detail { name, value: bytes as f64 / MIB, unit: "MiB" });
        let joins = self.joins.sorted();
        let asked: usize = site.rooms.iter().map(super::room::Room::asked).sum();
        let answering_seconds = site.answering_us() as f64 / 1e6;
        let rate = (answering_seconds > 0.0).then(|| self.accepted as f64 / answering_seconds);
        let mut rooms: Vec<f64> = self.rooms.into_iter().filter_map(|room| room.sorted().percentile_ms(99)).collect();
        let (typical, worst) = (median(&mut rooms), rooms.last().copied());
        let spread = typical.zip(worst).filter(|(typical, _)| *typical > 0.0).map(|(typical, worst)| worst / typical);
        let details = [
            ms("joins, p50", joins.percentile_ms(50)),
            ms("joins, p99", joins.percentile_ms(99)),
            ms("joins, max", joins.percentile_ms(100)),
            count("questions asked", asked as u64),
            rate.map(|value| Detail { name: "answers per second while answering", value, unit: "/s" }),
            ms("p99 of the median room", typical),
            ms("p99 of the worst room", worst),
            spread.map(|value| Detail { name: "worst room over median room", value, unit: "x" }),
            count("tallies heard", self.tallies),
            count("lists of participants heard", self.lists),
            mib("received", self.received_bytes),
            mib("of that, lists of participants", self.lists_bytes),
            ms("sent late by at most", Some(self.latest_us as f64 / 1000.0)),
        ];
        details.into_iter().flatten().collect()
    }
}
