//! `PUT /_store/…`: a part of an upload comes to the address that was signed for it.
//!
//! Only local files have such addresses; while files are in a bucket, its own lead there, and this one leads nowhere.

use std::sync::Arc;

use actix_web::http::header::{CONTENT_LENGTH, ETAG};
use actix_web::{HttpRequest, HttpResponse};
use hubbub_actors::fleet::uploads::part_arrived;
use hubbub_actors::kit::blobs::{BlobError, BlobStore, PartNumber, PartUrls, Upload, UploadedPart};
use hubbub_actors::kit::clock::Timestamp;
use hubbub_protocol::contract::{Access, Limit, Method, System};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::fleet::uploads::chunked_upload::upload_not_found;
use hubbub_protocol::fleet::uploads::upload_session::UploadSession;
use hubbub_protocol::fleet::uploads::{Etag, file_too_large, length_required, signature_refused, wrong_part_length};
use hubbub_protocol::fleet::{Fleet, limits};

use crate::edge::body::{DEFAULT_DEADLINE, let_finish};
use crate::edge::upload::{STALL, pour};
use crate::edge::{Call, Outcome};

/// The route's method.
pub const METHOD: Method = Method::Put;
/// The route's path.
pub const PATH: &str = "/_store/{key:.*}";
/// The address itself is the permission.
pub const ACCESS: Access = Access::Open;
/// A recording of 20 GB is 2,000 parts.
pub const LIMIT: Option<Limit> = None;

/// What a part passes on its way in: put into the [`Deps`](hubbub_actors::kit::deps::Deps) at start-up.
pub struct Store {
    /// Where files are kept.
    pub blobs: Arc<dyn BlobStore>,
    /// What signed the addresses; none: the store is elsewhere.
    pub urls: Option<PartUrls>,
}

/// Answers `PUT /_store/…`.
///
/// # Errors
/// The address was not signed for this or is expired (403), the length is missing (411) or wrong (400), the upload has ended or never
/// was (404), there is no room (413).
pub async fn put(mut call: Call) -> Outcome {
    let store = call.edge.deps.extension::<Store>();
    match take(&store, &mut call).await {
        Ok(part) => Ok(HttpResponse::Ok().insert_header((ETAG, Etag::from(part.etag).to_string())).finish()),
        Err(refused) => {
            let_finish(&mut call.payload, DEFAULT_DEADLINE).await;
            Err(refused)
        }
    }
}

async fn take(store: &Store, call: &mut Call) -> Result<UploadedPart, Fault> {
    let (upload, number) = store.admit(&call.request, call.edge.deps.now())?;
    let size_bytes = announced_bytes(&call.request)?;
    let writing = |chunks| store.blobs.put_part(&upload, number, size_bytes, chunks);
    let part = pour(&mut call.payload, STALL, writing).await.map_err(refusal)?;
    part_arrived(&call.edge.deps, &upload, &part).await;
    Ok(part)
}

impl Store {
    /// Reads the address, before anything of the body is read.
    fn admit(&self, request: &HttpRequest, now: Timestamp) -> Result<(Upload, PartNumber), Fault> {
        let urls = self.urls.as_ref().ok_or_else(|| Fleet::REFUSALS.unknown_path.fault())?;
        urls.verify(request.uri().path(), request.query_string(), now).map_err(|_| signature_refused())
    }
}

fn announced_bytes(request: &HttpRequest) -> Result<u64, Fault> {
    let length = request.headers().get(CONTENT_LENGTH).ok_or_else(length_required)?;
    let bytes = length.to_str().ok().and_then(|length| length.parse().ok());
    bytes.filter(|bytes| (1..=limits::CHUNK_BYTES).contains(bytes)).ok_or_else(wrong_part_length)
}

fn refusal(error: BlobError) -> Fault {
    match error {
        BlobError::UploadNotFound => upload_not_found(),
        BlobError::OverQuota { .. } => file_too_large(),
        BlobError::Source(_) => wrong_part_length(),
        error => {
            tracing::error!(%error, "a part could not be stored: {error}");
            UploadSession::failed()
        }
    }
}
