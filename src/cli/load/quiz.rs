//! `hubbub load quiz`: its options, and from them to a run.

use std::cell::OnceCell;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use clap::Args;

use super::common::{Common, Course, Server, seconds, size, whole};
use super::drive::{drive_prepared, failure};
use super::site::wait;
use crate::cli::failure::Failure;
use crate::load::plan::{self, RunError};
use crate::load::scenarios::quiz::desk::{Desk, NoTable};
use crate::load::scenarios::quiz::{Plan, Quiz, Site};

/// A hubbub whose rooms hold as many players as any may.
const SERVER: Server = Server { url: "http://127.0.0.1:8080", start: "HUBBUB_QUIZ__MAX_ROOM_PLAYERS=10000 hubbub serve" };

#[derive(Debug, Args)]
pub(super) struct QuizOptions {
    /// Rooms that play at the same time, each with a host and a quiz of its own
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = whole(1..=10_000))]
    rooms: u64,
    /// Players in each room; more than 400 need a server with a larger `quiz.max_room_players`
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = whole(1..=10_000))]
    players: u64,
    /// Questions that each host asks, spread evenly over --seconds
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = whole(1..=500))]
    questions: u64,
    /// Within which time all players answer, each at a moment of his own
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = seconds)]
    within: f64,
    #[command(flatten)]
    common: Common,
}

/// Runs the scenario and prints what it found out.
pub(super) fn run(options: &QuizOptions) -> Result<(), Failure> {
    let QuizOptions { rooms, players, questions, within, common } = options;
    let question = Duration::from_secs_f64(common.seconds) / u32::try_from(*questions).unwrap_or(u32::MAX);
    let within = Duration::from_secs_f64(*within);
    if within > question {
        let most = question.as_secs_f64();
        return Err(Failure::Misuse(format!(
            "--within must be at most {most}: {questions} questions in {} s begin so many seconds apart",
            common.seconds
        )));
    }
    let course = Course {
        options: vec![("--rooms", *rooms), ("--players", *players), ("--questions", *questions)],
        ..Course::under_load("quiz", "answer", rooms * (players + 1), SERVER)
    };
    let plan = Plan {
        rooms: size(*rooms),
        players: size(*players),
        questions: size(*questions),
        within_us: micros(within),
        question_us: micros(question),
    };
    let played = OnceCell::new();
    let outcome = drive_prepared(course, common, |run, end| {
        run.options.push(("--within", within.as_secs_f64().to_string()));
        let site = Arc::new(set_up(plan, run, common, end)?);
        played.get_or_init(|| (Arc::clone(&site), run.target.clone()));
        Ok(move |_| Quiz::new(Arc::clone(&site)))
    });
    if let Some((site, target)) = played.get() {
        // What could not be put away goes by itself; the run's outcome is what counts.
        Desk::new(target.address(), target.host()).tidy(site, &mut |_| false);
    }
    outcome
}

/// Makes a host and a quiz for every room; waits where the server makes it wait.
fn set_up(plan: Plan, run: &plan::Plan, common: &Common, end: &AtomicBool) -> Result<Site, Failure> {
    let mut desk = Desk::new(run.target.address(), run.target.host());
    let mut be_patient = |after: Duration| {
        if !common.quiet {
            eprintln!("the server takes further hosts in {} s (its limit of requests to /auth); waiting", after.as_secs());
        }
        wait(after, end)
    };
    let mut tables = Vec::with_capacity(plan.rooms);
    for room in 0..plan.rooms {
        let table = desk.table(room, plan.questions, &mut be_patient).map_err(|error| match error {
            NoTable::Unreachable { source, .. } => {
                failure(RunError::NobodyThere { url: run.target.url().to_owned(), source }, SERVER.start)
            }
            error => Failure::because(&error),
        })?;
        tables.push(table);
    }
    Ok(Site::new(plan, tables))
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
