//! An upload in parts: from its start to its end over hours, restarts and broken connections.
//!
//! The actor keeps what was planned; which parts are there, only the store knows. Whatever ends an upload (`complete`, `abort`, a day) is
//! first done in the store, then told to the capture sessions, then forgotten, and answered last. So a crash at any moment leaves
//! either an upload that goes on, or one whose end is found out at the next start: [`super::upkeep`].
//!
//! Reading order: this file is what the routes share, then one file per route in the order in which a client calls them.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorFutureExt, AsyncContext, AtomicResponse, Context, Handler, Message, ResponseActFuture, Supervised, fut};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::fleet::sessions::UploadStatus;
use hubbub_protocol::fleet::uploads::chunked_upload::{self as contract, upload_not_found};

use super::state::{Arrived, State};
use super::telling::{Belonging, tell};
use super::{Files, blob_key};
use crate::fleet::Wiring;
use crate::fleet::capture::state::UploadWord;
use crate::fleet::metrics::UploadError;
use crate::kit::ask::{KeyOf, Route};
use crate::kit::blobs::{BlobError, BlobStore, PartNumber, Upload, UploadId, UploadedPart, Url};
use crate::kit::deps::Deps;
use crate::kit::registry::Entity;
use crate::kit::snapshot::{StoreError, Stored};

pub mod abort;
pub mod complete;
pub mod presign_part;
pub mod start;
pub mod status;

/// The version of an upload's snapshot.
const VERSION: u16 = 1;
/// How many parts are asked for at once.
const PAGE: usize = 1000;
/// How often an upload whose parts pass by the hub is looked at while parts arrive and a session waits for it.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// How often at least, when no parts arrive.
const LOOK_AT_LEAST_EVERY: Duration = Duration::from_secs(5 * 60);

/// One upload in parts.
pub struct ChunkedUpload {
    id: UploadId,
    deps: Deps,
    wiring: Arc<Wiring>,
    /// `None` before its start and after its end.
    state: Option<State>,
    /// The parts as far as they are known here; for progress only.
    arrived: Arrived,
    /// Whether the parts of an earlier activation are among them.
    is_counted: bool,
    /// Whether it will look at its parts by itself.
    is_looking: bool,
    /// How soon.
    look_after: Duration,
}

/// How an upload ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Its file is there, and so long.
    Completed(u64),
    /// It is not.
    Failed(UploadError),
}

/// Something that takes a while, with the actor in between.
type Work<T> = ResponseActFuture<ChunkedUpload, T>;
/// The answer to what ends an upload. Nothing else happens to it until it is given.
type Answer<T> = AtomicResponse<ChunkedUpload, Result<T, Fault>>;

impl Actor for ChunkedUpload {
    type Context = Context<Self>;
}

impl Supervised for ChunkedUpload {}

impl Entity for ChunkedUpload {
    type Key = UploadId;
    const KIND: &'static str = "fleet.upload";

    fn new(id: UploadId, deps: Deps) -> Self {
        let wiring = Wiring::of(&deps);
        Self {
            id,
            deps,
            wiring,
            state: None,
            arrived: Arrived::default(),
            is_counted: false,
            is_looking: false,
            look_after: LOOK_EVERY,
        }
    }

    fn restore(&mut self, snapshot: Option<Stored>, _: &mut Context<Self>) -> Result<(), StoreError> {
        self.state = snapshot.map(|stored| stored.decode()).transpose()?;
        Ok(())
    }

    fn is_idle(&self) -> bool {
        !self.is_looking
    }
}

/// Returns the actor of an upload that must exist.
fn route(upload: contract::Upload) -> Result<Route<KeyOf<ChunkedUpload>>, Fault> {
    let id = UploadId::parse(upload.id.0).ok_or_else(upload_not_found)?;
    Ok(Route::Find(id, upload_not_found()))
}

fn refused<T: 'static>(fault: Fault) -> Work<Result<T, Fault>> {
    Box::pin(fut::ready(Err(fault)))
}

impl ChunkedUpload {
    fn files(&self) -> &Files {
        &self.wiring.files
    }

    /// Returns the upload if this is its pair of id and key, and its time is not over.
    fn open(&self, asked: &contract::Upload) -> Result<State, Fault> {
        let is_open = |state: &&State| *state.key() == asked.key && !state.has_expired(self.deps.now());
        self.state.as_ref().filter(is_open).cloned().ok_or_else(upload_not_found)
    }

