//! Capture sessions as this tablet drives them: the session commits, then the tablet tells the headsets, then it answers.

use actix::{ActorFutureExt, Context, Handler, ResponseFuture, fut};
use hubbub_protocol::contract::Emit;
use hubbub_protocol::fault::Fault;
use hubbub_protocol::fleet::capture::{
    ActiveSession, CreateSession, EndSession, GetActiveSession, GetSessionStatus, PauseSession, SessionAnswer, SessionCreated,
    SessionEnded, SessionError, SessionPaused, SessionStarted, StartSession,
};
use hubbub_protocol::fleet::sessions::{SESSION_NOT_FOUND, Session};
use hubbub_protocol::fleet::{DeviceId, SessionId, TabletId};

use super::locking::{part, well_formed};
use super::{Answer, Tablet, answer, refuse, route};
use crate::fleet::capture::{CaptureSession, End, Open, Pause, Refused, Start, View};
use crate::fleet::device::state::Holder;
use crate::fleet::device::{self, Command, Instruction};
use crate::fleet::{Wiring, rooms, roster};
use crate::kit::ask::{Ask, Route, Routed, restarting};
use crate::kit::deps::Deps;
use crate::kit::ids::{self, SocketId};
use crate::kit::registry::Missing;

/// Why a session event comes to nothing: an answer that the document names, or a fault.
enum Failure {
    Refused(SessionError),
    Fault(Fault),
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Emits an answer to its sender and returns it for the acknowledgement.
fn emit_answer<T: Emit>(wiring: &Wiring, socket: &SocketId, outcome: Result<T, Failure>) -> Result<SessionAnswer<T>, Fault> {
    match outcome {
        Ok(done) => {
            wiring.emitter.socket(socket, &done);
            Ok(SessionAnswer::Done(done))
        }
        Err(Failure::Refused(error)) => {
            wiring.emitter.socket(socket, &error);
            Ok(SessionAnswer::Refused(error))
        }
        Err(Failure::Fault(fault)) => Err(fault),
    }
}

/// Asks a session, whose id is as the client sent it.
async fn ask_session<M, T>(deps: &Deps, asked: Option<String>, message: M) -> Result<(SessionId, T), Failure>
where
    M: actix::Message<Result = Result<T, Refused>> + Send + 'static,
    T: Send + 'static,
    CaptureSession: Handler<M>,
{
    let Some(text) = asked else { return Err(Failure::Refused(SessionError::new("Invalid session ID format"))) };
    let refuse = |error: String| Failure::Refused(SessionError::new(error).about(text.clone()));
    let not_found = || refuse(SESSION_NOT_FOUND.to_owned());
    let id = SessionId::parse(&text).map_err(|_| not_found())?;
    let session = deps.registry::<CaptureSession>().find(&id).map_err(|missing| match missing {
        Missing::Unknown => not_found(),
        Missing::BackingOff(back_off) => Failure::Fault(back_off.into()),
    })?;
    match session.send(message).await {
        Ok(Ok(done)) => Ok((id, done)),
        Ok(Err(Refused::NotFound)) => Err(not_found()),
        Ok(Err(Refused::Session(refusal))) => Err(refuse(refusal.to_string())),
        Ok(Err(Refused::Fault(fault))) => Err(Failure::Fault(fault)),
        Err(_closed) => Err(Failure::Fault(restarting())),
    }
}

// --- create ---

impl Routed for CreateSession {
    type Actor = Tablet;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<TabletId>, Fault> {
        route(ask)
    }
}

impl Handler<Ask<CreateSession>> for Tablet {
    type Result = Answer<SessionAnswer<SessionCreated>>;

