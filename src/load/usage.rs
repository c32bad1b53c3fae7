//! What a process costs: processor time and memory, from `/proc`.

use std::fs;

use thiserror::Error;

/// The kernel's clock ticks in `/proc`, per second: 100 on every Linux that has been shipped for decades.
const TICKS_PER_SEC: f64 = 100.0;
const KIB_PER_MIB: f64 = 1024.0;

/// Reads one process again and again, and remembers the most memory that it saw.
#[derive(Debug)]
pub struct Sampler {
    pid: u32,
    /// The kernel's own peak when sampling began: memory of before is no cost of this run.
    peak_before_kib: u64,
    most_seen_kib: u64,
}

/// What a process has used up to now.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Reading {
    /// Processor seconds since it started, in user mode and in the kernel, of all its threads.
    pub cpu_seconds: f64,
    /// Resident memory in MiB.
    pub rss_mib: f64,
    /// The most resident memory since sampling began, in MiB.
    pub peak_rss_mib: f64,
}

/// Why a process cannot be read.
#[derive(Debug, Error)]
pub enum Unreadable {
    /// There is none with this id.
    #[error("there is no process {0}: pass the id of the running server, as `pidof hubbub` prints it")]
    Gone(u32),
    /// The system does not tell about it.
    #[error("cannot read process {pid}: {source}")]
    Refused {
        /// The process.
        pid: u32,
        /// What the system said.
        source: std::io::Error,
    },
    /// The system tells something else than Linux does.
    #[error("cannot read process {0}: `/proc` does not look like Linux")]
    Foreign(u32),
}

impl Sampler {
    /// Begins to sample a process; fails if it cannot be read.
    ///
    /// # Errors
    /// When there is no such process, or it belongs to somebody else who hides it.
    pub fn new(pid: u32) -> Result<Self, Unreadable> {
        let peak_before_kib = Memory::of(pid)?.peak_kib;
        let mut sampler = Self { pid, peak_before_kib, most_seen_kib: 0 };
        sampler.read()?;
        Ok(sampler)
    }

    /// Returns the process's id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Takes a reading.
    ///
    /// # Errors
    /// When the process has ended.
    pub fn read(&mut self) -> Result<Reading, Unreadable> {
        let memory = Memory::of(self.pid)?;
        self.most_seen_kib = self.most_seen_kib.max(memory.resident_kib);
        // The kernel sees peaks between two readings, but only a new one is known to have come since sampling began.
        let is_new_peak = memory.peak_kib > self.peak_before_kib;
        let peak_kib = if is_new_peak { memory.peak_kib } else { self.most_seen_kib };
        let cpu_seconds = cpu_seconds(self.pid)?;
        Ok(Reading { cpu_seconds, rss_mib: mib(memory.resident_kib), peak_rss_mib: mib(peak_kib) })
    }
}

#[expect(clippy::cast_precision_loss, reason = "no process has 2^53 KiB")]
fn mib(kib: u64) -> f64 {
    kib as f64 / KIB_PER_MIB
}

struct Memory {
    resident_kib: u64,
    peak_kib: u64,
}

impl Memory {
    /// Reads `/proc/PID/status`; a process that has ended and was not waited for yet has no memory any more.
    fn of(pid: u32) -> Result<Self, Unreadable> {
        let status = read(pid, "status")?;
        let kib = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok())
        };
        match (kib("VmRSS:"), kib("VmHWM:")) {
            (Some(resident_kib), Some(peak_kib)) => Ok(Self { resident_kib, peak_kib }),
            _ => Err(Unreadable::Gone(pid)),
        }
    }
}

/// Reads user and system time from `/proc/PID/stat`: fields 14 and 15, counted after the command's closing parenthesis.
fn cpu_seconds(pid: u32) -> Result<f64, Unreadable> {
    let stat = read(pid, "stat")?;
    ticks(&stat).map(|ticks| ticks / TICKS_PER_SEC).ok_or(Unreadable::Foreign(pid))
}

fn ticks(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut ticks = fields.split_whitespace().skip(11).map(|field| field.parse::<f64>().ok());
    Some(ticks.next()?? + ticks.next()??)
}

fn read(pid: u32, file: &str) -> Result<String, Unreadable> {
    let missing = |error: &std::io::Error| error.kind() == std::io::ErrorKind::NotFound;
    // ESRCH: the process ended between opening the file and reading it.
    let ended = |error: &std::io::Error| error.raw_os_error() == Some(3);
    fs::read_to_string(format!("/proc/{pid}/{file}")).map_err(|source| match source {
        error if missing(&error) || ended(&error) => Unreadable::Gone(pid),
        source => Unreadable::Refused { pid, source },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// More than any process id that Linux gives out.
    const NOBODY: u32 = 4_194_305;

    #[test]
    fn this_process_is_read() {
        let mut sampler = Sampler::new(std::process::id()).expect("it runs");
        let first = sampler.read().expect("it runs");
        assert!(first.rss_mib > 0.5 && first.peak_rss_mib >= first.rss_mib, "{first:?}");
        let second = sampler.read().expect("it runs");
        assert!(second.cpu_seconds >= first.cpu_seconds && second.peak_rss_mib >= first.peak_rss_mib, "{second:?}");
    }

    #[test]
    fn a_peak_of_the_run_is_seen_between_two_readings() {
        const BIG: usize = 64 << 20;
        let mut sampler = Sampler::new(std::process::id()).expect("it runs");
        sampler.peak_before_kib = 0;
        let before = sampler.read().expect("it runs");
        drop(std::hint::black_box(vec![1u8; BIG]));
        let after = sampler.read().expect("it runs");
        assert!(after.peak_rss_mib >= before.rss_mib.max(64.0), "{before:?} {after:?}");
    }

    #[test]
    fn a_process_that_does_not_exist_is_named() {
        let error = Sampler::new(NOBODY).expect_err("there is none");
        assert_eq!(
            error.to_string(),
            "there is no process 4194305: pass the id of the running server, as `pidof hubbub` prints it"
        );
    }

    #[test]
    fn a_command_with_parentheses_is_no_riddle() {
        assert_eq!(ticks("7 (a) b) S 1 2 3 4 5 6 7 8 9 10 120 30 0 0"), Some(150.0));
        assert_eq!(ticks("7 (a S 1 2"), None);
    }
}
