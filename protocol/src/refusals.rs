//! What the edge refuses by itself, before any actor is asked, in each system's own words.
//!
//! The edge knows *that* a body is no JSON or a key is wrong; the code and the text belong to the system's contract.
//! [`Refusals::COMMON`] is what most contracts say; a system replaces single entries with struct update syntax.

use crate::fault::{Fault, Kind};

/// One refusal: its kind, and the contract's code and text for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// Which of the closed list it is.
    pub kind: Kind,
    /// The contract's machine-readable code; empty where the system has none.
    pub code: &'static str,
    /// The text for people.
    pub message: &'static str,
}

impl Refusal {
    /// Returns a refusal with a code and a text.
    #[must_use]
    pub const fn new(kind: Kind, code: &'static str, message: &'static str) -> Self {
        Self { kind, code, message }
    }

    /// Returns the refusal as a fault on its way to a client.
    #[must_use]
    pub fn fault(&self) -> Fault {
        Fault::new(self.kind, self.code, self.message)
    }
}

/// Everything that the edge may refuse on a system's behalf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusals {
    /// The body is not JSON, or not an object.
    pub invalid_json: Refusal,
    /// The input is JSON, but a field is missing or has the wrong type; an endpoint may say it better (`Endpoint::malformed`).
    pub invalid_input: Refusal,
    /// The body did not arrive in time.
    pub slow_body: Refusal,
    /// No credentials where some are needed.
    pub unauthenticated: Refusal,
    /// A valid token of a role that may not do this.
    pub wrong_role: Refusal,
    /// The admin API key is missing or wrong.
    pub wrong_key: Refusal,
    /// This server has no admin API key.
    pub no_key_configured: Refusal,
    /// A browser page of a foreign origin tried to change something.
    pub foreign_origin: Refusal,
    /// No such path.
    pub unknown_path: Refusal,
    /// The path exists, the method does not: by default the same answer as for an unknown path.
    pub wrong_method: Refusal,
    /// The body is larger than allowed.
    pub too_large: Refusal,
    /// A rate limit is exhausted.
    pub too_many: Refusal,
    /// A bug.
    pub internal: Refusal,
}

impl Refusals {
    /// What most contracts say.
    pub const COMMON: Self = Self {
        invalid_json: Refusal::new(Kind::Invalid, "", "Invalid JSON"),
        invalid_input: Refusal::new(Kind::Invalid, "", "Invalid input"),
        slow_body: Refusal::new(Kind::Invalid, "", "Request body timed out"),
        unauthenticated: Refusal::new(Kind::Unauthenticated, "", "Authentication required"),
        wrong_role: Refusal::new(Kind::Forbidden, "", "Forbidden"),
        wrong_key: Refusal::new(Kind::Forbidden, "", "Invalid API key"),
        no_key_configured: Refusal::new(Kind::Unavailable, "", "Admin API not configured"),
        foreign_origin: Refusal::new(Kind::Forbidden, "", "Origin not allowed"),
        unknown_path: Refusal::new(Kind::NotFound, "", "Not found"),
        wrong_method: Refusal::new(Kind::NotFound, "", "Not found"),
        too_large: Refusal::new(Kind::TooLarge, "", "Payload too large"),
        too_many: Refusal::new(Kind::TooMany, "", "Too many requests, please try again later."),
        internal: Refusal::new(Kind::Internal, "", "Internal server error"),
    };
}

/// Why a request's fields do not make the contract's type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Malformed {
    /// A field that the type needs is not there.
    Missing(String),
    /// A field is there with a value that the type does not take.
    Field(String),
    /// The input as a whole does not fit.
    Whole,
}

impl Malformed {
    /// Returns the name of the field in question.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Missing(field) | Self::Field(field) => Some(field),
            Self::Whole => None,
        }
    }
}
