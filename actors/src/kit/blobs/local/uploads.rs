//! The unfinished uploads, by key and id: known from the start, so that lists, quotas and an end after 24 hours need no search.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;

use super::UPLOADS;
use super::files::{Files, is_absence};
use super::journal::{self, Begun};
use super::upload::{DATA, JOURNAL, OpenUpload, remove_directory};
use crate::kit::blobs::{BlobError, Completed, PartTag, Unfinished, Upload, UploadId, UploadPage};
use crate::kit::clock::Timestamp;
use crate::kit::ids::{SystemRandom, token128};

/// All that were begun and have not ended.
pub(super) struct Uploads(Mutex<BTreeMap<Upload, Arc<OpenUpload>>>);

impl Uploads {
    /// Finds the uploads of earlier runs, and clears away what is left of those that ended.
    pub(super) fn open(files: &Files) -> io::Result<Self> {
        let mut uploads = BTreeMap::new();
        for entry in fs::read_dir(files.root.join(UPLOADS))? {
            let directory = entry?.path();
            let id = directory.file_name().and_then(|name| name.to_str()).and_then(UploadId::parse);
            let Some((id, open)) = id.zip(restore(files, &directory)?) else { continue };
            open.tidy(files)?;
            uploads.insert(Upload { key: open.begun.key.clone(), id }, Arc::new(open));
        }
        Ok(Self(Mutex::new(uploads)))
    }

    /// Begins one.
    pub(super) fn start(&self, files: &Files, begun: Begun) -> Result<Upload, BlobError> {
        let id = UploadId::parse(token128(&SystemRandom)).expect("22 characters of base64url are an id");
        let directory = files.root.join(UPLOADS).join(id.as_str());
        let incoming = files.incoming();
        let made = make(files, &incoming, &begun).and_then(|()| files.disk.rename(&incoming, &directory));
        if let Err(error) = made {
            let _gone = files.disk.remove_file(&incoming.join(DATA));
            remove_directory(files, &incoming);
            return Err(error.into());
        }
        files.disk.sync_directory(&files.root.join(UPLOADS))?;
        let upload = Upload { key: begun.key.clone(), id };
        let line_bytes = journal::begun(&begun).map_err(io::Error::from)?.len() as u64;
        let open = OpenUpload::new(directory, journal::Journal { begun, parts: Vec::new(), good_bytes: line_bytes });
        self.0.lock().insert(upload.clone(), Arc::new(open));
        Ok(upload)
    }

    pub(super) fn find(&self, upload: &Upload) -> Result<Arc<OpenUpload>, BlobError> {
        self.0.lock().get(upload).cloned().ok_or(BlobError::UploadNotFound)
    }

    pub(super) fn complete(
        &self,
        files: &Files,
        upload: &Upload,
        parts: &[PartTag],
        now: Timestamp,
    ) -> Result<Completed, BlobError> {
        let open = self.find(upload)?;
        let completed = open.complete(files, parts, now);
        self.forget_ended(upload, &open);
        completed
    }

    pub(super) fn abort(&self, files: &Files, upload: &Upload) -> Result<(), BlobError> {
        let Ok(open) = self.find(upload) else { return Ok(()) };
        let aborted = open.abort(files);
        self.forget_ended(upload, &open);
        aborted
    }

    fn forget_ended(&self, upload: &Upload, open: &OpenUpload) {
        if open.has_ended() {
            self.0.lock().remove(upload);
        }
    }

    pub(super) fn list(&self, prefix: &str, after: Option<&Upload>, limit: usize) -> UploadPage {
        let table = self.0.lock();
        let first = after.map_or(Bound::Unbounded, Bound::Excluded);
        // From here on keys may begin with the prefix; the first that is greater and does not ends the list.
        let from_prefix =
            table.range::<Upload, _>((first, Bound::Unbounded)).skip_while(|(upload, _)| upload.key.as_str() < prefix);
        let mut matching = from_prefix.take_while(|(upload, _)| upload.key.as_str().starts_with(prefix));
        let one =
            |(upload, open): (&Upload, &Arc<OpenUpload>)| Unfinished { upload: upload.clone(), started: open.begun.started };
        let uploads = matching.by_ref().take(limit).map(one).collect();
        UploadPage { uploads, has_more: matching.next().is_some() }
    }

    /// Returns how much all their parts take.
    pub(super) fn count(&self) -> u64 {
        self.0.lock().values().map(|open| open.size_bytes()).sum()
    }
}

/// Writes an upload without parts, complete on disk before it gets its name.
fn make(files: &Files, directory: &Path, begun: &Begun) -> io::Result<()> {
    files.disk.create_directory(directory)?;
    files.disk.create(&directory.join(DATA))?;
    let journal = files.disk.create(&directory.join(JOURNAL))?;
    files.disk.write_all_at(&journal, &journal::begun(begun)?, 0)?;
    files.disk.sync(&journal)?;
    files.disk.sync_directory(directory)
}

/// Reads an upload, or nothing if it has ended.
fn restore(files: &Files, directory: &Path) -> io::Result<Option<OpenUpload>> {
    match fs::metadata(directory.join(DATA)) {
        Err(error) if is_absence(&error) => {
            remove_directory(files, directory);
            return Ok(None);
        }
        found => found?,
    };
    let journal = match fs::read(directory.join(JOURNAL)) {
        Err(error) if is_absence(&error) => Vec::new(),
        read => read?,
    };
    let Some(journal) = journal::read(&journal) else {
        // No crash does this. Whoever looks into it needs what is there.
        tracing::error!("the journal of an unfinished upload cannot be read, its parts stay in {}", directory.display());
        return Ok(None);
    };
    Ok(Some(OpenUpload::new(directory.to_owned(), journal)))
}
