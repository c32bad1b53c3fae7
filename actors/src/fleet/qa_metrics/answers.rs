//! What is answered.

use actix::{Context, Handler, ResponseFuture};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::fleet::qa_metrics::{
    CleanUpQaFiles, GetQaMetrics, GetQaSession, GetQaSummary, QaFilesCleanedUp, QaMetricsRefreshed, QaSession, QaSummary,
    RefreshQaMetrics, WholeMetrics,
};
use tracing::error;

use super::state::{Folder, session};
use super::{Inspector, kept, scratch};
use crate::fleet::reports::Reports;
use crate::kit::ask::{Ask, restarting};
use crate::kit::single::routed_to_the_only;

impl Handler<Ask<GetQaMetrics>> for Inspector {
    type Result = Result<WholeMetrics, Fault>;

    fn handle(&mut self, _: Ask<GetQaMetrics>, ctx: &mut Context<Self>) -> Self::Result {
        self.report(ctx).map(WholeMetrics)
    }
}

impl Handler<Ask<GetQaSummary>> for Inspector {
    type Result = Result<QaSummary, Fault>;

    fn handle(&mut self, _: Ask<GetQaSummary>, _: &mut Context<Self>) -> Self::Result {
        Ok(self.shown.as_deref().map_or_else(QaSummary::default, QaSummary::of))
    }
}

impl Handler<Ask<GetQaSession>> for Inspector {
    type Result = ResponseFuture<Result<QaSession, Fault>>;

    /// A session that a first run has come to is shown before the run is over.
    fn handle(&mut self, ask: Ask<GetQaSession>, ctx: &mut Context<Self>) -> Self::Result {
        let Some(folder) = Folder::parse(&ask.body.session_id) else {
            return Box::pin(std::future::ready(Err(GetQaSession::not_found())));
        };
        let unknown = self.report(ctx).err().unwrap_or_else(GetQaSession::not_found);
        let store = self.deps.snapshots().clone();
        let reading = actix_rt::task::spawn_blocking(move || {
            kept::load(&*store, &folder).map(|kept| session(&folder, kept.has_video, &kept.data))
        });
        Box::pin(async move { reading.await.map_err(|_stopped| restarting())?.ok_or(unknown) })
    }
}

impl Handler<Ask<RefreshQaMetrics>> for Inspector {
    type Result = ResponseFuture<Result<QaMetricsRefreshed, Fault>>;

    fn handle(&mut self, _: Ask<RefreshQaMetrics>, ctx: &mut Context<Self>) -> Self::Result {
        let metrics = self.running(ctx).join();
        Box::pin(async move { metrics.await.map(QaMetricsRefreshed::new) })
    }
}

impl Handler<Ask<CleanUpQaFiles>> for Inspector {
    type Result = ResponseFuture<Result<QaFilesCleanedUp, Fault>>;

    /// A run that is under way keeps what it is reading.
    fn handle(&mut self, _: Ask<CleanUpQaFiles>, _: &mut Context<Self>) -> Self::Result {
        let reports = Reports::of(&self.deps);
        let cleaning = actix_rt::task::spawn_blocking(move || scratch::clean_up(&reports.directory));
        Box::pin(async move {
            let cleaned = cleaning.await.map_err(|_stopped| restarting())?;
            cleaned.map(QaFilesCleanedUp::new).map_err(|error| {
                error!(%error, "files of the QA metrics could not be removed: {error}");
                CleanUpQaFiles::failed()
            })
        })
    }
}

routed_to_the_only!(Inspector: GetQaMetrics, GetQaSummary, GetQaSession, RefreshQaMetrics, CleanUpQaFiles);
