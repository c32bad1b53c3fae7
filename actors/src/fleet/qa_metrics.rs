//! How good the captures are.
//!
//! One actor shows the last report and has runs made. A run looks at every session; what it finds out is committed per session together
//! with the version of the file it was read from, so that a later run reads only files that are new, and after a restart nothing is
//! read again. Questions are answered from what is there: a report that is too old is still shown, and a run begins behind it.
//!
//! Decision: a few numbers per session are kept, and marks are worked out of them at any time. Reason: to read a file costs seconds, to
//! mark it nothing, so that a run, a restart and a kill read only what is new. What would change our mind: marks that need the frames.
//!
//! Reading order: [`state`] turns the rows of frames into marks, [`npz`] reads the rows from a session's data file, `kept` is what is
//! committed, `scratch` where a file lies while it is read, `look` one session's turn in a run, `run` the whole, `answers` the routes.

use std::sync::Arc;

use actix::{Actor, ActorFutureExt, AsyncContext, Context, Supervised, fut};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::fleet::qa_metrics::{GetQaMetrics, QaMetrics, RefreshQaMetrics, processing};
use serde::{Deserialize, Serialize};
use tracing::error;

use super::reports::{Reports, Run, is_fresh};
use crate::kit::clock::Timestamp;
use crate::kit::deps::Deps;
use crate::kit::registry::Entity;
use crate::kit::single::{Only, single};
use crate::kit::snapshot::{Persist, Snapshot, SnapshotStore, StoreError, Stored, reading};

mod answers;
mod kept;
mod look;
pub mod npz;
mod progress;
mod run;
mod scratch;
pub mod state;
#[cfg(test)]
mod tests;

pub use progress::Progress;

const VERSION: u16 = 1;

/// Looks into every session's data and knows how good it is.
pub struct Inspector {
    deps: Deps,
    marks: Marks,
    shown: Option<Arc<QaMetrics>>,
    run: Option<Run<Arc<QaMetrics>>>,
    has_failed: bool,
}

/// What is remembered of runs, beside what they have found out.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Marks {
    /// When the sessions of the last report were looked at.
    reported_at: Option<Timestamp>,
    /// Whether there is a run that has not ended.
    is_running: bool,
}

/// Brings the inspector up, so that what an earlier run has left is cleaned up and a run that was interrupted goes on.
pub fn wake(deps: &Deps) {
    if let Err(down) = single::<Inspector>(deps) {
        error!("the QA metrics do not come up: {down}");
    }
}

impl Actor for Inspector {
    type Context = Context<Self>;
}

impl Supervised for Inspector {}

impl Entity for Inspector {
    type Key = Only<Self>;
    const KIND: &'static str = "fleet.inspector";

    fn new(_: Only<Self>, deps: Deps) -> Self {
        Self { deps, marks: Marks::default(), shown: None, run: None, has_failed: false }
    }

    /// Reads the last report back, and goes on with a run that was interrupted.
    fn restore(&mut self, snapshot: Option<Stored>, ctx: &mut Context<Self>) -> Result<(), StoreError> {
        self.marks = snapshot.map(|stored| stored.decode()).transpose()?.unwrap_or_default();
        let (reports, reported_at) = (Reports::of(&self.deps), self.marks.reported_at);
        let read = move |store: &dyn SnapshotStore| {
            if let Err(error) = scratch::clean_up(&reports.directory) {
                error!(%error, "files that a run has left could not be removed: {error}");
            }
            Ok(reported_at.map(|at| Arc::new(kept::report(store, at))))
        };
        reading::first(&self.deps, ctx, read, |inspector: &mut Self, shown, ctx| {
            inspector.shown = shown.ok().flatten();
            if inspector.marks.is_running {
                inspector.begin(ctx);
            }
        });
        Ok(())
    }

    fn snapshot(&self) -> Option<Snapshot> {
        Some(Snapshot::of(Self::KIND, &Only::<Self>::KEY, VERSION, &self.marks))
    }

    fn is_idle(&self) -> bool {
        self.run.is_none()
    }
}

impl Inspector {
    /// Returns the last report, and has a new one made if it is old.
    fn report(&mut self, ctx: &mut Context<Self>) -> Result<Arc<QaMetrics>, Fault> {
        let is_new = self.marks.reported_at.is_some_and(|at| is_fresh(at, self.deps.now()));
        let begins = self.run.is_none() && !is_new;
        if begins {
            self.begin(ctx);
        }
        let nothing = if begins && self.has_failed { GetQaMetrics::failed } else { processing };
        self.shown.clone().ok_or_else(nothing)
    }

    /// Returns the run that is under way, or a new one.
    fn running(&mut self, ctx: &mut Context<Self>) -> &mut Run<Arc<QaMetrics>> {
        if self.run.is_none() {
            self.begin(ctx);
        }
        self.run.get_or_insert_with(Run::new)
    }

    fn begin(&mut self, ctx: &mut Context<Self>) {
        self.run = Some(Run::new());
        self.marks.is_running = true;
        let (begun, now) = (self.commit(&self.deps), self.deps.now());
        let (deps, reports) = (self.deps.clone(), Reports::of(&self.deps));
        let running = async move {
            begun.await?;
            run::run(&deps, &reports, now).await
        };
        ctx.spawn(fut::wrap_future(running).map(move |metrics, inspector: &mut Self, ctx| inspector.end(now, metrics, ctx)));
    }

    fn end(&mut self, at: Timestamp, metrics: Result<QaMetrics, run::Failure>, ctx: &mut Context<Self>) {
        self.marks.is_running = false;
        self.has_failed = metrics.is_err();
        let outcome = metrics.map(Arc::new).map_err(|error| {
            error!(%error, "the QA metrics could not be worked out: {error}");
            RefreshQaMetrics::failed()
        });
        if let Ok(metrics) = &outcome {
            self.marks.reported_at = Some(at);
            self.shown = Some(Arc::clone(metrics));
        }
        let (saved, run) = (self.commit(&self.deps), self.run.take());
        let telling = async move {
            let saved = saved.await.map_err(Fault::from);
            if let Some(run) = run {
                run.end(&saved.and(outcome));
            }
        };
        ctx.spawn(fut::wrap_future(telling));
    }
}
