//! The catalogue: one actor that knows which quizzes an account has, and through which every code is given away.
//!
//! A code is unique because one mailbox puts all who want it in order. What the catalogue knows is only derived: the truth are the
//! quizzes' own snapshots, which it reads once at its start, so that no second record of a code can be left behind by a crash between
//! two commits. A list wakes only the quizzes of its page. It never waits in its turn, so quizzes may await it.
//! So many quizzes that reading them takes longer than a start may would change our mind: then every quiz gets a small snapshot of
//! its head beside that of its questions.

use actix::{Actor, Context, Handler, Message, Supervised};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::QuizId;
use hubbub_protocol::quiz::codes::QuizCode;
use hubbub_protocol::quiz::error::code_taken;

use crate::kit::deps::Deps;
use crate::kit::ids::number;
use crate::kit::registry::Entity;
use crate::kit::single::Only;
use crate::kit::snapshot::{StoreError, Stored, reading};

mod asks;
pub mod state;
mod stored;

use state::{Line, State};

/// The catalogue.
pub struct Catalogue {
    deps: Deps,
    state: State,
    /// The quizzes could not all be read: what is free is not known.
    unread: Option<StoreError>,
}

impl Actor for Catalogue {
    type Context = Context<Self>;
}

impl Supervised for Catalogue {}

impl Entity for Catalogue {
    type Key = Only<Self>;
    const KIND: &'static str = "quiz.catalogue";

    fn new(_: Only<Self>, deps: Deps) -> Self {
        Self { deps, state: State::default(), unread: None }
    }

    fn restore(&mut self, _: Option<Stored>, ctx: &mut Context<Self>) -> Result<(), StoreError> {
        reading::until_done(&self.deps, ctx, stored::read, Self::take);
        Ok(())
    }

    fn is_idle(&self) -> bool {
        false
    }
}

impl Catalogue {
    /// Takes what was read of all quizzes. What they changed meanwhile waited in the mailbox.
    fn take(&mut self, read: Result<State, StoreError>) {
        match read {
            Ok(state) => (self.state, self.unread) = (state, None),
            Err(error) => {
                tracing::error!(%error, "the quizzes cannot be read, no code can be given away: {error}");
                self.unread = Some(error);
            }
        }
    }

    /// Nothing is given away twice because something could not be read.
    fn is_read(&self) -> Result<(), Fault> {
        self.unread.clone().map_or(Ok(()), |error| Err(error.into()))
    }
}

/// A quiz was saved. Without a line it was deleted.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct QuizNews(pub QuizId, pub Option<Line>);

impl Handler<QuizNews> for Catalogue {
    type Result = ();

    fn handle(&mut self, QuizNews(id, line): QuizNews, _: &mut Context<Self>) {
        self.state.hear(id, line);
    }
}

/// A quiz wants a code. What it gets is kept for it until its next news.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "Result<QuizCode, Fault>")]
pub struct KeepCode {
    /// Which quiz.
    pub id: QuizId,
    /// What it is now.
    pub line: Option<Line>,
    /// Which code; `None` for any.
    pub wish: Option<QuizCode>,
}

impl Handler<KeepCode> for Catalogue {
    type Result = Result<QuizCode, Fault>;

    /// The line comes along because a quiz that panicked while it was saved may have had no news of it told.
    fn handle(&mut self, KeepCode { id, line, wish }: KeepCode, _: &mut Context<Self>) -> Self::Result {
        self.is_read()?;
        self.state.hear(id, line);
        if let Some(code) = wish {
            return self.state.keep(id, code).map(|()| code).map_err(|_taken| code_taken());
        }
        let any = self.state.keep_any(id, number(self.deps.random()));
        any.ok_or_else(|| Fault::unavailable("every code is in use"))
    }
}

/// A quiz could not be saved with the code that is kept for it.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct ReleaseCode(pub QuizId);

impl Handler<ReleaseCode> for Catalogue {
    type Result = ();

    fn handle(&mut self, ReleaseCode(id): ReleaseCode, _: &mut Context<Self>) {
        self.state.release(id);
    }
}
