//! A namespace: its table of events, and what a system does when sockets come and go.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::LocalBoxFuture;
use hubbub_actors::kit::ask::{self, Ask, Routed};
use hubbub_actors::kit::caller::Caller;
use hubbub_actors::kit::deps::Deps;
use hubbub_actors::kit::emit::Emitter;
use hubbub_actors::kit::outbox::CloseReason;
use hubbub_protocol::contract::{Access, Event, EventLimit, System};
use hubbub_protocol::fault::{Fault, Kind};
use hubbub_protocol::wire::args::Args;
use hubbub_protocol::wire::value::Value;

use super::dispatch::Socket;
use super::handshake::Handshake;

/// Why a socket may not join a namespace: becomes the client's `connect_error`.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectRefusal {
    /// The error's message.
    pub message: String,
    /// The error's data.
    pub data: Option<Value>,
}

/// Work that an event or a hook caused.
pub enum Handled {
    /// It is done.
    Done,
    /// It is done when this is; the socket's next event waits for it.
    Later(LocalBoxFuture<'static, ()>),
}

/// What a system does when a socket comes, goes or fails.
pub trait Hooks: Send + Sync {
    /// Decides whether a connection may join, and as whom.
    ///
    /// # Errors
    /// The refusal for the client.
    fn admit(&self, handshake: &Handshake, auth: Option<&Value>) -> Result<Caller, ConnectRefusal>;

    /// A socket has joined; its connect packet is already on its way.
    fn connected(&self, socket: &Arc<Socket>, handshake: &Handshake, auth: Option<&Value>) -> Handled;

    /// A socket is gone; all its events have been handled.
    fn disconnected(&self, socket: &Arc<Socket>, reason: CloseReason) -> Handled;

    /// An event was taken up, or was over its limit.
    fn counted(&self, _event: &'static str, _is_accepted: bool) {}
}

/// A system that admits everyone and does nothing when sockets come and go.
pub struct OpenHooks;

impl Hooks for OpenHooks {
    fn admit(&self, handshake: &Handshake, _: Option<&Value>) -> Result<Caller, ConnectRefusal> {
        Ok(Caller { address: handshake.address, ..Caller::anonymous() })
    }

    fn connected(&self, _: &Arc<Socket>, _: &Handshake, _: Option<&Value>) -> Handled {
        Handled::Done
    }

    fn disconnected(&self, _: &Arc<Socket>, _: CloseReason) -> Handled {
        Handled::Done
    }
}

/// Takes an event up; the id asks for an acknowledgement.
pub type Call = Box<dyn Fn(&Arc<Socket>, Args, Option<u64>) -> Handled + Send + Sync>;

/// How one event is handled.
pub struct Handler {
    /// Its name as the contract writes it; the label of its metrics.
    pub name: &'static str,
    /// Who may send it.
    pub access: Access,
    /// Its rate limit.
    pub limit: Option<EventLimit>,
    /// Its place among a socket's rate windows.
    pub index: usize,
    /// What it does.
    pub call: Call,
}

/// One line of a table of events, for whoever shows the surface of a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedEvent {
    /// Its name.
    pub name: &'static str,
    /// Who may send it.
    pub access: Access,
    /// How often.
    pub limit: Option<EventLimit>,
}

/// A namespace of one system.
pub struct Namespace {
    /// Its name: `/` or `/custom`.
    pub name: &'static str,
    /// Emits to its sockets.
    pub emitter: Emitter,
    /// Its table of events.
    pub handlers: HashMap<&'static str, Handler, foldhash::fast::RandomState>,
    /// The system's part.
    pub hooks: Box<dyn Hooks>,
    /// Multiplies rate limits; 0 switches them off.
    pub limit_scale: f64,
    /// The limit over all events of a socket.
    pub total: Option<Total>,
}

/// A rate limit over all events of a socket, whatever their names.
pub struct Total {
    /// How many in which time.
    pub limit: EventLimit,
    /// Answers an event that is over it.
    pub refuse: Refuse,
}

/// Tells a socket that an event is refused; the id asks for an acknowledgement.
pub type Refuse = Box<dyn Fn(&Arc<Socket>, Option<u64>) + Send + Sync>;

impl Namespace {
    /// Returns a namespace without events.
    #[must_use]
    pub fn new(name: &'static str, emitter: Emitter, hooks: Box<dyn Hooks>, limit_scale: f64) -> Self {
        Self { name, emitter, handlers: HashMap::default(), hooks, limit_scale, total: None }
    }

