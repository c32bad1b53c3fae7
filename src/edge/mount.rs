//! A closed table of routes on an actix-web application.
//!
//! actix-web takes the first pattern that matches, so the table is sorted: literal segments come before parameters, and
//! `/sessions/stats` is never read as `/sessions/{id}`.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::Method as HttpMethod;
use actix_web::web::{self, Payload, ServiceConfig};
use hubbub_protocol::contract::{Access, Limit, Method, System};

use super::endpoint::{Edge, Handler};
use super::serve::{serve, serve_unmatched};

/// One line of the table.
#[derive(Clone)]
pub(super) struct Route {
    pub(super) path: &'static str,
    pub(super) access: Access,
    pub(super) limit: Option<Limit>,
    pub(super) handler: Handler,
}

/// One line of a closed table, for whoever shows the surface of a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedRoute {
    /// The method's name.
    pub method: &'static str,
    /// The path, parameters in braces.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
    /// How often.
    pub limit: Option<Limit>,
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
    /// Groups and sorts the lines of a table; see `Endpoints::build` for what it does not accept.
    pub(super) fn new(edge: Arc<Edge>, routes: Vec<(Method, Route)>, exact_paths: bool) -> Self {
        let mut by_path: BTreeMap<&'static str, BTreeMap<&'static str, Route>> = BTreeMap::new();
        for (method, route) in routes {
            let (name, path) = (name_of(method), route.path);
            let previous = by_path.entry(path).or_default().insert(name, route);
            assert!(previous.is_none(), "{} serves {name} {path} twice", S::NAME);
        }
        let mut resources: Vec<Resource> = by_path.into_iter().map(|(path, methods)| Resource { path, methods }).collect();
        resources.sort_by(|one, other| literals_first(one.path, other.path));
        for pair in resources.windows(2) {
            let [one, other] = pair else { continue };
            let are_told_apart = shape(one.path) != shape(other.path);
            assert!(are_told_apart, "{} has two names for one path: {} and {}", S::NAME, one.path, other.path);
        }
        let resources = resources.into_iter().map(Arc::new).collect();
        Self { edge, resources, exact_paths, system: PhantomData }
    }

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

    /// Lists every route, in the order in which they are tried.
    #[must_use]
    pub fn list(&self) -> Vec<ListedRoute> {
        let of_resource = |resource: &Arc<Resource>| {
            let line = |(method, route): (&&'static str, &Route)| ListedRoute {
                method,
                path: route.path,
                access: route.access,
                limit: route.limit,
            };
            resource.methods.iter().map(line).collect::<Vec<_>>()
        };
        self.resources.iter().flat_map(of_resource).collect()
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

/// One segment of a path as far as matching goes; what matches less comes first.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Segment<'p> {
    Literal(&'p str),
    Parameter,
    /// A pattern of its own, such as a tail.
    Pattern(&'p str),
}

fn shape(path: &str) -> Vec<Segment<'_>> {
    let segment = |segment| match segment {
        literal if !str::contains(literal, '{') => Segment::Literal(literal),
        parameter if !parameter.contains(':') => Segment::Parameter,
        pattern => Segment::Pattern(pattern),
    };
    path.split('/').map(segment).collect()
}

/// Orders paths segment by segment: a literal before a parameter, a parameter before a pattern.
fn literals_first(one: &str, other: &str) -> Ordering {
    shape(one).cmp(&shape(other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hubbub_actors::kit::deps::Deps;
    use hubbub_protocol::contract::{Envelope, SocketError};
    use hubbub_protocol::fault::Fault;

    #[test]
    fn literals_come_before_parameters() {
        let mut paths = vec!["/a/{tail:.*}", "/a/{id}", "/a/{id}/x", "/a/stats/{y}", "/a/stats", "/{any}", "/a"];
        paths.sort_by(|one, other| literals_first(one, other));
        assert_eq!(paths, ["/a", "/a/stats", "/a/stats/{y}", "/a/{id}", "/a/{id}/x", "/a/{tail:.*}", "/{any}"]);
    }

    #[test]
    #[should_panic(expected = "test has two names for one path: /a/{id} and /a/{name}")]
    fn one_path_has_one_name_for_its_parameter() {
        table(&[(Method::Get, "/a/{id}"), (Method::Post, "/a/{name}")]);
    }

    #[test]
    #[should_panic(expected = "test serves GET /a twice")]
    fn a_route_is_named_once() {
        table(&[(Method::Get, "/a"), (Method::Get, "/a")]);
    }

    #[test]
    fn routes_are_listed_in_the_order_of_matching() {
        let table = table(&[(Method::Get, "/a/{id}"), (Method::Delete, "/a/{id}"), (Method::Get, "/a/stats")]);
        let lines: Vec<_> = table.list().into_iter().map(|route| format!("{} {}", route.method, route.path)).collect();
        assert_eq!(lines, ["GET /a/stats", "DELETE /a/{id}", "GET /a/{id}"]);
    }

    struct Test;

    impl System for Test {
        const NAME: &'static str = "test";

        fn envelope(_: &Fault, _: &str) -> Envelope {
            Envelope { status: 500, body: serde_json::Value::Null }
        }

        fn socket_error(_: &Fault, _: &str) -> SocketError {
            SocketError { event: "error", payload: serde_json::Value::Null }
        }
    }

    fn table(routes: &[(Method, &'static str)]) -> Mounted<Test> {
        let route = |path| {
            let handler: Handler = Arc::new(|_| Box::pin(async { Err(Fault::invalid("never called")) }));
            Route { path, access: Access::Open, limit: None, handler }
        };
        let routes = routes.iter().map(|(method, path)| (*method, route(*path))).collect();
        Mounted::new(Arc::new(Edge::new(Deps::builder().build())), routes, false)
    }
}
