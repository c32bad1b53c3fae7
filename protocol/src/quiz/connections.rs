//! `/websocket-connections`: which sockets were connected, and for how long.

use serde::{Deserialize, Serialize};

use super::field::Field;
use super::number::Tenths;
use super::paging::Window;
use crate::contract::{Access, Contract, Endpoint, Method};
use crate::fault::Fault;
use crate::quiz::error::invalid_payload;
use crate::quiz::{ConnectionId, DeviceId, Quiz, USERS, UserId};
use crate::refusals::Malformed;

/// Says what is wrong with a path: here a malformed id is a mistake of form.
pub(super) fn invalid_id(malformed: &Malformed) -> Option<Fault> {
    match malformed.field()? {
        "device_id" => Some(invalid_payload("Invalid device_id format")),
        "id" => Some(invalid_payload("Invalid connection ID format")),
        _ => None,
    }
}

/// Whether a socket is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConnectionStatus {
    /// It is.
    Connected,
    /// It was.
    Disconnected,
}

/// One socket's life in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Connection {
    /// The connection.
    pub id: ConnectionId,
    /// The device that it came from.
    pub device_id: DeviceId,
    /// Its user; null for a guest.
    pub user_id: Option<UserId>,
    /// Its socket.
    pub socket_id: String,
    /// Whether it is there.
    pub status: ConnectionStatus,
    /// ISO 8601.
    pub connected_at: String,
    /// ISO 8601; null while it is connected.
    pub disconnected_at: Option<String>,
    /// Its address.
    pub ip_address: String,
    /// What its client says that it is.
    pub user_agent: String,
    /// ISO 8601.
    pub created_at: String,
}

/// `GET /websocket-connections/`: the caller's own.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ListConnections {
    /// Only those of this device.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub device_id: Field,
    /// Only those of this user.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub user_id: Field,
    /// Only those that are there, or those that are not.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub status: Field,
    /// How many.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub limit: Field,
    /// After how many others.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub offset: Field,
}

/// Which connections are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionFilter {
    /// Those of this device.
    pub device_id: Option<DeviceId>,
    /// Those of this user.
    pub user_id: Option<UserId>,
    /// Those that are there, or those that are not.
    pub status: Option<ConnectionStatus>,
    /// How many of them.
    pub window: Window,
}

