//! The ids of accounts and of what belongs to them.

use hubbub_protocol::quiz::ids::{Id, UserId};

use crate::kit::ids::Random;

/// One account, for ever: the `id` of its user, the `sub` of its tokens.
pub type AccountId = UserId;

/// A login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OfSession {}

/// The id of one login and all tokens that came of it.
pub type SessionId = Id<OfSession>;

/// Returns an id that nothing else has.
#[must_use]
pub fn fresh<Of>(random: &dyn Random) -> Id<Of> {
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    Id::random(bytes)
}
