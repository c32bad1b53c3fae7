//! A dashboard of the run: watches all headsets and misses nothing that it may not miss.

use hubbub_protocol::contract::{Emit, Event};
use hubbub_protocol::fleet::dashboard::{DeviceUpdated, FleetStatus, Subscribe};
use hubbub_protocol::fleet::headset::DeviceRecordingChanged;

use super::book::Stream;
use super::newest::Newest;
use super::packets::{self, AboutDevice, headset_number};
use super::site::Site;
use super::telemetry::Found;
use super::turn::Turn;
use crate::load::order::Arrival;

/// One dashboard.
pub(super) struct Dashboard {
    headsets: Vec<Seen>,
}

/// What it has seen of one headset.
#[derive(Default)]
struct Seen {
    reports: Newest,
    /// How often recording began or ended.
    recordings: u64,
}

impl Dashboard {
    pub(super) fn new(headsets: usize) -> Self {
        Self { headsets: (0..headsets).map(|_| Seen::default()).collect() }
    }

    /// Subscribes, before the load.
    pub(super) fn enter(&self, turn: &mut Turn<'_>) {
        turn.send(&packets::event(Subscribe::NAME, &[]));
    }

    /// Reads an event.
    pub(super) fn event(&mut self, turn: &mut Turn<'_>, name: &str, args: &str) {
        match name {
            FleetStatus::NAME => turn.ready(),
            DeviceUpdated::NAME => self.updated(turn, args),
            DeviceRecordingChanged::NAME => self.recorded(turn, args),
            "error" => turn.refused(args),
            _ => {}
        }
    }

    fn updated(&mut self, turn: &mut Turn<'_>, args: &str) {
        let (headset, number) = match turn.site.reports.read(args) {
            Found::Report { headset, number } => (headset, number),
            Found::Foreign => return,
            Found::Wrong => return turn.wrong(|| "a dashboard got telemetry that no headset sent".to_owned()),
        };
        let Some(seen) = self.headsets.get_mut(headset) else { return };
        match seen.reports.note(number, turn.site.book.sent(headset, Stream::Reports)) {
            Arrival::InOrder => {
                turn.counts.reports += turn.counted();
                turn.completed();
            }
            // Every change of a device is told with its last report.
            Arrival::Again => {}
            Arrival::Late => turn.reordered(),
            Arrival::Unsent => turn.wrong(|| "a dashboard got telemetry that no headset sent".to_owned()),
        }
    }

    fn recorded(&mut self, turn: &mut Turn<'_>, args: &str) {
        let Some(about) = packets::first::<AboutDevice<'_>>(args) else {
            return turn.wrong(|| format!("`{}` names no device", DeviceRecordingChanged::NAME));
        };
        let Some(headset) = headset_number(about.device_id) else { return };
        let Some(seen) = self.headsets.get_mut(headset) else { return };
        if seen.recordings >= turn.site.book.sent(headset, Stream::Recordings) {
            return turn.duplicated();
        }
        // Headsets begin and end in turn.
        let is_expected = about.is_recording == Some(seen.recordings.is_multiple_of(2));
        seen.recordings += 1;
        if is_expected { turn.completed() } else { turn.reordered() }
    }

    /// Returns how much it still waits for: the newest report of every headset, and every beginning and end of recording.
    pub(super) fn awaited(&self, site: &Site) -> u64 {
        let book = &site.book;
        let of = |(headset, seen): (usize, &Seen)| {
            let newest = u64::from(!seen.reports.is_complete(book.sent(headset, Stream::Reports)));
            newest + book.sent(headset, Stream::Recordings).saturating_sub(seen.recordings)
        };
        self.headsets.iter().enumerate().map(of).sum()
    }

    /// Returns how many reports were superseded by newer ones.
    pub(super) fn superseded(&self) -> u64 {
        self.headsets.iter().map(|seen| seen.reports.skipped()).sum()
    }
}
