//! Where ids and random texts come from: injected, so that a test can foresee them.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Fills buffers with random bytes.
pub trait Random: Send + Sync {
    /// Overwrites all of `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// A source of randomness that everyone shares.
pub type SharedRandom = Arc<dyn Random>;

/// The operating system's randomness: fit for secrets.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

/// Bytes that a thread fetches at once: two ids per connect would cost two system calls.
const FETCHED_BYTES: usize = 512;

thread_local! {
    static FETCHED: RefCell<Fetched> = const { RefCell::new(Fetched { bytes: [0; FETCHED_BYTES], given: FETCHED_BYTES }) };
}

/// Random bytes of one thread, of which the first were given out already.
struct Fetched {
    bytes: [u8; FETCHED_BYTES],
    given: usize,
}

impl Fetched {
    /// Gives out bytes that nobody was given before, and keeps no copy. Returns false when it is more than
    /// a thread ever holds.
    fn give(&mut self, bytes: &mut [u8]) -> bool {
        if bytes.len() > FETCHED_BYTES {
            return false;
        }
        if FETCHED_BYTES - self.given < bytes.len() {
            from_system(&mut self.bytes);
            self.given = 0;
        }
        let unused = self.bytes.iter_mut().skip(self.given);
        bytes.iter_mut().zip(unused).for_each(|(byte, unused)| *byte = std::mem::take(unused));
        self.given += bytes.len();
        true
    }
}

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        if !FETCHED.with_borrow_mut(|fetched| fetched.give(bytes)) {
            from_system(bytes);
        }
    }
}

fn from_system(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system has a source of randomness");
}

/// A foreseeable sequence for tests; never for secrets.
#[derive(Debug)]
pub struct SeededRandom(AtomicU64);

impl SeededRandom {
    /// Returns the sequence that belongs to `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// The step and the mixing of SplitMix64.
    fn next(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut mixed = self.0.fetch_add(STEP, Ordering::SeqCst).wrapping_add(STEP);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let random = self.next().to_le_bytes();
            chunk.iter_mut().zip(random).for_each(|(byte, random)| *byte = random);
        }
    }
}

/// Returns 128 random bits as 22 characters of base64url.
#[must_use]
pub fn token128(random: &dyn Random) -> String {
    token::<16>(random)
}

/// Returns 256 random bits as 43 characters of base64url.
#[must_use]
pub fn token256(random: &dyn Random) -> String {
    token::<32>(random)
}

fn token<const BYTES: usize>(random: &dyn Random) -> String {
    let mut bytes = [0; BYTES];
    random.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Returns a random UUID (version 4) as its 36 characters.
#[must_use]
pub fn uuid(random: &dyn Random) -> String {
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// Returns `length` characters from `a-z0-9`, each equally likely.
#[must_use]
pub fn alphanumeric_lower(random: &dyn Random, length: usize) -> String {
    const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    // 252 is the largest multiple of 36 in a byte: what lies above would favour the first letters.
    const FAIR: u8 = 252;
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let mut bytes = [0; 16];
        random.fill(&mut bytes);
        for byte in bytes.into_iter().filter(|byte| *byte < FAIR).take(length - text.len()) {
            text.push(char::from(ALPHABET[usize::from(byte % 36)]));
        }
    }
    text
}

/// Returns a random number, for example to tell one run of the process from the next.
#[must_use]
pub fn number(random: &dyn Random) -> u64 {
    let mut bytes = [0; 8];
    random.fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

/// One socket's id, as its client knows it; cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketId(Arc<str>);

impl SocketId {
    /// Returns the id that is written as `text`.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// Returns an id of 128 random bits.
    #[must_use]
    pub fn random(random: &dyn Random) -> Self {
        Self::new(token128(random))
    }

    /// Returns the id's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for SocketId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for SocketId {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl Serialize for SocketId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for SocketId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_the_promised_length_and_differ() {
        let random = SystemRandom;

        assert_eq!(token128(&random).len(), 22);
        assert_eq!(token256(&random).len(), 43);
        assert_ne!(token128(&random), token128(&random));
    }

    #[test]
    fn system_randomness_never_repeats_and_has_any_length() {
        let mut seen = std::collections::HashSet::new();
        for length in [16, 32, FETCHED_BYTES, FETCHED_BYTES + 1].into_iter().cycle().take(200) {
            let mut bytes = vec![0; length];
            SystemRandom.fill(&mut bytes);
            assert!(bytes.chunks(16).filter(|chunk| chunk.len() == 16).all(|chunk| seen.insert(chunk.to_vec())));
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_ids() {
        let (one, two) = (SeededRandom::new(7), SeededRandom::new(7));

        assert_eq!(token128(&one), token128(&two));
        assert_ne!(token128(&one), token128(&SeededRandom::new(8)));
    }

    #[test]
    fn alphanumeric_texts_use_the_whole_alphabet_and_nothing_else() {
        let text = alphanumeric_lower(&SeededRandom::new(1), 2000);

        assert_eq!(text.len(), 2000);
        let mut letters: Vec<char> = text.chars().collect();
        letters.sort_unstable();
        letters.dedup();
        assert_eq!(letters.into_iter().collect::<String>(), "0123456789abcdefghijklmnopqrstuvwxyz");
    }

    #[test]
    fn a_socket_id_is_a_plain_string_on_the_wire() {
        let id = SocketId::new("abc");

        assert_eq!(serde_json::to_string(&id).unwrap(), r#""abc""#);
        assert_eq!(serde_json::from_str::<SocketId>(r#""abc""#).unwrap(), id);
    }
}
