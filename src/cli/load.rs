//! `hubbub load`: its options, and from them to a run and its figures.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::{Args, Subcommand};

use super::failure::Failure;
use super::output::print;
use crate::load::figures::Figures;
use crate::load::progress::{Progress, Snapshot};
use crate::load::run::{self, Measure, Outcome, Plan, RunError};
use crate::load::scenario::Scenario;
use crate::load::scenarios::broadcast::{Broadcast, Flight};
use crate::load::scenarios::churn::Churn;
use crate::load::scenarios::echo::Echo;
use crate::load::scenarios::frames::Frames;
use crate::load::scenarios::idle::Idle;
use crate::load::scenarios::pace::Pace;
use crate::load::scenarios::rate::Rate;
use crate::load::target::{Reach, Target};
use crate::load::{html, json, table};

/// Where a scenario's contract is served by default, and how to start hubbub so that it is.
struct Server {
    url: &'static str,
    start: &'static str,
}

const LAB: Server =
    Server { url: "http://127.0.0.1:3000", start: "HUBBUB_LAB__ENABLED=true HUBBUB_LIMITS__SCALE=0 hubbub serve" };
/// A frame carries its number and a check of its bytes.
const SMALLEST_FRAME: u64 = 32;
/// How long what is under way may take once nothing new is sent.
const STRAGGLERS: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  HUBBUB_LAB__ENABLED=true HUBBUB_LIMITS__SCALE=0 hubbub serve &
  hubbub load echo --clients 100 --depth 32 --check
  hubbub load broadcast --subscribers 5000 --in-flight 16 --pid $(pidof hubbub) --html broadcast.html
  hubbub load rate --subscribers 100 --per-second 50000 --json > rate.json

Any Socket.IO server that speaks the lab's contract can be driven: see --url of each scenario.
Ctrl-C ends a run early, with the figures so far; twice, at once and without them.

Exit codes: 0 done, 1 failed or a check was violated (--check), 2 a mistake in the arguments.")]
pub(super) struct Options {
    #[command(subcommand)]
    scenario: Chosen,
}

#[derive(Debug, Subcommand)]
enum Chosen {
    /// Clients that send and get the same back: round trips per second
    Echo(EchoOptions),
    /// One publisher, many subscribers: deliveries per second
    Broadcast(BroadcastOptions),
    /// Deliveries at a fixed rate: how long they take
    Rate(RateOptions),
    /// A camera and its viewers, of whom some may be hung
    Frames(FramesOptions),
    /// Connections that are opened and then stay: what each costs, and how fast they open
    Idle(IdleOptions),
    /// Clients that connect, are served once, close, and do it again: connections per second
    Churn(ChurnOptions),
}

/// What every scenario may be told.
#[derive(Debug, Args)]
#[command(next_help_heading = "Every scenario")]
struct Common {
    /// The server to drive [default: http://127.0.0.1:3000]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// How long to measure
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0, value_parser = seconds)]
    seconds: f64,
    /// How long the load is on before it is measured
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = seconds)]
    warmup: f64,
    /// Threads that drive the connections; one drives more than most servers can take
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = whole(1..=64))]
    threads: u64,
    /// Connections that may be opened at the same time
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = whole(1..=100_000))]
    connect_rate: u64,
    /// Watch the server's process: processor time and memory
    #[arg(long, value_name = "PID")]
    pid: Option<u32>,
    /// Fail if anything was missing, duplicated, reordered or wrong, or any connection failed
    #[arg(long)]
    check: bool,
    /// Print the figures as JSON instead of a table
    #[arg(long)]
    json: bool,
    /// Write a page with the figures and their course over time
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Show nothing while it runs
    #[arg(long, short)]
    quiet: bool,
    /// Drive a server on another machine, which must be yours
    #[arg(long)]
    i_own_this_host: bool,
}

