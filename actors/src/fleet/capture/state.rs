//! The life of a capture session: who may drive it, and from which status to which. No actor, no clock, no I/O.

use hubbub_protocol::fleet::sessions::{DeviceStatus, Session, SessionLine, SessionStatus, UploadStatus};
use hubbub_protocol::fleet::{DeviceId, SessionId, TabletId, Telemetry};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::kit::clock::Timestamp;

mod uploads;

use uploads::Uploads;
pub use uploads::{Heard, UploadWord};

/// Why a session does not do what it was told, in the document's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SessionRefusal {
    /// Only the tablet that created it drives it.
    #[error("Not authorized")]
    NotAuthorized,
    /// It is over.
    #[error("Session already ended")]
    AlreadyEnded,
    /// It cannot be paused before it records.
    #[error("Session is not recording")]
    NotRecording,
}

/// A session, as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    owner: TabletId,
    status: SessionStatus,
    devices: Vec<Part>,
    created_at: Timestamp,
    started_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    metadata: Map<String, Value>,
    /// Sessions that were stored before there were uploads have none.
    #[serde(default)]
    uploads: Uploads,
}

/// One device's part in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Part {
    device_id: DeviceId,
    /// The frames it had reported when the session ended.
    final_frames: Option<u64>,
}

/// What a session wants to know of its device right now.
#[derive(Debug, Clone, Default)]
pub struct Glimpse {
    /// Whether it records.
    pub is_recording: bool,
    /// The frames it reported since the session started.
    pub frames: Option<u64>,
    /// Its last telemetry.
    pub telemetry: Option<Telemetry>,
}

impl State {
    /// Returns a new session of `owner`.
    #[must_use]
    pub fn create(owner: TabletId, device_ids: Vec<DeviceId>, metadata: Map<String, Value>, now: Timestamp) -> Self {
        let part = |device_id| Part { device_id, final_frames: None };
        let devices = device_ids.into_iter().map(part).collect();
        Self {
            owner,
            status: SessionStatus::Pending,
            devices,
            created_at: now,
            started_at: None,
            ended_at: None,
            metadata,
            uploads: Uploads::default(),
        }
    }

    /// Starts recording, or goes on after a pause; a session that records already goes on.
    ///
    /// # Errors
    /// Why not.
    pub fn start(&mut self, by: &TabletId, now: Timestamp) -> Result<Timestamp, SessionRefusal> {
        self.may_drive(by)?;
        self.status = SessionStatus::Recording;
        Ok(*self.started_at.get_or_insert(now))
    }

    /// Pauses recording.
    ///
    /// # Errors
    /// Why not.
    pub fn pause(&mut self, by: &TabletId) -> Result<(), SessionRefusal> {
        self.may_drive(by)?;
        if self.status != SessionStatus::Recording {
            return Err(SessionRefusal::NotRecording);
        }
        self.status = SessionStatus::Paused;
        Ok(())
    }

    /// Ends the session with what was last seen of its devices, in their order. Returns its duration in whole seconds.
    ///
    /// # Errors
    /// Why not.
    pub fn end(&mut self, by: &TabletId, last: &[Glimpse], now: Timestamp) -> Result<i64, SessionRefusal> {
        self.may_drive(by)?;
        for (part, glimpse) in self.devices.iter_mut().zip(last) {
            part.final_frames = Some(glimpse.frames.unwrap_or(0));
        }
        self.status = SessionStatus::Completed;
        self.ended_at = Some(now);
        Ok(self.started_at.map_or(0, |started| now.since(started).max(0) / 1000))
    }

    /// Takes the word of an upload of its files. Returns what it has changed.
    pub fn hear_upload(&mut self, word: UploadWord) -> Heard {
        self.uploads.hear(word)
    }

    /// Ends what ended with an earlier run of the process.
    pub fn settle(&mut self, boot_id: u64) {
        self.uploads.settle(boot_id);
    }

