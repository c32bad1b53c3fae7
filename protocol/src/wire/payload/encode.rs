//! Encoding of polling bodies, from the same frames that the WebSocket transport sends.

use bytes::{BufMut, Bytes, BytesMut};

use super::SEPARATOR;
use crate::wire::frame::{Opcode, frames};
use crate::wire::packet::{Revision, put_base64};

/// What a body is announced as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentType {
    /// Packets as text.
    Text,
    /// Packets as bytes, revision 3 only.
    OctetStream,
}

impl ContentType {
    /// Returns the header's value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text/plain; charset=UTF-8",
            Self::OctetStream => "application/octet-stream",
        }
    }
}

/// A body under construction. Packets are kept as slices of the outbox entries until the end, because in revision 3 a
/// single binary packet changes how all of them are written.
#[derive(Debug)]
pub struct Encoder {
    revision: Revision,
    binary_ok: bool,
    max_bytes: usize,
    records: Vec<Record>,
    size: Size,
}

#[derive(Debug)]
enum Record {
    Text(Bytes),
    Binary(Bytes),
}

/// What the body would measure in either form.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    as_text: usize,
    as_bytes: usize,
    has_binary: bool,
}

impl Encoder {
    /// Returns an empty body. `binary_ok`: a revision 3 client that did not ask for base64 (`b64=1`).
    #[must_use]
    pub fn new(revision: Revision, binary_ok: bool, max_bytes: usize) -> Self {
        let binary_ok = binary_ok && revision == Revision::V3;
        Self { revision, binary_ok, max_bytes, records: Vec::new(), size: Size::default() }
    }

    /// Appends the packets of an outbox entry, all or none: `false` when the body is not empty and would grow too big.
    pub fn push_frames(&mut self, entry: &Bytes) -> bool {
        let before = self.records.len();
        let mut size = self.size;
        for (opcode, payload) in frames(entry) {
            let record = match opcode {
                Opcode::Text => Record::Text(payload),
                Opcode::Binary => Record::Binary(payload),
                Opcode::Close | Opcode::Ping | Opcode::Pong => continue,
            };
            size.add(&record, self.revision);
            self.records.push(record);
        }
        let is_too_big = self.written(size) > self.max_bytes && before > 0;
        if is_too_big {
            self.records.truncate(before);
        } else {
            self.size = size;
        }
        !is_too_big
    }

    /// Returns whether nothing has been appended.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Returns the body and its type.
    #[must_use]
    pub fn finish(self) -> (Bytes, ContentType) {
        let size = self.written(self.size);
        match self.content_type(self.size) {
            ContentType::OctetStream => (write_bytes(&self.records, size), ContentType::OctetStream),
            ContentType::Text => (write_text(&self.records, self.revision, size), ContentType::Text),
        }
    }

    fn content_type(&self, size: Size) -> ContentType {
        if self.binary_ok && size.has_binary { ContentType::OctetStream } else { ContentType::Text }
    }

    fn written(&self, size: Size) -> usize {
        match self.content_type(size) {
            ContentType::Text => size.as_text,
            ContentType::OctetStream => size.as_bytes,
        }
    }
}

impl Size {
    fn add(&mut self, record: &Record, revision: Revision) {
        let (text_len, text_units, raw_len) = match record {
            Record::Text(text) => (text.len(), utf16_len(text), text.len()),
            Record::Binary(data) => {
                self.has_binary = true;
                let encoded = base64_record_len(revision, data);
                (encoded, encoded, data.len())
            }
        };
        self.as_text += text_len
            + match revision {
                Revision::V4 if self.as_text == 0 => 0,
                Revision::V4 => SEPARATOR.len_utf8(),
                Revision::V3 => digits(text_units) + 1,
            };
        self.as_bytes += raw_len + digits(raw_len) + 2;
    }
}

fn write_text(records: &[Record], revision: Revision, size: usize) -> Bytes {
    let mut body = BytesMut::with_capacity(size);
    let mut encoded = String::new();
    for (at, record) in records.iter().enumerate() {
        let text: &[u8] = match record {
            Record::Text(text) => text,
            Record::Binary(data) => {
                encode_base64_record(&mut encoded, revision, data);
                encoded.as_bytes()
            }
        };
        match revision {
            Revision::V4 if at == 0 => {}
            Revision::V4 => body.put_u8(SEPARATOR as u8),
            Revision::V3 => body.put_slice(format!("{}:", utf16_len(text)).as_bytes()),
        }
        body.put_slice(text);
    }
    body.freeze()
}

fn write_bytes(records: &[Record], size: usize) -> Bytes {
    let mut body = BytesMut::with_capacity(size);
    for record in records {
        let (kind, data) = match record {
            Record::Text(text) => (0, text),
            Record::Binary(data) => (1, data),
        };
        body.put_u8(kind);
        body.extend(data.len().to_string().bytes().map(|digit| digit - b'0'));
        body.put_u8(0xff);
        body.put_slice(data);
    }
    body.freeze()
}

/// Writes a binary message as text: `b`, in revision 3 the type's digit in place of its byte, base64.
fn encode_base64_record(out: &mut String, revision: Revision, data: &[u8]) {
    out.clear();
    match (revision, data) {
        (Revision::V3, [_, data @ ..]) => {
            out.push_str("b4");
            put_base64(out, data);
        }
        _ => {
            out.push('b');
            put_base64(out, data);
        }
    }
}

fn base64_record_len(revision: Revision, data: &[u8]) -> usize {
    match revision {
        Revision::V4 => 1 + data.len().div_ceil(3) * 4,
        Revision::V3 => 2 + data.len().saturating_sub(1).div_ceil(3) * 4,
    }
}

/// Counts UTF-16 code units: one for each character's first byte, one more for the characters of four bytes.
fn utf16_len(utf8: &[u8]) -> usize {
    utf8.iter().map(|&byte| usize::from((byte as i8) >= -64) + usize::from(byte >= 0xf0)).sum()
}

fn digits(number: usize) -> usize {
    number.checked_ilog10().map_or(1, |log| log as usize + 1)
}
