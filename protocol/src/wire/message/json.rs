//! Writing JSON for JavaScript clients: bytes leave placeholders, integral floats lose their fraction.

use std::io::{self, Write};

use bytes::{Buf, Bytes, BytesMut};
use serde::Serialize;
use serde_json::ser::Formatter;
use serde_json::value::RawValue;

use super::partial::replace_placeholders;
use crate::wire::args::Args;
use crate::wire::frame::{self, Opcode, frames};
use crate::wire::packet::{PacketType, Revision, put_binary_frame};
use crate::wire::value::{Value, integral};

/// Room for what is written in front of the body last: the frame's header, Engine.IO's and Socket.IO's type, and the
/// number of attachments, which is known only after the body.
const HEADROOM: usize = frame::MAX_HEAD + 2 + 21;

/// The bytes that a body left placeholders for, as whole frames.
pub(super) struct Attachments {
    revision: Revision,
    frames: BytesMut,
    count: usize,
}

/// A text packet under construction, so arranged that it costs one allocation.
pub(super) struct Draft {
    out: Vec<u8>,
    attachments: Attachments,
}

impl Draft {
    /// Starts a packet whose list takes about `body_len` bytes.
    pub(super) fn new(revision: Revision, namespace: &str, id: Option<u64>, body_len: usize) -> Self {
        let namespace_len = if namespace == "/" { 0 } else { namespace.len() + 1 };
        let id_len = id.map_or(0, |id| 1 + id.checked_ilog10().unwrap_or(0) as usize);
        let mut out = Vec::with_capacity(HEADROOM + namespace_len + id_len + body_len);
        out.resize(HEADROOM, 0);
        if namespace != "/" {
            out.extend_from_slice(namespace.as_bytes());
            out.push(b',');
        }
        if let Some(id) = id {
            write!(out, "{id}").expect("a vector takes what is written to it");
        }
        Self { out, attachments: Attachments::new(revision) }
    }

    /// Appends text that is JSON already.
    pub(super) fn raw(&mut self, json: &str) {
        self.out.extend_from_slice(json.as_bytes());
    }

    /// Appends a string. Names and offsets hardly ever need an escape, and are copied then.
    pub(super) fn text(&mut self, text: &str) {
        if text.bytes().any(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)) {
            return self.value(text);
        }
        self.out.push(b'"');
        self.raw(text);
        self.out.push(b'"');
    }

    /// Appends a value.
    pub(super) fn value<T: Serialize + ?Sized>(&mut self, value: &T) {
        write_value(&mut self.out, &mut self.attachments, value);
    }

    /// Writes what goes in front; `digits` are the packet's types without and with attachments.
    pub(super) fn finish(self, digits: (u8, u8)) -> Bytes {
        let Self { mut out, attachments } = self;
        let mut start = HEADROOM;
        let digit = if attachments.count == 0 {
            digits.0
        } else {
            start = put_before(&mut out, start, format!("{}-", attachments.count).as_bytes());
            digits.1
        };
        start = put_before(&mut out, start, &[PacketType::Message.digit(), digit]);
        let (head, head_at) = frame::head(Opcode::Text, out.len() - start);
        start = put_before(&mut out, start, head.get(head_at..).unwrap_or_default());
        out.extend_from_slice(&attachments.frames);
        into_entry(out, start)
    }
}

/// Returns the bytes from `start` on, giving back capacity where much of it was guessed in vain.
pub(in crate::wire) fn into_entry(mut out: Vec<u8>, start: usize) -> Bytes {
    const WORTH_A_COPY: usize = 4096;
    if out.capacity() - out.len() > WORTH_A_COPY {
        out.shrink_to_fit();
    }
    let mut entry = Bytes::from(out);
    entry.advance(start);
    entry
}

/// Copies `bytes` to where they end at `end`; returns where they start.
pub(in crate::wire) fn put_before(out: &mut [u8], end: usize, bytes: &[u8]) -> usize {
    let start = end.saturating_sub(bytes.len());
    if let Some(room) = out.get_mut(start..end).filter(|room| room.len() == bytes.len()) {
        room.copy_from_slice(bytes);
    }
    start
}

/// Returns the single argument that an emission is.
pub(in crate::wire) fn to_args<T: Serialize>(emit: &T) -> Args {
    let mut attachments = Attachments::new(Revision::V4);
    let mut json = Vec::new();
    write_value(&mut json, &mut attachments, emit);
    let json = String::from_utf8(json).unwrap_or_else(|_| "null".into());
    if attachments.count == 0 {
        return Args::Json(RawValue::from_string(json).into_iter().collect());
    }
    let mut bytes: Vec<Option<Bytes>> = frames(&attachments.frames.freeze()).map(|(_, bytes)| Some(bytes)).collect();
    let mut value: Value = serde_json::from_str(&json).unwrap_or_default();
    match replace_placeholders(&mut value, &mut bytes) {
        Ok(()) => Args::Tree(vec![value]),
        Err(_) => Args::Tree(vec![Value::Null]),
    }
}

/// Appends a value as JSON. A type that cannot be written (a map whose keys are no strings) is written as null: that is a
/// bug in the type, and no reason to take down whoever emits it.
fn write_value<T: Serialize + ?Sized>(out: &mut Vec<u8>, attachments: &mut Attachments, value: &T) {
    let (start, frames_start, count) = (out.len(), attachments.frames.len(), attachments.count);
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, Javascript { attachments: &mut *attachments });
    if value.serialize(&mut serializer).is_err() {
        debug_assert!(false, "a type whose JSON cannot be written");
        out.truncate(start);
        attachments.frames.truncate(frames_start);
        attachments.count = count;
        out.extend_from_slice(b"null");
    }
}

impl Attachments {
    fn new(revision: Revision) -> Self {
        Self { revision, frames: BytesMut::new(), count: 0 }
    }
}

/// Compact JSON as JavaScript writes it.
struct Javascript<'a> {
    attachments: &'a mut Attachments,
}

impl Formatter for Javascript<'_> {
    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        match integral(value) {
            Some(integer) => self.write_i64(writer, integer),
            None => serde_json::ser::CompactFormatter.write_f64(writer, value),
        }
    }

    fn write_f32<W: ?Sized + Write>(&mut self, writer: &mut W, value: f32) -> io::Result<()> {
        match integral(f64::from(value)) {
            Some(integer) => self.write_i64(writer, integer),
            None => serde_json::ser::CompactFormatter.write_f32(writer, value),
        }
    }

    fn write_byte_array<W: ?Sized + Write>(&mut self, writer: &mut W, bytes: &[u8]) -> io::Result<()> {
        let number = self.attachments.count;
        self.attachments.count += 1;
        self.attachments.frames.reserve(frame::MAX_HEAD + 1 + bytes.len());
        put_binary_frame(&mut self.attachments.frames, self.attachments.revision, bytes);
        write!(writer, r#"{{"_placeholder":true,"num":{number}}}"#)
    }
}
