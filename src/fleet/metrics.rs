//! The fleet's metrics: the 23 families of the document, in its order of topics, and the process's own.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use hubbub_actors::fleet::metrics::{Counter, FileMetrics, Metrics as Counted, UploadError};
use hubbub_actors::fleet::roster::state::Gauges;
use hubbub_actors::kit::emit::Observe;
use hubbub_actors::kit::metrics::{Family, MetricKind, MetricSet, Sample, render_families};
use hubbub_protocol::contract::Emit;
use hubbub_protocol::fleet::auth::DeviceType;
use hubbub_protocol::fleet::uploads::FileType;
use hubbub_protocol::fleet::{capture, dashboard, headset, sessions, tablet};

use super::lag::Figures;
use crate::edge::{Observer, Served};
use crate::process::Process;

const SESSION_SECS: &[f64] = &[60.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0];
const BATCH_FRAMES: &[f64] = &[1.0, 5.0, 10.0, 20.0, 50.0, 100.0];
const CONNECTION_SECS: &[f64] = &[60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0];
const UPLOAD_SECS: &[f64] = &[1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0];
const UPLOAD_BYTES: &[f64] = &[1e6, 1e7, 1e8, 5e8, 1e9, 5e9, 1e10];
const HTTP_SECS: &[f64] = &[0.01, 0.05, 0.1, 0.5, 1.0, 2.0, 5.0];

const CONNECTIONS: (&str, &str) = ("turing_device_connections_total", "Connection events (connect/disconnect)");
const LOCKS: (&str, &str) = ("turing_device_lock_operations_total", "Lock/unlock operations");
const UPLOADS: (&str, &str) = ("turing_uploads_in_progress", "Current uploads");
const UPLOAD_DURATION: (&str, &str) = ("turing_upload_duration_seconds", "Upload duration");
const UPLOAD_SIZE: (&str, &str) = ("turing_upload_size_bytes", "Upload file sizes");
const UPLOADED: (&str, &str) = ("turing_upload_bytes_total", "Total bytes uploaded");
const UPLOAD_ERRORS: (&str, &str) = ("turing_upload_errors_total", "Upload errors");
const MESSAGES: (&str, &str) = ("turing_socket_messages_total", "Socket messages");
const EVENTS: (&str, &str) = ("turing_socket_events_total", "Events by type");
const DURATION: (&str, &str) = ("turing_socket_connection_duration_seconds", "Connection duration");
const REQUESTS: (&str, &str) = ("turing_http_requests_total", "HTTP requests");
const REQUEST_DURATION: (&str, &str) = ("turing_http_request_duration_seconds", "Request duration");

/// The label of an event that the document does not name.
const OTHER: &str = "other";

/// Everything that the fleet counts.
pub struct FleetMetrics {
    set: MetricSet,
    frames_dropped: Counter,
    sent: HashMap<&'static str, Counter>,
    sent_other: Counter,
}

impl FleetMetrics {
    /// Announces all families, so that the first scrape shows their help and type.
    #[must_use]
    pub fn new() -> Arc<Self> {
        let set = MetricSet::new();
        set.describe(MetricKind::Counter, CONNECTIONS.0, CONNECTIONS.1);
        set.describe(MetricKind::Counter, LOCKS.0, LOCKS.1);
        let _created = set.counter("turing_sessions_created_total", "Total sessions created", &[]);
        let _durations = set.histogram("turing_session_duration_seconds", "Session duration distribution", SESSION_SECS, &[]);
        let _uploads = set.gauge(UPLOADS.0, UPLOADS.1, &[]);
        set.describe(MetricKind::Histogram, UPLOAD_DURATION.0, UPLOAD_DURATION.1);
        set.describe(MetricKind::Histogram, UPLOAD_SIZE.0, UPLOAD_SIZE.1);
        set.describe(MetricKind::Counter, UPLOADED.0, UPLOADED.1);
        set.describe(MetricKind::Counter, UPLOAD_ERRORS.0, UPLOAD_ERRORS.1);
        set.describe(MetricKind::Counter, MESSAGES.0, MESSAGES.1);
        set.describe(MetricKind::Counter, EVENTS.0, EVENTS.1);
        let _batches = set.histogram("turing_frame_batch_size", "Frames per batch", BATCH_FRAMES, &[]);
        let frames_dropped = set.counter("turing_frames_dropped_total", "Dropped frames", &[]);
        set.describe(MetricKind::Histogram, DURATION.0, DURATION.1);
        set.describe(MetricKind::Counter, REQUESTS.0, REQUESTS.1);
        set.describe(MetricKind::Histogram, REQUEST_DURATION.0, REQUEST_DURATION.1);
        let message = |event: &str| set.counter(MESSAGES.0, MESSAGES.1, &[("event_type", event), ("direction", "out")]);
        let sent = OUTBOUND.iter().map(|event| (*event, message(event))).collect();
        let sent_other = message(OTHER);
        Arc::new(Self { frames_dropped, sent, sent_other, set })
    }

