//! What went wrong, in words that no system's wire format knows: one neutral `Fault`, rendered once per system.

use serde::{Deserialize, Serialize};

/// The closed list of ways a request can fail; each has one usual HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// The input is malformed or out of range (400).
    Invalid,
    /// No credentials, or credentials that are not valid (401).
    Unauthenticated,
    /// Valid credentials that do not allow this (403).
    Forbidden,
    /// No such thing, or none that this caller may know of (404).
    NotFound,
    /// The path exists, the method does not (405, or 404 where the system answers so).
    MethodNotAllowed,
    /// The request contradicts the present state (409).
    Conflict,
    /// The request does not say how long its body is, and must (411).
    LengthRequired,
    /// The body or file is larger than allowed (413).
    TooLarge,
    /// The body is well formed and still unacceptable (422).
    Unprocessable,
    /// A rate limit is exhausted (429).
    TooMany,
    /// A bug or a failed disk: nothing the caller can mend (500).
    Internal,
    /// Not now: starting, restarting or backing off (503).
    Unavailable,
}

impl Kind {
    /// Returns the usual HTTP status; a system that deviates overrides it in its envelope.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Invalid => 400,
            Self::Unauthenticated => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::Conflict => 409,
            Self::LengthRequired => 411,
            Self::TooLarge => 413,
            Self::Unprocessable => 422,
            Self::TooMany => 429,
            Self::Internal => 500,
            Self::Unavailable => 503,
        }
    }
}

/// A failure on its way to a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Fault {
    /// Which of the closed list it is.
    pub kind: Kind,
    /// The contract's machine-readable code, for example `INVALID_DEVICE_ID`; empty where a system has none.
    pub code: String,
    /// The text for people, exactly as the contract writes it.
    pub message: String,
    /// Whole seconds until another try makes sense.
    pub retry_after_secs: Option<u64>,
}

impl Fault {
    /// Returns a fault of `kind` with a code and a text.
    pub fn new(kind: Kind, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind, code: code.into(), message: message.into(), retry_after_secs: None }
    }

    /// Returns the same fault with a time to wait.
    #[must_use]
    pub fn retry_after(mut self, secs: u64) -> Self {
        self.retry_after_secs = Some(secs);
        self
    }

    /// Returns a 400 with a text.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Kind::Invalid, "", message)
    }

    /// Returns a 404 with a text.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, "", message)
    }

    /// Returns a 503: the actor is restarting or backing off.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(Kind::Unavailable, "", message)
    }
}
