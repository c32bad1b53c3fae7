//! The command line: what an operator types, and what comes back.
//!
//! Reading order: `arguments` (every command with its help), `failure` (messages and exit codes), then one file per
//! command.

mod arguments;
mod failure;
mod logging;
mod output;

mod check_config;
mod load;
mod secrets;
mod serve;
mod store;
mod token;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};
use failure::Failure;

/// Runs the program: 0 done, 1 failed, 2 a mistake in the configuration or in the arguments.
#[must_use]
pub fn run() -> ExitCode {
    let Arguments { config, command } = Arguments::parse();
    let file = config.as_deref();
    let outcome = match command.unwrap_or(Command::Serve) {
        Command::Serve => serve::run(file),
        Command::CheckConfig(options) => check_config::run(file, &options),
        Command::Secrets(options) => secrets::run(file, &options),
        Command::Token(options) => token::run(file, &options),
        Command::Store(command) => store::run(file, &command),
        Command::Load(options) => load::run(options),
    };
    outcome.map_or_else(|failure| failure.report(), |()| ExitCode::SUCCESS)
}

/// Reads the configuration as every command does.
fn read_config(file: Option<&std::path::Path>) -> Result<crate::config::Loaded, Failure> {
    Ok(crate::config::Config::load(file, std::env::vars_os())?)
}
