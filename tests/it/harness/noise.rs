//! Seeded noise: random bytes, and what was valid before one thing in it was changed.

/// A small generator; the same seed gives the same noise.
pub struct Noise(u64);

impl Noise {
    /// Returns the noise of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns the next number (SplitMix64).
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.number() % u64::try_from(limit.max(1)).expect("fits")).expect("fits")
    }

    /// Returns up to `most` random bytes.
    pub fn bytes(&mut self, most: usize) -> Vec<u8> {
        let length = self.below(most);
        (0..length).map(|_| self.number().to_le_bytes()[0]).collect()
    }

    /// Returns one of several.
    pub fn one_of<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }

    /// Changes one to four things in `valid`: bits, bytes, what is there twice, missing, or cut off.
    pub fn mutate(&mut self, valid: &[u8]) -> Vec<u8> {
        let mut bytes = valid.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len());
            let end = (at + 1 + self.below(16)).min(bytes.len());
            match self.below(6) {
                0 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
                1 if at < bytes.len() => {
                    bytes[at] = self.one_of(&[&0, &0xff, &b'"', &b'[', &b'{', &b'-', &b'9', &b'\n']).to_owned()
                }
                2 => drop(bytes.drain(at..end)),
                3 => bytes.truncate(at),
                4 => {
                    let again = bytes[at..end].to_vec();
                    bytes.splice(at..at, again);
                }
                _ => {
                    let inserted = self.bytes(8);
                    bytes.splice(at..at, inserted);
                }
            }
        }
        bytes
    }

    /// As [`mutate`](Self::mutate), and still UTF-8.
    pub fn mutate_text(&mut self, valid: &str) -> String {
        String::from_utf8_lossy(&self.mutate(valid.as_bytes())).into_owned()
    }
}
