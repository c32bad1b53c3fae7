//! A hub with a forger before it: passes everything on, except that a test may put other messages in the place of the hub's.

use std::sync::Arc;

use hubbub_protocol::wire::frame::{Opcode, frame};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// What is sent instead of a message of the hub; none if it passes.
pub type Forgery = Arc<dyn Fn(&str) -> Option<Vec<String>> + Send + Sync>;

/// Listens on a free port before the hub at `url`, and returns its own URL. It ends with the test's runtime.
pub async fn start(url: &str, forgery: Forgery) -> String {
    let hub = url.trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let own = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let hub = TcpStream::connect(&hub).await.expect("the hub listens");
            client.set_nodelay(true).and_then(|()| hub.set_nodelay(true)).expect("sockets of TCP");
            let ((mut from_client, to_client), (from_hub, mut to_hub)) = (client.into_split(), hub.into_split());
            tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_hub).await });
            tokio::spawn(pass(from_hub, to_client, Arc::clone(&forgery)));
        }
    });
    own
}

/// Passes on what the hub says: HTTP as it is, and after the switch to WebSocket one message after the other.
async fn pass(mut hub: OwnedReadHalf, mut client: OwnedWriteHalf, forgery: Forgery) -> std::io::Result<()> {
    let mut received = Vec::with_capacity(64 * 1024);
    let mut is_switched = false;
    while hub.read_buf(&mut received).await? > 0 {
        if !is_switched {
            let is_switch = received.starts_with(b"HTTP/1.1 101");
            let head = received.windows(4).position(|window| window == b"\r\n\r\n").map(|end| end + 4);
            is_switched = is_switch && head.is_some();
            let passed = if is_switch { head.unwrap_or(0) } else { received.len() };
            client.write_all(&received[..passed]).await?;
            received.drain(..passed);
        }
        while let Some((head, len)) = is_switched.then(|| measure(&received)).flatten() {
            let forged = std::str::from_utf8(&received[head..len]).ok().and_then(|message| forgery(message));
            match forged {
                None => client.write_all(&received[..len]).await?,
                Some(messages) => {
                    for message in messages {
                        client.write_all(&frame(Opcode::Text, message.as_bytes())).await?;
                    }
                }
            }
            received.drain(..len);
        }
    }
    client.shutdown().await
}

/// Returns where the payload of the first frame begins and ends; none before all of it is there.
fn measure(received: &[u8]) -> Option<(usize, usize)> {
    let (head, payload) = match *received.get(1)? {
        126 => (4, u64::from(u16::from_be_bytes([*received.get(2)?, *received.get(3)?]))),
        127 => (10, u64::from_be_bytes(*received.get(2..10)?.first_chunk()?)),
        short => (2, u64::from(short)),
    };
    let len = head + usize::try_from(payload).expect("a length that fits into memory");
    (received.len() >= len).then_some((head, len))
}
