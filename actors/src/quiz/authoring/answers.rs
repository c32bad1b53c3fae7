//! Adding, changing and deleting answers.

use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::QuizId;
use hubbub_protocol::quiz::answers::{AddAnswer, AnswerChanges, DeleteAnswer, NewAnswer, QuizAnswer, UpdateAnswer, check_answer};
use hubbub_protocol::quiz::error::answer_not_found;
use hubbub_protocol::quiz::quizzes::Success;

use super::quizzes::set;
use super::rule::Rule;
use super::state::{Answer, Author, State, count};

/// Returns a new answer, at the last place unless it has one.
pub(super) fn answer(new: NewAnswer, last: u32, author: &Author<'_>) -> Answer {
    Answer {
        id: author.fresh(),
        answer_text: new.answer_text,
        image_url: new.image_url,
        is_correct: new.is_correct,
        order_index: new.order_index.unwrap_or(last),
        created_at: author.now,
        updated_at: author.now,
    }
}

impl Rule for AddAnswer {
    fn apply(&self, _: QuizId, quiz: &mut State, author: &Author<'_>) -> Result<QuizAnswer, Fault> {
        quiz.question(self.question_id)?;
        quiz.owned_by(author.user)?;
        let new = self.read()?;
        let question = quiz.question_mut(self.question_id)?;
        question.question_type.check_answers(question.answers.len().saturating_add(1))?;
        let answer = answer(new, count(question.answers.len()), author);
        let view = answer.view(question.id);
        question.answers.push(answer);
        question.updated_at = author.now;
        question.sort();
        Ok(view)
    }
}

impl Rule for UpdateAnswer {
    fn apply(&self, _: QuizId, quiz: &mut State, author: &Author<'_>) -> Result<QuizAnswer, Fault> {
        let at = quiz.question_mut(self.question_id)?.answer(self.answer_id)?;
        quiz.owned_by(author.user)?;
        let changes = self.read()?;
        let question = quiz.question_mut(self.question_id)?;
        let answer = question.answers.get_mut(at).ok_or_else(answer_not_found)?;
        if change(answer, changes, author)? {
            question.updated_at = author.now;
        }
        let view = question.answers.get(at).ok_or_else(answer_not_found)?.view(question.id);
        question.sort();
        Ok(view)
    }
}

/// Changes an answer, and returns whether it is different now. It must still show something.
fn change(answer: &mut Answer, changes: AnswerChanges, author: &Author<'_>) -> Result<bool, Fault> {
    let before = answer.clone();
    set(&mut answer.answer_text, changes.answer_text);
    set(&mut answer.image_url, changes.image_url);
    set(&mut answer.is_correct, changes.is_correct);
    set(&mut answer.order_index, changes.order_index);
    check_answer(&answer.answer_text, answer.image_url.as_deref())?;
    let is_different = *answer != before;
    if is_different {
        answer.updated_at = author.now;
    }
    Ok(is_different)
}

impl Rule for DeleteAnswer {
    fn apply(&self, _: QuizId, quiz: &mut State, author: &Author<'_>) -> Result<Success, Fault> {
        let at = quiz.question_mut(self.question_id)?.answer(self.answer_id)?;
        quiz.owned_by(author.user)?;
        let question = quiz.question_mut(self.question_id)?;
        question.answers.remove(at);
        question.updated_at = author.now;
        Ok(Success::default())
    }
}
