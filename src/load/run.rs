//! A run from the first connection to its figures: the main thread tells the others where the run is and adds up what they hand over.

use std::io;
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use mio::Poll;

use super::figures::{Detail, Figures};
use super::finished::Finished;
use super::links::Links;
use super::plan::{Measure, Outcome, Plan, RunError};
use super::progress::{self, ServerNow, Snapshot};
use super::recorder::{Recorder, Slice};
use super::scenario::Scenario;
use super::shared::{Phase, Shared};
use super::timeline::{Timeline, float};
use super::usage::Sampler;
use super::watch::Watched;
use super::worker::Worker;

/// How long the main thread waits for something to happen before it looks around.
const LOOK_AROUND: Duration = Duration::from_millis(10);
/// A run in which no connection is open for so long is over: the server is gone.
const ALONE: Duration = Duration::from_secs(2);
/// How long after a second its figures are looked at: threads hand over what they have when they notice that it is over.
const LAG: Duration = Duration::from_millis(60);
/// How long everybody still listens once all has come: what comes twice comes late.
const GRACE: Duration = Duration::from_millis(100);

/// Runs a scenario; `behave` makes each thread's part of it. Ends early, with the figures so far, once `end` is true.
///
/// # Errors
/// When there is nothing to measure.
pub fn run<S: Scenario>(
    plan: Plan,
    end: &AtomicBool,
    show: &mut dyn FnMut(&Snapshot),
    behave: impl FnMut(usize) -> S,
) -> Result<Outcome, RunError> {
    let url = plan.target.url().to_owned();
    plan.target.probe().map_err(|source| RunError::NobodyThere { url, source })?;
    let mut run = Run::start(plan, end, show, behave)?;
    run.connect()?;
    run.load()?;
    run.finish()
}

struct Run<'a> {
    plan: Plan,
    end: &'a AtomicBool,
    show: &'a mut dyn FnMut(&Snapshot),
    shared: Arc<Shared>,
    slices: Receiver<Slice>,
    threads: Vec<JoinHandle<io::Result<Finished>>>,
    timeline: Timeline,
    server: Option<Watched>,
    generator: Sampler,
    connections: usize,
    generator_cpu_seconds: f64,
    details: Vec<Detail>,
    shown_seconds: u64,
}

impl<'a> Run<'a> {
    fn start<S: Scenario>(
        plan: Plan,
        end: &'a AtomicBool,
        show: &'a mut dyn FnMut(&Snapshot),
        mut behave: impl FnMut(usize) -> S,
    ) -> Result<Self, RunError> {
        let server = plan.pid.map(Watched::new).transpose()?;
        let generator = Sampler::new(std::process::id())?;
        let polls = (0..plan.threads).map(|_| Poll::new()).collect::<io::Result<Vec<_>>>()?;
        let shared = Arc::new(Shared::new(&polls)?);
        if plan.measure == Measure::Connecting {
            shared.begin_measuring();
        }
        let (sender, slices) = channel();
        let target = Arc::new(plan.target.clone());
        let mut threads = Vec::new();
        for (thread, poll) in polls.into_iter().enumerate() {
            let share = plan.share(thread);
            let recorder = Recorder::new(Arc::clone(&shared), sender.clone());
            let links = Links::new(share, poll.registry().try_clone()?, Arc::clone(&target), Arc::clone(&shared), recorder);
            let worker = Worker::new(poll, links, behave(thread));
            threads.push(thread::Builder::new().name(format!("load-{thread}")).spawn(|| worker.run())?);
        }
        Ok(Self {
            plan,
            end,
            show,
            shared,
            slices,
            threads,
            timeline: Timeline::new(),
            server,
            generator,
            connections: 0,
            generator_cpu_seconds: 0.0,
            details: Vec::new(),
            shown_seconds: 0,
        })
    }

    /// Waits until every connection is ready or has failed.
    fn connect(&mut self) -> Result<(), RunError> {
        let all = self.plan.connections;
        self.note_begun();
        self.wait(None, progress::Phase::Connecting { of: all }, |run| run.shared.tried() >= all);
        if self.plan.measure == Measure::Connecting {
            self.shared.end_measuring();
            self.note_server();
            self.note_ended();
        }
        if let Some(server) = &mut self.server {
            server.connected = server.read();
        }
        self.connections = self.shared.open();
        if self.connections > 0 {
            return Ok(());
        }
        let reason = self.join()?.errors.into_iter().next().map(|(reason, _)| reason);
        match reason {
            Some(reason) => Err(RunError::NoneReady { url: self.plan.target.url().to_owned(), reason }),
            None => Err(RunError::Ended),
        }
    }

    /// Puts the load on, measures, and lets stragglers arrive.
    fn load(&mut self) -> Result<(), RunError> {
        if self.plan.measure == Measure::Connecting {
            return self.hold();
        }
        self.shared.enter(Phase::WarmingUp);
        self.wait(Some(self.plan.warmup), progress::Phase::WarmingUp, |_| false);
        self.note_begun();
        self.shared.begin_measuring();
        self.shared.enter(Phase::Measuring);
        let seconds = self.plan.measured.as_secs_f64();
        self.wait(Some(self.plan.measured), progress::Phase::Measuring { seconds }, |_| false);
        self.shared.end_measuring();
        self.note_server();
        self.shared.enter(Phase::Stragglers);
        self.wait(Some(self.plan.stragglers), progress::Phase::Stragglers, |run| run.shared.is_settled());
        self.note_ended();
        self.wait(Some(GRACE), progress::Phase::Stragglers, |_| false);
        Ok(())
    }

