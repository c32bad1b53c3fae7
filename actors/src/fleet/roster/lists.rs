//! The three lists that everyone is told, at most ten times a second.

use std::time::Duration;

use actix::{AsyncContext, Context};

use super::Roster;
use super::state::Changed;
use crate::kit::ids::SocketId;

const REST: Duration = Duration::from_millis(100);

impl Roster {
    /// Tells everyone the lists that changed: now, or when the last telling is a tenth of a second ago.
    pub(super) fn tell_lists_soon(&mut self, changed: Changed, ctx: &mut Context<Self>) {
        self.untold.add(changed);
        if !self.is_resting && !self.untold.is_nothing() {
            self.tell_lists(ctx);
        }
    }

    fn tell_lists(&mut self, ctx: &mut Context<Self>) {
        let changed = std::mem::take(&mut self.untold);
        let emitter = &self.wiring.emitter;
        if changed.online {
            emitter.all(&self.state.headsets());
        }
        if changed.online || changed.locks || changed.names {
            emitter.all(&self.state.headsets_with_lock_status());
        }
        if changed.online || changed.locks {
            emitter.all(&self.state.locks());
        }
        self.is_resting = true;
        ctx.run_later(REST, |roster, ctx| {
            roster.is_resting = false;
            roster.tell_lists_soon(Changed::default(), ctx);
        });
    }

    /// Tells one socket all three lists.
    pub(super) fn welcome(&self, socket: &SocketId) {
        let emitter = &self.wiring.emitter;
        emitter.socket(socket, &self.state.headsets());
        emitter.socket(socket, &self.state.headsets_with_lock_status());
        emitter.socket(socket, &self.state.locks());
    }
}
