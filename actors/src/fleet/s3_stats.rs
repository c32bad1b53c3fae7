//! What is in the bucket and what it costs.
//!
//! One actor shows what it has counted for five minutes. Who asks then, or asks for a fresh look, waits for a run, and everyone who asks
//! meanwhile waits for the same one. Reading order: [`state`] adds up objects as they are listed, `count` lists them.

use std::sync::Arc;

use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, ResponseFuture, Supervised, fut};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::fleet::s3_stats::{
    GetS3Overview, GetS3Sessions, GetS3Stats, GetS3Timeline, OverviewSection, RefreshS3Stats, S3Stats, S3StatsRefreshed,
    SessionsSection, TimelineSection, WholeStats, fetch_failed,
};
use tracing::error;

use super::reports::{Reports, Run, is_fresh};
use crate::kit::ask::Ask;
use crate::kit::blobs::BlobError;
use crate::kit::clock::Timestamp;
use crate::kit::deps::Deps;
use crate::kit::registry::Entity;
use crate::kit::single::{Only, routed_to_the_only};
use crate::kit::snapshot::{StoreError, Stored};

mod count;
pub mod state;
#[cfg(test)]
mod tests;

/// Knows what is in the bucket.
pub struct Bucket {
    deps: Deps,
    counted: Option<Counted>,
    run: Option<Run<Arc<S3Stats>>>,
}

struct Counted {
    at: Timestamp,
    stats: Arc<S3Stats>,
}

impl Actor for Bucket {
    type Context = Context<Self>;
}

impl Supervised for Bucket {}

impl Entity for Bucket {
    type Key = Only<Self>;
    const KIND: &'static str = "fleet.bucket";

    fn new(_: Only<Self>, deps: Deps) -> Self {
        Self { deps, counted: None, run: None }
    }

    fn restore(&mut self, _: Option<Stored>, _: &mut Context<Self>) -> Result<(), StoreError> {
        Ok(())
    }

    fn is_idle(&self) -> bool {
        self.run.is_none() && self.fresh().is_none()
    }
}

impl Bucket {
    fn fresh(&self) -> Option<&Arc<S3Stats>> {
        self.counted.as_ref().filter(|counted| is_fresh(counted.at, self.deps.now())).map(|counted| &counted.stats)
    }

    /// Shows a part of what was counted, after counting if need be.
    fn show<R: 'static>(&mut self, ctx: &mut Context<Self>, part: fn(Arc<S3Stats>) -> R) -> ResponseFuture<Result<R, Fault>> {
        match self.fresh() {
            Some(stats) => {
                let shown = part(Arc::clone(stats));
                Box::pin(std::future::ready(Ok(shown)))
            }
            None => self.count(ctx, part),
        }
    }

    /// Counts, or waits for the run that is under way.
    fn count<R: 'static>(&mut self, ctx: &mut Context<Self>, part: fn(Arc<S3Stats>) -> R) -> ResponseFuture<Result<R, Fault>> {
        let (reports, now) = (Reports::of(&self.deps), self.deps.now());
        let run = self.run.get_or_insert_with(|| {
            // On the actor: also when everybody who asked goes away, what was counted is there for the next one.
            ctx.spawn(
                fut::wrap_future(count::count(reports, now)).map(move |counted, bucket: &mut Self, _| bucket.end(now, counted)),
            );
            Run::new()
        });
        let counted = run.join();
        Box::pin(async move { counted.await.map(part) })
    }

    fn end(&mut self, at: Timestamp, counted: Result<S3Stats, BlobError>) {
        let outcome = counted.map(Arc::new).map_err(|error| {
            error!(%error, "the bucket could not be counted: {error}");
            fetch_failed()
        });
        if let Ok(stats) = &outcome {
            self.counted = Some(Counted { at, stats: Arc::clone(stats) });
        }
        if let Some(run) = self.run.take() {
            run.end(&outcome);
        }
    }
}

impl Handler<Ask<GetS3Stats>> for Bucket {
    type Result = ResponseFuture<Result<WholeStats, Fault>>;

    fn handle(&mut self, _: Ask<GetS3Stats>, ctx: &mut Context<Self>) -> Self::Result {
        self.show(ctx, WholeStats)
    }
}

impl Handler<Ask<GetS3Overview>> for Bucket {
    type Result = ResponseFuture<Result<OverviewSection, Fault>>;

    fn handle(&mut self, _: Ask<GetS3Overview>, ctx: &mut Context<Self>) -> Self::Result {
        self.show(ctx, OverviewSection)
    }
}

impl Handler<Ask<GetS3Sessions>> for Bucket {
    type Result = ResponseFuture<Result<SessionsSection, Fault>>;

    fn handle(&mut self, _: Ask<GetS3Sessions>, ctx: &mut Context<Self>) -> Self::Result {
        self.show(ctx, SessionsSection)
    }
}

impl Handler<Ask<GetS3Timeline>> for Bucket {
    type Result = ResponseFuture<Result<TimelineSection, Fault>>;

    fn handle(&mut self, _: Ask<GetS3Timeline>, ctx: &mut Context<Self>) -> Self::Result {
        self.show(ctx, TimelineSection)
    }
}

impl Handler<Ask<RefreshS3Stats>> for Bucket {
    type Result = ResponseFuture<Result<S3StatsRefreshed, Fault>>;

    fn handle(&mut self, _: Ask<RefreshS3Stats>, ctx: &mut Context<Self>) -> Self::Result {
        self.count(ctx, S3StatsRefreshed::new)
    }
}

routed_to_the_only!(Bucket: GetS3Stats, GetS3Overview, GetS3Sessions, GetS3Timeline, RefreshS3Stats);
