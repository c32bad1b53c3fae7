//! `/metrics`: every family at the first scrape, and what a fleet at work makes of them.

use serde_json::{Value, json};

use super::support::{connect, get, headset, start};
use crate::harness::hub::Hub;

/// The document's families: name, type, help.
const FAMILIES: [(&str, &str, &str); 23] = [
    ("turing_connected_devices_total", "gauge", "Connected devices by type (headset/tablet)"),
    ("turing_locked_devices_total", "gauge", "Devices locked by tablets"),
    ("turing_recording_devices_total", "gauge", "Devices currently recording"),
    ("turing_device_connections_total", "counter", "Connection events (connect/disconnect)"),
    ("turing_device_lock_operations_total", "counter", "Lock/unlock operations"),
    ("turing_fleet_battery_level", "gauge", "Battery level (0-100)"),
    ("turing_low_battery_devices_total", "gauge", "Devices with battery < 20%"),
    ("turing_sessions_active_total", "gauge", "Active capture sessions"),
    ("turing_sessions_created_total", "counter", "Total sessions created"),
    ("turing_session_duration_seconds", "histogram", "Session duration distribution"),
    ("turing_uploads_in_progress", "gauge", "Current uploads"),
    ("turing_upload_duration_seconds", "histogram", "Upload duration"),
    ("turing_upload_size_bytes", "histogram", "Upload file sizes"),
    ("turing_upload_bytes_total", "counter", "Total bytes uploaded"),
    ("turing_upload_errors_total", "counter", "Upload errors"),
    ("turing_socket_messages_total", "counter", "Socket messages"),
    ("turing_socket_events_total", "counter", "Events by type"),
    ("turing_frame_batch_size", "histogram", "Frames per batch"),
    ("turing_frames_dropped_total", "counter", "Dropped frames"),
    ("turing_socket_connection_duration_seconds", "histogram", "Connection duration"),
    ("turing_dashboard_subscribers_total", "gauge", "Dashboard subscribers"),
    ("turing_http_requests_total", "counter", "HTTP requests"),
    ("turing_http_request_duration_seconds", "histogram", "Request duration"),
];

#[tokio::test]
async fn the_first_scrape_announces_every_family() {
    let hub = start(&[]).await;
    let answer = get(&hub, "/metrics").await;
    let head = (answer.status.as_u16(), answer.header("content-type"));
    assert_eq!(head, (200, "text/plain; version=0.0.4; charset=utf-8"));
    for (name, kind, help) in FAMILIES {
        for line in [format!("# HELP {name} {help}"), format!("# TYPE {name} {kind}")] {
            assert_eq!(answer.text.lines().filter(|shown| *shown == line).count(), 1, "{line} in {}", answer.text);
        }
    }
    let foreign = |line: &&str| !line.starts_with("turing_") && !line.starts_with('#') && !line.is_empty();
    assert_eq!(answer.text.lines().find(foreign), None, "all names begin alike");
    hub.stop().await;
}

