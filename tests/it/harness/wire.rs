//! A WebSocket written byte by byte, for what no library would send.

use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use hubbub_protocol::wire::frame::{self, Opcode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(10);
/// Every frame's mask; a hub cannot tell that it is no random one.
pub const MASK: [u8; 4] = [1, 2, 3, 4];

/// A WebSocket whose frames the test writes itself.
pub struct Wire {
    stream: TcpStream,
    received: BytesMut,
}

/// Returns a WebSocket handshake request.
pub fn handshake(base: &str, path_and_query: &str) -> String {
    let authority = base.trim_start_matches("http://");
    format!(
        "GET {path_and_query} HTTP/1.1\r\nHost: {authority}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
}

/// Returns a frame as a client sends it; opcode 0 continues the message before.
pub fn frame(opcode: u8, is_last: bool, payload: &[u8]) -> BytesMut {
    let mut bytes = BytesMut::new();
    frame::put_masked_fragment(&mut bytes, opcode, is_last, MASK, payload);
    bytes
}

impl Wire {
    /// Connects without saying anything.
    pub async fn connect(base: &str) -> Self {
        let stream = TcpStream::connect(base.trim_start_matches("http://")).await.expect("a connection");
        Self { stream, received: BytesMut::new() }
    }

    /// Opens a WebSocket.
    pub async fn open(base: &str, path_and_query: &str) -> Self {
        let mut wire = Self::connect(base).await;
        wire.send(handshake(base, path_and_query).as_bytes()).await;
        while wire.head().is_none() {
            assert!(wire.read().await, "the hub ended the handshake");
        }
        let head = wire.head().expect("a whole head");
        assert!(wire.received.starts_with(b"HTTP/1.1 101 "), "{:?}", wire.received);
        wire.received.advance(head);
        wire
    }

    /// Opens a Socket.IO connection of the lab and joins its default namespace.
    pub async fn join(base: &str) -> Self {
        let mut wire = Self::open(base, "/socket.io/?EIO=4&transport=websocket").await;
        assert!(wire.text().await.starts_with('0'));
        wire.send(&frame(1, true, b"40")).await;
        assert!(wire.text().await.starts_with("40"));
        assert_eq!(wire.text().await, r#"42["auth",{}]"#);
        wire
    }

    fn head(&self) -> Option<usize> {
        self.received.windows(4).position(|window| window == b"\r\n\r\n").map(|end| end + 4)
    }

    /// Sends bytes; a hub that has closed already is no failure.
    pub async fn send(&mut self, bytes: &[u8]) {
        let _closed_already = self.stream.write_all(bytes).await;
    }

    /// Says that nothing follows.
    pub async fn finish(&mut self) {
        let _ = self.stream.shutdown().await;
    }

    /// Reads more; false when the hub has closed.
    async fn read(&mut self) -> bool {
        let read = tokio::time::timeout(PATIENCE, self.stream.read_buf(&mut self.received)).await;
        matches!(read.expect("the hub sends or closes in time"), Ok(taken) if taken > 0)
    }

    /// Returns the next frame; none when the hub has closed.
    pub async fn next(&mut self) -> Option<(Opcode, Bytes)> {
        loop {
            let received = Bytes::copy_from_slice(&self.received);
            if let Some((opcode, payload)) = frame::frames(&received).next() {
                let head = frame::frame(opcode, &payload).len() - payload.len();
                self.received.advance(head + payload.len());
                return Some((opcode, payload));
            }
            if !self.read().await {
                return None;
            }
        }
    }

    /// Returns the next frame's text.
    pub async fn text(&mut self) -> String {
        match self.next().await {
            Some((Opcode::Text, payload)) => String::from_utf8(payload.to_vec()).expect("UTF-8"),
            other => panic!("expected a text frame, got {other:?}"),
        }
    }

    /// Reads until the hub closes; returns the code of its close frame, if there was one.
    pub async fn close_code(&mut self) -> Option<u16> {
        let mut code = None;
        while let Some((opcode, payload)) = self.next().await {
            if opcode == Opcode::Close {
                code = payload.first_chunk().map(|code| u16::from_be_bytes(*code));
            }
        }
        code
    }

    /// Reads everything until the hub closes.
    pub async fn rest(&mut self) -> BytesMut {
        while self.read().await {}
        std::mem::take(&mut self.received)
    }
}
