//! How a room ends: by its host's word, or because nobody came back.

use super::{By, Refusal, State};
use crate::kit::clock::Timestamp;
use crate::quiz::room::change::Change;

/// How long a room waits for its host.
const HOST_AWAITED_MS: i64 = 10 * 60 * 1000;
/// How long a room without players stays.
const EMPTY_KEPT_MS: i64 = 30 * 60 * 1000;

impl State {
    /// Ends the room if the host or all players have been away for too long.
    pub fn expire(&mut self, now: Timestamp) -> Option<Change> {
        let is_due = self.deadline().is_some_and(|deadline| now >= deadline);
        is_due.then(|| self.decide(Change::Ended(now)))
    }

    /// Ends the room because its host says so.
    ///
    /// # Errors
    /// Why not.
    pub fn end_by(&mut self, by: By<'_>, now: Timestamp) -> Result<Change, Refusal> {
        self.must_be_host(by)?;
        Ok(self.decide(Change::Ended(now)))
    }

    /// Returns when the room ends if nothing happens until then.
    #[must_use]
    pub fn deadline(&self) -> Option<Timestamp> {
        if self.ended_at.is_some() {
            return None;
        }
        let without_host = self.host_gone_at.map(|at| at.plus(HOST_AWAITED_MS));
        let without_players = self.empty_since.map(|at| at.plus(EMPTY_KEPT_MS));
        [without_host, without_players].into_iter().flatten().min()
    }
}
