//! What S3 says, in our words.

use std::fmt::Debug;
use std::future::Future;
use std::io;
use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use super::super::upload::unquoted;
use super::transport::RusotoError;
use crate::kit::blobs::BlobError;
use crate::kit::clock::Timestamp;

/// How often a request that can be sent again is sent.
const ATTEMPTS: u32 = 4;
/// How long the first pause between two attempts is; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(100);

/// What is not there when S3 says 404.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    Blob,
    Upload,
}

/// Asks again where S3 was busy, or the way there was broken. Only for what can be sent twice.
pub(super) async fn patiently<T, E, F: Future<Output = Result<T, RusotoError<E>>>>(ask: impl Fn() -> F) -> F::Output {
    let mut pause = PAUSE;
    for _ in 1..ATTEMPTS {
        match ask().await {
            Err(error) if is_passing(&error) => tokio::time::sleep(pause).await,
            answer => return answer,
        }
        pause *= 2;
    }
    ask().await
}

fn is_passing<E>(error: &RusotoError<E>) -> bool {
    match error {
        RusotoError::HttpDispatch(_) => true,
        RusotoError::Unknown(answer) => answer.status.is_server_error() || answer.status.as_u16() == 429,
        _ => false,
    }
}

pub(super) fn is_unsatisfiable<E>(error: &RusotoError<E>) -> bool {
    matches!(error, RusotoError::Unknown(answer) if answer.status.as_u16() == 416)
}

/// Returns why a request was not carried out.
pub(super) fn refusal<E: Debug>(error: RusotoError<E>, missing: Missing) -> BlobError {
    let (status, code) = match &error {
        // The client has a variant for some codes and calls it like the code.
        RusotoError::Service(known) => (0, format!("{known:?}").split('(').next().unwrap_or_default().to_owned()),
        RusotoError::Unknown(answer) => (answer.status.as_u16(), code_in(answer.body_as_str())),
        RusotoError::HttpDispatch(failure) => return failed(format!("S3 cannot be reached: {failure}")),
        RusotoError::ParseError(_) => return failed("S3 sent an answer that cannot be read".to_owned()),
        _ => return failed("a request to S3 could not be made".to_owned()),
    };
    match (code.as_str(), status, missing) {
        ("NoSuchKey", ..) | ("" | "NotFound", 404, Missing::Blob) => BlobError::NotFound,
        ("NoSuchUpload", ..) | ("" | "NotFound", 404, Missing::Upload) => BlobError::UploadNotFound,
        // The body is left out: it repeats what was signed.
        _ => failed(format!("S3 answered {status} {code}")),
    }
}

/// Returns the code in an answer's XML, or nothing.
fn code_in(body: &str) -> String {
    let code = body.split("<Code>").nth(1).and_then(|rest| rest.split("</Code>").next()).unwrap_or_default();
    code.chars().filter(char::is_ascii_alphanumeric).take(64).collect()
}

pub(super) fn failed(text: String) -> BlobError {
    BlobError::Store(io::Error::other(text))
}

fn unreadable(what: &str) -> BlobError {
    failed(format!("S3 sent a {what} that cannot be read"))
}

pub(super) fn etag(etag: Option<String>) -> String {
    etag.as_deref().map(unquoted).unwrap_or_default().to_owned()
}

pub(super) fn length(length: Option<i64>) -> Result<u64, BlobError> {
    u64::try_from(length.unwrap_or_default()).map_err(|_| unreadable("length"))
}

/// Reads `bytes 3-5/10`: where the part begins, and how long the whole is.
pub(super) fn content_range(range: &str) -> Result<(u64, u64), BlobError> {
    let read = || {
        let (part, total) = range.strip_prefix("bytes ")?.split_once('/')?;
        let (first, _) = part.split_once('-')?;
        Some((first.parse().ok()?, total.parse().ok()?))
    };
    read().ok_or_else(|| unreadable("range"))
}

/// Reads a moment in a header: `Fri, 06 Feb 2026 12:00:00 GMT`.
pub(super) fn time_of_header(text: Option<&str>) -> Result<Timestamp, BlobError> {
    let at = text.and_then(|text| OffsetDateTime::parse(text, &Rfc2822).ok()).ok_or_else(|| unreadable("time"))?;
    Ok(Timestamp(at.unix_timestamp().saturating_mul(1000)))
}

/// Reads a moment in a list: `2026-02-06T12:00:00.000Z`.
pub(super) fn time_of_list(text: Option<&str>) -> Result<Timestamp, BlobError> {
    text.and_then(Timestamp::parse_iso).ok_or_else(|| unreadable("time"))
}
