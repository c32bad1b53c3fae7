//! The built program in a process of its own: its memory is its own, and it can be killed.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use tempfile::TempDir;

use super::metrics;

/// A running hub in a process of its own; killed when dropped.
pub struct Served {
    process: Child,
    urls: HashMap<String, String>,
    data: Arc<TempDir>,
}

impl Served {
    /// Starts a hub on free ports with a data directory of its own; `settings` are environment variables without `HUBBUB_`.
    pub fn start(settings: &[(&str, &str)]) -> Self {
        Self::start_on(Arc::new(TempDir::new().expect("a temporary directory")), settings)
    }

    /// Starts a hub on a data directory that another one left.
    pub fn start_on(data: Arc<TempDir>, settings: &[(&str, &str)]) -> Self {
        let log = File::options().create(true).append(true).open(data.path().join("log")).expect("a log file");
        let directory = data.path().join("data").display().to_string();
        let free_ports =
            [("FLEET__PORT", "0"), ("QUIZ__PORT", "0"), ("LAB__PORT", "0"), ("OPS__PORT", "0"), ("LOG__LEVEL", "debug")];
        let base = free_ports.into_iter().chain([("DATA_DIR", directory.as_str())]);
        let variables = base.chain(settings.iter().copied()).map(|(name, value)| (format!("HUBBUB_{name}"), value));
        let mut command = Command::new(env!("CARGO_BIN_EXE_hubbub"));
        command.env_clear().envs(variables).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut process = command.spawn().expect("the program starts");
        let lines = BufReader::new(process.stdout.take().expect("a pipe")).lines().map(|line| line.expect("text"));
        let listeners: Vec<String> = lines.take_while(|line| line != "ready").collect();
        let urls = listeners.iter().filter_map(|line| line.split_once(" listening on "));
        let urls = urls.map(|(system, url)| (system.to_owned(), url.to_owned())).collect();
        Self { process, urls, data }
    }

    /// Returns the URL of a system.
    pub fn url(&self, system: &str) -> &str {
        self.urls.get(system).unwrap_or_else(|| panic!("`{system}` is served: {:?}\n{}", self.urls, self.log()))
    }

    /// Returns the resident memory in bytes.
    pub fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).expect("the process lives");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line on resident memory");
        let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
        kib * 1024
    }

    /// Returns the sum of a metric's samples whose labels contain `labels`.
    pub async fn metric(&self, name: &str, labels: &str) -> f64 {
        metrics::read(self.url("ops"), name, labels).await
    }

    /// Waits until a metric is `expected`.
    pub async fn until_metric(&self, name: &str, labels: &str, expected: f64) {
        metrics::until(self.url("ops"), name, labels, expected).await;
    }

    /// Returns everything that was logged on this data directory so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.data.path().join("log")).unwrap_or_default()
    }

    /// Kills the process at once and returns its data directory.
    pub fn kill(mut self) -> Arc<TempDir> {
        self.process.kill().expect("the process lives");
        self.process.wait().expect("the process ends");
        Arc::clone(&self.data)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _already_over = self.process.kill();
        let _ = self.process.wait();
    }
}
