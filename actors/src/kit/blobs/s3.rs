//! Blobs in a bucket of S3, or of a store that speaks its language.
//!
//! Reading order: `settings` says which bucket, `whole` writes a blob of any length, `parts` has the uploads in parts,
//! `moving` copies within the bucket, `body` watches over
//! what is sent, `answers` turns what S3 says into our words, `transport` is the way there and the one file that names the S3 client.

use futures_util::FutureExt;

use super::{
    Answer, Blob, BlobError, BlobStore, Chunks, Completed, Head, Key, Listed, Page, Part, PartNumber, PartPage, PartTag, Upload,
    UploadPage, UploadedPart, Url,
};

mod answers;
mod body;
mod moving;
mod parts;
mod settings;
mod transport;
mod whole;

#[cfg(test)]
mod tests;

pub use settings::{S3Settings, WrongSettings};

use answers::{Missing, patiently, time_of_header, time_of_list};
use settings::Bucket;
use transport::{
    DeleteObjectRequest, GetObjectRequest, HeadObjectRequest, ListObjectsV2Request, S3, S3Client, client, presigned_part,
};

/// The most entries that S3 puts into one list.
const MOST_LISTED: usize = 1000;

/// Blobs in one bucket.
pub struct S3Blobs {
    client: S3Client,
    bucket: Bucket,
}

impl S3Blobs {
    /// Returns the blobs of a bucket. Whether it is there is seen with the first of them.
    ///
    /// # Errors
    /// [`WrongSettings`]
    pub fn new(settings: &S3Settings) -> Result<Self, WrongSettings> {
        let bucket = Bucket::new(settings)?;
        let client = client(&bucket)?;
        Ok(Self { client, bucket })
    }

    fn bucket(&self) -> String {
        self.bucket.name.clone()
    }

    async fn get_part(&self, key: &Key, part: Part) -> Result<Blob, BlobError> {
        let Some(range) = range_of(part) else { return Err(self.out_of_range(key).await) };
        let ask = || GetObjectRequest { bucket: self.bucket(), key: key.to_string(), range: range.clone(), ..Default::default() };
        let got = match patiently(|| self.client.get_object(ask())).await {
            Err(error) if answers::is_unsatisfiable(&error) => return Err(self.out_of_range(key).await),
            got => got.map_err(|error| answers::refusal(error, Missing::Blob))?,
        };
        let length = answers::length(got.content_length)?;
        let (offset, size_bytes) = match &got.content_range {
            Some(range) => answers::content_range(range)?,
            None => (0, length),
        };
        let head = Head {
            size_bytes,
            etag: answers::etag(got.e_tag),
            content_type: got.content_type.unwrap_or_default(),
            modified: time_of_header(got.last_modified.as_deref())?,
        };
        let body = got.body.map_or_else(|| super::once(bytes::Bytes::new()), |body| Box::pin(body));
        Ok(Blob { head, offset, length, body })
    }

    /// Returns that a blob has nothing in a range, unless there is no blob.
    async fn out_of_range(&self, key: &Key) -> BlobError {
        self.look(key).await.map_or_else(|error| error, |head| BlobError::OutOfRange { size_bytes: head.size_bytes })
    }

    async fn look(&self, key: &Key) -> Result<Head, BlobError> {
        let ask = || HeadObjectRequest { bucket: self.bucket(), key: key.to_string(), ..Default::default() };
        let head = patiently(|| self.client.head_object(ask())).await.map_err(|error| answers::refusal(error, Missing::Blob))?;
        Ok(Head {
            size_bytes: answers::length(head.content_length)?,
            etag: answers::etag(head.e_tag),
            content_type: head.content_type.unwrap_or_default(),
            modified: time_of_header(head.last_modified.as_deref())?,
        })
    }

