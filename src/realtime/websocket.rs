//! The WebSocket transport on the raw stream: every upgrade request of a listener arrives here.
//!
//! Decision: the stream is taken from actix-http instead of running a WebSocket actor on it. Reason: an actor is its own
//! response body, polled only while the peer reads, and each frame is copied twice through 16 KiB of buffers per connection.
//! What actix no longer does is done here: routing by path, Origin, limits, fragments, the close handshake.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use actix_codec::{AsyncRead, Framed, ReadBuf};
use actix_http::{Request, h1};
use actix_rt::net::TcpStream;
use bytes::Bytes;
use hubbub_actors::kit::ids;
use hubbub_actors::kit::outbox::CloseReason;
use hubbub_protocol::wire::frame::{self, Decoder, FrameError, Incoming, Input, Opcode};
use hubbub_protocol::wire::packet::{self, Packet, PacketType, Revision};
use tokio::io::AsyncWriteExt;
use tokio::net::tcp::OwnedReadHalf;

use super::flusher::Link;
use super::service::Service;
use super::session::{Flow, Session, UpgradeStage};
use super::upgrade::{self, Accepted, Purpose, Refused};

/// Bytes read at once, in a buffer that all connections of a worker share.
const READ_BYTES: usize = 64 * 1024;
/// Reads of one connection before others get their turn.
const READS_PER_TURN: usize = 4;

thread_local! {
    static READ: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BYTES]);
}

/// Takes over an upgrade request: a WebSocket for one of `services`, or a clear refusal. What follows runs in a task of its
/// own, because actix's holds its HTTP state, 4 KiB per connection, until it ends.
pub fn serve(services: &[Arc<Service>], request: &Request, framed: Framed<TcpStream, h1::Codec>) {
    let (stream, early) = take_apart(framed);
    match upgrade::accept(services, request) {
        Ok(Accepted { service, purpose: Purpose::New { query, handshake, place }, head }) => {
            let (reader, link) = Reader::new(&service, stream);
            let id = ids::token128(service.deps.random()).into();
            let session = Session::open(&service, id, &query, handshake, place, Some((link, head)));
            reader.start(session, early);
        }
        Ok(Accepted { service, purpose: Purpose::Upgrade { session }, head }) => {
            actix_rt::spawn(upgrade(service, session, head, stream, early));
        }
        Err(refused) => {
            actix_rt::spawn(refuse(stream, refused));
        }
    }
}

/// Returns the stream and what came after the request; actix's buffers, 16 KiB per connection, go at once.
fn take_apart(framed: Framed<TcpStream, h1::Codec>) -> (TcpStream, Vec<u8>) {
    let parts = framed.into_parts();
    (parts.io, parts.read_buf.to_vec())
}

