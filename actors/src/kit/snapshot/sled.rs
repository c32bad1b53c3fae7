//! The production disk, on sled: the only file that names it.
//!
//! What the engine does not do by itself: its `flush` leaves the data in the operating system's cache, so the file is
//! synced here. After a failed write it refuses everything for ever, so it is opened anew. It may panic on damaged files, so
//! every call is guarded. Worse, it opens a damaged file as an older or an empty one and says nothing: so every batch is
//! numbered, the last number that was synced is noted in a file of our own, and an engine that knows fewer is refused. The note
//! is not synced itself; after a power failure it may be older than the engine, which is harmless.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::RwLock;

use super::StoreError;
use super::committer::{OnRound, Store};
use super::disk::{Batch, Disk, Visit};
use super::layout::SEQUENCE_KEY;
use crate::kit::supervise::panic_message;

/// A snapshot store in a directory.
pub type SledStore = Store<SledDisk>;

/// The engine's page cache; the default would be a gigabyte.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// The file with the number of the last write that was synced.
const NOTE: &str = "synced";
/// Two of the engine's segments.
const PROBE_BYTES: usize = 1024 * 1024;
const LOCK_PATIENCE: Duration = Duration::from_secs(1);
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// A directory with the engine's files.
pub struct SledDisk {
    path: PathBuf,
    engine: RwLock<Option<Engine>>,
    /// The number of the last batch.
    sequence: AtomicU64,
}

struct Engine {
    db: sled::Db,
    /// The engine's data file, to sync it.
    file: File,
    /// Our note of the last number that was synced.
    note: File,
}

impl Store<SledDisk> {
    /// Opens the store in `path`, and makes it if there is none.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when another process uses it, [`StoreError::Unreadable`] when it is damaged or foreign.
    pub fn open_dir(path: &Path) -> Result<Self, StoreError> {
        Self::open(SledDisk::open(path)?, None)
    }

    /// Opens the store in `path`, and tells `on_round` of every round of commits.
    ///
    /// # Errors
    /// As [`Store::open_dir`].
    pub fn open_dir_observed(path: &Path, on_round: OnRound) -> Result<Self, StoreError> {
        Self::open(SledDisk::open(path)?, Some(on_round))
    }
}

impl SledDisk {
    /// Opens the engine in `path`.
    ///
    /// # Errors
    /// As [`Store::open_dir`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let engine = RwLock::new(Some(open_engine(path)?));
        let disk = Self { path: path.to_owned(), engine, sequence: AtomicU64::new(0) };
        disk.sequence.store(disk.sequence_on_disk()?.max(noted(path)), Ordering::Relaxed);
        Ok(disk)
    }

    /// Opens the engine in `path` only if it is there already.
    ///
    /// # Errors
    /// As [`Store::open_dir`], and when there is no store.
    pub fn open_existing(path: &Path) -> Result<Self, StoreError> {
        if !path.join("db").exists() {
            return Err(unreadable(path, "there is no store"));
        }
        Self::open(path)
    }

    fn sequence_on_disk(&self) -> Result<u64, StoreError> {
        let bytes = self.get(SEQUENCE_KEY)?;
        Ok(bytes.and_then(|bytes| bytes.as_ref().try_into().ok()).map_or(0, u64::from_be_bytes))
    }

    /// Runs `work` on the engine; its panics and errors become [`StoreError::Write`] or [`StoreError::Unreadable`].
    fn with<T>(
        &self,
        work: impl FnOnce(&Engine) -> Result<T, sled::Error>,
        failed: impl FnOnce(&Path, &str) -> StoreError,
    ) -> Result<T, StoreError> {
        if self.engine.read().is_none() {
            self.reopen()?;
        }
        let engine = self.engine.read();
        let Some(engine) = engine.as_ref() else { return Err(failed(&self.path, "it could not be opened again")) };
        match catch_unwind(AssertUnwindSafe(|| work(engine))) {
            Ok(done) => done.map_err(|error| failed(&self.path, &error.to_string())),
            Err(panic) => Err(failed(&self.path, panic_message(&*panic))),
        }
    }
}

