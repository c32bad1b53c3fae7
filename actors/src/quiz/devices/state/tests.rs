use hubbub_protocol::quiz::devices::DeviceType;
use hubbub_protocol::quiz::paging::Window;
use serde_json::json;

use super::*;

const START: Timestamp = Timestamp(1_770_379_200_000);
const WINDOW: Window = Window { limit: 20, offset: 0 };

fn device(n: u8) -> DeviceId {
    DeviceId::random([n; 16])
}

fn user(n: u8) -> UserId {
    UserId::random([n; 16])
}

fn arrival(n: u8, user_id: Option<u8>, os: &str) -> Arrival {
    Arrival {
        fresh_id: DeviceSessionId::random([n; 16]),
        device_id: device(n),
        user_id: user_id.map(user),
        machine: Machine { device_type: DeviceType::Mobile, os: os.to_owned(), browser: "Safari".to_owned() },
    }
}

/// Devices 1 (twice) and 2 of user 1, 3 of user 2, 4 of a guest.
fn devices() -> Devices {
    let mut devices = Devices::new(10);
    devices.arrive(arrival(1, Some(1), "iOS"), START);
    devices.arrive(arrival(2, Some(1), "Android"), START.plus(1));
    devices.arrive(arrival(3, Some(2), "iOS"), START.plus(2));
    devices.arrive(arrival(4, None, "Linux"), START.plus(3));
    devices.arrive(arrival(1, Some(1), "iOS"), START.plus(4));
    devices
}

fn listed(devices: &Devices, viewer: Viewer, user: Option<UserId>, window: Window) -> (Vec<DeviceId>, u64) {
    let list = json!(devices.list(viewer, user, window));
    let rows = list["sessions"].as_array().expect("a list");
    let id = |row: &Value| DeviceId::parse(row["device_id"].as_str().expect("a text")).expect("an id");
    (rows.iter().map(id).collect(), list["total"].as_u64().expect("a number"))
}

#[test]
fn a_device_is_counted_with_every_connection() {
    let mut devices = devices();
    devices.leave(device(1), START.plus(9000));
    let row = devices.get(device(1)).expect("a row");
    assert_eq!((row.id, row.session_count), (DeviceSessionId::random([1; 16]), 2));
    assert_eq!((row.first_seen, row.last_seen, row.updated_at), (START, START.plus(9000), START.plus(9000)));
    let expected = [1, 2, 3, 4].map(device);
    assert_eq!(devices.take_unsaved(), Unsaved { changed: expected.into(), dropped: vec![] });
}

#[test]
fn a_sign_of_life_moves_when_a_connected_device_was_seen_and_writes_nothing() {
    let mut devices = devices();
    devices.take_unsaved();
    devices.seen(device(2), START.plus(500));
    devices.seen(device(9), START.plus(500));
    assert_eq!(devices.get(device(2)).map(|row| (row.first_seen, row.last_seen)), Some((START.plus(1), START.plus(500))));
    assert_eq!(devices.take_unsaved(), Unsaved::default());
    devices.leave(device(3), START.plus(600));
    devices.seen(device(3), START.plus(700));
    assert_eq!(devices.get(device(3)).map(|row| row.last_seen), Some(START.plus(600)), "it is gone");
}

#[test]
fn the_first_account_owns_the_device_and_its_newest_browser_counts() {
    let mut devices = devices();
    devices.arrive(arrival(4, Some(2), "macOS"), START.plus(5));
    devices.arrive(arrival(4, Some(1), "Android"), START.plus(6));
    let row = devices.get(device(4)).expect("a row");
    assert_eq!((row.user_id, row.machine.os.as_str(), row.session_count), (Some(user(2)), "Android", 3));
    assert_eq!(devices.one(Viewer::User(user(1)), device(4)), Err(device_session_not_found()));
}

#[test]
fn users_see_their_own_devices_and_admins_all_those_seen_last_first() {
    let devices = devices();
    let check = |viewer, user, window, expected: &[u8], total| {
        assert_eq!(listed(&devices, viewer, user, window), (expected.iter().copied().map(device).collect(), total));
    };
    check(Viewer::User(user(1)), None, WINDOW, &[1, 2], 2);
    check(Viewer::User(user(2)), None, WINDOW, &[3], 1);
    check(Viewer::User(user(1)), Some(user(2)), WINDOW, &[], 0);
    check(Viewer::Admin, None, WINDOW, &[1, 4, 3, 2], 4);
    check(Viewer::Admin, Some(user(2)), WINDOW, &[3], 1);
    check(Viewer::Admin, None, Window { limit: 2, offset: 1 }, &[4, 3], 4);
}

