//! A tablet's sockets coming and going.

use actix::{ActorFutureExt, AsyncContext, AtomicResponse, Context, Handler, Message, fut};
use futures_util::future::join_all;
use hubbub_protocol::fleet::{DeviceId, SessionId};

use super::Tablet;
use crate::fleet::device::state::Holder;
use crate::fleet::device::{Device, HoldOn};
use crate::fleet::{device, rooms, roster};
use crate::kit::deps::Deps;
use crate::kit::ids::SocketId;

/// A socket of this tablet has connected.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct Arrived {
    /// Which.
    pub socket: SocketId,
}

impl Handler<Arrived> for Tablet {
    type Result = AtomicResponse<Self, ()>;

    /// The socket gets the locks that waited for it, and joins the rooms of its sessions' devices.
    fn handle(&mut self, arrived: Arrived, _: &mut Context<Self>) -> Self::Result {
        let socket = arrived.socket;
        self.state.arrive(&socket);
        let waiting = self.state.pick_up_all();
        let (deps, holder) = (self.deps.clone(), Holder { tablet: self.id.clone(), socket: socket.clone() });
        let asking = async move { (hold_on(&deps, &holder, waiting).await, active_sessions(&deps, &holder).await) };
        AtomicResponse::new(Box::pin(fut::wrap_future::<_, Self>(asking).map(move |(held, sessions), tablet, _| {
            held.iter().for_each(|device| tablet.tie(&socket, device));
            for (session, devices) in sessions {
                devices.iter().for_each(|device| tablet.wiring.emitter.join(&socket, &rooms::device(device)));
                tablet.state.watch(&session, devices);
            }
            tablet.save();
        })))
    }
}

/// Asks devices whether this tablet still holds them, over its new socket.
async fn hold_on(deps: &Deps, holder: &Holder, devices: Vec<DeviceId>) -> Vec<DeviceId> {
    let ask = |id: DeviceId| async move {
        let device = deps.registry::<Device>().find(&id).ok()?;
        device.send(HoldOn(holder.clone())).await.ok()?.ok()?;
        Some(id)
    };
    join_all(devices.into_iter().map(ask)).await.into_iter().flatten().collect()
}

async fn active_sessions(deps: &Deps, holder: &Holder) -> Vec<(SessionId, Vec<DeviceId>)> {
    match roster::of(deps) {
        Ok(roster) => roster.send(roster::ActiveSessions(holder.tablet.clone())).await.unwrap_or_default(),
        Err(_down) => Vec::new(),
    }
}

/// A socket of this tablet is gone, and all its events have been handled.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct Departed {
    /// Which.
    pub socket: SocketId,
}

impl Handler<Departed> for Tablet {
    type Result = AtomicResponse<Self, ()>;

    /// Its locks are released at once, or kept for the tablet to come back, which it may have done before its old socket was missed.
    fn handle(&mut self, departed: Departed, ctx: &mut Context<Self>) -> Self::Result {
        let socket = departed.socket;
        let held = self.state.depart(&socket);
        let is_kept = self.wiring.lock_grace_ms > 0 && !held.is_empty();
        if is_kept && let Some(other) = self.state.any_socket() {
            return self.hand_over(held, other.clone());
        }
        if is_kept {
            self.state.leave_behind(&socket, held, self.deps.now().plus(self.wiring.lock_grace_ms));
            self.save();
            self.release_later(socket, self.wiring.lock_grace_ms, ctx);
            return AtomicResponse::new(Box::pin(fut::ready(())));
        }
        self.save();
        let deps = self.deps.clone();
        AtomicResponse::new(Box::pin(
            fut::wrap_future::<_, Self>(async move { release(&deps, &socket, held).await }).map(|(), _, _| ()),
        ))
    }
}

impl Tablet {
    /// Lets another socket hold what one that is gone has held.
    fn hand_over(&self, held: Vec<DeviceId>, other: SocketId) -> AtomicResponse<Self, ()> {
        let (deps, holder) = (self.deps.clone(), Holder { tablet: self.id.clone(), socket: other });
        let asking = async move { (hold_on(&deps, &holder, held).await, holder.socket) };
        AtomicResponse::new(Box::pin(fut::wrap_future::<_, Self>(asking).map(|(held, other), tablet, _| {
            held.iter().for_each(|device| tablet.tie(&other, device));
            tablet.save();
        })))
    }

    /// After a restart of this actor: takes up the waiting for tablets that may come back.
    pub(super) fn await_what_was_left_behind(&mut self, ctx: &mut Context<Self>) {
        for (socket, until) in self.state.left_behind() {
            self.release_later(socket, until.since(self.deps.now()), ctx);
        }
    }

    fn release_later(&self, socket: SocketId, wait_ms: i64, ctx: &mut Context<Self>) {
        let wait = std::time::Duration::from_millis(u64::try_from(wait_ms).unwrap_or(0));
        ctx.run_later(wait, move |tablet, ctx| {
            let held = tablet.state.pick_up(&socket);
            if held.is_empty() {
                return;
            }
            tablet.save();
            let deps = tablet.deps.clone();
            ctx.wait(fut::wrap_future::<_, Self>(async move { release(&deps, &socket, held).await }));
        });
    }
}

/// Has devices release what a socket held: what the tablet remembers, and what the roster knows beside it.
async fn release(deps: &Deps, socket: &SocketId, held: Vec<DeviceId>) {
    let mut devices = roster::held_by(deps, socket).await;
    devices.extend(held.into_iter().filter(|device| !devices.contains(device)).collect::<Vec<_>>());
    device::release_all(deps, socket, devices).await;
}
