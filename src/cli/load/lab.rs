//! `hubbub load echo`, `broadcast`, `rate`, `frames`, `idle` and `churn`: their options, and from them to a run.

use std::sync::Arc;

use clap::Args;

use super::common::{Common, Course, Opening, Server, size, whole};
use super::drive::drive;
use crate::cli::failure::Failure;
use crate::load::plan::Measure;
use crate::load::scenarios::broadcast::{Broadcast, Flight};
use crate::load::scenarios::churn::Churn;
use crate::load::scenarios::echo::Echo;
use crate::load::scenarios::frames::Frames;
use crate::load::scenarios::idle::Idle;
use crate::load::scenarios::pace::Pace;
use crate::load::scenarios::rate::Rate;

const LAB: Server =
    Server { url: "http://127.0.0.1:3000", start: "HUBBUB_LAB__ENABLED=true HUBBUB_LIMITS__SCALE=0 hubbub serve" };
/// A frame carries its number and a check of its bytes.
const SMALLEST_FRAME: u64 = 32;

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  hubbub load echo --clients 100 --depth 32 --check")]
pub(super) struct EchoOptions {
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
#[command(after_help = "Example:\n  hubbub load broadcast --subscribers 5000 --in-flight 16 --pid $(pidof hubbub)")]
pub(super) struct BroadcastOptions {
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
#[command(after_help = "Example:\n  hubbub load rate --subscribers 100 --per-second 50000 --seconds 60 --html rate.html")]
pub(super) struct RateOptions {
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
#[command(after_help = "Example:\n  hubbub load frames --viewers 50 --hung 5 --seconds 60 --pid $(pidof hubbub) --check")]
pub(super) struct FramesOptions {
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
#[command(after_help = "Example:\n  hubbub load idle --connections 50000 --connect-rate 256 --pid $(pidof hubbub)")]
pub(super) struct IdleOptions {
    /// Connections to open
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = whole(1..=1_000_000))]
    connections: u64,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  hubbub load churn --connections-at-once 200 --json")]
pub(super) struct ChurnOptions {
    /// Clients that come and go at the same time
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = whole(1..=10_000))]
    connections_at_once: u64,
    #[command(flatten)]
    common: Common,
}

/// Runs `echo`.
pub(super) fn echo(options: &EchoOptions) -> Result<(), Failure> {
    let EchoOptions { clients, depth, common } = options;
    let course = Course {
        options: vec![("--clients", *clients), ("--depth", *depth)],
        ..Course::under_load("echo", "echo", *clients, LAB)
    };
    drive(course, common, |_| Echo::new(size(*depth)))
}

/// Runs `broadcast`.
pub(super) fn broadcast(options: &BroadcastOptions) -> Result<(), Failure> {
    let BroadcastOptions { subscribers, in_flight, common } = options;
    let course = Course {
        options: vec![("--subscribers", *subscribers), ("--in-flight", *in_flight)],
        ..Course::under_load("broadcast", "delivery", subscribers + 1, LAB)
    };
    let flight = Flight::new(size(*in_flight));
    drive(course, common, |_| Broadcast::new(Arc::clone(&flight)))
}

/// Runs `rate`.
pub(super) fn rate(options: &RateOptions) -> Result<(), Failure> {
    let RateOptions { subscribers, per_second, common } = options;
    let course = Course {
        options: vec![("--subscribers", *subscribers), ("--per-second", *per_second)],
        ..Course::under_load("rate", "delivery", subscribers + 1, LAB)
    };
    #[expect(clippy::cast_precision_loss, reason = "both are far below 2^53")]
    let pace = Pace::new(*per_second as f64 / *subscribers as f64);
    drive(course, common, |thread| Rate::new(Arc::clone(&pace), thread))
}

/// Runs `frames`.
pub(super) fn frames(options: &FramesOptions) -> Result<(), Failure> {
    let FramesOptions { bytes, per_second, viewers, hung, common } = options;
    let course = Course {
        options: vec![("--bytes", *bytes), ("--per-second", *per_second), ("--viewers", *viewers), ("--hung", *hung)],
        ..Course::under_load("frames", "frame", 1 + viewers + hung, LAB)
    };
    #[expect(clippy::cast_precision_loss, reason = "it is far below 2^53")]
    let pace = Pace::new(*per_second as f64);
    drive(course, common, |thread| Frames::new(Arc::clone(&pace), size(*bytes), size(*viewers), thread))
}

/// Runs `idle`.
pub(super) fn idle(options: &IdleOptions) -> Result<(), Failure> {
    let IdleOptions { connections, common } = options;
    let course = Course {
        options: vec![("--connections", *connections)],
        measure: Measure::Connecting,
        ..Course::under_load("idle", "connection", *connections, LAB)
    };
    drive(course, common, |_| Idle)
}

/// Runs `churn`.
pub(super) fn churn(options: &ChurnOptions) -> Result<(), Failure> {
    let ChurnOptions { connections_at_once, common } = options;
    let course = Course {
        options: vec![("--connections-at-once", *connections_at_once)],
        opening: Opening::AllAtOnce,
        ..Course::under_load("churn", "connection", *connections_at_once, LAB)
    };
    drive(course, common, |_| Churn::new())
}
