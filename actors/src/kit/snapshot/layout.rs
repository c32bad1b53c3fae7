//! How a snapshot lies on disk: pure functions between snapshots and keys with values.
//!
//! A key is `kind \0 id \0 part`, the part as two bytes, big end first. A kind has no zero byte, and the last three bytes have
//! a fixed length, so an id may contain anything. Part 0 begins with a head, the other parts are the rest of the value.
//!
//! Decision: parts of 4 KiB. The engine writes a page of up to 16 neighbouring entries as one record, and moves records over
//! 128 KiB into files of their own that it never syncs. Measured with parts of 32 KiB, a third of the pages went there;
//! with 4 KiB none does.

use bytes::{Bytes, BytesMut};

use super::{StoreError, Stored};

/// The most bytes of a value that one part holds.
pub const PART_BYTES: usize = 4096;
/// The longest kind and id together: with longer keys, pages would outgrow their limit again.
pub const MAX_KEY_BYTES: usize = 1024;
/// The marker of a store of ours. No kind is empty, so no snapshot's key begins with a zero byte.
pub const MARKER_KEY: &[u8] = b"\0hubbub";
/// The marker's value: the version of this layout.
pub const MARKER: &[u8] = &[FORMAT];

/// The number of the last write, from 1, as eight bytes.
pub const SEQUENCE_KEY: &[u8] = b"\0sequence";

const FORMAT: u8 = 1;
const HEAD_BYTES: usize = 13;

/// Which snapshot, and which part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartKey<'a> {
    /// The kind of entity.
    pub kind: &'a str,
    /// The entity's key, as text.
    pub id: &'a str,
    /// 0 is the part with the head.
    pub part: u16,
}

impl<'a> PartKey<'a> {
    /// Returns the bytes of this key.
    #[must_use]
    pub fn encode(self) -> Vec<u8> {
        let mut key = Vec::with_capacity(self.kind.len() + self.id.len() + 4);
        key.extend_from_slice(self.kind.as_bytes());
        key.push(0);
        key.extend_from_slice(self.id.as_bytes());
        key.push(0);
        key.extend_from_slice(&self.part.to_be_bytes());
        key
    }

    /// Reads a key; nothing when it is none of ours.
    #[must_use]
    pub fn decode(key: &'a [u8]) -> Option<Self> {
        let (key, part) = key.split_last_chunk::<2>()?;
        let (zero, key) = key.split_last()?;
        let at = key.iter().position(|byte| *byte == 0)?;
        let (kind, id) = key.split_at_checked(at)?;
        if *zero != 0 || kind.is_empty() {
            return None;
        }
        let (kind, id) = (std::str::from_utf8(kind).ok()?, std::str::from_utf8(id.get(1..)?).ok()?);
        Some(Self { kind, id, part: u16::from_be_bytes(*part) })
    }
}

/// Returns whether a key belongs to the store itself.
#[must_use]
pub fn is_own_key(key: &[u8]) -> bool {
    key == MARKER_KEY || key == SEQUENCE_KEY
}

/// Returns how many parts a value is cut into.
#[must_use]
pub fn parts(value: &Bytes) -> usize {
    (value.len() + HEAD_BYTES).div_ceil(PART_BYTES)
}

/// Says why a snapshot cannot be written.
///
/// # Errors
/// [`StoreError::Refused`] with the reason.
pub fn check(kind: &str, id: &str, value: &Bytes) -> Result<(), StoreError> {
    check_key(kind, id)?;
    if parts(value) > usize::from(u16::MAX) {
        return Err(refused(kind, id, "it is larger than 255 MiB"));
    }
    Ok(())
}

fn check_key(kind: &str, id: &str) -> Result<(), StoreError> {
    let reason = if kind.is_empty() || kind.contains('\0') {
        "a kind is not empty and has no zero byte"
    } else if kind.len() + id.len() > MAX_KEY_BYTES {
        "kind and id are longer than 1024 bytes"
    } else {
        return Ok(());
    };
    Err(refused(kind, id, reason))
}

/// What part 0 begins with: format, version, number of parts, total length, checksum of the whole value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The version of the snapshot's own format.
    pub version: u16,
    /// How many parts there are, this one included.
    pub parts: u16,
    length: u32,
    checksum: u32,
}

impl Head {
    /// Reads the head off part 0 and returns the beginning of the value with it.
    ///
    /// # Errors
    /// The reason, as text.
    pub fn read(part: &[u8]) -> Result<(Self, &[u8]), &'static str> {
        let (head, value) = part.split_first_chunk::<HEAD_BYTES>().ok_or("its head is incomplete")?;
        let [format, v0, v1, p0, p1, l0, l1, l2, l3, c0, c1, c2, c3] = *head;
        if format != FORMAT {
            return Err("its head is of an unknown format");
        }
        let version = u16::from_be_bytes([v0, v1]);
        let parts = u16::from_be_bytes([p0, p1]);
        let length = u32::from_be_bytes([l0, l1, l2, l3]);
        let checksum = u32::from_be_bytes([c0, c1, c2, c3]);
        Ok((Self { version, parts, length, checksum }, value))
    }

    fn write(self, out: &mut BytesMut) {
        out.extend_from_slice(&[FORMAT]);
        out.extend_from_slice(&self.version.to_be_bytes());
        out.extend_from_slice(&self.parts.to_be_bytes());
        out.extend_from_slice(&self.length.to_be_bytes());
        out.extend_from_slice(&self.checksum.to_be_bytes());
    }
}

