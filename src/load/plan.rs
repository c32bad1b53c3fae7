//! What a run is asked to do, what comes of it, and why nothing may.

use std::io;
use std::time::Duration;

use super::figures::Figures;
use super::links::Share;
use super::target::Target;
use super::usage::Unreadable;

/// What a run is asked to do, apart from the scenario's own behaviour.
#[derive(Debug)]
pub struct Plan {
    /// The scenario's name, as on the command line.
    pub scenario: &'static str,
    /// Its settings in the words of the command line.
    pub options: Vec<(&'static str, String)>,
    /// What one completed operation is.
    pub unit: &'static str,
    /// The server.
    pub target: Target,
    /// How many connections there are, over all threads.
    pub connections: usize,
    /// Threads that drive them.
    pub threads: usize,
    /// Handshakes that may be under way at once, over all threads.
    pub opening_at_once: usize,
    /// How long to measure.
    pub measured: Duration,
    /// How long the load is on before that.
    pub warmup: Duration,
    /// How long what is under way may take after that.
    pub stragglers: Duration,
    /// What is measured.
    pub measure: Measure,
    /// The server's process.
    pub pid: Option<u32>,
}

impl Plan {
    /// Returns a thread's share of the connections; number `n` is driven by thread `n % threads`.
    pub(super) fn share(&self, thread: usize) -> Share {
        let connections = self.connections / self.threads + usize::from(thread < self.connections % self.threads);
        let max_opening = self.opening_at_once.div_ceil(self.threads);
        Share { thread, threads: self.threads, connections, max_opening }
    }
}

/// What a run measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// What happens under load, once every connection is ready.
    Load,
    /// The connecting itself; the connections are then held for the given time.
    Connecting,
}

/// A finished run.
#[derive(Debug)]
pub struct Outcome {
    /// What it found out.
    pub figures: Figures,
    /// What went wrong, in words, and how often.
    pub errors: Vec<(String, u64)>,
}

/// Why there are no figures.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Nobody listens there.
    #[error("nobody answers at {url} ({source})")]
    NobodyThere {
        /// The server's URL.
        url: String,
        /// What the system says.
        source: io::Error,
    },
    /// No connection became ready.
    #[error("no connection to {url} became ready: {reason}")]
    NoneReady {
        /// The server's URL.
        url: String,
        /// The first reason.
        reason: String,
    },
    /// It was ended before there was anything to measure.
    #[error("ended before anything was measured")]
    Ended,
    /// The process to watch cannot be read.
    #[error(transparent)]
    Usage(#[from] Unreadable),
    /// The system refused something that the generator itself needs.
    #[error("the load generator failed: {0}")]
    System(#[from] io::Error),
}
