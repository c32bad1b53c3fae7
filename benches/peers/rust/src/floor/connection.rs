//! One socket: what came in incomplete, and what waits to go out.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::rc::Rc;

use mio::net::TcpStream;

/// Frames of at least this size are written from their own memory, smaller ones gathered.
const LARGE_BYTES: usize = 16 * 1024;
/// What is gathered for one write at most.
const GATHERED_BYTES: usize = 64 * 1024;
/// What an empty queue keeps room for.
const KEPT_CAPACITY: usize = 16;

pub struct Connection {
    stream: TcpStream,
    /// The handshake is done.
    pub is_open: bool,
    /// It stands on the list of what is flushed at the end of the wake.
    pub is_due: bool,
    /// The kernel took no more; it says when it does again.
    pub is_blocked: bool,
    /// The peer said goodbye: it goes when everything is written.
    pub is_closing: bool,
    pub room: Option<usize>,
    /// A packet whose attachment has not come yet.
    pub header: Option<Rc<[u8]>>,
    /// The beginning of a frame.
    pub input: Vec<u8>,
    output: VecDeque<Rc<[u8]>>,
    /// How much of the first frame is written.
    written: usize,
}

impl Connection {
    pub fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            is_open: false,
            is_due: false,
            is_blocked: false,
            is_closing: false,
            room: None,
            header: None,
            input: Vec::new(),
            output: VecDeque::new(),
            written: 0,
        }
    }

    pub fn push(&mut self, frame: Rc<[u8]>) {
        self.output.push_back(frame);
    }

    /// Returns how much was read; an error also at the end of the stream.
    pub fn read(&mut self, scratch: &mut [u8]) -> io::Result<usize> {
        match self.stream.read(scratch)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            length => Ok(length),
        }
    }

    /// Writes what waits, together; an error also after the goodbye.
    pub fn flush(&mut self, scratch: &mut [u8]) -> io::Result<()> {
        while let Some(first) = self.output.front() {
            let outcome = if first.len() - self.written >= LARGE_BYTES {
                self.stream.write(&first[self.written..])
            } else {
                let gathered = gather(&self.output, self.written, scratch);
                self.stream.write(&scratch[..gathered])
            };
            match outcome {
                Ok(length) => self.advance(length),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.is_blocked = true;
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        self.output.shrink_to(KEPT_CAPACITY);
        if self.is_closing { Err(io::ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    }

    fn advance(&mut self, mut length: usize) {
        while let Some(first) = self.output.front() {
            let left = first.len() - self.written;
            if length < left {
                self.written += length;
                return;
            }
            length -= left;
            self.written = 0;
            self.output.pop_front();
        }
    }
}

/// Copies small frames into `scratch`, the first from `written` on.
fn gather(output: &VecDeque<Rc<[u8]>>, written: usize, scratch: &mut [u8]) -> usize {
    let mut end = 0;
    for (index, frame) in output.iter().enumerate() {
        let frame = if index == 0 { &frame[written..] } else { frame };
        if frame.len() >= LARGE_BYTES || end + frame.len() > GATHERED_BYTES {
            break;
        }
        scratch[end..end + frame.len()].copy_from_slice(frame);
        end += frame.len();
    }
    end
}