impl ListConnections {
    /// Reads the filter.
    ///
    /// # Errors
    /// A part of it is wrong (400).
    pub fn read(&self) -> Result<ConnectionFilter, Fault> {
        const WORDS: [(&str, ConnectionStatus); 2] =
            [("connected", ConnectionStatus::Connected), ("disconnected", ConnectionStatus::Disconnected)];
        Ok(ConnectionFilter {
            device_id: self.device_id.change(|field| field.id("device_id"))?,
            user_id: self.user_id.change(|field| field.id("user_id"))?,
            status: self.status.change(|field| field.word("status", &WORDS))?,
            window: Window::read(&self.limit, &self.offset)?,
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct ConnectionLine {
    id: ConnectionId,
    device_id: DeviceId,
    user_id: Option<UserId>,
    socket_id: String,
    status: ConnectionStatus,
    connected_at: String,
    disconnected_at: Option<String>,
    ip_address: String,
    user_agent: String,
}

impl From<Connection> for ConnectionLine {
    fn from(connection: Connection) -> Self {
        Self {
            id: connection.id,
            device_id: connection.device_id,
            user_id: connection.user_id,
            socket_id: connection.socket_id,
            status: connection.status,
            connected_at: connection.connected_at,
            disconnected_at: connection.disconnected_at,
            ip_address: connection.ip_address,
            user_agent: connection.user_agent,
        }
    }
}

/// A window on the connections.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConnectionList {
    connections: Vec<ConnectionLine>,
    total: u64,
    limit: u32,
    offset: u32,
}

impl ConnectionList {
    /// Returns a window on `total` connections, which its maker has cut out.
    #[must_use]
    pub fn new(connections: Vec<Connection>, window: Window, total: u64) -> Self {
        let connections = connections.into_iter().map(ConnectionLine::from).collect();
        Self { connections, total, limit: window.limit, offset: window.offset }
    }
}

impl Contract for ListConnections {
    type Reply = ConnectionList;
}

impl Endpoint for ListConnections {
    type System = Quiz;
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/websocket-connections";
    const ACCESS: Access = USERS;
}

/// `GET /websocket-connections/active`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ListActiveConnections {}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct ActiveConnection {
    id: ConnectionId,
    device_id: DeviceId,
    user_id: Option<UserId>,
    socket_id: String,
    status: ConnectionStatus,
    connected_at: String,
}

impl From<Connection> for ActiveConnection {
    fn from(connection: Connection) -> Self {
        let Connection { id, device_id, user_id, socket_id, status, connected_at, .. } = connection;
        Self { id, device_id, user_id, socket_id, status, connected_at }
    }
}

/// All connections that are there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActiveConnections {
    connections: Vec<ActiveConnection>,
    count: usize,
}

impl ActiveConnections {
    /// Returns the answer.
    #[must_use]
    pub fn new(connections: Vec<Connection>) -> Self {
        Self { count: connections.len(), connections: connections.into_iter().map(ActiveConnection::from).collect() }
    }
}

impl Contract for ListActiveConnections {
    type Reply = ActiveConnections;
}

impl Endpoint for ListActiveConnections {
    type System = Quiz;
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/websocket-connections/active";
    const ACCESS: Access = USERS;
}

/// `GET /websocket-connections/device/:device_id`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ListDeviceConnections {
    /// Which device.
    pub device_id: DeviceId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct DeviceConnection {
    id: ConnectionId,
    device_id: DeviceId,
    socket_id: String,
    status: ConnectionStatus,
    connected_at: String,
    disconnected_at: Option<String>,
}

impl From<Connection> for DeviceConnection {
    fn from(connection: Connection) -> Self {
        let Connection { id, device_id, socket_id, status, connected_at, disconnected_at, .. } = connection;
        Self { id, device_id, socket_id, status, connected_at, disconnected_at }
    }
}

/// All connections of a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviceConnections {
    connections: Vec<DeviceConnection>,
    count: usize,
}

impl DeviceConnections {
    /// Returns the answer.
    #[must_use]
    pub fn new(connections: Vec<Connection>) -> Self {
        Self { count: connections.len(), connections: connections.into_iter().map(DeviceConnection::from).collect() }
    }
}

impl Contract for ListDeviceConnections {
    type Reply = DeviceConnections;
}

impl Endpoint for ListDeviceConnections {
    type System = Quiz;
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/websocket-connections/device/{device_id}";
    const ACCESS: Access = USERS;

    fn malformed(malformed: &Malformed) -> Option<Fault> {
        invalid_id(malformed)
    }
}

/// `GET /websocket-connections/stats`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GetConnectionStats {}

/// The connections in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct ConnectionStats {
    /// All that there were.
    pub total_connections: u64,
    /// Those that are there.
    pub active_connections: u64,
    /// The others.
    pub total_disconnected: u64,
    /// How long the others lasted, on average.
    pub avg_duration_minutes: Tenths,
}

impl Contract for GetConnectionStats {
    type Reply = ConnectionStats;
}

impl Endpoint for GetConnectionStats {
    type System = Quiz;
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/websocket-connections/stats";
    const ACCESS: Access = USERS;
}

/// `GET /websocket-connections/:id`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GetConnection {
    /// Which.
    pub id: ConnectionId,
}

impl Contract for GetConnection {
    type Reply = Connection;
}

impl Endpoint for GetConnection {
    type System = Quiz;
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/websocket-connections/{id}";
    const ACCESS: Access = USERS;

