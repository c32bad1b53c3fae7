//! What is seen while a run lasts: one line on a terminal that renews itself, or a plain line now and then.

use std::io::{IsTerminal, Stderr, Write, stderr};

use super::numbers::{count, plural, value};

/// Without a terminal a line is written every so many calls, which come once a second.
const PLAIN_EVERY: u32 = 5;

/// Where a run is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Phase {
    /// Connections are being opened.
    Connecting {
        /// How many there will be.
        of: usize,
    },
    /// Everything runs and nothing counts yet.
    WarmingUp,
    /// What happens counts.
    Measuring {
        /// How long it will be measured, in seconds.
        seconds: f64,
    },
    /// Nothing new is sent; what is under way may arrive.
    Stragglers,
}

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Snapshot {
    /// Where it is.
    pub phase: Phase,
    /// Seconds since this phase began.
    pub at: f64,
    /// Operations in the last second.
    pub per_second: f64,
    /// Their median latency in milliseconds; 0 when nothing completed.
    pub p50_ms: f64,
    /// Their 99th percentile.
    pub p99_ms: f64,
    /// Everything that went wrong so far.
    pub errors: u64,
    /// Connections that are open.
    pub connections: usize,
    /// What the server uses; none without `--pid`.
    pub server: Option<ServerNow>,
}

/// What the server uses at the moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ServerNow {
    /// Processor use over the last second, in cores.
    pub cores: f64,
    /// Resident memory in MiB.
    pub rss_mib: f64,
}

/// Shows snapshots; the default writes to standard error.
#[derive(Debug)]
pub struct Progress<W: Write = Stderr> {
    out: W,
    look: Look,
    /// Snapshots since the last plain line, and the phase that it showed.
    unshown: u32,
    shown: Option<Phase>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Look {
    Silent,
    Renewed,
    Plain,
}

impl Progress {
    /// Shows nothing (`--quiet`).
    #[must_use]
    pub fn silent() -> Self {
        Self::new(stderr(), Look::Silent)
    }

    /// Shows progress on standard error, as a terminal or a file can take it.
    #[must_use]
    pub fn on_stderr() -> Self {
        let look = if stderr().is_terminal() { Look::Renewed } else { Look::Plain };
        Self::new(stderr(), look)
    }
}

impl<W: Write> Progress<W> {
    fn new(out: W, look: Look) -> Self {
        Self { out, look, unshown: 0, shown: None }
    }

    /// Shows how the run stands.
    pub fn show(&mut self, snapshot: &Snapshot) {
        let look = self.look;
        let text = match look {
            // Without the wrapping a narrow terminal cuts the line off, so that the next one finds its beginning.
            Look::Renewed => format!("\r\x1b[2K\x1b[?7l{}\x1b[?7h", line(snapshot)),
            Look::Plain if self.is_due(snapshot.phase) => line(snapshot) + "\n",
            Look::Plain | Look::Silent => return,
        };
        self.write(&text);
    }

    /// Leaves the terminal as it was, for the table.
    pub fn finish(&mut self) {
        if self.look == Look::Renewed {
            self.write("\r\x1b[2K");
        }
    }

    /// A terminal that went away is no reason to lose the run: errors are let be.
    fn write(&mut self, text: &str) {
        let _ = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
    }

    /// A plain line is due when a phase begins, and then every few seconds.
    fn is_due(&mut self, phase: Phase) -> bool {
        self.unshown += 1;
        let is_due = self.shown != Some(phase) || self.unshown >= PLAIN_EVERY;
        if is_due {
            self.shown = Some(phase);
            self.unshown = 0;
        }
        is_due
    }
}

fn line(now: &Snapshot) -> String {
    let mut line = match now.phase {
        Phase::Connecting { of } => format!("connecting {} of {}", units(now.connections), units(of)),
        Phase::WarmingUp => "warming up".to_owned(),
        Phase::Measuring { seconds } => format!("{:.0} of {seconds:.0} s", now.at),
        Phase::Stragglers => "waiting for stragglers".to_owned(),
    };
    if !matches!(now.phase, Phase::Connecting { .. }) {
        line += &format!("  {}/s", value(now.per_second));
        if now.p99_ms > 0.0 {
            line += &format!("  p50 {} ms  p99 {} ms", value(now.p50_ms), value(now.p99_ms));
        }
    }
    if now.errors > 0 {
        line += &format!("  {} {}", count(now.errors), plural("error", now.errors));
    }
    if !matches!(now.phase, Phase::Connecting { .. }) {
        line += &format!("  {} connected", units(now.connections));
    }
    if let Some(server) = now.server {
        line += &format!("  server {:.2} cores, {} MiB", server.cores, value(server.rss_mib));
    }
    line
}

fn units(number: usize) -> String {
    count(u64::try_from(number).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measuring(at: f64) -> Snapshot {
        Snapshot {
            phase: Phase::Measuring { seconds: 10.0 },
            at,
            per_second: 123_456.0,
            p50_ms: 1.25,
            p99_ms: 12.5,
            errors: 0,
            connections: 1000,
            server: Some(ServerNow { cores: 0.98, rss_mib: 45.25 }),
        }
    }

    fn written(progress: Progress<Vec<u8>>) -> String {
        String::from_utf8(progress.out).expect("text")
    }

    #[test]
    fn a_line_tells_how_the_run_stands() {
        let expected = "3 of 10 s  123,456/s  p50 1.25 ms  p99 12.5 ms  1,000 connected  server 0.98 cores, 45.2 MiB";
        assert_eq!(line(&measuring(3.0)), expected);
        let connecting =
            Snapshot { phase: Phase::Connecting { of: 50_000 }, errors: 1, connections: 1234, server: None, ..measuring(0.0) };
        assert_eq!(line(&connecting), "connecting 1,234 of 50,000  1 error");
        let idle =
            Snapshot { phase: Phase::WarmingUp, per_second: 0.0, p50_ms: 0.0, p99_ms: 0.0, server: None, ..measuring(0.0) };
        assert_eq!(line(&idle), "warming up  0/s  1,000 connected");
    }

    #[test]
    fn without_a_terminal_a_line_is_written_when_a_phase_begins_and_every_five_seconds() {
        let mut progress = Progress::new(Vec::new(), Look::Plain);
        progress.show(&Snapshot { phase: Phase::WarmingUp, ..measuring(1.0) });
        for second in 1..=10 {
            progress.show(&measuring(f64::from(second)));
        }
        progress.finish();
        let text = written(progress);
        let starts: Vec<&str> = text.lines().map(|line| line.split("  ").next().unwrap_or_default()).collect();
        assert_eq!(starts, ["warming up", "1 of 10 s", "6 of 10 s"]);
        assert!(!text.contains('\x1b'), "{text:?}");
    }

    #[test]
    fn a_terminal_has_one_line_that_is_gone_at_the_end() {
        let mut progress = Progress::new(Vec::new(), Look::Renewed);
        progress.show(&measuring(1.0));
        progress.show(&measuring(2.0));
        progress.finish();
        let text = written(progress);
        assert!(!text.contains('\n') && text.ends_with("\r\x1b[2K"), "{text:?}");
        assert_eq!(text.matches("\r\x1b[2K").count(), 3, "{text:?}");
    }

    #[test]
    fn quiet_is_quiet() {
        let mut progress = Progress::new(Vec::new(), Look::Silent);
        progress.show(&measuring(1.0));
        progress.finish();
        assert_eq!(written(progress), "");
    }
}
