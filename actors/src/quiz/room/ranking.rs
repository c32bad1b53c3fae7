//! Who is where: more points first, then the earlier last correct answer, then the order of joining. Equal scores share a rank.

use super::players::Player;

/// A player and his rank.
#[derive(Debug, Clone, Copy)]
pub struct Ranked<'a> {
    /// 1, 1, 3.
    pub rank: u32,
    /// Who.
    pub player: &'a Player,
}

/// Returns the players in the order of their rank.
#[must_use]
pub fn rank<'a>(players: impl Iterator<Item = &'a Player>) -> Vec<Ranked<'a>> {
    let mut sorted: Vec<&Player> = players.collect();
    sorted.sort_unstable_by_key(|player| {
        // Whoever never was right comes after those who were.
        let last_correct = player.last_correct_at.map_or((1, 0), |at| (0, at.0));
        (std::cmp::Reverse(player.score), last_correct, player.order)
    });
    let mut ranked: Vec<Ranked<'a>> = Vec::with_capacity(sorted.len());
    for (place, player) in (1..).zip(sorted) {
        let tied = ranked.last().filter(|before| before.player.score == player.score);
        let rank = tied.map_or(place, |before| before.rank);
        ranked.push(Ranked { rank, player });
    }
    ranked
}
