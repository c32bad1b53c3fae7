//! Addresses to which a part may be sent without a password: signed, for one part of one upload, for a while.
//!
//! `/_store/sessions/x/recording.mp4?partNumber=5&uploadId=…&X-Amz-Date=20260206T120000Z&X-Amz-Expires=3600&X-Amz-Signature=…`

use std::fmt::{self, Write};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{Key, PartNumber, Upload, UploadId};
use crate::kit::clock::Timestamp;

/// What the path of every address of the hub's own store begins with.
pub const PREFIX: &str = "/_store/";

/// The longest that an address may be valid: a week, as in S3.
pub const LONGEST_SECS: u32 = 604_800;

/// An address that a store gives out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Url {
    /// It is complete, and leads to another server.
    Elsewhere(String),
    /// Path and query, beginning with `/`, served by the hub itself.
    Hub(String),
}

impl Url {
    /// Returns the whole address; `origin` is how clients reach the hub (`https://hub.example.com`, without a slash at its end).
    #[must_use]
    pub fn at(self, origin: &str) -> String {
        match self {
            Self::Elsewhere(url) => url,
            Self::Hub(path) => format!("{origin}{path}"),
        }
    }
}

/// Why an address is refused. Nothing more is said: the rest would help only a forger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WrongUrl {
    /// It was valid once.
    #[error("the address has expired")]
    Expired,
    /// It never was.
    #[error("the address is not valid")]
    Invalid,
}

/// Signs and verifies the addresses of the hub's own store.
#[derive(Clone)]
pub struct PartUrls(Hmac<Sha256>);

impl fmt::Debug for PartUrls {
    /// Leaves the key out.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("PartUrls")
    }
}

impl PartUrls {
    /// Returns the addresses that are signed with `key`: 32 random bytes, kept as long as addresses are to be valid.
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        Self(Hmac::new_from_slice(key).expect("a key of any length will do"))
    }

    /// Returns path and query for one part, valid for `valid_secs` from `now`.
    #[must_use]
    pub fn sign(&self, upload: &Upload, number: PartNumber, valid_secs: u32, now: Timestamp) -> String {
        let (signed_at, valid_secs) = (now.secs(), valid_secs.min(LONGEST_SECS));
        let signature = self.mac(upload, number, signed_at, valid_secs).finalize().into_bytes();
        let mut url = path(&upload.key);
        url.push_str("?partNumber=");
        url.push_str(&number.to_string());
        url.push_str("&uploadId=");
        encode(upload.id.as_str(), &mut url);
        // Writing to a string does not fail.
        let date = write_date(now);
        let _written = write!(url, "&X-Amz-Date={date}&X-Amz-Expires={valid_secs}&X-Amz-Signature=");
        for byte in signature {
            let _written = write!(url, "{byte:02x}");
        }
        url
    }

    /// Returns which part may be written to an address: its path and its query as they came, without the question mark.
    ///
    /// # Errors
    /// Anything is not as it was signed, or the time is over.
    pub fn verify(&self, path: &str, query: &str, now: Timestamp) -> Result<(Upload, PartNumber), WrongUrl> {
        let asked = Asked::read(path, query).ok_or(WrongUrl::Invalid)?;
        let Asked { upload, number, signed_at, valid_secs, signature } = asked;
        let mac = self.mac(&upload, number, signed_at, valid_secs);
        // Compares in constant time.
        mac.verify_slice(&signature).map_err(|_| WrongUrl::Invalid)?;
        let is_over = now.secs() >= signed_at.saturating_add(i64::from(valid_secs));
        if is_over { Err(WrongUrl::Expired) } else { Ok((upload, number)) }
    }

    /// No field has a line break in it, so different fields never make the same text.
    fn mac(&self, upload: &Upload, number: PartNumber, signed_at: i64, valid_secs: u32) -> Hmac<Sha256> {
        let Upload { key, id } = upload;
        let text = format!("hubbub/part/1\n{key}\n{id}\n{number}\n{signed_at}\n{valid_secs}");
        self.0.clone().chain_update(text)
    }
}

/// An address before anything of it is believed.
struct Asked {
    upload: Upload,
    number: PartNumber,
    signed_at: i64,
    valid_secs: u32,
    signature: [u8; 32],
}

impl Asked {
    /// Every field once and in its only spelling; fields of other names are none of ours.
    fn read(path: &str, query: &str) -> Option<Self> {
        let key = Key::parse(decode(path.strip_prefix(PREFIX)?)?).ok()?;
        let field = |name: &str| {
            let mut values = query.split('&').filter_map(|field| field.strip_prefix(name)?.strip_prefix('='));
            let value = values.next()?;
            if values.next().is_some() { None } else { decode(value) }
        };
        Some(Self {
            upload: Upload { key, id: UploadId::parse(field("uploadId")?)? },
            number: PartNumber::new(field("partNumber")?.parse::<u16>().ok()?)?,
            signed_at: read_date(&field("X-Amz-Date")?)?.secs(),
            valid_secs: field("X-Amz-Expires")?.parse().ok()?,
            signature: from_hex(&field("X-Amz-Signature")?)?,
        })
    }
}

/// Writes a moment as S3 does: `20260206T120000Z`.
fn write_date(at: Timestamp) -> String {
    let mut date = at.iso();
    date.truncate("2026-02-06T12:00:00".len());
    date.retain(|one| one != '-' && one != ':');
    date + "Z"
}