    /// Returns the handles of what the actors count.
    #[must_use]
    pub fn for_actors(&self) -> Counted {
        let connection = |kind: DeviceType, event: &str| {
            self.set.counter(CONNECTIONS.0, CONNECTIONS.1, &[("type", kind.as_str()), ("event", event)])
        };
        let by_type =
            |event: &str| [DeviceType::Headset, DeviceType::Tablet, DeviceType::Dashboard].map(|kind| connection(kind, event));
        let operation = |operation: &str, success: &str| {
            self.set.counter(LOCKS.0, LOCKS.1, &[("operation", operation), ("success", success)])
        };
        let by_success = |name: &str| ["false", "true"].map(|success| operation(name, success));
        Counted {
            connects: by_type("connect"),
            disconnects: by_type("disconnect"),
            locks: by_success("lock"),
            unlocks: by_success("unlock"),
            sessions_created: self.set.counter("turing_sessions_created_total", "", &[]),
            session_duration_seconds: self.set.histogram("turing_session_duration_seconds", "", SESSION_SECS, &[]),
            frame_batch_size: self.set.histogram("turing_frame_batch_size", "", BATCH_FRAMES, &[]),
            frames_dropped: self.frames_dropped.clone(),
            uploads_in_progress: self.set.gauge(UPLOADS.0, UPLOADS.1, &[]),
            uploads: FileType::ALL.map(|file| self.of_file(file)),
            upload_errors: UploadError::ALL.map(|error| self.upload_error(error)),
        }
    }

    fn of_file(&self, file: FileType) -> FileMetrics {
        let labels = [("file_type", file.as_str())];
        FileMetrics {
            duration_seconds: self.set.histogram(UPLOAD_DURATION.0, UPLOAD_DURATION.1, UPLOAD_SECS, &labels),
            size_bytes: self.set.histogram(UPLOAD_SIZE.0, UPLOAD_SIZE.1, UPLOAD_BYTES, &labels),
            bytes_total: self.set.counter(UPLOADED.0, UPLOADED.1, &labels),
        }
    }

    fn upload_error(&self, error: UploadError) -> Counter {
        self.set.counter(UPLOAD_ERRORS.0, UPLOAD_ERRORS.1, &[("error_type", error.as_str())])
    }

    /// Counts an event that was taken up.
    pub fn received(&self, event: &'static str) {
        self.set.counter(EVENTS.0, EVENTS.1, &[("event", event)]).increment(1);
        self.set.counter(MESSAGES.0, MESSAGES.1, &[("event_type", event), ("direction", "in")]).increment(1);
    }

    /// Counts an event that was over its limit and dropped.
    pub fn dropped(&self, event: &'static str) {
        if event == <headset::Frame as hubbub_protocol::contract::Event>::NAME {
            self.frames_dropped.increment(1);
        }
    }

