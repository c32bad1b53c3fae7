//! Tests of both directions of frames.

use bytes::{Bytes, BytesMut};

use super::{Decoder, FrameError, Incoming, Input, Opcode, close_frame, frame, frames, put_masked_fragment, put_masked_frame};

const MASK: [u8; 4] = [0x11, 0x22, 0x33, 0x44];

/// A message that owns its payload.
#[derive(Debug, Clone, PartialEq)]
enum Message {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<(u16, String)>),
}

impl From<Incoming<'_>> for Message {
    fn from(incoming: Incoming<'_>) -> Self {
        match incoming {
            Incoming::Text(text) => Self::Text(text.into()),
            Incoming::Binary(bytes) => Self::Binary(bytes.into()),
            Incoming::Ping(bytes) => Self::Ping(bytes.into()),
            Incoming::Pong(bytes) => Self::Pong(bytes.into()),
            Incoming::Close(close) => Self::Close(close.map(|(code, reason)| (code, reason.into()))),
        }
    }
}

/// Decodes `bytes` as they come in reads of `read_len`.
fn decode(decoder: &mut Decoder, bytes: &[u8], read_len: usize) -> Result<Vec<Message>, FrameError> {
    let mut messages = Vec::new();
    for read in bytes.chunks(read_len) {
        let mut read = read.to_vec();
        let mut input = Input::new(&mut read);
        while let Some(incoming) = decoder.next(&mut input)? {
            messages.push(incoming.into());
        }
        assert_eq!(input.remaining(), 0);
    }
    Ok(messages)
}

fn masked(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let mut out = BytesMut::new();
    put_masked_frame(&mut out, opcode, MASK, payload);
    out.to_vec()
}

fn fragment(opcode: u8, fin: bool, payload: &[u8]) -> Vec<u8> {
    let mut out = BytesMut::new();
    put_masked_fragment(&mut out, opcode, fin, MASK, payload);
    out.to_vec()
}

fn text(text: &str) -> Message {
    Message::Text(text.into())
}

fn refused(bytes: &[u8]) -> FrameError {
    let whole = decode(&mut Decoder::new(1000, 4), bytes, usize::MAX).expect_err("refused in one read");
    let split = decode(&mut Decoder::new(1000, 4), bytes, 1).expect_err("refused byte by byte");
    assert_eq!(whole, split);
    whole
}

#[test]
fn messages_decode_alike_however_the_reads_cut_them() {
    let long = "ü".repeat(40_000);
    let bytes = [
        masked(Opcode::Text, b"hello"),
        masked(Opcode::Binary, &[7; 126]),
        masked(Opcode::Ping, b"p"),
        fragment(1, false, "gr\u{fc}".as_bytes().split_at(3).0),
        masked(Opcode::Ping, b"between"),
        fragment(0, false, b""),
        fragment(0, true, &[0xbc, b'n']),
        masked(Opcode::Text, long.as_bytes()),
        masked(Opcode::Text, b""),
        masked(Opcode::Pong, b""),
        masked(Opcode::Close, &[0x03, 0xe8, b'b', b'y', b'e']),
    ]
    .concat();
    let expected = vec![
        text("hello"),
        Message::Binary(vec![7; 126]),
        Message::Ping(b"p".to_vec()),
        Message::Ping(b"between".to_vec()),
        text("grün"),
        text(&long),
        text(""),
        Message::Pong(Vec::new()),
        Message::Close(Some((1000, "bye".into()))),
    ];
    for read_len in [1, 2, 3, 7, 64, 1000, bytes.len()] {
        let mut decoder = Decoder::new(100_000, 4);
        assert_eq!(decode(&mut decoder, &bytes, read_len), Ok(expected.clone()), "reads of {read_len}");
    }
}

#[test]
fn an_idle_decoder_is_small_and_holds_no_buffer() {
    assert!(size_of::<Decoder>() <= 64);
    let mut decoder = Decoder::new(1000, 4);
    decode(&mut decoder, &masked(Opcode::Text, b"in two reads"), 9).expect("decodes");
    assert!(format!("{decoder:?}").contains("partial: None"));
}

#[test]
fn an_announced_length_reserves_nothing() {
    let mut decoder = Decoder::new(usize::MAX, 4);
    let announces_two_gib = [0x82, 0xff, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 1, 2, 3, 4, 5];
    assert_eq!(decode(&mut decoder, &announces_two_gib, 100), Ok(Vec::new()));
    assert!(format!("{decoder:?}").len() < 500);
}

