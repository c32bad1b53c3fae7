//! A capture session: every step of its life is on disk before it is answered.
//!
//! It keeps the session's own facts and never tells headsets anything: that is the tablet's part, after the answer.

use std::pin::Pin;
use std::sync::Arc;

use actix::{Actor, ActorFuture, ActorFutureExt, AtomicResponse, Context, Handler, Message, ResponseFuture, Supervised, fut};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::fleet::sessions::{GetSession, SESSION_NOT_FOUND, Session, SessionDetail};
use hubbub_protocol::fleet::{DeviceId, SessionId, TabletId};
use serde_json::{Map, Value};

use super::roster::state::SessionWord;
use super::{Wiring, device, roster};
use crate::kit::ask::{Ask, KeyOf, Route, Routed};
use crate::kit::clock::Timestamp;
use crate::kit::deps::Deps;
use crate::kit::registry::Entity;
use crate::kit::snapshot::{Snapshot, StoreError, Stored};

pub mod state;
mod uploads;

use state::{SessionRefusal, State};

/// The version of a session's snapshot.
const VERSION: u16 = 1;

/// One capture session.
pub struct CaptureSession {
    id: SessionId,
    deps: Deps,
    wiring: Arc<Wiring>,
    /// `None` until it is opened.
    state: Option<State>,
}

/// Why a session did not do what it was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// There is no such session.
    NotFound,
    /// It exists and refuses.
    Session(SessionRefusal),
    /// It could not be saved.
    Fault(Fault),
}

impl From<SessionRefusal> for Refused {
    fn from(refusal: SessionRefusal) -> Self {
        Self::Session(refusal)
    }
}

impl Actor for CaptureSession {
    type Context = Context<Self>;
}

impl Supervised for CaptureSession {}

impl Entity for CaptureSession {
    type Key = SessionId;
    const KIND: &'static str = "fleet.session";

    fn new(id: SessionId, deps: Deps) -> Self {
        Self { id, wiring: Wiring::of(&deps), deps, state: None }
    }

    fn restore(&mut self, snapshot: Option<Stored>, _: &mut Context<Self>) -> Result<(), StoreError> {
        self.state = snapshot.map(|stored| stored.decode()).transpose()?;
        if let Some(state) = &mut self.state {
            state.settle(self.deps.boot_id());
        }
        Ok(())
    }
}

/// A step of a session's life: done when it is on disk.
type Step<T> = Pin<Box<dyn ActorFuture<CaptureSession, Output = Result<T, Refused>>>>;
/// The answer to a step. Nothing else happens to the session until it is given.
type Answer<T> = AtomicResponse<CaptureSession, Result<T, Refused>>;

impl CaptureSession {
    /// Makes `next` the state once it is on disk, tells the roster, and then answers.
    fn step<T: 'static>(&self, next: State, answer: T) -> Step<T> {
        let saved = self.deps.snapshots().commit(Snapshot::of(Self::KIND, &self.id, VERSION, &next));
        Box::pin(fut::wrap_future::<_, Self>(saved).map(move |saved, session, _| {
            saved.map_err(|error| Refused::Fault(error.into()))?;
            session.tell_roster(&next);
            session.state = Some(next);
            Ok(answer)
        }))
    }

    fn tell_roster(&self, state: &State) {
        match roster::of(&self.deps) {
            Ok(roster) => roster.do_send(roster::SessionNews(word(&self.id, state))),
            Err(_down) => tracing::warn!(session.id = %self.id, "the roster is down and misses news of session `{}`", self.id),
        }
    }

    fn known(&self) -> Result<State, Refused> {
        self.state.clone().ok_or(Refused::NotFound)
    }

    /// Returns the session in full, with a fresh look at its devices.
    fn view(&self) -> ResponseFuture<Result<Session, Refused>> {
        let (id, deps, state) = (self.id.clone(), self.deps.clone(), self.known());
        Box::pin(async move {
            let state = state?;
            let glimpses = device::look_at_all(&deps, state.device_ids(), state.started_at()).await;
            Ok(state.view(&id, glimpses))
        })
    }
}

fn refused<T: 'static>(refusal: impl Into<Refused>) -> Step<T> {
    Box::pin(fut::ready(Err(refusal.into())))
}

/// Returns what a session in this state says about itself.
pub(super) fn word(id: &SessionId, state: &State) -> SessionWord {
    SessionWord {
        line: state.line(id),
        owner: state.owner().clone(),
        device_ids: state.device_ids(),
        created_at: state.created_at(),
        ended_at: state.ended_at(),
        upload_timestamp: state.upload_timestamp(),
    }
}

/// A new session is opened by the tablet that created it.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<(), Refused>")]
pub struct Open {
    /// The tablet.
    pub owner: TabletId,
    /// The devices, which that tablet holds.
    pub device_ids: Vec<DeviceId>,
    /// What it says about the session.
    pub metadata: Map<String, Value>,
}

