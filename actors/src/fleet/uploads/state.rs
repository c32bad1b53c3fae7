//! The rules of an upload in parts: what belongs to it, what completes it, how long it is kept. No actor, no clock, no I/O.

use std::collections::BTreeMap;

use hubbub_protocol::fleet::limits;
use hubbub_protocol::fleet::uploads::S3Key;
use hubbub_protocol::fleet::uploads::chunked_upload::complete::PartTag;
use hubbub_protocol::fleet::uploads::chunked_upload::start::Planned;
use serde::{Deserialize, Serialize};

use crate::kit::blobs::{self, Head, PartNumber, UploadedPart};
use crate::kit::clock::Timestamp;

/// How long an unfinished upload is kept.
pub const KEPT_MS: i64 = limits::UNFINISHED_UPLOAD_SECS as i64 * 1000;
/// How far the clocks of the hub and of a store may be apart.
const CLOCKS_APART_MS: i64 = 60_000;

/// An upload in parts, as it is stored. The parts are the store's to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    key: S3Key,
    size_bytes: u64,
    started: Timestamp,
}

impl State {
    /// Returns an upload that begins.
    #[must_use]
    pub fn begin(plan: &Planned, now: Timestamp) -> Self {
        Self { key: plan.key.clone(), size_bytes: plan.size_bytes, started: now }
    }

    /// Returns where its file will be.
    #[must_use]
    pub fn key(&self) -> &S3Key {
        &self.key
    }

    /// Returns how long its file was said to be.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Returns when it began.
    #[must_use]
    pub fn started(&self) -> Timestamp {
        self.started
    }

    /// Returns whether its time is over.
    #[must_use]
    pub fn has_expired(&self, now: Timestamp) -> bool {
        now.since(self.started) >= KEPT_MS
    }

    /// Returns how many parts it has.
    #[must_use]
    pub fn total_parts(&self) -> u32 {
        u32::try_from(self.size_bytes.div_ceil(limits::CHUNK_BYTES)).unwrap_or(limits::CHUNKS)
    }

    /// Returns the part of this number, if it has one.
    #[must_use]
    pub fn part(&self, number: u32) -> Option<PartNumber> {
        PartNumber::new(number).filter(|_| number <= self.total_parts())
    }

    /// Returns the tags that complete it: of every part, and of no other. `named` is sorted, without doubles.
    ///
    /// # Errors
    /// The first part that is not named, or that it does not have.
    pub fn completing(&self, named: &[PartTag]) -> Result<Vec<blobs::PartTag>, u64> {
        let mut tags = Vec::new();
        for (number, tag) in (1_u32..).zip(named) {
            if tag.part_number != u64::from(number) {
                return Err(u64::from(number).min(tag.part_number));
            }
            let number = self.part(number).ok_or(tag.part_number)?;
            tags.push(blobs::PartTag { number, etag: tag.etag.bare().to_owned() });
        }
        let next = tags.len() as u64 + 1;
        if next <= u64::from(self.total_parts()) { Err(next) } else { Ok(tags) }
    }

    /// Returns whether the blob under the key is what this upload has become.
    #[must_use]
    pub fn has_become(&self, blob: &Head) -> bool {
        blob.size_bytes == self.size_bytes && blob.modified.since(self.started) >= -CLOCKS_APART_MS
    }
}

/// The parts that are known to be there, with their lengths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arrived(BTreeMap<PartNumber, u64>);

impl Arrived {
    /// Takes note of a part; another one of the same number is replaced.
    pub fn add(&mut self, part: &UploadedPart) {
        self.0.insert(part.number, part.size_bytes);
    }

    /// Returns how many bytes are there.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.values().sum()
    }

    /// Returns the last part before the first gap: what is to be listed begins after it.
    #[must_use]
    pub fn without_gap(&self) -> Option<PartNumber> {
        let in_order = (1_u16..).zip(self.0.keys()).take_while(|(expected, number)| number.get() == *expected);
        in_order.last().map(|(_, number)| *number)
    }
}

#[cfg(test)]
mod tests {
    use hubbub_protocol::fleet::uploads::Etag;

    use super::*;

    const NOON: Timestamp = Timestamp(1_770_379_200_000);
    const MIB: u64 = 1024 * 1024;

    fn upload(size_bytes: u64) -> State {
        let key = S3Key::parse("sessions/20260206_120000/recording.mp4").expect("a key");
        State::begin(&Planned { key, size_bytes }, NOON)
    }

    fn completing(size_bytes: u64, named: &[u64]) -> Result<Vec<u16>, u64> {
        let named: Vec<PartTag> =
            named.iter().map(|number| PartTag { part_number: *number, etag: Etag::from("\"a\"") }).collect();
        let tags = upload(size_bytes).completing(&named)?;
        assert!(tags.iter().all(|tag| tag.etag == "a"), "{tags:?}");
        Ok(tags.iter().map(|tag| tag.number.get()).collect())
    }

    #[test]
    fn an_upload_has_as_many_parts_as_chunks_fit() {
        let check = |size, parts| assert_eq!(upload(size).total_parts(), parts, "{size}");
        check(1, 1);
        check(10 * MIB, 1);
        check(10 * MIB + 1, 2);
        check(100_000 * MIB, 10_000);
        let number = |number| upload(25 * MIB).part(number).map(PartNumber::get);
        assert_eq!((number(0), number(1), number(3), number(4), number(70_000)), (None, Some(1), Some(3), None, None));
    }

    #[test]
    fn all_parts_complete_it_and_nothing_else() {
        assert_eq!(completing(25 * MIB, &[1, 2, 3]), Ok(vec![1, 2, 3]));
        assert_eq!(completing(25 * MIB, &[1, 2]), Err(3));
        assert_eq!(completing(25 * MIB, &[1, 3]), Err(2));
        assert_eq!(completing(25 * MIB, &[2, 3]), Err(1));
        assert_eq!(completing(25 * MIB, &[1, 2, 3, 4]), Err(4));
        assert_eq!(completing(1, &[1, 9]), Err(2));
    }

    #[test]
    fn an_unfinished_upload_is_kept_for_a_day() {
        assert!(!upload(1).has_expired(NOON.plus(KEPT_MS - 1)));
        assert!(upload(1).has_expired(NOON.plus(KEPT_MS)));
    }

    #[test]
    fn a_blob_is_told_by_its_length_and_its_age() {
        let blob = |size_bytes, modified| Head { size_bytes, etag: "a".into(), content_type: "video/mp4".into(), modified };
        assert!(upload(7).has_become(&blob(7, NOON.plus(1))));
        assert!(upload(7).has_become(&blob(7, NOON.minus(60_000))));
        assert!(!upload(7).has_become(&blob(7, NOON.minus(60_001))));
        assert!(!upload(7).has_become(&blob(8, NOON)));
    }

    #[test]
    fn parts_are_counted_once() {
        let part = |number: u16, size_bytes| UploadedPart {
            number: PartNumber::new(number).expect("a number"),
            etag: "a".into(),
            size_bytes,
        };
        let mut arrived = Arrived::default();
        for (number, size) in [(2, 5), (1, 7), (1, 3), (4, 1)] {
            arrived.add(&part(number, size));
        }
        assert_eq!((arrived.bytes(), arrived.without_gap().map(PartNumber::get)), (9, Some(2)));
        assert_eq!(Arrived::default().without_gap(), None);
    }

    #[test]
    fn an_upload_survives_storage() {
        let stored = rmp_serde::to_vec_named(&upload(7)).expect("plain data");
        assert_eq!(rmp_serde::from_slice::<State>(&stored).expect("the same data"), upload(7));
    }
}
