//! What the catalogue reads at its start: a line of every stored quiz.

use hubbub_protocol::quiz::quizzes::{PlaySettings, QuizStatus};
use hubbub_protocol::quiz::{QuizId, UserId};
use serde::Deserialize;

use super::state::{Line, State};
use crate::kit::clock::Timestamp;
use crate::kit::registry::Entity;
use crate::kit::snapshot::reading::load;
use crate::kit::snapshot::{SnapshotStore, StoreError};
use crate::quiz::authoring::quiz::Quiz;

/// The part of a stored quiz that makes its line; its questions are skipped.
#[derive(Deserialize)]
struct Head {
    owner: UserId,
    status: QuizStatus,
    created_at: Timestamp,
    updated_at: Timestamp,
    play_settings: PlaySettings,
    deleted_at: Option<Timestamp>,
}

impl Head {
    fn line(&self) -> Option<Line> {
        let Self { owner, status, created_at, updated_at, .. } = *self;
        let code = self.play_settings.code;
        self.deleted_at.is_none().then_some(Line { owner, status, created_at, updated_at, code })
    }
}

/// Reads the store, one quiz at a time.
///
/// # Errors
/// A quiz cannot be read. Its code could otherwise be given away once more.
pub(super) fn read(store: &dyn SnapshotStore) -> Result<State, StoreError> {
    let mut state = State::default();
    for text in store.ids(Quiz::KIND) {
        let Ok(id) = QuizId::parse(&text) else { continue };
        if let Some(head) = load::<Head>(store, Quiz::KIND, &text)? {
            state.hear(id, head.line());
        }
    }
    Ok(state)
}
