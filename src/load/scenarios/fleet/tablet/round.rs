//! What a tablet does, in the order of a round.

use std::collections::HashSet;

use hubbub_protocol::contract::Event;
use hubbub_protocol::fleet::capture::{CreateSession, EndSession, GetSessionStatus, PauseSession, StartSession};
use hubbub_protocol::fleet::tablet::{GetRecordingStatus, LockDevices, StartRecording, StopRecording, UnlockAllDevices};

use super::super::super::locks::Verdict;
use super::super::book::Command;
use super::super::newest::Newest;
use super::super::packets::{self, AboutSession, DevicesLocked, DevicesUnlocked, headset_id, headset_number};
use super::super::turn::{Beat, Turn};
use super::Tablet;
use super::step::Step;

/// How many headsets a tablet wants for a session.
const WANTED: usize = 3;

impl Tablet {
    fn ask(&mut self, turn: &mut Turn<'_>, step: Step, packet: &str) {
        self.step = step;
        self.asked_us = turn.now_us();
        turn.send(packet);
    }

    pub(super) fn look(&mut self, turn: &mut Turn<'_>) {
        turn.site.tablet_begins();
        self.began_us = turn.now_us();
        let device = headset_id(self.chance.below(turn.site.plan.headsets));
        self.ask(turn, Step::Looking, &packets::event(GetRecordingStatus::NAME, &[&format_args!("\"{device}\"")]));
    }

    /// An answer has come that belongs to the present step.
    pub(super) fn answered(&mut self, turn: &mut Turn<'_>, args: &str) {
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
    pub(super) fn go_on_if_recorded(&mut self, turn: &mut Turn<'_>) {
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
        // There are no beats any more once nothing new may begin.
        if turn.links.is_loading() { turn.set(Beat::Tablet, turn.site.plan.recording_us) } else { self.pause(turn) }
    }

    pub(super) fn pause(&mut self, turn: &mut Turn<'_>) {
        self.tell_all(turn, &Command::Stop);
        self.ask_about_session(turn, Step::Pausing, PauseSession::NAME);
    }

    /// Gives everything back, whatever came before.
    pub(super) fn let_go(&mut self, turn: &mut Turn<'_>) {
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
