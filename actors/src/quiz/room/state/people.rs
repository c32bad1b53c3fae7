//! Players and the host, coming and going.

use hubbub_protocol::quiz::PlayerId;

use super::{By, Refusal, State};
use crate::kit::clock::Timestamp;
use crate::kit::ids::SocketId;
use crate::quiz::room::change::Change;
use crate::quiz::room::players::{Player, Slot};

impl State {
    /// Lets a player in, new or come back; `most` is what the hub allows in any room.
    ///
    /// # Errors
    /// Why not.
    pub fn join(&mut self, by: By<'_>, id: &PlayerId, name: &str, most: u32, now: Timestamp) -> Result<Change, Refusal> {
        self.must_be_open()?;
        let socket = by.socket.ok_or(Refusal::NotInRoom)?;
        let most = most.min(self.game.settings.max_players);
        let known = self.players.find(id.as_str()).map(|(_, player)| player);
        if let Some(player) = known {
            may_speak_for(player, by)?;
        }
        let comes_in = known.is_none_or(|player| player.has_left);
        // Those who left with answers keep their places, so that nobody can answer twice; hence a second limit.
        let places = usize::try_from(most).unwrap_or(usize::MAX).saturating_mul(2);
        let has_place = known.is_some() || self.players.places_with_newcomer() <= places;
        if comes_in && (self.players.count() >= most || !has_place) {
            return Err(Refusal::Full);
        }
        let user = by.user.map(Into::into);
        Ok(self.decide(Change::Joined { id: id.clone(), name: name.into(), user, socket: socket.clone(), at: now }))
    }

    /// Lets a player go who says goodbye.
    ///
    /// # Errors
    /// Why not.
    pub fn leave(&mut self, by: By<'_>, id: &str, now: Timestamp) -> Result<Change, Refusal> {
        self.must_be_open()?;
        let (slot, _) = self.speaker(by, id)?;
        Ok(self.decide(Change::Left(slot, now)))
    }

    /// Notes that a socket is gone: a player's, the host's, or both.
    pub fn dropped(&mut self, socket: &SocketId, now: Timestamp) -> Vec<Change> {
        let mut changes = Vec::new();
        if let Some(slot) = self.players.at(socket) {
            changes.push(self.decide(Change::Dropped(slot, now)));
        }
        if self.host_gone_at.is_none() && self.host_socket.as_ref() == Some(socket) {
            changes.push(self.decide(Change::HostGone(now)));
        }
        changes
    }

    /// Gives a player back to a client that shows the id of the socket it had.
    ///
    /// # Errors
    /// The player is not there, or not this client's.
    pub fn reconnect(&mut self, by: By<'_>, previous: &str, id: &str, now: Timestamp) -> Result<Change, Refusal> {
        self.must_be_open()?;
        let socket = by.socket.ok_or(Refusal::NotInRoom)?;
        let (slot, player) = self.players.find(id).filter(|(_, player)| !player.has_left).ok_or(Refusal::NotInRoom)?;
        let is_his_last = player.socket.as_str() == previous && !player.is_connected;
        let is_his_own = player.is_connected && player.socket == *socket;
        let is_same_user = player.user.is_some() && player.user.as_deref() == by.user;
        if !(is_his_last || is_his_own || is_same_user) {
            return Err(Refusal::NotYours);
        }
        Ok(self.decide(Change::Bound(slot, socket.clone(), now)))
    }

    /// Gives a player back to his own socket, which was thought to be gone.
    pub fn came_back(&mut self, socket: &SocketId, now: Timestamp) -> Option<Change> {
        let slot = self.players.was_at(socket)?;
        let is_away = self.players.get(slot).is_some_and(|player| !player.is_connected);
        (is_away && self.ended_at.is_none()).then(|| self.decide(Change::Bound(slot, socket.clone(), now)))
    }

    /// Notes which run of the process has the room; in another than before, all sockets are gone.
    pub fn found_by(&mut self, boot_id: u64, now: Timestamp) -> Option<Change> {
        let is_another = self.boot_id != boot_id;
        is_another.then(|| self.decide(Change::Restarted(boot_id, now)))
    }

    /// Lets the host, who does something, speak over the socket that he asks from. Nothing changes while another one of his is there.
    ///
    /// # Errors
    /// It is not the host.
    pub fn host_is_here(&mut self, by: By<'_>) -> Result<Option<Change>, Refusal> {
        if self.host_gone_at.is_some() {
            return self.host_comes(by);
        }
        self.must_be_open()?;
        self.must_be_host(by)?;
        Ok(None)
    }

    /// Lets the host, who comes into his room, speak over this socket from now on: the one that he had may be dead, and nobody knows yet.
    ///
    /// # Errors
    /// It is not the host.
    pub fn host_comes(&mut self, by: By<'_>) -> Result<Option<Change>, Refusal> {
        self.must_be_open()?;
        self.must_be_host(by)?;
        let another = by.socket.filter(|socket| !self.is_host_socket(socket)).cloned();
        Ok(another.map(|socket| self.decide(Change::HostBound(socket))))
    }

    /// Returns the player whom the caller speaks for.
    pub(super) fn speaker(&self, by: By<'_>, id: &str) -> Result<(Slot, &Player), Refusal> {
        let (slot, player) = self.players.find(id).filter(|(_, player)| !player.has_left).ok_or(Refusal::NotInRoom)?;
        let is_bound = player.is_connected && Some(&player.socket) == by.socket;
        if is_bound { Ok((slot, player)) } else { Err(Refusal::NotYours) }
    }
}

/// Checks that a caller may come in as a known player.
fn may_speak_for(player: &Player, by: By<'_>) -> Result<(), Refusal> {
    let is_same_user = player.user.is_some() && player.user.as_deref() == by.user;
    let is_same_socket = player.is_connected && Some(&player.socket) == by.socket;
    // An account's player is given back to that account only: everyone in the room sees his id.
    let is_unclaimed = player.user.is_none() && !player.is_connected;
    if is_same_user || is_same_socket || is_unclaimed { Ok(()) } else { Err(Refusal::NotYours) }
}
