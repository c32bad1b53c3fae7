//! WebSocket frames: however the input is cut into reads, the same messages or the same error come out, and the messages
//! survive being written again.

#![no_main]

use bytes::BytesMut;
use hubbub_protocol::wire::frame::{Decoder, FrameError, Incoming, Input, Opcode, put_masked_frame};
use libfuzzer_sys::fuzz_target;

type Messages = Vec<(Opcode, Vec<u8>)>;

fn owned(incoming: Incoming<'_>) -> (Opcode, Vec<u8>) {
    match incoming {
        Incoming::Text(text) => (Opcode::Text, text.into()),
        Incoming::Binary(bytes) => (Opcode::Binary, bytes.into()),
        Incoming::Ping(bytes) => (Opcode::Ping, bytes.into()),
        Incoming::Pong(bytes) => (Opcode::Pong, bytes.into()),
        Incoming::Close(None) => (Opcode::Close, Vec::new()),
        Incoming::Close(Some((code, reason))) => (Opcode::Close, [&code.to_be_bytes(), reason.as_bytes()].concat()),
    }
}

fn decode(bytes: &[u8], read_len: usize) -> (Messages, Option<FrameError>) {
    let mut decoder = Decoder::new(10_000, 8);
    let mut messages = Vec::new();
    for read in bytes.chunks(read_len) {
        let mut read = read.to_vec();
        let mut input = Input::new(&mut read);
        loop {
            match decoder.next(&mut input) {
                Ok(Some(incoming)) => messages.push(owned(incoming)),
                Ok(None) => break,
                Err(error) => return (messages, Some(error)),
            }
        }
        assert_eq!(input.remaining(), 0);
    }
    (messages, None)
}

fuzz_target!(|data: &[u8]| {
    let Some((&read_len, bytes)) = data.split_first() else { return };
    let whole = decode(bytes, usize::MAX);
    assert_eq!(decode(bytes, usize::from(read_len).max(1)), whole);

    let mut again = BytesMut::new();
    for (opcode, payload) in &whole.0 {
        put_masked_frame(&mut again, *opcode, [read_len, 1, 2, 3], payload);
    }
    assert_eq!(decode(&again, 7), (whole.0, None));
});
