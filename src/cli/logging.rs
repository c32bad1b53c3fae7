//! The log goes to standard error; standard output belongs to what a command prints.

use std::io::IsTerminal;
use std::panic::PanicHookInfo;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::SubscriberBuilder;

use crate::config::{Log, LogFormat, LogLevel};

/// Starts to log; from now on panics are log lines as well.
pub(super) fn start(log: &Log) {
    let builder = SubscriberBuilder::default()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_env_filter(filter(log.level));
    // A second subscriber in one process (in tests) changes nothing.
    let _ = match log.format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    std::panic::set_hook(Box::new(log_panic));
}

/// The level is hubbub's own; what its dependencies say below a warning would drown it.
fn filter(level: LogLevel) -> EnvFilter {
    let own = match level {
        LogLevel::Off => return EnvFilter::new("off"),
        LogLevel::Trace => return EnvFilter::new("trace"),
        LogLevel::Error => return EnvFilter::new("error"),
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
    };
    EnvFilter::new(format!("warn,hubbub={own},hubbub_actors={own},hubbub_protocol={own}"))
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let message = panic.payload_as_str().unwrap_or("no message");
    let location = panic.location().map(tracing::field::display);
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("unnamed");
    tracing::error!(location, thread, "a panic: {message}");
}
