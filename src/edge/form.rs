//! Forms with files: `multipart/form-data`.

use std::time::Duration;

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::HttpRequest;
use actix_web::error::PayloadError;
use actix_web::web::{Bytes, BytesMut, Payload};
use futures_util::{Stream, StreamExt, TryStreamExt};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::refusals::Refusals;

use super::body::{BodyLimits, drain};

/// What a form's boundaries, headers and small fields may take beside its file.
const BESIDE_THE_FILE: usize = 64 * 1024;

/// How long a form with one picture may take: five megabytes over a bad mobile connection.
pub const PICTURE_DEADLINE: Duration = Duration::from_secs(120);

/// Reads the file in the field of this name into memory; other fields are passed over, and none is `None`. A file of more than
/// `limits.bytes` is refused.
///
/// # Errors
/// The system's refusal: no form, broken off, too large or too slow.
pub async fn read_file(
    request: &HttpRequest,
    payload: Payload,
    field: &str,
    limits: BodyLimits,
    refusals: &Refusals,
) -> Result<Option<Bytes>, Fault> {
    let form = Multipart::new(request.headers(), capped(payload, limits.bytes + BESIDE_THE_FILE));
    let reading = find(form, field);
    let read = tokio::time::timeout(limits.deadline, reading).await.map_err(|_| refusals.slow_body.fault())?;
    let file = read.map_err(|error| match error {
        MultipartError::Payload(PayloadError::Overflow) => refusals.too_large.fault(),
        _ => refusals.invalid_input.fault(),
    })?;
    match file {
        Some(file) if file.len() > limits.bytes => Err(refusals.too_large.fault()),
        file => Ok(file),
    }
}

async fn find(mut form: Multipart, name: &str) -> Result<Option<Bytes>, MultipartError> {
    let mut file = None;
    // To the end, also after the file: an answer before the body was sent resets the connections of some clients.
    while let Some(mut field) = form.try_next().await? {
        if field.name() == Some(name) && file.is_none() {
            file = Some(collect(&mut field).await?);
        } else {
            while field.try_next().await?.is_some() {}
        }
    }
    Ok(file)
}

async fn collect(field: &mut Field) -> Result<Bytes, MultipartError> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = field.try_next().await? {
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

/// Ends a body that is too large in [`PayloadError::Overflow`], after the rest was read and thrown away.
fn capped(payload: Payload, limit: usize) -> impl Stream<Item = Result<Bytes, PayloadError>> {
    futures_util::stream::unfold(Some((payload, 0)), move |state| async move {
        let (mut payload, before) = state?;
        let chunk = match payload.next().await? {
            Ok(chunk) => chunk,
            Err(error) => return Some((Err(error), None)),
        };
        let so_far = before + chunk.len();
        if so_far > limit {
            drain(&mut payload).await;
            return Some((Err(PayloadError::Overflow), None));
        }
        Some((Ok(chunk), Some((payload, so_far))))
    })
    .fuse()
}
