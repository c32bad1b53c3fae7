//! Writing: one flusher per worker thread takes the Outboxes that are due and writes each one's packets together.
//!
//! Decision: a push marks the Outbox as due on the worker that owns its stream, and wakes that worker at most once; the
//! worker's flusher then does one write per socket for all that waits. Reason: measured against an actor, a task or a
//! response body per socket, this costs least per delivery and holds least per connection (ARCHITECTURE.md, "Decisions").

use std::cell::{Cell, RefCell};
use std::io;
use std::net::Shutdown;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hubbub_actors::kit::outbox::{CloseReason, Outbox, Taken, Wake};
use hubbub_protocol::wire::frame;
use parking_lot::Mutex;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::Notify;

use super::reaper::now_ms;

/// Bytes gathered for one write.
const GATHER_BYTES: usize = 64 * 1024;
/// Sockets flushed before the worker looks at its other tasks.
const SOCKETS_PER_TURN: usize = 64;
/// How long a connection stays silent after a greeting: see [`Link::hold`].
const GREETING_GAP_MS: u64 = 2;
/// Greetings of one worker within such a gap that make a storm of connects, in which nobody waits.
const STORM: usize = 8;
/// How long a peer may take to answer a close before its stream is cut.
const CLOSE_LINGER: Duration = Duration::from_secs(2);

/// What is due on one worker.
#[derive(Default)]
struct Queue {
    due: Mutex<Vec<(Arc<Link>, Arc<Outbox>)>>,
    wake: Notify,
}

/// The writing half of a WebSocket connection, owned by one worker.
pub struct Link {
    me: Weak<Link>,
    queue: Arc<Queue>,
    /// None only once it is dropped.
    stream: Option<OwnedWriteHalf>,
    /// The reading task handles packets just now and will flush when its turn ends.
    in_turn: AtomicBool,
    /// A greeting was just written; what follows waits a moment.
    is_held: AtomicBool,
    /// Since when the peer has taken nothing, in milliseconds of the reaper's clock; 0 when it reads.
    blocked_since: AtomicU64,
    /// The goodbye is said, or there is none to say any more.
    is_closed: AtomicBool,
    /// The stream is going to be cut.
    is_lingering: AtomicBool,
}

enum Flushed {
    /// Nothing more to do until the next wake.
    Idle,
    /// More waits; the socket goes to the end of the queue.
    Again,
}

thread_local! {
    static WORKER: RefCell<Option<Rc<Worker>>> = const { RefCell::new(None) };
}

struct Worker {
    queue: Arc<Queue>,
    pace: Cell<Pace>,
    gather: RefCell<BytesMut>,
}

/// How many greetings a worker wrote lately: in this gap's time and in the one before.
#[derive(Debug, Clone, Copy, Default)]
struct Pace {
    window: u64,
    now: usize,
    before: usize,
}

impl Pace {
    /// Returns the pace at this time.
    fn at(self, now_ms: u64) -> Self {
        match now_ms / GREETING_GAP_MS {
            window if window == self.window => self,
            window if window == self.window + 1 => Self { window, now: 0, before: self.now },
            window => Self { window, now: 0, before: 0 },
        }
    }

    /// Returns whether clients come too fast to be greeted one by one.
    fn is_storm(self) -> bool {
        self.now.max(self.before) >= STORM
    }
}

impl Worker {
    fn is_storm(&self) -> bool {
        self.pace.get().at(now_ms()).is_storm()
    }

    /// Counts a greeting, and returns whether silence may follow it.
    fn greets(&self) -> bool {
        let pace = self.pace.get().at(now_ms());
        self.pace.set(Pace { now: pace.now + 1, ..pace });
        !pace.is_storm()
    }
}

/// Returns this thread's worker, starting its flusher the first time.
fn worker() -> Rc<Worker> {
    WORKER.with_borrow_mut(|slot| {
        let worker = slot.get_or_insert_with(|| {
            let gather = RefCell::new(BytesMut::with_capacity(GATHER_BYTES));
            let worker = Rc::new(Worker { queue: Arc::default(), pace: Cell::default(), gather });
            actix_rt::spawn(run(Rc::clone(&worker)));
            worker
        });
        Rc::clone(worker)
    })
}

