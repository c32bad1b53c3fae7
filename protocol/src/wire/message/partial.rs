//! A packet that waits for its attachments, and the placeholders they replace.

use bytes::Bytes;
use compact_str::CompactString;

use super::decode::parse_value_within;
use super::{MessageError, Packet};
use crate::wire::args::Args;
use crate::wire::limits::Limits;
use crate::wire::value::{Budget, Value};

/// A packet whose text has come and whose attachments have not all. The text stays text until then.
#[derive(Debug)]
pub struct Partial {
    packet: Packet,
    count: usize,
    attachments: Vec<Bytes>,
    total_bytes: usize,
}

impl Partial {
    pub(super) fn new(packet: Packet, count: usize) -> Self {
        Self { packet, count, attachments: Vec::new(), total_bytes: 0 }
    }

    /// Returns how many attachments are still to come.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.count.saturating_sub(self.attachments.len())
    }

    /// Takes the next attachment; returns the packet when it was the last. After that, or an error, there is nothing more
    /// to be had from here.
    ///
    /// # Errors
    /// Attachments over the limits, or placeholders that name none of them, or one twice.
    pub fn add(&mut self, attachment: Bytes, limits: &Limits) -> Result<Option<Packet>, MessageError> {
        if self.remaining() == 0 {
            return Err(MessageError::TooManyAttachments);
        }
        self.total_bytes = self.total_bytes.saturating_add(attachment.len());
        if self.total_bytes > limits.max_attachment_bytes {
            return Err(MessageError::AttachmentsTooBig);
        }
        self.attachments.push(attachment);
        if self.remaining() > 0 {
            return Ok(None);
        }
        let attachments = std::mem::take(&mut self.attachments);
        let mut packet = std::mem::replace(&mut self.packet, Packet::Disconnect { namespace: CompactString::default() });
        self.count = 0;
        if let Packet::Event { args, .. } | Packet::Ack { args, .. } = &mut packet {
            *args = Args::Tree(put_in_place(args, attachments, limits)?);
        }
        Ok(Some(packet))
    }
}

/// Parses the arguments and replaces each `{"_placeholder": true, "num": n}` by attachment `n`.
fn put_in_place(args: &Args, attachments: Vec<Bytes>, limits: &Limits) -> Result<Vec<Value>, MessageError> {
    let Args::Json(texts) = args else { return Err(MessageError::BadPlaceholder) };
    let budget = Budget::new(limits.max_values);
    let mut attachments: Vec<Option<Bytes>> = attachments.into_iter().map(Some).collect();
    let mut values = Vec::with_capacity(texts.len());
    for text in texts {
        let mut value = parse_value_within(text.get(), &budget)?;
        replace_placeholders(&mut value, &mut attachments)?;
        values.push(value);
    }
    Ok(values)
}

/// Replaces the placeholders in a value; its depth is bounded.
pub(super) fn replace_placeholders(value: &mut Value, attachments: &mut [Option<Bytes>]) -> Result<(), MessageError> {
    if is_placeholder(value) {
        let number = match value.get("num") {
            Some(Value::Int(number)) => usize::try_from(*number).ok(),
            _ => None,
        };
        let attachment = number.and_then(|number| attachments.get_mut(number)).and_then(Option::take);
        *value = Value::Binary(attachment.ok_or(MessageError::BadPlaceholder)?);
        return Ok(());
    }
    match value {
        Value::Array(items) => items.iter_mut().try_for_each(|item| replace_placeholders(item, attachments)),
        Value::Object(members) => members.iter_mut().try_for_each(|(_, item)| replace_placeholders(item, attachments)),
        _ => Ok(()),
    }
}

/// Returns whether a receiver of JSON would take this object for a placeholder.
pub(in crate::wire) fn is_placeholder(value: &Value) -> bool {
    value.get("_placeholder") == Some(&Value::Bool(true))
}
