//! Moves a blob within the bucket: S3 copies it without the bytes coming here, then the old one is deleted. A long one is copied in
//! parts, because S3 copies no more than 5 GiB at once, and answers sooner for less.

use futures_util::{StreamExt, TryStreamExt, stream};

use super::S3Blobs;
use super::answers::{self, Missing, failed, patiently, refusal};
use super::transport::{CopyObjectRequest, S3, UploadPartCopyRequest};
use super::whole::Ended;
use crate::kit::blobs::url::encode;
use crate::kit::blobs::{BlobError, BlobStore, Completed, Head, Key, PartNumber, PartTag, Upload};

/// How much is copied by one request.
const COPIED_BYTES: u64 = 512 * 1024 * 1024;
/// How many requests are on their way.
const AT_ONCE: usize = 4;

impl S3Blobs {
    pub(super) async fn move_blob(&self, from: &Key, to: &Key) -> Result<Completed, BlobError> {
        let head = self.look(from).await?;
        let size_bytes = head.size_bytes;
        if from == to {
            return Ok(Completed { etag: head.etag, size_bytes });
        }
        let etag =
            if size_bytes <= COPIED_BYTES { self.copy(from, to).await? } else { self.copy_in_parts(from, to, &head).await? };
        self.delete(from).await?;
        Ok(Completed { etag, size_bytes })
    }

    async fn copy(&self, from: &Key, to: &Key) -> Result<String, BlobError> {
        let ask = || CopyObjectRequest {
            bucket: self.bucket(),
            key: to.to_string(),
            copy_source: self.source(from),
            ..Default::default()
        };
        let copied = patiently(|| self.client.copy_object(ask())).await.map_err(|error| refusal(error, Missing::Blob))?;
        // S3 begins an answer of 200 before it is through, and an error can come in its body.
        copied.copy_object_result.map(|copied| answers::etag(copied.e_tag)).ok_or_else(not_copied)
    }

    async fn copy_in_parts(&self, from: &Key, to: &Key, head: &Head) -> Result<String, BlobError> {
        let upload = self.start_upload(to, &head.content_type).await?;
        let ended = Ended::unless_kept(self, &upload);
        let count = head.size_bytes.div_ceil(COPIED_BYTES);
        let copies = stream::iter(0..count).map(|at| {
            let first = at * COPIED_BYTES;
            let last = (first + COPIED_BYTES).min(head.size_bytes) - 1;
            self.copy_part(from, &upload, at + 1, format!("bytes={first}-{last}"))
        });
        let tags: Vec<PartTag> = copies.buffered(AT_ONCE).try_collect().await?;
        let etag = self.finish_upload(&upload, &tags).await?;
        ended.keep();
        Ok(etag)
    }

    async fn copy_part(&self, from: &Key, upload: &Upload, number: u64, range: String) -> Result<PartTag, BlobError> {
        let number = PartNumber::new(number).ok_or_else(not_copied)?;
        let ask = || UploadPartCopyRequest {
            bucket: self.bucket(),
            key: upload.key.to_string(),
            upload_id: upload.id.to_string(),
            part_number: i64::from(number.get()),
            copy_source: self.source(from),
            copy_source_range: Some(range.clone()),
            ..Default::default()
        };
        let copied = patiently(|| self.client.upload_part_copy(ask())).await.map_err(|error| refusal(error, Missing::Blob))?;
        let etag = copied.copy_part_result.map(|copied| answers::etag(copied.e_tag)).ok_or_else(not_copied)?;
        Ok(PartTag { number, etag })
    }

    /// Returns a blob as the header `x-amz-copy-source` names it.
    fn source(&self, key: &Key) -> String {
        let mut source = self.bucket();
        source.push('/');
        encode(key.as_str(), &mut source);
        source
    }
}

fn not_copied() -> BlobError {
    failed("S3 could not copy it".to_owned())
}