#[tokio::test]
async fn what_has_no_labels_starts_at_zero() {
    let hub = start(&[]).await;
    let scrape = Scrape::of(&hub).await;
    scrape.check(&[
        (r#"turing_connected_devices_total{type="headset"}"#, 0.0),
        (r#"turing_connected_devices_total{type="tablet"}"#, 0.0),
        ("turing_locked_devices_total", 0.0),
        ("turing_recording_devices_total", 0.0),
        ("turing_low_battery_devices_total", 0.0),
        ("turing_sessions_active_total", 0.0),
        ("turing_sessions_created_total", 0.0),
        ("turing_uploads_in_progress", 0.0),
        ("turing_frames_dropped_total", 0.0),
        ("turing_dashboard_subscribers_total", 0.0),
    ]);
    scrape.check_empty_histogram("turing_session_duration_seconds", &["60", "300", "600", "1800", "3600", "7200"]);
    scrape.check_empty_histogram("turing_frame_batch_size", &["1", "5", "10", "20", "50", "100"]);
    for absent in ["turing_fleet_battery_level{", r#"{type="dashboard"}"#] {
        let connected = |line: &&str| line.starts_with("turing_fleet") || line.starts_with("turing_connected");
        assert!(!scrape.0.lines().filter(connected).any(|line| line.contains(absent)), "{absent}");
    }
    hub.stop().await;
}

#[tokio::test]
async fn the_process_is_shown_under_the_documents_prefix() {
    let hub = start(&[]).await;
    let scrape = Scrape::of(&hub).await;
    for name in [
        "turing_process_cpu_seconds_total",
        "turing_process_start_time_seconds",
        "turing_process_resident_memory_bytes",
        "turing_process_virtual_memory_bytes",
        "turing_process_heap_bytes",
        "turing_process_open_fds",
        "turing_process_max_fds",
    ] {
        assert!(scrape.value(name).is_some_and(|value| value > 0.0), "{name}");
    }
    for name in ["", "_min", "_max", "_mean", "_stddev", "_p50", "_p90", "_p99"] {
        let name = format!("turing_nodejs_eventloop_lag{name}_seconds");
        assert!(scrape.value(&name).is_some_and(|value| value >= 0.0), "{name}");
    }
    assert!(scrape.0.contains(&format!("turing_nodejs_version_info{{version=\"v{}\"", env!("CARGO_PKG_VERSION"))));
    hub.stop().await;
}

#[tokio::test]
async fn a_fleet_at_work_is_counted() {
    let hub = start(&[]).await;
    let mut client = headset(&hub, "QUEST_001").await;
    let mut tablet = connect(&hub, "TABLET_001", "tablet").await;
    let mut dashboard = connect(&hub, "DASHBOARD_1", "dashboard").await;
    client.ask("device-telemetry", json!([{"batteryLevel": 0.15}])).await;
    client.ask("headset-recording-state", json!([true])).await;
    client.ask("headset-frame", json!([5])).await;
    tablet.ask("tablet-lock-device", json!(["QUEST_001"])).await;
    tablet.ask("tablet-lock-device", json!(["QUEST_999"])).await;
    let created = tablet.ask("tablet-create-session", json!([{"deviceIds": ["QUEST_001"]}])).await;
    dashboard.ask("dashboard-subscribe", json!([])).await;
    get(&hub, "/api/devices/QUEST_001").await;
    get(&hub, "/api/devices/QUEST_999").await;
    get(&hub, "/nowhere/QUEST_999").await;
    Scrape::of(&hub).await.check(&[
        (r#"turing_connected_devices_total{type="headset"}"#, 1.0),
        (r#"turing_connected_devices_total{type="tablet"}"#, 1.0),
        (r#"turing_connected_devices_total{type="dashboard"}"#, 1.0),
        (r#"turing_device_connections_total{type="headset",event="connect"}"#, 1.0),
        (r#"turing_device_connections_total{type="tablet",event="connect"}"#, 1.0),
        (r#"turing_device_lock_operations_total{operation="lock",success="false"}"#, 1.0),
        ("turing_locked_devices_total", 1.0),
        ("turing_recording_devices_total", 1.0),
        (r#"turing_fleet_battery_level{device_id="QUEST_001"}"#, 15.0),
        ("turing_low_battery_devices_total", 1.0),
        ("turing_sessions_active_total", 1.0),
        ("turing_sessions_created_total", 1.0),
        ("turing_frames_dropped_total", 1.0),
        ("turing_dashboard_subscribers_total", 1.0),
        (r#"turing_socket_events_total{event="headset-identify"}"#, 1.0),
        (r#"turing_socket_events_total{event="device-telemetry"}"#, 1.0),
        (r#"turing_socket_events_total{event="tablet-lock-device"}"#, 2.0),
        (r#"turing_socket_messages_total{event_type="device-telemetry",direction="in"}"#, 1.0),
        (r#"turing_socket_messages_total{event_type="on-headset-connected",direction="out"}"#, 1.0),
        (r#"turing_socket_messages_total{event_type="on-device-lock-failed",direction="out"}"#, 1.0),
        (r#"turing_http_requests_total{method="POST",route="/auth/device-token",status_code="200"}"#, 3.0),
        (r#"turing_http_requests_total{method="GET",route="/api/devices/:deviceId",status_code="200"}"#, 1.0),
        (r#"turing_http_requests_total{method="GET",route="/api/devices/:deviceId",status_code="404"}"#, 1.0),
        (r#"turing_http_requests_total{method="GET",route="unmatched",status_code="404"}"#, 1.0),
        (r#"turing_http_request_duration_seconds_count{method="GET",route="/api/devices/:deviceId",status_code="404"}"#, 1.0),
    ]);
    tablet.ask("tablet-end-session", json!([created[0]["sessionId"]])).await;
    tablet.ask("tablet-unlock-device", json!(["QUEST_001"])).await;
    tablet.ask("tablet-unlock-device", json!(["QUEST_999"])).await;
    dashboard.ask("dashboard-unsubscribe", json!([])).await;
    client.close().await;
    tablet.wait_until("on-headsets-updated", |args: &Value| *args == json!([[]])).await;
    let scrape = Scrape::of(&hub).await;
    scrape.check(&[
        (r#"turing_connected_devices_total{type="headset"}"#, 0.0),
        (r#"turing_device_connections_total{type="headset",event="disconnect"}"#, 1.0),
        (r#"turing_device_lock_operations_total{operation="unlock",success="true"}"#, 2.0),
        ("turing_locked_devices_total", 0.0),
        ("turing_recording_devices_total", 0.0),
        ("turing_low_battery_devices_total", 0.0),
        ("turing_sessions_active_total", 0.0),
        ("turing_sessions_created_total", 1.0),
        ("turing_session_duration_seconds_count", 1.0),
        ("turing_dashboard_subscribers_total", 0.0),
        (r#"turing_socket_connection_duration_seconds_count{type="headset"}"#, 1.0),
        (r#"turing_socket_connection_duration_seconds_bucket{type="headset",le="60"}"#, 1.0),
    ]);
    assert_eq!(scrape.value(r#"turing_fleet_battery_level{device_id="QUEST_001"}"#), None, "it is offline");
    hub.stop().await;
}

#[tokio::test]
async fn a_battery_over_one_is_percent_already() {
    let hub = start(&[]).await;
    let mut client = headset(&hub, "QUEST_001").await;
    for (sent, percent, low) in [(json!(85), 85.0, 0.0), (json!(19.5), 19.5, 1.0), (json!(0.2), 20.0, 0.0)] {
        client.ask("device-telemetry", json!([{"batteryLevel": sent}])).await;
        let battery = r#"turing_fleet_battery_level{device_id="QUEST_001"}"#;
        Scrape::of(&hub).await.check(&[(battery, percent), ("turing_low_battery_devices_total", low)]);
    }
    hub.stop().await;
}

struct Scrape(String);

impl Scrape {
    async fn of(hub: &Hub) -> Self {
        Self(get(hub, "/metrics").await.text)
    }

    /// Returns the value of a series; none if it is not shown.
    fn value(&self, series: &str) -> Option<f64> {
        let value = |line: &str| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok();
        self.0.lines().find_map(value)
    }

    fn check(&self, expected: &[(&str, f64)]) {
        let wrong: Vec<_> = expected
            .iter()
            .map(|(series, value)| (series, Some(*value), self.value(series)))
            .filter(|row| row.1 != row.2)
            .collect();
        assert!(wrong.is_empty(), "series, expected, shown: {wrong:#?}\n{}", self.0);
    }

    fn check_empty_histogram(&self, name: &str, bounds: &[&str]) {
        for bound in bounds.iter().chain(&["+Inf"]) {
            self.check(&[(&format!("{name}_bucket{{le=\"{bound}\"}}"), 0.0)]);
        }
        self.check(&[(&format!("{name}_sum"), 0.0), (&format!("{name}_count"), 0.0)]);
        let shown = self.0.lines().filter(|line| line.starts_with(&format!("{name}_bucket"))).count();
        assert_eq!(shown, bounds.len() + 1, "{name} has no other buckets");
    }
}
