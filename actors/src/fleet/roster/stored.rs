//! What the roster reads at its start: every stored device and session.

use hubbub_protocol::fleet::{DeviceId, SessionId};

use super::state::{DeviceWord, SessionWord, State};
use crate::fleet::capture::{self, CaptureSession};
use crate::fleet::device::{self, Device};
use crate::kit::registry::Entity;
use crate::kit::snapshot::SnapshotStore;
use crate::kit::snapshot::reading::each;

/// The words of all stored devices and sessions.
pub(super) struct Words {
    devices: Vec<DeviceWord>,
    sessions: Vec<SessionWord>,
}

/// Reads the store. What cannot be read is logged and left out: the rest of the fleet is worth more.
pub(super) fn read(store: &dyn SnapshotStore, boot_id: u64) -> Words {
    let device = |(id, mut state): (String, device::state::State)| {
        state.settle(boot_id);
        Some(device::word(&DeviceId::try_from(id).ok()?, &state))
    };
    let session = |(id, mut state): (String, capture::state::State)| {
        state.settle(boot_id);
        Some(capture::word(&SessionId::try_from(id).ok()?, &state))
    };
    Words {
        devices: each(store, Device::KIND).filter_map(device).collect(),
        sessions: each(store, CaptureSession::KIND).filter_map(session).collect(),
    }
}

impl State {
    /// Takes what was read from the store.
    pub(super) fn hear_stored(&mut self, words: Words) {
        for word in words.devices {
            self.hear(word);
        }
        for word in words.sessions {
            self.hear_session(word);
        }
    }
}