    /// Returns the upload as the store calls it.
    fn upload(&self, state: &State) -> Upload {
        Upload { key: blob_key(state.key()), id: self.id.clone() }
    }

    /// Tells the capture sessions how it is.
    fn tell(&self, state: &State, status: UploadStatus) -> impl Future<Output = usize> + use<> {
        let deps = self.deps.clone();
        let belonging = Belonging { timestamp: Some(state.key().timestamp.clone()), session_id: None };
        let word = UploadWord {
            ticket: self.id.to_string(),
            files: vec![state.key().file],
            started: state.started(),
            arrived_bytes: self.arrived.bytes(),
            expected_bytes: Some(state.size_bytes()),
            status,
            boot_id: None,
        };
        async move { tell(&deps, &belonging, word).await }
    }

    // --- its parts ---

    /// Asks the store for the parts after `after`, takes note of them and tells how far it is. An upload that the store does not
    /// have any more comes to its end.
    fn look(&self, after: Option<PartNumber>) -> Work<Result<Vec<UploadedPart>, BlobError>> {
        let Some(state) = &self.state else { return Box::pin(fut::ready(Err(BlobError::UploadNotFound))) };
        let (blobs, upload) = (self.files().blobs.clone(), self.upload(state));
        let listing = async move { parts(&*blobs, &upload, after).await };
        Box::pin(fut::wrap_future::<_, Self>(listing).then(|listed, upload, _| upload.take(listed)))
    }

    fn take(&mut self, listed: Result<Vec<UploadedPart>, BlobError>) -> Work<Result<Vec<UploadedPart>, BlobError>> {
        match (listed, &self.state) {
            (Ok(parts), Some(state)) => {
                parts.iter().for_each(|part| self.arrived.add(part));
                self.is_counted = true;
                let telling = fut::wrap_future::<_, Self>(self.tell(state, UploadStatus::Uploading));
                Box::pin(telling.map(|sessions, upload, ctx| {
                    upload.look_later(sessions, ctx);
                    Ok(parts)
                }))
            }
            (Err(BlobError::UploadNotFound), Some(_)) => Box::pin(self.find_out().map(|(), _, _| Err(BlobError::UploadNotFound))),
            (Err(error), _) => Box::pin(fut::ready(Err(error))),
            (Ok(_), None) => Box::pin(fut::ready(Err(BlobError::UploadNotFound))),
        }
    }

    /// Looks again after a while, if parts pass by the hub and a session waits for them: nobody else would tell it.
    fn look_later(&mut self, sessions: usize, ctx: &mut Context<Self>) {
        let Some(state) = self.state.as_ref().filter(|_| sessions > 0 && !self.is_looking) else { return };
        let address = self.files().blobs.presign(&self.upload(state), PartNumber::FIRST, 1);
        if !matches!(address, Url::Elsewhere(_)) {
            return;
        }
        self.is_looking = true;
        ctx.run_later(self.look_after, |upload, ctx| {
            let before = upload.arrived.bytes();
            let looking = upload.look(upload.arrived.without_gap());
            upload.is_looking = false;
            ctx.spawn(looking.map(move |_, upload, _| {
                let has_grown = upload.arrived.bytes() != before;
                upload.look_after = if has_grown { LOOK_EVERY } else { (upload.look_after * 2).min(LOOK_AT_LEAST_EVERY) };
            }));
        });
    }

    // --- its end ---

    /// Brings the upload to its end, of which the store knows already: tells, counts, forgets.
    fn end(&mut self, outcome: Outcome) -> Work<()> {
        let Some(state) = self.state.take() else { return Box::pin(fut::ready(())) };
        let (metrics, file) = (&self.wiring.metrics, state.key().file);
        metrics.uploads_in_progress.decrement(1.0);
        let status = match outcome {
            Outcome::Completed(size_bytes) => {
                metrics.upload_completed(file, size_bytes, self.deps.now().since(state.started()));
                UploadStatus::Completed
            }
            Outcome::Failed(error) => {
                metrics.upload_failed(error);
                UploadStatus::Failed
            }
        };
        let (telling, deps, id) = (self.tell(&state, status), self.deps.clone(), self.id.clone());
        let forgetting = async move {
            telling.await;
            deps.snapshots().remove(Self::KIND, id.as_str()).await
        };
        Box::pin(fut::wrap_future::<_, Self>(forgetting).map(|forgotten, upload, _| {
            if let Err(error) = forgotten {
                // The next start finds it ended, and tries again.
                tracing::warn!(%error, upload.id = %upload.id, "the end of upload `{}` could not be saved: {error}", upload.id);
            }
            drop(upload.deps.registry::<Self>().remove(&upload.id));
        }))
    }

