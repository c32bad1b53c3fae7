//! Standard output: what a command was asked to print.

use std::fmt::Display;
use std::io::{ErrorKind, Write, stdout};

use super::failure::Failure;

/// Prints a text as it is. A reader that has seen enough (`| head`) is no failure.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut out = stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::while_doing("cannot write to standard output", &error))
        }
        _ => Ok(()),
    }
}

/// Prints one line.
pub(super) fn print_line(line: impl Display) -> Result<(), Failure> {
    print(&format!("{line}\n"))
}
