//! The quiz's behaviour.
//!
//! Reading order: [`accounts`] is who somebody is.

pub mod accounts;