#[test]
fn somebody_elses_device_does_not_exist_and_nobodys_is_everybodys() {
    let mut devices = devices();
    let (one, other) = (Viewer::User(user(1)), Viewer::User(user(2)));
    assert!(devices.one(one, device(1)).is_ok());
    assert_eq!(devices.one(other, device(1)), Err(device_session_not_found()));
    assert!(devices.one(Viewer::Admin, device(1)).is_ok());
    assert!(devices.one(other, device(4)).is_ok());
    assert_eq!(devices.one(one, device(9)), Err(device_session_not_found()));
    let too_large = || Err(Fault::invalid("too large"));
    assert_eq!(devices.describe(other, device(1), too_large(), START), Err(device_session_not_found()));
    assert_eq!(devices.describe(one, device(1), too_large(), START), Err(Fault::invalid("too large")));
}

#[test]
fn metadata_change_and_the_device_was_not_seen_for_that() {
    let mut devices = devices();
    let changes = json!({ "app_version": "2.0" });
    let now = START.plus(60_000);
    let reply = devices.describe(Viewer::User(user(1)), device(2), Ok(changes.as_object().expect("an object")), now);
    assert_eq!(
        json!(reply.expect("changed")),
        json!({
            "message": "Device session metadata updated",
            "session": {
                "id": DeviceSessionId::random([2; 16]), "device_id": device(2), "metadata": { "app_version": "2.0" },
                "updated_at": "2026-02-06T12:01:00.000Z"
            }
        })
    );
    assert_eq!(devices.get(device(2)).map(|row| row.last_seen), Some(START.plus(1)));
}

#[test]
fn statistics_count_what_is_to_be_seen() {
    let devices = devices();
    let check = |viewer, expected| assert_eq!(json!(devices.stats(viewer)), expected);
    check(
        Viewer::User(user(1)),
        json!({
            "total_devices": 2, "unique_users": 1, "avg_sessions_per_device": 1.5, "most_common_os": "Android",
            "most_common_browser": "Safari"
        }),
    );
    check(
        Viewer::Admin,
        json!({
            "total_devices": 4, "unique_users": 2, "avg_sessions_per_device": 1.3, "most_common_os": "iOS",
            "most_common_browser": "Safari"
        }),
    );
    check(
        Viewer::User(user(3)),
        json!({
            "total_devices": 0, "unique_users": 0, "avg_sessions_per_device": 0, "most_common_os": null,
            "most_common_browser": null
        }),
    );
}

#[test]
fn devices_that_were_not_seen_for_long_are_dropped_unless_they_are_connected() {
    let mut devices = Devices::new(2);
    for n in 1..=3 {
        devices.arrive(arrival(n, Some(n), "iOS"), START.plus(i64::from(n)));
    }
    assert_eq!(devices.rows.len(), 3, "all are connected");
    devices.leave(device(3), START.plus(10));
    assert_eq!((devices.rows.len(), devices.get(device(3))), (2, None));
    assert_eq!(devices.take_unsaved().dropped, [device(3)]);
    devices.leave(device(2), START.plus(20));
    devices.leave(device(1), START.plus(30));
    devices.arrive(arrival(4, None, "iOS"), START.plus(40));
    assert_eq!((devices.get(device(2)), devices.users.len(), devices.gone.len()), (None, 1, 1));
}

#[test]
fn stored_devices_come_back_without_sockets() {
    let mut before = devices();
    let rows: Vec<Row> = (1..=4).filter_map(|n| before.get(device(n)).cloned()).collect();
    let mut devices = Devices::new(3);
    devices.load(rows);
    assert_eq!(devices.take_unsaved(), Unsaved { changed: BTreeSet::new(), dropped: vec![device(2)] });
    devices.resume(device(3));
    devices.arrive(arrival(5, None, "iOS"), START.plus(50));
    assert_eq!(devices.take_unsaved().dropped, [device(4)]);
    before.take_unsaved();
}
