//! Uploads in parts.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::answers::{self, Missing, failed, patiently, refusal, time_of_list};
use super::body::{SenderFault, exactly};
use super::transport::{
    AbortMultipartUploadRequest, ByteStream, CompleteMultipartUploadRequest, CompletedMultipartUpload, CompletedPart,
    CreateMultipartUploadRequest, ListMultipartUploadsRequest, ListPartsRequest, S3, S3Client, UploadPartRequest,
};
use super::{MOST_LISTED, S3Blobs};
use crate::kit::blobs::upload::{MOST_PART_BYTES, completing, unquoted};
use crate::kit::blobs::{
    BlobError, Chunks, Completed, Key, PartNumber, PartPage, PartTag, Unfinished, Upload, UploadId, UploadPage, UploadedPart,
    once,
};

/// What S3 asks of every part but the last: 5 MiB.
const LEAST_PART_BYTES: u64 = 5 * 1024 * 1024;

impl S3Blobs {
    pub(super) async fn start_upload(&self, key: &Key, content_type: &str) -> Result<Upload, BlobError> {
        let ask = || CreateMultipartUploadRequest {
            bucket: self.bucket(),
            key: key.to_string(),
            content_type: Some(content_type.to_owned()),
            ..Default::default()
        };
        let begun = patiently(|| self.client.create_multipart_upload(ask())).await;
        let begun = begun.map_err(|error| refusal(error, Missing::Upload))?;
        let id = begun.upload_id.and_then(UploadId::parse).ok_or_else(|| failed("S3 gave no id".to_owned()))?;
        Ok(Upload { key: key.clone(), id })
    }

    /// Streams a part once; whoever sent it can send it again.
    pub(super) async fn stream_part(
        &self,
        upload: &Upload,
        number: PartNumber,
        size_bytes: u64,
        body: Chunks,
    ) -> Result<UploadedPart, BlobError> {
        if size_bytes > MOST_PART_BYTES {
            return Err(BlobError::Source(std::io::Error::other("the part is larger than any may be")));
        }
        let fault = SenderFault::default();
        let body = exactly(size_bytes, body, fault.clone());
        let sent = self.client.upload_part(self.part(upload, number, size_bytes, body)).await;
        let sent = sent.map_err(|error| fault.or(refusal(error, Missing::Upload)))?;
        Ok(UploadedPart { number, etag: answers::etag(sent.e_tag), size_bytes })
    }

    /// Sends a part that is in memory, and returns its etag.
    pub(super) async fn send_part(&self, upload: &Upload, number: PartNumber, part: Bytes) -> Result<String, BlobError> {
        let ask = || self.part(upload, number, part.len() as u64, once(part.clone()));
        let sent = patiently(|| self.client.upload_part(ask())).await.map_err(|error| refusal(error, Missing::Upload))?;
        Ok(answers::etag(sent.e_tag))
    }

    fn part(&self, upload: &Upload, number: PartNumber, size_bytes: u64, body: Chunks) -> UploadPartRequest {
        // At most 5 GiB, so it fits both.
        let (length, size) = (size_bytes as i64, size_bytes as usize);
        UploadPartRequest {
            bucket: self.bucket(),
            key: upload.key.to_string(),
            upload_id: upload.id.to_string(),
            part_number: i64::from(number.get()),
            content_length: Some(length),
            body: Some(ByteStream::new_with_size(body, size)),
            ..Default::default()
        }
    }

    pub(super) async fn list_parts(
        &self,
        upload: &Upload,
        after: Option<PartNumber>,
        limit: usize,
    ) -> Result<PartPage, BlobError> {
        let ask = || ListPartsRequest {
            bucket: self.bucket(),
            key: upload.key.to_string(),
            upload_id: upload.id.to_string(),
            part_number_marker: after.map(|number| i64::from(number.get())),
            max_parts: Some(limit.clamp(1, MOST_LISTED) as i64),
            ..Default::default()
        };
        let list = patiently(|| self.client.list_parts(ask())).await.map_err(|error| refusal(error, Missing::Upload))?;
        let mut parts = Vec::new();
        for part in list.parts.unwrap_or_default() {
            let number = part.part_number.and_then(PartNumber::new).ok_or_else(|| failed("S3 listed no part".to_owned()))?;
            parts.push(UploadedPart { number, etag: answers::etag(part.e_tag), size_bytes: answers::length(part.size)? });
        }
        let has_more = list.is_truncated.unwrap_or_default() && !parts.is_empty();
        Ok(PartPage { parts, has_more })
    }

