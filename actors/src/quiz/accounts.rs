//! Accounts: who registers, who logs in and out, and how long a login lasts.
//!
//! An [`Account`](account::Account) keeps one person's profile and sessions; the one [`Directory`](directory::Directory) gives names away.
//! The flows in here are no actors: they ask one after the other. Who may await whom: the directory awaits accounts, an account
//! awaits nobody.

use std::sync::Arc;

use hubbub_protocol::fault::{Fault, Kind};

use crate::kit::ask::restarting;
use crate::kit::blobs::BlobStore;
use crate::kit::deps::Deps;
use crate::kit::tokens::Tokens;

pub mod account;
pub mod directory;
pub mod state;

pub mod access;
pub mod avatars;
pub mod ids;
pub mod passwords;
pub mod refresh;
pub mod revocations;
pub mod workshop;

use account::{CloseSession, OpenSession, ReadPasswordHash, Refresh};
use directory::state::{NameWish, Taken};
use directory::{Check, Enrol, Refused, Whose};
use ids::{AccountId, SessionId};
use passwords::Passwords;
use refresh::RefreshToken;
use revocations::Revocations;
use workshop::Workshop;

/// What accounts share beside the kit: put into the [`Deps`] at start-up.
pub struct Accounts {
    /// The quiz's access tokens.
    pub tokens: Tokens,
    /// The sessions whose access tokens are refused.
    pub revocations: Revocations,
    /// How passwords are kept.
    pub passwords: Passwords,
    /// Where pictures are looked at.
    pub pictures: Workshop,
    /// Where pictures are kept.
    pub blobs: Arc<dyn BlobStore>,
}

impl Accounts {
    /// Returns what was put into `deps`.
    #[must_use]
    pub fn of(deps: &Deps) -> Arc<Self> {
        deps.extension()
    }
}
