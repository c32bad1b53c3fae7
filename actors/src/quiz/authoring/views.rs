//! What a quiz shows of itself to its owner.

use hubbub_protocol::quiz::answers::QuizAnswer;
use hubbub_protocol::quiz::questions::QuizQuestion;
use hubbub_protocol::quiz::quizzes::{PlaySettings, QuizSet};
use hubbub_protocol::quiz::{QuestionId, QuizId};

use super::state::{Answer, Question, State, count};
use crate::kit::clock::Timestamp;

impl State {
    /// Returns the quiz as its owner sees it.
    #[must_use]
    pub fn view(&self, id: QuizId) -> QuizSet {
        QuizSet {
            id,
            user_id: self.owner,
            title: self.title.clone(),
            description: self.description.clone(),
            thumbnail_url: None,
            is_public: self.is_public,
            difficulty_level: self.difficulty_level,
            category: self.category.clone(),
            total_questions: count(self.questions.len()),
            times_played: self.times_played,
            created_at: self.created_at.iso(),
            updated_at: self.updated_at.iso(),
            status: self.status,
            tags: self.tags.clone(),
            last_played_at: self.last_played_at.map(Timestamp::iso),
            play_settings: PlaySettings { code: self.code(), ..self.play_settings },
            cloned_from: None,
        }
    }
}

impl Question {
    /// Returns the question as its owner sees it.
    #[must_use]
    pub fn view(&self, quiz: QuizId) -> QuizQuestion {
        QuizQuestion {
            id: self.id,
            question_set_id: quiz,
            question_text: self.question_text.clone(),
            question_type: self.question_type,
            image_url: self.image_url.clone(),
            show_question_time: self.show_question_time,
            answering_time: self.answering_time,
            points: self.points,
            difficulty: self.difficulty,
            order_index: self.order_index,
            explanation_title: self.explanation_title.clone(),
            explanation_text: self.explanation_text.clone(),
            explanation_image_url: self.explanation_image_url.clone(),
            show_explanation_time: self.show_explanation_time,
            created_at: self.created_at.iso(),
            updated_at: self.updated_at.iso(),
            answers: self.answers.iter().map(|answer| answer.view(self.id)).collect(),
        }
    }
}

impl Answer {
    /// Returns the answer as its owner sees it.
    #[must_use]
    pub fn view(&self, question: QuestionId) -> QuizAnswer {
        QuizAnswer {
            id: self.id,
            question_id: question,
            answer_text: self.answer_text.clone(),
            image_url: self.image_url.clone(),
            is_correct: self.is_correct,
            order_index: self.order_index,
            created_at: self.created_at.iso(),
            updated_at: self.updated_at.iso(),
        }
    }
}
