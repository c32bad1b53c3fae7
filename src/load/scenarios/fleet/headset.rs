//! A headset of the run: registers, reports, shows what it sees, and records when a tablet says so.

use std::collections::VecDeque;

use hubbub_protocol::contract::{Emit, Event};
use hubbub_protocol::fleet::capture::SessionOver;
use hubbub_protocol::fleet::headset::{
    HeadsetConnected, HeadsetRecordingActive, HeadsetRecordingInactive, Identify, ReportRecording, ReportTelemetry,
    StartRequested, StatusUpdated, StopRequested,
};

use super::book::{Command, Stream, Told};
use super::newest::Newest;
use super::packets::{self, AboutSession, headset_id};
use super::site::{self, FRAME_SENT, STATUS_BACK, STATUS_SENT, Site};
use super::turn::{Beat, Turn};
use crate::load::content::Found;

/// How often a headset tells its status.
const STATUS_US: u64 = 1_000_000;

/// One headset.
pub(super) struct Headset {
    number: usize,
    /// Reports of recording that the server has not confirmed, the oldest first, with the time of sending.
    reported: VecDeque<(bool, u64)>,
    statuses: Newest,
}

impl Headset {
    pub(super) fn new(number: usize) -> Self {
        Self { number, reported: VecDeque::new(), statuses: Newest::default() }
    }

    /// Registers, before the load.
    pub(super) fn enter(&self, turn: &mut Turn<'_>) {
        let id = headset_id(self.number);
        turn.send(&packets::event(Identify::NAME, &[&format_args!("\"{id}\"")]));
    }

    /// Sets up what it does by the clock; headsets begin one after the other, so that their beats are spread.
    pub(super) fn start(&self, turn: &mut Turn<'_>) {
        let headsets = turn.site.plan.headsets.max(1) as u64;
        for (beat, every_us) in self.beats(turn) {
            turn.set(beat, every_us * self.number as u64 / headsets);
        }
    }

    fn beats(&self, turn: &Turn<'_>) -> impl Iterator<Item = (Beat, u64)> + use<> {
        let frames = turn.site.plan.frame_us.map(|every_us| (Beat::Frame, every_us));
        [(Beat::Telemetry, turn.site.plan.telemetry_us), (Beat::Status, STATUS_US)].into_iter().chain(frames)
    }

    /// Does what is due, and sets the next beat.
    pub(super) fn beat(&mut self, turn: &mut Turn<'_>, beat: Beat) {
        let site = turn.site;
        let next = |stream| site.book.next(self.number, stream);
        match beat {
            Beat::Telemetry => {
                let argument = site.reports.argument(self.number, next(Stream::Reports));
                turn.send(&packets::event(ReportTelemetry::NAME, &[&argument]));
            }
            Beat::Status => turn.send_content(&site.statuses, STATUS_SENT, self.number, next(Stream::Statuses)),
            Beat::Frame => turn.send_content(&site.frames, FRAME_SENT, self.number, next(Stream::Frames)),
            Beat::Tablet => return,
        }
        if let Some((beat, every_us)) = self.beats(turn).find(|(one, _)| *one == beat) {
            turn.set(beat, every_us);
        }
    }

    /// Reads an event.
    pub(super) fn event(&mut self, turn: &mut Turn<'_>, name: &str, args: &str) {
        match name {
            HeadsetConnected::NAME => turn.ready(),
            StartRequested::NAME => self.told(turn, &Command::Start),
            StopRequested::NAME => self.told(turn, &Command::Stop),
            SessionOver::NAME => match packets::first::<AboutSession>(args) {
                Some(about) => self.told(turn, &Command::Over(about.session_id)),
                None => turn.wrong(|| format!("`{name}` names no session")),
            },
            HeadsetRecordingActive::NAME => self.confirmed(turn, true),
            HeadsetRecordingInactive::NAME => self.confirmed(turn, false),
            "error" => turn.refused(args),
            _ => {}
        }
    }

    /// Reads its own status, which the server tells the whole room.
    pub(super) fn status(&mut self, turn: &mut Turn<'_>, message: &[u8]) {
        match turn.site.statuses.read(message, STATUS_BACK) {
            Found::Intact { sender, number } if sender == self.number => {
                let sent = turn.site.book.sent(sender, Stream::Statuses);
                site::note(turn, &mut self.statuses, number, sent);
            }
            _ => turn.wrong(|| format!("a headset got a `{}` that is not its own", StatusUpdated::NAME)),
        }
    }

    /// Does what a tablet said, and reports that it does.
    fn told(&mut self, turn: &mut Turn<'_>, command: &Command) {
        match turn.site.book.told(self.number, command) {
            Told::InOrder(sent_us) => turn.completed_since(sent_us),
            Told::Early => turn.reordered(),
            Told::Unsent => turn.wrong(|| "a headset was told what no tablet said".to_owned()),
        }
        let is_recording = match command {
            Command::Start => true,
            Command::Stop => false,
            Command::Over(_) => return,
        };
        turn.site.book.next(self.number, Stream::Recordings);
        self.reported.push_back((is_recording, turn.now_us()));
        turn.send(&packets::event(ReportRecording::NAME, &[&is_recording]));
    }

    fn confirmed(&mut self, turn: &mut Turn<'_>, is_recording: bool) {
        match self.reported.pop_front() {
            Some((reported, sent_us)) if reported == is_recording => turn.completed_since(sent_us),
            Some(_) => turn.reordered(),
            None => turn.wrong(|| "a headset's recording was confirmed that it did not report".to_owned()),
        }
    }

    /// Returns how much it still waits for.
    pub(super) fn awaited(&self, site: &Site) -> u64 {
        let newest_status = !self.statuses.is_complete(site.book.sent(self.number, Stream::Statuses));
        (self.reported.len() + site.book.untold(self.number)) as u64 + u64::from(newest_status)
    }
}
