//! `/test`, `/health` and `/metrics`: what monitors ask.

use serde::{Deserialize, Serialize};

use crate::contract::{Contract, Endpoint, Limit, Method};
use crate::fleet::Fleet;
use crate::fleet::limits;
use crate::fleet::number::Decimal;

/// `GET /test`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Test {}

/// What `/test` answers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TestReply {
    ok: bool,
    message: &'static str,
    time: String,
}

impl TestReply {
    /// Returns the answer at `time` (ISO 8601).
    #[must_use]
    pub fn at(time: String) -> Self {
        // QUIRK: the document's version is 2.3, its message says v2.2, and monitors match the message.
        Self { ok: true, message: "Turing Backend v2.2 - Secure Multi-Device Support", time }
    }
}

impl Contract for Test {
    type Reply = TestReply;
}

impl Endpoint for Test {
    type System = Fleet;
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/test";
    const LIMIT: Option<Limit> = Some(limits::HEALTH);
}

/// `GET /health`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Health {}

/// What `/health` answers.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HealthReply {
    ok: bool,
    uptime: Decimal,
    memory_usage: MemoryUsage,
    timestamp: String,
}

/// The process's memory, in bytes, under the names that Node.js gives to it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MemoryUsage {
    /// Resident memory.
    pub rss: u64,
    /// What the allocator has mapped.
    pub heap_total: u64,
    /// What of it is allocated.
    pub heap_used: u64,
    /// Memory outside the heap.
    pub external: u64,
}

impl HealthReply {
    /// Returns the answer at `timestamp` (ISO 8601), `uptime_secs` after the start.
    #[must_use]
    pub fn new(uptime_secs: f64, memory_usage: MemoryUsage, timestamp: String) -> Self {
        Self { ok: true, uptime: Decimal(uptime_secs), memory_usage, timestamp }
    }
}

impl Contract for Health {
    type Reply = HealthReply;
}

impl Endpoint for Health {
    type System = Fleet;
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/health";
    const LIMIT: Option<Limit> = Some(limits::HEALTH);
}

/// `GET /metrics`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Metrics {}

impl Metrics {
    /// The content type of the Prometheus text.
    pub const CONTENT_TYPE: &'static str = "text/plain; version=0.0.4; charset=utf-8";
}

impl Contract for Metrics {
    /// The Prometheus text.
    type Reply = String;
}

impl Endpoint for Metrics {
    type System = Fleet;
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/metrics";
    const LIMIT: Option<Limit> = Some(limits::METRICS);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_have_the_documents_keys_in_its_order() {
        let time = || "2026-02-06T12:00:00.000Z".to_owned();
        assert_eq!(
            serde_json::to_string(&TestReply::at(time())).expect("a reply"),
            r#"{"ok":true,"message":"Turing Backend v2.2 - Secure Multi-Device Support","time":"2026-02-06T12:00:00.000Z"}"#
        );
        let memory = MemoryUsage { rss: 4, heap_total: 3, heap_used: 2, external: 0 };
        assert_eq!(
            serde_json::to_string(&HealthReply::new(1.5, memory, time())).expect("a reply"),
            r#"{"ok":true,"uptime":1.5,"memoryUsage":{"rss":4,"heapTotal":3,"heapUsed":2,"external":0},"timestamp":"2026-02-06T12:00:00.000Z"}"#
        );
    }
}
