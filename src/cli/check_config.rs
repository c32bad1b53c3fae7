//! `hubbub check-config`.

use std::path::Path;

use super::arguments::CheckConfig;
use super::failure::Failure;
use super::output::{print, print_line};
use crate::config;

pub(super) fn run(file: Option<&Path>, options: &CheckConfig) -> Result<(), Failure> {
    let loaded = super::read_config(file)?;
    if options.keys {
        return print(&config::keys_table(&loaded.keys));
    }
    for warning in loaded.config.warnings() {
        eprintln!("warning: {warning}");
    }
    if options.print { print(&config::effective(&loaded.keys)) } else { print_line("the configuration is fine") }
}
