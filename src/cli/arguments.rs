//! Every command and its help text.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// A realtime hub: one process that serves the headset fleet and the live quiz, their metrics, and a lab for load tests.
///
/// Without a command hubbub serves everything with its defaults, on this machine only. Every setting is a key of the
/// configuration file and an environment variable: `realtime.ping_interval_ms` is HUBBUB_REALTIME__PING_INTERVAL_MS.
/// `hubbub check-config --keys` lists them all.
#[derive(Debug, Parser)]
#[command(name = "hubbub", version, after_help = EXIT_CODES)]
pub(super) struct Arguments {
    /// A TOML file with settings; the environment wins over it
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 failed, 2 a mistake in the configuration or in the arguments.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Serve every enabled system until SIGTERM or Ctrl-C (the default)
    Serve,
    /// Check the configuration and report every mistake in it, without starting anything
    CheckConfig(CheckConfig),
    /// List the secrets in use: those generated at the first start, and those configured
    Secrets(Secrets),
    /// Print a token for a device of the fleet, to be used as `auth.token` or `Authorization: Bearer`
    Token(Token),
    /// Look after the store: check it, write it to a file, read it back. Stop hubbub first
    #[command(subcommand)]
    Store(Store),
    /// Drive a server with load, measure it and check what comes back
    Load(super::load::Options),
}

#[derive(Debug, Args)]
pub(super) struct CheckConfig {
    /// Print the configuration in force as TOML, without secrets
    #[arg(long)]
    pub(super) print: bool,
    /// Print the table of all keys with their defaults and meanings, as Markdown
    #[arg(long, conflicts_with = "print")]
    pub(super) keys: bool,
}

#[derive(Debug, Args)]
pub(super) struct Secrets {
    /// Print the secrets themselves; careful who looks over your shoulder
    #[arg(long)]
    pub(super) show: bool,
}

#[derive(Debug, Args)]
pub(super) struct Token {
    /// The device's id: 8 to 64 letters, digits, `_` and `-`
    #[arg(long, value_name = "ID")]
    pub(super) device_id: String,
    /// headset, tablet or dashboard
    #[arg(long, value_name = "TYPE")]
    pub(super) device_type: String,
}

#[derive(Debug, Subcommand)]
pub(super) enum Store {
    /// Read every snapshot and report what is damaged
    Check,
    /// Write every snapshot as one line of JSON
    Export {
        /// The file to write; it must not exist yet. Without one: standard output
        file: Option<PathBuf>,
    },
    /// Read snapshots that `export` wrote
    Import {
        /// The file to read. Without one: standard input
        file: Option<PathBuf>,
        /// Import into a store that is not empty; snapshots of the same name are replaced
        #[arg(long)]
        merge: bool,
    },
}
