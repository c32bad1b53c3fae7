//! A quiz with its questions: every change is on disk before it is answered.
//!
//! Decision: a quiz is an actor of its own, and does not belong to its owner's. Reason: most requests name a quiz and nothing else, people
//! who are not its owner look at it and play it, and a change then writes one quiz instead of all that its owner has. Accounts with
//! thousands of tiny quizzes each would change our mind.
//!
//! It alone decides who may do what with it; it awaits only the [`Catalogue`], when it wants a code.

use std::pin::Pin;
use std::sync::Arc;

use actix::{Actor, ActorFuture, ActorFutureExt, AtomicResponse, Context, Handler, Message, Supervised, fut};
use hubbub_protocol::contract::Contract;
use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::QuizId;
use hubbub_protocol::quiz::codes::QuizCode;
use hubbub_protocol::quiz::error::quiz_not_found;
use hubbub_protocol::quiz::quizzes::QuizSet;

use super::catalogue::state::Line;
use super::catalogue::{Catalogue, KeepCode, QuizNews, ReleaseCode};
use super::codes::{CodeWish, wish, with_code};
use super::rule::{Rule, apply};
use super::state::{Author, State};
use super::user;
use crate::kit::ask::{Ask, restarting};
use crate::kit::caller::Caller;
use crate::kit::deps::Deps;
use crate::kit::registry::Entity;
use crate::kit::single::single;
use crate::kit::snapshot::{Snapshot, StoreError, Stored};
use crate::quiz::Wiring;

mod asks;
pub mod plays;

/// The version of a quiz's snapshot.
const VERSION: u16 = 1;

/// One quiz.
pub struct Quiz {
    id: QuizId,
    deps: Deps,
    wiring: Arc<Wiring>,
    /// `None` until it is created. A deleted quiz is kept.
    state: Option<State>,
}

impl Actor for Quiz {
    type Context = Context<Self>;
}

impl Supervised for Quiz {}

impl Entity for Quiz {
    type Key = QuizId;
    const KIND: &'static str = "quiz.quiz";

    fn new(id: QuizId, deps: Deps) -> Self {
        Self { id, wiring: Wiring::of(&deps), deps, state: None }
    }

    fn restore(&mut self, snapshot: Option<Stored>, _: &mut Context<Self>) -> Result<(), StoreError> {
        self.state = snapshot.map(|stored| stored.decode()).transpose()?;
        Ok(())
    }
}

/// A change of the quiz: done when it is on disk.
type Step<T> = Pin<Box<dyn ActorFuture<Quiz, Output = Result<T, Fault>>>>;
/// The answer to a change. Nothing else happens to the quiz until it is given.
type Answer<T> = AtomicResponse<Quiz, Result<T, Fault>>;

fn refused<T: 'static>(refusal: Fault) -> Step<T> {
    Box::pin(fut::ready(Err(refusal)))
}

impl Quiz {
    fn known(&self) -> Result<&State, Fault> {
        self.state.as_ref().ok_or_else(quiz_not_found)
    }

    /// Returns what the catalogue is to know; nothing about a quiz that was deleted.
    fn line(state: &State) -> Option<Line> {
        let State { owner, status, created_at, updated_at, .. } = *state;
        state.deleted_at.is_none().then_some(Line { owner, status, created_at, updated_at, code: state.code() })
    }

    /// Makes `next` the state once it is on disk, tells the catalogue, and then answers.
    fn keep<T: 'static>(&self, next: State, answer: T) -> Step<T> {
        if self.state.as_ref() == Some(&next) {
            return Box::pin(fut::ready(Ok(answer)));
        }
        let saved = self.deps.snapshots().commit(Snapshot::of(Self::KIND, &self.id, VERSION, &next));
        Box::pin(fut::wrap_future::<_, Self>(saved).map(move |saved, quiz, _| {
            saved?;
            quiz.tell_catalogue(QuizNews(quiz.id, Self::line(&next)));
            quiz.state = Some(next);
            Ok(answer)
        }))
    }

    /// A catalogue that is down reads all quizzes when it comes back.
    fn tell_catalogue<M>(&self, news: M)
    where
        M: Message + Send + 'static,
        M::Result: Send,
        Catalogue: Handler<M>,
    {
        match single::<Catalogue>(&self.deps) {
            Ok(catalogue) => catalogue.do_send(news),
            Err(_down) => tracing::warn!(quiz.id = %self.id, "the catalogue is down and misses news of quiz `{}`", self.id),
        }
    }

    /// Has a rule change the quiz.
    fn change<R: Rule>(&self, rule: &R, caller: &Caller) -> Step<R::Reply>
    where
        R::Reply: 'static,
    {
        let changed = self.as_author(caller, |author| apply(rule, self.id, self.known()?, author));
        changed.map_or_else(refused, |(next, reply)| self.keep(next, reply))
    }

    fn as_author<T>(&self, caller: &Caller, act: impl FnOnce(&Author<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
        let bytes = || {
            let mut bytes = [0; 16];
            self.deps.random().fill(&mut bytes);
            bytes
        };
        let (now, max_players) = (self.deps.now(), self.wiring.max_room_players);
        act(&Author { user: user(caller)?, now, max_players, bytes: &bytes })
    }

    /// Has the catalogue keep a code, and takes it. A code that the quiz has already stays as it is.
    fn take_code<W: CodeWish + Contract, T: 'static>(&self, ask: &Ask<W>, answer: fn(QuizCode) -> T) -> Step<T> {
        let asked = user(&ask.caller).and_then(|user| {
            let quiz = self.known()?;
            Ok((wish(&ask.body, quiz, user)?, Self::line(quiz), single::<Catalogue>(&self.deps)?))
        });
        let (wish, line, catalogue) = match asked {
            Ok(asked) => asked,
            Err(refusal) => return refused(refusal),
        };
        let keeping = catalogue.send(KeepCode { id: self.id, line, wish });
        Box::pin(fut::wrap_future::<_, Self>(keeping).then(move |kept, quiz: &mut Self, _| {
            match kept.unwrap_or_else(|_closed| Err(restarting())) {
                Ok(code) => quiz.save_code(code, answer(code)),
                Err(refusal) => refused(refusal),
            }
        }))
    }

    fn save_code<T: 'static>(&self, code: QuizCode, answer: T) -> Step<T> {
        let next = match self.known() {
            Ok(quiz) if quiz.code() == Some(code) => return Box::pin(fut::ready(Ok(answer))),
            Ok(quiz) => with_code(quiz, code, self.deps.now()),
            Err(refusal) => return refused(refusal),
        };
        Box::pin(
            self.keep(next, answer).map(|kept, quiz, _| kept.inspect_err(|_unsaved| quiz.tell_catalogue(ReleaseCode(quiz.id)))),
        )
    }
}

/// The catalogue wants to list the quiz. A quiz that was deleted is not shown.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "Option<QuizSet>")]
pub struct Show;

impl Handler<Show> for Quiz {
    type Result = Option<QuizSet>;

    fn handle(&mut self, _: Show, _: &mut Context<Self>) -> Self::Result {
        self.state.as_ref().filter(|quiz| quiz.exists().is_ok()).map(|quiz| quiz.view(self.id))
    }
}
