//! What the fleet's scenarios have in common: tokens for every device before the first one connects.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Args;

use super::common::{Common, Server};
use super::drive::failure;
use crate::cli::failure::Failure;
use crate::load::plan::{Plan, RunError};
use crate::load::scenarios::fleet::tokens::{Counter, Device, NoToken};

const URL: &str = "http://127.0.0.1:3200";
/// A hubbub with its documented rate limits, and one without.
pub(super) const LIMITED: Server = Server { url: URL, start: "hubbub serve" };
pub(super) const UNLIMITED: Server = Server { url: URL, start: "HUBBUB_LIMITS__SCALE=0 hubbub serve" };
const LOOK_AROUND: Duration = Duration::from_millis(50);

/// How devices enrol.
#[derive(Debug, Args)]
pub(super) struct Enrolment {
    /// The server's `fleet.enrolment_secret`, if it has one
    #[arg(long, value_name = "KEY")]
    enrolment_key: Option<String>,
}

impl Enrolment {
    /// Gets a token for every device; waits where the server makes it wait.
    pub(super) fn tokens(
        &self,
        plan: &Plan,
        devices: &[Device],
        common: &Common,
        end: &AtomicBool,
    ) -> Result<Vec<String>, Failure> {
        let counter =
            Counter { address: plan.target.address(), host: plan.target.host(), enrolment_key: self.enrolment_key.as_deref() };
        let tokens = counter.tokens(devices, |after| {
            if !common.quiet {
                eprintln!("the server issues further tokens in {} s (its limit of requests to /auth); waiting", after.as_secs());
            }
            wait(after, end)
        });
        tokens.map_err(|error| match error {
            NoToken::Unreachable { source, .. } => {
                failure(RunError::NobodyThere { url: plan.target.url().to_owned(), source }, LIMITED.start)
            }
            error => Failure::because(&error),
        })
    }
}

/// Waits, unless the operator ends it; returns whether the time has passed.
pub(super) fn wait(time: Duration, end: &AtomicBool) -> bool {
    let until = Instant::now() + time;
    while Instant::now() < until {
        if end.load(Ordering::Relaxed) {
            return false;
        }
        std::thread::sleep(LOOK_AROUND);
    }
    true
}
