//! Decoding of what a client sends, in the reader's own buffer; only what is incomplete is copied.

use std::ops::Range;

use super::{Opcode, mask};

/// The longest header of a masked frame.
const MAX_MASKED_HEAD: usize = 14;

/// A message from the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Incoming<'a> {
    /// A text message, its UTF-8 verified.
    Text(&'a str),
    /// A binary message.
    Binary(&'a [u8]),
    /// A ping; it wants a pong with the same payload.
    Ping(&'a [u8]),
    /// A pong.
    Pong(&'a [u8]),
    /// The client closes, with a code and a reason if it gave one.
    Close(Option<(u16, &'a str)>),
}

/// Why a client's bytes are not WebSocket frames. The connection is beyond repair: close it with [`close_code`](Self::close_code).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's text says what it is")]
pub enum FrameError {
    #[error("frame is not masked")]
    Unmasked,
    #[error("reserved bits are set")]
    ReservedBits,
    #[error("unknown opcode {0}")]
    UnknownOpcode(u8),
    #[error("control frame is longer than 125 bytes")]
    ControlTooLong,
    #[error("control frame is fragmented")]
    ControlFragmented,
    #[error("continuation without a message to continue")]
    NothingToContinue,
    #[error("new message inside a fragmented one")]
    MessageInsideMessage,
    #[error("length is not written in its shortest form")]
    LengthNotMinimal,
    #[error("close payload is malformed")]
    BadClose,
    #[error("text is not UTF-8")]
    BadUtf8,
    #[error("message is too big")]
    TooBig,
    #[error("message has too many fragments")]
    TooManyFragments,
}

impl FrameError {
    /// Returns the close code that names this error.
    #[must_use]
    pub fn close_code(&self) -> u16 {
        match self {
            Self::BadUtf8 => 1007,
            Self::TooBig | Self::TooManyFragments => 1009,
            _ => 1002,
        }
    }
}

/// Bytes from the socket and how far they have been decoded.
#[derive(Debug)]
pub struct Input<'b> {
    bytes: &'b mut [u8],
    at: usize,
}

impl<'b> Input<'b> {
    /// Returns an input that starts at the first of `bytes`.
    pub fn new(bytes: &'b mut [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Returns how many bytes are still to be decoded.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.rest().len()
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Takes up to `wanted` bytes and unmasks them in place.
    fn take(&mut self, wanted: usize, mask: [u8; 4]) -> Range<usize> {
        let end = self.at.saturating_add(wanted).min(self.bytes.len());
        let taken = self.at..end;
        mask::apply(self.bytes.get_mut(taken.clone()).unwrap_or_default(), mask);
        self.at = end;
        taken
    }

    fn slice(&self, range: Range<usize>) -> &[u8] {
        self.bytes.get(range).unwrap_or_default()
    }
}

/// Decodes one client's frames. Holds no buffer unless a frame or a message is incomplete.
#[derive(Debug)]
pub struct Decoder {
    max_message_bytes: u32,
    max_fragments: u32,
    partial: Option<Box<Partial>>,
}

/// What is known of an incomplete frame or message.
#[derive(Debug, Default)]
struct Partial {
    /// The bytes of an incomplete header.
    head: [u8; MAX_MASKED_HEAD],
    head_len: usize,
    /// The frame whose payload is under way.
    frame: Option<Frame>,
    message: Option<Message>,
    /// The payload of a control frame under way.
    control: Vec<u8>,
    /// What the last call handed out.
    delivered: Vec<u8>,
}

/// A data message under way.
#[derive(Debug)]
struct Message {
    opcode: Opcode,
    payload: Vec<u8>,
    /// How much of a text is known to be UTF-8.
    checked: usize,
    fragments: u32,
}

/// A decoded header, and how much of its payload has come.
#[derive(Debug, Clone, Copy)]
struct Frame {
    /// `None` continues the message under way.
    opcode: Option<Opcode>,
    fin: bool,
    mask: [u8; 4],
    len: usize,
    done: usize,
}

impl Frame {
    fn is_control(&self) -> bool {
        self.opcode.is_some_and(Opcode::is_control)
    }
}

/// Where a complete message lies.
enum Found {
    Input(Opcode, Range<usize>),
    Delivered(Opcode),
}

impl Decoder {
    /// Returns a decoder that refuses messages of more bytes or frames.
    #[must_use]
    pub fn new(max_message_bytes: usize, max_fragments: usize) -> Self {
        Self {
            max_message_bytes: u32::try_from(max_message_bytes).unwrap_or(u32::MAX),
            max_fragments: u32::try_from(max_fragments).unwrap_or(u32::MAX),
            partial: None,
        }
    }

    /// Decodes the next message from the front of `input`, unmasking it in place. `None`: the input is used up, and the
    /// bytes of an incomplete frame are kept in here.
    ///
    /// # Errors
    /// The first violation of the protocol or of the limits; nothing after it can be decoded.
    pub fn next<'a>(&'a mut self, input: &'a mut Input<'_>) -> Result<Option<Incoming<'a>>, FrameError> {
        self.forget_delivered();
        match self.find(input)? {
            Some(Found::Input(opcode, range)) => incoming(opcode, input.slice(range)).map(Some),
            Some(Found::Delivered(opcode)) => incoming(opcode, &self.partial().delivered).map(Some),
            None => Ok(None),
        }
    }

    /// Frees what the last call handed out.
    fn forget_delivered(&mut self) {
        let Some(partial) = self.partial.as_deref_mut() else { return };
        let is_idle = partial.head_len == 0 && partial.frame.is_none() && partial.message.is_none();
        if is_idle {
            self.partial = None;
        } else {
            partial.delivered = Vec::new();
        }
    }

    fn partial(&mut self) -> &mut Partial {
        self.partial.get_or_insert_default()
    }

    /// Reads frames until a message is complete or the input is used up.
    fn find(&mut self, input: &mut Input<'_>) -> Result<Option<Found>, FrameError> {
        loop {
            let frame = match self.partial.as_deref_mut().and_then(|partial| partial.frame.take()) {
                Some(frame) => frame,
                None => {
                    let Some(frame) = self.read_head(input)? else { return Ok(None) };
                    self.admit(&frame)?;
                    let is_whole = (frame.is_control() || frame.fin) && frame.len <= input.remaining();
                    if let Some(opcode) = frame.opcode.filter(|_| is_whole) {
                        return Ok(Some(Found::Input(opcode, input.take(frame.len, frame.mask))));
                    }
                    self.partial().begin(&frame);
                    frame
                }
            };
            if let Some(opcode) = self.partial().absorb(frame, input)? {
                return Ok(Some(Found::Delivered(opcode)));
            }
            let input_is_used_up = self.partial().frame.is_some();
            if input_is_used_up {
                return Ok(None);
            }
        }
    }

    /// Reads a header; `None` when its end has not come yet.
    fn read_head(&mut self, input: &mut Input<'_>) -> Result<Option<Frame>, FrameError> {
        let kept = self.partial.as_deref().map_or(0, |partial| partial.head_len);
        if kept == 0 {
            if let Some((frame, head_len)) = parse_head(input.rest())? {
                input.at += head_len;
                return Ok(Some(frame));
            }
            if input.remaining() == 0 {
                return Ok(None);
            }
        }
        let partial = self.partial();
        let room = partial.head.get_mut(kept..).unwrap_or_default();
        let taken = room.len().min(input.remaining());
        for (to, from) in room.iter_mut().zip(input.rest()) {
            *to = *from;
        }
        let held = kept + taken;
        let Some((frame, head_len)) = parse_head(partial.head.get(..held).unwrap_or_default())? else {
            partial.head_len = held;
            input.at += taken;
            return Ok(None);
        };
        partial.head_len = 0;
        input.at += head_len.saturating_sub(kept);
        Ok(Some(frame))
    }

    /// Checks a header against the message under way and the limits.
    fn admit(&self, frame: &Frame) -> Result<(), FrameError> {
        if frame.is_control() {
            return Ok(());
        }
        let message = self.partial.as_deref().and_then(|partial| partial.message.as_ref());
        match (frame.opcode, message) {
            (None, None) => return Err(FrameError::NothingToContinue),
            (Some(_), Some(_)) => return Err(FrameError::MessageInsideMessage),
            _ => {}
        }
        let (held, fragments) = message.map_or((0, 0), |message| (message.payload.len(), message.fragments));
        if frame.len.saturating_add(held) > self.max_message_bytes as usize {
            return Err(FrameError::TooBig);
        }
        if fragments >= self.max_fragments {
            return Err(FrameError::TooManyFragments);
        }
        Ok(())
    }
}

impl Partial {
    /// Makes room for a frame that is not a whole message in the input.
    fn begin(&mut self, frame: &Frame) {
        match (frame.opcode, &mut self.message) {
            (Some(opcode), _) if opcode.is_control() => {}
            (Some(opcode), message) => *message = Some(Message { opcode, payload: Vec::new(), checked: 0, fragments: 1 }),
            (None, Some(message)) => message.fragments += 1,
            (None, None) => {}
        }
    }

    /// Takes what has come of a frame's payload; says so when a message is complete and ready in `delivered`.
    fn absorb(&mut self, mut frame: Frame, input: &mut Input<'_>) -> Result<Option<Opcode>, FrameError> {
        let taken = input.take(frame.len.saturating_sub(frame.done), mask::rotated(frame.mask, frame.done));
        frame.done += taken.len();
        let bytes = input.slice(taken);
        match &mut self.message {
            Some(message) if !frame.is_control() => message.append(bytes)?,
            _ => self.control.extend_from_slice(bytes),
        }
        let is_complete = frame.done == frame.len;
        if !is_complete {
            self.frame = Some(frame);
            return Ok(None);
        }
        if let Some(opcode) = frame.opcode.filter(|opcode| opcode.is_control()) {
            self.delivered = std::mem::take(&mut self.control);
            return Ok(Some(opcode));
        }
        if !frame.fin {
            return Ok(None);
        }
        Ok(self.message.take().map(|message| {
            self.delivered = message.payload;
            message.opcode
        }))
    }
}

impl Message {
    fn append(&mut self, bytes: &[u8]) -> Result<(), FrameError> {
        self.payload.extend_from_slice(bytes);
        if self.opcode == Opcode::Text { self.check_utf8() } else { Ok(()) }
    }

    /// Verifies what has come since the last time; a character cut by the end may be completed later.
    fn check_utf8(&mut self) -> Result<(), FrameError> {
        let fresh = self.payload.get(self.checked..).unwrap_or_default();
        match simdutf8::compat::from_utf8(fresh) {
            Ok(_) => self.checked = self.payload.len(),
            Err(error) if error.error_len().is_none() => self.checked += error.valid_up_to(),
            Err(_) => return Err(FrameError::BadUtf8),
        }
        Ok(())
    }
}

/// Reads a header from the front of `bytes`; `None` when it is cut. The first two bytes are judged as soon as they are there.
fn parse_head(bytes: &[u8]) -> Result<Option<(Frame, usize)>, FrameError> {
    let &[first, second, ..] = bytes else { return Ok(None) };
    let (fin, bits, short_len) = (first & 0x80 != 0, first & 0x0f, second & 0x7f);
    if first & 0x70 != 0 {
        return Err(FrameError::ReservedBits);
    }
    let opcode = Opcode::from_bits(bits);
    if opcode.is_none() && bits != 0 {
        return Err(FrameError::UnknownOpcode(bits));
    }
    if second & 0x80 == 0 {
        return Err(FrameError::Unmasked);
    }
    if opcode.is_some_and(Opcode::is_control) {
        match (fin, short_len) {
            (false, _) => return Err(FrameError::ControlFragmented),
            (_, 126..) => return Err(FrameError::ControlTooLong),
            _ => {}
        }
    }
    let Some((len, len_bytes)) = parse_len(short_len, bytes.get(2..).unwrap_or_default())? else { return Ok(None) };
    let mask_at = 2 + len_bytes;
    let Some(&mask) = bytes.get(mask_at..).and_then(<[u8]>::first_chunk) else { return Ok(None) };
    Ok(Some((Frame { opcode, fin, mask, len, done: 0 }, mask_at + 4)))
}

/// Reads the payload's length: its seven bits, or the two or eight bytes after them.
fn parse_len(short_len: u8, bytes: &[u8]) -> Result<Option<(usize, usize)>, FrameError> {
    let (len, len_bytes, minimum) = match short_len {
        126 => (bytes.first_chunk().map(|&len| u64::from(u16::from_be_bytes(len))), 2, 126),
        127 => (bytes.first_chunk().map(|&len| u64::from_be_bytes(len)), 8, 0x1_0000),
        len => return Ok(Some((usize::from(len), 0))),
    };
    match len {
        Some(len) if len < minimum => Err(FrameError::LengthNotMinimal),
        Some(len) => usize::try_from(len).map(|len| Some((len, len_bytes))).map_err(|_| FrameError::TooBig),
        None => Ok(None),
    }
}

/// Reads a complete message.
fn incoming(opcode: Opcode, payload: &[u8]) -> Result<Incoming<'_>, FrameError> {
    Ok(match opcode {
        Opcode::Text => Incoming::Text(utf8(payload)?),
        Opcode::Binary => Incoming::Binary(payload),
        Opcode::Ping => Incoming::Ping(payload),
        Opcode::Pong => Incoming::Pong(payload),
        Opcode::Close => Incoming::Close(close(payload)?),
    })
}

/// Reads a close frame's payload: nothing, or a code that may be sent and a reason.
fn close(payload: &[u8]) -> Result<Option<(u16, &str)>, FrameError> {
    let Some((&code, reason)) = payload.split_first_chunk() else {
        return if payload.is_empty() { Ok(None) } else { Err(FrameError::BadClose) };
    };
    match u16::from_be_bytes(code) {
        code @ (1000..=1003 | 1007..=1014 | 3000..=4999) => Ok(Some((code, utf8(reason)?))),
        _ => Err(FrameError::BadClose),
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, FrameError> {
    simdutf8::basic::from_utf8(bytes).map_err(|_| FrameError::BadUtf8)
}
