use super::*;
use crate::quiz::room::state::NewStart;

fn by<'a>(user: Option<&'a str>, socket: &'a SocketId) -> By<'a> {
    By { user, socket: Some(socket) }
}

#[test]
fn a_player_id_belongs_to_the_first_who_uses_it() {
    let mut scene = Scene::with(&["ann"]);
    assert_eq!(scene.join("eve", "ann"), Err(Refusal::NotYours));
    assert_eq!(scene.leave("eve", "ann"), Err(Refusal::NotYours));
    scene.join("ann", "ann").unwrap();
    scene.drop("ann");
    assert_eq!(scene.names(), ["ann away"]);
    scene.join("ann2", "ann").unwrap();
    assert_eq!(scene.names(), ["ann"]);
}

#[test]
fn an_account_takes_its_player_over_and_nobody_else_does() {
    let mut scene = Scene::new();
    scene.join_as(Some("u1"), "phone", "ann").unwrap();
    scene.join_as(Some("u1"), "laptop", "ann").unwrap();
    assert_eq!(scene.join_as(Some("u2"), "eve", "ann"), Err(Refusal::NotYours));
    scene.drop("phone");
    assert_eq!(scene.names(), ["ann"]);
    scene.drop("laptop");
    assert_eq!(scene.join("eve", "ann"), Err(Refusal::NotYours));
    assert_eq!(scene.names(), ["ann away"]);
}

#[test]
fn a_reconnect_shows_the_socket_it_had_and_that_one_is_gone() {
    let mut scene = Scene::with(&["ann"]);
    assert_eq!(scene.reconnect("ann2", "ann", "ann"), Err(Refusal::NotYours));
    scene.drop("ann");
    assert_eq!(scene.reconnect("ann2", "another", "ann"), Err(Refusal::NotYours));
    assert_eq!(scene.reconnect("ann2", "ann", "bob"), Err(Refusal::NotInRoom));
    scene.reconnect("ann2", "ann", "ann").unwrap();
    scene.reconnect("ann2", "ann", "ann").unwrap();
    assert_eq!(scene.names(), ["ann"]);
}

#[test]
fn a_full_room_takes_only_those_who_come_back() {
    let mut game = game();
    game.settings.max_players = 2;
    let mut scene = Scene::of(game);
    scene.join("ann", "ann").unwrap();
    scene.join("bob", "bob").unwrap();
    assert_eq!(scene.join("cem", "cem"), Err(Refusal::Full));
    scene.drop("bob");
    assert_eq!(scene.join("cem", "cem"), Err(Refusal::Full));
    scene.join("bob2", "bob").unwrap();
    scene.leave("ann", "ann").unwrap();
    scene.join("cem", "cem").unwrap();
    assert_eq!(scene.join("ann", "ann"), Err(Refusal::Full));
    assert_eq!(scene.names(), ["bob", "cem"]);
}

#[test]
fn coming_and_going_under_new_names_takes_no_more_places() {
    let mut game = game();
    game.settings.max_players = 2;
    let mut scene = Scene::of(game);
    for number in 0..50 {
        let player = format!("p{number}");
        scene.join("s", &player).unwrap();
        scene.leave("s", &player).unwrap();
    }
    assert_eq!(scene.state.players().places_with_newcomer(), 1);
    scene.start("q1", 30_000).unwrap();
    let mut refused = None;
    for number in 0..50 {
        let player = format!("a{number}");
        refused = scene.join("s", &player).err();
        if refused.is_some() {
            break;
        }
        scene.submit("s", &player, "q1", "1").unwrap();
        scene.leave("s", &player).unwrap();
    }
    assert_eq!(refused, Some(Refusal::Full));
    assert_eq!(scene.counts(), [("1".to_owned(), 4)]);
}

#[test]
fn a_socket_speaks_for_one_player() {
    let mut scene = Scene::with(&["ann"]);
    scene.join("ann", "second").unwrap();
    assert_eq!(scene.names(), ["ann away", "second"]);
    scene.drop("ann");
    assert_eq!(scene.names(), ["ann away", "second away"]);
}