    /// Takes note of how long a client was connected.
    pub fn connection_ended(&self, kind: &str, duration: Duration) {
        self.set.histogram(DURATION.0, DURATION.1, CONNECTION_SECS, &[("type", kind)]).record(duration);
    }

    /// Renders a scrape.
    #[must_use]
    pub fn render(&self, gauges: &Gauges, subscribers: usize, lag: Figures) -> String {
        let mut text = render_families(&fleet(gauges, subscribers));
        text.push_str(&self.set.render());
        text.push_str(&render_families(&process(&Process::read(), lag)));
        text
    }

    /// Keeps histograms small between scrapes.
    pub fn run_upkeep(&self) {
        self.set.run_upkeep();
    }
}

impl Observer for FleetMetrics {
    fn served(&self, request: &Served<'_>) {
        // The document writes parameters with a colon, and has none that takes the rest of a path.
        let route = request.route.replace(":.*}", "}").replace('{', ":").replace('}', "");
        let status = request.status.to_string();
        let labels = [("method", request.method), ("route", route.as_str()), ("status_code", status.as_str())];
        self.set.counter(REQUESTS.0, REQUESTS.1, &labels).increment(1);
        self.set.histogram(REQUEST_DURATION.0, REQUEST_DURATION.1, HTTP_SECS, &labels).record(request.elapsed);
    }
}

/// Counts what is emitted; a newtype, because the trait belongs to the kit and so does the pointer.
pub struct Sent(pub Arc<FleetMetrics>);

impl Observe for Sent {
    fn emitted(&self, event: &str, receivers: usize) {
        self.0.sent.get(event).unwrap_or(&self.0.sent_other).increment(receivers as u64);
    }
}

/// What is computed at the scrape.
fn fleet(gauges: &Gauges, subscribers: usize) -> Vec<Family> {
    let connected = gauges.connected.iter().map(|(kind, count)| (vec![("type", kind.as_str().to_owned())], whole(*count)));
    let battery = gauges.battery_percent.iter().map(|(id, percent)| (vec![("device_id", id.to_string())], *percent));
    let one = |count: usize| vec![(Vec::new(), whole(count))];
    vec![
        gauge("turing_connected_devices_total", "Connected devices by type (headset/tablet)", connected.collect()),
        gauge("turing_locked_devices_total", "Devices locked by tablets", one(gauges.locked)),
        gauge("turing_recording_devices_total", "Devices currently recording", one(gauges.recording)),
        gauge("turing_fleet_battery_level", "Battery level (0-100)", battery.collect()),
        gauge("turing_low_battery_devices_total", "Devices with battery < 20%", one(gauges.low_battery)),
        gauge("turing_sessions_active_total", "Active capture sessions", one(gauges.active_sessions)),
        gauge("turing_dashboard_subscribers_total", "Dashboard subscribers", one(subscribers)),
    ]
}