    fn malformed(malformed: &Malformed) -> Option<Fault> {
        invalid_id(malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const ID: &str = "00000000-0000-4000-8000-000000000000";

    fn connection() -> Connection {
        Connection {
            id: ConnectionId::random([0; 16]),
            device_id: DeviceId::random([0; 16]),
            user_id: Some(UserId::random([0; 16])),
            socket_id: "s1".to_owned(),
            status: ConnectionStatus::Connected,
            connected_at: "2025-12-11T10:00:00.000Z".to_owned(),
            disconnected_at: None,
            ip_address: "192.168.1.100".to_owned(),
            user_agent: "Mozilla/5.0".to_owned(),
            created_at: "2025-12-11T10:00:00.000Z".to_owned(),
        }
    }

    fn json<T: Serialize>(reply: &T) -> String {
        serde_json::to_string(reply).expect("a reply")
    }

    #[test]
    fn each_route_shows_exactly_the_keys_of_its_example() {
        let line = format!(
            r#"{{"id":"{ID}","device_id":"{ID}","user_id":"{ID}","socket_id":"s1","status":"connected","connected_at":"2025-12-11T10:00:00.000Z","disconnected_at":null,"ip_address":"192.168.1.100","user_agent":"Mozilla/5.0""#
        );
        assert_eq!(json(&connection()), format!(r#"{line},"created_at":"2025-12-11T10:00:00.000Z"}}"#));
        assert_eq!(
            json(&ConnectionList::new(vec![connection()], Window { limit: 20, offset: 0 }, 156)),
            format!(r#"{{"connections":[{line}}}],"total":156,"limit":20,"offset":0}}"#)
        );
        assert_eq!(
            json(&ActiveConnections::new(vec![Connection { user_id: None, ..connection() }])),
            format!(
                r#"{{"connections":[{{"id":"{ID}","device_id":"{ID}","user_id":null,"socket_id":"s1","status":"connected","connected_at":"2025-12-11T10:00:00.000Z"}}],"count":1}}"#
            )
        );
        let gone = Connection {
            status: ConnectionStatus::Disconnected,
            disconnected_at: Some("2025-12-11T10:45:00.000Z".to_owned()),
            ..connection()
        };
        assert_eq!(
            json(&DeviceConnections::new(vec![gone])),
            format!(
                r#"{{"connections":[{{"id":"{ID}","device_id":"{ID}","socket_id":"s1","status":"disconnected","connected_at":"2025-12-11T10:00:00.000Z","disconnected_at":"2025-12-11T10:45:00.000Z"}}],"count":1}}"#
            )
        );
        let stats = ConnectionStats {
            total_connections: 1523,
            active_connections: 42,
            total_disconnected: 1481,
            avg_duration_minutes: Tenths(235),
        };
        assert_eq!(
            json(&stats),
            r#"{"total_connections":1523,"active_connections":42,"total_disconnected":1481,"avg_duration_minutes":23.5}"#
        );
    }

    #[test]
    fn lists_are_filtered() {
        let read = |sent: Value| {
            let request: ListConnections = serde_json::from_value(sent).expect("decodes");
            request.read().map_err(|fault| fault.message)
        };
        let all = ConnectionFilter { device_id: None, user_id: None, status: None, window: Window { limit: 20, offset: 0 } };
        assert_eq!(read(json!({})), Ok(all));
        let expected = ConnectionFilter {
            device_id: Some(DeviceId::random([0; 16])),
            user_id: Some(UserId::random([0; 16])),
            status: Some(ConnectionStatus::Connected),
            window: Window { limit: 50, offset: 1 },
        };
        let sent = json!({ "device_id": ID, "user_id": ID, "status": "connected", "limit": "50", "offset": "1" });
        assert_eq!(read(sent), Ok(expected));
        assert_eq!(read(json!({ "device_id": "d" })), Err("Invalid device_id format".to_owned()));
        assert_eq!(read(json!({ "user_id": "" })), Err("Invalid user_id format".to_owned()));
        assert_eq!(read(json!({ "status": "gone" })), Err("status must be one of connected, disconnected".to_owned()));
        assert_eq!(read(json!({ "limit": "101" })), Err("limit must be an integer from 1 to 100".to_owned()));
    }

    #[test]
    fn a_malformed_id_is_a_mistake_of_form() {
        let check = |field: &str, expected: Option<&str>| {
            let fault = GetConnection::malformed(&Malformed::Field(field.to_owned()));
            assert_eq!(fault.map(|fault| fault.message).as_deref(), expected);
        };
        check("id", Some("Invalid connection ID format"));
        check("device_id", Some("Invalid device_id format"));
        check("limit", None);
    }
}
