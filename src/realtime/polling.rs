//! The HTTP long-polling transport: ordinary actix-web handlers that fill and drain the same connection as a WebSocket.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use hubbub_actors::kit::ids;
use hubbub_actors::kit::outbox::CloseReason;
use hubbub_protocol::wire::handshake::{self, Query, Refusal, Transport};
use hubbub_protocol::wire::packet::{self, PacketType, Revision};
use hubbub_protocol::wire::payload::{self, Encoder};

use super::service::Service;
use super::session::{Flow, Session, UpgradeStage};
use super::upgrade::{error_body, handshake_of};
use crate::edge::cors::{self, Provenance};

/// The methods a page may use.
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, OPTIONS");

/// Mounts a server's polling transport at its path, with and without the trailing slash.
pub fn mount(config: &mut ServiceConfig, service: Arc<Service>) {
    let with_slash = format!("{}/", service.path);
    for path in [service.path.to_owned(), with_slash] {
        let service = Arc::clone(&service);
        let handle = move |request: HttpRequest, body: Payload| {
            let service = Arc::clone(&service);
            async move { serve(&service, &request, body).await }
        };
        config.service(web::resource(path).route(web::route().to(handle)));
    }
}

/// Answers every other path in Engine.IO's words: for a port without routes of its own.
pub fn mount_nothing_else(config: &mut ServiceConfig) {
    let nothing =
        || async { HttpResponse::NotFound().content_type("application/json; charset=utf-8").body(error_body(0, "Not found")) };
    config.default_service(web::route().to(nothing));
}