#[derive(Debug, Args)]
struct EchoOptions {
    /// Clients, each with a connection
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = whole(1..=1_000_000))]
    clients: u64,
    /// Messages that each client keeps on their way
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = whole(1..=100_000))]
    depth: u64,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct BroadcastOptions {
    /// Subscribers, each with a connection
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = whole(1..=1_000_000))]
    subscribers: u64,
    /// Messages that the publisher keeps on their way; one has landed when every subscriber has it
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = whole(1..=10_000))]
    in_flight: u64,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct RateOptions {
    /// Subscribers, each with a connection
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = whole(1..=1_000_000))]
    subscribers: u64,
    /// Deliveries per second over all subscribers together
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = whole(1..=100_000_000))]
    per_second: u64,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct FramesOptions {
    /// The size of a frame
    #[arg(long, value_name = "N", default_value_t = 50_000, value_parser = whole(SMALLEST_FRAME..=16_000_000))]
    bytes: u64,
    /// Frames per second
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = whole(1..=10_000))]
    per_second: u64,
    /// Viewers, each with a connection
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = whole(1..=1_000_000))]
    viewers: u64,
    /// More viewers, who join and never read again
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = whole(0..=100_000))]
    hung: u64,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct IdleOptions {
    /// Connections to open
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = whole(1..=1_000_000))]
    connections: u64,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct ChurnOptions {
    /// Clients that come and go at the same time
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = whole(1..=10_000))]
    connections_at_once: u64,
    #[command(flatten)]
    common: Common,
}

fn whole(range: std::ops::RangeInclusive<u64>) -> clap::builder::RangedU64ValueParser<u64> {
    clap::value_parser!(u64).range(range)
}

fn seconds(text: &str) -> Result<f64, String> {
    const MOST: f64 = 86_400.0;
    match text.parse() {
        Ok(seconds) if (0.0..=MOST).contains(&seconds) => Ok(seconds),
        _ => Err("must be a number of seconds, up to a day".to_owned()),
    }
}

/// Runs the chosen scenario and prints what it found out.
pub(super) fn run(options: Options) -> Result<(), Failure> {
    match options.scenario {
        Chosen::Echo(options) => echo(&options),
        Chosen::Broadcast(options) => broadcast(&options),
        Chosen::Rate(options) => rate(&options),
        Chosen::Frames(options) => frames(&options),
        Chosen::Idle(options) => idle(&options),
        Chosen::Churn(options) => churn(&options),
    }
}

fn echo(options: &EchoOptions) -> Result<(), Failure> {
    let EchoOptions { clients, depth, common } = options;
    let course =
        Course { options: vec![("--clients", *clients), ("--depth", *depth)], ..Course::under_load("echo", "echo", *clients) };
    drive(course, common, |_| Echo::new(size(*depth)))
}

fn broadcast(options: &BroadcastOptions) -> Result<(), Failure> {
    let BroadcastOptions { subscribers, in_flight, common } = options;
    let course = Course {
        options: vec![("--subscribers", *subscribers), ("--in-flight", *in_flight)],
        ..Course::under_load("broadcast", "delivery", subscribers + 1)
    };
    let flight = Flight::new(size(*in_flight));
    drive(course, common, |_| Broadcast::new(Arc::clone(&flight)))
}

fn rate(options: &RateOptions) -> Result<(), Failure> {
    let RateOptions { subscribers, per_second, common } = options;
    let course = Course {
        options: vec![("--subscribers", *subscribers), ("--per-second", *per_second)],
        ..Course::under_load("rate", "delivery", subscribers + 1)
    };
    #[expect(clippy::cast_precision_loss, reason = "both are far below 2^53")]
    let pace = Pace::new(*per_second as f64 / *subscribers as f64);
    drive(course, common, |thread| Rate::new(Arc::clone(&pace), thread))
}

fn frames(options: &FramesOptions) -> Result<(), Failure> {
    let FramesOptions { bytes, per_second, viewers, hung, common } = options;
    let course = Course {
        options: vec![("--bytes", *bytes), ("--per-second", *per_second), ("--viewers", *viewers), ("--hung", *hung)],
        ..Course::under_load("frames", "frame", 1 + viewers + hung)
    };
    #[expect(clippy::cast_precision_loss, reason = "it is far below 2^53")]
    let pace = Pace::new(*per_second as f64);
    drive(course, common, |thread| Frames::new(Arc::clone(&pace), size(*bytes), size(*viewers), thread))
}

