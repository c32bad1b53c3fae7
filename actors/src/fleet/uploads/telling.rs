//! What capture sessions hear of uploads.
//!
//! Decision: an upload looks its sessions up with every word, and keeps none of them. Reason: a word comes once per part or per cent, the
//! roster answers from memory, and so neither a restart nor a session that comes late or ends can leave an upload with a wrong list.
//! An upload in very many small parts would change our mind.

use hubbub_protocol::fleet::uploads::UploadTimestamp;

use super::super::capture::CaptureSession;
use super::super::capture::state::UploadWord;
use super::super::roster;
use crate::kit::deps::Deps;

/// What an upload says about the session whose files it brings; as long as it says nothing, it has none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Belonging {
    /// The recording's timestamp: that in the session's metadata.
    pub timestamp: Option<UploadTimestamp>,
    /// What the client says that the session's id is, or the timestamp in its metadata.
    pub session_id: Option<String>,
}

/// Tells the sessions that wait for these files how the upload is, and waits until they have saved what they must. Returns how many
/// there are. Whoever cannot be told is named in the log: the upload goes on.
pub async fn tell(deps: &Deps, belonging: &Belonging, word: UploadWord) -> usize {
    let Ok(roster) = roster::of(deps) else {
        tracing::warn!("the roster is down and finds no session for an upload");
        return 0;
    };
    let sessions = roster.send(roster::SessionsOf(belonging.clone())).await.unwrap_or_default();
    for id in &sessions {
        let Ok(session) = deps.registry::<CaptureSession>().find(id) else { continue };
        let is_told = matches!(session.send(word.clone()).await, Ok(Ok(())));
        if !is_told {
            tracing::warn!(session.id = %id, "session `{id}` could not be told how its upload is");
        }
    }
    sessions.len()
}
