//! What holds whatever clients do, in whatever order and however often.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// One thing that somebody does. Players and sockets are numbers, so that they meet often.
#[derive(Debug, Clone)]
enum Step {
    Join(u8, u8),
    Leave(u8, u8),
    Drop(u8),
    Reconnect(u8, u8, u8),
    Start(u8),
    Next(u8),
    Close,
    Submit(u8, u8, u8, u8),
    Wait(u16),
    Restart(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let (player, socket, question) = (0_u8..6, 0_u8..8, 1_u8..5);
    prop_oneof![
        4 => (socket.clone(), player.clone()).prop_map(|(socket, player)| Step::Join(socket, player)),
        1 => (socket.clone(), player.clone()).prop_map(|(socket, player)| Step::Leave(socket, player)),
        1 => socket.clone().prop_map(Step::Drop),
        2 => (socket.clone(), socket.clone(), player.clone()).prop_map(|(new, old, player)| Step::Reconnect(new, old, player)),
        2 => question.clone().prop_map(Step::Start),
        2 => question.clone().prop_map(Step::Next),
        1 => Just(Step::Close),
        10 => (socket, player, question, 0_u8..5).prop_map(|(socket, player, question, answer)| Step::Submit(socket, player, question, answer)),
        1 => (0_u16..20_000).prop_map(Step::Wait),
        1 => (1_u8..4).prop_map(Step::Restart),
    ]
}

/// Does a step and returns the question and the player whose answer was accepted by it.
fn act(scene: &mut Scene, step: &Step) -> Option<(String, String)> {
    let (player, socket) = (|n: &u8| format!("p{n}"), |n: &u8| format!("s{n}"));
    let question = |n: &u8| format!("q{n}");
    match step {
        Step::Join(from, who) => drop(scene.join(&socket(from), &player(who))),
        Step::Leave(from, who) => drop(scene.leave(&socket(from), &player(who))),
        Step::Drop(from) => scene.drop(&socket(from)),
        Step::Reconnect(new, old, who) => drop(scene.reconnect(&socket(new), &socket(old), &player(who))),
        Step::Start(which) => scene.start(&question(which), 10_000).unwrap(),
        Step::Next(which) => scene.next(&question(which)).unwrap(),
        Step::Close => {
            let closed = scene.state.close(host(), scene.now);
            scene.note(closed).unwrap();
        }
        Step::Submit(from, who, which, answer) => {
            let (which, who) = (question(which), player(who));
            let accepted = scene.submit(&socket(from), &who, &which, &answer.to_string());
            return accepted.is_ok().then_some((which, who));
        }
        Step::Wait(ms) => scene.now = scene.now.plus(i64::from(*ms)),
        Step::Restart(boot_id) => {
            let found = scene.state.found_by(u64::from(*boot_id), scene.now);
            scene.log.extend(found);
        }
    }
    None
}

fn scene() -> Scene {
    let mut game = game();
    game.settings.bonuses = Bonuses { time: true, streak: true };
    game.settings.max_players = 4;
    Scene::of(game)
}

proptest! {
    #[test]
    fn each_player_counts_once_per_question(steps in vec(step(), 0..200)) {
        let mut scene = scene();
        let mut accepted: BTreeMap<(String, String), u32> = BTreeMap::new();
        for step in &steps {
            if let Some(answer) = act(&mut scene, step) {
                *accepted.entry(answer).or_default() += 1;
            }
        }
        prop_assert!(accepted.values().all(|times| *times == 1), "{accepted:?}");
        for asked in &scene.state.asked {
            let counted: u32 = asked.tally.counts().map(|(_, count)| count).sum();
            let expected = accepted.keys().filter(|(question, _)| super::asked(question) == asked.question_id).count();
            prop_assert_eq!(usize::try_from(counted).unwrap(), expected);
            prop_assert_eq!(asked.tally.total(), counted);
        }
    }

    #[test]
    fn a_room_has_no_more_players_than_it_may(steps in vec(step(), 0..200)) {
        let mut scene = scene();
        for step in &steps {
            act(&mut scene, step);
            let players = scene.state.players();
            let (present, connected) = (players.present().count(), players.present().filter(|player| player.is_connected).count());
            prop_assert!(present <= 4);
            prop_assert_eq!(usize::try_from(players.count()).unwrap(), present);
            prop_assert_eq!(usize::try_from(players.connected()).unwrap(), connected);
            prop_assert!(players.places_with_newcomer() <= 9);
        }
    }

    #[test]
    fn the_log_and_the_snapshot_give_the_same_room(steps in vec(step(), 0..150), saved_after in 0_usize..150) {
        let mut scene = scene();
        let mut saved = (rmp_serde::to_vec_named(&scene.state).unwrap(), 0);
        for (at, step) in steps.iter().enumerate() {
            if at == saved_after {
                saved = (rmp_serde::to_vec_named(&scene.state).unwrap(), scene.log.len());
            }
            act(&mut scene, step);
        }
        let mut restored: State = rmp_serde::from_slice(&saved.0).unwrap();
        for change in &scene.log[saved.1..] {
            let written = rmp_serde::to_vec_named(change).unwrap();
            restored.apply(&rmp_serde::from_slice(&written).unwrap());
        }
        prop_assert_eq!(&restored, &scene.state);
        let again: State = rmp_serde::from_slice(&rmp_serde::to_vec_named(&restored).unwrap()).unwrap();
        prop_assert_eq!(&again, &scene.state);
    }

    #[test]
    fn a_ranking_is_sorted_and_shares_ranks(steps in vec(step(), 0..200)) {
        let mut scene = scene();
        for step in &steps {
            act(&mut scene, step);
        }
        let ranking = scene.state.ranking();
        prop_assert_eq!(ranking.len(), usize::try_from(scene.state.players().count()).unwrap());
        for ranked in &ranking {
            let better = ranking.iter().filter(|other| other.player.score > ranked.player.score).count();
            prop_assert_eq!(usize::try_from(ranked.rank).unwrap(), better + 1);
        }
        for pair in ranking.windows(2) {
            prop_assert!(pair[0].player.score >= pair[1].player.score);
            let (one, other) = (pair[0].player, pair[1].player);
            let is_tie = one.score == other.score && one.last_correct_at == other.last_correct_at;
            prop_assert!(!is_tie || one.order < other.order);
        }
    }
}