    fn handle(&mut self, ask: Ask<CreateSession>, _: &mut Context<Self>) -> Self::Result {
        let holder = match self.holder(&ask.caller) {
            Ok(holder) => holder,
            Err(fault) => return refuse(fault),
        };
        let (deps, socket) = (self.deps.clone(), holder.socket.clone());
        let creating = async move { create(&deps, &holder, ask.body).await };
        answer(fut::wrap_future::<_, Self>(creating).map(move |created, tablet, _| {
            if let Ok(created) = &created {
                created.device_ids.iter().for_each(|device| tablet.tie(&socket, device));
                tablet.state.watch(&created.session_id, created.device_ids.clone());
                tablet.save();
            }
            emit_answer(&tablet.wiring, &socket, created)
        }))
    }
}

/// Locks what can be had and opens a session with it.
async fn create(deps: &Deps, holder: &Holder, request: CreateSession) -> Result<SessionCreated, Failure> {
    request.check().map_err(Failure::Refused)?;
    let answers = device::lock_all(deps, holder, well_formed(&request.device_ids)).await;
    let device_ids: Vec<DeviceId> = answers.iter().filter(|(_, answer)| answer.is_ok()).map(|(id, _)| id.clone()).collect();
    let (_, unavailable) = part(request.device_ids, &device_ids);
    if device_ids.is_empty() {
        return Err(Failure::Refused(SessionError {
            unavailable: Some(unavailable),
            ..SessionError::new("No available devices")
        }));
    }
    let open =
        Open { owner: holder.tablet.clone(), device_ids: device_ids.clone(), metadata: request.metadata.unwrap_or_default() };
    match open_session(deps, open).await {
        Ok(session_id) => Ok(SessionCreated { session_id, device_ids, unavailable }),
        Err(fault) => {
            // What was locked for a session that does not exist is given back; what this tablet held before stays with it.
            let newly_locked = answers.into_iter().filter(|(_, answer)| *answer == Ok(true)).map(|(id, _)| id).collect();
            device::unlock_all(deps, &holder.tablet, newly_locked).await;
            Err(Failure::Fault(fault))
        }
    }
}

async fn open_session(deps: &Deps, open: Open) -> Result<SessionId, Fault> {
    let id = SessionId::new(deps.now().0, &ids::alphanumeric_lower(deps.random(), 6));
    let session = deps.registry::<CaptureSession>().summon(&id)?;
    match session.send(open).await {
        Ok(Ok(())) => Ok(id),
        Ok(Err(Refused::Fault(fault))) => Err(fault),
        Ok(Err(Refused::NotFound | Refused::Session(_))) | Err(_) => Err(restarting()),
    }
}

// --- start, pause, end ---

impl Routed for StartSession {
    type Actor = Tablet;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<TabletId>, Fault> {
        route(ask)
    }
}

impl Handler<Ask<StartSession>> for Tablet {
    type Result = Answer<SessionAnswer<SessionStarted>>;

    fn handle(&mut self, ask: Ask<StartSession>, _: &mut Context<Self>) -> Self::Result {
        let holder = match self.holder(&ask.caller) {
            Ok(holder) => holder,
            Err(fault) => return refuse(fault),
        };
        let (deps, socket) = (self.deps.clone(), holder.socket.clone());
        let starting = async move { start(&deps, &holder, ask.body.session_id).await };
        answer(fut::wrap_future::<_, Self>(starting).map(move |started, tablet, _| {
            let started = started.map(|(started, locked)| {
                locked.iter().for_each(|device| tablet.tie(&socket, device));
                tablet.save();
                started
            });
            emit_answer(&tablet.wiring, &socket, started)
        }))
    }
}

/// Starts the session, locks those of its devices that are free, and tells all that are this tablet's to record.
async fn start(deps: &Deps, holder: &Holder, asked: Option<String>) -> Result<(SessionStarted, Vec<DeviceId>), Failure> {
    let (session_id, started) = ask_session(deps, asked, Start(holder.tablet.clone())).await?;
    let answers = device::lock_all(deps, holder, started.device_ids).await;
    let locked: Vec<DeviceId> = answers.into_iter().filter_map(|(id, answer)| answer.is_ok().then_some(id)).collect();
    let command = Command { by: holder.tablet.clone(), instruction: Instruction::Start };
    device::command_all(deps, locked.clone(), command).await;
    Ok((SessionStarted { session_id, started_at: started.started_at.iso() }, locked))
}

impl Routed for PauseSession {
    type Actor = Tablet;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<TabletId>, Fault> {
        route(ask)
    }
}

impl Handler<Ask<PauseSession>> for Tablet {
    type Result = ResponseFuture<Result<SessionAnswer<SessionPaused>, Fault>>;

