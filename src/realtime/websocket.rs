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
use hubbub_actors::kit::ids;
use hubbub_actors::kit::outbox::CloseReason;
use hubbub_protocol::wire::frame::{self, Decoder, FrameError, Incoming, Input, Opcode};
use hubbub_protocol::wire::packet::{self, Packet, PacketType, Revision};
use tokio::io::AsyncWriteExt;
use tokio::net::tcp::OwnedReadHalf;

use super::flusher::Link;
use super::service::Service;
use super::session::{Flow, Session, UpgradeStage};
use super::upgrade::{self, Accepted};

/// Bytes read at once, in a buffer that all connections of a worker share.
const READ_BYTES: usize = 64 * 1024;
/// Reads of one connection before others get their turn.
const READS_PER_TURN: usize = 4;

thread_local! {
    static READ: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BYTES]);
}

/// Takes over an upgrade request: a WebSocket for one of `services`, or a clear refusal.
pub async fn serve(services: &[Arc<Service>], request: Request, framed: Framed<TcpStream, h1::Codec>) {
    let (mut stream, mut early) = take_apart(framed);
    let accepted = match upgrade::accept(services, &request) {
        Ok(accepted) => accepted,
        Err(refused) => {
            let _ = stream.write_all(refused.response().as_bytes()).await;
            let _ = stream.shutdown().await;
            return;
        }
    };
    drop(request);
    if stream.write_all(accepted.response.as_bytes()).await.is_err() {
        return;
    }
    let (read, write) = stream.into_split();
    let link = Link::new(write);
    let mut reader = Reader::new(&accepted.service, read, Arc::clone(&link));
    let Some(session) = open(accepted, &mut reader, &mut early).await else {
        link.hang_up();
        return;
    };
    drop(link);
    let reason = reader.run(&session, early).await;
    session.abort(session.outbox.closed().unwrap_or(reason));
}

/// Returns the stream and what came after the request; actix's buffers, 16 KiB per connection, go at once.
fn take_apart(framed: Framed<TcpStream, h1::Codec>) -> (TcpStream, Vec<u8>) {
    let parts = framed.into_parts();
    (parts.io, parts.read_buf.to_vec())
}

/// Opens a new connection, or completes the upgrade of a polling one.
async fn open(accepted: Accepted, reader: &mut Reader, early: &mut Vec<u8>) -> Option<Arc<Session>> {
    let Accepted { service, query, handshake, place, .. } = accepted;
    let Some(id) = query.sid else {
        let id = ids::token128(service.deps.random()).into();
        return Some(Session::open(&service, id, query.revision, handshake, place?, Some(Arc::clone(&reader.link))));
    };
    let session = service.sessions.get(&id)?;
    if session.upgrade_stage() != UpgradeStage::Polling {
        // The session has its WebSocket, or is getting it; this one is not wanted.
        reader.link.write_directly(&frame::close_frame(1000, "already upgraded"));
        return None;
    }
    let deadline = Duration::from_millis(service.timing.upgrade_timeout_ms);
    let mut is_probed = false;
    match tokio::time::timeout(deadline, reader.upgrade(&session, early, &mut is_probed)).await {
        Ok(Some(())) => Some(session),
        _ => {
            if is_probed {
                session.abandon_probe();
            }
            None
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
    fn new(service: &Service, stream: OwnedReadHalf, link: Arc<Link>) -> Self {
        let decoder = Decoder::new(service.limits.max_payload_bytes, service.limits.max_fragments);
        Self { stream, link, decoder }
    }

    /// Takes up what came early, then reads until the connection ends, and returns why.
    async fn run(mut self, session: &Arc<Session>, early: Vec<u8>) -> End {
        if self.feed(session, early) == Flow::Ended {
            return self.linger().await;
        }
        let mut reads = 0;
        loop {
            match self.read_turn(session).await {
                Ok(Flow::Continue) => {}
                Ok(Flow::Full) => session.room().await,
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
