//! What the catalogue knows: one line per quiz, in the order of every owner's list, and whose every code is.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use hubbub_protocol::quiz::codes::QuizCode;
use hubbub_protocol::quiz::paging::Page;
use hubbub_protocol::quiz::quizzes::QuizStatus;
use hubbub_protocol::quiz::{QuizId, UserId};

use crate::kit::clock::Timestamp;

/// What the catalogue keeps of a quiz that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Whose it is.
    pub owner: UserId,
    /// Where it stands.
    pub status: QuizStatus,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
    /// Its code.
    pub code: Option<QuizCode>,
}

/// A place in an owner's list: the latest change first, then the latest made.
type Place = (Reverse<Timestamp>, Reverse<Timestamp>, QuizId);

impl Line {
    fn place(&self, id: QuizId) -> Place {
        (Reverse(self.updated_at), Reverse(self.created_at), id)
    }
}

/// All quizzes, by owner and by code.
#[derive(Debug, Default)]
pub struct State {
    lines: HashMap<QuizId, Line>,
    lists: HashMap<UserId, BTreeSet<Place>>,
    codes: HashMap<QuizCode, QuizId>,
    /// Codes that are kept for quizzes that have not saved them yet.
    kept: HashMap<QuizId, QuizCode>,
}

/// The code is another quiz's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken;

/// How many codes there are.
const CODES: u64 = (QuizCode::LAST - QuizCode::FIRST + 1) as u64;
/// How far apart the codes are that are tried one after the other, so that a code does not tell the next one.
const STRIDE: u64 = 357_913;
// Without a divisor in common with how many there are, all are tried.
const _: () = assert!(
    CODES == 900_000 && !(STRIDE.is_multiple_of(2) || STRIDE.is_multiple_of(3) || STRIDE.is_multiple_of(5)),
    "some are never tried"
);

impl State {
    /// Takes over the present line of a quiz; `None` when it was deleted. Codes that it no longer has are free.
    pub fn hear(&mut self, id: QuizId, line: Option<Line>) {
        if let Some(old) = self.lines.remove(&id) {
            self.unlist(id, &old);
            self.free(id, old.code);
        }
        let kept = self.kept.remove(&id);
        self.free(id, kept);
        let Some(line) = line else { return };
        if let Some(code) = line.code {
            self.codes.entry(code).or_insert(id);
        }
        self.lists.entry(line.owner).or_default().insert(line.place(id));
        self.lines.insert(id, line);
    }

    fn unlist(&mut self, id: QuizId, line: &Line) {
        if let Some(list) = self.lists.get_mut(&line.owner) {
            list.remove(&line.place(id));
            if list.is_empty() {
                self.lists.remove(&line.owner);
            }
        }
    }

    fn free(&mut self, id: QuizId, code: Option<QuizCode>) {
        if let Some(code) = code
            && self.codes.get(&code) == Some(&id)
        {
            self.codes.remove(&code);
        }
    }

    /// Returns whether no quiz has the code.
    #[must_use]
    pub fn is_free(&self, code: QuizCode) -> bool {
        !self.codes.contains_key(&code)
    }

    /// Keeps a code for a quiz until it has saved itself with it.
    ///
    /// # Errors
    /// It is another quiz's.
    pub fn keep(&mut self, id: QuizId, code: QuizCode) -> Result<(), Taken> {
        match self.codes.get(&code) {
            Some(owner) if *owner != id => Err(Taken),
            Some(_own) => Ok(()),
            None => {
                self.release(id);
                self.codes.insert(code, id);
                self.kept.insert(id, code);
                Ok(())
            }
        }
    }

    /// Keeps any free code for a quiz, looking from the one that `seed` says; `None` if there is none.
    pub fn keep_any(&mut self, id: QuizId, seed: u64) -> Option<QuizCode> {
        let code = (0..CODES)
            .map(|step| seed.wrapping_rem(CODES).wrapping_add(step.wrapping_mul(STRIDE)) % CODES)
            .filter_map(|offset| QuizCode::new(QuizCode::FIRST.saturating_add(u32::try_from(offset).ok()?)))
            .find(|code| self.is_free(*code))?;
        self.keep(id, code).ok()?;
        Some(code)
    }

    /// Gives back the code that was kept for a quiz.
    pub fn release(&mut self, id: QuizId) {
        let kept = self.kept.remove(&id);
        self.free(id, kept);
    }

    /// Returns one page of an owner's list, and how many there are on all pages.
    #[must_use]
    pub fn page(&self, owner: UserId, status: Option<QuizStatus>, page: Page) -> (Vec<QuizId>, u64) {
        let Some(list) = self.lists.get(&owner) else { return (Vec::new(), 0) };
        let stands = |id: &QuizId| status.is_none_or(|status| self.lines.get(id).is_some_and(|line| line.status == status));
        let all: Vec<QuizId> = list.iter().map(|(_, _, id)| *id).filter(stands).collect();
        let skipped = usize::try_from(page.skipped()).unwrap_or(usize::MAX);
        let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
        let total = u64::try_from(all.len()).unwrap_or(u64::MAX);
        (all.into_iter().skip(skipped).take(limit).collect(), total)
    }
}
