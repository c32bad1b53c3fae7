//! `/device-sessions`: the devices that connect, over all their connections.

mod metadata;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::connections::{Connection, ConnectionStatus, invalid_id};
use super::field::Field;
use super::number::Tenths;
use super::paging::Window;
use crate::contract::{Access, Contract, Endpoint, Method};
use crate::fault::Fault;
use crate::quiz::{ConnectionId, DeviceId, DeviceSessionId, Quiz, USERS, UserId};
use crate::refusals::Malformed;

pub use metadata::UpdateMetadata;

/// What kind of machine a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceType {
    /// A telephone.
    Mobile,
    /// A tablet.
    Tablet,
    /// Anything else.
    Desktop,
}

/// A device in full.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeviceSession {
    /// The record.
    pub id: DeviceSessionId,
    /// The device.
    pub device_id: DeviceId,
    /// Its user; null while only guests used it.
    pub user_id: Option<UserId>,
    /// What kind of machine it is.
    pub device_type: DeviceType,
    /// Its operating system, or `Unknown`.
    pub os: String,
    /// Its browser, or `Unknown`.
    pub browser: String,
    /// ISO 8601.
    pub first_seen: String,
    /// ISO 8601.
    pub last_seen: String,
    /// How often it connected.
    pub session_count: u64,
    /// What its application says about it.
    pub metadata: Map<String, Value>,
    /// ISO 8601.
    pub created_at: String,
    /// ISO 8601.
    pub updated_at: String,
}

/// `GET /device-sessions/`: the caller's own.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ListDeviceSessions {
    /// Only those of this user.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub user_id: Field,
    /// How many.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub limit: Field,
    /// After how many others.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub offset: Field,
}

impl ListDeviceSessions {
    /// Reads the filter and the window.
    ///
    /// # Errors
    /// One of them is wrong (400).
    pub fn read(&self) -> Result<(Option<UserId>, Window), Fault> {
        let user = self.user_id.change(|field| field.id("user_id"))?;
        Ok((user, Window::read(&self.limit, &self.offset)?))
    }
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct DeviceSessionLine {
    id: DeviceSessionId,
    device_id: DeviceId,
    user_id: Option<UserId>,
    device_type: DeviceType,
    os: String,
    browser: String,
    first_seen: String,
    last_seen: String,
    session_count: u64,
    metadata: Map<String, Value>,
}

impl From<DeviceSession> for DeviceSessionLine {
    fn from(session: DeviceSession) -> Self {
        Self {
            id: session.id,
            device_id: session.device_id,
            user_id: session.user_id,
            device_type: session.device_type,
            os: session.os,
            browser: session.browser,
            first_seen: session.first_seen,
            last_seen: session.last_seen,
            session_count: session.session_count,
            metadata: session.metadata,
        }
    }
}

/// A window on the devices.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeviceSessionList {
    sessions: Vec<DeviceSessionLine>,
    total: u64,
    limit: u32,
    offset: u32,
}

impl DeviceSessionList {
    /// Returns a window on `total` devices, which its maker has cut out.
    #[must_use]
    pub fn new(sessions: Vec<DeviceSession>, window: Window, total: u64) -> Self {
        let sessions = sessions.into_iter().map(DeviceSessionLine::from).collect();
        Self { sessions, total, limit: window.limit, offset: window.offset }
    }
}

impl Contract for ListDeviceSessions {
    type Reply = DeviceSessionList;
}

impl Endpoint for ListDeviceSessions {
    type System = Quiz;
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/device-sessions";
    const ACCESS: Access = USERS;
}

/// `GET /device-sessions/:device_id`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GetDeviceSession {
    /// Which device.
    pub device_id: DeviceId,
}

impl Contract for GetDeviceSession {
    type Reply = DeviceSession;
}

impl Endpoint for GetDeviceSession {
    type System = Quiz;
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/device-sessions/{device_id}";
    const ACCESS: Access = USERS;

    fn malformed(malformed: &Malformed) -> Option<Fault> {
        invalid_id(malformed)
    }
}

