//! Connection state recovery: what a socket missed while it was away, and who it was.
//!
//! Decision: the journal lives in memory and its offsets carry the process's own mark. After a restart no offset is known,
//! so `recovered` is false, which is the truth; entities that must survive keep their own committed state.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Weak};

use hubbub_protocol::wire::args::Args;
use parking_lot::Mutex;

use super::clock::{SharedClock, Timestamp};
use super::emit::{Delivery, Room};
use super::ids::SocketId;

/// Emissions kept at the most; older ones make an offset unknown, never wrong.
const MAX_ENTRIES: usize = 20_000;
/// Memory of the emissions kept, at the most, whatever each of them weighs.
const MAX_BYTES: usize = 64 * 1024 * 1024;
/// Sessions kept at the most.
const MAX_SESSIONS: usize = 50_000;

/// How often those who stayed away too long are forgotten.
const SWEEP_MS: i64 = 1_000;

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

/// A connection whose end may not have been noticed yet.
pub trait Living: Send + Sync {
    /// Ends at once and leaves the place to the client's new connection; the journal keeps its sockets before this returns.
    fn give_way(self: Arc<Self>);
}

/// What a returning socket missed, oldest first, each with its offset.
pub type Missed = Vec<(Entry, String)>;

/// The recent reliable emissions of one namespace and the sockets that may come back for them.
pub struct Journal {
    clock: SharedClock,
    mark: String,
    state: Mutex<State>,
    living: Mutex<HashMap<String, Lives>>,
}

#[derive(Default)]
struct State {
    next: u64,
    entries: VecDeque<(u64, Timestamp, Arc<Entry>)>,
    bytes: usize,
    away: HashMap<String, (Timestamp, Away)>,
    sweep_at: Timestamp,
}

/// Whose private id it is while its connection lives.
struct Lives {
    subject: Option<String>,
    connection: Weak<dyn Living>,
}

impl Journal {
    /// Returns an empty journal; `mark` must differ between processes.
    #[must_use]
    pub fn new(clock: SharedClock, mark: String) -> Self {
        Self { clock, mark, state: Mutex::default(), living: Mutex::default() }
    }

    /// Records an emission and delivers it under the same lock, so that offsets are in the order of delivery.
    pub fn record(&self, entry: Entry, deliver: impl FnOnce(&str) -> Delivery) -> Delivery {
        let now = self.clock.now();
        let mut state = self.state.lock();
        let number = state.next;
        state.next += 1;
        state.bytes += entry.weight();
        state.entries.push_back((number, now, Arc::new(entry)));
        state.expire(now);
        deliver(&self.offset(number))
    }

    fn offset(&self, number: u64) -> String {
        format!("{}-{number}", self.mark)
    }

    fn number(&self, offset: &str) -> Option<u64> {
        offset.strip_prefix(&self.mark)?.strip_prefix('-')?.parse().ok()
    }

    /// Notes that the owner of `private_id` is connected.
    pub fn lives(&self, private_id: &str, subject: Option<&str>, connection: Weak<dyn Living>) {
        let lives = Lives { subject: subject.map(str::to_owned), connection };
        self.living.lock().insert(private_id.to_owned(), lives);
    }

    /// Notes that the owner of `private_id` is connected no more.
    pub fn left(&self, private_id: &str) {
        self.living.lock().remove(private_id);
    }

    /// Makes room for a client that comes back before its old connection was seen to be dead. A client knows better than its
    /// hub whether it is still there.
    pub fn take_over(&self, private_id: &str, subject: Option<&str>) {
        let former = self
            .living
            .lock()
            .get(private_id)
            .filter(|lives| lives.subject.as_deref() == subject)
            .and_then(|lives| lives.connection.upgrade());
        // Not under the lock: leaving asks for it again.
        if let Some(former) = former {
            former.give_way();
        }
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
            if !is_old && self.entries.len() <= MAX_ENTRIES && self.bytes <= MAX_BYTES {
                break;
            }
            if let Some((_, _, entry)) = self.entries.pop_front() {
                self.bytes -= entry.weight();
            }
        }
        if now >= self.sweep_at {
            self.sweep_at = now.plus(SWEEP_MS);
            self.away.retain(|_, (at, _)| now.0 - at.0 <= WINDOW_MS);
        }
    }
}

