//! A store like S3: parts go there past the hub, which must look for itself.

use std::sync::Arc;

use crate::kit::blobs::{
    Answer, Blob, BlobStore, Chunks, Completed, Head, Key, Page, Part, PartNumber, PartPage, PartTag, Upload, UploadPage,
    UploadedPart, Url,
};

/// Another store whose addresses lead elsewhere.
pub struct Elsewhere(pub Arc<dyn BlobStore>);

impl BlobStore for Elsewhere {
    fn put<'a>(&'a self, key: &'a Key, content_type: &'a str, body: Chunks) -> Answer<'a, Head> {
        self.0.put(key, content_type, body)
    }

    fn get<'a>(&'a self, key: &'a Key, part: Part) -> Answer<'a, Blob> {
        self.0.get(key, part)
    }

    fn head<'a>(&'a self, key: &'a Key) -> Answer<'a, Head> {
        self.0.head(key)
    }

    fn list<'a>(&'a self, prefix: &'a str, after: Option<&'a Key>, limit: usize) -> Answer<'a, Page> {
        self.0.list(prefix, after, limit)
    }

    fn delete<'a>(&'a self, key: &'a Key) -> Answer<'a, ()> {
        self.0.delete(key)
    }

    fn rename<'a>(&'a self, from: &'a Key, to: &'a Key) -> Answer<'a, Completed> {
        self.0.rename(from, to)
    }

    fn location(&self, key: &Key) -> Url {
        Url::Elsewhere(self.0.location(key).at("https://s3.example.com"))
    }

    fn start<'a>(&'a self, key: &'a Key, content_type: &'a str) -> Answer<'a, Upload> {
        self.0.start(key, content_type)
    }

    fn presign(&self, upload: &Upload, number: PartNumber, valid_secs: u32) -> Url {
        Url::Elsewhere(self.0.presign(upload, number, valid_secs).at("https://s3.example.com"))
    }

    fn put_part<'a>(&'a self, upload: &'a Upload, number: PartNumber, size_bytes: u64, body: Chunks) -> Answer<'a, UploadedPart> {
        self.0.put_part(upload, number, size_bytes, body)
    }

    fn parts<'a>(&'a self, upload: &'a Upload, after: Option<PartNumber>, limit: usize) -> Answer<'a, PartPage> {
        // One by one, so that every list has pages.
        self.0.parts(upload, after, limit.min(1))
    }

    fn complete<'a>(&'a self, upload: &'a Upload, parts: &'a [PartTag]) -> Answer<'a, Completed> {
        self.0.complete(upload, parts)
    }

    fn abort<'a>(&'a self, upload: &'a Upload) -> Answer<'a, ()> {
        self.0.abort(upload)
    }

    fn uploads<'a>(&'a self, prefix: &'a str, after: Option<&'a Upload>, limit: usize) -> Answer<'a, UploadPage> {
        self.0.uploads(prefix, after, limit)
    }
}
