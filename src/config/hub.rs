//! The keys that belong to no system: where data lies, where to listen, what to log.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use super::reader::Reader;
use crate::edge::address::Network;

/// The top level of the configuration.
pub(super) struct Hub {
    pub(super) data_dir: PathBuf,
    pub(super) bind: IpAddr,
    pub(super) trusted_proxies: Vec<Network>,
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Up to which level.
    pub level: LogLevel,
    /// In which form.
    pub format: LogFormat,
}

/// A level of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are the levels' own names")]
pub enum LogLevel {
    Off,
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// The form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object per line.
    Json,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Hub {
    let mut top = reader.section("");
    Hub {
        data_dir: top.path(
            "data_dir",
            "./data",
            "The directory of the store and of generated secrets; created at the first start.",
        ),
        bind: top.parsed(
            "bind",
            IpAddr::V4(Ipv4Addr::LOCALHOST),
            "an IP address",
            "The address that all listeners are bound to; `0.0.0.0` opens hubbub to the network.",
        ),
        trusted_proxies: top.list(
            "trusted_proxies",
            &[],
            "addresses or networks such as 10.0.0.0/8",
            |entry| entry.parse().ok(),
            "Reverse proxies whose `X-Forwarded-For` names the client.",
        ),
    }
}

pub(super) fn read_log(reader: &mut Reader<'_>) -> Log {
    let mut section = reader.section("log");
    let levels = [
        ("off", LogLevel::Off),
        ("error", LogLevel::Error),
        ("warn", LogLevel::Warn),
        ("info", LogLevel::Info),
        ("debug", LogLevel::Debug),
        ("trace", LogLevel::Trace),
    ];
    let formats = [("text", LogFormat::Text), ("json", LogFormat::Json)];
    Log {
        level: section.choice("level", &levels, "info", "How much is logged; `debug` has one line per HTTP request."),
        format: section.choice("format", &formats, "text", "`text` for people, `json` for log collectors."),
    }
}

/// Reads `limits.scale`.
pub(super) fn read_limits_scale(reader: &mut Reader<'_>) -> f64 {
    let help = "Multiplies every rate limit; 0 switches them off (for load tests only).";
    reader.section("limits").decimal("scale", 1.0, 0.0..=1_000_000.0, help)
}
