//! What a room asks, and what each player answers: the same in every run, so that scores and tallies are known beforehand.

use crate::load::scenarios::chance::Chance;

/// Answers that each question offers.
pub(crate) const CHOICES: usize = 4;
/// A question's points grow by one from question to question, and begin anew after the most that the contract allows.
const FIRST_POINTS: usize = 10;
const MOST_POINTS: usize = 1000;

/// The questions of one room's quiz, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Script(pub(crate) Vec<Question>);

/// One question, as the server named it and its answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) id: String,
    pub(crate) answers: Vec<String>,
}

/// What a player has earned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Score {
    pub(super) points: u64,
    pub(super) correct: u64,
    pub(super) answers: u64,
}

/// Returns what a correct answer to a question is worth; every question has another worth than those beside it.
pub(crate) fn points(question: usize) -> usize {
    FIRST_POINTS + question % (MOST_POINTS - FIRST_POINTS + 1)
}

/// Returns the place of the correct answer.
pub(crate) fn correct(question: usize) -> usize {
    question % CHOICES
}

/// Returns which answer a player gives; `player` is his number among all.
pub(super) fn choice(player: usize, question: usize) -> usize {
    // Questions are 500 at most, so that no two players draw the same sequence.
    Chance::of(player * 512 + question).below(CHOICES)
}

/// Returns what a player has earned with the first so many questions.
pub(super) fn score(player: usize, questions: usize) -> Score {
    let mut score = Score::default();
    for question in 0..questions {
        let is_correct = choice(player, question) == correct(question);
        score.answers += 1;
        score.correct += u64::from(is_correct);
        score.points += if is_correct { points(question) as u64 } else { 0 };
    }
    score
}

impl Script {
    /// Returns a question's place.
    pub(super) fn place(&self, id: &str) -> Option<usize> {
        self.0.iter().position(|question| question.id == id)
    }

    /// Returns an answer's place in its question.
    pub(super) fn choice(&self, question: usize, answer: &str) -> Option<usize> {
        self.0.get(question)?.answers.iter().position(|known| known == answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_is_given_and_every_question_has_its_worth() {
        let mut given = [0; CHOICES];
        (0..400).for_each(|player| given[choice(player, 3)] += 1);
        assert!(given.iter().all(|count| (50..200).contains(count)), "{given:?}");
        assert_eq!([0, 1, 990, 991].map(points), [10, 11, 1000, 10]);
    }

    #[test]
    fn only_correct_answers_score() {
        let right = (0..).find(|player| choice(*player, 0) == correct(0) && choice(*player, 1) != correct(1));
        assert_eq!(score(right.unwrap(), 2), Score { points: 10, correct: 1, answers: 2 });
    }
}
