//! What the operating system says about this process: time, memory, open files.

use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

/// The kernel's clock ticks in `/proc`, per second: 100 on every Linux that has been shipped for decades.
const TICKS_PER_SEC: f64 = 100.0;

/// One reading.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Process {
    /// Processor time in user mode, in seconds; all of it where the system does not tell the two apart.
    pub cpu_user_secs: f64,
    /// Processor time in the kernel, in seconds.
    pub cpu_system_secs: f64,
    /// When the process started, in seconds since 1970.
    pub start_time_secs: u64,
    /// Memory that is resident.
    pub resident_bytes: u64,
    /// Address space that is taken.
    pub virtual_bytes: u64,
    /// The data segment: heap and stacks; the resident memory where the system does not say.
    pub heap_bytes: u64,
    /// Open file descriptors, sockets included.
    pub open_fds: u64,
    /// How many there may be.
    pub max_fds: u64,
}

impl Process {
    /// Takes a reading; what the system does not tell is 0.
    #[must_use]
    pub fn read() -> Self {
        let Ok(mut system) = System::new() else { return Self::default() };
        let id = Pid::from_u32(std::process::id());
        let kind = ProcessRefreshKind::nothing().with_cpu().with_memory();
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&[id]), false, kind);
        let Some(process) = system.process(id) else { return Self::default() };
        let cpu_secs = std::time::Duration::from_millis(process.accumulated_cpu_time()).as_secs_f64();
        let (cpu_user_secs, cpu_system_secs) = cpu_split().unwrap_or((cpu_secs, 0.0));
        let resident_bytes = process.memory();
        Self {
            cpu_user_secs,
            cpu_system_secs,
            start_time_secs: process.start_time(),
            resident_bytes,
            virtual_bytes: process.virtual_memory(),
            heap_bytes: data_segment_bytes().unwrap_or(resident_bytes),
            open_fds: count(process.open_files()),
            max_fds: count(process.open_files_limit()),
        }
    }
}

fn count(files: Option<usize>) -> u64 {
    files.and_then(|files| u64::try_from(files).ok()).unwrap_or(0)
}

/// Reads user and system time from `/proc/self/stat`: fields 14 and 15, counted after the command's closing parenthesis.
fn cpu_split() -> Option<(f64, f64)> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let mut ticks = fields.split_whitespace().skip(11).map(|field| field.parse::<f64>().ok());
    Some((ticks.next()?? / TICKS_PER_SEC, ticks.next()?? / TICKS_PER_SEC))
}

fn data_segment_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmData:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_running_process_has_memory_and_files() {
        let process = Process::read();
        assert!(process.resident_bytes > 0 && process.virtual_bytes >= process.resident_bytes, "{process:?}");
        assert!(process.heap_bytes > 0 && process.start_time_secs > 1_700_000_000, "{process:?}");
        assert!(process.open_fds > 0 && process.max_fds >= process.open_fds, "{process:?}");
    }
}