async fn refuse(mut stream: TcpStream, refused: Refused) {
    let _ = stream.write_all(refused.response().as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// Completes the upgrade of a polling connection.
async fn upgrade(service: Arc<Service>, session: Arc<Session>, head: Bytes, mut stream: TcpStream, mut early: Vec<u8>) {
    if stream.write_all(&head).await.is_err() {
        return;
    }
    let (mut reader, link) = Reader::new(&service, stream);
    if session.upgrade_stage() != UpgradeStage::Polling {
        // The session has its WebSocket, or is getting it; this one is not wanted.
        link.write_directly(&frame::close_frame(1000, "already upgraded"));
        link.hang_up();
        return;
    }
    let deadline = Duration::from_millis(service.timing.upgrade_timeout_ms);
    let mut is_probed = false;
    match tokio::time::timeout(deadline, reader.upgrade(&session, &mut early, &mut is_probed)).await {
        Ok(Some(())) => reader.start(session, early),
        _ => {
            if is_probed {
                session.abandon_probe();
            }
            link.hang_up();
        }
    }
}

/// The reading half of a WebSocket connection.
struct Reader {
    stream: OwnedReadHalf,
    link: Arc<Link>,
    decoder: Decoder,
}

/// Why reading is over.
type End = CloseReason;

impl Reader {
    fn new(service: &Service, stream: TcpStream) -> (Self, Arc<Link>) {
        let decoder = Decoder::new(service.limits.max_payload_bytes, service.limits.max_fragments);
        let (stream, write) = stream.into_split();
        let link = Link::new(write);
        (Self { stream, link: Arc::clone(&link), decoder }, link)
    }

    /// Takes up what came early, and reads on in a task that ends with the connection.
    fn start(mut self, session: Arc<Session>, early: Vec<u8>) {
        let flow = if early.is_empty() { Flow::Continue } else { self.feed(&session, early) };
        actix_rt::spawn(async move {
            let reason = self.run(&session, flow).await;
            session.lost(reason);
        });
    }

    /// Reads until the connection ends, and returns why.
    async fn run(&mut self, session: &Arc<Session>, flow: Flow) -> End {
        if flow == Flow::Ended {
            return self.linger().await;
        }
        let mut reads = 0;
        loop {
            match self.read_turn(session).await {
                Ok(Flow::Continue) => {}
                // Boxed: few connections ever wait here, and each would hold the room for it.
                Ok(Flow::Full) => Box::pin(session.room()).await,
                Ok(Flow::Ended) => return self.linger().await,
                Err(end) => return end,
            }
            reads += 1;
            if reads % READS_PER_TURN == 0 {
                tokio::task::yield_now().await;
            }
        }
    }

    /// One read and the handling of all that it completed, with one write of the answers.
    async fn read_turn(&mut self, session: &Arc<Session>) -> Result<Flow, End> {
        let (stream, decoder, link) = (&mut self.stream, &mut self.decoder, &self.link);
        poll_fn(|context| {
            READ.with_borrow_mut(|buffer| {
                let mut read = ReadBuf::new(buffer);
                match Pin::new(&mut *stream).poll_read(context, &mut read) {
                    Poll::Pending => Poll::Pending,
                    Poll::Ready(Err(_)) => Poll::Ready(Err(CloseReason::TransportError)),
                    Poll::Ready(Ok(())) if read.filled().is_empty() => Poll::Ready(Err(CloseReason::TransportClose)),
                    Poll::Ready(Ok(())) => {
                        session.touch();
                        let filled = read.filled_mut();
                        let outbox = &session.outbox;
                        Poll::Ready(Ok(link.turn(outbox, || handle(decoder, session, filled))))
                    }
                }
            })
        })
        .await
    }

    /// Handles bytes that came with the upgrade request.
    fn feed(&mut self, session: &Arc<Session>, mut bytes: Vec<u8>) -> Flow {
        let (decoder, link) = (&mut self.decoder, &self.link);
        link.turn(&session.outbox, || handle(decoder, session, &mut bytes))
    }

    /// Waits for the peer's side of a close; what it still sends counts no more.
    async fn linger(&mut self) -> End {
        loop {
            let read = poll_fn(|context| {
                READ.with_borrow_mut(|buffer| {
                    let mut read = ReadBuf::new(buffer);
                    Pin::new(&mut self.stream).poll_read(context, &mut read).map_ok(|()| read.filled().len())
                })
            });
            if !matches!(read.await, Ok(taken) if taken > 0) {
                return CloseReason::TransportClose;
            }
        }
    }

    /// Answers the probe and waits for the upgrade packet; none when the peer does something else.
    async fn upgrade(&mut self, session: &Arc<Session>, early: &mut Vec<u8>, is_probed: &mut bool) -> Option<()> {
        loop {
            if early.is_empty() {
                let mut buffer = vec![0; 1024];
                let mut read = ReadBuf::new(&mut buffer);
                poll_fn(|context| Pin::new(&mut self.stream).poll_read(context, &mut read)).await.ok()?;
                let taken = read.filled().len();
                if taken == 0 {
                    return None;
                }
                buffer.truncate(taken);
                *early = buffer;
            }
            let length = early.len();
            let mut input = Input::new(early);
            while let Some(message) = self.decoder.next(&mut input).ok()? {
                match step_of(session.revision, &message) {
                    Step::Probe if !*is_probed => {
                        *is_probed = session.probe();
                        let answer = packet::text_frame(PacketType::Pong, "probe");
                        if !*is_probed || !self.link.write_directly(&answer) {
                            return None;
                        }
                    }
                    Step::Upgrade if *is_probed => {
                        let taken = length - input.remaining();
                        early.drain(..taken);
                        session.touch();
                        return session.upgrade(&self.link).then_some(());
                    }
                    Step::Ping(data) => {
                        self.link.write_directly(&frame::frame(Opcode::Pong, &data));
                    }
                    Step::Ignore => {}
                    _ => return None,
                }
            }
            early.clear();
        }
    }
}

enum Step {
    Probe,
    Upgrade,
    Ping(Vec<u8>),
    Ignore,
    Other,
}

fn step_of(revision: Revision, message: &Incoming<'_>) -> Step {
    match message {
        Incoming::Text(text) => match packet::decode_text(revision, text) {
            Ok(Packet::Ping("probe")) => Step::Probe,
            Ok(Packet::Upgrade) => Step::Upgrade,
            _ => Step::Other,
        },
        Incoming::Ping(data) => Step::Ping(data.to_vec()),
        Incoming::Pong(_) => Step::Ignore,
        Incoming::Binary(_) | Incoming::Close(_) => Step::Other,
    }
}

/// Handles all messages that `bytes` completes.
fn handle(decoder: &mut Decoder, session: &Arc<Session>, bytes: &mut [u8]) -> Flow {
    if session.has_ended() {
        return Flow::Ended;
    }
    let mut input = Input::new(bytes);
    let mut flow = Flow::Continue;
    loop {
        match decoder.next(&mut input) {
            Ok(None) => return flow,
            Ok(Some(message)) => match take_up(session, &message) {
                Flow::Continue => {}
                Flow::Full => flow = Flow::Full,
                Flow::Ended => return Flow::Ended,
            },
            Err(error) => return violation(session, &error),
        }
    }
}

fn take_up(session: &Arc<Session>, message: &Incoming<'_>) -> Flow {
    let packet = match message {
        Incoming::Text(text) => packet::decode_text(session.revision, text),
        Incoming::Binary(data) => packet::decode_binary(session.revision, data),
        Incoming::Ping(data) => {
            session.outbox.push(frame::frame(Opcode::Pong, data));
            return Flow::Continue;
        }
        Incoming::Pong(_) => return Flow::Continue,
        Incoming::Close(_) => {
            session.end(CloseReason::TransportClose);
            session.outbox.close(CloseReason::ClientDisconnect, None);
            return Flow::Ended;
        }
    };
    match packet {
        Ok(packet) => session.receive(packet),
        Err(error) => {
            tracing::debug!(session.id = %session.id, %error, "connection `{}` sent a malformed packet", session.id);
            session.refuse(CloseReason::ParseError)
        }
    }
}

fn violation(session: &Arc<Session>, error: &FrameError) -> Flow {
    tracing::debug!(session.id = %session.id, %error, "connection `{}` broke the WebSocket protocol", session.id);
    session.end(CloseReason::TransportError);
    session.outbox.push(frame::close_frame(error.close_code(), ""));
    session.outbox.close(CloseReason::TransportError, None);
    Flow::Ended
}
