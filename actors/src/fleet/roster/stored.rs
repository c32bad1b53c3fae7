//! What the roster reads at its start: every stored device and session.

use hubbub_protocol::fleet::{DeviceId, SessionId};
use serde::de::DeserializeOwned;

use super::state::{DeviceWord, SessionWord, State};
use crate::fleet::capture::{self, CaptureSession};
use crate::fleet::device::{self, Device};
use crate::kit::registry::Entity;
use crate::kit::snapshot::SnapshotStore;

/// The words of all stored devices and sessions.
pub(super) struct Words {
    devices: Vec<DeviceWord>,
    sessions: Vec<SessionWord>,
}

/// Reads the store. What cannot be read is logged and left out: the rest of the fleet is worth more.
pub(super) fn read(store: &dyn SnapshotStore, boot_id: u64) -> Words {
    let device = |id: DeviceId, mut state: device::state::State| {
        state.settle(boot_id);
        device::word(&id, &state)
    };
    let session = |id: SessionId, state: capture::state::State| capture::word(&id, &state);
    Words { devices: each(store, Device::KIND, device), sessions: each(store, CaptureSession::KIND, session) }
}

fn each<I, S, W>(store: &dyn SnapshotStore, kind: &'static str, word: impl Fn(I, S) -> W) -> Vec<W>
where
    I: TryFrom<String>,
    S: DeserializeOwned,
{
    let mut words = Vec::new();
    for text in store.ids(kind) {
        let state = store.load(kind, &text).and_then(|stored| stored.map(|stored| stored.decode()).transpose());
        match (I::try_from(text.clone()), state) {
            (Ok(id), Ok(Some(state))) => words.push(word(id, state)),
            (_, Err(error)) => tracing::error!(%error, "{kind} `{text}` cannot be read and is not listed: {error}"),
            (_, Ok(_)) => {}
        }
    }
    words
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
