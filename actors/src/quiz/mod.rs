//! The quiz's behaviour.
//!
//! [`accounts`] says who somebody is, [`authoring`] is how quizzes are made. A [`Room`](room::Room) alone decides what happens in a game;
//! the [`Lobby`] finds rooms by their codes, and sockets' rooms when they go; a [`Host`](host::Host) lists an account's
//! games. [`connections`] is which sockets there were, [`devices`] which machines they came from.
//!
//! Who awaits whom: the Lobby awaits quizzes, rooms and hosts, a Host awaits rooms. A Room awaits nobody: it only sends notices.

pub mod accounts;
pub mod authoring;
pub mod connections;
pub mod devices;

pub mod host;
pub mod lobby;
pub mod room;

pub mod presence;
pub mod rooms;

use std::sync::Arc;

use hubbub_protocol::fault::Fault;

use crate::kit::deps::Deps;
use crate::kit::emit::Emitter;
use crate::kit::single::single;

use accounts::directory::Directory;
use authoring::catalogue::Catalogue;
use connections::visits::Visits;
use lobby::Lobby;

pub use presence::{connected, disconnected};

/// What the keys of the quiz's files begin with, in the store that all systems share.
pub const FILES: &str = "quiz/";

/// What the quiz's actors share beside the kit: put into the [`Deps`] at start-up.
pub struct Wiring {
    /// The way to the quiz's sockets.
    pub emitter: Emitter,
    /// Most players in any room, and that a quiz may ask for: `quiz.max_room_players`.
    pub max_room_players: u32,
    /// Whether a flow is shown to its host and players alone: `strict` access.
    pub only_players_see_flows: bool,
}

impl Wiring {
    /// Returns the wiring that was put into `deps`.
    #[must_use]
    pub fn of(deps: &Deps) -> Arc<Self> {
        deps.extension()
    }
}

/// Brings up the actors that exist once, so that the first client does not wait while they read what is stored.
///
/// # Errors
/// One of them is down.
pub fn wake(deps: &Deps) -> Result<(), Fault> {
    single::<Directory>(deps)?;
    single::<Catalogue>(deps)?;
    single::<Visits>(deps)?;
    single::<Lobby>(deps)?;
    Ok(())
}
