//! Where a tablet is in its round, and what it waits for.

use hubbub_protocol::contract::{Emit, Event};
use hubbub_protocol::fleet::capture::{
    CreateSession, EndSession, GetSessionStatus, PauseSession, SessionCreated, SessionEnded, SessionPaused, SessionStarted,
    StartSession,
};
use hubbub_protocol::fleet::sessions::Session;
use hubbub_protocol::fleet::tablet::{
    AllDevicesUnlocked, DeviceLockFailed, DeviceLocked, DeviceUnlocked, DevicesLocked, GetRecordingStatus, LockDevices,
    RecordingActive, RecordingInactive, StartRecording, StopRecording, UnlockAllDevices,
};

/// The steps of a round, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing is under way.
    Resting,
    /// It asked whether a headset records.
    Looking,
    /// It asked for headsets.
    Locking,
    /// It told one to record; then it waits until it does; the same for stopping.
    StartingOne,
    OneRecords,
    StoppingOne,
    OneStops,
    /// It asked for a session with all of them.
    Creating,
    /// It started the session; then it waits until all record.
    Starting,
    AllRecord,
    /// It asked for the session's state.
    Viewing,
    /// The session goes on.
    Recording,
    /// It paused the session; then it waits until all have stopped.
    Pausing,
    AllStop,
    /// It ended the session.
    Ending,
    /// It gave everything back.
    Unlocking,
}

/// Every event that answers a tablet's request.
const ANSWERS: [&str; 12] = [
    RecordingActive::NAME,
    RecordingInactive::NAME,
    DevicesLocked::NAME,
    SessionCreated::NAME,
    SessionStarted::NAME,
    <Session as Emit>::NAME,
    SessionPaused::NAME,
    SessionEnded::NAME,
    AllDevicesUnlocked::NAME,
    DeviceLocked::NAME,
    DeviceUnlocked::NAME,
    DeviceLockFailed::NAME,
];

impl Step {
    /// Says whether an event answers the request of this step.
    pub(super) fn is_answered_by(self, event: &str) -> bool {
        match self {
            Self::Looking => event == RecordingActive::NAME || event == RecordingInactive::NAME,
            Self::Locking => event == DevicesLocked::NAME,
            Self::Creating => event == SessionCreated::NAME,
            Self::Starting => event == SessionStarted::NAME,
            Self::Viewing => event == <Session as Emit>::NAME,
            Self::Pausing => event == SessionPaused::NAME,
            Self::Ending => event == SessionEnded::NAME,
            Self::Unlocking => event == AllDevicesUnlocked::NAME,
            Self::Resting
            | Self::StartingOne
            | Self::OneRecords
            | Self::StoppingOne
            | Self::OneStops
            | Self::AllRecord
            | Self::Recording
            | Self::AllStop => false,
        }
    }

    /// Says whether an event answers any request of a tablet.
    pub(super) fn is_answer(event: &str) -> bool {
        ANSWERS.contains(&event)
    }

    /// Returns the event that was sent last, for a message to a human.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Looking => GetRecordingStatus::NAME,
            Self::Locking => LockDevices::NAME,
            Self::StartingOne | Self::OneRecords => StartRecording::NAME,
            Self::StoppingOne | Self::OneStops => StopRecording::NAME,
            Self::Creating => CreateSession::NAME,
            Self::Starting | Self::AllRecord => StartSession::NAME,
            Self::Viewing | Self::Recording => GetSessionStatus::NAME,
            Self::Pausing | Self::AllStop => PauseSession::NAME,
            Self::Ending => EndSession::NAME,
            Self::Unlocking | Self::Resting => UnlockAllDevices::NAME,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_of_a_step_is_an_answer() {
        let steps = [
            (Step::Looking, "on-recording-inactive"),
            (Step::Locking, "on-devices-locked"),
            (Step::Creating, "on-session-created"),
            (Step::Starting, "on-session-started"),
            (Step::Viewing, "on-session-status"),
            (Step::Pausing, "on-session-paused"),
            (Step::Ending, "on-session-ended"),
            (Step::Unlocking, "on-all-devices-unlocked"),
        ];
        for (step, event) in steps {
            assert!(step.is_answered_by(event) && Step::is_answer(event), "{event}");
            assert!(!Step::Resting.is_answered_by(event) && !Step::Recording.is_answered_by(event), "{event}");
        }
        assert!(!Step::is_answer("on-headsets-updated"));
    }
}
