//! What a run of the load generator found out: the figures that the table, the JSON and the page all show.

use serde::Serialize;

/// The figures of one run.
#[derive(Debug, Clone, Serialize)]
pub struct Figures {
    /// The scenario's name, as on the command line.
    pub scenario: &'static str,
    /// The server that was measured.
    pub url: String,
    /// The scenario's settings in the words of the command line, with their values.
    pub options: Vec<(&'static str, String)>,
    /// Measured time in seconds, without connecting before it and stragglers after it.
    pub seconds: f64,
    /// Connections that were open while it was measured.
    pub connections: usize,
    /// What one completed operation is: `echo`, `delivery`, `frame`, `connection`, `decision`.
    pub unit: &'static str,
    /// Operations completed, stragglers included.
    pub completed: u64,
    /// Operations completed within the measured time, per second of it.
    pub per_second: f64,
    /// How long operations took; none where the scenario times nothing.
    pub latency_ms: Option<Latency>,
    /// What went wrong.
    pub checks: Checks,
    /// What the run cost the server; none without `--pid`.
    pub server: Option<Usage>,
    /// Processor seconds that the generator itself used while it measured.
    pub generator_cpu_seconds: f64,
    /// What only this scenario knows: name, value, unit.
    pub details: Vec<Detail>,
    /// The run second by second.
    pub timeline: Vec<Second>,
    /// The run was ended before its time, by Ctrl-C.
    pub is_partial: bool,
}

/// Latencies in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[expect(missing_docs, reason = "percentiles say what they are")]
pub struct Latency {
    pub mean: f64,
    pub p50: f64,
    pub p90: f64,
    pub p99: f64,
    pub p999: f64,
    pub max: f64,
}

/// What a run checks; anything but zero fails a run with `--check`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Checks {
    /// Expected and never came.
    pub missing: u64,
    /// Came more than once.
    pub duplicated: u64,
    /// Came after what was sent later by the same sender.
    pub reordered: u64,
    /// Came with other content than was sent, or breaks the scenario's rule (two holders of one lock).
    pub wrong: u64,
    /// Connections that were refused or lost, and requests that failed.
    pub errors: u64,
}

/// What a run cost the server process.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Usage {
    /// Its process id.
    pub pid: u32,
    /// Processor seconds over the measured time and the stragglers after it.
    pub cpu_seconds: f64,
    /// Processor seconds per million completed operations.
    pub cpu_seconds_per_million: f64,
    /// Resident memory before the first connection, in MiB.
    pub rss_before_mib: f64,
    /// Resident memory with every connection open, before the measurement, in MiB.
    pub rss_connected_mib: f64,
    /// The most resident memory that was seen, in MiB.
    pub rss_peak_mib: f64,
    /// Resident memory per connection, from before the first to all open, in KiB.
    pub kib_per_connection: f64,
}

/// A figure that only one scenario has.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Detail {
    /// What it is, in words.
    pub name: &'static str,
    /// How much.
    pub value: f64,
    /// Its unit; empty for a count.
    pub unit: &'static str,
}

/// One second of a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Second {
    /// Seconds since the measurement began, at the end of this one.
    pub at: f64,
    /// Operations completed in it, per second.
    pub per_second: f64,
    /// The median latency of what completed in it, in milliseconds; 0 when nothing did.
    pub p50_ms: f64,
    /// The 99th percentile, in milliseconds; 0 when nothing completed.
    pub p99_ms: f64,
    /// Errors in it.
    pub errors: u64,
    /// The server's processor use over it, in cores; 0 without `--pid`.
    pub server_cores: f64,
    /// The server's resident memory at its end, in MiB; 0 without `--pid`.
    pub server_rss_mib: f64,
}
