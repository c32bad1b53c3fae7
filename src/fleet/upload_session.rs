//! `POST /upload-session`: the form is read here and handed on piece by piece.

use actix_web::http::header::CONTENT_LENGTH;
use hubbub_actors::fleet::metrics::UploadError;
use hubbub_actors::fleet::uploads::upload_session::{Form, Refused, too_large};
use hubbub_protocol::contract::{Endpoint, System};
use hubbub_protocol::fleet::uploads::FileType;
use hubbub_protocol::fleet::uploads::upload_session::UploadSession;
use hubbub_protocol::fleet::{Fleet, limits};

use crate::edge::large_form::{BrokenForm, LargeField, LargeForm};
use crate::edge::upload::STALL;
use crate::edge::{Call, Outcome, refusal};

/// The longest text that a field may have: a session's id has 100 characters at most.
const TEXT_BYTES: usize = 1024;
/// The longest request that can be right: two files, and what a form has beside them.
const MOST_BYTES: u64 = 2 * limits::FILE_BYTES + 2 * 1024 * 1024;

/// Answers `POST /upload-session`.
///
/// # Errors
/// The form is broken, or a field is missing or wrong (400), a file is too large (413), the store failed (500).
pub async fn upload(call: Call) -> Outcome {
    let length = call.request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let mut form = LargeForm::new(&call.request, call.payload, STALL);
    let mut recording = Form::begin(&call.edge.deps, length);
    match read(&mut form, &mut recording, length).await {
        Ok(()) => refusal::success::<Fleet>(UploadSession::STATUS, &recording.finish().await?),
        Err(refused) => {
            let fault = recording.refuse(refused).await;
            form.let_finish().await;
            Err(fault)
        }
    }
}

async fn read(form: &mut LargeForm, recording: &mut Form, length: Option<u64>) -> Result<(), Refused> {
    if length.is_some_and(|length| length > MOST_BYTES) {
        return Err(too_large());
    }
    while let Some(field) = form.next().await.map_err(broken)? {
        let name = field.name().to_owned();
        match UploadSession::file(&name) {
            Some(file) if field.is_file() => take(recording, file, field).await?,
            None if name == UploadSession::TIMESTAMP || name == UploadSession::SESSION_ID => {
                let text = form.text(field, TEXT_BYTES).await.map_err(broken)?;
                recording.text(&name, text).await?;
            }
            _ => form.pass_over(field).await.map_err(broken)?,
        }
    }
    Ok(())
}

async fn take(recording: &mut Form, file: FileType, mut field: LargeField) -> Result<(), Refused> {
    recording.file_begins(file).await?;
    while let Some(piece) = field.piece().await.map_err(broken)? {
        recording.bytes(file, piece).await?;
    }
    recording.file_ends(file).await
}

fn broken(form: BrokenForm) -> Refused {
    match form {
        // What is no form has no field, and this is the first that is missed.
        BrokenForm::NoForm => (UploadError::InvalidRequest, UploadSession::timestamp_missing()),
        BrokenForm::Malformed => (UploadError::InvalidRequest, Fleet::REFUSALS.invalid_input.fault()),
        BrokenForm::BrokenOff => (UploadError::Aborted, Fleet::REFUSALS.invalid_input.fault()),
        BrokenForm::Silent => (UploadError::Aborted, Fleet::REFUSALS.slow_body.fault()),
    }
}