#[test]
fn violations_are_refused_with_the_code_that_names_them() {
    let check = |bytes: &[u8], error: FrameError, close_code: u16| {
        assert_eq!(refused(bytes), error, "{bytes:x?}");
        assert_eq!(error.close_code(), close_code);
    };
    check(&[0x81, 0x01, b'a'], FrameError::Unmasked, 1002);
    check(&[0xc1, 0x80], FrameError::ReservedBits, 1002);
    check(&[0x83, 0x80], FrameError::UnknownOpcode(3), 1002);
    check(&[0x8b, 0x80], FrameError::UnknownOpcode(11), 1002);
    check(&[0x89, 0xfe], FrameError::ControlTooLong, 1002);
    check(&[0x09, 0x80], FrameError::ControlFragmented, 1002);
    check(&fragment(0, true, b"a"), FrameError::NothingToContinue, 1002);
    check(&[fragment(1, false, b"a"), fragment(1, true, b"b")].concat(), FrameError::MessageInsideMessage, 1002);
    check(&[0x82, 0xfe, 0, 125, 0, 0, 0, 0], FrameError::LengthNotMinimal, 1002);
    check(&[0x82, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0], FrameError::LengthNotMinimal, 1002);
    check(&masked(Opcode::Close, &[3]), FrameError::BadClose, 1002);
    check(&masked(Opcode::Close, &1005_u16.to_be_bytes()), FrameError::BadClose, 1002);
    check(&masked(Opcode::Close, &2999_u16.to_be_bytes()), FrameError::BadClose, 1002);
    check(&masked(Opcode::Close, &[3, 0xe8, 0xff]), FrameError::BadUtf8, 1007);
    check(&masked(Opcode::Text, &[0xff]), FrameError::BadUtf8, 1007);
    check(&masked(Opcode::Text, &[0xc3]), FrameError::BadUtf8, 1007);
    check(&masked(Opcode::Binary, &[0; 1001]), FrameError::TooBig, 1009);
    check(&[0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0], FrameError::TooBig, 1009);
    check(&[fragment(2, false, &[0; 600]), fragment(0, true, &[0; 401])].concat(), FrameError::TooBig, 1009);
    let five_fragments = [fragment(2, false, b""), fragment(0, false, b"").repeat(3), fragment(0, true, b"")].concat();
    check(&five_fragments, FrameError::TooManyFragments, 1009);
}

#[test]
fn bad_utf8_is_refused_before_the_message_ends() {
    check_refused_after(&[0xce, 0xba, 0xf4, 0x90]);
    check_refused_after(&[b'a', 0xc0]);

    fn check_refused_after(first: &[u8]) {
        let mut bytes = fragment(1, false, first);
        let mut decoder = Decoder::new(1000, 4);
        assert_eq!(decoder.next(&mut Input::new(&mut bytes)), Err(FrameError::BadUtf8));
    }
}

#[test]
fn a_message_of_exactly_the_limits_passes() {
    let bytes = [fragment(2, false, &[1; 500]), fragment(0, false, b"").repeat(2), fragment(0, true, &[1; 500])].concat();
    assert_eq!(decode(&mut Decoder::new(1000, 4), &bytes, 100), Ok(vec![Message::Binary(vec![1; 1000])]));
    assert_eq!(decode(&mut Decoder::new(1000, 4), &masked(Opcode::Binary, &[1; 1000]), 100).map(|all| all.len()), Ok(1));
}

#[test]
fn headers_take_their_shortest_form() {
    let head_of = |len: usize| frame(Opcode::Binary, &vec![0; len]).len() - len;
    assert_eq!([0, 125, 126, 65_535, 65_536].map(head_of), [2, 2, 4, 4, 10]);
    assert_eq!(frame(Opcode::Text, b"hi")[..], [0x81, 2, b'h', b'i']);
}

#[test]
fn frames_of_an_entry_are_its_slices() {
    let long = vec![9; 70_000];
    let entry: Bytes =
        [frame(Opcode::Text, b"a"), frame(Opcode::Binary, &[1; 200]), frame(Opcode::Binary, &long)].concat().into();
    let found: Vec<_> = frames(&entry).collect();
    assert_eq!(found.len(), 3);
    assert_eq!(found[0], (Opcode::Text, Bytes::from_static(b"a")));
    assert_eq!(found[1].1, vec![1; 200]);
    assert_eq!(found[2].1, long);
    assert_eq!(found[0].1.as_ptr(), entry[2..].as_ptr());
    assert_eq!(frames(&entry.slice(..100)).count(), 1);
}

#[test]
fn a_close_reason_is_cut_at_a_character() {
    let frame = close_frame(1001, &"ü".repeat(100));
    let (opcode, payload) = frames(&frame).next().expect("one frame");
    assert_eq!((opcode, payload.len()), (Opcode::Close, 124));
    assert_eq!(payload[..4], [0x03, 0xe9, 0xc3, 0xbc]);
}
