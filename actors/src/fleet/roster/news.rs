//! News from devices and sessions.

use actix::{Context, Handler, Message};
use hubbub_protocol::fleet::dashboard::DeviceUpdated;

use super::Roster;
use super::state::{DeviceWord, SessionWord};
use crate::fleet::device::Telling;
use crate::fleet::rooms;

/// A device's word about itself.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct DeviceNews {
    /// The word.
    pub word: DeviceWord,
    /// Whether dashboards want to hear of it.
    pub telling: Telling,
}

impl Handler<DeviceNews> for Roster {
    type Result = ();

    fn handle(&mut self, news: DeviceNews, ctx: &mut Context<Self>) {
        if let (DeviceWord::Seen(device), Telling::Change) = (&news.word, news.telling) {
            let id = device.state.device_id.as_str();
            self.wiring.emitter.latest(&rooms::dashboards(), id, &DeviceUpdated(device.state.clone()));
        }
        let changed = self.state.hear(news.word);
        self.tell_lists_soon(changed, ctx);
    }
}

/// A session's word about itself.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct SessionNews(pub SessionWord);

impl Handler<SessionNews> for Roster {
    type Result = ();

    fn handle(&mut self, SessionNews(word): SessionNews, _: &mut Context<Self>) {
        self.state.hear_session(word);
    }
}
