//! `POST /chunked-upload/abort`: nothing is kept.

use actix::{ActorFutureExt, Context, Handler, fut};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::fleet::uploads::chunked_upload::abort::{AbortChunkedUpload, ChunkedUploadAborted};

use super::{Answer, ChunkedUpload, Outcome, Work, refused, route};
use crate::fleet::metrics::UploadError;
use crate::fleet::uploads::refusal;
use crate::kit::ask::{Ask, KeyOf, Route, Routed};
use crate::kit::deps::Deps;

impl Routed for AbortChunkedUpload {
    type Actor = ChunkedUpload;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<KeyOf<ChunkedUpload>>, Fault> {
        route(ask.body.upload()?)
    }
}

impl Handler<Ask<AbortChunkedUpload>> for ChunkedUpload {
    type Result = Answer<ChunkedUploadAborted>;

    fn handle(&mut self, ask: Ask<AbortChunkedUpload>, _: &mut Context<Self>) -> Self::Result {
        let state = match ask.body.upload().and_then(|asked| self.open(&asked)) {
            Ok(state) => state,
            Err(fault) => return Answer::new(refused(fault)),
        };
        let (blobs, upload) = (self.files().blobs.clone(), self.upload(&state));
        let aborting = async move { blobs.abort(&upload).await };
        Answer::new(Box::pin(fut::wrap_future::<_, Self>(aborting).then(|aborted, upload, _| {
            let aborted: Work<Result<ChunkedUploadAborted, Fault>> = match aborted {
                Ok(()) => Box::pin(
                    upload.end(Outcome::Failed(UploadError::Aborted)).map(|(), _, _| Ok(ChunkedUploadAborted::default())),
                ),
                Err(error) => {
                    tracing::warn!(%error, upload.id = %upload.id, "upload `{}` could not be aborted: {error}", upload.id);
                    refused(refusal(&error, AbortChunkedUpload::failed()).1)
                }
            };
            aborted
        })))
    }
}
