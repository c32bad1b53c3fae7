//! How much room there is: finished blobs and the parts of unfinished uploads count alike, and what is on its way counts already.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::kit::blobs::BlobError;

/// Counts bytes up to a limit; without one it counts nothing.
#[derive(Clone, Default)]
pub(super) struct Quota(Option<Arc<Counter>>);

struct Counter {
    limit: u64,
    used: AtomicU64,
}

/// Bytes that were taken; dropped, they are given back.
pub(super) struct Taken {
    quota: Quota,
    bytes: u64,
}

impl Quota {
    pub(super) fn new(limit: u64, used: u64) -> Self {
        Self(Some(Arc::new(Counter { limit, used: AtomicU64::new(used) })))
    }

    pub(super) fn take(&self, bytes: u64) -> Result<Taken, BlobError> {
        let mut taken = Taken { quota: self.clone(), bytes: 0 };
        taken.take(bytes)?;
        Ok(taken)
    }

    pub(super) fn give_back(&self, bytes: u64) {
        if let Some(counter) = &self.0 {
            counter.change(|used| Some(used.saturating_sub(bytes)));
        }
    }

    pub(super) const fn is_limited(&self) -> bool {
        self.0.is_some()
    }

    #[cfg(test)]
    pub(super) fn used(&self) -> u64 {
        self.0.as_ref().map_or(0, |counter| counter.used.load(Ordering::SeqCst))
    }
}

impl Counter {
    /// Returns whether there was a new number.
    fn change(&self, new: impl Fn(u64) -> Option<u64>) -> bool {
        self.used.fetch_update(Ordering::SeqCst, Ordering::SeqCst, new).is_ok()
    }
}

impl Taken {
    /// Takes more.
    pub(super) fn take(&mut self, bytes: u64) -> Result<(), BlobError> {
        if let Some(counter) = &self.quota.0 {
            let fits = counter.change(|used| used.checked_add(bytes).filter(|used| *used <= counter.limit));
            if !fits {
                return Err(BlobError::OverQuota { quota_bytes: counter.limit });
            }
            self.bytes += bytes;
        }
        Ok(())
    }

    /// Leaves the bytes taken: they are on disk.
    pub(super) fn keep(mut self) {
        self.bytes = 0;
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.quota.give_back(self.bytes);
    }
}
