//! `/api/sessions*`: capture sessions as REST clients see them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::contract::{Access, Contract, Endpoint, Limit, Method};
use crate::fleet::{DeviceId, Fleet, SessionId, Telemetry, limits};

/// Where a capture session stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SessionStatus {
    /// Created, not yet started.
    Pending,
    /// Recording.
    Recording,
    /// Paused, to be resumed or ended.
    Paused,
    /// Ended.
    Completed,
    /// Ended, with uploads of its files under way.
    Uploading,
}

/// How far the upload of one device's files is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UploadStatus {
    /// Not begun.
    #[default]
    Pending,
    /// Under way.
    Uploading,
    /// Done.
    Completed,
    /// Given up.
    Failed,
}

/// The text of a 404, and of the error event, for a session.
pub const SESSION_NOT_FOUND: &str = "Session not found";

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionLine {
    /// The session.
    pub session_id: SessionId,
    /// Its status.
    pub status: SessionStatus,
    /// How many devices it has.
    pub device_count: usize,
    /// ISO 8601.
    pub created_at: String,
    /// ISO 8601; null before the first start.
    pub started_at: Option<String>,
    /// ISO 8601; null before the end.
    pub ended_at: Option<String>,
}

/// One session in full: the same object over REST, in `on-session-status` and in `on-active-session`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// The session.
    pub session_id: SessionId,
    /// Its status.
    pub status: SessionStatus,
    /// Its devices, in the order of their creation request.
    pub device_ids: Vec<DeviceId>,
    /// One entry per device, in the same order.
    pub device_statuses: Vec<DeviceStatus>,
    /// ISO 8601.
    pub created_at: String,
    /// ISO 8601; null before the first start.
    pub started_at: Option<String>,
    /// ISO 8601; null before the end.
    pub ended_at: Option<String>,
    /// What the tablet said about it, unchanged.
    pub metadata: Map<String, Value>,
}

/// One device of a session.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceStatus {
    /// The device.
    pub device_id: DeviceId,
    /// Whether it records.
    pub is_recording: bool,
    /// The frames it last reported in this session.
    pub frame_count: u64,
    /// Percent.
    pub upload_progress: u8,
    /// The state of its upload.
    pub upload_status: UploadStatus,
    /// Its last telemetry.
    pub device_info: Option<Telemetry>,
}

/// `GET /api/sessions`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ListSessions {}

/// All sessions in the order of their creation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SessionList {
    ok: bool,
    count: usize,
    sessions: Vec<SessionLine>,
}

impl SessionList {
    /// Returns the list, which its maker has put in order.
    #[must_use]
    pub fn new(sessions: Vec<SessionLine>) -> Self {
        Self { ok: true, count: sessions.len(), sessions }
    }
}

impl Contract for ListSessions {
    type Reply = SessionList;
}

impl Endpoint for ListSessions {
    type System = Fleet;
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/api/sessions";
    const ACCESS: Access = Access::OpenUnlessStrict;
    const LIMIT: Option<Limit> = Some(limits::API);
}

/// `GET /api/sessions/:sessionId`. A malformed id is simply not found.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetSession {
    /// The id as it came.
    pub session_id: String,
}

/// One session.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SessionDetail {
    ok: bool,
    session: Session,
}

impl SessionDetail {
    /// Returns the answer.
    #[must_use]
    pub fn new(session: Session) -> Self {
        Self { ok: true, session }
    }
}

impl Contract for GetSession {
    type Reply = SessionDetail;
}

impl Endpoint for GetSession {
    type System = Fleet;
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/api/sessions/{sessionId}";
    const ACCESS: Access = Access::OpenUnlessStrict;
    const LIMIT: Option<Limit> = Some(limits::API);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_details_show_every_key_in_order_and_nulls() {
        let session_id = SessionId::new(1_707_235_200_000, "abc123");
        let device_id = DeviceId::parse("QUEST_001").expect("a good id");
        let created_at = "2026-02-06T10:00:00.000Z".to_owned();
        let line = SessionLine {
            session_id: session_id.clone(),
            status: SessionStatus::Pending,
            device_count: 1,
            created_at: created_at.clone(),
            started_at: None,
            ended_at: None,
        };
        assert_eq!(
            serde_json::to_string(&SessionList::new(vec![line])).expect("a reply"),
            r#"{"ok":true,"count":1,"sessions":[{"sessionId":"session_1707235200000_abc123","status":"pending","deviceCount":1,"createdAt":"2026-02-06T10:00:00.000Z","startedAt":null,"endedAt":null}]}"#
        );
        let status = DeviceStatus {
            device_id: device_id.clone(),
            is_recording: true,
            frame_count: 5400,
            upload_progress: 0,
            upload_status: UploadStatus::Pending,
            device_info: None,
        };
        let session = Session {
            session_id,
            status: SessionStatus::Recording,
            device_ids: vec![device_id],
            device_statuses: vec![status],
            created_at,
            started_at: None,
            ended_at: None,
            metadata: Map::new(),
        };
        assert_eq!(
            serde_json::to_string(&SessionDetail::new(session)).expect("a reply"),
            r#"{"ok":true,"session":{"sessionId":"session_1707235200000_abc123","status":"recording","deviceIds":["QUEST_001"],"deviceStatuses":[{"deviceId":"QUEST_001","isRecording":true,"frameCount":5400,"uploadProgress":0,"uploadStatus":"pending","deviceInfo":null}],"createdAt":"2026-02-06T10:00:00.000Z","startedAt":null,"endedAt":null,"metadata":{}}}"#
        );
    }
}
