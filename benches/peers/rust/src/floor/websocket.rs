//! Just enough of RFC 6455: the handshake, whole unfragmented frames in, unmasked frames out.

use std::rc::Rc;

use tungstenite::handshake::derive_accept_key;

pub const TEXT: u8 = 1;
pub const BINARY: u8 = 2;
pub const CLOSE: u8 = 8;

/// Returns the answer to an upgrade request, and how long the request is; nothing while it is incomplete.
pub fn accept(input: &[u8]) -> Option<(Vec<u8>, usize)> {
    let length = input.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&input[..length]);
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("sec-websocket-key").then(|| value.trim().to_owned())
    };
    let answer = match head.lines().find_map(header) {
        Some(key) => format!(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {}\r\n\r\n",
            derive_accept_key(key.as_bytes())
        ),
        None => "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".to_owned(),
    };
    Some((answer.into_bytes(), length))
}

/// Takes the first frame out of `input`, unmasked in place: its opcode, its payload and what follows it.
pub fn take(input: &mut [u8]) -> Option<(u8, &mut [u8], &mut [u8])> {
    let opcode = input.first()? & 0x0f;
    let (head, length) = match input.get(1)? & 0x7f {
        126 => (4, u16::from_be_bytes(input.get(2..4)?.try_into().ok()?) as usize),
        127 => (10, u64::from_be_bytes(input.get(2..10)?.try_into().ok()?) as usize),
        short => (2, short as usize),
    };
    let key: [u8; 4] = input.get(head..head + 4)?.try_into().ok()?;
    let (frame, rest) = input.split_at_mut_checked(head + 4 + length)?;
    let payload = &mut frame[head + 4..];
    let (words, tail) = payload.as_chunks_mut::<4>();
    words.iter_mut().for_each(|word| *word = (u32::from_ne_bytes(*word) ^ u32::from_ne_bytes(key)).to_ne_bytes());
    tail.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
    Some((opcode, payload, rest))
}

/// Returns a frame whose payload is these pieces.
pub fn frame(opcode: u8, pieces: &[&[u8]]) -> Rc<[u8]> {
    let length: usize = pieces.iter().map(|piece| piece.len()).sum();
    let mut frame = Vec::with_capacity(length + 10);
    frame.push(0x80 | opcode);
    match length {
        0..126 => frame.push(length as u8),
        126..0x1_0000 => {
            frame.push(126);
            frame.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            frame.push(127);
            frame.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    pieces.iter().for_each(|piece| frame.extend_from_slice(piece));
    frame.into()
}
