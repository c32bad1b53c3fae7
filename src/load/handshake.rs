//! The way into a Socket.IO namespace over WebSocket, as a client walks it.

/// Any key is as good as another to a server; nothing here is cached between us.
const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAA==";
/// A longer head is no answer to a handshake.
const MAX_HEAD: usize = 16 * 1024;

/// Returns the request that opens a WebSocket for Engine.IO 4.
pub(super) fn request(host: &str) -> Vec<u8> {
    format!(
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n"
    )
    .into_bytes()
}

/// Returns the length of the answer's head once it is whole; fails if the server does not switch to WebSocket.
pub(super) fn switched(received: &[u8]) -> Result<Option<usize>, String> {
    let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") else {
        return if received.len() > MAX_HEAD { Err("the answer is not HTTP".to_owned()) } else { Ok(None) };
    };
    if received.starts_with(b"HTTP/1.1 101") {
        return Ok(Some(end + 4));
    }
    let status = received.split(|byte| *byte == b'\r').next().unwrap_or_default();
    Err(format!("no WebSocket: the server answered `{}`", String::from_utf8_lossy(status)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_taken_once_it_is_whole() {
        let whole = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x01x";
        assert_eq!(switched(&whole[..20]), Ok(None));
        assert_eq!(switched(whole), Ok(Some(whole.len() - 3)));
    }

    #[test]
    fn a_refusal_is_told_in_the_servers_words() {
        let refusal = switched(b"HTTP/1.1 404 Not Found\r\n\r\n").expect_err("it is one");
        assert_eq!(refusal, "no WebSocket: the server answered `HTTP/1.1 404 Not Found`");
    }
}
