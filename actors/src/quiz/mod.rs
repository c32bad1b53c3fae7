//! The quiz's behaviour.

pub mod room;