    /// Looks at what is there first: S3 does not reliably say which part is not as it was named.
    pub(super) async fn complete_upload(&self, upload: &Upload, named: &[PartTag]) -> Result<Completed, BlobError> {
        let mut there = BTreeMap::new();
        loop {
            let after = there.last_key_value().map(|(number, _)| *number);
            let page = self.list_parts(upload, after, MOST_LISTED).await?;
            there.extend(page.parts.into_iter().map(|part| (part.number, part)));
            if !page.has_more {
                break;
            }
        }
        take_unlisted_tags(&mut there, named);
        let parts = completing(&there, named, LEAST_PART_BYTES)?;
        let size_bytes = parts.iter().map(|part| part.size_bytes).sum();
        let tags: Vec<_> = parts.iter().map(|part| PartTag { number: part.number, etag: part.etag.clone() }).collect();
        let etag = self.finish_upload(upload, &tags).await?;
        Ok(Completed { etag, size_bytes })
    }

    /// Makes a blob of parts that are there, named in the order of their numbers, and returns its etag.
    pub(super) async fn finish_upload(&self, upload: &Upload, tags: &[PartTag]) -> Result<String, BlobError> {
        let part = |tag: &PartTag| CompletedPart {
            part_number: Some(i64::from(tag.number.get())),
            e_tag: Some(format!("\"{}\"", unquoted(&tag.etag))),
        };
        let ask = || CompleteMultipartUploadRequest {
            bucket: self.bucket(),
            key: upload.key.to_string(),
            upload_id: upload.id.to_string(),
            multipart_upload: Some(CompletedMultipartUpload { parts: Some(tags.iter().map(part).collect()) }),
            ..Default::default()
        };
        let done = patiently(|| self.client.complete_multipart_upload(ask())).await;
        let done = done.map_err(|error| refusal(error, Missing::Upload))?;
        // S3 begins an answer of 200 before it is through, and an error can come in its body.
        done.e_tag.as_deref().map(|etag| unquoted(etag).to_owned()).ok_or_else(|| failed("S3 could not complete it".to_owned()))
    }

    pub(super) async fn abort_upload(&self, upload: &Upload) -> Result<(), BlobError> {
        abort(&self.client, self.bucket(), upload).await
    }

    pub(super) async fn list_uploads(&self, prefix: &str, after: Option<&Upload>, limit: usize) -> Result<UploadPage, BlobError> {
        let ask = || ListMultipartUploadsRequest {
            bucket: self.bucket(),
            prefix: Some(prefix.to_owned()),
            key_marker: after.map(|upload| upload.key.to_string()),
            upload_id_marker: after.map(|upload| upload.id.to_string()),
            max_uploads: Some(limit as i64),
            ..Default::default()
        };
        let list = patiently(|| self.client.list_multipart_uploads(ask())).await;
        let list = list.map_err(|error| refusal(error, Missing::Upload))?;
        let mut uploads = Vec::new();
        for upload in list.uploads.unwrap_or_default() {
            let started = time_of_list(upload.initiated.as_deref())?;
            let key = upload.key.and_then(|key| Key::parse(key).ok());
            // What is no key of ours somebody else began.
            let Some((key, id)) = key.zip(upload.upload_id.and_then(UploadId::parse)) else { continue };
            uploads.push(Unfinished { upload: Upload { key, id }, started });
        }
        let has_more = list.is_truncated.unwrap_or_default() && !uploads.is_empty();
        let page = UploadPage { uploads, has_more };
        Ok(if page.uploads.len() > limit { cut_page(page, after, limit) } else { page })
    }
}

/// Some stores, s3s-fs is one, list parts without their etags: there the store alone can tell whether one is as it was named.
fn take_unlisted_tags(there: &mut BTreeMap<PartNumber, UploadedPart>, named: &[PartTag]) {
    for tag in named {
        if let Some(part) = there.get_mut(&tag.number).filter(|part| part.etag.is_empty()) {
            unquoted(&tag.etag).clone_into(&mut part.etag);
        }
    }
}

/// Some stores know no pages here and always list all.
fn cut_page(mut all: UploadPage, after: Option<&Upload>, limit: usize) -> UploadPage {
    all.uploads.retain(|unfinished| after.is_none_or(|after| unfinished.upload > *after));
    all.uploads.sort_unstable_by(|one, other| one.upload.cmp(&other.upload));
    let has_more = all.uploads.len() > limit;
    all.uploads.truncate(limit);
    UploadPage { uploads: all.uploads, has_more }
}

pub(super) async fn abort(client: &S3Client, bucket: String, upload: &Upload) -> Result<(), BlobError> {
    let ask = || AbortMultipartUploadRequest {
        bucket: bucket.clone(),
        key: upload.key.to_string(),
        upload_id: upload.id.to_string(),
        ..Default::default()
    };
    let aborted = patiently(|| client.abort_multipart_upload(ask())).await.map(|_| ());
    match aborted.map_err(|error| refusal(error, Missing::Upload)) {
        Err(BlobError::UploadNotFound) => Ok(()),
        aborted => aborted,
    }
}