    /// Returns the timestamp of its recording, if the tablet has given one.
    #[must_use]
    pub fn upload_timestamp(&self) -> Option<String> {
        match self.metadata.get("timestamp")? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// Returns the status that is shown: an ended session is over when its uploads are.
    fn shown_status(&self) -> SessionStatus {
        let has_files_to_come = self.uploads.status() == UploadStatus::Uploading;
        if self.ended_at.is_some() && has_files_to_come { SessionStatus::Uploading } else { self.status }
    }

    /// Checks that this tablet may drive the session on.
    ///
    /// # Errors
    /// Why not.
    pub fn may_drive(&self, by: &TabletId) -> Result<(), SessionRefusal> {
        if self.owner != *by {
            return Err(SessionRefusal::NotAuthorized);
        }
        if self.ended_at.is_some() { Err(SessionRefusal::AlreadyEnded) } else { Ok(()) }
    }

    /// Returns the devices in the order of the request.
    #[must_use]
    pub fn device_ids(&self) -> Vec<DeviceId> {
        self.devices.iter().map(|part| part.device_id.clone()).collect()
    }

    /// Returns the tablet that created the session.
    #[must_use]
    pub fn owner(&self) -> &TabletId {
        &self.owner
    }

    /// Returns when it was created.
    #[must_use]
    pub fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// Returns when it was started for the first time.
    #[must_use]
    pub fn started_at(&self) -> Option<Timestamp> {
        self.started_at
    }

    /// Returns when it ended.
    #[must_use]
    pub fn ended_at(&self) -> Option<Timestamp> {
        self.ended_at
    }

    /// Returns the session as one line of the list.
    #[must_use]
    pub fn line(&self, session_id: &SessionId) -> SessionLine {
        SessionLine {
            session_id: session_id.clone(),
            status: self.shown_status(),
            device_count: self.devices.len(),
            created_at: self.created_at.iso(),
            started_at: self.started_at.map(Timestamp::iso),
            ended_at: self.ended_at.map(Timestamp::iso),
        }
    }

    /// Returns the session in full, with what was just seen of its devices, in their order.
    #[must_use]
    pub fn view(&self, session_id: &SessionId, glimpses: Vec<Glimpse>) -> Session {
        let has_ended = self.ended_at.is_some();
        let (upload_progress, upload_status) = (self.uploads.progress(), self.uploads.status());
        let status = |(part, glimpse): (&Part, Glimpse)| DeviceStatus {
            device_id: part.device_id.clone(),
            is_recording: glimpse.is_recording && !has_ended,
            frame_count: part.final_frames.or(glimpse.frames).unwrap_or(0),
            upload_progress,
            upload_status,
            device_info: glimpse.telemetry,
        };
        Session {
            session_id: session_id.clone(),
            status: self.shown_status(),
            device_ids: self.device_ids(),
            device_statuses: self.devices.iter().zip(glimpses).map(status).collect(),
            created_at: self.created_at.iso(),
            started_at: self.started_at.map(Timestamp::iso),
            ended_at: self.ended_at.map(Timestamp::iso),
            metadata: self.metadata.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOON: Timestamp = Timestamp(1_770_379_200_000);

    fn device(text: &str) -> DeviceId {
        DeviceId::parse(text).expect("a good id")
    }

    fn owner() -> TabletId {
        device("TABLET_01").into()
    }

    fn other() -> TabletId {
        device("TABLET_02").into()
    }

    fn session() -> State {
        State::create(owner(), vec![device("QUEST_001")], Map::new(), NOON)
    }

    fn seen(frames: u64) -> Glimpse {
        Glimpse { is_recording: true, frames: Some(frames), telemetry: None }
    }

    #[test]
    fn a_session_starts_pauses_resumes_and_ends() {
        let mut state = session();
        assert_eq!(state.start(&owner(), NOON.plus(1_000)), Ok(NOON.plus(1_000)));
        assert_eq!(state.start(&owner(), NOON.plus(2_000)), Ok(NOON.plus(1_000)));
        assert_eq!(state.pause(&owner()), Ok(()));
        assert_eq!(state.pause(&owner()), Err(SessionRefusal::NotRecording));
        assert_eq!(state.start(&owner(), NOON.plus(3_000)), Ok(NOON.plus(1_000)));
        assert_eq!(state.end(&owner(), &[seen(9)], NOON.plus(5_999)), Ok(4));
        let view = json!(state.view(&SessionId::new(NOON.0, "abc123"), vec![seen(77)]));
        assert_eq!(
            view,
            json!({
                "sessionId": "session_1770379200000_abc123",
                "status": "completed",
                "deviceIds": ["QUEST_001"],
                "deviceStatuses": [{
                    "deviceId": "QUEST_001", "isRecording": false, "frameCount": 9, "uploadProgress": 0,
                    "uploadStatus": "pending", "deviceInfo": null
                }],
                "createdAt": "2026-02-06T12:00:00.000Z",
                "startedAt": "2026-02-06T12:00:01.000Z",
                "endedAt": "2026-02-06T12:00:05.999Z",
                "metadata": {}
            })
        );
    }

    #[test]
    fn only_its_owner_drives_a_session() {
        let mut state = session();
        assert_eq!(state.start(&other(), NOON), Err(SessionRefusal::NotAuthorized));
        assert_eq!(state.pause(&other()), Err(SessionRefusal::NotAuthorized));
        assert_eq!(state.end(&other(), &[], NOON), Err(SessionRefusal::NotAuthorized));
        assert_eq!(state, session());
    }

    #[test]
    fn nothing_happens_after_the_end() {
        let mut state = session();
        assert_eq!(state.end(&owner(), &[], NOON.plus(60_000)), Ok(0));
        assert_eq!(state.end(&owner(), &[], NOON), Err(SessionRefusal::AlreadyEnded));
        assert_eq!(state.start(&owner(), NOON), Err(SessionRefusal::AlreadyEnded));
        assert_eq!(state.pause(&owner()), Err(SessionRefusal::AlreadyEnded));
    }

    #[test]
    fn a_pending_session_is_not_recording() {
        assert_eq!(session().pause(&owner()), Err(SessionRefusal::NotRecording));
    }

    #[test]
    fn a_session_survives_storage_with_its_metadata() {
        let metadata = json!({ "participantName": "John Doe", "nested": { "z": 1, "a": [null, 1.5] } });
        let state = State::create(owner(), vec![], metadata.as_object().cloned().expect("an object"), NOON);
        let stored = rmp_serde::to_vec_named(&state).expect("plain data");
        assert_eq!(rmp_serde::from_slice::<State>(&stored).expect("the same data"), state);
    }
}
