//! A panic in an actor of accounts or authoring costs one message, and nobody anything else. The message that panics is the test's own.

use actix::{Addr, Context, Handler, Message};
use futures_util::future::{join, join_all};
use hubbub_actors::kit::single::single;
use hubbub_actors::quiz::accounts::account::Account;
use hubbub_actors::quiz::accounts::directory::Directory;
use hubbub_actors::quiz::authoring::catalogue::Catalogue;
use hubbub_actors::quiz::authoring::quiz::Quiz;
use hubbub_protocol::quiz::ids::Id;
use serde_json::{Value, json};

use super::support::everything;
use super::world::World;
use crate::harness::quiz::{PASSWORD, User, body, call, check_refused};

const NONE: Value = Value::Null;

/// A message whose handler has a bug.
#[derive(Message)]
#[rtype(result = "()")]
struct Explode;

/// A macro, because a handler cannot be written for any actor whatever.
macro_rules! explodes {
    ($($actor:ty),+) => { $(
        impl Handler<Explode> for $actor {
            type Result = ();

            fn handle(&mut self, _: Explode, _: &mut Context<Self>) {
                panic!("injected by a test");
            }
        }
    )+ };
}
explodes!(Account, Directory, Catalogue, Quiz);

async fn explode<A: Handler<Explode, Result = ()> + actix::Actor<Context = Context<A>>>(actor: Addr<A>) {
    assert!(actor.send(Explode).await.is_err(), "the message that panics gets no answer");
}

impl World {
    fn account(&self) -> Addr<Account> {
        let id = Id::parse(&self.ada.id).expect("an id");
        self.hub.deps.registry::<Account>().find(&id).expect("it is up")
    }

    fn quiz(&self) -> Addr<Quiz> {
        let id = Id::parse(&self.quiz.id).expect("an id");
        self.hub.deps.registry::<Quiz>().find(&id).expect("it is up")
    }

    fn directory(&self) -> Addr<Directory> {
        single(&self.hub.deps).expect("it is up")
    }

    fn catalogue(&self) -> Addr<Catalogue> {
        single(&self.hub.deps).expect("it is up")
    }
}

#[tokio::test]
async fn what_was_known_before_a_panic_is_known_after_it() {
    let world = World::new().await;
    let code = world.ada.post(&format!("/quiz/{}/generate-code", world.quiz.id), &NONE).await["code"].clone();
    let before = everything(&world.ada).await;
    for _ in 0..2 {
        explode(world.account()).await;
        explode(world.quiz()).await;
        explode(world.directory()).await;
        explode(world.catalogue()).await;
        assert_eq!(everything(&world.ada).await, before);
        let taken = json!({ "email": "ada@example.com", "password": PASSWORD });
        let answer = call(&world.ada.base, "POST", "/auth/register", &taken).await;
        check_refused(&answer, 422, "duplicate_email", "Email already registered");
        let path = format!("/quiz/code/check/{code}");
        assert_eq!(body(&call(&world.ada.base, "GET", &path, &NONE).await)["available"], false);
        User::log_in(&world.ada.base, "ada").await;
    }
    let title = json!({ "title": "Goes on" });
    assert_eq!(body(&world.ada.call("PUT", &format!("/quiz/{}", world.quiz.id), &title).await)["title"], "Goes on");
    world.hub.stop().await;
}

#[tokio::test]
async fn who_registers_while_the_directory_panics_has_an_account_or_can_have_it_later() {
    let world = World::new().await;
    let base = world.ada.base.as_str();
    let sent = |number: usize| json!({ "email": format!("user{number}@example.com"), "password": PASSWORD, "username": format!("user_{number}") });
    let attempts = join_all((0..12).map(async |number| call(base, "POST", "/auth/register", &sent(number)).await));
    let panics = async {
        for _ in 0..3 {
            explode(world.directory()).await;
            call(base, "POST", "/auth/login", &sent(0)).await;
        }
    };
    let (answers, ()) = join(attempts, panics).await;
    for (number, answer) in answers.iter().enumerate() {
        let again = call(base, "POST", "/auth/register", &sent(number)).await;
        match answer.status.as_u16() {
            201 => check_refused(&again, 422, "duplicate_email", "Email already registered"),
            503 => assert!([201, 422].contains(&again.status.as_u16()), "{}", again.line()),
            _ => panic!("{}", answer.line()),
        }
        assert_eq!(call(base, "POST", "/auth/login", &sent(number)).await.status.as_u16(), 200, "user {number}");
    }
    world.end().await;
}

#[tokio::test]
async fn codes_stay_unique_while_the_catalogue_panics() {
    let world = World::new().await;
    let quizzes = join_all((0..12).map(|_| world.ada.create_quiz("Quiz Title"))).await;
    let setting = join_all(quizzes.iter().map(async |quiz| {
        world.ada.call("PUT", &format!("/quiz/{quiz}/code"), &json!({ "code": 123_456 })).await.status.as_u16()
    }));
    let panics = async {
        for _ in 0..3 {
            explode(world.catalogue()).await;
        }
    };
    let (statuses, ()) = join(setting, panics).await;
    let codes =
        join_all(quizzes.iter().map(async |quiz| world.ada.get(&format!("/quiz/{quiz}/code")).await["code"].clone())).await;
    let holders = codes.iter().filter(|code| !code.is_null()).count();
    assert!(holders <= 1, "{holders} quizzes have one code");
    for (status, code) in statuses.iter().zip(&codes) {
        assert!([200, 400, 503].contains(status), "{status}");
        assert_eq!(*status == 200, !code.is_null(), "what was acknowledged is so, and nothing else");
    }
    world.hub.stop().await;
}
