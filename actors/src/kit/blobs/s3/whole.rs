//! Writes a blob of any length: what is short goes in one request, everything else in parts, because S3 wants to know a length first and
//! takes no more than 5 GiB at once. One part is sent while the next is collected: two are in memory, never more.

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;

use super::S3Blobs;
use super::answers::{Missing, failed, patiently, refusal};
use super::transport::{ByteStream, PutObjectRequest, S3, S3Client};
use crate::kit::blobs::{BlobError, Chunks, Key, PartNumber, PartTag, Upload};

/// How long a part is; the last may be shorter. 10,000 of them are 78 GiB.
pub(super) const PART_BYTES: usize = 8 * 1024 * 1024;

/// Collects a body part by part.
struct Parts {
    body: Chunks,
    /// What came beyond the part before.
    rest: Bytes,
}

impl Parts {
    /// Returns the next part, shorter than the others only at the end; nothing after the end.
    async fn next(&mut self) -> Result<Option<Bytes>, BlobError> {
        let mut part = BytesMut::new();
        loop {
            let room = PART_BYTES - part.len();
            part.extend_from_slice(&self.rest.split_to(room.min(self.rest.len())));
            if part.len() == PART_BYTES {
                return Ok(Some(part.freeze()));
            }
            match self.body.next().await {
                Some(piece) => self.rest = piece.map_err(BlobError::Source)?,
                None => return Ok(if part.is_empty() { None } else { Some(part.freeze()) }),
            }
        }
    }
}

/// An upload that is ended unless it was completed: also when nobody waits for it any more.
pub(super) struct Ended {
    client: S3Client,
    bucket: String,
    upload: Option<Upload>,
}

impl Ended {
    pub(super) fn unless_kept(blobs: &S3Blobs, upload: &Upload) -> Self {
        Self { client: blobs.client.clone(), bucket: blobs.bucket(), upload: Some(upload.clone()) }
    }

    /// It was completed.
    pub(super) fn keep(mut self) {
        self.upload = None;
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        let (Some(upload), Ok(runtime)) = (self.upload.take(), tokio::runtime::Handle::try_current()) else { return };
        let (client, bucket) = (self.client.clone(), self.bucket.clone());
        // If that fails too, the reaper finds it.
        runtime.spawn(async move { super::parts::abort(&client, bucket, &upload).await });
    }
}

impl S3Blobs {
    pub(super) async fn put_whole(&self, key: &Key, content_type: &str, body: Chunks) -> Result<(), BlobError> {
        let mut parts = Parts { body, rest: Bytes::new() };
        let first = parts.next().await?.unwrap_or_default();
        if first.len() < PART_BYTES {
            return self.put_short(key, content_type, first).await;
        }
        let upload = self.start_upload(key, content_type).await?;
        let ended = Ended::unless_kept(self, &upload);
        let (mut sending, mut tags) = (Some(first), Vec::new());
        while let Some(part) = sending {
            let number = PartNumber::new(tags.len() + 1).ok_or_else(|| failed("the blob is longer than 78 GiB".to_owned()))?;
            let sent = self.send_part(&upload, number, part);
            let (etag, next) = futures_util::future::try_join(sent, parts.next()).await?;
            tags.push(PartTag { number, etag });
            sending = next;
        }
        self.finish_upload(&upload, &tags).await?;
        ended.keep();
        Ok(())
    }

    async fn put_short(&self, key: &Key, content_type: &str, content: Bytes) -> Result<(), BlobError> {
        let ask = || PutObjectRequest {
            bucket: self.bucket(),
            key: key.to_string(),
            body: Some(ByteStream::new_with_size(super::super::once(content.clone()), content.len())),
            content_length: Some(content.len() as i64),
            content_type: Some(content_type.to_owned()),
            ..Default::default()
        };
        let put = patiently(|| self.client.put_object(ask())).await;
        put.map(|_| ()).map_err(|error| refusal(error, Missing::Blob))
    }
}
