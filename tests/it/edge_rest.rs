//! The HTTP edge, seen from outside through a system that exists only here: a shelf of notes, one actor per note.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix::{Actor, Context, Handler, Supervised};
use actix_web::HttpResponse;
use hubbub::edge::{AdminKey, Authenticate, Call, Edge, Endpoints, Gate, Identity, Observer, OriginPolicy, Served, Throttle};
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

use crate::harness::http::{Answer, HttpHarness};

// ---------------------------------------------------------------- the system

struct Shelf;

impl System for Shelf {
    const NAME: &'static str = "shelf";
    const REFUSALS: Refusals =
        Refusals { unknown_path: Refusal::new(Kind::NotFound, "no_route", "No such route"), ..Refusals::COMMON };

    fn envelope(fault: &Fault) -> Envelope {
        let body = match fault.retry_after_secs {
            Some(secs) => json!({"code": fault.code, "error": fault.message, "retryAfter": secs}),
            None => json!({"code": fault.code, "error": fault.message}),
        };
        Envelope { status: fault.kind.status(), body }
    }

    fn socket_error(_: &Fault) -> SocketError {
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

// ---------------------------------------------------------------- its actor

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

// ---------------------------------------------------------------- its edge

/// Tokens that say `role:subject`.
struct Spoken;

impl Authenticate for Spoken {
    fn authenticate(&self, token: &str) -> Result<Identity, Fault> {
        let (role, subject) =
            token.split_once(':').ok_or_else(|| Fault::new(Kind::Unauthenticated, "", "Invalid or expired token"))?;
        Ok(Identity { subject: subject.into(), role: Some(role.into()) })
    }
}

#[derive(Clone, Default)]
struct Tally(Arc<Mutex<Vec<String>>>);

impl Observer for Tally {
    fn served(&self, request: &Served<'_>) {
        let line = format!("{} {} {}", request.method, request.route, request.status);
        self.0.lock().expect("no panic while counting").push(line);
    }
}

impl Tally {
    fn lines(&self) -> Vec<String> {
        self.0.lock().expect("no panic while counting").clone()
    }
}

struct Setting {
    clock: TestClock,
    tally: Tally,
    http: HttpHarness,
}

fn setting() -> Setting {
    setting_with(|edge| edge)
}

fn setting_with(adjust: impl FnOnce(Edge) -> Edge) -> Setting {
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

// ---------------------------------------------------------------- answers

#[actix_web::test]
async fn an_ask_is_answered_by_its_actor() {
    let Setting { http, .. } = setting();
    let answer = http.post("/notes/n1", &json!({"text": "hello", "copies": 2})).await;
    let expected = r#"201 {"ok":true,"id":"n1","text":"hello","copies":2,"by":null,"role":null,"admin":false}"#;
    assert_eq!(answer.line(), expected);
    assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("x-request-id").len(), 22);
}

#[actix_web::test]
async fn path_beats_query_beats_header_beats_body() {
    let Setting { http, .. } = setting();
    let body = r#"{"id": "body", "text": "body", "copies": 1}"#;
    let all = http.send("POST", "/notes/path?id=query&text=query&copies=2", &[("x-text", "header")], body).await;
    let expected = r#"201 {"ok":true,"id":"path","text":"query","copies":2,"by":null,"role":null,"admin":false}"#;
    assert_eq!(all.line(), expected);
    let header = http.send("POST", "/notes/12345678", &[("x-text", "header")], body).await;
    let expected = r#"201 {"ok":true,"id":"12345678","text":"header","copies":1,"by":null,"role":null,"admin":false}"#;
    assert_eq!(header.line(), expected);
}

#[actix_web::test]
async fn paths_are_percent_decoded_once() {
    let Setting { http, .. } = setting();
    let answer = http.get("/notes/a%20b%2Fc%2541?copies=%31").await;
    let expected = r#"200 {"ok":true,"id":"a b/c%41","text":"as read","copies":1,"by":null,"role":null,"admin":false}"#;
    assert_eq!(answer.line(), expected);
}

#[actix_web::test]
async fn literals_win_and_a_trailing_slash_is_optional() {
    let Setting { http, .. } = setting();
    assert_eq!(http.get("/notes/count").await.line(), r#"200 {"ok":true,"count":0}"#);
    assert_eq!(http.get("/notes/count/").await.line(), r#"200 {"ok":true,"count":0}"#);
    assert_eq!(http.get("/raw/7/").await.line(), "200 raw 7");
    assert_eq!(http.get("/raw//").await.line(), r#"404 {"code":"no_route","error":"No such route"}"#);
}

#[actix_web::test]
async fn head_is_answered_for_get_routes() {
    let Setting { http, .. } = setting();
    let answer = http.send("HEAD", "/notes/count", &[], "").await;
    assert_eq!((answer.line().as_str(), answer.header("content-length")), ("200 ", "21"));
}

#[actix_web::test]
async fn a_success_without_content_has_none() {
    let Setting { http, .. } = setting();
    let answer = http.send("DELETE", "/notes/n1", &[("x-api-key", "the-key")], "").await;
    assert_eq!((answer.line().as_str(), answer.header("content-type")), ("204 ", ""));
}

// ---------------------------------------------------------------- refusals

#[actix_web::test]
async fn unknown_paths_and_wrong_methods_are_refused_in_the_envelope() {
    let Setting { http, .. } = setting();
    assert_eq!(http.get("/nowhere").await.line(), r#"404 {"code":"no_route","error":"No such route"}"#);
    assert_eq!(http.send("PUT", "/notes/n1", &[], "").await.line(), r#"404 {"code":"","error":"Not found"}"#);
    assert_eq!(http.send("BREW", "/notes/n1", &[], "").await.line(), r#"404 {"code":"","error":"Not found"}"#);
}

#[actix_web::test]
async fn what_is_no_json_object_is_refused() {
    let Setting { http, .. } = setting();
    for body in ["{", "[]", "null", "\"text\"", "{\"text\": \"\u{0}\"}", "{'a':1}", "a=b", "[[[[", &"[".repeat(900)] {
        let answer = http.send("POST", "/notes/n1", &[], body.to_owned()).await;
        assert_eq!(answer.line(), r#"400 {"code":"","error":"Invalid JSON"}"#, "{body}");
    }
    let invalid_utf8 = http.send("POST", "/notes/n1", &[], b"{\"text\":\"\xff\"}".to_vec()).await;
    assert_eq!(invalid_utf8.line(), r#"400 {"code":"","error":"Invalid JSON"}"#);
}

#[actix_web::test]
async fn fields_that_do_not_fit_are_named() {
    let Setting { http, .. } = setting();
    let missing = http.send("POST", "/notes/n1", &[], "").await;
    assert_eq!(missing.line(), r#"400 {"code":"","error":"Invalid input: `text` is required"}"#);
    let wrong = http.post("/notes/n1", &json!({"text": "t", "copies": "two"})).await;
    assert_eq!(wrong.line(), r#"400 {"code":"","error":"Invalid input: `copies`"}"#);
    let own_words = http.get("/notes/n1?copies=-1").await;
    assert_eq!(own_words.line(), r#"400 {"code":"","error":"How many copies?"}"#);
}

#[actix_web::test]
async fn a_body_that_is_too_large_is_refused_however_it_comes() {
    let Setting { http, .. } = setting();
    let refused = r#"413 {"code":"","error":"Payload too large"}"#;
    let just_right = format!("{{\"text\":\"{}\"}}", "x".repeat(1000 - 11));
    assert_eq!(http.send("POST", "/notes/n1", &[], just_right).await.status.as_u16(), 201);
    let one_more = format!("{{\"text\":\"{}\"}}", "x".repeat(1000 - 10));
    assert_eq!(http.send("POST", "/notes/n1", &[], one_more).await.line(), refused);
    assert_eq!(http.send("POST", "/notes/n1", &[], vec![b' '; 8 * 1024 * 1024]).await.line(), refused);
}

#[actix_web::test]
async fn a_body_that_stalls_is_refused() {
    let Setting { http, .. } = setting_with(|mut edge| {
        edge.body.deadline = Duration::from_millis(20);
        edge
    });
    let answer = http.send_and_stall(b"POST /notes/n1 HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{\"te").await;
    assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
    assert!(answer.ends_with(r#"{"code":"","error":"Request body timed out"}"#), "{answer}");
}

#[actix_web::test]
async fn a_panic_is_a_500_and_nothing_else() {
    let Setting { http, .. } = setting();
    assert_eq!(http.get("/panic").await.line(), r#"500 {"code":"","error":"Internal server error"}"#);
    let in_the_actor = http.post("/notes/n1", &json!({"text": "boom"})).await;
    assert_eq!(in_the_actor.line(), r#"503 {"code":"","error":"restarting, try again","retryAfter":1}"#);
    assert_eq!(in_the_actor.header("retry-after"), "1");
    assert_eq!(http.post("/notes/n1", &json!({"text": "after"})).await.status.as_u16(), 201);
}

// ---------------------------------------------------------------- access

#[actix_web::test]
async fn the_key_is_checked_before_the_body() {
    let Setting { http, .. } = setting();
    let refused = r#"403 {"code":"","error":"Invalid API key"}"#;
    assert_eq!(http.send("DELETE", "/notes/n1", &[], "{").await.line(), refused);
    assert_eq!(http.send("DELETE", "/notes/n1", &[("x-api-key", "wrong")], "{").await.line(), refused);
    let admitted = http.send("DELETE", "/notes/n1", &[("x-api-key", "the-key")], "{").await;
    assert_eq!(admitted.line(), r#"400 {"code":"","error":"Invalid JSON"}"#);
}

#[actix_web::test]
async fn a_token_names_the_caller_where_none_is_needed() {
    let Setting { http, .. } = setting();
    let answer = http.send("GET", "/notes/n1", &[("authorization", "Bearer tablet:T1")], "").await;
    let expected = r#"200 {"ok":true,"id":"n1","text":"as read","copies":null,"by":"T1","role":"tablet","admin":false}"#;
    assert_eq!(answer.line(), expected);
}

#[actix_web::test]
async fn strictness_closes_what_is_open() {
    let Setting { http, .. } = setting_with(|mut edge| {
        edge.gate.require_auth = true;
        edge
    });
    assert_eq!(http.get("/secret").await.line(), r#"401 {"code":"","error":"Authentication required"}"#);
    let forged = http.send("GET", "/secret", &[("authorization", "Bearer forged")], "").await;
    assert_eq!(forged.line(), r#"401 {"code":"","error":"Invalid or expired token"}"#);
    assert_eq!(http.send("GET", "/secret", &[("authorization", "Bearer a:b")], "").await.line(), "200 raw none");
    assert_eq!(http.send("GET", "/secret", &[("x-api-key", "the-key")], "").await.line(), "200 raw none");
}

// ---------------------------------------------------------------- throttle

fn quota(answer: &Answer) -> [&str; 4] {
    ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "retry-after"].map(|name| answer.header(name))
}

#[actix_web::test]
async fn a_limited_route_says_what_is_left_and_then_refuses() {
    let Setting { http, clock, .. } = setting();
    assert_eq!(quota(&http.get("/notes/count").await), ["2", "1", "60", ""]);
    clock.advance(20_500);
    assert_eq!(quota(&http.get("/notes/count").await), ["2", "0", "40", ""]);
    let refused = http.get("/notes/count").await;
    let expected = r#"429 {"code":"","error":"Too many requests, please try again later.","retryAfter":40}"#;
    assert_eq!((refused.line().as_str(), quota(&refused)), (expected, ["2", "0", "40", "40"]));
    clock.advance(39_500);
    assert_eq!(http.get("/notes/count").await.line(), r#"200 {"ok":true,"count":0}"#);
    assert_eq!(quota(&http.get("/notes/n1").await), ["", "", "", ""]);
}

#[actix_web::test]
async fn clients_behind_a_trusted_proxy_have_windows_of_their_own() {
    let Setting { http, .. } = setting_with(|mut edge| {
        edge.proxies = hubbub::edge::TrustedProxies::new(vec!["127.0.0.0/8".parse().expect("a network")]);
        edge
    });
    for client in ["203.0.113.1", "203.0.113.2"] {
        for expected in [200, 200, 429] {
            let answer = http.send("GET", "/notes/count", &[("x-forwarded-for", client)], "").await;
            assert_eq!(answer.status.as_u16(), expected, "{client}");
        }
    }
}

#[actix_web::test]
async fn without_a_trusted_proxy_the_header_changes_nothing() {
    let Setting { http, .. } = setting();
    for (client, expected) in [("203.0.113.1", 200), ("203.0.113.2", 200), ("203.0.113.3", 429)] {
        let answer = http.send("GET", "/notes/count", &[("x-forwarded-for", client)], "").await;
        assert_eq!(answer.status.as_u16(), expected);
    }
}

#[actix_web::test]
async fn limits_can_be_switched_off() {
    let Setting { http, .. } = setting_with(|mut edge| {
        edge.throttle = Throttle::new(0.0);
        edge
    });
    for _ in 0..5 {
        let answer = http.get("/notes/count").await;
        assert_eq!((answer.status.as_u16(), quota(&answer)), (200, ["", "", "", ""]));
    }
}

// ---------------------------------------------------------------- origins

fn cors(answer: &Answer) -> [&str; 3] {
    ["access-control-allow-origin", "access-control-allow-credentials", "vary"].map(|name| answer.header(name))
}

#[actix_web::test]
async fn an_allowed_page_may_read_the_answer() {
    let Setting { http, .. } = setting();
    for origin in ["https://dash.example", "http://localhost:5173", "http://127.0.0.1:1"] {
        let answer = http.send("GET", "/notes/n1", &[("origin", origin)], "").await;
        assert_eq!((answer.status.as_u16(), cors(&answer)), (200, [origin, "true", "Origin"]));
    }
}

#[actix_web::test]
async fn a_foreign_page_reads_nothing_and_changes_nothing() {
    let Setting { http, .. } = setting();
    let foreign = [("origin", "https://evil.example")];
    let read = http.send("GET", "/notes/n1", &foreign, "").await;
    assert_eq!((read.status.as_u16(), cors(&read)), (200, ["", "", "Origin"]));
    let write = http.send("POST", "/notes/n1", &foreign, "{\"text\":\"x\"}").await;
    assert_eq!(write.line(), r#"403 {"code":"","error":"Origin not allowed"}"#);
    assert_eq!(cors(&write), ["", "", "Origin"]);
}

#[actix_web::test]
async fn a_preflight_names_the_methods_of_the_path() {
    let Setting { http, .. } = setting();
    let asked = [("access-control-request-method", "POST"), ("access-control-request-headers", "content-type,x-api-key")];
    let preflight = http.send("OPTIONS", "/notes/n1", &[asked[0], asked[1], ("origin", "http://localhost")], "").await;
    assert_eq!(preflight.line(), "204 ");
    assert_eq!(preflight.header("access-control-allow-methods"), "DELETE, GET, HEAD, OPTIONS, POST");
    assert_eq!(preflight.header("access-control-allow-headers"), "content-type,x-api-key");
    assert_eq!(preflight.header("access-control-allow-origin"), "http://localhost");
    let foreign = http.send("OPTIONS", "/notes/n1", &[asked[0], asked[1], ("origin", "null")], "").await;
    assert_eq!((foreign.status.as_u16(), foreign.header("access-control-allow-methods")), (204, ""));
    assert_eq!(foreign.header("allow"), "DELETE, GET, HEAD, OPTIONS, POST");
}

#[actix_web::test]
async fn a_star_opens_without_credentials() {
    let Setting { http, .. } = setting_with(|mut edge| {
        edge.origins = OriginPolicy::new(&["*".to_owned()], [127, 0, 0, 1].into());
        edge
    });
    let answer = http.send("POST", "/notes/n1", &[("origin", "https://any.example")], "{\"text\":\"x\"}").await;
    assert_eq!((answer.status.as_u16(), cors(&answer)), (201, ["*", "", ""]));
}

// ---------------------------------------------------------------- traces

#[actix_web::test]
async fn requests_are_counted_by_template_and_never_by_what_the_client_wrote() {
    let Setting { http, tally, .. } = setting();
    http.get("/notes/n1").await;
    http.get("/notes/n2/").await;
    http.get("/nowhere/at/all").await;
    http.send("BREW", "/notes/n1", &[], "").await;
    let expected = ["GET /notes/{id} 200", "GET /notes/{id} 200", "GET unmatched 404", "OTHER /notes/{id} 404"];
    assert_eq!(tally.lines(), expected);
}

#[actix_web::test]
async fn a_request_keeps_the_id_that_a_proxy_gave_it() {
    let Setting { http, .. } = setting();
    let kept = http.send("GET", "/nowhere", &[("x-request-id", "trace-1.2:3")], "").await;
    assert_eq!(kept.header("x-request-id"), "trace-1.2:3");
    let replaced = http.send("GET", "/nowhere", &[("x-request-id", "two words")], "").await;
    assert_eq!(replaced.header("x-request-id").len(), 22);
}
