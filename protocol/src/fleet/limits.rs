//! Every limit of the document: the two rate tables, row by row, and the sizes.

use crate::contract::{EventLimit, Limit};

/// `/api/*`: all API routes together.
pub const API: Limit = Limit { bucket: "/api/*", max: 100, window_secs: 60 };
/// `/upload-session`.
pub const UPLOAD_SESSION: Limit = Limit { bucket: "/upload-session", max: 10, window_secs: 900 };
/// `/auth/*`.
pub const AUTH: Limit = Limit { bucket: "/auth/*", max: 20, window_secs: 60 };
/// `/metrics`.
pub const METRICS: Limit = Limit { bucket: "/metrics", max: 30, window_secs: 60 };
/// `/health` and `/test` share one window.
pub const HEALTH: Limit = Limit { bucket: "/health,/test", max: 60, window_secs: 60 };

/// `headset-frame`.
pub const FRAME: EventLimit = EventLimit { max: 120, window_secs: 1 };
/// `headset-status`.
pub const STATUS: EventLimit = EventLimit { max: 10, window_secs: 1 };
/// `headset-identify`.
pub const IDENTIFY: EventLimit = EventLimit { max: 3, window_secs: 5 };
/// `device-telemetry`.
pub const TELEMETRY: EventLimit = EventLimit { max: 5, window_secs: 1 };
/// `tablet-lock-devices`.
pub const LOCK_DEVICES: EventLimit = EventLimit { max: 5, window_secs: 5 };
/// `tablet-create-session`.
pub const CREATE_SESSION: EventLimit = EventLimit { max: 3, window_secs: 5 };
/// `dashboard-subscribe`.
pub const SUBSCRIBE: EventLimit = EventLimit { max: 5, window_secs: 5 };
/// The row `Default`: every other event.
pub const DEFAULT: EventLimit = EventLimit { max: 50, window_secs: 1 };

/// Characters of one camera frame.
pub const FRAME_CHARACTERS: usize = 1_048_576;
/// Characters of one status.
pub const STATUS_CHARACTERS: usize = 10_240;
/// Characters of the metadata that a tablet syncs.
pub const METADATA_CHARACTERS: usize = 102_400;
/// Bytes of one telemetry report, serialised.
pub const TELEMETRY_BYTES: usize = 65_536;
/// Bytes of a capture session's metadata, serialised.
pub const SESSION_METADATA_BYTES: usize = 102_400;
/// Characters of a device's custom name.
pub const NAME_CHARACTERS: usize = 100;
/// Devices that one event may name.
pub const DEVICES_PER_EVENT: usize = 50;
/// Characters of a session id in an event.
pub const SESSION_ID_CHARACTERS: usize = 100;

/// Bytes of one uploaded file.
pub const FILE_BYTES: u64 = 20 * 1024 * 1024 * 1024;
/// Bytes of every part of a chunked upload but the last, which may have fewer.
pub const CHUNK_BYTES: u64 = 10 * 1024 * 1024;
/// Parts of a chunked upload.
pub const CHUNKS: u32 = 10_000;
/// How long the address of a part is valid.
pub const PART_URL_SECS: u64 = 3600;
/// How long an unfinished upload is kept.
pub const UNFINISHED_UPLOAD_SECS: u64 = 24 * 60 * 60;
/// Characters of an upload's id.
pub const UPLOAD_ID_CHARACTERS: usize = 1024;
