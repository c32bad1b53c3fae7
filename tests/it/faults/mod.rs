//! What goes wrong outside the rules: a killed process, a panicking actor.

mod kill;
mod panic;
