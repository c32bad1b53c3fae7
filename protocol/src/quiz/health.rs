//! `/health`: what monitors ask.

use serde::{Deserialize, Serialize};

use crate::contract::{Contract, Endpoint, Method};
use crate::quiz::Quiz;

/// `GET /health`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Health {}

/// What `/health` answers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HealthReply {
    ok: bool,
    ts: i64,
}

impl HealthReply {
    /// Returns the answer at a time in milliseconds.
    #[must_use]
    pub fn at(ts: i64) -> Self {
        Self { ok: true, ts }
    }
}

impl Contract for Health {
    type Reply = HealthReply;
}

impl Endpoint for Health {
    type System = Quiz;
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/health";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reply_has_the_documents_keys_in_its_order() {
        let json = serde_json::to_string(&HealthReply::at(1_234_567_890_123)).expect("a reply");
        assert_eq!(json, r#"{"ok":true,"ts":1234567890123}"#);
    }
}
