//! Avatars over HTTP: a form comes in, a picture goes out.

use actix_web::HttpResponse;
use actix_web::http::header::{self, HeaderValue};
use hubbub_actors::kit::ask::Ask;
use hubbub_actors::kit::blobs::Part;
use hubbub_actors::quiz::accounts::avatars::{open_avatar, upload_avatar};
use hubbub_protocol::contract::System;
use hubbub_protocol::fault::{Fault, Kind};
use hubbub_protocol::quiz::Quiz;
use hubbub_protocol::quiz::avatars::{GetAvatar, UploadAvatar};
use hubbub_protocol::quiz::error::file_too_large;
use hubbub_protocol::quiz::limits;

use crate::edge::decode::decode;
use crate::edge::form::{PICTURE_DEADLINE, read_file};
use crate::edge::{BodyLimits, Call, Outcome, refusal};

/// A picture never changes: a new one has a new address.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Whatever a browser takes the bytes for, nothing in them runs.
const NOTHING_RUNS: HeaderValue = HeaderValue::from_static("default-src 'none'; sandbox");

/// Answers `POST /profile/avatar`.
///
/// # Errors
/// The form is none or has no file (400), the file is too large (413), or what becomes of it.
pub async fn upload(call: Call) -> Outcome {
    let limits = BodyLimits { bytes: limits::AVATAR_BYTES, deadline: PICTURE_DEADLINE };
    let file = read_file(&call.request, call.payload, UploadAvatar::FIELD, limits, &Quiz::REFUSALS).await.map_err(in_words)?;
    let bytes = file.ok_or_else(UploadAvatar::no_file)?.to_vec();
    let uploaded = upload_avatar(call.edge.deps.clone(), Ask::new(call.caller, UploadAvatar { bytes })).await?;
    refusal::success::<Quiz>(200, &uploaded)
}

/// Of a file that is too large the document has words of its own.
fn in_words(fault: Fault) -> Fault {
    if fault.kind == Kind::TooLarge { file_too_large() } else { fault }
}

/// Answers `GET /storage/avatars/{userId}/{file}`.
///
/// # Errors
/// There is none (404), or it cannot be read.
pub async fn serve(mut call: Call) -> Outcome {
    let wanted = decode::<GetAvatar>(&mut call).await?;
    let picture = open_avatar(&call.edge.deps, &wanted, Part::Whole).await?;
    Ok(HttpResponse::Ok()
        .content_type(picture.head.content_type)
        .insert_header((header::CACHE_CONTROL, FOR_EVER))
        .insert_header((header::CONTENT_SECURITY_POLICY, NOTHING_RUNS))
        .no_chunking(picture.length)
        .streaming(picture.body))
}
