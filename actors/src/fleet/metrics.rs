//! What the fleet's actors count. The names are the document's; whoever serves `/metrics` registers them.

use hubbub_protocol::fleet::auth::DeviceType;
use hubbub_protocol::fleet::uploads::FileType;
pub use metrics::{Counter, Gauge, Histogram};

/// The handles of everything that actors count.
pub struct Metrics {
    /// `turing_device_connections_total{event="connect"}`, by type as [`DeviceType`] orders them.
    pub connects: [Counter; 3],
    /// `turing_device_connections_total{event="disconnect"}`, likewise.
    pub disconnects: [Counter; 3],
    /// `turing_device_lock_operations_total{operation="lock"}`: refused, done.
    pub locks: [Counter; 2],
    /// `turing_device_lock_operations_total{operation="unlock"}`: refused, done.
    pub unlocks: [Counter; 2],
    /// `turing_sessions_created_total`.
    pub sessions_created: Counter,
    /// `turing_session_duration_seconds`.
    pub session_duration_seconds: Histogram,
    /// `turing_frame_batch_size`.
    pub frame_batch_size: Histogram,
    /// `turing_frames_dropped_total`.
    pub frames_dropped: Counter,
    /// `turing_uploads_in_progress`.
    pub uploads_in_progress: Gauge,
    /// `turing_upload_duration_seconds`, `turing_upload_size_bytes` and `turing_upload_bytes_total`, by file as [`FileType::ALL`] orders them.
    pub uploads: [FileMetrics; 2],
    /// `turing_upload_errors_total`, as [`UploadError::ALL`] orders them.
    pub upload_errors: [Counter; UploadError::ALL.len()],
}

/// What is counted of the uploads of one type of file.
pub struct FileMetrics {
    /// How long they took.
    pub duration_seconds: Histogram,
    /// How large they were.
    pub size_bytes: Histogram,
    /// All their bytes together.
    pub bytes_total: Counter,
}

/// Why an upload, or a try to complete it, came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadError {
    /// Its client gave it up or went away.
    Aborted,
    /// Nobody completed it within a day.
    Expired,
    /// A part was missing or not what its client said.
    InvalidPart,
    /// A field of the request was missing or wrong.
    InvalidRequest,
    /// A file was too large, or the store had no more room.
    TooLarge,
    /// The store failed.
    Store,
}

impl UploadError {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Aborted, Self::Expired, Self::InvalidPart, Self::InvalidRequest, Self::TooLarge, Self::Store];

    /// Returns the label `error_type`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aborted => "aborted",
            Self::Expired => "expired",
            Self::InvalidPart => "invalid_part",
            Self::InvalidRequest => "invalid_request",
            Self::TooLarge => "file_too_large",
            Self::Store => "upload_failed",
        }
    }
}

impl Metrics {
    /// Returns handles that count nothing.
    #[must_use]
    pub fn unobserved() -> Self {
        let nothing = Counter::noop;
        Self {
            connects: [nothing(), nothing(), nothing()],
            disconnects: [nothing(), nothing(), nothing()],
            locks: [nothing(), nothing()],
            unlocks: [nothing(), nothing()],
            sessions_created: nothing(),
            session_duration_seconds: Histogram::noop(),
            frame_batch_size: Histogram::noop(),
            frames_dropped: nothing(),
            uploads_in_progress: Gauge::noop(),
            uploads: FileType::ALL.map(|_| FileMetrics {
                duration_seconds: Histogram::noop(),
                size_bytes: Histogram::noop(),
                bytes_total: nothing(),
            }),
            upload_errors: UploadError::ALL.map(|_| nothing()),
        }
    }

    /// Counts a file that is in the store, `took_ms` after its upload began.
    #[expect(clippy::cast_precision_loss, reason = "a histogram takes floats")]
    pub fn upload_completed(&self, file: FileType, size_bytes: u64, took_ms: i64) {
        let [video, data] = &self.uploads;
        let of_file = match file {
            FileType::Video => video,
            FileType::Data => data,
        };
        of_file.duration_seconds.record(took_ms.max(0) as f64 / 1000.0);
        of_file.size_bytes.record(size_bytes as f64);
        of_file.bytes_total.increment(size_bytes);
    }

    /// Counts an upload that came to nothing.
    pub fn upload_failed(&self, error: UploadError) {
        let counters = UploadError::ALL.iter().zip(&self.upload_errors);
        counters.filter(|(counted, _)| **counted == error).for_each(|(_, counter)| counter.increment(1));
    }

    /// Counts a connection of a client of this type.
    pub fn connected(&self, kind: DeviceType) {
        by_type(&self.connects, kind).increment(1);
    }

    /// Counts the end of a connection.
    pub fn disconnected(&self, kind: DeviceType) {
        by_type(&self.disconnects, kind).increment(1);
    }

    /// Counts a try to lock a device.
    pub fn tried_to_lock(&self, was_done: bool) {
        let [refused, done] = &self.locks;
        if was_done { done.increment(1) } else { refused.increment(1) }
    }

    /// Counts a try to unlock a device.
    pub fn tried_to_unlock(&self, was_done: bool) {
        let [refused, done] = &self.unlocks;
        if was_done { done.increment(1) } else { refused.increment(1) }
    }
}

fn by_type(counters: &[Counter; 3], kind: DeviceType) -> &Counter {
    let [headset, tablet, dashboard] = counters;
    match kind {
        DeviceType::Headset => headset,
        DeviceType::Tablet => tablet,
        DeviceType::Dashboard => dashboard,
    }
}
