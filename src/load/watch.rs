//! The server's process at the moments that count.

use std::time::Instant;

use super::figures::Usage;
use super::progress::ServerNow;
use super::timeline::float;
use super::usage::{Reading, Sampler, Unreadable};

/// The server's process: what it had used when.
#[derive(Debug)]
pub(super) struct Watched {
    sampler: Sampler,
    before: Reading,
    pub connected: Reading,
    pub begun: Reading,
    pub ended: Reading,
    latest: Reading,
    shown: Reading,
    shown_at: Instant,
}

impl Watched {
    /// Takes the first reading, before anything happens.
    pub fn new(pid: u32) -> Result<Self, Unreadable> {
        let mut sampler = Sampler::new(pid)?;
        let now = sampler.read()?;
        Ok(Self {
            sampler,
            before: now,
            connected: now,
            begun: now,
            ended: now,
            latest: now,
            shown: now,
            shown_at: Instant::now(),
        })
    }

    /// Takes a reading; a server that has ended keeps its last one.
    pub fn read(&mut self) -> Reading {
        self.latest = self.sampler.read().unwrap_or(self.latest);
        self.latest
    }

    /// Returns what it uses, on average since the last call.
    pub fn since_last(&mut self) -> ServerNow {
        let (reading, now) = (self.read(), Instant::now());
        let seconds = now.duration_since(self.shown_at).as_secs_f64().max(f64::EPSILON);
        let cores = (reading.cpu_seconds - self.shown.cpu_seconds) / seconds;
        (self.shown, self.shown_at) = (reading, now);
        ServerNow { cores, rss_mib: reading.rss_mib }
    }

    /// Returns what the run cost it.
    pub fn usage(&mut self, completed: u64, connections: usize) -> Usage {
        let last = self.read();
        let cpu_seconds = self.ended.cpu_seconds - self.begun.cpu_seconds;
        let millions = float(completed.max(1)) / 1e6;
        let grown_mib = self.connected.rss_mib - self.before.rss_mib;
        Usage {
            pid: self.sampler.pid(),
            cpu_seconds,
            cpu_seconds_per_million: cpu_seconds / millions,
            rss_before_mib: self.before.rss_mib,
            rss_connected_mib: self.connected.rss_mib,
            rss_peak_mib: last.peak_rss_mib,
            kib_per_connection: grown_mib * 1024.0 / float(connections.max(1) as u64),
        }
    }
}
