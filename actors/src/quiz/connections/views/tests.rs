use hubbub_protocol::quiz::paging::Window;
use serde::Serialize;
use serde_json::{Value, json};

use super::*;
use crate::kit::clock::Timestamp;
use crate::quiz::connections::retention::Retention;
use crate::quiz::connections::state::tests::{row, socket};

const EVERYTHING: ConnectionFilter =
    ConnectionFilter { device_id: None, user_id: None, status: None, window: Window { limit: 20, offset: 0 } };

fn user(n: u8) -> Viewer {
    Viewer::User(UserId::random([n; 16]))
}

/// Sockets 1 and 3 of user 1, 2 of user 2, 4 of a guest; the first two are closed.
fn connections() -> Connections {
    let mut connections = Connections::new(Retention::default());
    connections.open(row(1, 1, Some(1)));
    connections.open(row(2, 1, Some(2)));
    connections.open(row(3, 2, Some(1)));
    connections.open(row(4, 3, None));
    let opened = |n: i64| Timestamp(1_770_379_200_000 + n * 1000);
    connections.close(&socket(1), opened(1).plus(23 * 60_000));
    connections.close(&socket(2), opened(2).plus(24 * 60_000));
    connections
}

fn sockets(reply: &impl Serialize) -> Vec<String> {
    let reply = json!(reply);
    let rows = reply["connections"].as_array().expect("a list");
    rows.iter().map(|row| row["socket_id"].as_str().expect("a text").trim_start_matches("socket-").to_owned()).collect()
}

#[test]
fn users_see_their_own_and_admins_see_all_newest_first() {
    let connections = connections();
    assert_eq!(sockets(&connections.list(user(1), &EVERYTHING)), ["3", "1"]);
    assert_eq!(sockets(&connections.list(user(2), &EVERYTHING)), ["2"]);
    assert_eq!(sockets(&connections.list(user(3), &EVERYTHING)), Vec::<String>::new());
    assert_eq!(sockets(&connections.list(Viewer::Admin, &EVERYTHING)), ["4", "3", "2", "1"]);
    assert_eq!(sockets(&connections.active(user(1))), ["3"]);
    assert_eq!(sockets(&connections.active(user(2))), Vec::<String>::new());
    assert_eq!(sockets(&connections.active(Viewer::Admin)), ["4", "3"]);
}

#[test]
fn lists_are_filtered_and_cut() {
    let connections = connections();
    let check = |viewer, filter: ConnectionFilter, expected: &[&str], total: u64| {
        let list = connections.list(viewer, &filter);
        assert_eq!(sockets(&list), expected);
        assert_eq!(json!(list)["total"], total);
    };
    let device = Some(DeviceId::random([1; 16]));
    check(user(1), ConnectionFilter { device_id: device, ..EVERYTHING }, &["1"], 1);
    check(Viewer::Admin, ConnectionFilter { device_id: device, ..EVERYTHING }, &["2", "1"], 2);
    let other = Some(UserId::random([2; 16]));
    check(user(1), ConnectionFilter { user_id: other, ..EVERYTHING }, &[], 0);
    check(Viewer::Admin, ConnectionFilter { user_id: other, ..EVERYTHING }, &["2"], 1);
    check(user(1), ConnectionFilter { status: Some(ConnectionStatus::Connected), ..EVERYTHING }, &["3"], 1);
    check(user(1), ConnectionFilter { status: Some(ConnectionStatus::Disconnected), ..EVERYTHING }, &["1"], 1);
    check(Viewer::Admin, ConnectionFilter { window: Window { limit: 2, offset: 1 }, ..EVERYTHING }, &["3", "2"], 4);
    check(Viewer::Admin, ConnectionFilter { window: Window { limit: 100, offset: u32::MAX }, ..EVERYTHING }, &[], 4);
}

#[test]
fn somebody_elses_connection_does_not_exist() {
    let connections = connections();
    let id = |n: u8| ConnectionId::random([n; 16]);
    assert_eq!(connections.one(user(1), id(1)).map(|row| row.socket_id), Ok("socket-1".to_owned()));
    assert_eq!(connections.one(user(2), id(1)), Err(connection_not_found()));
    assert_eq!(connections.one(user(1), id(4)), Err(connection_not_found()), "a guest's");
    assert_eq!(connections.one(user(1), id(9)), Err(connection_not_found()));
    assert!(connections.one(Viewer::Admin, id(4)).is_ok());
}

#[test]
fn a_device_shows_its_viewers_connections_only() {
    let connections = connections();
    let device = |n: u8| DeviceId::random([n; 16]);
    assert_eq!(connections.device(user(1), device(1)).map(|reply| sockets(&reply)), Ok(vec!["1".to_owned()]));
    assert_eq!(connections.device(user(2), device(2)), Err(no_connections()));
    assert_eq!(connections.device(user(1), device(3)), Err(no_connections()), "a guest's");
    assert_eq!(connections.device(Viewer::Admin, device(9)), Err(no_connections()));
    let durations: Vec<_> =
        connections.device_with_durations(Viewer::Admin, device(1)).into_iter().map(|(_, minutes)| minutes).collect();
    assert_eq!(durations, [Some(Tenths(240)), Some(Tenths(230))]);
    let open = connections.device_with_durations(user(1), device(2));
    assert_eq!(open.first().map(|(row, minutes)| (row.status, *minutes)), Some((ConnectionStatus::Connected, None)));
}

#[test]
fn statistics_count_what_is_to_be_seen() {
    let connections = connections();
    let check = |viewer, expected: Value| assert_eq!(json!(connections.stats(viewer)), expected);
    let stats = |total: u64, active: u64, over: u64, average: Value| json!({ "total_connections": total, "active_connections": active, "total_disconnected": over, "avg_duration_minutes": average });
    check(user(1), stats(2, 1, 1, json!(23)));
    check(Viewer::Admin, stats(4, 2, 2, json!(23.5)));
    check(user(3), stats(0, 0, 0, json!(0)));
}

#[test]
fn a_viewer_has_an_account_or_is_an_admin() {
    let id = UserId::random([1; 16]);
    let caller = |subject: Option<String>| Caller { subject, ..Caller::anonymous() };
    assert_eq!(Viewer::of(&caller(Some(id.to_string()))), Ok(Viewer::User(id)));
    assert_eq!(Viewer::of(&Caller { admin: true, ..caller(Some(id.to_string())) }), Ok(Viewer::Admin));
    assert_eq!(Viewer::of(&caller(None)), Err(unauthorized()));
    assert_eq!(Viewer::of(&caller(Some("somebody".to_owned()))), Err(unauthorized()));
}
