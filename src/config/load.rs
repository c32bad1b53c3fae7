//! The whole configuration, and how it comes about.

use std::ffi::OsString;
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use hubbub_actors::kit::ids::Random;
use hubbub_actors::kit::secrets::{Secrets, SecretsError, Wanted};

use super::blobs::{self, Blobs, BlobsKind};
use super::fleet::{self, Fleet};
use super::hub::{self, Log};
use super::lab::{self, Lab};
use super::ops::{self, Ops};
use super::quiz::{self, Quiz};
use super::reader::{Key, Reader};
use super::realtime::{self, Realtime};
use super::source::Source;
use super::unknown;
use crate::edge::address::Network;

/// Everything that can be configured.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Where data lies.
    pub data_dir: PathBuf,
    /// What all listeners are bound to.
    pub bind: IpAddr,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// What is logged.
    pub log: Log,
    /// Timing and bounds of realtime connections.
    pub realtime: Realtime,
    /// Multiplies every rate limit; 0: off.
    pub limits_scale: f64,
    /// Where files are kept.
    pub blobs: Blobs,
    /// The headset fleet.
    pub fleet: Fleet,
    /// The live quiz.
    pub quiz: Quiz,
    /// The lab.
    pub lab: Lab,
    /// Health and metrics.
    pub ops: Ops,
}

impl Default for Config {
    /// Returns what an empty file and an empty environment give.
    fn default() -> Self {
        read(&mut Reader::new(&Source::default()))
    }
}

/// A configuration together with what `check-config` prints about it.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// Every key, with the value in force.
    pub keys: Vec<Key>,
}

/// Every mistake in a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistakes(pub Vec<String>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = if self.0.len() == 1 { "mistake" } else { "mistakes" };
        write!(f, "the configuration has {} {noun}:", self.0.len())?;
        for mistake in &self.0 {
            write!(f, "\n  - {mistake}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}

impl Config {
    /// Reads a file, if there is one, and the environment over it.
    ///
    /// # Errors
    /// Every mistake in both.
    pub fn load(file: Option<&Path>, environment: impl IntoIterator<Item = (OsString, OsString)>) -> Result<Loaded, Mistakes> {
        let text = match file.map(|path| (path, std::fs::read_to_string(path))) {
            None => None,
            Some((_, Ok(text))) => Some(text),
            Some((path, Err(error))) => return Err(Mistakes(vec![format!("cannot read {}: {error}", path.display())])),
        };
        Self::parse(text.as_deref(), environment).map_err(|mistakes| match file {
            Some(path) => Mistakes(mistakes.0.into_iter().map(|mistake| locate(path, mistake)).collect()),
            None => mistakes,
        })
    }

    /// Reads a file's text and the environment over it.
    ///
    /// # Errors
    /// Every mistake in both.
    pub fn parse(file: Option<&str>, environment: impl IntoIterator<Item = (OsString, OsString)>) -> Result<Loaded, Mistakes> {
        let mut source = match file.map(Source::file) {
            None => Source::default(),
            Some(Ok(source)) => source,
            Some(Err(broken)) => return Err(Mistakes(vec![broken])),
        };
        source.put_environment(environment);
        let mut reader = Reader::new(&source);
        let config = read(&mut reader);
        let Reader { keys, mut mistakes, .. } = reader;
        mistakes.extend(unknown::find(&source, &keys));
        mistakes.extend(config.contradictions());
        if mistakes.is_empty() { Ok(Loaded { config, keys }) } else { Err(Mistakes(mistakes)) }
    }

    /// Lists the secrets of all systems and of the files: as configured, or to be generated.
    #[must_use]
    pub fn wanted_secrets(&self) -> Vec<Wanted> {
        let quiz = self.quiz.enabled.then(|| self.quiz.wanted_secrets());
        let systems = self.fleet.wanted_secrets().into_iter().chain(quiz.into_iter().flatten());
        systems.chain(self.blobs.wanted_secrets()).collect()
    }

    /// Returns the secrets of all systems, after generating into `data_dir` what is neither configured nor there yet.
    ///
    /// # Errors
    /// What is wrong with the file of secrets.
    pub fn open_secrets(&self, random: &dyn Random) -> Result<Secrets, SecretsError> {
        Secrets::open(&self.data_dir, &self.wanted_secrets(), random)
    }

    /// Returns where the store lies.
    #[must_use]
    pub fn store_dir(&self) -> PathBuf {
        self.data_dir.join("store")
    }

    /// Returns where files lie.
    #[must_use]
    pub fn blobs_dir(&self) -> PathBuf {
        self.data_dir.join("blobs")
    }

    /// Returns where data files of the fleet lie while its QA metrics read them.
    #[must_use]
    pub fn qa_dir(&self) -> PathBuf {
        self.data_dir.join("qa")
    }

    /// Returns what a careful operator would want to know before others do.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        if self.bind.is_loopback() {
            return Vec::new();
        }
        let opened = [
            self.fleet.open_to_the_network().map(|what| ("fleet", self.fleet.port, what)),
            self.quiz.open_to_the_network().map(|what| ("quiz", self.quiz.port, what)),
            self.lab.open_to_the_network().map(|what| ("lab", self.lab.port, what)),
        ];
        let opened = opened.into_iter().flatten();
        let mut warnings: Vec<_> =
            opened.map(|(system, port, what)| format!("{system} on {}:{port}: {what}", self.bind)).collect();
        let is_unreachable = self.fleet.enabled && self.blobs.kind == BlobsKind::Local && self.fleet.public_url.is_none();
        if is_unreachable && self.bind.is_unspecified() {
            warnings.push(
                "`fleet.public_url` is not set: the addresses that headsets upload parts to lead to localhost; set it to how they \
                 reach this port, such as http://192.0.2.10:3200"
                    .to_owned(),
            );
        }
        if self.limits_scale <= 0.0 {
            warnings.push("`limits.scale` is 0: no rate limit protects any system".to_owned());
        }
        warnings
    }

    /// Returns mistakes that no key has alone.
    fn contradictions(&self) -> Vec<String> {
        let listeners = [
            ("fleet", self.fleet.enabled, self.fleet.port),
            ("quiz", self.quiz.enabled, self.quiz.port),
            ("lab", self.lab.enabled, self.lab.port),
            ("ops", self.ops.enabled, self.ops.port),
        ];
        let in_use: Vec<_> = listeners.into_iter().filter(|(_, enabled, port)| *enabled && *port != 0).collect();
        let mut mistakes = self.blobs.contradictions();
        for (position, (system, _, port)) in in_use.iter().enumerate() {
            for (other, _, _) in in_use.iter().take(position).filter(|(_, _, other_port)| other_port == port) {
                mistakes.push(format!("`{other}.port` and `{system}.port` are both {port}"));
            }
        }
        mistakes
    }
}

/// Names the file in a mistake that only has a line.
fn locate(path: &Path, mistake: String) -> String {
    if mistake.starts_with("line ") { format!("{}, {mistake}", path.display()) } else { mistake }
}

/// Reads all sections in the order in which they are printed.
fn read(reader: &mut Reader<'_>) -> Config {
    let hub = hub::read(reader);
    Config {
        data_dir: hub.data_dir,
        bind: hub.bind,
        trusted_proxies: hub.trusted_proxies,
        log: hub::read_log(reader),
        realtime: realtime::read(reader),
        limits_scale: hub::read_limits_scale(reader),
        blobs: blobs::read(reader),
        fleet: fleet::read(reader),
        quiz: quiz::read(reader),
        lab: lab::read(reader),
        ops: ops::read(reader),
    }
}