impl Handler<Open> for CaptureSession {
    type Result = Answer<()>;

    fn handle(&mut self, open: Open, _: &mut Context<Self>) -> Self::Result {
        if self.state.is_some() {
            return Answer::new(refused(Refused::Fault(Fault::unavailable("this session id is taken, try again"))));
        }
        let state = State::create(open.owner, open.device_ids, open.metadata, self.deps.now());
        self.wiring.metrics.sessions_created.increment(1);
        Answer::new(self.step(state, ()))
    }
}

/// A session that records now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// Its devices.
    pub device_ids: Vec<DeviceId>,
    /// When it started for the first time.
    pub started_at: Timestamp,
}

/// A tablet starts or resumes the session.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Started, Refused>")]
pub struct Start(pub TabletId);

impl Handler<Start> for CaptureSession {
    type Result = Answer<Started>;

    fn handle(&mut self, Start(by): Start, _: &mut Context<Self>) -> Self::Result {
        let now = self.deps.now();
        let started = self.known().and_then(|mut next| {
            let started_at = next.start(&by, now)?;
            Ok((next, started_at))
        });
        Answer::new(match started {
            Ok((next, started_at)) => {
                let answer = Started { device_ids: next.device_ids(), started_at };
                self.step(next, answer)
            }
            Err(refusal) => refused(refusal),
        })
    }
}

/// A tablet pauses the session. The answer is its devices.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Vec<DeviceId>, Refused>")]
pub struct Pause(pub TabletId);

impl Handler<Pause> for CaptureSession {
    type Result = Answer<Vec<DeviceId>>;

    fn handle(&mut self, Pause(by): Pause, _: &mut Context<Self>) -> Self::Result {
        let paused = self.known().and_then(|mut next| {
            next.pause(&by)?;
            Ok(next)
        });
        Answer::new(match paused {
            Ok(next) => {
                let answer = next.device_ids();
                self.step(next, answer)
            }
            Err(refusal) => refused(refusal),
        })
    }
}

/// A session that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Its devices.
    pub device_ids: Vec<DeviceId>,
    /// When it ended.
    pub ended_at: Timestamp,
    /// Whole seconds since its first start.
    pub duration_secs: i64,
}

/// A tablet ends the session.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Ended, Refused>")]
pub struct End(pub TabletId);

impl Handler<End> for CaptureSession {
    type Result = Answer<Ended>;

    /// Looks at the devices for the last time, then takes the step.
    fn handle(&mut self, End(by): End, _: &mut Context<Self>) -> Self::Result {
        let state = match self.known() {
            Ok(state) => state,
            Err(refusal) => return Answer::new(refused(refusal)),
        };
        if let Err(refusal) = state.may_drive(&by) {
            return Answer::new(refused(refusal));
        }
        let deps = self.deps.clone();
        let looking = async move { device::look_at_all(&deps, state.device_ids(), state.started_at()).await };
        let ended = fut::wrap_future::<_, Self>(looking).then(move |last, session: &mut Self, _| session.end(&by, &last));
        Answer::new(Box::pin(ended))
    }
}

impl CaptureSession {
    fn end(&mut self, by: &TabletId, last: &[state::Glimpse]) -> Step<Ended> {
        let ended_at = self.deps.now();
        let ended = self.known().and_then(|mut next| {
            let duration_secs = next.end(by, last, ended_at)?;
            Ok((next, duration_secs))
        });
        match ended {
            Ok((next, duration_secs)) => {
                self.wiring.metrics.session_duration_seconds.record(seconds(duration_secs));
                let answer = Ended { device_ids: next.device_ids(), ended_at, duration_secs };
                self.step(next, answer)
            }
            Err(refusal) => refused(refusal),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "no session lasts 2^52 seconds")]
fn seconds(whole: i64) -> f64 {
    whole as f64
}

/// Somebody wants to see the session.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Session, Refused>")]
pub struct View;

impl Handler<View> for CaptureSession {
    type Result = ResponseFuture<Result<Session, Refused>>;

    fn handle(&mut self, _: View, _: &mut Context<Self>) -> Self::Result {
        self.view()
    }
}

impl Routed for GetSession {
    type Actor = CaptureSession;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<KeyOf<CaptureSession>>, Fault> {
        let not_found = || Fault::not_found(SESSION_NOT_FOUND);
        let id = SessionId::parse(&ask.body.session_id).map_err(|_| not_found())?;
        Ok(Route::Find(id, not_found()))
    }
}

impl Handler<Ask<GetSession>> for CaptureSession {
    type Result = ResponseFuture<Result<SessionDetail, Fault>>;

    fn handle(&mut self, _: Ask<GetSession>, _: &mut Context<Self>) -> Self::Result {
        let view = self.view();
        Box::pin(async move { view.await.map(SessionDetail::new).map_err(|_unopened| Fault::not_found(SESSION_NOT_FOUND)) })
    }
}