async fn run(worker: Rc<Worker>) {
    let mut batch = Vec::new();
    loop {
        worker.queue.wake.notified().await;
        loop {
            std::mem::swap(&mut *worker.queue.due.lock(), &mut batch);
            if batch.is_empty() {
                break;
            }
            for (index, (link, outbox)) in batch.drain(..).enumerate() {
                if let Flushed::Again = link.flush(&outbox, &worker) {
                    worker.queue.due.lock().push((link, outbox));
                }
                if index % SOCKETS_PER_TURN == SOCKETS_PER_TURN - 1 {
                    tokio::task::yield_now().await;
                }
            }
            tokio::task::yield_now().await;
        }
    }
}

impl Wake for Link {
    fn wake(&self, outbox: &Arc<Outbox>) {
        if self.in_turn.load(Ordering::SeqCst) {
            return;
        }
        let Some(me) = self.me.upgrade() else { return };
        let mut due = self.queue.due.lock();
        let is_first = due.is_empty();
        due.push((me, Arc::clone(outbox)));
        drop(due);
        if is_first {
            self.queue.wake.notify_one();
        }
    }
}

impl Link {
    /// Returns the link of a stream that this thread's worker will write.
    #[must_use]
    pub fn new(stream: OwnedWriteHalf) -> Arc<Self> {
        let queue = Arc::clone(&worker().queue);
        Arc::new_cyclic(|me| Self {
            me: me.clone(),
            queue,
            stream: Some(stream),
            in_turn: AtomicBool::new(false),
            is_held: AtomicBool::new(false),
            blocked_since: AtomicU64::new(0),
            is_closed: AtomicBool::new(false),
            is_lingering: AtomicBool::new(false),
        })
    }

    /// Runs a reading turn: what it pushes to its own socket leaves in one write when it ends, without waking the flusher.
    pub fn turn<T>(&self, outbox: &Arc<Outbox>, handle: impl FnOnce() -> T) -> T {
        self.in_turn.store(true, Ordering::SeqCst);
        let handled = handle();
        self.in_turn.store(false, Ordering::SeqCst);
        if let Flushed::Again = self.flush(outbox, &worker()) {
            self.wake(outbox);
        }
        handled
    }

    /// Returns since when the peer has taken nothing, if it is so.
    pub fn blocked_since_ms(&self) -> Option<u64> {
        Some(self.blocked_since.load(Ordering::Relaxed)).filter(|since| *since > 0)
    }

    /// Writes a small frame past the Outbox, before the connection uses this stream; false when the stream does not take it.
    pub fn write_directly(&self, frame: &[u8]) -> bool {
        matches!(self.try_write(frame), Ok(taken) if taken == frame.len())
    }

    fn flush(&self, outbox: &Arc<Outbox>, worker: &Worker) -> Flushed {
        if self.blocked_since_ms().is_some() {
            if outbox.closed().is_some() {
                self.linger();
            }
            return Flushed::Idle;
        }
        if self.is_held.load(Ordering::Relaxed) && outbox.closed().is_none() {
            return Flushed::Idle;
        }
        let mut gather = worker.gather.borrow_mut();
        gather.clear();
        match outbox.take(&mut gather, GATHER_BYTES, || !worker.is_storm()) {
            Taken::Empty => Flushed::Idle,
            Taken::Closed(reason) => {
                self.close(reason);
                Flushed::Idle
            }
            Taken::Gathered => {
                let written = self.try_write(&gather);
                self.after_write(outbox, written, gather.len(), |from| {
                    Bytes::copy_from_slice(gather.get(from..).unwrap_or_default())
                })
            }
            Taken::Large(entry) => {
                let written = self.try_write(&entry);
                self.after_write(outbox, written, entry.len(), |from| entry.slice(from..))
            }
        }
    }

    fn after_write(
        &self,
        outbox: &Arc<Outbox>,
        written: io::Result<usize>,
        len: usize,
        rest: impl Fn(usize) -> Bytes,
    ) -> Flushed {
        let taken = match written {
            Ok(taken) => taken,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            Err(_) => {
                outbox.abort(CloseReason::TransportError);
                self.close(CloseReason::TransportError);
                return Flushed::Idle;
            }
        };
        if taken < len {
            outbox.put_back(rest(taken));
            self.wait_until_writable(outbox);
            return Flushed::Idle;
        }
        if outbox.took_last() {
            self.hold(outbox);
        }
        if outbox.has_more() { Flushed::Again } else { Flushed::Idle }
    }

