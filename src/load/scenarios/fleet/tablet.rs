//! A tablet of the run: looks at a headset, locks a few, records with one, runs a capture session with all, lets go; over and over.
//!
//! It asks for one thing at a time and knows which answer must come. Whatever else comes as an answer is somebody else's.

mod step;

use std::collections::{HashMap, HashSet};

use hubbub_protocol::contract::{Emit, Event};
use hubbub_protocol::fleet::capture::{CreateSession, EndSession, GetSessionStatus, PauseSession, SessionError, StartSession};
use hubbub_protocol::fleet::headset::DeviceRecordingChanged;
use hubbub_protocol::fleet::tablet::{
    DeviceDisconnected, GetRecordingStatus, LockDevices, RecordingDenied, StartRecording, StopRecording, UnlockAllDevices,
};

use super::super::chance::Chance;
use super::super::locks::{Claim, Verdict};
use super::book::{Command, Stream};
use super::newest::Newest;
use super::packets::{self, AboutDevice, AboutSession, DevicesLocked, DevicesUnlocked, headset_id, headset_number};
use super::site::{self, FRAME_BACK, STATUS_BACK};
use super::turn::{Beat, Turn};
use crate::load::content::Found;
use step::Step;

/// How many headsets a tablet wants for a session.
const WANTED: usize = 3;

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

/// What it does, in the order of a round.
impl Tablet {
    fn ask(&mut self, turn: &mut Turn<'_>, step: Step, packet: &str) {
        self.step = step;
        self.asked_us = turn.now_us();
        turn.send(packet);
    }

    fn look(&mut self, turn: &mut Turn<'_>) {
        turn.site.tablet_begins();
        self.began_us = turn.now_us();
        let device = headset_id(self.chance.below(turn.site.plan.headsets));
        self.ask(turn, Step::Looking, &packets::event(GetRecordingStatus::NAME, &[&format_args!("\"{device}\"")]));
    }

    /// An answer has come that belongs to the present step.
    fn answered(&mut self, turn: &mut Turn<'_>, args: &str) {
        match self.step {
            Step::Looking => self.lock(turn),
            Step::Locking => self.locked(turn, args),
            Step::Creating => self.created(turn, args),
            Step::Starting if self.is_about_session(turn, args) => {
                self.step = Step::AllRecord;
                self.go_on_if_recorded(turn);
            }
            Step::Viewing => self.viewed(turn, args),
            Step::Pausing if self.is_about_session(turn, args) => {
                self.step = Step::AllStop;
                self.go_on_if_recorded(turn);
            }
            Step::Ending if self.is_about_session(turn, args) => {
                turn.counts.sessions += turn.counted();
                self.let_go(turn);
            }
            Step::Unlocking => self.unlocked(turn, args),
            _ => self.let_go(turn),
        }
    }

    fn lock(&mut self, turn: &mut Turn<'_>) {
        let headsets = turn.site.plan.headsets;
        let first = self.chance.below(headsets);
        let wanted = (0..WANTED.min(headsets)).map(|offset| (first + offset) % headsets);
        self.claims = wanted.map(|device| (device, turn.site.judge.asks(device))).collect();
        let ids = list(self.claims.iter().map(|(device, _)| *device));
        self.ask(turn, Step::Locking, &packets::event(LockDevices::NAME, &[&ids]));
    }

    fn locked(&mut self, turn: &mut Turn<'_>, args: &str) {
        let Some(answer) = packets::first::<DevicesLocked>(args) else { return self.unreadable(turn) };
        let (locked, failed) = (numbers(&answer.locked), numbers(&answer.failed));
        for (device, claim) in std::mem::take(&mut self.claims) {
            match (locked.contains(&device), failed.contains(&device)) {
                (true, false) => {
                    turn.counts.locks_taken += turn.counted();
                    if turn.site.judge.granted(claim, self.number) == Verdict::Unjust {
                        turn.wrong(|| "two tablets held one headset at once".to_owned());
                    }
                    self.held.push(device);
                }
                (false, true) => {
                    turn.counts.locks_refused += turn.counted();
                    if turn.site.judge.refused(claim) == Verdict::Unjust {
                        turn.wrong(|| "a headset that nobody held was refused".to_owned());
                    }
                }
                _ => turn.wrong(|| "a lock was neither taken nor refused".to_owned()),
            }
        }
        if self.held.is_empty() { self.rest(turn) } else { self.start_one(turn) }
    }

    fn start_one(&mut self, turn: &mut Turn<'_>) {
        self.command_one(turn, Step::StartingOne, StartRecording::NAME, Command::Start);
    }

    /// Tells the first headset something, outside of any session.
    fn command_one(&mut self, turn: &mut Turn<'_>, step: Step, name: &str, command: Command) {
        let Some(device) = self.held.first().copied() else { return self.let_go(turn) };
        turn.site.book.tells(device, command, turn.now_us());
        self.ack += 1;
        let packet = packets::event_with_ack(self.ack, name, &headset_id(device));
        self.ask(turn, step, &packet);
    }

