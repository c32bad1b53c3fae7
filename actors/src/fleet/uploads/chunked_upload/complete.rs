//! `POST /chunked-upload/complete`: the parts become one file, and the upload is over.
//!
//! When the answer is lost, the file is there and another try finds no upload (F-47).

use actix::{ActorFutureExt, Context, Handler, fut};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::fleet::uploads::chunked_upload::complete::{ChunkedUploadCompleted, CompleteChunkedUpload};
use hubbub_protocol::fleet::uploads::chunked_upload::{invalid_part, upload_not_found};

use super::{Answer, ChunkedUpload, Outcome, Work, refused, route};
use crate::fleet::metrics::UploadError;
use crate::fleet::uploads::refusal;
use crate::fleet::uploads::state::State;
use crate::kit::ask::{Ask, KeyOf, Route, Routed};
use crate::kit::blobs::{BlobError, Completed, PartTag};
use crate::kit::deps::Deps;

impl Routed for CompleteChunkedUpload {
    type Actor = ChunkedUpload;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<KeyOf<ChunkedUpload>>, Fault> {
        route(ask.body.parts()?.0)
    }
}

impl Handler<Ask<CompleteChunkedUpload>> for ChunkedUpload {
    type Result = Answer<ChunkedUploadCompleted>;

    fn handle(&mut self, ask: Ask<CompleteChunkedUpload>, _: &mut Context<Self>) -> Self::Result {
        let (state, tags) = match self.completing(&ask.body) {
            Ok(completing) => completing,
            Err(fault) => return Answer::new(refused(fault)),
        };
        let (blobs, upload) = (self.files().blobs.clone(), self.upload(&state));
        let completing = async move { blobs.complete(&upload, &tags).await };
        let completed = fut::wrap_future::<_, Self>(completing);
        Answer::new(Box::pin(completed.then(move |completed, upload, _| upload.completed(&state, completed))))
    }
}

impl ChunkedUpload {
    /// Returns the upload, if it is open, and the tags of all its parts.
    fn completing(&self, asked: &CompleteChunkedUpload) -> Result<(State, Vec<PartTag>), Fault> {
        let (upload, named) = asked.parts()?;
        let state = self.open(&upload)?;
        match state.completing(&named) {
            Ok(tags) => Ok((state, tags)),
            Err(number) => {
                self.wiring.metrics.upload_failed(UploadError::InvalidPart);
                Err(invalid_part(number))
            }
        }
    }

    fn completed(
        &mut self,
        state: &State,
        completed: Result<Completed, BlobError>,
    ) -> Work<Result<ChunkedUploadCompleted, Fault>> {
        match completed {
            Ok(file) => {
                if file.size_bytes != state.size_bytes() {
                    let (id, planned) = (&self.id, state.size_bytes());
                    tracing::warn!(upload.id = %id, "upload `{id}` has {} bytes instead of {planned}", file.size_bytes);
                }
                let answer = ChunkedUploadCompleted::new(state.key().clone(), self.files().stored(state.key(), file.etag));
                Box::pin(self.end(Outcome::Completed(file.size_bytes)).map(|(), _, _| Ok(answer)))
            }
            // Completed already, by a request whose answer was lost, or expired.
            Err(BlobError::UploadNotFound) => Box::pin(self.find_out().map(|(), _, _| Err(upload_not_found()))),
            Err(error) => {
                let (counted, fault) = refusal(&error, CompleteChunkedUpload::failed());
                self.wiring.metrics.upload_failed(counted);
                tracing::warn!(%error, upload.id = %self.id, "upload `{}` could not be completed: {error}", self.id);
                refused(fault)
            }
        }
    }
}
