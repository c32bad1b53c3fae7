//! `hubbub load`: what may be asked of it.
//!
//! Reading order: `common` is what every scenario may be told, `lab`, `fleet` with `locks`, and `quiz` are the scenarios, `drive`
//! takes them from their options to a run and its figures.

mod common;
mod drive;
mod fleet;
mod lab;
mod locks;
mod quiz;
mod site;

use clap::{Args, Subcommand};

use super::failure::Failure;

#[derive(Debug, Args)]
#[command(
    subcommand_value_name = "SCENARIO",
    subcommand_help_heading = "Scenarios",
    after_help = "\
Examples:
  HUBBUB_LAB__ENABLED=true HUBBUB_LIMITS__SCALE=0 hubbub serve &
  hubbub load echo --clients 100 --depth 32 --check
  hubbub load broadcast --subscribers 5000 --in-flight 16 --pid $(pidof hubbub) --html broadcast.html
  hubbub load rate --subscribers 100 --per-second 50000 --json > rate.json
  hubbub load fleet --check

Any Socket.IO server that speaks the lab's contract can be driven: see --url of each scenario.
Ctrl-C ends a run early, with the figures so far; twice, at once and without them.

Exit codes: 0 done, 1 failed or a check was violated (--check), 2 a mistake in the arguments."
)]
pub(super) struct Options {
    #[command(subcommand)]
    scenario: Chosen,
}

#[derive(Debug, Subcommand)]
enum Chosen {
    /// Clients that send and get the same back: round trips per second
    Echo(lab::EchoOptions),
    /// One publisher, many subscribers: deliveries per second
    Broadcast(lab::BroadcastOptions),
    /// Deliveries at a fixed rate: how long they take
    Rate(lab::RateOptions),
    /// A camera and its viewers, of whom some may be hung
    Frames(lab::FramesOptions),
    /// Connections that are opened and then stay: what each costs, and how fast they open
    Idle(lab::IdleOptions),
    /// Clients that connect, are served once, close, and do it again: connections per second
    Churn(lab::ChurnOptions),
    /// Headsets, tablets and dashboards of a fleet, as devices behave: events per second
    Fleet(fleet::FleetOptions),
    /// Tablets that fight for headsets: decisions per second, and never two holders
    Locks(locks::LocksOptions),
    /// Rooms full of players who all answer at once: answers per second, each on disk, counted once and scored
    Quiz(quiz::QuizOptions),
}

/// Runs the chosen scenario and prints what it found out.
pub(super) fn run(options: Options) -> Result<(), Failure> {
    match options.scenario {
        Chosen::Echo(options) => lab::echo(&options),
        Chosen::Broadcast(options) => lab::broadcast(&options),
        Chosen::Rate(options) => lab::rate(&options),
        Chosen::Frames(options) => lab::frames(&options),
        Chosen::Idle(options) => lab::idle(&options),
        Chosen::Churn(options) => lab::churn(&options),
        Chosen::Fleet(options) => fleet::run(&options),
        Chosen::Locks(options) => locks::run(&options),
        Chosen::Quiz(options) => quiz::run(&options),
    }
}
