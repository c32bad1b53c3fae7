//! `hubbub load locks`: its options, and from them to a run.

use std::sync::Arc;

use clap::Args;

use super::common::{Common, Course, size, whole};
use super::drive::drive_prepared;
use super::site::{Enrolment, LIMITED, UNLIMITED};
use crate::cli::failure::Failure;
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
    let (server, pace) = if *unpaced { (UNLIMITED, Pace::Unlimited) } else { (LIMITED, Pace::Documented) };
    let course = Course {
        options: vec![("--tablets", *tablets), ("--devices", *devices)],
        ..Course::under_load("locks", "decision", tablets + devices, server)
    };
    let (devices, tablets) = (size(*devices), size(*tablets));
    drive_prepared(course, common, |run, end| {
        if *unpaced {
            run.options.push(("--unpaced", String::new()));
        }
        let tokens = options.enrolment.tokens(run, &Site::devices(devices, tablets), common, end)?;
        let site = Arc::new(Site::new(devices, &tokens, pace));
        Ok(move |_| Locks::new(Arc::clone(&site)))
    })
}
