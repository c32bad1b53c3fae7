//! `hubbub load fleet`: its options, and from them to a run.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;

use super::common::{Common, Course, size, whole};
use super::drive::drive_prepared;
use super::site::{Enrolment, LIMITED, UNLIMITED};
use crate::cli::failure::Failure;
use crate::load::scenarios::fleet::{Fleet, Plan, Site};

/// Between two reports of a headset, so that no second has more than the five that the contract allows.
const LEAST_TELEMETRY_MS: u64 = 250;
/// Between two sessions of a tablet: the contract allows three in five seconds.
const SESSION_US: u64 = 2_500_000;
const RECORDING_US: u64 = 500_000;

#[derive(Debug, Args)]
pub(super) struct FleetOptions {
    /// Headsets that report telemetry and status, send frames, and record when they are told
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = whole(1..=1_000_000))]
    headsets: u64,
    /// Tablets that look, lock, record, and run capture sessions, over and over
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = whole(0..=1_000_000))]
    tablets: u64,
    /// Dashboards that watch every headset
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = whole(0..=1_000_000))]
    dashboards: u64,
    /// Milliseconds between two reports of a headset; at least 250, unless --unpaced
    #[arg(long, value_name = "MS", default_value_t = 1000, value_parser = whole(1..=3_600_000))]
    telemetry_ms: u64,
    /// Size of a camera frame
    #[arg(long, value_name = "BYTES", default_value_t = 20_000, value_parser = whole(100..=1_000_000))]
    frame_bytes: u64,
    /// Camera frames of each headset; 0 for none
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = whole(0..=60))]
    frames_per_second: u64,
    /// Tablets go from one session to the next without rest; the server must run with HUBBUB_LIMITS__SCALE=0
    #[arg(long)]
    unpaced: bool,
    #[command(flatten)]
    enrolment: Enrolment,
    #[command(flatten)]
    common: Common,
}

/// Runs the scenario and prints what it found out.
pub(super) fn run(options: &FleetOptions) -> Result<(), Failure> {
    let FleetOptions { headsets, tablets, dashboards, telemetry_ms, frame_bytes, frames_per_second, .. } = *options;
    if telemetry_ms < LEAST_TELEMETRY_MS && !options.unpaced {
        let least = format!("--telemetry-ms must be at least {LEAST_TELEMETRY_MS}");
        return Err(Failure::Misuse(format!(
            "{least}: the server drops what is more than 5 reports a second; --unpaced lifts it"
        )));
    }
    let server = if options.unpaced { UNLIMITED } else { LIMITED };
    let course = Course {
        options: vec![
            ("--headsets", headsets),
            ("--tablets", tablets),
            ("--dashboards", dashboards),
            ("--telemetry-ms", telemetry_ms),
            ("--frame-bytes", frame_bytes),
            ("--frames-per-second", frames_per_second),
        ],
        ..Course::under_load("fleet", "event", headsets + tablets + dashboards, server)
    };
    let (session_us, recording_us) = if options.unpaced { (0, 0) } else { (SESSION_US, RECORDING_US) };
    let site = Plan {
        headsets: size(headsets),
        tablets: size(tablets),
        dashboards: size(dashboards),
        telemetry_us: telemetry_ms * 1000,
        frame_us: 1_000_000u64.checked_div(frames_per_second),
        session_us,
        recording_us,
    };
    drive_prepared(course, &options.common, |run, end| {
        if options.unpaced {
            run.options.push(("--unpaced", String::new()));
        }
        let tokens = options.enrolment.tokens(run, &site.devices(), &options.common, end)?;
        let site = Arc::new(Site::new(site, &tokens, size(frame_bytes), now_ms()));
        Ok(move |_| Fleet::new(Arc::clone(&site)))
    })
}

fn now_ms() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX)
}
