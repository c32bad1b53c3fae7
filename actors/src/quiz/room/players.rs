//! The players of one room: found by their id or by their socket in one step, however many there are.
//!
//! A player who leaves is not forgotten: whoever comes back under the same id has his score and has answered what he answered.
//! Only the place of one who left without any answer is given to somebody else.

use std::collections::HashMap;

use hubbub_protocol::quiz::PlayerId;
use indexmap::IndexMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::kit::clock::Timestamp;
use crate::kit::ids::SocketId;

/// A player's place in the table; it stays the same while he has any answer.
pub type Slot = u32;

/// One player. The names in storage are short because there are many of him.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Player {
    /// The id that his client has chosen.
    #[serde(rename = "i")]
    pub id: PlayerId,
    /// What he calls himself.
    #[serde(rename = "n")]
    pub name: Box<str>,
    /// His account, if he has one.
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Box<str>>,
    /// The socket that speaks for him, or did last.
    #[serde(rename = "s")]
    pub socket: SocketId,
    /// Whether it is still there.
    #[serde(rename = "c", default, skip_serializing_if = "is_false")]
    pub is_connected: bool,
    /// Whether he left by himself.
    #[serde(rename = "d", default, skip_serializing_if = "is_false")]
    pub has_left: bool,
    /// When he joined for the first time.
    #[serde(rename = "j")]
    pub joined_at: Timestamp,
    /// Who joined before him has a lower one.
    #[serde(rename = "o")]
    pub order: u32,
    /// The points so far.
    #[serde(rename = "p")]
    pub score: u32,
    /// Correct answers in a row, up to the showing below.
    #[serde(rename = "k", default, skip_serializing_if = "is_zero")]
    streak: u32,
    /// The showing of the last of them.
    #[serde(rename = "w", default, skip_serializing_if = "is_zero")]
    streak_at: u32,
    /// Correct answers.
    #[serde(rename = "r", default, skip_serializing_if = "is_zero")]
    pub correct: u32,
    /// Accepted answers.
    #[serde(rename = "a", default, skip_serializing_if = "is_zero")]
    pub answers: u32,
    /// When the last correct one came.
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    pub last_correct_at: Option<Timestamp>,
    #[serde(rename = "b", default, skip_serializing_if = "Answered::is_empty")]
    answered: Answered,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_false(value: &bool) -> bool {
    !value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(value: &u32) -> bool {
    *value == 0
}

/// Which questions of the room a player has answered, one bit each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Answered(Box<[u64]>);

impl Answered {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn has(&self, question: u32) -> bool {
        let word = usize::try_from(question / 64).ok().and_then(|at| self.0.get(at));
        word.is_some_and(|word| word >> (question % 64) & 1 == 1)
    }

    fn set(&mut self, question: u32) {
        let Ok(at) = usize::try_from(question / 64) else { return };
        if self.0.len() <= at {
            let mut words = std::mem::take(&mut self.0).into_vec();
            words.resize(at + 1, 0);
            self.0 = words.into_boxed_slice();
        }
        if let Some(word) = self.0.get_mut(at) {
            *word |= 1 << (question % 64);
        }
    }
}

impl Player {
    /// Returns whether he has answered a question.
    #[must_use]
    pub fn has_answered(&self, question: u32) -> bool {
        self.answered.has(question)
    }

    /// Returns how many correct answers in a row he would have with one in this showing.
    #[must_use]
    pub fn next_streak(&self, showing: u32) -> u32 {
        let goes_on = self.streak > 0 && self.streak_at + 1 == showing;
        if goes_on { self.streak + 1 } else { 1 }
    }

    /// Notes an answer to a question.
    pub fn answer(&mut self, question: u32) {
        self.answered.set(question);
        self.answers += 1;
    }

    /// Notes that this answer was correct.
    pub fn was_right(&mut self, showing: u32, points: u32, at: Timestamp) {
        self.streak = self.next_streak(showing);
        self.streak_at = showing;
        self.correct += 1;
        self.score = self.score.saturating_add(points);
        self.last_correct_at = Some(at);
    }

    /// Notes that this answer was wrong.
    pub fn was_wrong(&mut self) {
        self.streak = 0;
    }
}

/// Who joins, and from where.
#[derive(Debug, Clone, Copy)]
pub struct Newcomer<'a> {
    /// The id that his client has chosen.
    pub id: &'a PlayerId,
    /// What he calls himself.
    pub name: &'a str,
    /// His account, if he has one.
    pub user: Option<&'a str>,
    /// His socket.
    pub socket: &'a SocketId,
}

/// All players of a room.
#[derive(Debug, Clone, Default)]
pub struct Players {
    // The standard hasher: clients choose the ids.
    table: IndexMap<Box<str>, Player>,
    /// Everyone's last socket, there or not.
    by_socket: HashMap<SocketId, Slot>,
    /// Places of those who left without any answer.
    free: Vec<Slot>,
    present: u32,
    connected: u32,
    joined: u32,
}

