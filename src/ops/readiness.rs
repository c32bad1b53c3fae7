//! Whether hubbub takes requests: not yet, now, or no more.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// A stage of the process's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Listeners are being opened.
    Starting,
    /// Everything is served.
    Ready,
    /// Clients are being sent away.
    Stopping,
}

impl Stage {
    /// Returns the stage's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Stopping => "stopping",
        }
    }
}

/// The present stage, shared by whoever changes and whoever shows it.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<AtomicU8>);

impl Readiness {
    /// Returns the present stage.
    #[must_use]
    pub fn stage(&self) -> Stage {
        match self.0.load(Ordering::Acquire) {
            0 => Stage::Starting,
            1 => Stage::Ready,
            _ => Stage::Stopping,
        }
    }

    /// Says that everything is served; ignored once the process is stopping.
    pub fn ready(&self) {
        let _ = self.0.compare_exchange(0, 1, Ordering::AcqRel, Ordering::Acquire);
    }

    /// Says that clients are being sent away.
    pub fn stopping(&self) {
        self.0.store(2, Ordering::Release);
    }
}
