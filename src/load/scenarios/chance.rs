//! Chance that is the same in every run: a xorshift generator.

/// A sequence of numbers without a pattern that a server could follow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chance(u64);

impl Chance {
    /// Returns the sequence of one client.
    pub(super) fn of(client: usize) -> Self {
        // Any odd constant keeps the state from 0, where the sequence would end.
        Self((client as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// Returns the next number below `end`; 0 if there is none.
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or(0).checked_rem(end).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_comes_up_and_clients_differ() {
        let mut seen = [0u32; 10];
        let mut chance = Chance::of(3);
        for _ in 0..1000 {
            seen[chance.below(10)] += 1;
        }
        assert!(seen.iter().all(|count| (50..200).contains(count)), "{seen:?}");
        let first = |client| std::array::from_fn::<_, 4, _>(|_| Chance::of(client).below(1000));
        assert_ne!(first(0), first(1));
        assert_eq!(Chance::of(0).below(0), 0);
    }
}
