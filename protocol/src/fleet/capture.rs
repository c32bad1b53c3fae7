//! Capture sessions as a tablet drives them.

use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::contract::{Access, Contract, Emit, Event, EventLimit};
use crate::fault::Fault;
use crate::fleet::sessions::Session;
use crate::fleet::tablet::{TABLETS, TABLETS_AND_DASHBOARDS, distinct_texts};
use crate::fleet::{DeviceId, Fleet, SessionId, limits, telemetry, text};
use crate::wire::args::Args;

/// `tablet-create-session`. Whatever was sent decodes; the answer names what is wrong with it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CreateSession {
    /// The distinct texts of the device list, in their order.
    pub device_ids: Vec<String>,
    /// What the tablet says about the session, or `None` if that is no object, or too large.
    pub metadata: Option<Map<String, Value>>,
}

impl CreateSession {
    /// Returns what is wrong with the request itself.
    ///
    /// # Errors
    /// No devices, too many, or unusable metadata.
    pub fn check(&self) -> Result<(), SessionError> {
        if self.device_ids.is_empty() {
            return Err(SessionError::new("No devices specified"));
        }
        if self.device_ids.len() > limits::DEVICES_PER_EVENT {
            return Err(SessionError::new("Too many devices (max 50)"));
        }
        if self.metadata.is_none() {
            return Err(SessionError::new("Invalid metadata"));
        }
        Ok(())
    }
}

impl Contract for CreateSession {
    type Reply = SessionAnswer<SessionCreated>;
}

impl Event for CreateSession {
    type System = Fleet;
    const NAME: &'static str = "tablet-create-session";
    const ACCESS: Access = TABLETS;
    const LIMIT: Option<EventLimit> = Some(limits::CREATE_SESSION);

    fn decode(args: &Args) -> Result<Self, Fault> {
        let sent = args.get::<Value>(0).unwrap_or_default();
        let device_ids = sent.get("deviceIds").and_then(distinct_texts).unwrap_or_default();
        let metadata = match sent.get("metadata") {
            None | Some(Value::Null) => Some(Map::new()),
            Some(Value::Object(map)) if telemetry::serialised_len(map) <= limits::SESSION_METADATA_BYTES => Some(map.clone()),
            Some(_) => None,
        };
        Ok(Self { device_ids, metadata })
    }
}

/// Reads the session id of an event: a non-empty string of at most 100 characters, or `None`.
fn session_id(args: &Args) -> Option<String> {
    let id = args.text(0)?.into_owned();
    (!id.is_empty() && text::characters(&id) <= limits::SESSION_ID_CHARACTERS).then_some(id)
}

/// `tablet-start-session`: start, or resume after a pause.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StartSession {
    /// Which; `None` if malformed.
    pub session_id: Option<String>,
}

impl Contract for StartSession {
    type Reply = SessionAnswer<SessionStarted>;
}

impl Event for StartSession {
    type System = Fleet;
    const NAME: &'static str = "tablet-start-session";
    const ACCESS: Access = TABLETS;
    const LIMIT: Option<EventLimit> = Some(limits::DEFAULT);

    fn decode(args: &Args) -> Result<Self, Fault> {
        Ok(Self { session_id: session_id(args) })
    }
}

/// `tablet-pause-session`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PauseSession {
    /// Which; `None` if malformed.
    pub session_id: Option<String>,
}

impl Contract for PauseSession {
    type Reply = SessionAnswer<SessionPaused>;
}

impl Event for PauseSession {
    type System = Fleet;
    const NAME: &'static str = "tablet-pause-session";
    const ACCESS: Access = TABLETS;
    const LIMIT: Option<EventLimit> = Some(limits::DEFAULT);

    fn decode(args: &Args) -> Result<Self, Fault> {
        Ok(Self { session_id: session_id(args) })
    }
}

/// `tablet-end-session`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EndSession {
    /// Which; `None` if malformed.
    pub session_id: Option<String>,
}

