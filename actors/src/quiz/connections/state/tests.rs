use super::*;

const START: Timestamp = Timestamp(1_770_379_200_000);

/// Returns the row of socket `n`, from device `device`, opened `n` seconds after the start.
pub(crate) fn row(n: u8, device: u8, user: Option<u8>) -> Row {
    Row {
        id: ConnectionId::random([n; 16]),
        device_id: DeviceId::random([device; 16]),
        user_id: user.map(|user| UserId::random([user; 16])),
        socket_id: socket(n),
        connected_at: START.plus(i64::from(n) * 1000),
        disconnected_at: None,
        ip_address: "192.168.1.100".to_owned(),
        user_agent: "Mozilla/5.0".into(),
    }
}

pub(crate) fn socket(n: u8) -> SocketId {
    SocketId::new(format!("socket-{n}"))
}

fn numbers<'a>(rows: impl Iterator<Item = &'a Row>) -> Vec<String> {
    rows.map(|row| row.socket_id.as_str().trim_start_matches("socket-").to_owned()).collect()
}

fn keeping(connections_per_device: usize, connections: usize) -> Connections {
    Connections::new(Retention { connections_per_device, connections, devices: 10 })
}

#[test]
fn a_socket_opens_and_closes_once() {
    let mut connections = Connections::new(Retention::default());
    assert_eq!(connections.open(row(1, 1, None)), Opened::Now);
    assert_eq!(connections.open(row(1, 1, None)), Opened::Already);
    assert_eq!(connections.close(&socket(1), START.plus(61_000)), Some(DeviceId::random([1; 16])));
    assert_eq!(connections.close(&socket(1), START.plus(99_000)), None);
    assert_eq!(connections.close(&socket(2), START), None);
    let kept = connections.get(ConnectionId::random([1; 16])).expect("a row");
    assert_eq!(kept.duration_ms(), Some(60_000));
    assert_eq!(connections.take_unsaved().changed.len(), 2);
    assert_eq!(connections.take_unsaved(), Unsaved::default());
}

#[test]
fn a_socket_that_comes_back_goes_on_with_its_row() {
    let mut connections = keeping(1, 10);
    connections.open(row(1, 1, None));
    connections.close(&socket(1), START.plus(61_000));
    assert_eq!(
        connections.open(Row { id: ConnectionId::random([9; 16]), ..row(1, 1, None) }),
        Opened::Again(DeviceId::random([1; 16]))
    );
    let kept = connections.get(ConnectionId::random([1; 16])).expect("a row");
    assert_eq!(kept.disconnected_at, None);
    connections.open(row(2, 1, None));
    assert_eq!(numbers(connections.all()), ["2", "1"], "an open row is never dropped");
}

#[test]
fn a_clock_that_was_set_back_makes_no_negative_duration() {
    let mut connections = keeping(10, 10);
    connections.open(row(5, 1, None));
    connections.close(&socket(5), START);
    assert_eq!(connections.all().next().and_then(Row::duration_ms), Some(0));
}

#[test]
fn the_oldest_closed_rows_of_a_device_are_dropped_first() {
    let mut connections = keeping(2, 10);
    for n in 1..=3 {
        connections.open(row(n, 1, Some(1)));
    }
    connections.open(row(4, 2, Some(1)));
    assert_eq!(numbers(connections.of_device(DeviceId::random([1; 16]))), ["3", "2", "1"], "all are open");
    connections.take_unsaved();
    connections.close(&socket(2), START.plus(9000));
    assert_eq!(numbers(connections.all()), ["4", "3", "1"]);
    assert_eq!(numbers(connections.of_user(UserId::random([1; 16]))), ["4", "3", "1"]);
    let unsaved = connections.take_unsaved();
    assert_eq!(unsaved, Unsaved { changed: vec![], dropped: vec![ConnectionId::random([2; 16])] });
    connections.close(&socket(3), START.plus(9000));
    assert_eq!(numbers(connections.of_device(DeviceId::random([1; 16]))), ["3", "1"]);
}

#[test]
fn so_are_the_oldest_closed_rows_of_all() {
    let mut connections = keeping(10, 2);
    for n in 1..=3 {
        connections.open(row(n, n, Some(n)));
        connections.close(&socket(n), START.plus(10_000 - i64::from(n)));
    }
    assert_eq!(numbers(connections.all()), ["3", "2"]);
    assert_eq!(numbers(connections.of_user(UserId::random([1; 16]))), Vec::<String>::new());
    assert_eq!(connections.get(ConnectionId::random([1; 16])), None);
    assert_eq!((connections.users.len(), connections.devices.len(), connections.sockets.len()), (2, 2, 2));
}

#[test]
fn rows_of_an_earlier_process_ended_when_it_was_last_alive() {
    let mut connections = keeping(10, 3);
    let closed = Row { disconnected_at: Some(START.plus(2000)), ..row(1, 1, None) };
    let ends = |connections: &Connections| -> Vec<_> { connections.all().map(|row| row.disconnected_at).collect() };
    connections.load(vec![row(3, 1, None), closed.clone(), row(2, 1, None)], Some(START.plus(2500)));
    assert_eq!(numbers(connections.all()), ["3", "2", "1"]);
    assert_eq!(ends(&connections), [Some(START.plus(3000)), Some(START.plus(2500)), Some(START.plus(2000))]);
    assert_eq!(connections.take_unsaved().changed.len(), 2);

    let mut connections = keeping(10, 1);
    connections.load(vec![row(3, 1, None), closed], None);
    assert_eq!(ends(&connections), [None], "the same process goes on");
    assert_eq!(connections.take_unsaved().dropped, [ConnectionId::random([1; 16])]);
}

#[test]
fn ten_thousand_sockets_of_one_device_come_and_go() {
    let mut connections = keeping(100, 20_000);
    let row = |n: u32| Row {
        id: ConnectionId::from(uuid::Uuid::from_u128(n.into())),
        socket_id: SocketId::new(n.to_string()),
        ..row(1, 1, None)
    };
    for n in 0..10_000 {
        connections.open(row(n));
        connections.take_unsaved();
    }
    assert_eq!(connections.rows.len(), 10_000);
    for n in 0..10_000 {
        connections.close(&SocketId::new(n.to_string()), START.plus(5000));
        connections.take_unsaved();
    }
    assert_eq!(connections.rows.len(), 100);
    assert_eq!(connections.all().next().map(|row| row.socket_id.as_str()), Some("9999"));
}