#[test]
fn only_the_host_drives_and_the_clock_is_checked() {
    let mut room = room();
    let (player, later) = (By { user: Some("other"), socket: None }, NOON.plus(1000));
    assert_eq!(room.start(player, &asked("q1"), NOON, later, NOON), Err(Refusal::NotHost));
    assert_eq!(room.next(player, &asked("q1"), NOON), Err(Refusal::NotHost));
    assert_eq!(room.close(player, NOON), Err(Refusal::NotHost));
    assert_eq!(room.advance(player, NOON), Err(Refusal::NotHost));
    assert_eq!(room.move_flow(player, Some(1), None, NOON), Err(Refusal::NotHost));
    assert_eq!(room.end_by(player, NOON), Err(Refusal::NotHost));
    assert!(matches!(room.start(host(), &asked("q1"), later, later, NOON), Err(Refusal::Invalid(_))));
    assert!(matches!(room.start(host(), &asked("q1"), NOON, NOON.plus(600_001), NOON), Err(Refusal::Invalid(_))));
    assert!(matches!(room.start(host(), &asked("q1"), Timestamp(i64::MIN), Timestamp(i64::MAX), NOON), Err(Refusal::Invalid(_))));
    assert_eq!(room, super::room());
}

#[test]
fn next_and_advance_are_the_same_step() {
    let (mut one, mut other) = (room(), room());
    one.next(host(), &asked("q2"), NOON.plus(5)).unwrap();
    other.advance(host(), NOON.plus(5)).unwrap();
    assert_eq!(one, other);
    let (current, now) = one.current().unwrap();
    assert_eq!((&now.question_id, current.ends_at), (&asked("q2"), NOON.plus(30_005)));
    assert_eq!((one.flow().index, one.flow().question_start_time), (1, Some(NOON.plus(5))));
    one.advance(host(), NOON.plus(6)).unwrap();
    assert_eq!(one.advance(host(), NOON.plus(7)), Err(Refusal::LastQuestion));
    assert_eq!(one.flow().index, 2);
}

#[test]
fn the_flow_is_moved_within_its_questions() {
    let mut room = room();
    assert!(matches!(room.move_flow(host(), Some(3), None, NOON), Err(Refusal::Invalid(_))));
    assert!(matches!(room.move_flow(host(), None, None, NOON), Err(Refusal::Invalid(_))));
    room.move_flow(host(), Some(2), Some(NewStart(Some(NOON.plus(9)))), NOON.plus(10)).unwrap();
    assert_eq!((room.flow().index, room.flow().question_start_time), (2, Some(NOON.plus(9))));
    room.move_flow(host(), None, Some(NewStart(None)), NOON.plus(11)).unwrap();
    assert_eq!((room.flow().index, room.flow().question_start_time, room.flow().updated_at), (2, None, NOON.plus(11)));
}

#[test]
fn a_host_has_ten_minutes_to_come_back() {
    let mut scene = Scene::with(&["ann"]);
    scene.drop("host");
    assert_eq!(scene.state.expire(NOON.plus(599_999)), None);
    let new = socket("host2");
    assert_eq!(scene.state.host_is_here(by(Some("other"), &new)), Err(Refusal::NotHost));
    assert!(scene.state.host_is_here(by(Some(HOST), &new)).unwrap().is_some());
    assert_eq!(scene.state.deadline(), None);
    assert_eq!(scene.state.host_is_here(by(Some(HOST), &socket("host3"))), Ok(None));
    scene.drop("host");
    assert_eq!(scene.state.deadline(), None);
    scene.drop("host2");
    assert!(scene.state.expire(NOON.plus(600_000)).is_some());
    assert_eq!(scene.join("bob", "bob"), Err(Refusal::NotFound));
}

#[test]
fn a_host_who_comes_in_over_another_socket_is_waited_for_there() {
    let mut scene = Scene::with(&["ann"]);
    let new = socket("host2");
    assert_eq!(scene.state.host_comes(by(Some("other"), &new)), Err(Refusal::NotHost));
    assert!(scene.state.host_comes(by(Some(HOST), &new)).unwrap().is_some());
    assert_eq!(scene.state.host_comes(by(Some(HOST), &new)), Ok(None), "he is there already");
    // The dead one is noticed later.
    scene.drop("host");
    assert_eq!(scene.state.deadline(), None);
    scene.drop("host2");
    assert_eq!(scene.state.deadline(), Some(NOON.plus(600_000)));
}

#[test]
fn a_room_without_players_is_gone_after_half_an_hour_and_its_flow_stays() {
    let mut scene = Scene::with(&["ann"]);
    scene.next("q2").unwrap();
    assert_eq!(scene.state.deadline(), None);
    scene.now = NOON.plus(5000);
    scene.drop("ann");
    assert_eq!(scene.state.expire(NOON.plus(5000 + 1_799_999)), None);
    assert!(scene.state.expire(NOON.plus(5000 + 1_800_000)).is_some());
    assert_eq!((scene.state.flow().index, scene.state.flow().total), (1, 3));
    assert_eq!(scene.state.players().count(), 0);
    assert_eq!(scene.state.deadline(), None);
}