impl Players {
    /// Returns a player and his place.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<(Slot, &Player)> {
        let (slot, _, player) = self.table.get_full(id)?;
        Some((u32::try_from(slot).ok()?, player))
    }

    /// Returns the player at a place.
    #[must_use]
    pub fn get(&self, slot: Slot) -> Option<&Player> {
        self.table.get_index(usize::try_from(slot).ok()?).map(|(_, player)| player)
    }

    /// Returns the player at a place, to change what is his alone.
    pub fn get_mut(&mut self, slot: Slot) -> Option<&mut Player> {
        self.table.get_index_mut(usize::try_from(slot).ok()?).map(|(_, player)| player)
    }

    /// Returns the place of the player that a socket speaks for.
    #[must_use]
    pub fn at(&self, socket: &SocketId) -> Option<Slot> {
        self.was_at(socket).filter(|slot| self.get(*slot).is_some_and(|player| player.is_connected))
    }

    /// Returns the place of the player that a socket speaks for, or spoke for last.
    #[must_use]
    pub fn was_at(&self, socket: &SocketId) -> Option<Slot> {
        self.by_socket.get(socket).copied()
    }

    /// Returns everyone who did not leave, in the order of the table.
    pub fn present(&self) -> impl Iterator<Item = &Player> {
        self.table.values().filter(|player| !player.has_left)
    }

    /// Returns how many did not leave.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.present
    }

    /// Returns how many are connected.
    #[must_use]
    pub fn connected(&self) -> u32 {
        self.connected
    }

    /// Returns how many places a newcomer would leave in use, his own included.
    #[must_use]
    pub fn places_with_newcomer(&self) -> usize {
        self.table.len() + usize::from(self.free.is_empty())
    }

    /// Lets somebody in, new or come back.
    pub fn join(&mut self, newcomer: Newcomer<'_>, at: Timestamp) {
        let known = self.find(newcomer.id.as_str()).map(|(slot, _)| slot);
        let slot = known.unwrap_or_else(|| self.add(newcomer, at));
        if let Some(player) = self.get_mut(slot) {
            player.name = newcomer.name.into();
            if newcomer.user.is_some() {
                player.user = newcomer.user.map(Into::into);
            }
        }
        self.bind(slot, newcomer.socket);
    }

    fn add(&mut self, newcomer: Newcomer<'_>, joined_at: Timestamp) -> Slot {
        self.joined += 1;
        let player = Player {
            id: newcomer.id.clone(),
            name: newcomer.name.into(),
            user: None,
            socket: newcomer.socket.clone(),
            is_connected: false,
            has_left: true,
            joined_at,
            order: self.joined,
            score: 0,
            streak: 0,
            streak_at: 0,
            correct: 0,
            answers: 0,
            last_correct_at: None,
            answered: Answered::default(),
        };
        if let Some(slot) = self.free.pop()
            && let Ok(at) = usize::try_from(slot)
            && self.table.replace_index(at, newcomer.id.as_str().into()).is_ok()
            && let Some(place) = self.get_mut(slot)
        {
            *place = player;
            return slot;
        }
        let (slot, _) = self.table.insert_full(newcomer.id.as_str().into(), player);
        u32::try_from(slot).unwrap_or(u32::MAX)
    }

    /// Lets a socket speak for a player; whom it spoke for before is without one.
    pub fn bind(&mut self, slot: Slot, socket: &SocketId) {
        if let Some(other) = self.at(socket).filter(|other| *other != slot) {
            self.drop_connection(other);
        }
        self.drop_connection(slot);
        self.forget_socket(slot);
        let Some(player) = self.get_mut(slot) else { return };
        let was_free = player.has_left && player.answers == 0;
        let comes_back = std::mem::take(&mut player.has_left);
        player.is_connected = true;
        player.socket = socket.clone();
        self.present += u32::from(comes_back);
        self.connected += 1;
        self.by_socket.insert(socket.clone(), slot);
        if was_free {
            self.free.retain(|free| *free != slot);
        }
    }

    /// Notes that a player's socket is gone.
    pub fn drop_connection(&mut self, slot: Slot) {
        let Some(player) = self.get_mut(slot).filter(|player| player.is_connected) else { return };
        player.is_connected = false;
        self.connected -= 1;
    }

    fn forget_socket(&mut self, slot: Slot) {
        let Some(socket) = self.get(slot).map(|player| player.socket.clone()) else { return };
        if self.was_at(&socket) == Some(slot) {
            self.by_socket.remove(&socket);
        }
    }

    /// Lets a player go.
    pub fn leave(&mut self, slot: Slot) {
        self.drop_connection(slot);
        self.forget_socket(slot);
        let Some(player) = self.get_mut(slot).filter(|player| !player.has_left) else { return };
        player.has_left = true;
        let is_blank = player.answers == 0;
        self.present -= 1;
        if is_blank {
            self.free.push(slot);
        }
    }

    /// Notes that no socket is there any more.
    pub fn drop_all_connections(&mut self) {
        self.table.values_mut().for_each(|player| player.is_connected = false);
        self.connected = 0;
    }
}

impl PartialEq for Players {
    /// The rest follows from the players.
    fn eq(&self, other: &Self) -> bool {
        self.table.values().eq(other.table.values()) && self.joined == other.joined && self.free == other.free
    }
}

/// Players as they are stored: in the order of their places.
#[derive(Serialize, Deserialize)]
struct Stored<P, F> {
    joined: u32,
    free: F,
    list: P,
}

impl Serialize for Players {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let list: Vec<&Player> = self.table.values().collect();
        Stored { joined: self.joined, free: &self.free, list }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Players {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stored = Stored::<Vec<Player>, Vec<Slot>>::deserialize(deserializer)?;
        let mut players = Self { joined: stored.joined, free: stored.free, ..Self::default() };
        for (slot, player) in (0..).zip(stored.list) {
            players.present += u32::from(!player.has_left);
            players.connected += u32::from(player.is_connected);
            // Of two players with one last socket it is the connected one's.
            if !player.has_left && (player.is_connected || players.was_at(&player.socket).is_none()) {
                players.by_socket.insert(player.socket.clone(), slot);
            }
            players.table.insert(player.id.as_str().into(), player);
        }
        Ok(players)
    }
}