fn idle(options: &IdleOptions) -> Result<(), Failure> {
    let IdleOptions { connections, common } = options;
    let course = Course {
        options: vec![("--connections", *connections)],
        measure: Measure::Connecting,
        ..Course::under_load("idle", "connection", *connections)
    };
    drive(course, common, |_| Idle)
}

fn churn(options: &ChurnOptions) -> Result<(), Failure> {
    let ChurnOptions { connections_at_once, common } = options;
    let course = Course {
        options: vec![("--connections-at-once", *connections_at_once)],
        opening: Opening::AllAtOnce,
        ..Course::under_load("churn", "connection", *connections_at_once)
    };
    drive(course, common, |_| Churn::new())
}

/// What the common part needs to know of a scenario.
struct Course {
    scenario: &'static str,
    unit: &'static str,
    options: Vec<(&'static str, u64)>,
    connections: u64,
    measure: Measure,
    opening: Opening,
    server: Server,
}

/// How connections are opened.
#[derive(PartialEq)]
enum Opening {
    /// Once, as many at a time as `--connect-rate` says.
    Few,
    /// Again and again, each as soon as it can.
    AllAtOnce,
}

impl Course {
    /// Returns a scenario of the lab that measures what happens under load.
    fn under_load(scenario: &'static str, unit: &'static str, connections: u64) -> Self {
        let (measure, opening) = (Measure::Load, Opening::Few);
        Self { scenario, unit, options: Vec::new(), connections, measure, opening, server: LAB }
    }
}

fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn drive<S: Scenario>(course: Course, common: &Common, behave: impl FnMut(usize) -> S) -> Result<(), Failure> {
    let start = course.server.start;
    let plan = plan(course, common)?;
    let end = end_on_interrupt()?;
    let mut progress = if common.quiet { Progress::silent() } else { Progress::on_stderr() };
    let outcome = run::run(plan, end, &mut |snapshot: &Snapshot| progress.show(snapshot), behave);
    progress.finish();
    conclude(common, &outcome.map_err(|error| failure(error, start))?)
}

fn plan(course: Course, common: &Common) -> Result<Plan, Failure> {
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
        stragglers: STRAGGLERS,
        measure: course.measure,
        pid: common.pid,
    })
}

fn failure(error: RunError, start: &str) -> Failure {
    match error {
        RunError::NobodyThere { .. } => {
            Failure::Failed(format!("{error}\nTo start hubbub with what this scenario needs:\n\n  {start}\n"))
        }
        RunError::Usage(_) => Failure::Misuse(error.to_string()),
        error => Failure::because(&error),
    }
}

/// Prints the figures, and fails if they are bad and that was asked.
fn conclude(common: &Common, outcome: &Outcome) -> Result<(), Failure> {
    let figures = &outcome.figures;
    for (text, count) in &outcome.errors {
        eprintln!("hubbub: {count} times: {text}");
    }
    if let Some(file) = &common.html {
        let written = std::fs::write(file, html::page(figures));
        written.map_err(|error| Failure::while_doing(format_args!("cannot write {}", file.display()), &error))?;
    }
    print(&if common.json { json::text(figures) } else { table::text(figures) })?;
    if common.check && !is_clean(figures) {
        return Err(Failure::Failed("--check: the run was not clean".to_owned()));
    }
    Ok(())
}

fn is_clean(figures: &Figures) -> bool {
    figures.checks == crate::load::figures::Checks::default()
}

/// Returns a flag that Ctrl-C sets; a second one ends the program.
fn end_on_interrupt() -> Result<&'static AtomicBool, Failure> {
    static END: AtomicBool = AtomicBool::new(false);
    let cannot = |error: &std::io::Error| Failure::while_doing("cannot listen for Ctrl-C", error);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().map_err(|error| cannot(&error))?;
    std::thread::Builder::new()
        .name("interrupt".to_owned())
        .spawn(move || {
            runtime.block_on(async {
                while actix_rt::signal::ctrl_c().await.is_ok() {
                    if END.swap(true, Ordering::Relaxed) {
                        std::process::exit(130);
                    }
                }
            });
        })
        .map_err(|error| cannot(&error))?;
    Ok(&END)
}
