//! Joining the room that a run's connections share.

use crate::load::links::Links;
use crate::load::worker::excerpt;

/// Everything short that scenarios send carries a string of so many bytes, which makes messages of about 100.
pub(super) const VALUE_BYTES: usize = 74;

/// Asks to join. The room is named after this process, so that two runs at a time do not hear each other.
pub(super) fn join(links: &mut Links, slot: usize) {
    let packet = format!(r#"420["join","load-{}"]"#, std::process::id());
    links.send(slot, packet.as_bytes());
}

/// Takes an acknowledgement: the connection is in the room now. Says whether it was one.
pub(super) fn joined(links: &mut Links, slot: usize, message: &[u8]) -> bool {
    let is_ack = message.starts_with(b"430[");
    if is_ack {
        links.ready(slot);
    }
    is_ack
}

/// Counts a message that has no place in the scenario.
pub(super) fn unexpected(links: &mut Links, message: &[u8]) {
    links.recorder.wrong(|| format!("a message that nobody asked for: `{}`", excerpt(message)));
}

/// Counts a message whose content is not what was sent.
pub(super) fn garbled(links: &mut Links, message: &[u8]) {
    links.recorder.wrong(|| format!("a message that was not sent like this: `{}`", excerpt(message)));
}