impl Contract for UpdateMetadata {
    type Reply = MetadataUpdated;
}

impl Endpoint for UpdateMetadata {
    type System = Quiz;
    const METHOD: Method = Method::Patch;
    const PATH: &'static str = "/device-sessions/{device_id}/metadata";
    const ACCESS: Access = USERS;

    fn malformed(malformed: &Malformed) -> Option<Fault> {
        invalid_id(malformed)
    }
}

/// All metadata of the device, after the change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MetadataUpdated {
    message: &'static str,
    session: UpdatedSession,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct UpdatedSession {
    id: DeviceSessionId,
    device_id: DeviceId,
    metadata: Map<String, Value>,
    updated_at: String,
}

impl From<DeviceSession> for MetadataUpdated {
    fn from(session: DeviceSession) -> Self {
        let DeviceSession { id, device_id, metadata, updated_at, .. } = session;
        let session = UpdatedSession { id, device_id, metadata, updated_at };
        Self { message: "Device session metadata updated", session }
    }
}

/// `GET /device-sessions/:device_id/connections`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ListSessionConnections {
    /// Which device.
    pub device_id: DeviceId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct SessionConnection {
    id: ConnectionId,
    socket_id: String,
    status: ConnectionStatus,
    connected_at: String,
    disconnected_at: Option<String>,
    duration_minutes: Option<Tenths>,
}

/// All connections of a device, with their durations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SessionConnections {
    connections: Vec<SessionConnection>,
    count: usize,
    device_id: DeviceId,
}

impl SessionConnections {
    /// Returns the answer: each connection with its duration, which has none while it lasts.
    #[must_use]
    pub fn new(device_id: DeviceId, connections: Vec<(Connection, Option<Tenths>)>) -> Self {
        let line = |(connection, duration_minutes): (Connection, Option<Tenths>)| {
            let Connection { id, socket_id, status, connected_at, disconnected_at, .. } = connection;
            SessionConnection { id, socket_id, status, connected_at, disconnected_at, duration_minutes }
        };
        Self { count: connections.len(), connections: connections.into_iter().map(line).collect(), device_id }
    }
}

impl Contract for ListSessionConnections {
    type Reply = SessionConnections;
}

impl Endpoint for ListSessionConnections {
    type System = Quiz;
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/device-sessions/{device_id}/connections";
    const ACCESS: Access = USERS;

    fn malformed(malformed: &Malformed) -> Option<Fault> {
        invalid_id(malformed)
    }
}

/// `GET /device-sessions/stats`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GetDeviceStats {}

/// The devices in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct DeviceStats {
    /// All devices.
    pub total_devices: u64,
    /// The users that they belong to.
    pub unique_users: u64,
    /// How often one connected, on average.
    pub avg_sessions_per_device: Tenths,
    /// The most frequent operating system; null without devices.
    pub most_common_os: Option<String>,
    /// The most frequent browser; null without devices.
    pub most_common_browser: Option<String>,
}

impl Contract for GetDeviceStats {
    type Reply = DeviceStats;
}

impl Endpoint for GetDeviceStats {
    type System = Quiz;
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/device-sessions/stats";
    const ACCESS: Access = USERS;
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ID: &str = "00000000-0000-4000-8000-000000000000";

    fn session() -> DeviceSession {
        DeviceSession {
            id: DeviceSessionId::random([0; 16]),
            device_id: DeviceId::random([0; 16]),
            user_id: Some(UserId::random([0; 16])),
            device_type: DeviceType::Desktop,
            os: "Windows 11".to_owned(),
            browser: "Chrome".to_owned(),
            first_seen: "2025-11-15T08:00:00.000Z".to_owned(),
            last_seen: "2025-12-11T10:30:00.000Z".to_owned(),
            session_count: 156,
            metadata: Map::from_iter([("timezone".to_owned(), "Asia/Tokyo".into())]),
            created_at: "2025-11-15T08:00:00.000Z".to_owned(),
            updated_at: "2025-12-11T10:30:00.000Z".to_owned(),
        }
    }

