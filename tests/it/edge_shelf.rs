//! A system that exists only in these tests: a shelf of notes, one actor per note, behind a real listener.

use std::sync::{Arc, Mutex};

use actix::{Actor, Context, Handler, Supervised};
use actix_web::HttpResponse;
use hubbub::edge::{AdminKey, Authenticate, Call, Edge, Endpoints, Gate, Identity, Observer, OriginPolicy, Served};
use hubbub_actors::kit::ask::{Ask, KeyOf, Route, Routed};
use hubbub_actors::kit::clock::TestClock;
use hubbub_actors::kit::deps::Deps;
use hubbub_actors::kit::ids::SeededRandom;
use hubbub_actors::kit::registry::Entity;
use hubbub_actors::kit::snapshot::{StoreError, Stored};
use hubbub_protocol::contract::{Access, Contract, Endpoint, Envelope, Limit, Method, SocketError, System};
use hubbub_protocol::fault::{Fault, Kind};
use hubbub_protocol::refusals::{Malformed, Refusal, Refusals};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::harness::http::HttpHarness;

struct Shelf;

impl System for Shelf {
    const NAME: &'static str = "shelf";
    const REFUSALS: Refusals =
        Refusals { unknown_path: Refusal::new(Kind::NotFound, "no_route", "No such route"), ..Refusals::COMMON };

    fn envelope(fault: &Fault, _: &str) -> Envelope {
        let body = match fault.retry_after_secs {
            Some(secs) => json!({"code": fault.code, "error": fault.message, "retryAfter": secs}),
            None => json!({"code": fault.code, "error": fault.message}),
        };
        Envelope { status: fault.kind.status(), body }
    }

