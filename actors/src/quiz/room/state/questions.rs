//! Questions: which one is open and until when, and who answers it.

use hubbub_protocol::quiz::QuestionRef;

use super::{By, NewStart, Refusal, State};
use crate::kit::clock::Timestamp;
use crate::quiz::room::change::Change;
use crate::quiz::room::script::Question;

/// How long a question may be open.
const MAX_OPEN_MS: i64 = 10 * 60 * 1000;
/// How much later than its end an answer may arrive.
const LATE_MS: i64 = 1000;
/// How long `game:flow:next` opens a question that the room knows nothing of.
const UNKNOWN_ANSWERING_TIME_MS: u64 = 30_000;
/// Most questions that one room asks.
const MAX_ASKED: usize = 1000;

impl State {
    /// Opens a question between two moments of the host's choice.
    ///
    /// # Errors
    /// Why not.
    pub fn start(
        &mut self,
        by: By<'_>,
        question_id: &QuestionRef,
        starts_at: Timestamp,
        ends_at: Timestamp,
        now: Timestamp,
    ) -> Result<Change, Refusal> {
        self.must_be_open()?;
        self.must_be_host(by)?;
        if ends_at <= starts_at {
            return Err(Refusal::Invalid("endsAt must be after startsAt"));
        }
        if ends_at.since(starts_at) > MAX_OPEN_MS {
            return Err(Refusal::Invalid("a question is open for 10 minutes at most"));
        }
        let index = self.place_of(question_id).unwrap_or(self.flow.index);
        self.may_ask(question_id)?;
        let opened_at = starts_at.max(now);
        Ok(self.decide(Change::Opened { question_id: question_id.clone(), index, at: now, opened_at, ends_at }))
    }

    /// Goes on to a question and opens it for its own time.
    ///
    /// # Errors
    /// Why not.
    pub fn next(&mut self, by: By<'_>, question_id: &QuestionRef, now: Timestamp) -> Result<Change, Refusal> {
        self.must_be_open()?;
        self.must_be_host(by)?;
        self.may_ask(question_id)?;
        let place = self.place_of(question_id);
        let index = place.unwrap_or_else(|| self.flow.index.saturating_add(1));
        let question = place.and_then(|place| self.game.script.get(usize::try_from(place).ok()?));
        let open_ms = question.map_or(UNKNOWN_ANSWERING_TIME_MS, Question::answering_time_ms);
        let ends_at = now.plus(i64::try_from(open_ms).unwrap_or(MAX_OPEN_MS));
        Ok(self.decide(Change::Opened { question_id: question_id.clone(), index, at: now, opened_at: now, ends_at }))
    }

    /// Goes on to the question after the present one: the same step as [`State::next`], without its id.
    ///
    /// # Errors
    /// Why not.
    pub fn advance(&mut self, by: By<'_>, now: Timestamp) -> Result<Change, Refusal> {
        self.must_be_open()?;
        self.must_be_host(by)?;
        let next = usize::try_from(self.flow.index).ok().and_then(|index| self.game.script.get(index + 1));
        let question_id = next.ok_or(Refusal::LastQuestion)?.id.into();
        self.next(by, &question_id, now)
    }

    /// Closes the present question. The room stays.
    ///
    /// # Errors
    /// Why not.
    pub fn close(&mut self, by: By<'_>, now: Timestamp) -> Result<Change, Refusal> {
        self.must_be_open()?;
        self.must_be_host(by)?;
        Ok(self.decide(Change::Closed(now)))
    }

    /// Moves the flow without opening anything.
    ///
    /// # Errors
    /// Why not.
    pub fn move_flow(
        &mut self,
        by: By<'_>,
        index: Option<u32>,
        start: Option<NewStart>,
        now: Timestamp,
    ) -> Result<Change, Refusal> {
        self.must_be_host(by)?;
        if index.is_none() && start.is_none() {
            return Err(Refusal::Invalid("nothing to update"));
        }
        if index.is_some_and(|index| index >= self.flow.total) {
            return Err(Refusal::Invalid("current_question_index is out of range"));
        }
        let question_start_time = start.map_or(self.flow.question_start_time, |NewStart(start)| start);
        Ok(self.decide(Change::Moved { index: index.unwrap_or(self.flow.index), question_start_time, at: now }))
    }

    /// Takes an answer: the first of this player to this question, in time, from his socket.
    ///
    /// # Errors
    /// Why it does not count.
    pub fn submit(
        &mut self,
        by: By<'_>,
        id: &str,
        question_id: &QuestionRef,
        answer: &str,
        now: Timestamp,
    ) -> Result<Change, Refusal> {
        self.must_be_open()?;
        let (slot, player) = self.speaker(by, id)?;
        let current = self.current.as_ref().ok_or(Refusal::Closed)?;
        let asked = self.asked(current.number).filter(|asked| asked.question_id == *question_id).ok_or(Refusal::Closed)?;
        if player.has_answered(current.number) {
            return Err(Refusal::AlreadyAnswered);
        }
        if current.is_closed || now > current.ends_at.plus(LATE_MS) {
            return Err(Refusal::Closed);
        }
        let change = match asked.tally.row(answer) {
            Some(row) => Change::Answered(slot, row, now),
            None if asked.tally.is_full() => return Err(Refusal::Invalid("too many different answers")),
            None => Change::AnsweredAnew(slot, answer.into(), now),
        };
        Ok(self.decide(change))
    }

    fn may_ask(&self, question_id: &QuestionRef) -> Result<(), Refusal> {
        let is_room = self.asked.len() < MAX_ASKED || self.asked.iter().any(|asked| asked.question_id == *question_id);
        if is_room { Ok(()) } else { Err(Refusal::Invalid("a room asks 1000 questions at most")) }
    }
}
