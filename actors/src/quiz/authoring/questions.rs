//! Adding, changing, deleting and reordering questions.

use std::collections::HashMap;

use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::answers::NewAnswer;
use hubbub_protocol::quiz::error::invalid_payload;
use hubbub_protocol::quiz::questions::{
    AddQuestion, DeleteQuestion, NewQuestion, QuestionChanges, QuizQuestion, ReorderQuestions, UpdateQuestion,
};
use hubbub_protocol::quiz::quizzes::Success;
use hubbub_protocol::quiz::{QuestionId, QuizId, limits};

use super::answers;
use super::quizzes::set;
use super::rule::Rule;
use super::state::{Answer, Author, Question, State, count};

impl Rule for AddQuestion {
    fn apply(&self, id: QuizId, quiz: &mut State, author: &Author<'_>) -> Result<QuizQuestion, Fault> {
        quiz.owned_by(author.user)?;
        let new = self.read()?;
        if quiz.questions.len() >= limits::QUESTIONS {
            return Err(invalid_payload(format!("a quiz can have {} questions at most", limits::QUESTIONS)));
        }
        let question = question(new, count(quiz.questions.len()), author);
        let view = question.view(id);
        quiz.questions.push(question);
        quiz.sort();
        Ok(view)
    }
}

/// Returns a new question, at the last place unless it has one.
fn question(new: NewQuestion, last: u32, author: &Author<'_>) -> Question {
    Question {
        id: author.fresh(),
        question_text: new.question_text,
        question_type: new.question_type,
        image_url: new.image_url,
        show_question_time: new.show_question_time,
        answering_time: new.answering_time,
        points: new.points,
        difficulty: new.difficulty,
        order_index: new.order_index.unwrap_or(last),
        explanation_title: new.explanation_title,
        explanation_text: new.explanation_text,
        explanation_image_url: new.explanation_image_url,
        show_explanation_time: new.show_explanation_time,
        created_at: author.now,
        updated_at: author.now,
        answers: answer_set(new.answers, author),
    }
}

/// Returns new answers, each at its place in the list unless it has another one.
fn answer_set(new: Vec<NewAnswer>, author: &Author<'_>) -> Vec<Answer> {
    let mut set: Vec<Answer> = (0..).zip(new).map(|(place, new)| answers::answer(new, place, author)).collect();
    set.sort_by_key(|answer| answer.order_index);
    set
}

impl Rule for UpdateQuestion {
    fn apply(&self, id: QuizId, quiz: &mut State, author: &Author<'_>) -> Result<QuizQuestion, Fault> {
        quiz.question(self.question_id)?;
        quiz.owned_by(author.user)?;
        let question = quiz.question_mut(self.question_id)?;
        change(question, self.read()?, author)?;
        let view = question.view(id);
        quiz.sort();
        Ok(view)
    }
}

/// Changes a question. Answers that are sent take the place of all it had.
fn change(question: &mut Question, changes: QuestionChanges, author: &Author<'_>) -> Result<(), Fault> {
    let before = question.clone();
    set(&mut question.question_text, changes.question_text);
    set(&mut question.question_type, changes.question_type);
    set(&mut question.image_url, changes.image_url);
    set(&mut question.show_question_time, changes.show_question_time);
    set(&mut question.answering_time, changes.answering_time);
    set(&mut question.points, changes.points);
    set(&mut question.difficulty, changes.difficulty);
    set(&mut question.order_index, changes.order_index);
    set(&mut question.explanation_title, changes.explanation_title);
    set(&mut question.explanation_text, changes.explanation_text);
    set(&mut question.explanation_image_url, changes.explanation_image_url);
    set(&mut question.show_explanation_time, changes.show_explanation_time);
    set(&mut question.answers, changes.answers.map(|new| answer_set(new, author)));
    question.question_type.check_answers(question.answers.len())?;
    if *question != before {
        question.updated_at = author.now;
    }
    Ok(())
}

impl Rule for DeleteQuestion {
    fn apply(&self, _: QuizId, quiz: &mut State, author: &Author<'_>) -> Result<Success, Fault> {
        let at = quiz.question(self.question_id)?;
        quiz.owned_by(author.user)?;
        quiz.questions.remove(at);
        Ok(Success::default())
    }
}

impl Rule for ReorderQuestions {
    fn apply(&self, _: QuizId, quiz: &mut State, author: &Author<'_>) -> Result<Success, Fault> {
        quiz.owned_by(author.user)?;
        reorder(quiz, &self.read()?, author)?;
        Ok(Success::default())
    }
}

/// Gives every question the place at which `ids` names it.
fn reorder(quiz: &mut State, ids: &[QuestionId], author: &Author<'_>) -> Result<(), Fault> {
    let places: HashMap<QuestionId, u32> = ids.iter().copied().zip(0..).collect();
    if places.len() != ids.len() || ids.len() != quiz.questions.len() {
        return Err(ReorderQuestions::not_a_permutation());
    }
    for question in &mut quiz.questions {
        let place = *places.get(&question.id).ok_or_else(ReorderQuestions::not_a_permutation)?;
        if question.order_index != place {
            question.order_index = place;
            question.updated_at = author.now;
        }
    }
    quiz.sort();
    Ok(())
}
