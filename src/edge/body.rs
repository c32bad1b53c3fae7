//! A request's body in memory, never more of it than allowed and never for longer than allowed.

use std::time::Duration;

use actix_web::web::{Bytes, BytesMut, Payload};
use futures_util::StreamExt;
use hubbub_protocol::fault::Fault;
use hubbub_protocol::refusals::Refusals;

/// How long a body of a few megabytes may take to arrive; a peer that stalls does not hold memory for longer.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(30);

/// The largest JSON body: 5 MB, which is what most contracts say.
pub const DEFAULT_BYTES: usize = 5 * 1024 * 1024;

/// How large a body may be, and how long it may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyLimits {
    /// The largest body in bytes.
    pub bytes: usize,
    /// From the head to the last byte.
    pub deadline: Duration,
}

impl Default for BodyLimits {
    fn default() -> Self {
        Self { bytes: DEFAULT_BYTES, deadline: DEFAULT_DEADLINE }
    }
}

/// How much of a body that is refused is read and thrown away, so that an honest client gets to read the refusal
/// instead of a reset connection.
const DRAINED_BYTES: usize = 32 * 1024 * 1024;

/// Reads the whole body.
///
/// # Errors
/// The system's refusal: too large, too slow, or broken off.
pub async fn read(payload: &mut Payload, limits: BodyLimits, refusals: &Refusals) -> Result<Bytes, Fault> {
    match tokio::time::timeout(limits.deadline, collect(payload, limits.bytes)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(Broken::TooLarge)) => Err(refusals.too_large.fault()),
        Ok(Err(Broken::CutOff)) => Err(refusals.invalid_json.fault()),
        Err(_) => Err(refusals.slow_body.fault()),
    }
}

enum Broken {
    TooLarge,
    CutOff,
}

/// Grows with what arrives, never by an announced length.
async fn collect(payload: &mut Payload, limit: usize) -> Result<Bytes, Broken> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Broken::CutOff)?;
        if body.len() + chunk.len() > limit {
            drop(body);
            drain(payload).await;
            return Err(Broken::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// Reads what a refused client still sends, up to a bound and a deadline: one that sees its connection reset does not read why.
pub async fn let_finish(payload: &mut Payload, deadline: Duration) {
    // The refusal is given in any case; who is still sending then may not get to read it.
    let _in_time = tokio::time::timeout(deadline, drain(payload)).await;
}

/// Reads on and throws away, up to a bound.
pub(super) async fn drain(payload: &mut Payload) {
    let mut drained = 0;
    while let Some(Ok(chunk)) = payload.next().await {
        drained += chunk.len();
        if drained > DRAINED_BYTES {
            return;
        }
    }
}
