//! Puts the quiz together: its actors' wiring, its namespace, its routes, its port.

use std::sync::Arc;

use actix_web::web::ServiceConfig;
use hubbub_actors::kit::emit::Emitter;
use hubbub_actors::kit::ids;
use hubbub_actors::kit::recovery::Journal;
use hubbub_actors::kit::tokens::{ForeignTokens, Tokens};
use hubbub_actors::quiz::accounts::Accounts;
use hubbub_actors::quiz::accounts::access::ROLE;
use hubbub_actors::quiz::accounts::passwords::{Cost, Passwords};
use hubbub_actors::quiz::accounts::revocations::Revocations;
use hubbub_actors::quiz::accounts::workshop::Workshop;
use hubbub_actors::quiz::{Wiring, wake};
use hubbub_protocol::contract::System;
use hubbub_protocol::quiz::Quiz;

use super::access::AccessTokens;
use super::sockets::QuizHooks;
use super::{endpoints, events};
use crate::config::{AccessMode, Largest, QUIZ_JWT_SECRET};
use crate::edge::access::Gate;
use crate::edge::{Edge, OriginPolicy, SystemTraffic, Throttle, TrustedProxies};
use crate::hub::{Parts, StartError};
use crate::listen::Site;
use crate::realtime::namespace::Namespace;
use crate::realtime::polling;
use crate::realtime::service::Layer;

/// Pictures that may wait until another one has been looked at: each is in memory meanwhile.
const WAITING_PICTURES: usize = 16;

/// Bytes of one participant in the list that everyone in a room is told: a name and an id of any characters.
const PARTICIPANT_BYTES: usize = 1024;

/// Returns what the quiz's port serves. Needs a running actix system, and reads from the store.
///
/// # Errors
/// The port is taken, or the store cannot be read.
pub fn site(parts: &Parts) -> Result<Site, StartError> {
    let (config, deps) = (&parts.config.quiz, &parts.deps);
    let listener = parts.listen(Quiz::NAME, config.port)?;
    let traffic = parts.traffic.of(Quiz::NAME);
    let journal = config.recovery.then(|| Journal::new(Arc::clone(deps.clock()), ids::alphanumeric_lower(deps.random(), 8)));
    let emitter = Emitter::new("/", None, journal);
    deps.insert(Wiring {
        emitter: emitter.clone(),
        max_room_players: config.max_room_players,
        only_players_see_flows: config.access == AccessMode::Strict,
    });
    deps.insert(config.retention);
    deps.insert(accounts(parts, listener.public_url(config.public_url.as_deref()))?);
    wake(deps).map_err(StartError::Actor)?;
    let hooks = Box::new(QuizHooks { deps: deps.clone(), traffic: Arc::clone(&traffic) });
    let namespace = Namespace::new("/", emitter, hooks, parts.config.limits_scale).events(events(deps.clone()));
    let layer = Layer::SocketIo(vec![Arc::new(namespace)]);
    let received = config.max_payload_bytes.unwrap_or(parts.config.realtime.max_payload_bytes);
    let list_of_participants = usize::try_from(config.max_room_players).unwrap_or(usize::MAX).saturating_mul(PARTICIPANT_BYTES);
    let largest = Largest { received, sent: list_of_participants };
    let service = parts.service(Quiz::NAME, "/socket.io", largest, &config.cors_origins, layer);
    let table = endpoints(edge(parts, traffic));
    let mounted = Arc::clone(&service);
    let routes = move |config: &mut ServiceConfig| {
        polling::mount(config, Arc::clone(&mounted));
        table.configure(config);
    };
    Ok(Site { listener, services: vec![service], routes: Arc::new(routes) })
}

fn accounts(parts: &Parts, public_url: String) -> Result<Accounts, StartError> {
    let (config, deps) = (&parts.config.quiz, &parts.deps);
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    // One processor stays free of them, so that a storm of logins does not hold up a game.
    let at_once = processors.saturating_sub(1).max(1);
    let passwords = Passwords::new(Cost::STANDARD, at_once, deps.random()).expect("the standard cost is within the bounds");
    let foreign = config.supabase_jwt_secret.as_ref();
    Ok(Accounts {
        tokens: Tokens::for_audience(Quiz::NAME, ROLE, parts.secrets.get(QUIZ_JWT_SECRET).unwrap_or_default().as_bytes()),
        foreign: foreign.map(|secret| ForeignTokens::new(ROLE, secret.expose().as_bytes())),
        revocations: Revocations::open(Arc::clone(deps.snapshots()))?,
        passwords,
        pictures: Workshop::new(1, WAITING_PICTURES),
        blobs: Arc::clone(&parts.blobs),
        public_url,
    })
}

fn edge(parts: &Parts, traffic: Arc<SystemTraffic>) -> Edge {
    let config = &parts.config.quiz;
    Edge {
        origins: OriginPolicy::new(&config.cors_origins, parts.config.bind),
        proxies: TrustedProxies::new(parts.config.trusted_proxies.clone()),
        gate: Gate { admin_key: None, tokens: Some(Arc::new(AccessTokens(parts.deps.clone()))), require_auth: false },
        throttle: Throttle::new(parts.config.limits_scale),
        observer: traffic,
        ..Edge::new(parts.deps.clone())
    }
}
