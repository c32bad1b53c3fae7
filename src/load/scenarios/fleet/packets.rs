//! What the devices of a run are called, and the packets that they send and read.

use std::fmt::{Display, Write};

use serde::Deserialize;
use serde_json::Value;

const HEADSET: &str = "LOAD_HEADSET_";
const TABLET: &str = "LOAD_TABLET_";
const DASHBOARD: &str = "LOAD_DASHBOARD_";

/// Names a headset of the run, by its number from 0.
pub(crate) fn headset_id(number: usize) -> String {
    format!("{HEADSET}{number:04}")
}

/// Names a tablet.
pub(crate) fn tablet_id(number: usize) -> String {
    format!("{TABLET}{number:04}")
}

/// Names a dashboard.
pub(crate) fn dashboard_id(number: usize) -> String {
    format!("{DASHBOARD}{number:04}")
}

/// Returns the number of a headset of the run; none for devices of others.
pub(crate) fn headset_number(id: &str) -> Option<usize> {
    id.strip_prefix(HEADSET)?.parse().ok()
}

/// Returns the packet with which a device enters the namespace.
pub(crate) fn entry(token: &str) -> String {
    format!("40{}", serde_json::json!({ "token": token }))
}

/// Returns an event; each argument is JSON.
pub(crate) fn event(name: &str, args: &[&dyn Display]) -> String {
    let mut packet = format!("42[\"{name}\"");
    for arg in args {
        // A text in memory takes everything.
        let _ = write!(packet, ",{arg}");
    }
    packet + "]"
}

/// Returns an event that asks for an acknowledgement.
pub(crate) fn event_with_ack(ack: u64, name: &str, device: &str) -> String {
    format!("42{ack}[\"{name}\",\"{device}\"]")
}

/// A packet of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packet<'a> {
    /// An event, and what follows its name.
    Event {
        /// The name as it stands on the wire.
        name: &'a str,
        /// The arguments, each with a comma before it, up to the closing bracket.
        args: &'a str,
    },
    /// The acknowledgement of a request, and its arguments.
    Ack {
        /// The request's.
        ack: u64,
        /// The arguments, up to the closing bracket.
        args: &'a str,
    },
    /// Something else.
    Other,
}

/// Reads a packet; arguments are looked at when somebody wants them.
pub(crate) fn read(message: &[u8]) -> Packet<'_> {
    let Ok(text) = std::str::from_utf8(message) else { return Packet::Other };
    let event = || text.strip_prefix("42[\"")?.split_once('"').map(|(name, args)| Packet::Event { name, args });
    let ack = || {
        let (ack, args) = text.strip_prefix("43")?.split_once('[')?;
        Some(Packet::Ack { ack: ack.parse().ok()?, args })
    };
    event().or_else(ack).unwrap_or(Packet::Other)
}

/// Reads the first argument; what follows it, as with connection state recovery, is let be.
pub(crate) fn first<'a, T: Deserialize<'a>>(args: &'a str) -> Option<T> {
    let args = args.strip_prefix(',').unwrap_or(args);
    serde_json::Deserializer::from_str(args).into_iter().next()?.ok()
}

/// `{deviceId, reason?}`: the answers about one device.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AboutDevice<'a> {
    pub(crate) device_id: &'a str,
    pub(crate) reason: Option<&'a str>,
    pub(crate) success: Option<bool>,
    pub(crate) is_recording: Option<bool>,
}

/// `on-devices-locked`.
#[derive(Debug, Deserialize)]
pub(crate) struct DevicesLocked {
    pub(crate) locked: Vec<String>,
    pub(crate) failed: Vec<String>,
}

/// `on-all-devices-unlocked`.
#[derive(Debug, Deserialize)]
pub(crate) struct DevicesUnlocked {
    pub(crate) unlocked: Vec<String>,
}

/// Any answer about a session.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AboutSession {
    pub(crate) session_id: String,
    #[serde(default)]
    pub(crate) device_ids: Vec<String>,
    pub(crate) unavailable: Option<Value>,
    pub(crate) status: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_documented_form() {
        for id in [headset_id(0), tablet_id(7), dashboard_id(12_345)] {
            assert!(hubbub_protocol::fleet::DeviceId::parse(&id).is_ok(), "{id}");
        }
        assert_eq!((headset_number(&headset_id(42)), headset_number("QUEST_001")), (Some(42), None));
    }

    #[test]
    fn packets_are_read_as_far_as_they_are_needed() {
        let Packet::Event { name, args } = read(br#"42["on-device-locked",{"deviceId":"LOAD_HEADSET_0001"},"offset"]"#) else {
            panic!("it is an event");
        };
        assert_eq!(name, "on-device-locked");
        assert_eq!(first::<AboutDevice<'_>>(args).map(|about| about.device_id), Some("LOAD_HEADSET_0001"));
        assert_eq!(read(br#"42["on-recording-active"]"#), Packet::Event { name: "on-recording-active", args: "]" });
        assert!(first::<Value>("]").is_none());
        assert_eq!(read(br#"4312[{"success":true}]"#), Packet::Ack { ack: 12, args: "{\"success\":true}]" });
        for other in [&b"40"[..], b"", b"44{}", b"\xff\xfe"] {
            assert_eq!(read(other), Packet::Other);
        }
    }

    #[test]
    fn packets_are_written_as_clients_write_them() {
        assert_eq!(event("tablet-unlock-all-devices", &[]), r#"42["tablet-unlock-all-devices"]"#);
        assert_eq!(event("headset-recording-state", &[&true]), r#"42["headset-recording-state",true]"#);
        assert_eq!(event_with_ack(3, "tablet-start-recording", "QUEST_001"), r#"423["tablet-start-recording","QUEST_001"]"#);
        assert_eq!(entry("a.b"), r#"40{"token":"a.b"}"#);
    }
}
