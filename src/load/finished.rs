//! What the threads of a run leave behind.

use super::figures::{Checks, Detail};

/// What a thread leaves behind, or all of them together.
#[derive(Debug, Default)]
pub(super) struct Finished {
    pub checks: Checks,
    pub errors: Vec<(String, u64)>,
    pub details: Vec<Detail>,
}

impl Finished {
    /// Adds what another thread leaves behind.
    pub fn add(&mut self, other: Self) {
        self.checks.missing += other.checks.missing;
        self.checks.duplicated += other.checks.duplicated;
        self.checks.reordered += other.checks.reordered;
        self.checks.wrong += other.checks.wrong;
        self.checks.errors += other.checks.errors;
        for (text, count) in other.errors {
            match self.errors.iter_mut().find(|(known, _)| *known == text) {
                Some((_, known)) => *known += count,
                None => self.errors.push((text, count)),
            }
        }
        for detail in other.details {
            match self.details.iter_mut().find(|known| known.name == detail.name) {
                Some(known) => known.value += detail.value,
                None => self.details.push(detail),
            }
        }
    }
}
