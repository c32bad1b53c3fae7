//! Camera frames: passed on verbatim, at most 60 a second, to whoever watches this headset.
//!
//! Decision: frames go through the device's actor like everything else of a headset. Reason: its reply is immediate, the payload is
//! moved and not copied, and the pacing is one more rule of the device's state. A profile that shows the mailbox would change our mind.

use actix::{Context, Handler};
use hubbub_protocol::contract::Emit;
use hubbub_protocol::fault::Fault;
use hubbub_protocol::fleet::error;
use hubbub_protocol::fleet::headset::{Frame, FrameUpdated};
use hubbub_protocol::wire::args::Args;

use super::Device;
use crate::fleet::device_id;
use crate::kit::ask::{Ask, KeyOf, Route, Routed};
use crate::kit::deps::Deps;
use crate::kit::emit::Delivery;

impl Routed for Frame {
    type Actor = Device;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<KeyOf<Device>>, Fault> {
        Ok(Route::Find(device_id(&ask.caller)?, error::not_identified()))
    }
}

impl Handler<Ask<Frame>> for Device {
    type Result = Result<(), Fault>;

    fn handle(&mut self, ask: Ask<Frame>, _: &mut Context<Self>) -> Self::Result {
        let headset = self.registered(&ask.caller)?;
        let Some(frame) = ask.body.data else {
            self.wiring.metrics.frames_dropped.increment(1);
            return Err(error::invalid_frame());
        };
        if !self.state.admit_frame(self.deps.now()) {
            self.wiring.metrics.frames_dropped.increment(1);
            return Ok(());
        }
        self.note_activity();
        let args = Args::Json([frame].into_iter().collect());
        let delivery = self.wiring.emitter.latest_args(&self.room, Some(headset), self.id.as_str(), FrameUpdated::NAME, &args);
        self.count(delivery);
        Ok(())
    }
}

impl Device {
    fn count(&mut self, delivery: Delivery) {
        self.wiring.metrics.frames_dropped.increment(delivery.superseded as u64);
        if let Some(frames) = self.batch.add(delivery) {
            self.wiring.metrics.frame_batch_size.record(frames);
        }
    }
}

/// How many accepted frames one delivery to the room stands for: more than one when nobody had read the frames before.
#[derive(Debug, Default)]
pub(super) struct Batch {
    unread: u32,
}

impl Batch {
    /// Takes account of a frame. Returns the size of the batch that it begins or closes, unless nobody had read the one before.
    fn add(&mut self, delivery: Delivery) -> Option<u32> {
        let nobody_had_read = delivery.receivers > 0 && delivery.superseded == delivery.receivers;
        if nobody_had_read {
            self.unread = self.unread.saturating_add(1);
            return None;
        }
        Some(1 + std::mem::take(&mut self.unread))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_stands_for_the_frames_that_nobody_had_read() {
        let mut batch = Batch::default();
        let delivery = |receivers, superseded| Delivery { receivers, superseded };
        let sizes: Vec<Option<u32>> =
            [(2, 0), (2, 1), (2, 2), (2, 2), (2, 0), (0, 0)].map(|(to, over)| batch.add(delivery(to, over))).into();
        assert_eq!(sizes, [Some(1), Some(1), None, None, Some(3), Some(1)]);
    }
}
