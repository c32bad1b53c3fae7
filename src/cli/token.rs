//! `hubbub token`: a device token from the shell, without the network.

use std::path::Path;

use hubbub_actors::kit::clock::{Clock, SystemClock};
use hubbub_actors::kit::ids::SystemRandom;
use hubbub_actors::kit::tokens::Tokens;
use hubbub_protocol::contract::System;
use hubbub_protocol::fleet::Fleet;
use hubbub_protocol::fleet::auth::{TOKEN_LIFETIME_SECS, read_claims};

use super::arguments::Token;
use super::failure::Failure;
use super::output::print_line;
use crate::config::JWT_SECRET;

/// Prints the token alone, fit for `$(hubbub token ...)`.
pub(super) fn run(file: Option<&Path>, options: &Token) -> Result<(), Failure> {
    let config = super::read_config(file)?.config;
    let claims = read_claims(Some(&options.device_id), Some(&options.device_type));
    let claims = claims.map_err(|fault| Failure::Misuse(fault.message))?;
    let secrets = config.open_secrets(&SystemRandom).map_err(|error| Failure::because(&error))?;
    let key = secrets.get(JWT_SECRET).ok_or_else(|| Failure::Failed(format!("there is no `{JWT_SECRET}`")))?;
    let lifetime_secs = TOKEN_LIFETIME_SECS;
    print_line(Tokens::new(Fleet::NAME, key.as_bytes()).issue(&claims, lifetime_secs, SystemClock.now()))
}
