//! What ties a tablet's sockets to devices: locks, legacy pairings, and the devices of its sessions. No actor, no clock, no I/O.

use std::collections::{BTreeMap, BTreeSet};

use hubbub_protocol::fleet::{DeviceId, SessionId};
use serde::{Deserialize, Serialize};

use crate::kit::clock::Timestamp;
use crate::kit::ids::SocketId;

/// Headsets that one socket may be paired with.
pub const MAX_PAIRINGS: usize = 200;

/// All ties of one tablet. They end with the process: devices do not remember their locks over a restart either.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    boot_id: u64,
    sockets: BTreeMap<SocketId, Ties>,
    left: BTreeMap<SocketId, Left>,
    sessions: BTreeMap<SessionId, Vec<DeviceId>>,
}

/// What ties one socket.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Ties {
    /// In the order of locking.
    locked: Vec<DeviceId>,
    paired: BTreeSet<DeviceId>,
}

/// What a socket that is gone still holds, for the tablet to come back to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Left {
    locked: Vec<DeviceId>,
    until: Timestamp,
}

impl State {
    /// Makes a stored state valid in this run of the process.
    pub fn settle(&mut self, boot_id: u64) {
        if self.boot_id != boot_id {
            *self = Self { boot_id, ..Self::default() };
        }
    }