    fn handle(&mut self, ask: Ask<PauseSession>, _: &mut Context<Self>) -> Self::Result {
        let (deps, wiring, by) = (self.deps.clone(), self.wiring.clone(), self.id.clone());
        Box::pin(async move {
            let socket = ask.caller.socket()?;
            let paused = pause(&deps, by, ask.body.session_id).await;
            emit_answer(&wiring, socket, paused)
        })
    }
}

async fn pause(deps: &Deps, by: TabletId, asked: Option<String>) -> Result<SessionPaused, Failure> {
    let (session_id, device_ids) = ask_session(deps, asked, Pause(by.clone())).await?;
    device::command_all(deps, device_ids, Command { by, instruction: Instruction::Stop }).await;
    Ok(SessionPaused { session_id })
}

impl Routed for EndSession {
    type Actor = Tablet;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<TabletId>, Fault> {
        route(ask)
    }
}

impl Handler<Ask<EndSession>> for Tablet {
    type Result = Answer<SessionAnswer<SessionEnded>>;

    fn handle(&mut self, ask: Ask<EndSession>, _: &mut Context<Self>) -> Self::Result {
        let holder = match self.holder(&ask.caller) {
            Ok(holder) => holder,
            Err(fault) => return refuse(fault),
        };
        let deps = self.deps.clone();
        let ending = async move { (end(&deps, holder.tablet, ask.body.session_id).await, holder.socket) };
        answer(fut::wrap_future::<_, Self>(ending).map(|(ended, socket), tablet, _| {
            if let Ok(ended) = &ended {
                for (socket, device) in tablet.state.unwatch(&ended.session_id) {
                    tablet.wiring.emitter.leave(&socket, &rooms::device(&device));
                }
                tablet.save();
            }
            emit_answer(&tablet.wiring, &socket, ended)
        }))
    }
}

/// Ends the session and tells its headsets, except those that another tablet holds meanwhile.
async fn end(deps: &Deps, by: TabletId, asked: Option<String>) -> Result<SessionEnded, Failure> {
    let (session_id, ended) = ask_session(deps, asked, End(by.clone())).await?;
    let instruction = Instruction::SessionOver(session_id.clone());
    device::command_all(deps, ended.device_ids, Command { by, instruction }).await;
    Ok(SessionEnded { session_id, ended_at: ended.ended_at.iso(), duration: ended.duration_secs })
}

// --- look ---

impl Routed for GetSessionStatus {
    type Actor = Tablet;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<TabletId>, Fault> {
        route(ask)
    }
}

impl Handler<Ask<GetSessionStatus>> for Tablet {
    type Result = ResponseFuture<Result<SessionAnswer<Session>, Fault>>;

    fn handle(&mut self, ask: Ask<GetSessionStatus>, _: &mut Context<Self>) -> Self::Result {
        let (deps, wiring) = (self.deps.clone(), self.wiring.clone());
        Box::pin(async move {
            let socket = ask.caller.socket()?;
            let seen = ask_session(&deps, ask.body.session_id, View).await.map(|(_, session)| session);
            emit_answer(&wiring, socket, seen)
        })
    }
}

impl Routed for GetActiveSession {
    type Actor = Tablet;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<TabletId>, Fault> {
        route(ask)
    }
}

impl Handler<Ask<GetActiveSession>> for Tablet {
    type Result = ResponseFuture<Result<ActiveSession, Fault>>;

    fn handle(&mut self, ask: Ask<GetActiveSession>, _: &mut Context<Self>) -> Self::Result {
        let (deps, wiring, owner) = (self.deps.clone(), self.wiring.clone(), self.id.clone());
        Box::pin(async move {
            let socket = ask.caller.socket()?;
            let active = roster::of(&deps)?.send(roster::ActiveSessions(owner)).await.map_err(|_closed| restarting())?;
            let newest = active.into_iter().next_back().map(|(id, _)| id.to_string());
            let session = match ask_session(&deps, newest, View).await {
                Ok((_, session)) => Some(session),
                Err(Failure::Refused(_)) => None,
                Err(Failure::Fault(fault)) => return Err(fault),
            };
            let active = ActiveSession(session);
            wiring.emitter.socket(socket, &active);
            Ok(active)
        })
    }
}