impl Disk for SledDisk {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        self.with(|engine| Ok(engine.db.get(key)?.map(|value| Bytes::copy_from_slice(&value))), unreadable)
    }

    fn write(&self, batch: Batch) -> Result<(), StoreError> {
        let mut theirs = sled::Batch::default();
        batch.puts.into_iter().for_each(|(key, value)| theirs.insert(key, &*value));
        batch.deletes.into_iter().for_each(|key| theirs.remove(key));
        let sequence = self.sequence.fetch_add(1, Ordering::Relaxed) + 1;
        theirs.insert(SEQUENCE_KEY, &sequence.to_be_bytes());
        self.with(|engine| engine.db.apply_batch(theirs), unwritable)
    }

    fn sync(&self) -> Result<(), StoreError> {
        let blobs = self.path.join("blobs");
        self.with(
            |engine| {
                engine.db.flush()?;
                sync_blobs(&blobs)?;
                engine.file.sync_data()?;
                Ok(note(&engine.note, self.sequence.load(Ordering::Relaxed))?)
            },
            unwritable,
        )
    }

    fn verify(&self) -> Result<(), StoreError> {
        let (known, noted) = (self.sequence_on_disk()?, noted(&self.path));
        if known >= noted {
            return Ok(());
        }
        let reason = format!("it is damaged: of {noted} writes, the last {} are gone", noted - known);
        Err(unreadable(&self.path.join("db"), &reason))
    }

    fn scan(&self, each: &mut Visit<'_>) -> Result<(), StoreError> {
        let mut told = Ok(());
        let scan = |engine: &Engine| {
            for entry in engine.db.iter() {
                let (key, value) = entry?;
                told = each(&key, &value);
                if told.is_err() {
                    break;
                }
            }
            Ok(())
        };
        self.with(scan, unreadable)?;
        told
    }

    fn reopen(&self) -> Result<(), StoreError> {
        // On a full disk the engine does not even open; the one that cannot write can still read.
        probe(&self.path).map_err(|error| unwritable(&self.path, &error.to_string()))?;
        let mut engine = self.engine.write();
        // The old one first: it holds the lock on the files.
        let old = engine.take();
        let _it_may_panic_on_its_own_error = catch_unwind(AssertUnwindSafe(move || drop(old)));
        *engine = Some(open_engine(&self.path)?);
        drop(engine);
        self.verify()
    }

    fn name(&self) -> Arc<str> {
        self.path.display().to_string().into()
    }
}

/// Opens the engine, and has patience with its lock: threads of its own hold on to it for a while after a close.
fn open_engine(path: &Path) -> Result<Engine, StoreError> {
    check_directory(path)?;
    let begun = Instant::now();
    loop {
        match try_open(path) {
            Err(StoreError::Locked { .. }) if begun.elapsed() < LOCK_PATIENCE => thread::sleep(LOCK_PAUSE),
            outcome => return outcome,
        }
    }
}

fn try_open(path: &Path) -> Result<Engine, StoreError> {
    let config = sled::Config::new().path(path).cache_capacity(CACHE_BYTES).flush_every_ms(None);
    let opened = catch_unwind(AssertUnwindSafe(|| config.open()));
    let db = match opened {
        Ok(opened) => opened.map_err(|error| opening_failed(path, &error))?,
        Err(panic) => return Err(unreadable(&path.join("db"), panic_message(&*panic))),
    };
    let open_files = || {
        // The directories' own entries must survive too.
        File::open(path)?.sync_all()?;
        path.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or(Ok(()), |parent| File::open(parent)?.sync_all())?;
        let note = File::options().create(true).truncate(false).write(true).open(path.join(NOTE))?;
        Ok((File::open(path.join("db"))?, note))
    };
    let (file, note) = open_files().map_err(|error: io::Error| unreadable(&path.join("db"), &error.to_string()))?;
    Ok(Engine { db, file, note })
}

/// Notes a number in place, always as many digits: the file needs no room that it does not have.
fn note(file: &File, sequence: u64) -> io::Result<()> {
    file.write_all_at(format!("{sequence:020}\n").as_bytes(), 0)
}

/// Returns the number that was noted last; 0 when there is none, or a power failure took it.
fn noted(path: &Path) -> u64 {
    fs::read_to_string(path.join(NOTE)).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}

/// Fails when there is no room for the engine to open.
fn probe(path: &Path) -> io::Result<()> {
    let probe = path.join("room");
    let written = fs::write(&probe, vec![0; PROBE_BYTES]);
    fs::remove_file(&probe)?;
    written
}

/// Refuses a directory of somebody else before the engine puts its files into it.
fn check_directory(path: &Path) -> Result<(), StoreError> {
    fs::create_dir_all(path).map_err(|error| unreadable(path, &error.to_string()))?;
    let mut entries = fs::read_dir(path).map_err(|error| unreadable(path, &error.to_string()))?;
    let is_empty = entries.next().is_none();
    if !is_empty && !path.join("db").exists() {
        return Err(unreadable(path, "the directory holds something else than a store"));
    }
    Ok(())
}

/// The layout keeps records small enough to stay out of files of their own. Should one ever get there, it is synced as well.
fn sync_blobs(path: &Path) -> io::Result<()> {
    let mut is_dirty = false;
    for entry in fs::read_dir(path)? {
        is_dirty = true;
        // The engine deletes such files by itself.
        if let Ok(file) = File::open(entry?.path()) {
            file.sync_data()?;
        }
    }
    if is_dirty { File::open(path)?.sync_all() } else { Ok(()) }
}

fn opening_failed(path: &Path, error: &sled::Error) -> StoreError {
    let text = error.to_string();
    let is_locked = matches!(error, sled::Error::Io(_)) && text.contains("lock");
    if is_locked {
        return StoreError::Locked { path: path.display().to_string().into() };
    }
    unreadable(&path.join("db"), &text)
}

fn unreadable(path: &Path, reason: &str) -> StoreError {
    StoreError::Unreadable { path: path.display().to_string().into(), reason: reason.into() }
}

fn unwritable(path: &Path, reason: &str) -> StoreError {
    StoreError::Write { path: path.display().to_string().into(), reason: reason.into() }
}
