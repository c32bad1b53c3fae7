//! Tests of both directions of polling bodies.

use bytes::Bytes;

use super::{ContentType, Encoder, PacketBuf, PayloadError, decode};
use crate::wire::limits::Limits;
use crate::wire::packet::{PacketError, PacketType, Revision, binary_frame, text_frame};

const LIMITS: Limits = Limits { max_payload_packets: 4, ..Limits::new(1000) };

fn text(text: &str) -> PacketBuf {
    PacketBuf::Text(text.into())
}

fn binary(bytes: &[u8]) -> PacketBuf {
    PacketBuf::Binary(Bytes::copy_from_slice(bytes))
}

#[test]
fn revision_4_separates_packets() {
    let check = |body: &str, packets| assert_eq!(decode(Revision::V4, body.as_bytes(), false, &LIMITS), packets, "{body:?}");
    check("4hello", Ok(vec![text("hello")]));
    check("4h\u{1e}2\u{1e}bAQID\u{1e}4€", Ok(vec![text("h"), PacketBuf::Ping(String::new()), binary(&[1, 2, 3]), text("€")]));
    check("", Err(PacketError::Empty.into()));
    check("4a\u{1e}", Err(PacketError::Empty.into()));
    check("4a\u{1e}abc", Err(PacketError::UnknownType.into()));
    check("4\u{1e}4\u{1e}4\u{1e}4\u{1e}4", Err(PayloadError::TooManyPackets));
}

#[test]
fn revision_3_counts_utf16_units_in_text() {
    let check = |body: &str, packets| assert_eq!(decode(Revision::V3, body.as_bytes(), false, &LIMITS), packets, "{body:?}");
    check("6:4hello", Ok(vec![text("hello")]));
    check("2:4€4:4😀a6:b4AQID1:1", Ok(vec![text("€"), text("😀a"), binary(&[1, 2, 3]), PacketBuf::Close]));
    check("0:", Ok(vec![]));
    check("", Err(PacketError::Empty.into()));
    check("2:4😀", Err(PayloadError::BadLength));
    check("9:4hello", Err(PayloadError::BadLength));
    check("6:4hello3", Err(PayloadError::BadLength));
    check("-1:4", Err(PayloadError::BadLength));
    check("+2:4a", Err(PayloadError::BadLength));
    check("1000000000:4a", Err(PayloadError::BadLength));
    check(":4a", Err(PayloadError::BadLength));
    check("1:41:41:41:41:4", Err(PayloadError::TooManyPackets));
}

#[test]
fn revision_3_counts_bytes_in_bytes() {
    let check = |body: &[u8], packets| assert_eq!(decode(Revision::V3, body, true, &LIMITS), packets, "{body:?}");
    check(&[0, 4, 255, b'4', 0xe2, 0x82, 0xac, 1, 3, 255, 4, 1, 2], Ok(vec![text("€"), binary(&[1, 2])]));
    check(&[0, 0, 2, 255, b'4', b'a'], Ok(vec![text("a")]));
    check(&[], Ok(vec![]));
    check(&[0, 255], Err(PayloadError::BadLength));
    check(&[0, 255, 255], Err(PayloadError::BadLength));
    check(&[0, 10, 255], Err(PayloadError::BadLength));
    check(&[0, 2, 255, b'4'], Err(PayloadError::BadLength));
    check(&[0, 1], Err(PayloadError::BadLength));
    check(&[2, 1, 255, b'4'], Err(PayloadError::BadLength));
    check(&[0, 1, 255, 0xff], Err(PayloadError::BadUtf8));
    check(&[1, 2, 255, 2, 1], Err(PacketError::UnknownType.into()));
    check(&[[0].as_slice(), &[9; 10], &[255]].concat(), Err(PayloadError::BadLength));
}

#[test]
fn a_body_over_the_limit_is_refused_unread() {
    assert_eq!(decode(Revision::V4, &[b'4'; 1001], false, &LIMITS), Err(PayloadError::TooBig));
}

#[test]
fn a_body_is_written_as_its_reader_needs_it() {
    let entry = |revision| Bytes::from([text_frame(PacketType::Message, "€"), binary_frame(revision, &[1, 2])].concat());
    let check = |revision, binary_ok, body: &[u8], content_type| {
        let mut encoder = Encoder::new(revision, binary_ok, 1000);
        assert!(encoder.is_empty());
        assert!(encoder.push_frames(&entry(revision)));
        assert_eq!(encoder.finish(), (Bytes::copy_from_slice(body), content_type));
    };
    check(Revision::V4, false, "4€\u{1e}bAQI=".as_bytes(), ContentType::Text);
    check(Revision::V3, false, "2:4€6:b4AQI=".as_bytes(), ContentType::Text);
    check(Revision::V3, true, &[0, 4, 255, b'4', 0xe2, 0x82, 0xac, 1, 3, 255, 4, 1, 2], ContentType::OctetStream);
}

#[test]
fn text_alone_stays_text() {
    let mut encoder = Encoder::new(Revision::V3, true, 1000);
    assert!(encoder.push_frames(&text_frame(PacketType::Message, "😀")));
    let (body, content_type) = encoder.finish();
    assert_eq!((&body[..], content_type.as_str()), ("3:4😀".as_bytes(), "text/plain; charset=UTF-8"));
}

#[test]
fn an_entry_that_would_pass_the_limit_waits_unless_it_is_the_first() {
    let mut encoder = Encoder::new(Revision::V4, false, 10);
    assert!(encoder.push_frames(&text_frame(PacketType::Message, &"a".repeat(50))));
    assert!(!encoder.push_frames(&text_frame(PacketType::Message, "a")));
    assert_eq!(encoder.finish().0.len(), 51);

    let mut encoder = Encoder::new(Revision::V4, false, 8);
    assert!(encoder.push_frames(&text_frame(PacketType::Message, "a")));
    let pair = Bytes::from(text_frame(PacketType::Message, "b").repeat(2));
    assert!(encoder.push_frames(&pair));
    assert!(!encoder.push_frames(&pair));
    assert_eq!(encoder.finish().0, "4a\u{1e}4b\u{1e}4b");
}
