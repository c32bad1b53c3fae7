//! A crash, for tests: after so many steps nothing more reaches the disk, and the write it falls upon is half done.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many steps there are before the crash, and how many were made.
#[derive(Clone)]
pub(super) struct Cut {
    last: Arc<AtomicU64>,
    made: Arc<AtomicU64>,
}

impl Default for Cut {
    fn default() -> Self {
        Self { last: Arc::new(AtomicU64::new(u64::MAX)), made: Arc::default() }
    }
}

impl Cut {
    /// Lets `steps` more steps through.
    pub(super) fn after(&self, steps: u64) {
        self.last.store(self.made.load(Ordering::SeqCst) + steps, Ordering::SeqCst);
    }

    /// Whether a step was asked for that is not made any more.
    pub(super) fn has_come(&self) -> bool {
        self.made.load(Ordering::SeqCst) > self.last.load(Ordering::SeqCst)
    }

    pub(super) fn step(&self) -> io::Result<()> {
        let made = self.made.fetch_add(1, Ordering::SeqCst);
        if made < self.last.load(Ordering::SeqCst) { Ok(()) } else { Err(io::Error::other("the power is gone")) }
    }

    pub(super) fn write(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        let first_missed = !self.has_come();
        let step = self.step();
        if step.is_err() && first_missed {
            let half = bytes.get(..bytes.len() / 2).unwrap_or_default();
            file.write_all_at(half, offset)?;
        }
        step
    }
}