impl Contract for EndSession {
    type Reply = SessionAnswer<SessionEnded>;
}

impl Event for EndSession {
    type System = Fleet;
    const NAME: &'static str = "tablet-end-session";
    const ACCESS: Access = TABLETS;
    const LIMIT: Option<EventLimit> = Some(limits::DEFAULT);

    fn decode(args: &Args) -> Result<Self, Fault> {
        Ok(Self { session_id: session_id(args) })
    }
}

/// `tablet-get-session`: open to every tablet and dashboard, as the REST route is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GetSessionStatus {
    /// Which; `None` if malformed.
    pub session_id: Option<String>,
}

impl Contract for GetSessionStatus {
    type Reply = SessionAnswer<Session>;
}

impl Event for GetSessionStatus {
    type System = Fleet;
    const NAME: &'static str = "tablet-get-session";
    const ACCESS: Access = TABLETS_AND_DASHBOARDS;
    const LIMIT: Option<EventLimit> = Some(limits::DEFAULT);

    fn decode(args: &Args) -> Result<Self, Fault> {
        Ok(Self { session_id: session_id(args) })
    }
}

/// `tablet-get-active-session`: the newest of this tablet's sessions that has not ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GetActiveSession {}

impl Contract for GetActiveSession {
    type Reply = ActiveSession;
}

impl Event for GetActiveSession {
    type System = Fleet;
    const NAME: &'static str = "tablet-get-active-session";
    const ACCESS: Access = TABLETS;
    const LIMIT: Option<EventLimit> = Some(limits::DEFAULT);

    fn decode(_: &Args) -> Result<Self, Fault> {
        Ok(Self {})
    }
}

/// The answer to a session event: what was asked for, or the error. An ack carries whichever it is, bare.
#[derive(Debug, Clone, PartialEq)]
pub enum SessionAnswer<T> {
    /// Done.
    Done(T),
    /// Not done.
    Refused(SessionError),
}

impl<T: Serialize> Serialize for SessionAnswer<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Done(answer) => answer.serialize(serializer),
            Self::Refused(error) => error.serialize(serializer),
        }
    }
}

/// `on-session-error`. To the sender.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionError {
    /// What is wrong.
    pub error: String,
    /// The session, echoed as it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// The devices that could not be had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unavailable: Option<Vec<String>>,
}

impl SessionError {
    /// Returns an error that concerns no session.
    #[must_use]
    pub fn new(error: impl Into<String>) -> Self {
        Self { error: error.into(), session_id: None, unavailable: None }
    }

    /// Returns the same error about a session.
    #[must_use]
    pub fn about(mut self, session_id: impl Into<String>) -> Self {
        self.session_id = Some(session_id.into());
        self
    }
}

impl Emit for SessionError {
    const NAME: &'static str = "on-session-error";
}

/// `on-session-created`. To the sender.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionCreated {
    /// The new session.
    pub session_id: SessionId,
    /// Its devices, all locked by this tablet now.
    pub device_ids: Vec<DeviceId>,
    /// Those that could not be had, if any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unavailable: Vec<String>,
}

impl Emit for SessionCreated {
    const NAME: &'static str = "on-session-created";
}

/// `on-session-started`. To the sender.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionStarted {
    /// Which.
    pub session_id: SessionId,
    /// Its first start, ISO 8601.
    pub started_at: String,
}

impl Emit for SessionStarted {
    const NAME: &'static str = "on-session-started";
}

/// `on-session-paused`. To the sender.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionPaused {
    /// Which.
    pub session_id: SessionId,
}

impl Emit for SessionPaused {
    const NAME: &'static str = "on-session-paused";
}

/// `on-session-ended`, to the tablet that ended it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionEnded {
    /// Which.
    pub session_id: SessionId,
    /// ISO 8601.
    pub ended_at: String,
    /// Whole seconds since the first start; 0 if it never started.
    pub duration: i64,
}

