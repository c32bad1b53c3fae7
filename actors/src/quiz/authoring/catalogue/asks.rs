//! What clients ask of the catalogue.

use actix::{Context, Handler, ResponseFuture};
use futures_util::future::join_all;
use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::QuizId;
use hubbub_protocol::quiz::codes::{CheckCode, CodeChecked, CodeValidated, ValidateCode};
use hubbub_protocol::quiz::quizzes::{ListQuizzes, QuizList, QuizSet};

use super::Catalogue;
use crate::kit::ask::{Ask, restarting};
use crate::kit::deps::Deps;
use crate::kit::registry::Missing;
use crate::kit::single::routed_to_the_only;
use crate::quiz::authoring::quiz::{Quiz, Show};
use crate::quiz::authoring::user;

routed_to_the_only!(Catalogue: ListQuizzes, CheckCode, ValidateCode);

impl Handler<Ask<CheckCode>> for Catalogue {
    type Result = Result<CodeChecked, Fault>;

    fn handle(&mut self, ask: Ask<CheckCode>, _: &mut Context<Self>) -> Self::Result {
        let code = ask.body.read()?;
        self.is_read()?;
        Ok(CodeChecked { available: self.state.is_free(code) })
    }
}

impl Handler<Ask<ValidateCode>> for Catalogue {
    type Result = Result<CodeValidated, Fault>;

    fn handle(&mut self, ask: Ask<ValidateCode>, _: &mut Context<Self>) -> Self::Result {
        ask.body.answer()
    }
}

impl Handler<Ask<ListQuizzes>> for Catalogue {
    type Result = ResponseFuture<Result<QuizList, Fault>>;

    /// Finds the page here, and has its quizzes show themselves.
    fn handle(&mut self, ask: Ask<ListQuizzes>, _: &mut Context<Self>) -> Self::Result {
        let found = user(&ask.caller).and_then(|owner| {
            let (status, page) = ask.body.read()?;
            self.is_read()?;
            let (ids, total) = self.state.page(owner, status, page);
            Ok((page, total, ids))
        });
        let deps = self.deps.clone();
        Box::pin(async move {
            let (page, total, ids) = found?;
            let shown = join_all(ids.iter().map(|id| show(&deps, id))).await;
            let quizzes: Result<Vec<_>, Fault> = shown.into_iter().filter_map(Result::transpose).collect();
            Ok(QuizList::new(quizzes?, page, total))
        })
    }
}

/// Has a quiz show itself; one that was deleted meanwhile is left out.
async fn show(deps: &Deps, id: &QuizId) -> Result<Option<QuizSet>, Fault> {
    match deps.registry::<Quiz>().find(id) {
        Ok(quiz) => quiz.send(Show).await.map_err(|_closed| restarting()),
        Err(Missing::Unknown) => Ok(None),
        Err(Missing::BackingOff(back_off)) => Err(back_off.into()),
    }
}
