//! What rooms ask of a quiz.

use actix::{AtomicResponse, Context, Handler, Message};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::UserId;
use hubbub_protocol::quiz::quizzes::PlaySettings;

use super::{Answer, Quiz, refused};
use crate::quiz::authoring::state::{Question, State};

/// Somebody wants to play the quiz: its owner, or anyone while it is public and published.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "Result<Playable, Fault>")]
pub struct ReadToPlay(pub UserId);

/// What a room copies when it is created.
#[derive(Debug, Clone, PartialEq)]
pub struct Playable {
    /// How it is played; only its owner's room is told the code.
    pub settings: PlaySettings,
    /// What it asks, in its order.
    pub questions: Vec<Question>,
}

impl Handler<ReadToPlay> for Quiz {
    type Result = Result<Playable, Fault>;

    fn handle(&mut self, ReadToPlay(user): ReadToPlay, _: &mut Context<Self>) -> Self::Result {
        let quiz = self.known()?;
        quiz.seen_by(user)?;
        let code = quiz.code().filter(|_| quiz.owner == user);
        Ok(Playable { settings: PlaySettings { code, ..quiz.play_settings }, questions: quiz.questions.clone() })
    }
}

/// A room began to play the quiz.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "Result<(), Fault>")]
pub struct Played;

impl Handler<Played> for Quiz {
    type Result = Answer<()>;

    /// Being played is no change of the quiz: its place in lists stays.
    fn handle(&mut self, _: Played, _: &mut Context<Self>) -> Self::Result {
        let played = self.known().map(|quiz| State {
            times_played: quiz.times_played.saturating_add(1),
            last_played_at: Some(self.deps.now()),
            ..quiz.clone()
        });
        AtomicResponse::new(played.map_or_else(refused, |next| self.keep(next, ())))
    }
}