    fn json<T: Serialize>(reply: &T) -> String {
        serde_json::to_string(reply).expect("a reply")
    }

    #[test]
    fn each_route_shows_exactly_the_keys_of_its_example() {
        let line = format!(
            r#"{{"id":"{ID}","device_id":"{ID}","user_id":"{ID}","device_type":"desktop","os":"Windows 11","browser":"Chrome","first_seen":"2025-11-15T08:00:00.000Z","last_seen":"2025-12-11T10:30:00.000Z","session_count":156,"metadata":{{"timezone":"Asia/Tokyo"}}"#
        );
        assert_eq!(
            json(&session()),
            format!(r#"{line},"created_at":"2025-11-15T08:00:00.000Z","updated_at":"2025-12-11T10:30:00.000Z"}}"#)
        );
        assert_eq!(
            json(&DeviceSessionList::new(vec![session()], Window { limit: 20, offset: 0 }, 89)),
            format!(r#"{{"sessions":[{line}}}],"total":89,"limit":20,"offset":0}}"#)
        );
        assert_eq!(
            json(&MetadataUpdated::from(session())),
            format!(
                r#"{{"message":"Device session metadata updated","session":{{"id":"{ID}","device_id":"{ID}","metadata":{{"timezone":"Asia/Tokyo"}},"updated_at":"2025-12-11T10:30:00.000Z"}}}}"#
            )
        );
        let stats = DeviceStats {
            total_devices: 342,
            unique_users: 278,
            avg_sessions_per_device: Tenths(125),
            most_common_os: Some("iOS".to_owned()),
            most_common_browser: None,
        };
        assert_eq!(
            json(&stats),
            r#"{"total_devices":342,"unique_users":278,"avg_sessions_per_device":12.5,"most_common_os":"iOS","most_common_browser":null}"#
        );
    }

    #[test]
    fn a_connection_has_a_duration_once_it_is_over() {
        let connection = |status, disconnected_at: Option<&str>| Connection {
            id: ConnectionId::random([0; 16]),
            device_id: DeviceId::random([0; 16]),
            user_id: None,
            socket_id: "s1".to_owned(),
            status,
            connected_at: "2025-12-11T09:00:00.000Z".to_owned(),
            disconnected_at: disconnected_at.map(str::to_owned),
            ip_address: String::new(),
            user_agent: String::new(),
            created_at: "2025-12-11T09:00:00.000Z".to_owned(),
        };
        let connections = vec![
            (connection(ConnectionStatus::Disconnected, Some("2025-12-11T09:45:00.000Z")), Some(Tenths(450))),
            (connection(ConnectionStatus::Connected, None), None),
        ];
        assert_eq!(
            json(&SessionConnections::new(DeviceId::random([0; 16]), connections)),
            format!(
                r#"{{"connections":[{{"id":"{ID}","socket_id":"s1","status":"disconnected","connected_at":"2025-12-11T09:00:00.000Z","disconnected_at":"2025-12-11T09:45:00.000Z","duration_minutes":45}},{{"id":"{ID}","socket_id":"s1","status":"connected","connected_at":"2025-12-11T09:00:00.000Z","disconnected_at":null,"duration_minutes":null}}],"count":2,"device_id":"{ID}"}}"#
            )
        );
    }

    #[test]
    fn lists_are_filtered_by_user() {
        let read = |sent: Value| {
            let request: ListDeviceSessions = serde_json::from_value(sent).expect("decodes");
            request.read().map_err(|fault| fault.message)
        };
        assert_eq!(read(json!({})), Ok((None, Window { limit: 20, offset: 0 })));
        let expected = (Some(UserId::random([0; 16])), Window { limit: 1, offset: 2 });
        assert_eq!(read(json!({ "user_id": ID, "limit": "1", "offset": "2" })), Ok(expected));
        assert_eq!(read(json!({ "user_id": "u" })), Err("Invalid user_id format".to_owned()));
        assert_eq!(read(json!({ "offset": "x" })), Err("offset must be an integer from 0 to 4294967295".to_owned()));
    }
}
