use hubbub_protocol::quiz::RoomId;

use super::*;
use crate::kit::snapshot::{MemoryStore, Snapshot, SnapshotStore};
use crate::kit::store_tool::read_stored;
use crate::quiz::room::log::Log;
use crate::quiz::room::state::NewStart;

fn again(state: &State) -> State {
    rmp_serde::from_slice(&rmp_serde::to_vec_named(state).unwrap()).unwrap()
}

fn played() -> Scene {
    let mut scene = Scene::new();
    scene.join_as(Some("u1"), "ann", "ann").unwrap();
    for player in ["bob", "cem", "dan"] {
        scene.join(player, player).unwrap();
    }
    scene.start("q1", 30_000).unwrap();
    scene.submit("ann", "ann", "q1", "1").unwrap();
    scene.submit("bob", "bob", "q1", "0").unwrap();
    scene.leave("dan", "dan").unwrap();
    scene.drop("cem");
    scene
}

#[test]
fn a_restart_loses_sockets_and_nothing_else() {
    let mut scene = played();
    scene.state = again(&scene.state);
    assert!(scene.state.found_by(2, NOON.plus(1000)).is_some());
    assert_eq!(scene.names(), ["ann away", "bob away", "cem away"]);
    assert_eq!(scene.score("ann"), 10);
    assert_eq!(scene.counts(), [("1".to_owned(), 1), ("0".to_owned(), 1)]);
    assert_eq!(scene.state.deadline(), Some(NOON.plus(601_000)));
    scene.now = NOON.plus(2000);
    scene.reconnect("bob2", "bob", "bob").unwrap();
    assert_eq!(scene.submit("bob2", "bob", "q1", "1"), Err(Refusal::AlreadyAnswered));
    scene.join("cem2", "cem").unwrap();
    scene.submit("cem2", "cem", "q1", "1").unwrap();
    assert_eq!(scene.score("cem"), 10);
}

#[test]
fn the_same_run_of_the_process_keeps_sockets() {
    let mut scene = played();
    scene.state = again(&scene.state);
    assert_eq!(scene.state.found_by(1, NOON), None);
    scene.start("q2", 1000).unwrap();
    scene.submit("ann", "ann", "q2", "1").unwrap();
}

#[test]
fn an_answer_takes_few_bytes_in_the_log() {
    let change = Change::Answered(9999, 3, NOON);
    let written = rmp_serde::to_vec_named(&change).unwrap();
    assert!(written.len() <= 18, "{} bytes", written.len());
    assert_eq!(rmp_serde::from_slice::<Change>(&written).unwrap(), change);
}

#[test]
fn a_player_takes_few_bytes() {
    let scene = played();
    let bob = scene.state.players().find("bob").unwrap().1;
    let written = rmp_serde::to_vec_named(bob).unwrap();
    assert!(written.len() <= 64, "{} bytes", written.len());
    assert!(size_of_val(bob) <= 168, "{} bytes", size_of_val(bob));
}

/// A room with a snapshot in the middle of its second question, and a chunk with what followed.
fn stored_room() -> (Scene, Scene) {
    let mut game = game();
    game.settings.bonuses = Bonuses { time: true, streak: true };
    let mut before = Scene::of(game);
    before.join_as(Some("u1"), "ann", "ann").unwrap();
    for player in ["bob", "cem", "dan", "eve"] {
        before.join(player, player).unwrap();
    }
    before.next("q1").unwrap();
    before.submit("ann", "ann", "q1", "1").unwrap();
    before.submit("bob", "bob", "q1", "Red").unwrap();
    before.submit("dan", "dan", "q1", "1").unwrap();
    before.leave("dan", "dan").unwrap();
    before.leave("eve", "eve").unwrap();
    before.drop("cem");
    before.next("q2").unwrap();
    before.submit("ann", "ann", "q2", "1").unwrap();
    let mut after = Scene { state: before.state.clone(), now: NOON.plus(3000), log: Vec::new() };
    after.submit("bob", "bob", "q2", "1").unwrap();
    after.reconnect("cem2", "cem", "cem").unwrap();
    after.submit("cem2", "cem", "q2", "ü").unwrap();
    after.join("fay", "fay").unwrap();
    after.start("warm-up", 10_000).unwrap();
    after.submit("fay", "fay", "warm-up", "yes").unwrap();
    let moved = after.state.move_flow(host(), Some(2), Some(NewStart(None)), after.now);
    after.note(moved).unwrap();
    let closed = after.state.close(host(), after.now);
    after.note(closed).unwrap();
    after.drop("fay");
    after.drop("host");
    (before, after)
}

#[test]
fn a_room_of_the_first_version_is_still_read() {
    let fixture = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/snapshots/v1/quiz_room.jsonl"));
    let store = MemoryStore::new();
    for line in fixture.lines() {
        let (kind, id, stored) = read_stored(line).unwrap();
        drop(store.commit(Snapshot::new(kind, id, stored)));
    }
    let id = RoomId::random([5; 16]);
    let stored = store.load("quiz.room", &id.to_string()).unwrap().unwrap();
    let (state, _) = Log::read(&id, &stored, &store).unwrap();
    assert_eq!(state, stored_room().1.state);
}

#[test]
fn ten_thousand_answers_are_written_in_a_seventh_of_their_room() {
    let mut game = game();
    game.settings.max_players = 10_000;
    let mut scene = Scene::of(game);
    scene.start("q1", 30_000).unwrap();
    for number in 0..10_000 {
        let player = format!("5f0c2a3e-0000-4000-8000-{number:012}");
        let socket = SocketId::new(format!("socket-of-player-{number:05}"));
        let by = By { user: None, socket: Some(&socket) };
        scene.state.join(by, &player_id(&player), "A player", 10_000, NOON).unwrap();
        let accepted = scene.state.submit(by, &player, &asked("q1"), "1", NOON);
        scene.note(accepted).unwrap();
    }
    let (room, answers) =
        (rmp_serde::to_vec_named(&scene.state).unwrap().len(), rmp_serde::to_vec_named(&scene.log).unwrap().len());
    assert!(room < 1_400_000, "{room} bytes");
    assert!(answers < 180_000, "{answers} bytes");
    assert!(answers * 7 < room, "{answers} of {room} bytes");
}