    fn socket_error(_: &Fault, _: &str) -> SocketError {
        SocketError { event: "error", payload: json!(null) }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct NoteId(String);

impl std::fmt::Display for NoteId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Shows what arrived, so that a test sees where each field came from.
#[derive(Debug, Serialize)]
struct Written {
    ok: bool,
    id: NoteId,
    text: String,
    copies: Option<u32>,
    by: Option<String>,
    role: Option<String>,
    admin: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct WriteNote {
    id: NoteId,
    text: String,
    copies: Option<u32>,
}

impl Contract for WriteNote {
    type Reply = Written;
}

impl Endpoint for WriteNote {
    type System = Shelf;
    const METHOD: Method = Method::Post;
    const PATH: &'static str = "/notes/{id}";
    const STATUS: u16 = 201;
    const HEADERS: &'static [(&'static str, &'static str)] = &[("X-Text", "text")];
}

#[derive(Debug, Serialize, Deserialize)]
struct ReadNote {
    id: NoteId,
    copies: Option<u32>,
}

impl Contract for ReadNote {
    type Reply = Written;
}

impl Endpoint for ReadNote {
    type System = Shelf;
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/notes/{id}";

    fn malformed(malformed: &Malformed) -> Option<Fault> {
        (malformed.field() == Some("copies")).then(|| Fault::invalid("How many copies?"))
    }
}

/// A literal that a parameter of another route would hide, if the order of the table decided.
#[derive(Debug, Serialize, Deserialize)]
struct CountNotes {}

impl Contract for CountNotes {
    type Reply = serde_json::Value;
}

impl Endpoint for CountNotes {
    type System = Shelf;
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/notes/count";
    const LIMIT: Option<Limit> = Some(Limit { bucket: "count", max: 2, window_secs: 60 });
}

#[derive(Debug, Serialize, Deserialize)]
struct BurnNote {
    id: NoteId,
}

impl Contract for BurnNote {
    type Reply = ();
}

impl Endpoint for BurnNote {
    type System = Shelf;
    const METHOD: Method = Method::Delete;
    const PATH: &'static str = "/notes/{id}";
    const STATUS: u16 = 204;
    const ACCESS: Access = Access::AdminKey;
}

struct Note {
    key: NoteId,
}

impl Actor for Note {
    type Context = Context<Self>;
}

impl Supervised for Note {}

impl Entity for Note {
    type Key = NoteId;
    const KIND: &'static str = "shelf.note";

    fn new(key: NoteId, _: Deps) -> Self {
        Self { key }
    }

    fn restore(&mut self, _: Option<Stored>, _: &mut Context<Self>) -> Result<(), StoreError> {
        Ok(())
    }
}

macro_rules! routed_to_the_note {
    ($($contract:ident)*) => {$(
        impl Routed for $contract {
            type Actor = Note;

            fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<KeyOf<Note>>, Fault> {
                Ok(Route::Summon(ask.body.id.clone()))
            }
        }
    )*};
}

routed_to_the_note! { WriteNote ReadNote BurnNote }

impl Handler<Ask<WriteNote>> for Note {
    type Result = Result<Written, Fault>;

    fn handle(&mut self, ask: Ask<WriteNote>, _: &mut Context<Self>) -> Self::Result {
        assert!(ask.body.text != "boom", "a note that explodes");
        let Ask { body: WriteNote { text, copies, .. }, caller } = ask;
        Ok(Written { ok: true, id: self.key.clone(), text, copies, by: caller.subject, role: caller.role, admin: caller.admin })
    }
}

impl Handler<Ask<ReadNote>> for Note {
    type Result = Result<Written, Fault>;

    fn handle(&mut self, ask: Ask<ReadNote>, _: &mut Context<Self>) -> Self::Result {
        let Ask { body: ReadNote { copies, .. }, caller } = ask;
        let text = "as read".to_owned();
        Ok(Written { ok: true, id: self.key.clone(), text, copies, by: caller.subject, role: caller.role, admin: caller.admin })
    }
}

impl Handler<Ask<BurnNote>> for Note {
    type Result = Result<(), Fault>;

    fn handle(&mut self, _: Ask<BurnNote>, _: &mut Context<Self>) -> Self::Result {
        Ok(())
    }
}

/// Tokens that say `role:subject`.
struct Spoken;

impl Authenticate for Spoken {
    fn authenticate(&self, token: &str) -> Result<Identity, Fault> {
        let (role, subject) =
            token.split_once(':').ok_or_else(|| Fault::new(Kind::Unauthenticated, "", "Invalid or expired token"))?;
        Ok(Identity { subject: subject.into(), role: Some(role.into()) })
    }
}

/// Notes every request that the edge reports.
#[derive(Clone, Default)]
pub struct Tally(Arc<Mutex<Vec<String>>>);

impl Observer for Tally {
    fn served(&self, request: &Served<'_>) {
        let line = format!("{} {} {}", request.method, request.route, request.status);
        self.0.lock().expect("no panic while counting").push(line);
    }
}

impl Tally {
    pub fn lines(&self) -> Vec<String> {
        self.0.lock().expect("no panic while counting").clone()
    }
}

/// A served shelf.
pub struct Setting {
    pub clock: TestClock,
    pub tally: Tally,
    pub http: HttpHarness,
}

/// Serves a shelf that is open to all, with an admin key and spoken tokens.
pub fn setting() -> Setting {
    setting_with(|edge| edge)
}

/// Serves a shelf with an adjusted edge.
pub fn setting_with(adjust: impl FnOnce(Edge) -> Edge) -> Setting {
    let (clock, tally) = (TestClock::default(), Tally::default());
    let deps = Deps::builder().clock(clock.clone()).random(SeededRandom::new(1)).build();
    let mut edge = Edge::new(deps);
    edge.gate = Gate { admin_key: AdminKey::new("the-key"), tokens: Some(Arc::new(Spoken)), require_auth: false };
    edge.origins = OriginPolicy::new(&["https://dash.example".to_owned()], [127, 0, 0, 1].into());
    edge.observer = Arc::new(tally.clone());
    edge.body.bytes = 1000;
    let table = Endpoints::<Shelf>::new(adjust(edge))
        .endpoint::<WriteNote>()
        .endpoint::<ReadNote>()
        .endpoint::<BurnNote>()
        .endpoint_with(|_: Deps, _: Ask<CountNotes>| async { Ok(json!({"ok": true, "count": 0})) })
        .route(Method::Get, "/raw/{id}", None, Access::Open, raw)
        .route(Method::Get, "/secret", None, Access::OpenUnlessStrict, raw)
        .route(Method::Get, "/panic", None, Access::Open, explode)
        .build();
    Setting { clock, tally, http: HttpHarness::start(move |config| table.configure(config)) }
}

async fn raw(call: Call) -> Result<HttpResponse, Fault> {
    let id = call.request.match_info().get("id").unwrap_or("none");
    Ok(HttpResponse::Ok().content_type("text/plain").body(format!("raw {id}")))
}

async fn explode(_: Call) -> Result<HttpResponse, Fault> {
    panic!("a handler that explodes")
}