/// Reads such a moment in its only spelling.
fn read_date(text: &str) -> Option<Timestamp> {
    let part = |from: usize, to: usize| text.get(from..to);
    let (year, month, day, hour) = (part(0, 4)?, part(4, 6)?, part(6, 8)?, part(8, 11)?);
    let at = Timestamp::parse_iso(&format!("{year}-{month}-{day}{hour}:{}:{}", part(11, 13)?, part(13, 16)?))?;
    (write_date(at) == text).then_some(at)
}

/// Returns the path under which the hub's own store has a key.
pub(super) fn path(key: &Key) -> String {
    let mut path = PREFIX.to_owned();
    encode(key.as_str(), &mut path);
    path
}

/// Writes everything but what RFC 3986 leaves unreserved, and slashes, as `%XX`.
pub(super) fn encode(text: &str, url: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            url.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _written = write!(url, "%{byte:02X}");
        }
    }
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let plain = if byte == b'%' { hex_byte(rest.next()?, rest.next()?)? } else { byte };
        bytes.push(plain);
    }
    String::from_utf8(bytes).ok()
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    let mut digits = text.bytes();
    for byte in &mut bytes {
        *byte = hex_byte(digits.next()?, digits.next()?)?;
    }
    if digits.next().is_some() { None } else { Some(bytes) }
}

fn hex_byte(high: u8, low: u8) -> Option<u8> {
    let digit = |byte| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(high)? << 4 | digit(low)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp(1_770_379_200_000);

    fn urls() -> PartUrls {
        PartUrls::new(b"a key of at least thirty-two bytes, for tests")
    }

    fn upload(key: &str, id: &str) -> Upload {
        Upload { key: Key::parse(key).expect("a key"), id: UploadId::parse(id).expect("an id") }
    }

    fn signed() -> String {
        let number = PartNumber::new(5).expect("a number");
        urls().sign(&upload("sessions/ü 1/recording.mp4", "k-_a+&"), number, 3600, NOW)
    }

    fn verify(url: &str, now: Timestamp) -> Result<(Upload, PartNumber), WrongUrl> {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        urls().verify(path, query, now)
    }

    #[test]
    fn an_address_is_for_one_part_of_one_upload() {
        let url = signed();

        let (unsigned, signature) = url.rsplit_once('=').expect("a signature");
        let expected = "/_store/sessions/%C3%BC%201/recording.mp4?partNumber=5&uploadId=k-_a%2B%26&X-Amz-Date=20260206T120000Z\
                        &X-Amz-Expires=3600&X-Amz-Signature";
        assert_eq!((unsigned, signature.len()), (expected, 64));
        let (upload, number) = verify(&url, NOW).expect("valid");
        assert_eq!((upload.key.as_str(), upload.id.as_str(), number.get()), ("sessions/ü 1/recording.mp4", "k-_a+&", 5));
        assert_eq!(Url::Hub(url.clone()).at("https://hub.example.com"), format!("https://hub.example.com{url}"));
    }

    #[test]
    fn an_address_is_valid_to_the_second() {
        let url = signed();

        assert!(verify(&url, NOW.plus(3_599_999)).is_ok());
        assert_eq!(verify(&url, NOW.plus(3_600_000)), Err(WrongUrl::Expired));
        assert_eq!(verify(&url, NOW.plus(i64::MAX)), Err(WrongUrl::Expired));
    }

    #[test]
    fn whatever_is_changed_makes_it_invalid() {
        let changes = [
            ("partNumber=5", "partNumber=6"),
            ("recording.mp4", "session_data.npz"),
            ("uploadId=k", "uploadId=l"),
            ("Expires=3600", "Expires=36000"),
            ("Date=20260206T120000Z", "Date=20260206T120001Z"),
            ("/_store/", "/_store//"),
            ("/_store/", "/"),
            ("&uploadId", "&partNumber=6&uploadId"),
            ("&uploadId", "&uploadId=k&uploadId"),
            ("sessions/", "sessions/../"),
            ("Signature=", "Signature="),
        ];
        for (from, to) in changes {
            let changed = signed().replace(from, to);
            let expected = if from == to { Ok(()) } else { Err(WrongUrl::Invalid) };
            assert_eq!(verify(&changed, NOW).map(|_| ()), expected, "{changed}");
        }
        let another = PartUrls::new(b"another key");
        let url = signed();
        let (path, query) = url.split_once('?').expect("a query");
        assert_eq!(another.verify(path, query, NOW), Err(WrongUrl::Invalid));
    }

    proptest! {
        #[test]
        fn no_changed_character_is_overlooked(at in 0usize..400, to in "[ -~]") {
            let url = signed();
            let at = at % url.len();
            let mut changed = url.clone();
            changed.replace_range(at..=at, &to);
            // Another spelling of the same address is the same address.
            let is_same = changed.eq_ignore_ascii_case(&url) && verify(&changed, NOW).is_ok();
            prop_assert!(is_same || verify(&changed, NOW).is_err(), "{}", changed);
        }

        #[test]
        fn nothing_that_is_sent_panics(path in "\\PC{0,60}", query in "[a-zA-Z%=&0-9-]{0,120}") {
            let _refused = urls().verify(&path, &query, NOW);
            let _refused = urls().verify(&format!("{PREFIX}{path}"), &query, NOW);
        }
    }
}
