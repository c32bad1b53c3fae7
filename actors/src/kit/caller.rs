//! Who asks: what the edge found out about the sender of a request or an event.

use std::net::IpAddr;

use hubbub_protocol::fault::{Fault, Kind};
use serde::{Deserialize, Serialize};

use super::ids::SocketId;

/// The authenticated, or anonymous, origin of an ask.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// The client's network address, as far as it can be trusted.
    pub address: Option<IpAddr>,
    /// The role that the token carries.
    pub role: Option<String>,
    /// The id that the token was issued to.
    pub subject: Option<String>,
    /// The socket that sent the event; absent over plain HTTP.
    pub socket: Option<SocketId>,
    /// Whether the admin key was presented.
    pub admin: bool,
}

impl Caller {
    /// Returns a caller about whom nothing is known.
    #[must_use]
    pub fn anonymous() -> Self {
        Self::default()
    }

    /// Returns the id that the caller's token was issued to.
    ///
    /// # Errors
    /// [`Kind::Unauthenticated`] when there was no token.
    pub fn subject(&self) -> Result<&str, Fault> {
        self.subject.as_deref().ok_or_else(|| Fault::new(Kind::Unauthenticated, "", "Authentication required"))
    }

    /// Returns the socket that the ask came over.
    ///
    /// # Errors
    /// [`Kind::Invalid`] when it came over plain HTTP.
    pub fn socket(&self) -> Result<&SocketId, Fault> {
        self.socket.as_ref().ok_or_else(|| Fault::invalid("This needs a socket connection"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anonymous_caller_has_neither_subject_nor_socket() {
        let caller = Caller::anonymous();

        assert_eq!(caller.subject().unwrap_err().kind, Kind::Unauthenticated);
        assert_eq!(caller.socket().unwrap_err().kind, Kind::Invalid);
        assert!(!caller.admin);
    }
}
