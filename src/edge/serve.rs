//! What happens to every request, in this order: throttle, origin, access, decode, ask, answer, and one line in the log.

use std::future::Future;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use actix_web::http::Method;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use hubbub_actors::kit::caller::Caller;
use hubbub_protocol::contract::System;
use hubbub_protocol::fault::Fault;

use super::access::Credentials;
use super::body;
use super::cors::{self, Provenance};
use super::endpoint::{Call, Edge, Outcome};
use super::mount::{Resource, Route};
use super::observe::{self, REQUEST_ID, Served, UNMATCHED};
use super::refusal;
use super::throttle::{Quota, write_quota};

/// Serves a request for a path that the table has.
pub(super) async fn serve<S: System>(
    edge: Arc<Edge>,
    resource: Arc<Resource>,
    request: HttpRequest,
    mut payload: Payload,
) -> HttpResponse {
    let visit = Visit::begin(&edge, request.clone());
    let mut quota = None;
    let outcome = match resource.route(request.method()) {
        Some(route) => {
            quota = visit.spend(route);
            let work = run::<S>(&edge, route, visit.client, quota, request, payload);
            contain_panics(work).await.unwrap_or_else(|| Err(S::REFUSALS.internal.fault()))
        }
        None => {
            body::let_finish(&mut payload, edge.body.deadline).await;
            other_method::<S>(&edge, &resource, &visit.request)
        }
    };
    let mut response = outcome.unwrap_or_else(|fault| refusal::refused::<S>(&fault, &visit.request_id));
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(header::ALLOW, allowed_methods(&resource));
    }
    if let Some(quota) = quota {
        write_quota(&quota, response.headers_mut());
    }
    visit.end(resource.path, response)
}

/// Serves a request for any other path.
pub(super) async fn serve_unmatched<S: System>(edge: Arc<Edge>, request: HttpRequest, mut payload: Payload) -> HttpResponse {
    let visit = Visit::begin(&edge, request);
    body::let_finish(&mut payload, edge.body.deadline).await;
    let response = refusal::refused::<S>(&S::REFUSALS.unknown_path.fault(), &visit.request_id);
    visit.end(UNMATCHED, response)
}

/// The steps up to the handler, and the handler.
async fn run<S: System>(
    edge: &Arc<Edge>,
    route: &Route,
    client: Option<IpAddr>,
    quota: Option<Quota>,
    request: HttpRequest,
    mut payload: Payload,
) -> Outcome {
    match admit::<S>(edge, route, client, quota, &request) {
        Ok(caller) => (route.handler)(Call { edge: Arc::clone(edge), caller, request, payload }).await,
        Err(refusal) => {
            body::let_finish(&mut payload, edge.body.deadline).await;
            Err(refusal)
        }
    }
}

/// Decides who may go on to the handler, before a byte of the body is looked at.
fn admit<S: System>(
    edge: &Edge,
    route: &Route,
    client: Option<IpAddr>,
    quota: Option<Quota>,
    request: &HttpRequest,
) -> Result<Caller, Fault> {
    if let Some(quota) = quota.filter(|quota| !quota.allowed) {
        return Err(S::REFUSALS.too_many.fault().retry_after(quota.reset_after_secs));
    }
    // A page cannot read a foreign answer, but without this it could still cause the effect of the request.
    let is_foreign = cors::provenance(&edge.origins, request) == Provenance::Foreign;
    if is_foreign && cors::changes_something(request.method()) {
        return Err(S::REFUSALS.foreign_origin.fault());
    }
    edge.gate.admit(route.access, Credentials::of(request), client, &S::REFUSALS)
}

/// Answers a method that the path has no route for: OPTIONS for CORS, anything else is refused.
fn other_method<S: System>(edge: &Edge, resource: &Resource, request: &HttpRequest) -> Outcome {
    if *request.method() != Method::OPTIONS {
        return Err(S::REFUSALS.wrong_method.fault());
    }
    let mut response = HttpResponse::NoContent().finish();
    cors::preflight(&edge.origins, request, &allowed_methods(resource), response.headers_mut());
    Ok(response)
}

fn allowed_methods(resource: &Resource) -> HeaderValue {
    cors::allow_value(resource.methods.keys().copied())
}

/// Runs a handler to its end, or to its panic: then `None`, and every other request goes on.
async fn contain_panics<T>(work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    std::future::poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
        Ok(Poll::Ready(done)) => Poll::Ready(Some(done)),
        Ok(Poll::Pending) => Poll::Pending,
        Err(_) => Poll::Ready(None),
    })
    .await
}

/// One request from its first to its last step, as the log and the metrics see it.
struct Visit {
    edge: Arc<Edge>,
    request: HttpRequest,
    client: Option<IpAddr>,
    request_id: String,
    began: Instant,
}

impl Visit {
    fn begin(edge: &Arc<Edge>, request: HttpRequest) -> Self {
        let client = request.peer_addr().map(|peer| edge.proxies.client_of(peer.ip(), request.headers()));
        let request_id = observe::request_id(&request, &edge.deps);
        Self { edge: Arc::clone(edge), request, client, request_id, began: Instant::now() }
    }

    /// Takes one request from the route's limit; `None` where there is no limit.
    fn spend(&self, route: &Route) -> Option<Quota> {
        self.edge.throttle.admit(route.limit?, self.client, self.edge.deps.clock().now())
    }

    /// Adds the headers that every answer has, and leaves the traces.
    fn end(self, route: &str, mut response: HttpResponse) -> HttpResponse {
        let headers = response.headers_mut();
        cors::allow(&self.edge.origins, &self.request, headers);
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if let Ok(id) = HeaderValue::from_str(&self.request_id) {
            headers.insert(HeaderName::from_static(REQUEST_ID), id);
        }
        let (method, status, elapsed) =
            (observe::method_label(self.request.method()), response.status().as_u16(), self.began.elapsed());
        let client = self.client.map(tracing::field::display);
        tracing::debug!(request.id = %self.request_id, client, status, ?elapsed, "{method} {route} answered {status}");
        self.edge.observer.served(&Served { method, route, status, elapsed });
        response
    }
}
