//! The games of one account: which there are. Where each stands, its room says.

use std::fmt;

use actix::{Actor, Addr, Context, Handler, Message, ResponseFuture, Supervised};
use futures_util::future::join_all;
use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::flows::{Flow, FlowList, ListFlows};
use hubbub_protocol::quiz::{QuizId, RoomId};
use serde::{Deserialize, Serialize};

use super::room::Room;
use super::room::flows::ViewFlow;
use crate::kit::ask::{Ask, Route, Routed};
use crate::kit::clock::Timestamp;
use crate::kit::deps::Deps;
use crate::kit::registry::Entity;
use crate::kit::snapshot::{Persist, Snapshot, StoreError, Stored, after};

/// The version of a host's snapshot.
const VERSION: u16 = 1;

/// Whose games they are.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HostId(String);

impl fmt::Display for HostId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// One account's games.
pub struct Host {
    id: HostId,
    deps: Deps,
    /// The oldest first.
    games: Vec<HostedGame>,
}

/// One game of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostedGame {
    /// Which.
    pub game_id: RoomId,
    /// The quiz that is played.
    pub quiz_set_id: Option<QuizId>,
    /// When it was created.
    pub created_at: Timestamp,
}

/// Returns the address of an account's games.
///
/// # Errors
/// It is down after a panic storm.
pub fn of(deps: &Deps, user: &str) -> Result<Addr<Host>, Fault> {
    Ok(deps.registry::<Host>().summon(&HostId(user.to_owned()))?)
}

/// Sends an account's games a notice.
pub(super) fn tell(deps: &Deps, user: &str, notice: Deleted) {
    match of(deps, user) {
        Ok(host) => host.do_send(notice),
        Err(_down) => tracing::warn!("a list of games is down and misses that one was deleted"),
    }
}

impl Actor for Host {
    type Context = Context<Self>;
}

impl Supervised for Host {}

impl Entity for Host {
    type Key = HostId;
    const KIND: &'static str = "quiz.host";

    fn new(id: HostId, deps: Deps) -> Self {
        Self { id, deps, games: Vec::new() }
    }

    fn restore(&mut self, snapshot: Option<Stored>, _: &mut Context<Self>) -> Result<(), StoreError> {
        if let Some(stored) = snapshot {
            self.games = stored.decode()?;
        }
        Ok(())
    }

    fn snapshot(&self) -> Option<Snapshot> {
        (!self.games.is_empty()).then(|| Snapshot::of(Self::KIND, &self.id, VERSION, &self.games))
    }
}

/// A game was opened.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<(), Fault>")]
pub struct Opened(pub HostedGame);

impl Handler<Opened> for Host {
    type Result = ResponseFuture<Result<(), Fault>>;

    fn handle(&mut self, Opened(game): Opened, _: &mut Context<Self>) -> Self::Result {
        self.games.push(game);
        after(self.commit(&self.deps), ())
    }
}

/// A game's flow was deleted.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct Deleted {
    /// Which game.
    pub game_id: RoomId,
}

impl Handler<Deleted> for Host {
    type Result = ();

    fn handle(&mut self, deleted: Deleted, _: &mut Context<Self>) {
        self.games.retain(|game| game.game_id != deleted.game_id);
        if self.games.is_empty() {
            drop(self.deps.snapshots().remove(Self::KIND, &self.id.to_string()));
        }
        self.write_behind(&self.deps);
    }
}

impl Routed for ListFlows {
    type Actor = Host;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<HostId>, Fault> {
        Ok(Route::Summon(HostId(ask.caller.subject()?.to_owned())))
    }
}

impl Handler<Ask<ListFlows>> for Host {
    type Result = ResponseFuture<Result<FlowList, Fault>>;

    /// Asks the rooms of one window. A room that is down for now is left out, but counted.
    fn handle(&mut self, ask: Ask<ListFlows>, _: &mut Context<Self>) -> Self::Result {
        let (quiz, window) = match ask.body.read() {
            Ok(read) => read,
            Err(fault) => return Box::pin(std::future::ready(Err(fault))),
        };
        let is_wanted = |game: &&HostedGame| quiz.is_none() || game.quiz_set_id == quiz;
        let wanted: Vec<RoomId> = self.games.iter().rev().filter(is_wanted).map(|game| game.game_id).collect();
        let total = u64::try_from(wanted.len()).unwrap_or(u64::MAX);
        let (offset, limit) = (usize::try_from(window.offset), usize::try_from(window.limit));
        let (offset, limit) = (offset.unwrap_or(usize::MAX), limit.unwrap_or(usize::MAX));
        let deps = self.deps.clone();
        Box::pin(async move {
            let asked = wanted.into_iter().skip(offset).take(limit).map(|id| view(&deps, id));
            let flows = join_all(asked).await.into_iter().flatten().map(Into::into).collect();
            Ok(FlowList::new(flows, window, total))
        })
    }
}

async fn view(deps: &Deps, id: RoomId) -> Option<Flow> {
    let room = deps.registry::<Room>().find(&id).ok()?;
    room.send(ViewFlow).await.ok()?.ok()
}
