//! Starts a server on a core of its own and reads what it costs from `/proc`.

use std::{
    io::{BufRead, BufReader},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, Stdio},
};

/// The core of the servers, and the one of the generator.
const SERVER_CORE: &str = "0";
const GENERATOR_CORE: &str = "1";
/// Set once the generator runs pinned.
const PINNED: &str = "LAB_LOAD_PINNED";
/// Linux reports processor time in hundredths of a second.
const TICKS_PER_SECOND: f64 = 100.0;

#[derive(Clone, Copy)]
pub enum Kind {
    Hubbub,
    SocketIo,
}

impl Kind {
    pub fn named(name: &str) -> Result<Self, String> {
        [Self::Hubbub, Self::SocketIo].into_iter().find(|kind| kind.name() == name).ok_or_else(|| format!("no server {name}"))
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Hubbub => "hubbub",
            Self::SocketIo => "socketio",
        }
    }

    fn command(self) -> Result<Vec<PathBuf>, String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        match self {
            Self::Hubbub => Ok(vec![env!("CARGO_BIN_EXE_hubbub").into(), "serve".into()]),
            Self::SocketIo => {
                let peer = root.join("benches/peers/socketio");
                if !peer.join("node_modules").is_dir() {
                    let installed = Command::new("npm")
                        .args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
                        .current_dir(&peer)
                        .status();
                    if !installed.is_ok_and(|status| status.success()) {
                        return Err(format!("`npm ci` failed in {}", peer.display()));
                    }
                }
                Ok(vec!["node".into(), peer.join("server.js")])
            }
        }
    }
}

/// A running server; ended when dropped.
pub struct Server {
    child: Child,
    url: String,
    data: PathBuf,
}

impl Server {
    pub fn start(kind: Kind) -> Result<Self, String> {
        let data = std::env::temp_dir().join(format!("lab-load-{}", std::process::id()));
        let mut command = pinned(SERVER_CORE);
        command.args(kind.command()?).env("HUBBUB_DATA_DIR", &data).stdout(Stdio::piped()).stderr(Stdio::null());
        for (key, value) in [
            ("LAB__ENABLED", "true"),
            ("LAB__PORT", "0"),
            ("FLEET__ENABLED", "false"),
            ("OPS__PORT", "0"),
            ("LIMITS__SCALE", "0"),
            ("LOG__LEVEL", "warn"),
        ] {
            command.env(format!("HUBBUB_{key}"), value);
        }
        let mut child = command.spawn().map_err(|error| format!("{}: {error}", kind.name()))?;
        let output = child.stdout.take().ok_or("no output")?;
        let mut server = Self { child, url: String::new(), data };
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        while let Some(line) = lines.find(|line| line == "ready" || line.starts_with("lab listening on ")) {
            match line.strip_prefix("lab listening on ") {
                Some(url) => server.url = url.trim_end_matches('/').to_owned(),
                None if server.url.is_empty() => return Err(format!("{} serves no lab", kind.name())),
                None => return Ok(server),
            }
        }
        Err(format!("{} ended before it was ready", kind.name()))
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing to do about either outcome.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.data);
    }
}

/// Runs the generator again on its own core; gives the result of that run, or nothing when this is it.
pub fn pin_generator() -> Option<ExitCode> {
    let single_core = std::thread::available_parallelism().is_ok_and(|cores| cores.get() < 2);
    if single_core || std::env::var_os(PINNED).is_some() {
        return None;
    }
    let program = std::env::current_exe().ok()?;
    let error = pinned(GENERATOR_CORE).arg(program).args(std::env::args_os().skip(1)).env(PINNED, "1").exec();
    eprintln!("lab_load: cannot pin the generator ({error}); going on without");
    None
}

fn pinned(core: &str) -> Command {
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", core]);
    command
}

/// Processor seconds that a process has used so far, with all its threads.
pub fn cpu_seconds(pid: u32) -> Result<f64, String> {
    let stat = read(&format!("/proc/{pid}/stat"))?;
    // The name in brackets may hold spaces; utime and stime are the 12th and 13th fields after it.
    let ticks = stat
        .rsplit(')')
        .next()
        .map(|rest| rest.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum::<f64>());
    ticks.map(|ticks| ticks / TICKS_PER_SECOND).ok_or_else(|| format!("unreadable: {stat}"))
}

/// The most memory that a process has had resident, in MiB.
pub fn peak_mib(pid: u32) -> Result<f64, String> {
    let status = read(&format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().map_err(|error| format!("{line}: {error}"))?;
    Ok(kib / 1024.0)
}

fn read(path: &str) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))
}