    /// Keeps the connection silent for a moment, so that a greeting (the handshake's answer, a connect packet) arrives on its
    /// own: clients that go on in a later turn of their event loop, with handlers not yet in place, would miss what came in
    /// the same read. In a storm of connects nobody is made to wait: then it returns false.
    pub fn hold(&self, outbox: &Arc<Outbox>) -> bool {
        let Some(me) = self.me.upgrade().filter(|_| worker().greets()) else { return false };
        self.is_held.store(true, Ordering::Relaxed);
        let outbox = Arc::clone(outbox);
        actix_rt::spawn(async move {
            tokio::time::sleep(Duration::from_millis(GREETING_GAP_MS)).await;
            me.is_held.store(false, Ordering::Relaxed);
            me.wake(&outbox);
        });
        true
    }

    /// Waits in a task of this socket alone, so that one slow peer delays nobody.
    fn wait_until_writable(&self, outbox: &Arc<Outbox>) {
        self.blocked_since.store(now_ms().max(1), Ordering::Relaxed);
        let (Some(me), outbox) = (self.me.upgrade(), Arc::clone(outbox)) else { return };
        actix_rt::spawn(async move {
            if let Some(stream) = &me.stream {
                let _ = stream.writable().await;
            }
            me.blocked_since.store(0, Ordering::Relaxed);
            me.wake(&outbox);
        });
    }

    /// Says goodbye and closes the stream for writing.
    fn close(&self, reason: CloseReason) {
        if self.is_closed.swap(true, Ordering::Relaxed) {
            return;
        }
        let goodbye = match reason {
            CloseReason::TransportClose | CloseReason::TransportError => None,
            CloseReason::ParseError => Some(1002),
            CloseReason::SlowConsumer | CloseReason::PingTimeout => Some(1008),
            CloseReason::ShuttingDown => Some(1001),
            _ => Some(1000),
        };
        if let Some(code) = goodbye {
            let _ = self.try_write(&frame::close_frame(code, reason.as_str()));
        }
        self.hang_up();
        // A client that closed by itself is ended already, and the reaper sees to it without a timer of its own.
        if reason != CloseReason::ClientDisconnect {
            self.linger();
        }
    }

    /// Cuts the stream of a peer that neither reads what is left nor closes its side in time. It does not
    /// keep a stream open that is done.
    fn linger(&self) {
        if self.is_lingering.swap(true, Ordering::Relaxed) {
            return;
        }
        let me = Weak::clone(&self.me);
        actix_rt::spawn(async move {
            tokio::time::sleep(CLOSE_LINGER).await;
            if let Some(me) = me.upgrade() {
                me.cut();
            }
        });
    }

    /// Lets go of a stream that the peer has closed: dropping it closes it, which costs one system call less than to cut it.
    pub fn release(&self) {
        let is_awaited = self.is_lingering.load(Ordering::Relaxed) || self.blocked_since_ms().is_some();
        if is_awaited {
            self.cut();
        }
        self.is_closed.store(true, Ordering::Relaxed);
    }

    /// Closes the stream for writing: the peer is done once it has read what was written.
    pub fn hang_up(&self) {
        self.shut_down(Shutdown::Write);
    }

    /// Cuts the stream; the reading task sees its end.
    pub fn cut(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
        self.is_lingering.store(true, Ordering::Relaxed);
        self.shut_down(Shutdown::Both);
    }

    fn shut_down(&self, how: Shutdown) {
        if let Some(stream) = &self.stream {
            let _ = socket2::SockRef::from(stream.as_ref()).shutdown(how);
        }
    }

    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.as_ref().map_or(Err(io::ErrorKind::NotConnected.into()), |stream| stream.try_write(bytes))
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // The last owner closes the stream; a shutdown before would be one more system call.
        if let Some(stream) = self.stream.take() {
            stream.forget();
        }
    }
}
