//! A system's table of routes: one line per contract, in the document's order.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use hubbub_actors::kit::ask::{Ask, Routed, ask};
use hubbub_actors::kit::caller::Caller;
use hubbub_actors::kit::deps::Deps;
use hubbub_protocol::contract::{Access, Endpoint, Limit, Method, System};
use hubbub_protocol::fault::Fault;

use super::access::Gate;
use super::address::TrustedProxies;
use super::body::BodyLimits;
use super::decode::decode;
use super::mount::{Mounted, Route};
use super::observe::{Observer, Unobserved};
use super::origin::OriginPolicy;
use super::refusal;
use super::throttle::Throttle;

/// What the edge of one system is made of; shared by all worker threads.
pub struct Edge {
    /// The hub behind the edge.
    pub deps: Deps,
    /// Which browser pages may call.
    pub origins: OriginPolicy,
    /// Whose `X-Forwarded-For` is believed.
    pub proxies: TrustedProxies,
    /// Who may call what.
    pub gate: Gate,
    /// How often a client may call.
    pub throttle: Throttle,
    /// Where requests are counted.
    pub observer: Arc<dyn Observer>,
    /// How large a JSON body may be, and how long it may take.
    pub body: BodyLimits,
}

impl Edge {
    /// Returns an edge that lets everyone in and counts nothing, to be narrowed field by field.
    #[must_use]
    pub fn new(deps: Deps) -> Self {
        Self {
            deps,
            origins: OriginPolicy::default(),
            proxies: TrustedProxies::default(),
            gate: Gate::default(),
            throttle: Throttle::default(),
            observer: Arc::new(Unobserved),
            body: BodyLimits::default(),
        }
    }
}

/// An admitted request on its way to its handler.
pub struct Call {
    /// The edge it came through.
    pub edge: Arc<Edge>,
    /// Who sent it.
    pub caller: Caller,
    /// Its head.
    pub request: HttpRequest,
    /// Its body, not yet read.
    pub payload: Payload,
}

/// What a handler comes to.
pub type Outcome = Result<HttpResponse, Fault>;

pub(super) type Handler = Arc<dyn Fn(Call) -> Pin<Box<dyn Future<Output = Outcome>>> + Send + Sync>;

/// A system's table of routes.
pub struct Endpoints<S: System> {
    edge: Arc<Edge>,
    routes: Vec<(Method, Route)>,
    exact_paths: bool,
    system: PhantomData<fn() -> S>,
}

impl<S: System> Endpoints<S> {
    /// Returns an empty table.
    #[must_use]
    pub fn new(edge: Edge) -> Self {
        Self { edge: Arc::new(edge), routes: Vec::new(), exact_paths: false, system: PhantomData }
    }

    /// Serves the written paths only; otherwise each is served with a trailing slash as well.
    #[must_use]
    pub fn exact_paths(mut self) -> Self {
        self.exact_paths = true;
        self
    }

    /// Adds a route that an actor answers.
    #[must_use]
    pub fn endpoint<C: Endpoint<System = S> + Routed>(self) -> Self {
        self.endpoint_with(|deps: Deps, asked: Ask<C>| async move { ask(&deps, asked).await })
    }

    /// Adds a route that is answered from the ask alone, without an actor: a token to sign, a figure to read.
    #[must_use]
    pub fn endpoint_with<C, F, R>(self, answer: F) -> Self
    where
        C: Endpoint<System = S>,
        F: Fn(Deps, Ask<C>) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Result<C::Reply, Fault>> + 'static,
    {
        self.route(C::METHOD, C::PATH, C::LIMIT, C::ACCESS, move |mut call: Call| {
            let answer = answer.clone();
            async move {
                let body = decode::<C>(&mut call).await?;
                let reply = answer(call.edge.deps.clone(), Ask::new(call.caller, body)).await?;
                refusal::success::<S>(C::STATUS, &reply)
            }
        })
    }

    /// Adds a route with a handler of its own, for bodies that stream or are not JSON.
    #[must_use]
    pub fn route<F, R>(mut self, method: Method, path: &'static str, limit: Option<Limit>, access: Access, handler: F) -> Self
    where
        F: Fn(Call) -> R + Send + Sync + 'static,
        R: Future<Output = Outcome> + 'static,
    {
        let handler: Handler = Arc::new(move |call| Box::pin(handler(call)));
        self.routes.push((method, Route { path, access, limit, handler }));
        self
    }

    /// Closes the table, ready to be mounted on every worker.
    ///
    /// # Panics
    /// If the table names a route twice, or one path with two names for its parameters: the second would never be reached.
    #[must_use]
    pub fn build(self) -> Mounted<S> {
        Mounted::new(self.edge, self.routes, self.exact_paths)
    }
}
