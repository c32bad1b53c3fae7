//! `/profile/avatar`: a user's picture, and where it is served.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::contract::{Access, Contract, Endpoint, Method};
use crate::fault::Fault;
use crate::quiz::ids::Id;
use crate::quiz::{Quiz, USERS, UserId};
use crate::refusals::Malformed;

/// The pictures that an avatar may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImageType {
    /// JPEG.
    Jpg,
    /// PNG.
    Png,
    /// WebP.
    Webp,
    /// GIF.
    Gif,
}

impl ImageType {
    const ALL: [Self; 4] = [Self::Jpg, Self::Png, Self::Webp, Self::Gif];

    /// Tells the type from the first bytes; what a client says about its file does not count.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let is_riff = bytes.starts_with(b"RIFF");
        match bytes {
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            [_, _, _, _, _, _, _, _, b'W', b'E', b'B', b'P', ..] if is_riff => Some(Self::Webp),
            _ => None,
        }
    }

    /// Returns the ending of a file's name.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Gif => "gif",
        }
    }

    /// Returns the content type.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Jpg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Gif => "image/gif",
        }
    }
}

/// An avatar's file: `<uuid>.<ext>`. Every upload has a new one, so that a file never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AvatarFile {
    /// The file.
    pub id: Id<OfAvatar>,
    /// What is in it.
    pub image: ImageType,
}

/// An uploaded picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OfAvatar {}

impl AvatarFile {
    /// Reads a file's name as it was given out.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let (id, extension) = name.split_once('.')?;
        let image = ImageType::ALL.into_iter().find(|image| image.extension() == extension)?;
        let file = Self { id: Id::parse(id).ok()?, image };
        // Every file has one name: upper case is another.
        (file.to_string() == name).then_some(file)
    }

    /// Returns a new file's name.
    #[must_use]
    pub fn new(id: Uuid, image: ImageType) -> Self {
        Self { id: id.into(), image }
    }

    /// Returns the file's path in the store: `<user-id>/<uuid>.<ext>`.
    #[must_use]
    pub fn path(&self, user: UserId) -> String {
        format!("{user}/{self}")
    }
}

impl fmt::Display for AvatarFile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}", self.id, self.image.extension())
    }
}

/// `POST /profile/avatar`. The body is `multipart/form-data` and read beside the table, which then asks with the file's bytes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UploadAvatar {
    /// The file.
    pub bytes: Vec<u8>,
}

impl UploadAvatar {
    /// The name of the form's field.
    pub const FIELD: &'static str = "avatar";

    /// Returns the refusal of a form without a file.
    #[must_use]
    pub fn no_file() -> Fault {
        Fault::invalid("No file provided")
    }

    /// Returns the refusal of a file that is none of the pictures.
    #[must_use]
    pub fn invalid_format() -> Fault {
        Fault::invalid("Invalid file format: JPEG, PNG, WebP or GIF")
    }
}

impl Contract for UploadAvatar {
    type Reply = AvatarUploaded;
}

impl Endpoint for UploadAvatar {
    type System = Quiz;
    const METHOD: Method = Method::Post;
    const PATH: &'static str = "/profile/avatar";
    const ACCESS: Access = USERS;
}

/// Where the new avatar is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AvatarUploaded {
    /// The address at which everyone can see it.
    pub url: String,
    /// The path in the store.
    pub path: String,
}

/// `DELETE /profile/avatar`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeleteAvatar {}

impl Contract for DeleteAvatar {
    type Reply = AvatarDeleted;
}

impl Endpoint for DeleteAvatar {
    type System = Quiz;
    const METHOD: Method = Method::Delete;
    const PATH: &'static str = "/profile/avatar";
    const ACCESS: Access = USERS;
}

/// The avatar is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AvatarDeleted {
    message: &'static str,
}

impl Default for AvatarDeleted {
    fn default() -> Self {
        Self { message: "Avatar deleted successfully" }
    }
}

/// `GET /storage/avatars/:userId/:file`, an extension: the address that an upload answers. Public, and bytes instead of JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetAvatar {
    /// Whose.
    pub user_id: UserId,
    /// The file's name as it came.
    pub file: String,
}

impl GetAvatar {
    /// The path of a system's avatars, before the user's id.
    pub const ROOT: &'static str = "/storage/avatars";

    /// Returns the file.
    ///
    /// # Errors
    /// No file ever had such a name (404).
    pub fn file(&self) -> Result<AvatarFile, Fault> {
        AvatarFile::parse(&self.file).ok_or_else(Self::not_found)
    }

    /// Returns the refusal of a file that is not there.
    #[must_use]
    pub fn not_found() -> Fault {
        Fault::not_found("Not found")
    }
}

impl Contract for GetAvatar {
    /// The picture's bytes.
    type Reply = Vec<u8>;
}

impl Endpoint for GetAvatar {
    type System = Quiz;
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/storage/avatars/{userId}/{file}";

    fn malformed(_: &Malformed) -> Option<Fault> {
        Some(Self::not_found())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "00000000-0000-4000-8000-000000000000";

    #[test]
    fn a_picture_is_known_by_its_first_bytes() {
        let check = |bytes: &[u8], expected: Option<ImageType>| assert_eq!(ImageType::of(bytes), expected, "{bytes:?}");
        check(&[0xff, 0xd8, 0xff, 0xe0], Some(ImageType::Jpg));
        check(b"\x89PNG\r\n\x1a\n", Some(ImageType::Png));
        check(b"GIF87a", Some(ImageType::Gif));
        check(b"GIF89a...", Some(ImageType::Gif));
        check(b"RIFF\x01\x02\x03\x04WEBPVP8 ", Some(ImageType::Webp));
        check(b"RIFF\x01\x02\x03\x04WAVE", None);
        check(b"XXXX\x01\x02\x03\x04WEBP", None);
        check(b"<svg xmlns", None);
        check(b"", None);
    }

    #[test]
    fn a_files_name_is_its_id_and_type() {
        let file = AvatarFile::parse(&format!("{ID}.webp")).expect("a name");
        assert_eq!(file.image.content_type(), "image/webp");
        assert_eq!(file.path(UserId::random([0; 16])), format!("{ID}/{ID}.webp"));
        for wrong in ["", ".png", ID, "../secret.png", &format!("{ID}.svg"), &format!("{ID}.png.png"), &format!("{ID}.PNG")] {
            assert_eq!(AvatarFile::parse(wrong), None, "{wrong}");
        }
        assert_eq!(AvatarFile::parse("ABCDEF00-0000-4000-8000-000000000000.png"), None);
    }

    #[test]
    fn answers_have_the_documents_keys_in_its_order() {
        let uploaded = AvatarUploaded { url: "https://example.com/a".to_owned(), path: "u/a.jpg".to_owned() };
        let json = serde_json::to_string(&uploaded).expect("a reply");
        assert_eq!(json, r#"{"url":"https://example.com/a","path":"u/a.jpg"}"#);
        let json = serde_json::to_string(&AvatarDeleted::default()).expect("a reply");
        assert_eq!(json, r#"{"message":"Avatar deleted successfully"}"#);
    }
}
