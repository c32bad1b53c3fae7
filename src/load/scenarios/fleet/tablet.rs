//! A tablet of the run: looks at a headset, locks a few, records with one, runs a capture session with all, lets go; over and over.
//!
//! It asks for one thing at a time and knows which answer must come. Whatever else comes as an answer is somebody else's.

mod round;
mod step;

use std::collections::{HashMap, HashSet};

use hubbub_protocol::contract::Emit;
use hubbub_protocol::fleet::capture::SessionError;
use hubbub_protocol::fleet::headset::DeviceRecordingChanged;
use hubbub_protocol::fleet::tablet::{DeviceDisconnected, RecordingDenied};

use super::super::chance::Chance;
use super::super::locks::Claim;
use super::book::Stream;
use super::newest::Newest;
use super::packets::{self, AboutDevice, headset_number};
use super::site::{self, FRAME_BACK, STATUS_BACK};
use super::turn::{Beat, Turn};
use crate::load::content::Found;
use step::Step;

/// One tablet.
pub(super) struct Tablet {
    number: usize,
    chance: Chance,
    step: Step,
    /// When the present request was sent, and the number of its acknowledgement if it asks for one.
    asked_us: u64,
    ack: u64,
    /// When the present round began.
    began_us: u64,
    claims: Vec<(usize, Claim)>,
    held: Vec<usize>,
    session: String,
    /// Which headsets record, as far as the tablet was told.
    recording: HashSet<usize>,
    frames: HashMap<usize, Newest>,
    statuses: HashMap<usize, Newest>,
}

impl Tablet {
    pub(super) fn new(number: usize) -> Self {
        Self {
            number,
            chance: Chance::of(number),
            step: Step::Resting,
            asked_us: 0,
            ack: 0,
            began_us: 0,
            claims: Vec::new(),
            held: Vec::new(),
            session: String::new(),
            recording: HashSet::new(),
            frames: HashMap::new(),
            statuses: HashMap::new(),
        }
    }

    /// Sets up the first round; tablets begin one after the other.
    pub(super) fn start(&self, turn: &mut Turn<'_>) {
        let plan = turn.site.plan;
        turn.set(Beat::Tablet, plan.session_us * self.number as u64 / plan.tablets.max(1) as u64);
    }

    /// Goes on by the clock.
    pub(super) fn beat(&mut self, turn: &mut Turn<'_>) {
        match self.step {
            Step::Resting if turn.links.is_loading() => self.look(turn),
            Step::Recording => self.pause(turn),
            _ => {}
        }
    }

    /// Nothing new begins; a session under way is brought to its end.
    pub(super) fn stop(&mut self, turn: &mut Turn<'_>) {
        if self.step == Step::Recording {
            self.pause(turn);
        }
    }

    pub(super) fn is_resting(&self) -> bool {
        self.step == Step::Resting
    }

    /// The connection is gone: the server gives its headsets to others.
    pub(super) fn lost(&mut self, turn: &mut Turn<'_>) {
        self.held.iter().for_each(|device| turn.site.judge.gives_back(*device, self.number));
        self.held.clear();
        if !self.is_resting() {
            turn.site.tablet_rests();
        }
    }

    /// Returns how many camera frames were left out while it held their headsets.
    pub(super) fn superseded(&self) -> u64 {
        self.frames.values().map(Newest::skipped).sum()
    }
}

/// What it is told.
impl Tablet {
    /// Reads an event.
    pub(super) fn event(&mut self, turn: &mut Turn<'_>, name: &str, args: &str) {
        match name {
            DeviceRecordingChanged::NAME => self.recording_changed(turn, args),
            DeviceDisconnected::NAME => turn.wrong(|| "a tablet lost a headset that was online".to_owned()),
            RecordingDenied::NAME => turn.wrong(|| "a tablet was denied to record with a headset that it held".to_owned()),
            SessionError::NAME => {
                turn.refused(format_args!("{} with {args}", self.step.name()));
                self.let_go(turn);
            }
            "error" => turn.refused(args),
            _ if self.step.is_answered_by(name) => {
                turn.completed_since(self.asked_us);
                self.answered(turn, args);
            }
            _ if Step::is_answer(name) => turn.wrong(|| format!("`{name}` answers nobody's request")),
            _ => {}
        }
    }

    /// Reads an acknowledgement.
    pub(super) fn acknowledged(&mut self, turn: &mut Turn<'_>, ack: u64, args: &str) {
        let about = packets::first::<AboutDevice<'_>>(args);
        let device = about.as_ref().and_then(|about| headset_number(about.device_id));
        let is_asked_for = ack == self.ack && device.is_some() && device == self.held.first().copied();
        let next = match self.step {
            Step::StartingOne if is_asked_for => Step::OneRecords,
            Step::StoppingOne if is_asked_for => Step::OneStops,
            _ => return turn.wrong(|| "an acknowledgement belongs to nobody's request".to_owned()),
        };
        turn.completed_since(self.asked_us);
        if about.and_then(|about| about.success) != Some(true) {
            turn.wrong(|| "a tablet could not record with a headset that it held".to_owned());
            return self.let_go(turn);
        }
        self.step = next;
        self.go_on_if_recorded(turn);
    }

    /// Reads a frame; returns whether it counts.
    pub(super) fn frame(&mut self, turn: &mut Turn<'_>, message: &[u8]) {
        let Found::Intact { sender, number } = turn.site.frames.read(message, FRAME_BACK) else {
            return turn.wrong(|| "a frame came that no headset sent".to_owned());
        };
        let stream = self.frames.entry(sender).or_insert_with(Newest::under_way);
        let sent = turn.site.book.sent(sender, Stream::Frames);
        if site::note(turn, stream, number, sent) {
            turn.counts.frames += turn.counted();
        }
    }

    /// Reads a status.
    pub(super) fn status(&mut self, turn: &mut Turn<'_>, message: &[u8]) {
        let Found::Intact { sender, number } = turn.site.statuses.read(message, STATUS_BACK) else {
            return turn.wrong(|| "a status came that no headset sent".to_owned());
        };
        let stream = self.statuses.entry(sender).or_insert_with(Newest::under_way);
        let sent = turn.site.book.sent(sender, Stream::Statuses);
        site::note(turn, stream, number, sent);
    }

    fn recording_changed(&mut self, turn: &mut Turn<'_>, args: &str) {
        let about = packets::first::<AboutDevice<'_>>(args);
        let device = about.as_ref().and_then(|about| headset_number(about.device_id));
        match (device, about.and_then(|about| about.is_recording)) {
            (Some(device), Some(true)) => self.recording.insert(device),
            (Some(device), Some(false)) => self.recording.remove(&device),
            _ => return turn.wrong(|| format!("`{}` says nothing about a headset", DeviceRecordingChanged::NAME)),
        };
        turn.completed();
        self.go_on_if_recorded(turn);
    }
}