/// What a Node.js server's default metrics say, as far as it means something here.
fn process(process: &Process, lag: Figures) -> Vec<Family> {
    let one = |value: f64| vec![(Vec::new(), value)];
    let seconds = |name, help, value| Family { name, help, kind: MetricKind::Counter, samples: one(value) };
    let version = env!("CARGO_PKG_VERSION");
    let mut parts = version.split('.').map(str::to_owned);
    let mut part = || parts.next().unwrap_or_default();
    let (major, minor, patch) = (part(), part(), part());
    let labels = vec![("version", format!("v{version}")), ("major", major), ("minor", minor), ("patch", patch)];
    vec![
        seconds("turing_process_cpu_user_seconds_total", "Total user CPU time spent in seconds.", process.cpu_user_secs),
        seconds("turing_process_cpu_system_seconds_total", "Total system CPU time spent in seconds.", process.cpu_system_secs),
        seconds(
            "turing_process_cpu_seconds_total",
            "Total user and system CPU time spent in seconds.",
            process.cpu_user_secs + process.cpu_system_secs,
        ),
        gauge(
            "turing_process_start_time_seconds",
            "Start time of the process since unix epoch in seconds.",
            one(bytes(process.start_time_secs)),
        ),
        gauge("turing_process_resident_memory_bytes", "Resident memory size in bytes.", one(bytes(process.resident_bytes))),
        gauge("turing_process_virtual_memory_bytes", "Virtual memory size in bytes.", one(bytes(process.virtual_bytes))),
        gauge("turing_process_heap_bytes", "Process heap size in bytes.", one(bytes(process.heap_bytes))),
        gauge("turing_process_open_fds", "Number of open file descriptors.", one(bytes(process.open_fds))),
        gauge("turing_process_max_fds", "Maximum number of open file descriptors.", one(bytes(process.max_fds))),
        gauge("turing_nodejs_eventloop_lag_seconds", "Lag of the scheduler in seconds.", one(lag.latest)),
        gauge("turing_nodejs_eventloop_lag_min_seconds", "The minimum recorded scheduler delay.", one(lag.min)),
        gauge("turing_nodejs_eventloop_lag_max_seconds", "The maximum recorded scheduler delay.", one(lag.max)),
        gauge("turing_nodejs_eventloop_lag_mean_seconds", "The mean of the recorded scheduler delays.", one(lag.mean)),
        gauge(
            "turing_nodejs_eventloop_lag_stddev_seconds",
            "The standard deviation of the recorded scheduler delays.",
            one(lag.stddev),
        ),
        gauge("turing_nodejs_eventloop_lag_p50_seconds", "The 50th percentile of the recorded scheduler delays.", one(lag.p50)),
        gauge("turing_nodejs_eventloop_lag_p90_seconds", "The 90th percentile of the recorded scheduler delays.", one(lag.p90)),
        gauge("turing_nodejs_eventloop_lag_p99_seconds", "The 99th percentile of the recorded scheduler delays.", one(lag.p99)),
        gauge("turing_nodejs_version_info", "The version of hubbub, in the place of Node.js.", vec![(labels, 1.0)]),
    ]
}

fn gauge(name: &'static str, help: &'static str, samples: Vec<Sample>) -> Family {
    Family { name, help, kind: MetricKind::Gauge, samples }
}

fn whole(count: usize) -> f64 {
    bytes(count as u64)
}

#[expect(clippy::cast_precision_loss, reason = "a metric's value is a float")]
fn bytes(count: u64) -> f64 {
    count as f64
}

