//! WebSocket frames as a client reads them: unmasked, in place. The shared decoder is a server's and wants a mask.

/// A whole frame of a server.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame<'a> {
    Text(&'a [u8]),
    Binary(&'a [u8]),
    Ping(&'a [u8]),
    Pong,
    Close(&'a [u8]),
}

/// A longer frame is not read: it is more than any server here sends.
const MAX_PAYLOAD: usize = 64 << 20;

/// Returns the next frame and its length; none if it is not whole yet.
pub(super) fn next(received: &[u8]) -> Result<Option<(Frame<'_>, usize)>, &'static str> {
    let [first, second, rest @ ..] = received else { return Ok(None) };
    let (head, payload_len) = match (*second, rest) {
        (len @ 0..126, _) => (2, usize::from(len)),
        (126, [high, low, ..]) => (4, usize::from(u16::from_be_bytes([*high, *low]))),
        (127, [_, _, _, _, _, _, _, _, ..]) => (10, long(rest)),
        (126 | 127, _) => return Ok(None),
        _ => return Err("the server sent a masked frame"),
    };
    if payload_len > MAX_PAYLOAD {
        return Err("the server sent a frame of more than 64 MiB");
    }
    let Some(payload) = received.get(head..head + payload_len) else { return Ok(None) };
    let frame = match first {
        0x81 => Frame::Text(payload),
        0x82 => Frame::Binary(payload),
        0x88 => Frame::Close(payload),
        0x89 => Frame::Ping(payload),
        0x8a => Frame::Pong,
        0x00..=0x02 | 0x80 => return Err("the server sent a message in fragments, which this generator does not put together"),
        _ => return Err("the server sent a frame that is no WebSocket frame"),
    };
    Ok(Some((frame, head + payload_len)))
}

fn long(rest: &[u8]) -> usize {
    let len = rest.first_chunk().map_or(u64::MAX, |len| u64::from_be_bytes(*len));
    usize::try_from(len).unwrap_or(usize::MAX)
}

/// Says why a server closed, from the payload of its close frame.
pub(super) fn close_reason(payload: &[u8]) -> String {
    match payload.split_first_chunk() {
        Some((code, [])) => format!("the server closed the connection with code {}", u16::from_be_bytes(*code)),
        Some((code, text)) => {
            let (code, text) = (u16::from_be_bytes(*code), String::from_utf8_lossy(text));
            format!("the server closed the connection with code {code}, `{text}`")
        }
        None => "the server closed the connection".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use hubbub_protocol::wire::frame::{Opcode, frame};

    use super::*;

    #[test]
    fn frames_of_every_length_are_read_once_they_are_whole() {
        for len in [0, 1, 125, 126, 65_535, 65_536] {
            let payload = vec![b'x'; len];
            let mut bytes = frame(Opcode::Text, &payload).to_vec();
            let whole = bytes.len();
            assert_eq!(next(&bytes[..whole - 1]), Ok(None), "{len}");
            bytes.push(0x81);
            assert_eq!(next(&bytes), Ok(Some((Frame::Text(&payload), whole))), "{len}");
        }
    }

    #[test]
    fn what_no_server_may_send_is_refused() {
        assert!(next(&[0x81, 0x80]).is_err(), "masked");
        assert!(next(&[0x01, 0x00]).is_err(), "a fragment");
        assert!(next(&[0x83, 0x00]).is_err(), "no opcode");
        assert!(next(&[0x82, 127, 0xff, 0, 0, 0, 0, 0, 0, 0]).is_err(), "too long");
    }

    #[test]
    fn a_close_says_why() {
        let reason = close_reason(&[0x03, 0xe9, b'b', b'y', b'e']);
        assert_eq!(reason, "the server closed the connection with code 1001, `bye`");
    }
}
