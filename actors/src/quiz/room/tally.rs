//! How often each answer was given, by the answer as it was submitted.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// Most different answers to one question: whoever writes his own text shall not make every update long.
pub const MAX_ROWS: usize = 1000;

/// The tally of one question; rows in the order of their first answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    // The standard hasher: clients choose the keys.
    rows: IndexMap<Box<str>, Row>,
    total: u32,
}

/// One answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Row {
    #[serde(rename = "n")]
    count: u32,
    #[serde(rename = "c")]
    is_correct: bool,
}

impl Tally {
    /// Returns the row of an answer that was given before.
    #[must_use]
    pub fn row(&self, answer: &str) -> Option<u32> {
        self.rows.get_index_of(answer).and_then(|at| u32::try_from(at).ok())
    }

    /// Adds a row, still without a count, and returns its place; the same place for an answer that has one.
    pub fn add_row(&mut self, answer: &str, is_correct: bool) -> u32 {
        let row = self.rows.entry(answer.into());
        let at = row.index();
        row.or_insert(Row { count: 0, is_correct });
        u32::try_from(at).unwrap_or(u32::MAX)
    }

    /// Counts one answer and returns whether it is correct.
    pub fn count(&mut self, row: u32) -> bool {
        let row = usize::try_from(row).ok().and_then(|at| self.rows.get_index_mut(at));
        row.is_some_and(|(_, row)| {
            row.count += 1;
            self.total += 1;
            row.is_correct
        })
    }

    /// Returns whether no further row is taken.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.rows.len() >= MAX_ROWS
    }

    /// Returns how many answers were counted.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.total
    }

    /// Returns each answer and how often it was given.
    pub fn counts(&self) -> impl Iterator<Item = (&str, u32)> {
        self.rows.iter().map(|(answer, row)| (&**answer, row.count))
    }
}
