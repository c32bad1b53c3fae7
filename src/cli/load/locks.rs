//! `hubbub load locks`: its options, and from them to a run.

use std::sync::Arc;

use clap::Args;

use super::site::{Enrolment, FLEET_URL};
use super::{Common, Course, drive_plan, end_on_interrupt, plan, size, whole};
use crate::cli::failure::Failure;
use crate::load::run::Measure;
use crate::load::scenarios::locks::{Locks, Pace, Site};

#[derive(Debug, Args)]
pub(super) struct LocksOptions {
    /// Tablets that fight
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = whole(1..=1_000_000))]
    tablets: u64,
    /// Headsets that they fight for
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = whole(1..=1_000_000))]
    devices: u64,
    /// Ask as fast as the server answers, not 40 times a second per tablet; the server must run with HUBBUB_LIMITS__SCALE=0
    #[arg(long)]
    unpaced: bool,
    #[command(flatten)]
    enrolment: Enrolment,
    #[command(flatten)]
    common: Common,
}

/// Runs the scenario and prints what it found out.
pub(super) fn run(options: &LocksOptions) -> Result<(), Failure> {
    let LocksOptions { tablets, devices, unpaced, common, .. } = options;
    let course = Course {
        url: FLEET_URL,
        scenario: "locks",
        unit: "decision",
        options: vec![("--tablets", *tablets), ("--devices", *devices)],
        connections: tablets + devices,
        measure: Measure::Load,
    };
    let mut run = plan(course, common)?;
    if *unpaced {
        run.options.push(("--unpaced", String::new()));
    }
    let end = end_on_interrupt()?;
    let clients = Site::devices(size(*devices), size(*tablets));
    let tokens = options.enrolment.tokens(&run, &clients, common, end)?;
    let pace = if *unpaced { Pace::Unlimited } else { Pace::Documented };
    let site = Arc::new(Site::new(size(*devices), &tokens, pace));
    drive_plan(run, common, end, |_| Locks::new(Arc::clone(&site)))
}