/// Cuts a value into parts, the first with its head.
///
/// # Errors
/// When the value is larger than 65,535 parts.
pub fn split(kind: &str, id: &str, version: u16, value: &Bytes) -> Result<Vec<Bytes>, StoreError> {
    check(kind, id, value)?;
    let too_large = || refused(kind, id, "it is larger than 255 MiB");
    let parts = u16::try_from(parts(value)).map_err(|_| too_large())?;
    let length = u32::try_from(value.len()).map_err(|_| too_large())?;
    let first = value.len().min(PART_BYTES - HEAD_BYTES);
    let mut head = BytesMut::with_capacity(HEAD_BYTES + first);
    Head { version, parts, length, checksum: crc32(value) }.write(&mut head);
    head.extend_from_slice(value.get(..first).unwrap_or_default());
    let mut cut = vec![head.freeze()];
    let rest = value.slice(first..);
    cut.extend((0..rest.len()).step_by(PART_BYTES).map(|at| rest.slice(at..rest.len().min(at + PART_BYTES))));
    Ok(cut)
}

/// Puts a value together again; `part` reads the parts after the first.
///
/// # Errors
/// [`StoreError::Damaged`], or what `part` says.
pub fn join<F>(kind: &str, id: &str, first: &[u8], mut part: F) -> Result<Stored, StoreError>
where
    F: FnMut(u16) -> Result<Option<Bytes>, StoreError>,
{
    let (head, beginning) = Head::read(first).map_err(|reason| damaged(kind, id, reason))?;
    let mut value = BytesMut::from(beginning);
    for number in 1..head.parts {
        value.extend_from_slice(&part(number)?.ok_or_else(|| damaged(kind, id, "a part of it is missing"))?);
    }
    if u32::try_from(value.len()).ok() != Some(head.length) {
        return Err(damaged(kind, id, "its length is not what its head says"));
    }
    if crc32(&value) != head.checksum {
        return Err(damaged(kind, id, "its bytes are not what was written"));
    }
    Ok(Stored { version: head.version, value: value.freeze() })
}

fn refused(kind: &str, id: &str, reason: &str) -> StoreError {
    StoreError::Refused { key: format!("{kind}/{id}").into(), reason: reason.into() }
}

/// Returns the error that names a damaged snapshot.
#[must_use]
pub fn damaged(kind: &str, id: &str, reason: impl Into<std::sync::Arc<str>>) -> StoreError {
    StoreError::Damaged { key: format!("{kind}/{id}").into(), reason: reason.into() }
}

/// CRC-32 as in Ethernet and zip.
#[must_use]
pub fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = crc_table();
    let step = |crc: u32, byte: &u8| {
        let [low, ..] = crc.to_le_bytes();
        TABLE[usize::from(low ^ byte)] ^ (crc >> 8)
    };
    !bytes.iter().fold(u32::MAX, step)
}

const fn crc_table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut crc = index as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(value: &Bytes) -> Stored {
        let parts = split("kit.test", "a", 7, value).unwrap();
        assert!(parts.iter().all(|part| part.len() <= PART_BYTES));
        join("kit.test", "a", &parts[0], |number| Ok(parts.get(usize::from(number)).cloned())).unwrap()
    }

    #[test]
    fn values_of_every_length_around_a_part_come_back_whole() {
        for length in [0, 1, PART_BYTES - HEAD_BYTES, PART_BYTES - HEAD_BYTES + 1, PART_BYTES, 3 * PART_BYTES, 100_000] {
            let value: Bytes = (0..length).map(|at| (at % 251) as u8).collect();

            assert_eq!(round_trip(&value), Stored { version: 7, value });
        }
    }

    #[test]
    fn a_key_with_zero_bytes_in_its_id_is_read_back() {
        for id in ["", "plain", "with\0zero", "\0", "ünï\0\0\0"] {
            let key = PartKey { kind: "kit.test", id, part: 0xff00 };

            assert_eq!(PartKey::decode(&key.encode()), Some(key));
        }
        assert_eq!(PartKey::decode(MARKER_KEY), None);
        assert_eq!(PartKey::decode(b""), None);
        assert_eq!(PartKey::decode(b"kind\0\0\0"), None);
    }

    #[test]
    fn every_kind_of_damage_is_told_apart() {
        let parts = split("k", "a", 1, &Bytes::from(vec![7; 10_000])).unwrap();
        let reason = |first: &[u8], second: Option<Bytes>| {
            let part = |number| Ok(if number == 1 { second.clone() } else { parts.get(usize::from(number)).cloned() });
            join("k", "a", first, part).unwrap_err().to_string()
        };
        let flipped = || {
            let mut bytes = parts[1].to_vec();
            bytes[0] ^= 1;
            Some(bytes.into())
        };

        assert_eq!(reason(b"", None), "the snapshot `k/a` is damaged: its head is incomplete");
        assert_eq!(reason(&[9; 20], None), "the snapshot `k/a` is damaged: its head is of an unknown format");
        assert_eq!(reason(&parts[0], None), "the snapshot `k/a` is damaged: a part of it is missing");
        assert_eq!(reason(&parts[0], Some(Bytes::new())), "the snapshot `k/a` is damaged: its length is not what its head says");
        assert_eq!(reason(&parts[0], flipped()), "the snapshot `k/a` is damaged: its bytes are not what was written");
    }

    #[test]
    fn keys_that_cannot_be_written_are_refused() {
        assert!(check_key("k", "anything\0").is_ok());
        assert!(check_key("", "a").is_err());
        assert!(check_key("k\0", "a").is_err());
        assert!(check_key("k", &"x".repeat(1024)).is_err());
    }

    #[test]
    fn the_checksum_is_the_common_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
    }
}
