//! Access tokens that must not pass although they have not expired: those of sessions that ended.
//!
//! A token is judged where it arrives, without asking its account's actor: this is the little that the door has to know. It
//! forgets a session when the last access token of it has expired by itself.

use std::collections::HashMap;
use std::sync::Arc;

use hubbub_protocol::quiz::accounts::TOKEN_LIFETIME_SECS;
use parking_lot::RwLock;

use super::ids::SessionId;
use crate::kit::clock::Timestamp;
use crate::kit::snapshot::{Committed, Snapshot, SnapshotStore, StoreError};

const KIND: &str = "quiz.revocation";
const VERSION: u16 = 1;
/// A token is accepted a little longer than it says, and clocks are set back: better remembered too long.
const MARGIN_MS: i64 = 5 * 60_000;
/// How often it looks for what can be forgotten.
const SWEEP_MS: i64 = 60_000;

/// The sessions whose access tokens must not pass.
pub struct Revocations {
    store: Arc<dyn SnapshotStore>,
    revoked: RwLock<Revoked>,
}

#[derive(Default)]
struct Revoked {
    until: HashMap<SessionId, Timestamp>,
    swept_at: Timestamp,
}

impl Revocations {
    /// Returns what is stored. Blocks on the disk: for the start.
    ///
    /// # Errors
    /// The store cannot be read. Going on would let revoked tokens pass.
    pub fn open(store: Arc<dyn SnapshotStore>) -> Result<Self, StoreError> {
        let mut until = HashMap::new();
        for text in store.ids(KIND) {
            let Ok(id) = SessionId::parse(&text) else { continue };
            if let Some(stored) = store.load(KIND, &text)? {
                until.insert(id, stored.decode()?);
            }
        }
        Ok(Self { store, revoked: RwLock::new(Revoked { until, swept_at: Timestamp::default() }) })
    }

    /// Refuses a session's access tokens from now on; the future completes when a restart will not forget it.
    pub fn revoke(&self, id: SessionId, now: Timestamp) -> Committed {
        let until = now.plus(TOKEN_LIFETIME_SECS * 1000 + MARGIN_MS);
        let mut revoked = self.revoked.write();
        revoked.until.insert(id, until);
        self.sweep(&mut revoked, now);
        drop(revoked);
        self.store.commit(Snapshot::of(KIND, &id, VERSION, &until))
    }

    /// Returns whether a session's access tokens are refused.
    #[must_use]
    pub fn is_revoked(&self, id: SessionId) -> bool {
        self.revoked.read().until.contains_key(&id)
    }

    fn sweep(&self, revoked: &mut Revoked, now: Timestamp) {
        if now.since(revoked.swept_at) < SWEEP_MS {
            return;
        }
        revoked.swept_at = now;
        revoked.until.retain(|id, until| {
            let is_kept = *until > now;
            if !is_kept {
                // Nobody waits: what is still there at the next start is swept then.
                drop(self.store.remove(KIND, &id.to_string()));
            }
            is_kept
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::snapshot::MemoryStore;

    const NOW: Timestamp = Timestamp(1_770_379_200_000);
    const ONE: SessionId = SessionId::random([1; 16]);
    const OTHER: SessionId = SessionId::random([2; 16]);

    #[actix::test]
    async fn a_revoked_session_stays_revoked_over_a_restart() {
        let store = Arc::new(MemoryStore::new());
        let revocations = Revocations::open(store.clone()).expect("a good store");
        revocations.revoke(ONE, NOW).await.expect("committed");

        for revocations in [revocations, Revocations::open(store).expect("a good store")] {
            assert!(revocations.is_revoked(ONE));
            assert!(!revocations.is_revoked(OTHER));
        }
    }

    #[actix::test]
    async fn it_is_forgotten_when_its_tokens_have_expired_by_themselves() {
        let store = Arc::new(MemoryStore::new());
        let revocations = Revocations::open(store.clone()).expect("a good store");
        revocations.revoke(ONE, NOW).await.expect("committed");
        let expired = NOW.plus(TOKEN_LIFETIME_SECS * 1000);
        revocations.revoke(OTHER, expired.plus(60_000)).await.expect("committed");
        assert!(revocations.is_revoked(ONE));
        revocations.revoke(OTHER, expired.plus(MARGIN_MS)).await.expect("committed");

        assert!(!revocations.is_revoked(ONE));
        assert_eq!(store.ids(KIND), [OTHER.to_string()]);
    }
}
