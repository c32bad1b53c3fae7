//! One connection: a stream, how far its handshake is, and buffers only while they hold something.

use bytes::BytesMut;
use mio::net::TcpStream;

/// How far a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// There is no stream.
    Closed,
    /// TCP is being connected.
    Dialing,
    /// The request for a WebSocket is sent.
    Upgrading,
    /// The WebSocket is there; Engine.IO has not said who we are.
    Opening,
    /// The namespace is asked for.
    Joining,
    /// The namespace has been entered, and its greeting is still to come.
    Greeting,
    /// The scenario does what it needs before the load.
    Preparing,
    /// It is ready for the load.
    Ready,
}

/// The state of one connection, kept small: there may be 50,000.
#[derive(Debug)]
pub(super) struct Connection {
    pub stream: Option<TcpStream>,
    /// The beginning of a frame whose rest has not come.
    pub partial: Vec<u8>,
    /// What waits to be written.
    pub pending: BytesMut,
    /// When the present handshake began, and when the scenario was last asked to hurry.
    pub dialed_us: u64,
    pub nudged_us: u64,
    pub stage: Stage,
    /// The socket takes nothing at the moment.
    pub is_blocked: bool,
    /// It stands in the list of connections with something to write.
    pub is_due: bool,
    /// It never reads again.
    pub is_deaf: bool,
    /// Its first outcome was counted.
    pub is_tried: bool,
}

impl Connection {
    pub fn new() -> Self {
        Self {
            stream: None,
            partial: Vec::new(),
            pending: BytesMut::new(),
            dialed_us: 0,
            nudged_us: 0,
            stage: Stage::Closed,
            is_blocked: false,
            is_due: false,
            is_deaf: false,
            is_tried: false,
        }
    }

    /// Says whether its handshake is under way.
    pub fn is_opening(&self) -> bool {
        !matches!(self.stage, Stage::Closed | Stage::Ready)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_connection_is_small() {
        assert!(size_of::<Connection>() <= 128, "{}", size_of::<Connection>());
    }
}