    /// Holds the connections, and finds out what that costs.
    fn hold(&mut self) -> Result<(), RunError> {
        let before = self.server.as_mut().map(|server| server.read().cpu_seconds);
        let began = Instant::now();
        self.shared.enter(Phase::Measuring);
        let seconds = self.plan.measured.as_secs_f64();
        self.wait(Some(self.plan.measured), progress::Phase::Measuring { seconds }, |_| false);
        let held = began.elapsed().as_secs_f64();
        self.details.push(Detail { name: "held for", value: held, unit: "s" });
        self.details.push(Detail { name: "still open", value: float(self.shared.open() as u64), unit: "" });
        if let (Some(before), Some(server)) = (before, &mut self.server) {
            let cores = (server.read().cpu_seconds - before) / held;
            self.details.push(Detail { name: "server while held", value: cores * 100.0, unit: "% of a core" });
        }
        Ok(())
    }

    /// Adds up what the threads hand over until `is_done`, the time is up, or the operator ends it.
    fn wait(&mut self, limit: Option<Duration>, phase: progress::Phase, is_done: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        let mut last_seen = began;
        let mut shown = 0;
        loop {
            let elapsed = began.elapsed();
            let is_ended = self.end.load(Ordering::Relaxed) && phase != progress::Phase::Stragglers;
            if self.shared.open() > 0 || !has_load(phase) {
                last_seen = Instant::now();
            }
            let is_up = limit.is_some_and(|limit| elapsed >= limit) || last_seen.elapsed() >= ALONE;
            if is_ended || is_up || is_done(self) || self.threads.iter().any(JoinHandle::is_finished) {
                return;
            }
            let whole_seconds = elapsed.saturating_sub(LAG).as_secs();
            if whole_seconds > shown {
                shown = whole_seconds;
                self.show(phase, shown);
            }
            let left = limit.map_or(LOOK_AROUND, |limit| limit.saturating_sub(elapsed).min(LOOK_AROUND));
            match self.slices.recv_timeout(left) {
                Ok(slice) => self.timeline.add(slice),
                Err(RecvTimeoutError::Timeout) => {}
                // Every thread is gone; joining them tells why.
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Shows how the run stands, once a second.
    fn show(&mut self, phase: progress::Phase, at: u64) {
        let is_measured = match phase {
            progress::Phase::Connecting { .. } => self.plan.measure == Measure::Connecting,
            progress::Phase::Measuring { .. } => self.plan.measure == Measure::Load,
            progress::Phase::WarmingUp | progress::Phase::Stragglers => false,
        };
        let server = if is_measured { self.note_server() } else { self.server.as_mut().map(Watched::since_last) };
        let second = self.timeline.second(self.shown_seconds);
        self.shown_seconds += u64::from(is_measured);
        let (per_second, p50_ms, p99_ms) =
            if is_measured { (second.per_second, second.p50_ms, second.p99_ms) } else { (0.0, 0.0, 0.0) };
        let snapshot = Snapshot {
            phase,
            at: float(at),
            per_second,
            p50_ms,
            p99_ms,
            errors: self.timeline.errors,
            connections: self.shared.open(),
            server,
        };
        (self.show)(&snapshot);
    }

    /// Notes what the server uses in the second that is being shown.
    fn note_server(&mut self) -> Option<ServerNow> {
        let server = self.server.as_mut().map(Watched::since_last)?;
        self.timeline.note_server(self.shown_seconds, server);
        Some(server)
    }

    fn note_begun(&mut self) {
        if let Some(server) = &mut self.server {
            server.begun = server.read();
        }
        self.generator_cpu_seconds = self.own_cpu_seconds();
    }

    fn note_ended(&mut self) {
        if let Some(server) = &mut self.server {
            server.ended = server.read();
        }
        self.generator_cpu_seconds = self.own_cpu_seconds() - self.generator_cpu_seconds;
    }

    fn own_cpu_seconds(&mut self) -> f64 {
        self.generator.read().map_or(0.0, |reading| reading.cpu_seconds)
    }

    /// Ends the threads and adds up what they leave behind.
    fn join(&mut self) -> io::Result<Finished> {
        self.shared.enter(Phase::Over);
        let mut all = Finished::default();
        for thread in self.threads.drain(..) {
            let finished = thread.join().unwrap_or_else(|panicked| panic::resume_unwind(panicked))?;
            all.add(finished);
        }
        while let Ok(slice) = self.slices.try_recv() {
            self.timeline.add(slice);
        }
        Ok(all)
    }

    fn finish(mut self) -> Result<Outcome, RunError> {
        let is_partial = self.end.load(Ordering::Relaxed);
        let Finished { checks, errors, details } = self.join()?;
        self.details.extend(details);
        let (from, to) = self.shared.measured_us();
        let seconds = Duration::from_micros(to.saturating_sub(from)).as_secs_f64();
        let completed = self.timeline.completed;
        let server = self.server.as_mut().map(|server| server.usage(completed, self.connections));
        let figures = Figures {
            scenario: self.plan.scenario,
            url: self.plan.target.url().to_owned(),
            options: self.plan.options,
            seconds,
            connections: self.connections,
            unit: self.plan.unit,
            completed,
            per_second: float(self.timeline.in_time) / seconds.max(f64::EPSILON),
            latency_ms: self.timeline.latency(),
            checks,
            server,
            generator_cpu_seconds: self.generator_cpu_seconds,
            details: self.details,
            timeline: self.timeline.seconds(seconds),
            is_partial,
        };
        Ok(Outcome { figures, errors })
    }
}

fn has_load(phase: progress::Phase) -> bool {
    matches!(phase, progress::Phase::WarmingUp | progress::Phase::Measuring { .. })
}
