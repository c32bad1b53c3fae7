//! A system's table of routes: one line per contract, mounted on an actix-web application.
//!
//! The table is written in the document's order. Mounting sorts it, because actix-web takes the first pattern that
//! matches: literal segments come before parameters, so that `/sessions/stats` is never read as `/sessions/{id}`.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::http::Method as HttpMethod;
use actix_web::web::{self, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use hubbub_actors::kit::ask::{Ask, Routed, ask};
use hubbub_actors::kit::caller::Caller;
use hubbub_actors::kit::deps::Deps;
use hubbub_protocol::contract::{Access, Endpoint, Limit, Method, System};
use hubbub_protocol::fault::Fault;

use super::access::Gate;
use super::address::TrustedProxies;
use super::decode::decode;
use super::observe::{Observer, Unobserved};
use super::origin::OriginPolicy;
use super::refusal;
use super::serve::{serve, serve_unmatched};
use super::throttle::Throttle;

/// The largest JSON body: 5 MB, as decided for fleet, quiz and support.
pub const DEFAULT_JSON_LIMIT: usize = 5 * 1024 * 1024;

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
    /// The largest JSON body in bytes.
    pub json_limit: usize,
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
            json_limit: DEFAULT_JSON_LIMIT,
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

type Handler = Arc<dyn Fn(Call) -> Pin<Box<dyn Future<Output = Outcome>>> + Send + Sync>;

/// One line of the table.
#[derive(Clone)]
pub(super) struct Route {
    pub(super) path: &'static str,
    pub(super) access: Access,
    pub(super) limit: Option<Limit>,
    pub(super) handler: Handler,
}

/// All methods of one path.
pub(super) struct Resource {
    pub(super) path: &'static str,
    pub(super) methods: BTreeMap<&'static str, Route>,
}

impl Resource {
    /// Finds the route for a method; a GET route answers HEAD as well.
    pub(super) fn route(&self, method: &HttpMethod) -> Option<&Route> {
        let name = if *method == HttpMethod::HEAD { "GET" } else { method.as_str() };
        self.methods.get(name)
    }
}

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
    /// If the table names the same method and path twice: the second would never be reached.
    #[must_use]
    pub fn build(self) -> Mounted<S> {
        let mut by_path: BTreeMap<&'static str, BTreeMap<&'static str, Route>> = BTreeMap::new();
        for (method, route) in self.routes {
            let path = route.path;
            let previous = by_path.entry(path).or_default().insert(name_of(method), route);
            assert!(previous.is_none(), "{} serves {} {path} twice", S::NAME, name_of(method));
        }
        let mut resources: Vec<Resource> = by_path.into_iter().map(|(path, methods)| Resource { path, methods }).collect();
        resources.sort_by(|one, other| literals_first(one.path, other.path));
        let resources = resources.into_iter().map(Arc::new).collect();
        Mounted { edge: self.edge, resources, exact_paths: self.exact_paths, system: PhantomData }
    }
}

/// A closed table of routes.
pub struct Mounted<S: System> {
    edge: Arc<Edge>,
    resources: Arc<[Arc<Resource>]>,
    exact_paths: bool,
    system: PhantomData<fn() -> S>,
}

impl<S: System> Clone for Mounted<S> {
    fn clone(&self) -> Self {
        let (edge, resources) = (Arc::clone(&self.edge), Arc::clone(&self.resources));
        Self { edge, resources, exact_paths: self.exact_paths, system: PhantomData }
    }
}

impl<S: System> Mounted<S> {
    /// Mounts the routes, and the system's own answer to every other path, on an application.
    pub fn configure(&self, config: &mut ServiceConfig) {
        for resource in self.resources.iter() {
            let (edge, resource) = (Arc::clone(&self.edge), Arc::clone(resource));
            let patterns = self.patterns(resource.path);
            config.service(web::resource(patterns).to(move |request: HttpRequest, payload: Payload| {
                serve::<S>(Arc::clone(&edge), Arc::clone(&resource), request, payload)
            }));
        }
        let edge = Arc::clone(&self.edge);
        config.default_service(web::to(move |request: HttpRequest, payload: Payload| {
            serve_unmatched::<S>(Arc::clone(&edge), request, payload)
        }));
    }

    /// Lists every route as `METHOD path`, in the order in which they are tried.
    #[must_use]
    pub fn list(&self) -> Vec<String> {
        let lines = self
            .resources
            .iter()
            .flat_map(|resource| resource.methods.keys().map(|method| format!("{method} {}", resource.path)).collect::<Vec<_>>());
        lines.collect()
    }

    fn patterns(&self, path: &str) -> Vec<String> {
        let has_variant = !self.exact_paths && !path.ends_with('/') && !path.contains('*');
        if has_variant { vec![path.to_owned(), format!("{path}/")] } else { vec![path.to_owned()] }
    }
}

fn name_of(method: Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Patch => "PATCH",
        Method::Delete => "DELETE",
    }
}

/// Orders paths segment by segment: a literal before a parameter, a parameter before a pattern of its own (a tail).
fn literals_first(one: &str, other: &str) -> Ordering {
    let rank = |segment: &str| match segment {
        literal if !literal.contains('{') => 0,
        parameter if !parameter.contains(':') => 1,
        _pattern => 2,
    };
    let ranks = |path: &str| path.split('/').map(rank).collect::<Vec<u8>>();
    ranks(one).cmp(&ranks(other)).then_with(|| one.cmp(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_come_before_parameters() {
        let mut paths = vec!["/a/{tail:.*}", "/a/{id}", "/a/{id}/x", "/a/stats/{y}", "/a/stats", "/{any}", "/a"];
        paths.sort_by(|one, other| literals_first(one, other));
        assert_eq!(paths, ["/a", "/a/stats", "/a/stats/{y}", "/a/{id}", "/a/{id}/x", "/a/{tail:.*}", "/{any}"]);
    }
}
