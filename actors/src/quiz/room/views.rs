//! What clients are shown of a room.

use hubbub_protocol::quiz::RoomId;
use hubbub_protocol::quiz::rooms::{
    LeaderboardUpdated, Participant, ParticipantsUpdated, PlayerSummary, QuestionEnded, RankingEntry, ShownQuestion, StatsUpdated,
};

use super::players::Player;
use super::state::{Asked, State};

/// Returns a player as he is told himself.
pub(super) fn summary(player: &Player) -> PlayerSummary {
    PlayerSummary {
        player_id: player.id.clone(),
        display_name: player.name.to_string(),
        is_host: false,
        score: player.score.into(),
        joined_at: player.joined_at.0,
    }
}

/// Returns all players, in the order of joining.
pub(super) fn participants(room_id: RoomId, state: &State) -> ParticipantsUpdated {
    let participant = |player: &Player| Participant {
        player_id: player.id.clone(),
        display_name: player.name.to_string(),
        is_host: false,
        score: player.score.into(),
        joined_at: player.joined_at.0,
        connected: player.is_connected,
    };
    ParticipantsUpdated { room_id, participants: state.participants().into_iter().map(participant).collect() }
}

/// Returns a question's tally.
pub(super) fn tally(room_id: RoomId, asked: &Asked) -> StatsUpdated {
    let counts = asked.tally.counts().map(|(answer, count)| (answer.to_owned(), count.into())).collect();
    StatsUpdated { room_id, question_id: asked.question_id.clone(), counts }
}

/// Returns a question without what is correct.
pub(super) fn question(state: &State, asked: &Asked) -> ShownQuestion {
    let known = asked.script.and_then(|place| {
        let question = state.game().script.get(usize::try_from(place).ok()?)?;
        Some(ShownQuestion::Known(question.shown(place)))
    });
    known.unwrap_or_else(|| ShownQuestion::Unknown(asked.question_id.clone()))
}

/// Returns the end of the present question, with what was correct where the game tells.
pub(super) fn ended(room_id: RoomId, state: &State) -> QuestionEnded {
    let Some((current, asked)) = state.current() else {
        return QuestionEnded { room_id, question_id: None, correct_answer_ids: None };
    };
    let tells = state.game().settings.show_correct_answer;
    let correct_answer_ids = state.question(current.number).filter(|_| tells).map(super::script::Question::correct_ids);
    QuestionEnded { room_id, question_id: Some(asked.question_id.clone()), correct_answer_ids }
}

/// Returns the ranking.
pub(super) fn leaderboard(room_id: RoomId, state: &State) -> LeaderboardUpdated {
    let entry = |ranked: super::ranking::Ranked<'_>| RankingEntry {
        player_id: ranked.player.id.clone(),
        display_name: ranked.player.name.to_string(),
        score: ranked.player.score.into(),
        rank: ranked.rank,
        correct_answers: ranked.player.correct,
        total_answers: ranked.player.answers,
    };
    LeaderboardUpdated { room_id, rankings: state.ranking().into_iter().map(entry).collect() }
}
