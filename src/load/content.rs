//! What messages say: a number, a sender, and text that follows from both, so that a receiver can verify every byte.

use std::ops::Range;

/// Digits of the number and of the sender.
const NUMBER_LEN: usize = 10;
const SENDER_LEN: usize = 6;
/// The text begins at one of so many places of a longer one; a prime, so that neighbours differ.
const SHIFTS: u64 = 61;

/// Writes and verifies messages of one length.
#[derive(Debug, Clone)]
pub struct Content {
    text: Vec<u8>,
    text_len: usize,
}

/// What a received message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Another event.
    Other,
    /// This event with content that nobody sent.
    Wrong,
    /// An intact message.
    Intact {
        /// The sender's number among the connections.
        sender: usize,
        /// The message's number among the sender's.
        number: u64,
    },
}

impl Content {
    /// The shortest message that can be verified.
    pub const MIN_BYTES: usize = NUMBER_LEN + SENDER_LEN + 1;

    /// Returns the content of messages that carry a string of `bytes` bytes.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        let text_len = bytes.max(Self::MIN_BYTES) - NUMBER_LEN - SENDER_LEN;
        let mut state: u32 = 0x2545_f491;
        let letter = |_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            b'a' + (state % 26) as u8
        };
        Self { text: (0..text_len + SHIFTS as usize).map(letter).collect(), text_len }
    }

    /// Replaces `out` by a message: `head` up to the value's opening quote, the value, and the end.
    pub fn write(&self, out: &mut Vec<u8>, head: &[u8], sender: usize, number: u64) {
        out.clear();
        out.extend_from_slice(head);
        put_digits::<NUMBER_LEN>(out, number);
        put_digits::<SENDER_LEN>(out, sender as u64);
        out.extend_from_slice(self.text(sender, number));
        out.extend_from_slice(b"\"]");
    }

    /// Reads and verifies a message whose value begins after `head`.
    #[must_use]
    pub fn read(&self, message: &[u8], head: &[u8]) -> Found {
        let Some(rest) = message.strip_prefix(head) else { return Found::Other };
        self.verified(rest).map_or(Found::Wrong, |(sender, number)| Found::Intact { sender, number })
    }

    fn verified(&self, rest: &[u8]) -> Option<(usize, u64)> {
        let (number, rest) = rest.split_first_chunk::<NUMBER_LEN>()?;
        let (sender, rest) = rest.split_first_chunk::<SENDER_LEN>()?;
        let (number, sender) = (value(number)?, usize::try_from(value(sender)?).ok()?);
        let (text, end) = rest.split_at_checked(self.text_len)?;
        // With connection state recovery a server appends an argument.
        let is_ended = end == b"\"]" || end.starts_with(b"\",");
        (is_ended && text == self.text(sender, number)).then_some((sender, number))
    }

    fn text(&self, sender: usize, number: u64) -> &[u8] {
        self.text.get(self.place(sender, number)).unwrap_or_default()
    }

    fn place(&self, sender: usize, number: u64) -> Range<usize> {
        let shift = (number.wrapping_add(sender as u64 * 7) % SHIFTS) as usize;
        shift..shift + self.text_len
    }
}

fn put_digits<const LEN: usize>(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [b'0'; LEN];
    for digit in digits.iter_mut().rev() {
        *digit += (number % 10) as u8;
        number /= 10;
    }
    out.extend_from_slice(&digits);
}

fn value(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + u64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &[u8] = br#"42["update",""#;

    fn message(content: &Content) -> Vec<u8> {
        let mut out = Vec::new();
        content.write(&mut out, HEAD, 42, 1_234_567);
        out
    }

    #[test]
    fn what_was_written_is_read() {
        let content = Content::new(74);
        let message = message(&content);
        assert_eq!(message.len(), HEAD.len() + 74 + 2);
        assert_eq!(content.read(&message, HEAD), Found::Intact { sender: 42, number: 1_234_567 });
        assert_eq!(content.read(&message, br#"42["frame",""#), Found::Other);
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let content = Content::new(74);
        let original = message(&content);
        for at in HEAD.len()..original.len() {
            let mut changed = original.clone();
            changed[at] ^= 1;
            assert_ne!(content.read(&changed, HEAD), content.read(&original, HEAD), "byte {at}");
        }
        assert_eq!(content.read(&original[..original.len() - 1], HEAD), Found::Wrong);
    }

    #[test]
    fn an_offset_for_recovery_may_follow() {
        let content = Content::new(74);
        let mut message = message(&content);
        message.pop();
        message.extend_from_slice(b",\"offset\"]");
        assert_eq!(content.read(&message, HEAD), Found::Intact { sender: 42, number: 1_234_567 });
    }
}
