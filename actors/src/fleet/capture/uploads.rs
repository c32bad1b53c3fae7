//! What a session hears of the uploads of its files.

use actix::{Context, Handler, Message};

use super::state::{Heard, State, UploadWord};
use super::{Answer, CaptureSession, Refused, VERSION, refused};
use crate::kit::registry::Entity;
use crate::kit::snapshot::Snapshot;

impl Message for UploadWord {
    type Result = Result<(), Refused>;
}

impl Handler<UploadWord> for CaptureSession {
    type Result = Answer<()>;

    /// That an upload runs or has ended is on disk before this is answered; how far it is follows, for its next word would tell as well.
    fn handle(&mut self, word: UploadWord, _: &mut Context<Self>) -> Self::Result {
        let heard = self.known().map(|mut next: State| (next.hear_upload(word), next));
        let (heard, next) = match heard {
            Ok(heard) => heard,
            Err(unknown) => return Answer::new(refused(unknown)),
        };
        match heard {
            Heard::Nothing => {}
            Heard::Step => return Answer::new(self.step(next, ())),
            Heard::Progress => {
                self.deps.snapshots().write_behind(Snapshot::of(Self::KIND, &self.id, VERSION, &next));
                self.state = Some(next);
            }
        }
        Answer::new(Box::pin(actix::fut::ready(Ok(()))))
    }
}