    /// Objects whose names are no keys were put there by somebody else, and are passed over.
    async fn list_page(&self, prefix: &str, after: Option<&Key>, limit: usize) -> Result<Page, BlobError> {
        let mut after = after.map(Key::to_string);
        loop {
            let ask = || ListObjectsV2Request {
                bucket: self.bucket(),
                prefix: Some(prefix.to_owned()),
                start_after: after.clone(),
                max_keys: Some(limit.clamp(1, MOST_LISTED) as i64),
                ..Default::default()
            };
            let list = patiently(|| self.client.list_objects_v2(ask())).await;
            let list = list.map_err(|error| answers::refusal(error, Missing::Blob))?;
            let mut page = Page { blobs: Vec::new(), has_more: list.is_truncated.unwrap_or_default() };
            let objects = list.contents.unwrap_or_default();
            let last = objects.last().and_then(|object| object.key.clone());
            for object in objects {
                let Some(key) = object.key.and_then(|name| Key::parse(name).ok()) else { continue };
                let modified = time_of_list(object.last_modified.as_deref())?;
                page.blobs.push(Listed { key, size_bytes: answers::length(object.size)?, modified });
            }
            if !page.blobs.is_empty() || !page.has_more || last.is_none() {
                page.has_more &= last.is_some();
                return Ok(page);
            }
            after = last;
        }
    }
}

impl BlobStore for S3Blobs {
    fn put<'a>(&'a self, key: &'a Key, content_type: &'a str, body: Chunks) -> Answer<'a, Head> {
        Box::pin(async move {
            self.put_whole(key, content_type, body).await?;
            self.look(key).await
        })
    }

    fn get<'a>(&'a self, key: &'a Key, part: Part) -> Answer<'a, Blob> {
        self.get_part(key, part).boxed()
    }

    fn head<'a>(&'a self, key: &'a Key) -> Answer<'a, Head> {
        self.look(key).boxed()
    }

    fn list<'a>(&'a self, prefix: &'a str, after: Option<&'a Key>, limit: usize) -> Answer<'a, Page> {
        self.list_page(prefix, after, limit).boxed()
    }

    fn delete<'a>(&'a self, key: &'a Key) -> Answer<'a, ()> {
        Box::pin(async move {
            let ask = || DeleteObjectRequest { bucket: self.bucket(), key: key.to_string(), ..Default::default() };
            let deleted = patiently(|| self.client.delete_object(ask())).await.map(|_| ());
            match deleted.map_err(|error| answers::refusal(error, Missing::Blob)) {
                Err(BlobError::NotFound) => Ok(()),
                deleted => deleted,
            }
        })
    }

    fn rename<'a>(&'a self, from: &'a Key, to: &'a Key) -> Answer<'a, Completed> {
        self.move_blob(from, to).boxed()
    }

    fn location(&self, key: &Key) -> Url {
        Url::Elsewhere(self.bucket.url_of(key))
    }

    fn start<'a>(&'a self, key: &'a Key, content_type: &'a str) -> Answer<'a, Upload> {
        self.start_upload(key, content_type).boxed()
    }

    fn presign(&self, upload: &Upload, number: PartNumber, valid_secs: u32) -> Url {
        Url::Elsewhere(presigned_part(&self.bucket, upload, number, valid_secs))
    }

    fn put_part<'a>(&'a self, upload: &'a Upload, number: PartNumber, size_bytes: u64, body: Chunks) -> Answer<'a, UploadedPart> {
        self.stream_part(upload, number, size_bytes, body).boxed()
    }

    fn parts<'a>(&'a self, upload: &'a Upload, after: Option<PartNumber>, limit: usize) -> Answer<'a, PartPage> {
        self.list_parts(upload, after, limit).boxed()
    }

    fn complete<'a>(&'a self, upload: &'a Upload, parts: &'a [PartTag]) -> Answer<'a, Completed> {
        self.complete_upload(upload, parts).boxed()
    }

    fn abort<'a>(&'a self, upload: &'a Upload) -> Answer<'a, ()> {
        self.abort_upload(upload).boxed()
    }

    fn uploads<'a>(&'a self, prefix: &'a str, after: Option<&'a Upload>, limit: usize) -> Answer<'a, UploadPage> {
        self.list_uploads(prefix, after, limit).boxed()
    }
}

/// Returns what the header `Range` says, or nothing where no blob has such a part: S3 would give all of it then.
fn range_of(part: Part) -> Option<Option<String>> {
    match part {
        Part::Whole => Some(None),
        Part::From(first, None) => Some(Some(format!("bytes={first}-"))),
        Part::From(first, Some(last)) => (first <= last).then(|| Some(format!("bytes={first}-{last}"))),
        Part::Last(count) => (count > 0).then(|| Some(format!("bytes=-{count}"))),
    }
}
