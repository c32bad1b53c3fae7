//! `GET /chunked-upload/status`: which parts are there, as the store has them.

use actix::{ActorFutureExt, Context, Handler};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::fleet::uploads::Etag;
use hubbub_protocol::fleet::uploads::chunked_upload::status::{ChunkedUploadStatus, GetChunkedUpload, UploadedPart};

use super::{ChunkedUpload, Work, refused, route};
use crate::fleet::uploads::refusal;
use crate::kit::ask::{Ask, KeyOf, Route, Routed};
use crate::kit::blobs;
use crate::kit::deps::Deps;

impl Routed for GetChunkedUpload {
    type Actor = ChunkedUpload;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<KeyOf<ChunkedUpload>>, Fault> {
        route(ask.body.upload()?)
    }
}

impl Handler<Ask<GetChunkedUpload>> for ChunkedUpload {
    type Result = Work<Result<ChunkedUploadStatus, Fault>>;

    fn handle(&mut self, ask: Ask<GetChunkedUpload>, _: &mut Context<Self>) -> Self::Result {
        let asked = match ask.body.upload().and_then(|asked| self.open(&asked).map(|_| asked)) {
            Ok(asked) => asked,
            Err(fault) => return refused(fault),
        };
        Box::pin(self.look(None).map(|listed, upload, _| match listed {
            Ok(parts) => Ok(ChunkedUploadStatus::new(asked, parts.into_iter().map(part).collect())),
            Err(error) => {
                tracing::warn!(%error, upload.id = %upload.id, "the parts of upload `{}` are unknown: {error}", upload.id);
                Err(refusal(&error, GetChunkedUpload::failed()).1)
            }
        }))
    }
}

fn part(part: blobs::UploadedPart) -> UploadedPart {
    UploadedPart { part_number: part.number.get().into(), etag: Etag::from(part.etag), size: part.size_bytes }
}
