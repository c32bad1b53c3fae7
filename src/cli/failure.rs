//! How a command fails: one message on standard error, and an exit code.

use std::error::Error;
use std::fmt::Display;
use std::process::ExitCode;

use crate::config::Mistakes;

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub(super) enum Failure {
    /// The configuration or an argument is wrong: nothing was done.
    Misuse(String),
    /// It was tried and did not work.
    Failed(String),
}

impl Failure {
    /// Says what did not work, with every cause beneath it.
    pub(super) fn because(error: &dyn Error) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            let text = error.to_string();
            // Some errors repeat their cause in their own text.
            if !message.contains(&text) {
                message = format!("{message}: {text}");
            }
            cause = error.source();
        }
        Self::Failed(message)
    }

    /// Says what was being done when it did not work.
    pub(super) fn while_doing(what: impl Display, error: &impl Display) -> Self {
        Self::Failed(format!("{what}: {error}"))
    }

    /// Prints the message and returns the exit code.
    pub(super) fn report(&self) -> ExitCode {
        let (message, code) = match self {
            Self::Misuse(message) => (message, 2),
            Self::Failed(message) => (message, 1),
        };
        eprintln!("hubbub: {message}");
        ExitCode::from(code)
    }
}

impl From<Mistakes> for Failure {
    fn from(mistakes: Mistakes) -> Self {
        Self::Misuse(mistakes.to_string())
    }
}