    /// Ends an upload that the store does not have any more: is its file there, or did it expire?
    fn find_out(&self) -> Work<()> {
        let Some(state) = self.state.clone() else { return Box::pin(fut::ready(())) };
        let (blobs, key) = (self.files().blobs.clone(), blob_key(state.key()));
        let looking = async move { blobs.head(&key).await };
        Box::pin(fut::wrap_future::<_, Self>(looking).then(move |blob, upload, _| match blob {
            Ok(blob) if state.has_become(&blob) => upload.end(Outcome::Completed(blob.size_bytes)),
            Ok(_) | Err(BlobError::NotFound) => upload.end(Outcome::Failed(UploadError::Expired)),
            Err(error) => {
                tracing::warn!(%error, upload.id = %upload.id, "what became of upload `{}` is unknown: {error}", upload.id);
                Box::pin(fut::ready(()))
            }
        }))
    }
}

/// Lists the parts of an upload after `after`, page by page.
async fn parts(blobs: &dyn BlobStore, upload: &Upload, mut after: Option<PartNumber>) -> Result<Vec<UploadedPart>, BlobError> {
    let mut all = Vec::new();
    loop {
        let page = blobs.parts(upload, after, PAGE).await?;
        let is_last = !page.has_more || page.parts.is_empty();
        after = page.parts.last().map(|part| part.number);
        all.extend(page.parts);
        if is_last {
            return Ok(all);
        }
    }
}

/// Takes notice of a part that has come through the hub. When this returns, whoever looks at the capture session sees the progress.
pub async fn part_arrived(deps: &Deps, upload: &Upload, part: &UploadedPart) {
    if let Ok(actor) = deps.registry::<ChunkedUpload>().find(&upload.id) {
        // An upload that is over, or whose actor restarts, looks by itself.
        let _taken = actor.send(PartArrived(part.clone())).await;
    }
}

/// A part has arrived.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
struct PartArrived(UploadedPart);

impl Handler<PartArrived> for ChunkedUpload {
    type Result = Work<()>;

    fn handle(&mut self, PartArrived(part): PartArrived, _: &mut Context<Self>) -> Self::Result {
        self.arrived.add(&part);
        match &self.state {
            Some(state) if self.is_counted => {
                let telling = self.tell(state, UploadStatus::Uploading);
                Box::pin(fut::wrap_future::<_, Self>(telling).map(|_, _, _| ()))
            }
            _ => Box::pin(self.look(None).map(|_, _, _| ())),
        }
    }
}

/// The hub has started: what has become of the upload meanwhile?
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub(super) struct Resume;

impl Handler<Resume> for ChunkedUpload {
    type Result = Work<()>;

    fn handle(&mut self, _: Resume, _: &mut Context<Self>) -> Self::Result {
        Box::pin(self.look(None).map(|_, _, _| ()))
    }
}

/// The upload's time may be over.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub(super) struct Expire;

impl Handler<Expire> for ChunkedUpload {
    type Result = AtomicResponse<Self, ()>;

    fn handle(&mut self, _: Expire, _: &mut Context<Self>) -> Self::Result {
        let now = self.deps.now();
        let Some(state) = self.state.clone().filter(|state| state.has_expired(now)) else {
            return AtomicResponse::new(Box::pin(fut::ready(())));
        };
        let (blobs, upload) = (self.files().blobs.clone(), self.upload(&state));
        let aborting = async move { blobs.abort(&upload).await };
        AtomicResponse::new(Box::pin(fut::wrap_future::<_, Self>(aborting).then(|aborted, upload, _| match aborted {
            Ok(()) => upload.end(Outcome::Failed(UploadError::Expired)),
            Err(error) => {
                tracing::warn!(%error, upload.id = %upload.id, "upload `{}` could not be ended: {error}", upload.id);
                Box::pin(fut::ready(())) as Work<()>
            }
        })))
    }
}