    /// Goes on once every headset does what it was told.
    fn go_on_if_recorded(&mut self, turn: &mut Turn<'_>) {
        let records = |device: &usize| self.recording.contains(device);
        match self.step {
            Step::OneRecords if self.held.first().is_some_and(records) => {
                self.command_one(turn, Step::StoppingOne, StopRecording::NAME, Command::Stop);
            }
            Step::OneStops if !self.held.first().is_some_and(records) => self.create(turn),
            Step::AllRecord if self.held.iter().all(records) => {
                self.ask_about_session(turn, Step::Viewing, GetSessionStatus::NAME);
            }
            Step::AllStop if !self.held.iter().any(records) => {
                self.tell_all(turn, &Command::Over(self.session.clone()));
                self.ask_about_session(turn, Step::Ending, EndSession::NAME);
            }
            _ => {}
        }
    }

    fn create(&mut self, turn: &mut Turn<'_>) {
        let ids = list(self.held.iter().copied());
        let request = format!(r#"{{"deviceIds":{ids},"metadata":{{"studyId":"LOAD","tablet":{}}}}}"#, self.number);
        self.ask(turn, Step::Creating, &packets::event(CreateSession::NAME, &[&request]));
    }

    fn created(&mut self, turn: &mut Turn<'_>, args: &str) {
        let Some(session) = packets::first::<AboutSession>(args) else { return self.unreadable(turn) };
        if numbers(&session.device_ids) != self.held || session.unavailable.is_some() {
            turn.wrong(|| "a session was created without a headset that its tablet held".to_owned());
        }
        self.session = session.session_id;
        self.tell_all(turn, &Command::Start);
        self.ask_about_session(turn, Step::Starting, StartSession::NAME);
    }

    fn viewed(&mut self, turn: &mut Turn<'_>, args: &str) {
        let Some(session) = packets::first::<AboutSession>(args) else { return self.unreadable(turn) };
        if session.session_id != self.session {
            turn.wrong(|| "a tablet was shown another session than it asked for".to_owned());
        }
        if numbers(&session.device_ids) != self.held {
            turn.wrong(|| "a session lost a headset".to_owned());
        }
        if session.status.as_deref() != Some("recording") {
            turn.wrong(|| format!("a session that was started is {}", session.status.unwrap_or_default()));
        }
        self.step = Step::Recording;
        let after_us = if turn.links.is_loading() { turn.site.plan.recording_us } else { 0 };
        turn.set(Beat::Tablet, after_us);
    }

    fn pause(&mut self, turn: &mut Turn<'_>) {
        self.tell_all(turn, &Command::Stop);
        self.ask_about_session(turn, Step::Pausing, PauseSession::NAME);
    }

    /// Gives everything back, whatever came before.
    fn let_go(&mut self, turn: &mut Turn<'_>) {
        if self.step == Step::Unlocking {
            return;
        }
        self.held.iter().for_each(|device| turn.site.judge.gives_back(*device, self.number));
        self.ask(turn, Step::Unlocking, &packets::event(UnlockAllDevices::NAME, &[]));
    }

    fn unlocked(&mut self, turn: &mut Turn<'_>, args: &str) {
        let Some(answer) = packets::first::<DevicesUnlocked>(args) else { return self.unreadable(turn) };
        let as_set = |devices: &[usize]| devices.iter().copied().collect::<HashSet<_>>();
        if as_set(&numbers(&answer.unlocked)) != as_set(&self.held) {
            turn.wrong(|| "a tablet gave back other headsets than it held".to_owned());
        }
        for device in std::mem::take(&mut self.held) {
            turn.site.judge.given_back(device);
            self.frames.entry(device).or_insert_with(Newest::under_way).leave();
            self.statuses.entry(device).or_insert_with(Newest::under_way).leave();
        }
        self.rest(turn);
    }

    fn rest(&mut self, turn: &mut Turn<'_>) {
        self.step = Step::Resting;
        turn.site.tablet_rests();
        let next_us = self.began_us + turn.site.plan.session_us;
        turn.set(Beat::Tablet, next_us.saturating_sub(turn.now_us()));
    }

    fn tell_all(&self, turn: &mut Turn<'_>, command: &Command) {
        self.held.iter().for_each(|device| turn.site.book.tells(*device, command.clone(), turn.links.now_us()));
    }

    fn ask_about_session(&mut self, turn: &mut Turn<'_>, step: Step, name: &str) {
        let packet = packets::event(name, &[&serde_json::Value::from(self.session.as_str())]);
        self.ask(turn, step, &packet);
    }

    fn is_about_session(&self, turn: &mut Turn<'_>, args: &str) -> bool {
        let is_own = packets::first::<AboutSession>(args).is_some_and(|about| about.session_id == self.session);
        if !is_own {
            turn.wrong(|| "a tablet was answered about another session than its own".to_owned());
        }
        is_own
    }

    fn unreadable(&mut self, turn: &mut Turn<'_>) {
        turn.wrong(|| format!("the answer to {} cannot be read", self.step.name()));
        if self.step == Step::Unlocking { self.rest(turn) } else { self.let_go(turn) }
    }
}

fn list(devices: impl Iterator<Item = usize>) -> String {
    serde_json::Value::from(devices.map(headset_id).collect::<Vec<_>>()).to_string()
}

/// Returns the numbers of headsets; a device that is none of the run has one that no headset has.
fn numbers(ids: &[String]) -> Vec<usize> {
    ids.iter().map(|id| headset_number(id).unwrap_or(usize::MAX)).collect()
}
