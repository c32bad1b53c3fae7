//! The fleet's behaviour.
//!
//! A [`Device`](device::Device) alone decides who holds it; a [`Tablet`](tablet::Tablet) asks devices and answers its sockets; a
//! [`CaptureSession`](capture::CaptureSession) commits every step of its life before it answers; the [`Roster`](roster::Roster) keeps
//! the last word of every device and session for the lists. Who may await whom: Tablet awaits CaptureSession, Device and Roster,
//! CaptureSession and Roster await Device, Dashboard awaits Roster. A Device awaits nobody: it only sends notices. A
//! [`ChunkedUpload`](uploads::chunked_upload::ChunkedUpload) awaits Roster and CaptureSession, and nobody awaits it.
//! The reports ([`Bucket`](s3_stats::Bucket), [`Inspector`](qa_metrics::Inspector)) await only the stores, and nobody awaits them.

pub mod device;
pub mod roster;

pub mod capture;
pub mod dashboard;
pub mod tablet;
pub mod uploads;

pub mod auth;
pub mod metrics;
pub mod presence;
pub mod rooms;

pub mod qa_metrics;
pub mod reports;
pub mod s3_stats;

use std::sync::Arc;

use hubbub_protocol::fault::Fault;
use hubbub_protocol::fleet::DeviceId;

use crate::kit::caller::Caller;
use crate::kit::deps::Deps;
use crate::kit::emit::Emitter;
use crate::kit::tokens::Tokens;

#[cfg(test)]
mod harness;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod watched;

pub use presence::{connected, disconnected};

/// What the fleet's actors share beside the kit: put into the [`Deps`] at start-up.
pub struct Wiring {
    /// The way to the fleet's sockets.
    pub emitter: Emitter,
    /// What they count.
    pub metrics: metrics::Metrics,
    /// The fleet's tokens.
    pub tokens: Tokens,
    /// What a device shows to get its first token.
    pub enrolment: auth::Enrolment,
    /// How long the locks of a tablet whose socket dropped are kept for it to come back.
    pub lock_grace_ms: i64,
    /// Where recordings are kept.
    pub files: uploads::Files,
}

impl Wiring {
    /// Returns the wiring that was put into `deps`.
    #[must_use]
    pub fn of(deps: &Deps) -> Arc<Self> {
        deps.extension()
    }
}

/// Returns the device id of the caller's token.
fn device_id(caller: &Caller) -> Result<DeviceId, Fault> {
    DeviceId::parse(caller.subject()?).map_err(|_| hubbub_protocol::fleet::error::invalid_device_id())
}
