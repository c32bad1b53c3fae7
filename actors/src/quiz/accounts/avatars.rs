//! Avatars: one picture per account, in the blob store. Every upload is a file of its own, which never changes.

use hubbub_protocol::fault::{Fault, Kind};
use hubbub_protocol::quiz::avatars::{
    AvatarDeleted, AvatarFile, AvatarUploaded, DeleteAvatar, GetAvatar, OfAvatar, UploadAvatar,
};
use hubbub_protocol::quiz::error::{file_too_large, no_avatar};
use hubbub_protocol::quiz::ids::Id;
use hubbub_protocol::quiz::limits;

use super::account::{self, TakeAvatar};
use super::ids::{AccountId, fresh};
use super::{Accounts, account_id, tell};
use crate::kit::ask::{Ask, restarting};
use crate::kit::blobs::{Blob, BlobError, Key, Part, once};
use crate::kit::deps::Deps;
use crate::quiz::FILES;

mod blocks;
mod gif;
pub mod picture;
mod webp;

use picture::{Picture, WrongPicture};

/// Answers `POST /profile/avatar`.
///
/// # Errors
/// The file is too large (413) or no picture that is taken (400), or it could not be saved.
pub async fn upload_avatar(deps: Deps, ask: Ask<UploadAvatar>) -> Result<AvatarUploaded, Fault> {
    let id = account_id(&ask.caller)?;
    let bytes = ask.body.bytes;
    if bytes.len() > limits::AVATAR_BYTES {
        return Err(file_too_large());
    }
    let picture = Accounts::of(&deps).pictures.work(move || picture::clean(&bytes)).await?.map_err(refusal)?;
    // On a task of its own: a client that goes away meanwhile leaves no file that nobody knows of.
    let keeping = actix_rt::spawn(keep(deps.clone(), id, picture));
    let file = keeping.await.unwrap_or_else(|_stopping| Err(restarting()))?;
    Ok(AvatarUploaded { url: Accounts::of(&deps).avatar_url(id, &file), path: file.path(id) })
}

/// Writes the file, then has the account point to it, then removes the old one.
async fn keep(deps: Deps, id: AccountId, picture: Picture) -> Result<AvatarFile, Fault> {
    let account = account::find(&deps, &id)?;
    let name: Id<OfAvatar> = fresh(deps.random());
    let file = AvatarFile { id: name, image: picture.image };
    let accounts = Accounts::of(&deps);
    let written = accounts.blobs.put(&key(id, &file)?, picture.image.content_type(), once(picture.bytes)).await;
    written.map_err(|error| failure(&error))?;
    match tell(&account, TakeAvatar(Some(file))).await {
        Ok(old) => {
            remove(&deps, id, old).await;
            Ok(file)
        }
        Err(fault) => {
            // An account that is restarting may have taken it all the same.
            if fault.kind != Kind::Unavailable {
                remove(&deps, id, Some(file)).await;
            }
            Err(fault)
        }
    }
}

/// Answers `DELETE /profile/avatar`.
///
/// # Errors
/// There is none (404), or it could not be saved.
pub async fn delete_avatar(deps: Deps, ask: Ask<DeleteAvatar>) -> Result<AvatarDeleted, Fault> {
    let id = account_id(&ask.caller)?;
    let deleting = actix_rt::spawn(async move {
        let account = account::find(&deps, &id)?;
        let old = tell(&account, TakeAvatar(None)).await?.ok_or_else(no_avatar)?;
        remove(&deps, id, Some(old)).await;
        Ok(AvatarDeleted::default())
    });
    deleting.await.unwrap_or_else(|_stopping| Err(restarting()))
}

/// Opens the picture of `GET /storage/avatars/{userId}/{file}`. It may be kept for ever by whoever gets it: its name never means
/// anything else.
///
/// # Errors
/// There is none (404), or it cannot be read.
pub async fn open_avatar(deps: &Deps, body: &GetAvatar, part: Part) -> Result<Blob, Fault> {
    let key = key(body.user_id, &body.file()?)?;
    Accounts::of(deps).blobs.get(&key, part).await.map_err(|error| match error {
        BlobError::NotFound | BlobError::OutOfRange { .. } => GetAvatar::not_found(),
        error => failure(&error),
    })
}

fn key(id: AccountId, file: &AvatarFile) -> Result<Key, Fault> {
    Key::parse(format!("{FILES}avatars/{}", file.path(id))).map_err(|_impossible| GetAvatar::not_found())
}

/// Removes a file that no account points to any more. If that fails the file stays, and nobody is told to try again.
async fn remove(deps: &Deps, id: AccountId, file: Option<AvatarFile>) {
    let Some(key) = file.and_then(|file| key(id, &file).ok()) else { return };
    if let Err(error) = Accounts::of(deps).blobs.delete(&key).await {
        tracing::warn!(%error, blob.key = %key, "the old avatar `{key}` could not be removed: {error}");
    }
}

fn refusal(wrong: WrongPicture) -> Fault {
    match wrong {
        WrongPicture::Unknown => UploadAvatar::invalid_format(),
        wrong => Fault::invalid(wrong.to_string()),
    }
}

fn failure(error: &BlobError) -> Fault {
    tracing::error!(%error, "the avatars' store failed: {error}");
    Fault::new(Kind::Internal, "", "could not be saved, try again")
}
