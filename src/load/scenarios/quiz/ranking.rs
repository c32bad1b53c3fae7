//! The leaderboard: every player once, with what the rules give him, in order, equal scores on one rank.

use serde::Deserialize;

use super::room::Room;
use super::script::{self, Score};
use super::site::{self, Seat, Site};
use crate::load::recorder::Recorder;
use crate::load::scenarios::fleet::packets;

/// `game:leaderboard:update`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Leaderboard<'a> {
    room_id: &'a str,
    #[serde(borrow)]
    rankings: Vec<Ranking<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ranking<'a> {
    player_id: &'a str,
    display_name: &'a str,
    score: u64,
    rank: usize,
    correct_answers: u64,
    total_answers: u64,
}

/// Notes what is wrong with a leaderboard of a room where everybody has answered everything that was asked.
pub(super) fn check(site: &Site, room: &Room, args: &str, recorder: &mut Recorder) {
    let board = packets::first::<Leaderboard<'_>>(args).filter(|board| board.room_id == room.id());
    let Some(board) = board else { return recorder.wrong(|| "a leaderboard is none of its room".to_owned()) };
    let (mut is_listed, mut listed) = (vec![false; site.plan.players], 0);
    for entry in &board.rankings {
        let seat = site::seat_of(entry.player_id).filter(|seat| seat.room == room.number);
        match seat.and_then(|seat| Some((seat, is_listed.get_mut(seat.place)?))) {
            None => recorder.wrong(|| "a leaderboard lists a player who never joined".to_owned()),
            Some((_, true)) => recorder.duplicated(),
            Some((seat, is_listed)) => {
                (*is_listed, listed) = (true, listed + 1);
                check_entry(site, room, seat, entry, recorder);
            }
        }
    }
    recorder.missing(room.joined().saturating_sub(listed) as u64);
    if !are_in_order(&board.rankings) {
        recorder.wrong(|| "a leaderboard's ranks do not follow from its scores".to_owned());
    }
}

fn check_entry(site: &Site, room: &Room, seat: Seat, entry: &Ranking<'_>, recorder: &mut Recorder) {
    let expected = script::score(seat.number(site.plan.rooms), room.asked());
    let shown = Score { points: entry.score, correct: entry.correct_answers, answers: entry.total_answers };
    // What somebody who was lost has answered, nobody knows for certain.
    if shown != expected && !room.has_lost_anybody() {
        recorder.wrong(|| "a leaderboard gives a player another score than the rules".to_owned());
    }
    if entry.display_name != seat.display_name() {
        recorder.wrong(|| "a leaderboard calls a player by another name".to_owned());
    }
}

/// Says whether the scores fall, and the ranks follow from them: 1, 1, 3.
fn are_in_order(rankings: &[Ranking<'_>]) -> bool {
    let mut before: Option<(u64, usize)> = None;
    (1..).zip(rankings).all(|(place, entry)| {
        let rank = before.filter(|(score, _)| *score == entry.score).map_or(place, |(_, rank)| rank);
        let falls = before.is_none_or(|(score, _)| entry.score <= score);
        before = Some((entry.score, rank));
        falls && entry.rank == rank
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(places: &[(u64, usize)]) -> bool {
        let entry = |(score, rank): &(u64, usize)| Ranking {
            player_id: "",
            display_name: "",
            score: *score,
            rank: *rank,
            correct_answers: 0,
            total_answers: 0,
        };
        are_in_order(&places.iter().map(entry).collect::<Vec<_>>())
    }

    #[test]
    fn equal_scores_share_a_rank_and_the_next_is_skipped() {
        assert!(order(&[]) && order(&[(9, 1), (9, 1), (5, 3), (0, 4), (0, 4)]));
        assert!(!order(&[(9, 1), (9, 2)]) && !order(&[(9, 1), (9, 1), (5, 2)]) && !order(&[(5, 1), (9, 2)]));
    }
}