/// Every event that the fleet emits: the document's 33, and `error`.
pub const OUTBOUND: [&str; 34] = [
    headset::HeadsetConnected::NAME,
    headset::HeadsetDisconnected::NAME,
    headset::FrameUpdated::NAME,
    headset::StatusUpdated::NAME,
    headset::HeadsetRecordingActive::NAME,
    headset::HeadsetRecordingInactive::NAME,
    headset::DeviceRecordingChanged::NAME,
    headset::LogsProcessed::NAME,
    headset::StartRequested::NAME,
    headset::StopRequested::NAME,
    headset::ToggleRequested::NAME,
    headset::MetadataSynced::NAME,
    tablet::DeviceLocked::NAME,
    tablet::DeviceLockFailed::NAME,
    tablet::DeviceUnlocked::NAME,
    tablet::DevicesLocked::NAME,
    tablet::AllDevicesUnlocked::NAME,
    tablet::RecordingDenied::NAME,
    tablet::RecordingActive::NAME,
    tablet::RecordingInactive::NAME,
    tablet::DeviceDisconnected::NAME,
    capture::SessionCreated::NAME,
    capture::SessionError::NAME,
    capture::SessionStarted::NAME,
    capture::SessionPaused::NAME,
    capture::SessionEnded::NAME,
    sessions::Session::NAME,
    capture::ActiveSession::NAME,
    dashboard::FleetStatus::NAME,
    dashboard::DeviceUpdated::NAME,
    dashboard::HeadsetsUpdated::NAME,
    dashboard::HeadsetsWithLockStatus::NAME,
    dashboard::LocksUpdated::NAME,
    "error",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn types(text: &str) -> Vec<&str> {
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect()
    }

    #[test]
    fn the_first_scrape_announces_all_23_families_and_the_process() {
        let text = FleetMetrics::new().render(&Gauges::default(), 0, Figures::default());
        let (own, process): (Vec<&str>, Vec<&str>) = types(&text)
            .into_iter()
            .partition(|line| !line.starts_with("turing_process_") && !line.starts_with("turing_nodejs_"));
        let mut expected = [
            "turing_connected_devices_total gauge",
            "turing_locked_devices_total gauge",
            "turing_recording_devices_total gauge",
            "turing_device_connections_total counter",
            "turing_device_lock_operations_total counter",
            "turing_fleet_battery_level gauge",
            "turing_low_battery_devices_total gauge",
            "turing_sessions_active_total gauge",
            "turing_sessions_created_total counter",
            "turing_session_duration_seconds histogram",
            "turing_uploads_in_progress gauge",
            "turing_upload_duration_seconds histogram",
            "turing_upload_size_bytes histogram",
            "turing_upload_bytes_total counter",
            "turing_upload_errors_total counter",
            "turing_socket_messages_total counter",
            "turing_socket_events_total counter",
            "turing_frame_batch_size histogram",
            "turing_frames_dropped_total counter",
            "turing_socket_connection_duration_seconds histogram",
            "turing_dashboard_subscribers_total gauge",
            "turing_http_requests_total counter",
            "turing_http_request_duration_seconds histogram",
        ];
        expected.sort_unstable();
        let mut own = own;
        own.sort_unstable();
        assert_eq!(own, expected);
        assert_eq!(process.len(), 18);
        for start in ["turing_sessions_created_total 0", "turing_frames_dropped_total 0", "turing_uploads_in_progress 0"] {
            assert!(text.lines().any(|line| line == start), "{start}");
        }
        for start in ["turing_session_duration_seconds_count 0", "turing_frame_batch_size_bucket{le=\"1\"} 0"] {
            assert!(text.lines().any(|line| line == start), "{start} in {text}");
        }
    }

    #[test]
    fn what_actors_count_is_scraped_under_the_documented_labels() {
        let metrics = FleetMetrics::new();
        let counted = metrics.for_actors();
        counted.connected(DeviceType::Tablet);
        counted.tried_to_lock(false);
        counted.frame_batch_size.record(3);
        metrics.received("headset-frame");
        metrics.dropped("headset-frame");
        metrics.served(&Served {
            method: "GET",
            route: "/api/devices/{deviceId}",
            status: 404,
            elapsed: Duration::from_millis(20),
        });
        Sent(Arc::clone(&metrics)).emitted("on-device-locked", 2);
        let gauges = Gauges { connected: vec![(DeviceType::Headset, 1)], ..Gauges::default() };
        let text = metrics.render(&gauges, 4, Figures::default());
        for line in [
            "turing_device_connections_total{type=\"tablet\",event=\"connect\"} 1",
            "turing_device_lock_operations_total{operation=\"lock\",success=\"false\"} 1",
            "turing_frame_batch_size_bucket{le=\"5\"} 1",
            "turing_frames_dropped_total 1",
            "turing_socket_events_total{event=\"headset-frame\"} 1",
            "turing_socket_messages_total{event_type=\"headset-frame\",direction=\"in\"} 1",
            "turing_socket_messages_total{event_type=\"on-device-locked\",direction=\"out\"} 2",
            "turing_http_requests_total{method=\"GET\",route=\"/api/devices/:deviceId\",status_code=\"404\"} 1",
            "turing_http_request_duration_seconds_bucket{method=\"GET\",route=\"/api/devices/:deviceId\",status_code=\"404\",le=\"0.05\"} 1",
            "turing_connected_devices_total{type=\"headset\"} 1",
            "turing_dashboard_subscribers_total 4",
        ] {
            assert!(text.lines().any(|shown| shown == line), "{line} in {text}");
        }
    }
}
