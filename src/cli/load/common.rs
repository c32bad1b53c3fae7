//! What every scenario may be told, and what it has to say about itself.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::RangedU64ValueParser;

use crate::cli::failure::Failure;
use crate::load::plan::{Measure, Plan};
use crate::load::target::{Reach, Target};

/// What every scenario may be told.
#[derive(Debug, Args)]
#[command(next_help_heading = "Every scenario")]
pub(super) struct Common {
    /// The server to drive [default: http://127.0.0.1:3000, 3200 for the scenarios of the fleet, 8080 for the quiz]
    #[arg(long, value_name = "URL")]
    pub(super) url: Option<String>,
    /// How long to measure
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0, value_parser = seconds)]
    pub(super) seconds: f64,
    /// How long the load is on before it is measured
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = seconds)]
    pub(super) warmup: f64,
    /// How long what is still under way after that may take, before it counts as missing
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0, value_parser = seconds)]
    pub(super) stragglers: f64,
    /// Threads that drive the connections; one drives more than most servers can take
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = whole(1..=64))]
    pub(super) threads: u64,
    /// Connections that may be opened at the same time
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = whole(1..=100_000))]
    pub(super) connect_rate: u64,
    /// Watch the server's process: processor time and memory
    #[arg(long, value_name = "PID")]
    pub(super) pid: Option<u32>,
    /// Fail if anything was missing, duplicated, reordered or wrong, or any connection failed
    #[arg(long)]
    pub(super) check: bool,
    /// Print the figures as JSON instead of a table
    #[arg(long)]
    pub(super) json: bool,
    /// Write a page with the figures and their course over time
    #[arg(long, value_name = "FILE")]
    pub(super) html: Option<PathBuf>,
    /// Show nothing while it runs
    #[arg(long, short)]
    pub(super) quiet: bool,
    /// Drive a server on another machine, which must be yours
    #[arg(long)]
    pub(super) i_own_this_host: bool,
}

/// Where a scenario's contract is served by default, and how to start hubbub so that it is.
pub(super) struct Server {
    pub(super) url: &'static str,
    pub(super) start: &'static str,
}

/// What the common part needs to know of a scenario.
pub(super) struct Course {
    pub(super) scenario: &'static str,
    pub(super) unit: &'static str,
    pub(super) options: Vec<(&'static str, u64)>,
    pub(super) connections: u64,
    pub(super) measure: Measure,
    pub(super) opening: Opening,
    pub(super) server: Server,
}

/// How connections are opened.
#[derive(PartialEq)]
pub(super) enum Opening {
    /// Once, as many at a time as `--connect-rate` says.
    Few,
    /// Again and again, each as soon as it can.
    AllAtOnce,
}

impl Course {
    /// Returns a scenario that measures what happens under load.
    pub(super) fn under_load(scenario: &'static str, unit: &'static str, connections: u64, server: Server) -> Self {
        let (measure, opening) = (Measure::Load, Opening::Few);
        Self { scenario, unit, options: Vec::new(), connections, measure, opening, server }
    }
}

/// Returns the run that these options ask for.
pub(super) fn plan(course: Course, common: &Common) -> Result<Plan, Failure> {
    let misuse = |error: &dyn std::error::Error| Failure::Misuse(error.to_string());
    let url = common.url.as_deref().unwrap_or(course.server.url);
    let reach = if common.i_own_this_host { Reach::OwnHosts } else { Reach::Loopback };
    let mut target = Target::new(url, reach).map_err(|error| misuse(&error))?;
    target.make_room(size(course.connections)).map_err(|error| Failure::because(&error))?;
    let mut opening_at_once = common.connect_rate;
    if course.opening == Opening::AllAtOnce {
        target.expect_churn();
        opening_at_once = course.connections;
    }
    let mut options: Vec<_> = course.options.into_iter().map(|(name, value)| (name, value.to_string())).collect();
    options.push(("--threads", common.threads.to_string()));
    Ok(Plan {
        scenario: course.scenario,
        options,
        unit: course.unit,
        target,
        connections: size(course.connections),
        threads: size(common.threads.min(course.connections)),
        opening_at_once: size(opening_at_once),
        measured: Duration::from_secs_f64(common.seconds),
        warmup: Duration::from_secs_f64(common.warmup),
        stragglers: Duration::from_secs_f64(common.stragglers),
        measure: course.measure,
        pid: common.pid,
    })
}

/// Reads a whole number within a range.
pub(super) fn whole(range: RangeInclusive<u64>) -> RangedU64ValueParser<u64> {
    clap::value_parser!(u64).range(range)
}

/// Reads a number of seconds.
pub(super) fn seconds(text: &str) -> Result<f64, String> {
    const MOST: f64 = 86_400.0;
    match text.parse() {
        Ok(seconds) if (0.0..=MOST).contains(&seconds) => Ok(seconds),
        _ => Err("must be a number of seconds, up to a day".to_owned()),
    }
}

/// Returns a number as a size.
pub(super) fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
