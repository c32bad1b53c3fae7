//! What the kernel costs: a bare epoll loop that answers in the lab contract's words, and does nothing else a hub does.
//!
//! One thread, the WebSocket handshake and the greeting, frames encoded once, one write per socket and wake for all that waits.
//! No heartbeats, sessions, limits, metrics, acknowledgements of its own; whatever else a client says is passed over.

use std::env;
use std::io;
use std::net::SocketAddr;

use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};

mod connection;
mod lab;
mod websocket;

use lab::Lab;

const LISTENER: Token = Token(usize::MAX);
/// One read takes at most this; shared by all connections.
const SCRATCH_BYTES: usize = 256 * 1024;

fn main() -> io::Result<()> {
    rlimit::increase_nofile_limit(u64::MAX)?;
    let port = env::var("HUBBUB_LAB__PORT").map_or(3000, |port| port.parse().expect("HUBBUB_LAB__PORT is a port"));
    let mut poll = Poll::new()?;
    let mut listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port)))?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    println!("lab listening on http://{}", listener.local_addr()?);
    println!("ready");

    let mut lab = Lab::default();
    let mut scratch = vec![0; SCRATCH_BYTES];
    let mut events = Events::with_capacity(1024);
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            polled => polled?,
        }
        for event in &events {
            match event.token() {
                LISTENER => accept(&listener, &poll, &mut lab)?,
                Token(number) => {
                    if event.is_writable() {
                        lab.may_write(number);
                    }
                    if event.is_readable() {
                        lab.read(number, event.is_read_closed(), &mut scratch);
                    }
                }
            }
        }
        lab.flush(&mut scratch);
    }
}

fn accept(listener: &TcpListener, poll: &Poll, lab: &mut Lab) -> io::Result<()> {
    loop {
        match listener.accept() {
            Ok((mut stream, _)) => {
                stream.set_nodelay(true)?;
                let both = Interest::READABLE | Interest::WRITABLE;
                poll.registry().register(&mut stream, Token(lab.next_number()), both)?;
                lab.add(stream);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            // The peer gave up, or files ran out: the others go on.
            Err(error) => {
                eprintln!("cannot accept: {error}");
                return Ok(());
            }
        }
    }
}
