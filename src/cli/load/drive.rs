//! From a scenario's options to a run, its figures, and the exit code.

use std::sync::atomic::{AtomicBool, Ordering};

use super::common::{Common, Course, plan};
use crate::cli::failure::Failure;
use crate::cli::output::print;
use crate::load::figures::Checks;
use crate::load::plan::{Outcome, Plan, RunError};
use crate::load::progress::{Progress, Snapshot};
use crate::load::run;
use crate::load::scenario::Scenario;
use crate::load::{html, json, table};

/// Runs a scenario and prints what it found out.
pub(super) fn drive<S: Scenario>(course: Course, common: &Common, behave: impl FnMut(usize) -> S) -> Result<(), Failure> {
    drive_prepared(course, common, |_, _| Ok(behave))
}

/// Drives a scenario that has something to do before it begins, and may be ended while it does.
pub(super) fn drive_prepared<S: Scenario, B: FnMut(usize) -> S>(
    course: Course,
    common: &Common,
    prepare: impl FnOnce(&mut Plan, &AtomicBool) -> Result<B, Failure>,
) -> Result<(), Failure> {
    let start = course.server.start;
    let mut plan = plan(course, common)?;
    let end = end_on_interrupt()?;
    let behave = prepare(&mut plan, end)?;
    let mut progress = if common.quiet { Progress::silent() } else { Progress::on_stderr() };
    let outcome = run::run(plan, end, &mut |snapshot: &Snapshot| progress.show(snapshot), behave);
    progress.finish();
    conclude(common, &outcome.map_err(|error| failure(error, start))?)
}

/// Says why there are no figures, and how to start a server where none is.
pub(super) fn failure(error: RunError, start: &str) -> Failure {
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
        match count {
            1 => eprintln!("hubbub: {text}"),
            count => eprintln!("hubbub: {count} times: {text}"),
        }
    }
    if let Some(file) = &common.html {
        let written = std::fs::write(file, html::page(figures));
        written.map_err(|error| Failure::while_doing(format_args!("cannot write {}", file.display()), &error))?;
    }
    print(&if common.json { json::text(figures) } else { table::text(figures) })?;
    if common.check && figures.checks != Checks::default() {
        return Err(Failure::Failed("--check: the run was not clean".to_owned()));
    }
    Ok(())
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