    /// Adds an event with a handler of its own.
    #[must_use]
    pub fn on(
        mut self,
        name: &'static str,
        limit: Option<EventLimit>,
        call: impl Fn(&Arc<Socket>, Args, Option<u64>) -> Handled + Send + Sync + 'static,
    ) -> Self {
        let index = self.handlers.len();
        self.handlers.insert(name, Handler { name, access: Access::Open, limit, index, call: Box::new(call) });
        self
    }

    /// Adds the events of a system's table.
    #[must_use]
    pub fn events<S: System>(mut self, events: Events<S>) -> Self {
        for (name, access, limit, call) in events.table {
            let index = self.handlers.len();
            self.handlers.insert(name, Handler { name, access, limit, index, call });
        }
        if let Some(limit) = S::SOCKET_LIMIT {
            let deps = events.deps;
            let refuse = Box::new(move |socket: &Arc<Socket>, ack| socket.fail::<S>(&deps, &S::REFUSALS.too_many.fault(), ack));
            self.total = Some(Total { limit, refuse });
        }
        self
    }

    /// Lists every event, in the order of the table.
    #[must_use]
    pub fn list(&self) -> Vec<ListedEvent> {
        let mut handlers: Vec<_> = self.handlers.values().collect();
        handlers.sort_by_key(|handler| handler.index);
        let line = |handler: &Handler| ListedEvent { name: handler.name, access: handler.access, limit: handler.limit };
        handlers.into_iter().map(line).collect()
    }
}

/// A system's table of events: one line per event.
pub struct Events<S> {
    deps: Deps,
    table: Vec<(&'static str, Access, Option<EventLimit>, Call)>,
    system: std::marker::PhantomData<S>,
}

impl<S: System> Events<S> {
    /// Returns an empty table.
    #[must_use]
    pub fn new(deps: Deps) -> Self {
        Self { deps, table: Vec::new(), system: std::marker::PhantomData }
    }

    /// Adds an event: checked, decoded, asked of the actor that its contract names, acknowledged with the reply.
    #[must_use]
    pub fn event<C>(mut self) -> Self
    where
        C: Event<System = S> + Routed,
    {
        let deps = self.deps.clone();
        let call: Call = Box::new(move |socket, args, ack| handle_event::<C>(&deps, socket, &args, ack));
        self.table.push((C::NAME, C::ACCESS, C::LIMIT, call));
        self
    }
}

fn handle_event<C>(deps: &Deps, socket: &Arc<Socket>, args: &Args, ack: Option<u64>) -> Handled
where
    C: Event + Routed,
{
    let body = match permit(C::ACCESS, &socket.caller).and_then(|()| C::decode(args)) {
        Ok(body) => body,
        Err(fault) => {
            socket.fail::<C::System>(deps, &fault, ack);
            return Handled::Done;
        }
    };
    let (deps, socket) = (deps.clone(), Arc::clone(socket));
    Handled::Later(Box::pin(async move {
        let ask = Ask { caller: socket.caller.clone(), body };
        match ask::ask::<C>(&deps, ask).await {
            Ok(reply) => socket.acknowledge(ack, &reply),
            Err(fault) => socket.fail::<C::System>(&deps, &fault, ack),
        }
    }))
}

fn permit(access: Access, caller: &Caller) -> Result<(), Fault> {
    let is_allowed = match access {
        Access::Open | Access::OpenUnlessStrict => true,
        Access::AdminKey => caller.admin,
        Access::Roles(roles) => caller.role.as_deref().is_some_and(|role| roles.contains(&role)),
    };
    if is_allowed { Ok(()) } else { Err(Fault::new(Kind::Forbidden, "FORBIDDEN", "This token may not send this event")) }
}