impl Emit for SessionEnded {
    const NAME: &'static str = "on-session-ended";
}

/// `on-session-ended`, to each headset of the session.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionOver {
    /// Which.
    pub session_id: SessionId,
}

impl Emit for SessionOver {
    const NAME: &'static str = "on-session-ended";
}

impl Emit for Session {
    const NAME: &'static str = "on-session-status";
}

/// `on-active-session`: a session, or null. To the sender.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct ActiveSession(pub Option<Session>);

impl Emit for ActiveSession {
    const NAME: &'static str = "on-active-session";
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(texts: &[&str]) -> Args {
        Args::Json(texts.iter().map(|text| serde_json::from_str(text).expect("valid JSON")).collect())
    }

    fn json<T: Serialize>(value: &T) -> String {
        serde_json::to_string(value).expect("serialises")
    }

    fn create(sent: &str) -> Result<Vec<String>, String> {
        let request = CreateSession::decode(&args(&[sent])).expect("decodes");
        request.check().map(|()| request.device_ids).map_err(|error| error.error)
    }

    #[test]
    fn a_creation_request_is_answered_in_the_documents_words() {
        for nothing in ["null", "[]", "5", "{}", r#"{"deviceIds":[]}"#, r#"{"deviceIds":"QUEST_001"}"#, r#"{"deviceIds":[5]}"#] {
            assert_eq!(create(nothing), Err("No devices specified".to_owned()), "{nothing}");
        }
        assert_eq!(
            create(r#"{"deviceIds":["QUEST_001","QUEST_001","bad"]}"#),
            Ok(vec!["QUEST_001".to_owned(), "bad".to_owned()])
        );
        assert_eq!(create(r#"{"deviceIds":["QUEST_001"],"metadata":null}"#), Ok(vec!["QUEST_001".to_owned()]));
        assert_eq!(create(r#"{"deviceIds":["QUEST_001"],"metadata":"x"}"#), Err("Invalid metadata".to_owned()));
        let many: Vec<String> = (0..51).map(|number| format!("QUEST_{number:03}")).collect();
        assert_eq!(create(&format!(r#"{{"deviceIds":{}}}"#, json(&many))), Err("Too many devices (max 50)".to_owned()));
    }

    #[test]
    fn a_session_id_is_a_short_text() {
        let check = |sent: &[&str], expected: Option<&str>| {
            assert_eq!(StartSession::decode(&args(sent)).expect("decodes").session_id.as_deref(), expected);
        };
        check(&[r#""anything""#], Some("anything"));
        check(&[r#""""#], None);
        check(&["7"], None);
        check(&[], None);
        check(&[&json(&"x".repeat(100))], Some(&"x".repeat(100)));
        check(&[&json(&"x".repeat(101))], None);
    }

    #[test]
    fn optional_keys_are_left_out() {
        assert_eq!(json(&SessionError::new("No devices specified")), r#"{"error":"No devices specified"}"#);
        assert_eq!(json(&SessionError::new("Session not found").about("s")), r#"{"error":"Session not found","sessionId":"s"}"#);
        let mut error = SessionError::new("No available devices");
        error.unavailable = Some(vec!["QUEST_001".to_owned()]);
        assert_eq!(json(&error), r#"{"error":"No available devices","unavailable":["QUEST_001"]}"#);
        let session_id = SessionId::new(1_707_235_200_000, "abc123");
        let created = SessionCreated { session_id, device_ids: vec![], unavailable: vec![] };
        assert_eq!(json(&created), r#"{"sessionId":"session_1707235200000_abc123","deviceIds":[]}"#);
        assert_eq!(json(&SessionAnswer::Done(created)), r#"{"sessionId":"session_1707235200000_abc123","deviceIds":[]}"#);
        assert_eq!(json(&ActiveSession(None)), "null");
    }
}
