//! `server:hello` and `client:hello`: the connection stands.

use serde::{Deserialize, Serialize};

use crate::contract::{Contract, Emit, Event};
use crate::fault::Fault;
use crate::quiz::Quiz;
use crate::wire::args::Args;

/// `server:hello`: right after the connection. To the socket.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerHello {
    /// The socket's id, which heartbeats and reconnects name.
    pub socket_id: String,
    /// The server's clock, in milliseconds.
    pub server_time: i64,
}

impl Emit for ServerHello {
    const NAME: &'static str = "server:hello";
}

/// `client:hello`: the client is ready. Whatever it says is ignored, and nothing answers it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ClientHello {}

impl Contract for ClientHello {
    type Reply = ();
}

impl Event for ClientHello {
    type System = Quiz;
    const NAME: &'static str = "client:hello";

    fn decode(_: &Args) -> Result<Self, Fault> {
        Ok(Self {})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quiz::rooms::tests::decode;

    #[test]
    fn a_client_may_say_anything() {
        for said in ["null", "{}", "[1]", "\"hello\""] {
            assert!(decode::<ClientHello>(said).is_ok(), "{said}");
        }
        assert!(ClientHello::decode(&Args::default()).is_ok());
    }

    #[test]
    fn the_servers_hello_names_the_socket() {
        let hello = ServerHello { socket_id: "s1".to_owned(), server_time: 1_234_567_890_123 };
        let json = serde_json::to_string(&hello).expect("a payload");
        assert_eq!(json, r#"{"socketId":"s1","serverTime":1234567890123}"#);
    }
}
