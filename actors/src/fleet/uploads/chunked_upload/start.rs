//! `POST /chunked-upload/start`: begins an upload in the store, then its actor, and signs the address of every part.

use actix::{ActorFutureExt, Context, Handler, Message, fut};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::fleet::limits;
use hubbub_protocol::fleet::sessions::UploadStatus;
use hubbub_protocol::fleet::uploads::chunked_upload as contract;
use hubbub_protocol::fleet::uploads::chunked_upload::start::{ChunkedUploadStarted, Planned, PresignedUrl, StartChunkedUpload};

use super::{Answer, ChunkedUpload, VERSION};
use crate::fleet::Wiring;
use crate::fleet::uploads::state::State;
use crate::fleet::uploads::{Files, blob_key, refusal};
use crate::kit::ask::{Ask, restarting};
use crate::kit::blobs::{PartNumber, Upload};
use crate::kit::deps::Deps;
use crate::kit::registry::Entity;
use crate::kit::snapshot::{Snapshot, StoreError};

/// How long the address of a part is valid.
pub(super) const VALID_SECS: u32 = limits::PART_URL_SECS as u32;

/// Answers `POST /chunked-upload/start`. No actor is asked before the store has given the upload its name.
///
/// # Errors
/// A field is missing or wrong (400), or the upload could not be begun (500).
pub async fn start(deps: Deps, ask: Ask<StartChunkedUpload>) -> Result<ChunkedUploadStarted, Fault> {
    let plan = ask.body.plan()?;
    let wiring = Wiring::of(&deps);
    let started = wiring.files.blobs.start(&blob_key(&plan.key), plan.key.file.content_type()).await;
    let upload = started.map_err(|error| {
        let (counted, fault) = refusal(&error, StartChunkedUpload::failed());
        wiring.metrics.upload_failed(counted);
        tracing::warn!(%error, blob.key = %plan.key, "no upload of `{}` could be begun: {error}", plan.key);
        fault
    })?;
    if let Err(fault) = open(&deps, &upload, plan.clone()).await {
        // If this fails as well, the upload is unknown to everyone and ends by itself after a day.
        let _aborted = wiring.files.blobs.abort(&upload).await;
        return Err(fault);
    }
    let id = contract::UploadId(upload.id.to_string());
    let urls = presign_all(wiring.files.clone(), upload, plan.total_parts()).await?;
    Ok(ChunkedUploadStarted::new(id, &plan, urls))
}

async fn open(deps: &Deps, upload: &Upload, plan: Planned) -> Result<(), Fault> {
    let actor = deps.registry::<ChunkedUpload>().summon(&upload.id)?;
    actor.send(Open(plan)).await.unwrap_or_else(|_closed| Err(restarting()))
}

/// Signs the addresses of all parts on a thread that may take its time: there may be 10,000.
async fn presign_all(files: Files, upload: Upload, total_parts: u32) -> Result<Vec<PresignedUrl>, Fault> {
    let presign = move |part_number: u32| {
        let number = PartNumber::new(part_number)?;
        let url = files.address(files.blobs.presign(&upload, number, VALID_SECS));
        Some(PresignedUrl { part_number, url })
    };
    let signing = actix_rt::task::spawn_blocking(move || (1..=total_parts).filter_map(presign).collect());
    signing.await.map_err(|_stopped| StartChunkedUpload::failed())
}

/// The store has begun the upload.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<(), Fault>")]
struct Open(Planned);

impl Handler<Open> for ChunkedUpload {
    type Result = Answer<()>;

    /// Commits it, then tells the sessions.
    fn handle(&mut self, Open(plan): Open, _: &mut Context<Self>) -> Self::Result {
        let state = State::begin(&plan, self.deps.now());
        let saved = self.deps.snapshots().commit(Snapshot::of(Self::KIND, &self.id, VERSION, &state));
        let told = fut::wrap_future::<_, Self>(saved).then(|saved, upload: &mut Self, _| {
            let telling = saved.map(|()| {
                upload.wiring.metrics.uploads_in_progress.increment(1.0);
                upload.is_counted = true;
                let telling = upload.tell(&state, UploadStatus::Uploading);
                upload.state = Some(state);
                telling
            });
            fut::wrap_future::<_, Self>(async move { Ok::<usize, StoreError>(telling?.await) })
        });
        Answer::new(Box::pin(told.map(|told, upload, ctx| {
            let sessions = told?;
            upload.look_later(sessions, ctx);
            Ok(())
        })))
    }
}