async fn serve(service: &Arc<Service>, request: &HttpRequest, body: Payload) -> HttpResponse {
    let is_foreign = cors::provenance(&service.origins, request) == Provenance::Foreign;
    let mut response = match *request.method() {
        _ if is_foreign => refuse(Refusal::Forbidden),
        Method::OPTIONS => {
            let mut response = HttpResponse::NoContent().finish();
            cors::preflight(&service.origins, request, &METHODS, response.headers_mut());
            response
        }
        _ => match handshake::parse(request.query_string()) {
            Ok(query) if query.transport == Transport::Polling => exchange(service, request, query, body).await,
            Ok(_) => refuse(Refusal::BadRequest),
            Err(refusal) => refuse(refusal),
        },
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if !is_foreign {
        cors::allow(&service.origins, request, headers);
    }
    response
}

async fn exchange(service: &Arc<Service>, request: &HttpRequest, query: Query, body: Payload) -> HttpResponse {
    let is_get = request.method() == Method::GET;
    let is_post = request.method() == Method::POST;
    let Some(id) = query.sid.as_deref() else {
        return if is_get { open(service, request, &query) } else { refuse(Refusal::BadHandshakeMethod) };
    };
    let address = service.client_of(request.peer_addr(), request.headers());
    let Some(session) = service.sessions.get(id).filter(|session| session.is_of(address)) else {
        return refuse(Refusal::UnknownSid);
    };
    if session.revision != query.revision {
        return refuse(Refusal::BadRequest);
    }
    if is_get {
        poll(&session).await
    } else if is_post {
        post(&session, request, body).await
    } else {
        refuse(Refusal::BadRequest)
    }
}

fn open(service: &Arc<Service>, request: &HttpRequest, query: &Query) -> HttpResponse {
    if service.sessions.is_draining() {
        return unavailable("the server is stopping");
    }
    let address = service.client_of(request.peer_addr(), request.headers());
    let place = match service.capacity.take(address) {
        Ok(place) => place,
        Err(full) => return unavailable(&full.to_string()),
    };
    let handshake = handshake_of(request.headers(), address, request.query_string());
    let session = Session::open(service, ids::token128(service.deps.random()).into(), query, handshake, place, None);
    let mut encoder = encoder(&session);
    session.outbox.drain(|entry| encoder.push_frames(entry));
    body_of(encoder)
}

/// Answers a poll as soon as something waits, the connection moves to a WebSocket, or it ends.
async fn poll(session: &Arc<Session>) -> HttpResponse {
    if let Err(refusal) = session.begin_poll() {
        return refuse(refusal);
    }
    let _poll = Finally(|| session.end_poll());
    loop {
        let mut encoder = encoder(session);
        let closed = session.drain_for_poll(&mut encoder);
        if let Some(reason) = closed {
            // A client that closed the session itself only needs its poll back.
            let farewell = if reason == CloseReason::TransportClose { PacketType::Noop } else { PacketType::Close };
            encoder.push_frames(&packet::text_frame(farewell, ""));
            session.end(reason);
            session.forget();
            return body_of(encoder);
        }
        if !encoder.is_empty() {
            return body_of(encoder);
        }
        match session.upgrade_stage() {
            UpgradeStage::Polling => session.poll_woken().await,
            UpgradeStage::Probed if !session.upgrades_soon().await => {
                encoder.push_frames(&packet::text_frame(PacketType::Noop, ""));
                return body_of(encoder);
            }
            UpgradeStage::Probed | UpgradeStage::Upgraded => return refuse(Refusal::BadRequest),
        }
    }
}

async fn post(session: &Arc<Session>, request: &HttpRequest, body: Payload) -> HttpResponse {
    if let Err(refusal) = session.begin_post() {
        return refuse(refusal);
    }
    let _post = Finally(|| session.end_post());
    let limits = &session.service.limits;
    let timing = &session.service.timing;
    let deadline = Duration::from_millis(timing.ping_interval_ms + timing.ping_timeout_ms);
    let read = tokio::time::timeout(deadline, read(body, limits.max_payload_bytes)).await;
    let body = match read.unwrap_or(Err(StatusCode::REQUEST_TIMEOUT)) {
        Ok(body) => body,
        Err(status) => {
            session.close(CloseReason::TransportError);
            let reason = if status == StatusCode::PAYLOAD_TOO_LARGE { "Payload too large" } else { "Incomplete body" };
            return HttpResponse::build(status).content_type("application/json").body(error_body(3, reason));
        }
    };
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_binary = session.revision == Revision::V3 && content_type.starts_with("application/octet-stream");
    let Ok(packets) = payload::decode(session.revision, &body, is_binary, limits) else {
        session.abort(CloseReason::ParseError);
        return refuse(Refusal::BadRequest);
    };
    session.touch();
    for packet in &packets {
        match session.receive(packet.as_packet()) {
            Flow::Continue => {}
            Flow::Full => session.room().await,
            Flow::Ended => break,
        }
    }
    HttpResponse::Ok().content_type("text/html").body("ok")
}

async fn read(mut payload: Payload, max_bytes: usize) -> Result<Bytes, StatusCode> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| StatusCode::BAD_REQUEST)?;
        if body.len() + chunk.len() > max_bytes {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn encoder(session: &Session) -> Encoder {
    Encoder::new(session.revision, !session.is_text_only, session.service.limits.max_payload_bytes)
}

fn body_of(encoder: Encoder) -> HttpResponse {
    let (body, content_type) = encoder.finish();
    HttpResponse::Ok().insert_header((header::CONTENT_TYPE, content_type.as_str())).body(body)
}

fn refuse(refusal: Refusal) -> HttpResponse {
    let status = if refusal == Refusal::Forbidden { StatusCode::FORBIDDEN } else { StatusCode::BAD_REQUEST };
    HttpResponse::build(status).content_type("application/json; charset=utf-8").body(refusal.body())
}

fn unavailable(message: &str) -> HttpResponse {
    HttpResponse::ServiceUnavailable().content_type("application/json; charset=utf-8").body(error_body(3, message))
}

/// Runs its closure when dropped: also when the client gives up while we wait.
struct Finally<F: FnMut()>(F);

impl<F: FnMut()> Drop for Finally<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
