//! A Socket.IO client over a raw WebSocket: just enough framing to drive a server harder than a full client could.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const READ_BYTES: usize = 64 * 1024;
/// Any key is as good as another for a server; a fixed one lets frames be masked ahead.
const MASK: [u8; 4] = [0x5a, 0x17, 0xc3, 0x88];

pub struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Client {
    /// Connects to the namespace `/` and takes the greeting.
    pub async fn connect(url: &str) -> Result<Self, String> {
        let address = url.strip_prefix("http://").ok_or("only http:// is spoken here")?;
        let stream = TcpStream::connect(address).await.map_err(|error| format!("{address}: {error}"))?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        let mut client = Self { stream, buffer: vec![0; READ_BYTES], start: 0, end: 0 };
        let request = format!(
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        );
        client.write(request.as_bytes()).await?;
        client.skip_response().await?;
        client.expect("0{").await?;
        client.write(&frame("40")).await?;
        client.expect("40{").await?;
        client.expect(r#"42["auth""#).await?;
        Ok(client)
    }

    /// Joins a room and waits for the acknowledgement.
    pub async fn join(&mut self, room: &str) -> Result<(), String> {
        self.write(&frame(&format!(r#"420["join","{room}"]"#))).await?;
        self.expect("430[").await
    }

    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.stream.write_all(bytes).await.map_err(|error| error.to_string())
    }

    /// Reads once and hands every whole message to `take`; heartbeats are answered here.
    pub async fn read(&mut self, mut take: impl FnMut(&[u8])) -> Result<(), String> {
        self.fill().await?;
        let mut pings = 0;
        while let Some((from, to)) = self.next_message() {
            match &self.buffer[from..to] {
                b"2" => pings += 1,
                message => take(message),
            }
        }
        for _ in 0..pings {
            self.write(&frame("3")).await?;
        }
        Ok(())
    }

    async fn expect(&mut self, prefix: &str) -> Result<(), String> {
        loop {
            if let Some((from, to)) = self.next_message() {
                let message = &self.buffer[from..to];
                if message.starts_with(prefix.as_bytes()) {
                    return Ok(());
                }
                if message != b"2" {
                    return Err(format!("expected {prefix}, received {}", String::from_utf8_lossy(message)));
                }
            } else {
                self.fill().await?;
            }
        }
    }

    async fn skip_response(&mut self) -> Result<(), String> {
        loop {
            self.fill().await?;
            let received = &self.buffer[self.start..self.end];
            if let Some(at) = received.windows(4).position(|window| window == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&received[..at]).into_owned();
                self.start += at + 4;
                return if head.starts_with("HTTP/1.1 101") { Ok(()) } else { Err(head) };
            }
        }
    }

    async fn fill(&mut self) -> Result<(), String> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        match self.stream.read(&mut self.buffer[self.end..]).await {
            Ok(0) => Err("the server closed the connection".to_owned()),
            Ok(count) => {
                self.end += count;
                Ok(())
            }
            Err(error) => Err(error.to_string()),
        }
    }

    /// The place of the next whole message's payload; server frames are unmasked and, in these scenarios, never fragmented.
    fn next_message(&mut self) -> Option<(usize, usize)> {
        let received = &self.buffer[self.start..self.end];
        let (head, length) = match *received.get(1)? {
            126 => (4, u16::from_be_bytes([*received.get(2)?, *received.get(3)?]) as usize),
            127 => (10, u64::from_be_bytes(received.get(2..10)?.try_into().ok()?) as usize),
            short => (2, short as usize),
        };
        if received.len() < head + length {
            return None;
        }
        let from = self.start + head;
        self.start = from + length;
        Some((from, from + length))
    }
}

/// A masked text frame.
pub fn frame(text: &str) -> Vec<u8> {
    let mut frame = Vec::with_capacity(text.len() + 8);
    frame.push(0x81);
    match text.len() {
        length @ 0..126 => frame.push(0x80 | length as u8),
        length => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&u16::try_from(length).expect("messages here are short").to_be_bytes());
        }
    }
    frame.extend_from_slice(&MASK);
    frame.extend(text.bytes().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}
