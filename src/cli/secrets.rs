//! `hubbub secrets`.

use std::path::Path;

use hubbub_actors::kit::ids::SystemRandom;

use super::arguments::Secrets as Options;
use super::failure::Failure;
use super::output::print_line;

/// Prints one line per secret: its name, where it comes from, and its value if that was asked for.
pub(super) fn run(file: Option<&Path>, options: &Options) -> Result<(), Failure> {
    let config = super::read_config(file)?.config;
    let secrets = config.open_secrets(&SystemRandom).map_err(|error| Failure::because(&error))?;
    let wanted = config.wanted_secrets();
    let widest = wanted.iter().map(|secret| secret.name.len()).max().unwrap_or(0);
    for secret in wanted {
        let origin = if secret.configured.is_some() { "configured" } else { "generated" };
        let value = secrets.get(&secret.name).filter(|_| options.show).unwrap_or("(--show prints it)");
        print_line(format_args!("{:<widest$}  {origin:<10}  {value}", secret.name))?;
    }
    Ok(())
}