impl Entry {
    /// Returns about how many bytes of memory the entry holds.
    fn weight(&self) -> usize {
        size_of::<Self>() + self.name.len() + self.args.weight()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::clock::TestClock;

    fn journal() -> (Journal, TestClock) {
        let clock = TestClock::at(Timestamp(1_000_000));
        (Journal::new(Arc::new(clock.clone()), "mark".to_owned()), clock)
    }

    fn record(journal: &Journal, room: &str, text: &str) -> String {
        let mut told = String::new();
        let entry = Entry { rooms: vec![Room::new(room)], except: None, name: "update".to_owned(), args: Args::of(&text) };
        journal.record(entry, |offset| {
            told = offset.to_owned();
            Delivery::default()
        });
        told
    }

    fn away(subject: Option<&str>) -> Away {
        Away { socket: SocketId::new("socket"), rooms: vec![Room::new("room")], subject: subject.map(str::to_owned) }
    }

    fn recover(journal: &Journal, offset: &str, subject: Option<&str>) -> Option<usize> {
        let mut missed_count = None;
        journal.recover("pid", Some(offset), subject, |_, missed| missed_count = Some(missed.len()));
        missed_count
    }

    #[test]
    fn only_what_its_rooms_missed_comes_back_and_only_to_its_owner() {
        let (journal, _) = journal();
        let seen = record(&journal, "room", "seen");
        journal.keep("pid", away(Some("me")));
        record(&journal, "room", "missed");
        record(&journal, "elsewhere", "not mine");
        assert_eq!(recover(&journal, &seen, Some("you")), None);
        assert_eq!(recover(&journal, "other-0", Some("me")), None);
        assert_eq!(recover(&journal, &seen, Some("me")), Some(1));
        assert_eq!(recover(&journal, &seen, Some("me")), None, "it is back");
    }

    #[test]
    fn who_stays_away_too_long_is_forgotten() {
        let (journal, clock) = journal();
        let seen = record(&journal, "room", "seen");
        journal.keep("pid", away(None));
        clock.advance(WINDOW_MS + 1);
        assert_eq!(recover(&journal, &seen, None), None);
        assert!(journal.state.lock().away.is_empty());
    }

    #[test]
    fn large_emissions_are_forgotten_before_they_fill_the_memory() {
        let (journal, _) = journal();
        let first = record(&journal, "room", "first");
        let large = "x".repeat(8 * 1024 * 1024);
        for _ in 0..10 {
            record(&journal, "room", &large);
        }
        journal.keep("pid", away(None));
        assert!(journal.state.lock().bytes <= MAX_BYTES);
        assert_eq!(recover(&journal, &first, None), None, "what was forgotten cannot be told");
    }

    #[test]
    fn an_old_connection_gives_way_to_its_owner_only() {
        struct Connection(Mutex<u32>);
        impl Living for Connection {
            fn give_way(self: Arc<Self>) {
                *self.0.lock() += 1;
            }
        }
        let (journal, _) = journal();
        let connection = Arc::new(Connection(Mutex::new(0)));
        journal.lives("pid", Some("me"), Arc::downgrade(&connection) as Weak<dyn Living>);
        journal.take_over("pid", Some("you"));
        journal.take_over("other", Some("me"));
        assert_eq!(*connection.0.lock(), 0);
        journal.take_over("pid", Some("me"));
        assert_eq!(*connection.0.lock(), 1);
        journal.left("pid");
        journal.take_over("pid", Some("me"));
        assert_eq!(*connection.0.lock(), 1);
    }
}
