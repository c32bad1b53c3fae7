//! What clients ask of a quiz.

use actix::{AtomicResponse, Context, Handler};
use hubbub_protocol::contract::Contract;
use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::QuizId;
use hubbub_protocol::quiz::answers::{AddAnswer, DeleteAnswer, UpdateAnswer};
use hubbub_protocol::quiz::codes::{CodeGenerated, CodeSet, CurrentCode, GenerateCode, GetCode, QuizCode, RemoveCode, SetCode};
use hubbub_protocol::quiz::error::quiz_not_found;
use hubbub_protocol::quiz::ids::Id;
use hubbub_protocol::quiz::publishing::{PublishQuiz, UnpublishQuiz, ValidateQuiz, Validation};
use hubbub_protocol::quiz::questions::{AddQuestion, DeleteQuestion, ReorderQuestions, UpdateQuestion};
use hubbub_protocol::quiz::quizzes::{CreateQuiz, DeleteQuiz, GetQuiz, QuizDetail, QuizSet, UpdateQuiz};

use super::{Answer, Quiz, refused};
use crate::kit::ask::{Ask, Route, Routed};
use crate::kit::deps::Deps;
use crate::quiz::Wiring;
use crate::quiz::authoring::rule::Rule;
use crate::quiz::authoring::state::State;
use crate::quiz::authoring::{codes, publishing, quizzes, user};

/// Routes contracts to the quiz that a field of theirs names.
macro_rules! routed {
    ($field:ident: $($contract:ty),+) => { $(
        impl Routed for $contract {
            type Actor = Quiz;

            fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<QuizId>, Fault> {
                user(&ask.caller)?;
                Ok(Route::Find(ask.body.$field, quiz_not_found()))
            }
        }
    )+ };
}

routed!(id: GetQuiz, UpdateQuiz, DeleteQuiz, PublishQuiz, UnpublishQuiz, ValidateQuiz, GenerateCode, SetCode, GetCode, RemoveCode);
routed!(quiz_id: AddQuestion, UpdateQuestion, DeleteQuestion, ReorderQuestions, AddAnswer, UpdateAnswer, DeleteAnswer);

impl<R: Rule + Send + 'static> Handler<Ask<R>> for Quiz
where
    <R as Contract>::Reply: 'static,
{
    type Result = Answer<R::Reply>;

    fn handle(&mut self, ask: Ask<R>, _: &mut Context<Self>) -> Self::Result {
        AtomicResponse::new(self.change(&ask.body, &ask.caller))
    }
}

impl Routed for CreateQuiz {
    type Actor = Quiz;

    /// A quiz that is refused does not come into being.
    fn route(ask: &Ask<Self>, deps: &Deps) -> Result<Route<QuizId>, Fault> {
        user(&ask.caller)?;
        ask.body.read(Wiring::of(deps).max_room_players)?;
        let mut bytes = [0; 16];
        deps.random().fill(&mut bytes);
        Ok(Route::Summon(Id::random(bytes)))
    }
}

impl Handler<Ask<CreateQuiz>> for Quiz {
    type Result = Answer<QuizSet>;

    fn handle(&mut self, ask: Ask<CreateQuiz>, _: &mut Context<Self>) -> Self::Result {
        if self.state.is_some() {
            return AtomicResponse::new(refused(Fault::unavailable("this quiz id is taken, try again").retry_after(1)));
        }
        let created = self.as_author(&ask.caller, |author| Ok(State::create(ask.body.read(author.max_players)?, author)));
        AtomicResponse::new(created.map_or_else(refused, |quiz| {
            let view = quiz.view(self.id);
            self.keep(quiz, view)
        }))
    }
}

impl Handler<Ask<GetQuiz>> for Quiz {
    type Result = Result<QuizDetail, Fault>;

    fn handle(&mut self, ask: Ask<GetQuiz>, _: &mut Context<Self>) -> Self::Result {
        quizzes::look(&ask.body, self.id, self.known()?, user(&ask.caller)?)
    }
}

impl Handler<Ask<ValidateQuiz>> for Quiz {
    type Result = Result<Validation, Fault>;

    fn handle(&mut self, ask: Ask<ValidateQuiz>, _: &mut Context<Self>) -> Self::Result {
        publishing::validate(self.known()?, user(&ask.caller)?)
    }
}

impl Handler<Ask<GetCode>> for Quiz {
    type Result = Result<CurrentCode, Fault>;

    fn handle(&mut self, ask: Ask<GetCode>, _: &mut Context<Self>) -> Self::Result {
        codes::look(self.id, self.known()?, user(&ask.caller)?)
    }
}

impl Handler<Ask<GenerateCode>> for Quiz {
    type Result = Answer<CodeGenerated>;

    fn handle(&mut self, ask: Ask<GenerateCode>, _: &mut Context<Self>) -> Self::Result {
        AtomicResponse::new(self.take_code(&ask, |code: QuizCode| CodeGenerated { code }))
    }
}

impl Handler<Ask<SetCode>> for Quiz {
    type Result = Answer<CodeSet>;

    fn handle(&mut self, ask: Ask<SetCode>, _: &mut Context<Self>) -> Self::Result {
        AtomicResponse::new(self.take_code(&ask, CodeSet::new))
    }
}