    /// Returns whether there is nothing to remember.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.sockets.is_empty() && self.left.is_empty()
    }

    /// Takes note of a socket.
    pub fn arrive(&mut self, socket: &SocketId) {
        self.sockets.entry(socket.clone()).or_default();
    }

    /// Forgets a socket and returns what it held.
    pub fn depart(&mut self, socket: &SocketId) -> Vec<DeviceId> {
        self.sockets.remove(socket).unwrap_or_default().locked
    }

    /// Returns a socket of this tablet, if it has one.
    #[must_use]
    pub fn any_socket(&self) -> Option<&SocketId> {
        self.sockets.keys().next()
    }

    /// Remembers until when the locks of a socket that is gone are kept.
    pub fn leave_behind(&mut self, socket: &SocketId, locked: Vec<DeviceId>, until: Timestamp) {
        self.left.insert(socket.clone(), Left { locked, until });
    }

    /// Returns the sockets whose locks are kept, and until when.
    #[must_use]
    pub fn left_behind(&self) -> Vec<(SocketId, Timestamp)> {
        self.left.iter().map(|(socket, left)| (socket.clone(), left.until)).collect()
    }

    /// Gives up, or takes over, what a socket left behind.
    pub fn pick_up(&mut self, socket: &SocketId) -> Vec<DeviceId> {
        self.left.remove(socket).map(|left| left.locked).unwrap_or_default()
    }

    /// Takes over everything that was left behind.
    pub fn pick_up_all(&mut self) -> Vec<DeviceId> {
        std::mem::take(&mut self.left).into_values().flat_map(|left| left.locked).collect()
    }

    /// Ties a device to a socket by a lock. A lock that another socket of this tablet had moves; that socket is returned if it
    /// has no reason to stay in the device's room.
    pub fn lock(&mut self, socket: &SocketId, device: &DeviceId) -> Option<SocketId> {
        let other = self.sockets.iter().find(|(other, ties)| *other != socket && ties.locked.contains(device));
        let other = other.map(|(other, _)| other.clone());
        if let Some(ties) = other.as_ref().and_then(|other| self.sockets.get_mut(other)) {
            ties.locked.retain(|locked| locked != device);
        }
        let locked = &mut self.sockets.entry(socket.clone()).or_default().locked;
        if !locked.contains(device) {
            locked.push(device.clone());
        }
        other.filter(|other| !self.belongs(other, device))
    }

    /// Unties a lock and returns the sockets that have no reason to stay in the device's room.
    pub fn unlock(&mut self, device: &DeviceId) -> Vec<SocketId> {
        for ties in self.sockets.values_mut() {
            ties.locked.retain(|locked| locked != device);
        }
        self.strangers(device)
    }

    /// Returns every device that this tablet holds, in the order of locking.
    #[must_use]
    pub fn locked(&self) -> Vec<DeviceId> {
        self.sockets.values().flat_map(|ties| &ties.locked).cloned().collect()
    }

    /// Pairs a socket with a device. Returns whether that is one too many.
    pub fn pair(&mut self, socket: &SocketId, device: &DeviceId) -> bool {
        let paired = &mut self.sockets.entry(socket.clone()).or_default().paired;
        let is_full = paired.len() >= MAX_PAIRINGS && !paired.contains(device);
        if !is_full {
            paired.insert(device.clone());
        }
        is_full
    }

    /// Ends a pairing.
    pub fn unpair(&mut self, socket: &SocketId, device: &DeviceId) {
        if let Some(ties) = self.sockets.get_mut(socket) {
            ties.paired.remove(device);
        }
    }

    /// Returns every device that this tablet holds or is paired with, once each.
    #[must_use]
    pub fn tied(&self) -> Vec<DeviceId> {
        let mut tied = self.locked();
        for paired in self.sockets.values().flat_map(|ties| &ties.paired) {
            if !tied.contains(paired) {
                tied.push(paired.clone());
            }
        }
        tied
    }

    /// Ties all sockets to the devices of a session that goes on.
    pub fn watch(&mut self, session: &SessionId, devices: Vec<DeviceId>) {
        self.sessions.insert(session.clone(), devices);
    }

    /// Ends a session's ties and returns who has no reason to stay in which device's room.
    pub fn unwatch(&mut self, session: &SessionId) -> Vec<(SocketId, DeviceId)> {
        let devices = self.sessions.remove(session).unwrap_or_default();
        let leaving =
            |device: &DeviceId| self.strangers(device).into_iter().map(|socket| (socket, device.clone())).collect::<Vec<_>>();
        devices.iter().flat_map(leaving).collect()
    }

    /// Returns whether a socket has a reason to be in a device's room.
    #[must_use]
    pub fn belongs(&self, socket: &SocketId, device: &DeviceId) -> bool {
        let is_tied = self.sockets.get(socket).is_some_and(|ties| ties.locked.contains(device) || ties.paired.contains(device));
        is_tied || self.sessions.values().any(|devices| devices.contains(device))
    }

    fn strangers(&self, device: &DeviceId) -> Vec<SocketId> {
        self.sockets.keys().filter(|socket| !self.belongs(socket, device)).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quest(number: u32) -> DeviceId {
        DeviceId::parse(&format!("QUEST_{number:03}")).expect("a good id")
    }

    fn one() -> SocketId {
        SocketId::new("one")
    }

    fn two() -> SocketId {
        SocketId::new("two")
    }

    #[test]
    fn a_socket_stays_in_a_room_as_long_as_it_has_a_reason() {
        let session = SessionId::new(1_770_379_200_000, "abc123");
        let mut state = State::default();
        state.lock(&one(), &quest(1));
        state.pair(&one(), &quest(1));
        state.watch(&session, vec![quest(1)]);
        assert!(state.unlock(&quest(1)).is_empty());
        state.unpair(&one(), &quest(1));
        assert!(state.belongs(&one(), &quest(1)));
        assert_eq!(state.unwatch(&session), [(one(), quest(1))]);
        assert!(!state.belongs(&one(), &quest(1)));
    }

    #[test]
    fn a_lock_is_held_by_one_socket_of_the_tablet() {
        let mut state = State::default();
        assert_eq!(state.lock(&one(), &quest(1)), None);
        assert_eq!(state.lock(&two(), &quest(1)), Some(one()));
        assert_eq!(state.locked(), [quest(1)]);
        assert!(state.depart(&one()).is_empty());
        assert_eq!(state.depart(&two()), [quest(1)]);
        assert!(state.is_idle());
    }

    #[test]
    fn locks_keep_their_order_and_pairings_follow_once_each() {
        let mut state = State::default();
        for number in [3, 1, 2, 3] {
            state.lock(&one(), &quest(number));
        }
        state.pair(&one(), &quest(1));
        state.pair(&one(), &quest(7));
        assert_eq!(state.locked(), [quest(3), quest(1), quest(2)]);
        assert_eq!(state.tied(), [quest(3), quest(1), quest(2), quest(7)]);
    }

    #[test]
    fn pairings_are_bounded() {
        let mut state = State::default();
        let refused = (0..=MAX_PAIRINGS).filter(|number| state.pair(&one(), &quest(u32::try_from(*number).expect("small"))));
        assert_eq!(refused.count(), 1);
        assert!(!state.pair(&one(), &quest(0)));
    }

    #[test]
    fn what_was_left_behind_is_picked_up_once() {
        let mut state = State::default();
        state.lock(&one(), &quest(1));
        let locked = state.depart(&one());
        state.leave_behind(&one(), locked, Timestamp(5));
        assert!(!state.is_idle());
        assert_eq!(state.left_behind(), [(one(), Timestamp(5))]);
        assert_eq!(state.pick_up_all(), [quest(1)]);
        assert!(state.pick_up(&one()).is_empty() && state.is_idle());
    }

    #[test]
    fn ties_end_with_the_process() {
        let mut state = State::default();
        state.settle(1);
        state.lock(&one(), &quest(1));
        let before = state.clone();
        state.settle(1);
        assert_eq!(state, before);
        state.settle(2);
        assert!(state.locked().is_empty());
    }
}
