//! Connection state recovery: what a socket missed while it was away, and who it was.
//!
//! Decision: the journal lives in memory and its offsets carry the process's own mark. After a restart no offset is known,
//! so `recovered` is false, which is the truth; entities that must survive keep their own committed state.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use hubbub_protocol::wire::args::Args;
use parking_lot::Mutex;

use super::clock::{SharedClock, Timestamp};
use super::emit::{Delivery, Room};
use super::ids::SocketId;

/// Emissions kept at the most; older ones make an offset unknown, never wrong.
const MAX_ENTRIES: usize = 20_000;
/// Sessions kept at the most.
const MAX_SESSIONS: usize = 50_000;

/// How long a connection may be away and still be recovered.
pub const WINDOW_MS: i64 = 120_000;

/// One recorded emission.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The rooms it went to; none for everyone.
    pub rooms: Vec<Room>,
    /// The socket that was left out.
    pub except: Option<SocketId>,
    /// The event's name.
    pub name: String,
    /// Its arguments, without the offset.
    pub args: Args,
}

/// A socket that went away and may come back.
#[derive(Debug, Clone)]
pub struct Away {
    /// The id it had and gets again.
    pub socket: SocketId,
    /// The rooms it was in.
    pub rooms: Vec<Room>,
    /// The id in its token: nobody else may take its place.
    pub subject: Option<String>,
}

/// What a returning socket missed, oldest first, each with its offset.
pub type Missed = Vec<(Entry, String)>;

/// The recent reliable emissions of one namespace and the sockets that may come back for them.
pub struct Journal {
    clock: SharedClock,
    mark: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next: u64,
    entries: VecDeque<(u64, Timestamp, Arc<Entry>)>,
    away: HashMap<String, (Timestamp, Away)>,
}

impl Journal {
    /// Returns an empty journal; `mark` must differ between processes.
    #[must_use]
    pub fn new(clock: SharedClock, mark: String) -> Self {
        Self { clock, mark, state: Mutex::default() }
    }

    /// Records an emission and delivers it under the same lock, so that offsets are in the order of delivery.
    pub fn record(&self, entry: Entry, deliver: impl FnOnce(&str) -> Delivery) -> Delivery {
        let now = self.clock.now();
        let mut state = self.state.lock();
        state.expire(now);
        let number = state.next;
        state.next += 1;
        state.entries.push_back((number, now, Arc::new(entry)));
        deliver(&self.offset(number))
    }

    fn offset(&self, number: u64) -> String {
        format!("{}-{number}", self.mark)
    }

    fn number(&self, offset: &str) -> Option<u64> {
        offset.strip_prefix(&self.mark)?.strip_prefix('-')?.parse().ok()
    }

    /// Keeps a socket that lost its connection.
    pub fn keep(&self, private_id: &str, away: Away) {
        let now = self.clock.now();
        let mut state = self.state.lock();
        state.expire(now);
        if state.away.len() < MAX_SESSIONS {
            state.away.insert(private_id.to_owned(), (now, away));
        }
    }

    /// Brings a socket back: `restore` puts it into its rooms and is given what it missed, with no emission in between.
    /// Returns false, and forgets nothing of others, when the session or the offset is unknown or too old.
    pub fn recover(
        &self,
        private_id: &str,
        offset: Option<&str>,
        subject: Option<&str>,
        restore: impl FnOnce(&Away, &Missed),
    ) -> bool {
        let now = self.clock.now();
        let mut state = self.state.lock();
        state.expire(now);
        let Some((since, away)) = state.away.get(private_id) else { return false };
        let is_in_time = now.0 - since.0 <= WINDOW_MS;
        let is_same_subject = away.subject.as_deref() == subject;
        let Some(first) = self.first_missed(&state, offset).filter(|_| is_same_subject && is_in_time) else { return false };
        let Some((_, away)) = state.away.remove(private_id) else { return false };
        let missed = self.missed(&state, first, &away);
        restore(&away, &missed);
        true
    }

    /// Returns the number after `offset` if nothing between it and the journal's beginning was forgotten. A client that has
    /// not yet received any offset cannot be told what it missed.
    fn first_missed(&self, state: &State, offset: Option<&str>) -> Option<u64> {
        let first = self.number(offset?)? + 1;
        let oldest = state.entries.front().map_or(state.next, |(number, _, _)| *number);
        (first >= oldest && first <= state.next).then_some(first)
    }

    fn missed(&self, state: &State, first: u64, away: &Away) -> Missed {
        let own = Room::new(away.socket.as_str());
        let is_for = |entry: &Entry| {
            let is_member = |room: &Room| *room == own || away.rooms.contains(room);
            let is_addressed = entry.rooms.is_empty() || entry.rooms.iter().any(is_member);
            is_addressed && entry.except.as_ref() != Some(&away.socket)
        };
        let later = state.entries.iter().filter(|(number, _, entry)| *number >= first && is_for(entry));
        later.map(|(number, _, entry)| (Entry::clone(entry), self.offset(*number))).collect()
    }
}

impl State {
    fn expire(&mut self, now: Timestamp) {
        while let Some((_, at, _)) = self.entries.front() {
            let is_old = now.0 - at.0 > WINDOW_MS;
            if !is_old && self.entries.len() <= MAX_ENTRIES {
                break;
            }
            self.entries.pop_front();
        }
        if self.away.len() >= MAX_SESSIONS || self.next.is_multiple_of(256) {
            self.away.retain(|_, (at, _)| now.0 - at.0 <= WINDOW_MS);
        }
    }
}
