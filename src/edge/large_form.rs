//! Forms with files that are too large for memory: `multipart/form-data`, field by field and piece by piece.
//!
//! Nothing is held here but a piece: the parser's buffer of 64 KiB also bounds what the headers of a field may take.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::HttpRequest;
use actix_web::error::PayloadError;
use actix_web::web::{Bytes, Payload};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use tokio::time::timeout;

use super::body::{DEFAULT_DEADLINE, let_finish};

/// How many fields a form may have; an honest one has a handful.
const MOST_FIELDS: usize = 64;
/// How much of fields that nobody wants is passed over.
const MOST_UNWANTED_BYTES: usize = 1024 * 1024;

/// A form while it is read.
pub struct LargeForm {
    form: Multipart,
    payload: Rc<RefCell<Payload>>,
    stall: Duration,
    fields: usize,
    unwanted_bytes: usize,
}

/// A field of it.
pub struct LargeField {
    field: Field,
    stall: Duration,
}

/// Why a form cannot be read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BrokenForm {
    /// The body is no form.
    #[error("the body is no form")]
    NoForm,
    /// The form is not as forms are, or has more in it than is reasonable.
    #[error("the form is malformed")]
    Malformed,
    /// It broke off.
    #[error("the form broke off")]
    BrokenOff,
    /// Nothing arrived for too long.
    #[error("the sender fell silent")]
    Silent,
}

impl LargeForm {
    /// Returns the form of a request, of which nothing is read yet; `stall` is how long its sender may be silent.
    #[must_use]
    pub fn new(request: &HttpRequest, payload: Payload, stall: Duration) -> Self {
        let payload = Rc::new(RefCell::new(payload));
        let form = Multipart::new(request.headers(), shared(Rc::clone(&payload)));
        Self { form, payload, stall, fields: 0, unwanted_bytes: 0 }
    }

    /// Reads up to the content of the next field; nothing is the end of the form. The content of the one before was read to its end.
    ///
    /// # Errors
    /// The form cannot be read on.
    pub async fn next(&mut self) -> Result<Option<LargeField>, BrokenForm> {
        self.fields += 1;
        if self.fields > MOST_FIELDS {
            return Err(BrokenForm::Malformed);
        }
        let field = within(self.stall, self.form.try_next()).await?;
        Ok(field.map(|field| LargeField { field, stall: self.stall }))
    }

    /// Reads a field that is a short text: of a long one the first `most_bytes`, and one more, so that it is seen to be too long.
    ///
    /// # Errors
    /// The form cannot be read on.
    pub async fn text(&mut self, mut field: LargeField, most_bytes: usize) -> Result<String, BrokenForm> {
        let mut text = Vec::new();
        while let Some(piece) = field.piece().await? {
            let room = (most_bytes + 1).saturating_sub(text.len()).min(piece.len());
            text.extend_from_slice(piece.get(..room).unwrap_or_default());
            self.pass(piece.len() - room)?;
        }
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// Reads over a field that nobody wants.
    ///
    /// # Errors
    /// The form cannot be read on.
    pub async fn pass_over(&mut self, mut field: LargeField) -> Result<(), BrokenForm> {
        while let Some(piece) = field.piece().await? {
            self.pass(piece.len())?;
        }
        Ok(())
    }

    fn pass(&mut self, bytes: usize) -> Result<(), BrokenForm> {
        self.unwanted_bytes += bytes;
        if self.unwanted_bytes > MOST_UNWANTED_BYTES { Err(BrokenForm::Malformed) } else { Ok(()) }
    }

    /// Reads what the client of a refused form still sends, up to a bound.
    pub async fn let_finish(self) {
        drop(self.form);
        if let Some(payload) = Rc::into_inner(self.payload) {
            let_finish(&mut payload.into_inner(), DEFAULT_DEADLINE).await;
        }
    }
}

impl LargeField {
    /// Returns the field's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.field.name().unwrap_or_default()
    }

    /// Says whether it is a file: browsers send a file without a name where none was chosen.
    #[must_use]
    pub fn is_file(&self) -> bool {
        let disposition = self.field.content_disposition();
        disposition.is_some_and(|disposition| {
            let is_named = disposition.get_filename().is_some_and(|name| !name.is_empty());
            is_named || disposition.get_filename_ext().is_some()
        })
    }

    /// Reads the next piece of its content; nothing is its end.
    ///
    /// # Errors
    /// The form cannot be read on.
    pub async fn piece(&mut self) -> Result<Option<Bytes>, BrokenForm> {
        within(self.stall, self.field.try_next()).await
    }
}

/// A body that can be read on when its form cannot.
fn shared(payload: Rc<RefCell<Payload>>) -> impl Stream<Item = Result<Bytes, PayloadError>> {
    stream::poll_fn(move |context| payload.borrow_mut().poll_next_unpin(context))
}

async fn within<T>(
    stall: Duration,
    reading: impl Future<Output = Result<Option<T>, MultipartError>>,
) -> Result<Option<T>, BrokenForm> {
    let read = timeout(stall, reading).await.map_err(|_| BrokenForm::Silent)?;
    read.map_err(|error| match error {
        MultipartError::ContentTypeMissing | MultipartError::ContentTypeParse | MultipartError::ContentTypeIncompatible => {
            BrokenForm::NoForm
        }
        MultipartError::Payload(PayloadError::Overflow) => BrokenForm::Malformed,
        MultipartError::Payload(_) => BrokenForm::BrokenOff,
        _ => BrokenForm::Malformed,
    })
}
