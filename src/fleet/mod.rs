//! The fleet's tables: every route and every event, in the document's order.
//!
//! Hand-written beside the table: [`monitoring`] (`/test`, `/health`, `/metrics`), [`upload_session`] (`/upload-session`) and
//! [`store`] (`/_store/…`).

pub mod access;
pub mod lag;
pub mod metrics;
pub mod monitoring;
pub mod reports;
pub mod site;
pub mod sockets;
pub mod store;
pub mod upload_session;

use std::sync::Arc;

use hubbub_actors::fleet::{auth, uploads};
use hubbub_actors::kit::deps::Deps;
use hubbub_protocol::contract::{Access, Endpoint};
use hubbub_protocol::fleet::Fleet;
use hubbub_protocol::fleet::capture::{
    CreateSession, EndSession, GetActiveSession, GetSessionStatus, PauseSession, StartSession,
};
use hubbub_protocol::fleet::dashboard::{Subscribe, Unsubscribe};
use hubbub_protocol::fleet::devices::{GetDevice, GetHistory, ListDevices, NameDevice, SummariseFleet};
use hubbub_protocol::fleet::headset::{Frame, Identify, ReportLogsProcessed, ReportRecording, ReportStatus, ReportTelemetry};
use hubbub_protocol::fleet::health::Metrics;
use hubbub_protocol::fleet::qa_metrics::{CleanUpQaFiles, GetQaMetrics, GetQaSession, GetQaSummary, RefreshQaMetrics};
use hubbub_protocol::fleet::s3_stats::{GetS3Overview, GetS3Sessions, GetS3Stats, GetS3Timeline, RefreshS3Stats};
use hubbub_protocol::fleet::sessions::{GetSession, ListSessions};
use hubbub_protocol::fleet::tablet::{
    ConnectHeadset, DisconnectHeadset, GetRecordingStatus, LockDevice, LockDevices, StartAllRecording, StartRecording,
    StopAllRecording, StopRecording, SyncMetadata, ToggleAllRecording, ToggleRecording, UnlockAllDevices, UnlockDevice,
};
use hubbub_protocol::fleet::uploads::chunked_upload::abort::AbortChunkedUpload;
use hubbub_protocol::fleet::uploads::chunked_upload::complete::CompleteChunkedUpload;
use hubbub_protocol::fleet::uploads::chunked_upload::presign_part::PresignPart;
use hubbub_protocol::fleet::uploads::chunked_upload::status::GetChunkedUpload;
use hubbub_protocol::fleet::uploads::upload_session::UploadSession;

use crate::edge::{Edge, Endpoints, Mounted};
use crate::realtime::namespace::Events;
use monitoring::Monitor;

pub use site::site;

/// Returns the table of routes.
#[must_use]
pub fn endpoints(edge: Edge, monitor: &Arc<Monitor>) -> Mounted<Fleet> {
    let (health, metrics) = (Arc::clone(monitor), Arc::clone(monitor));
    Endpoints::new(edge)
        // Health and metrics
        .endpoint_with(monitoring::test)
        .endpoint_with(move |deps, ask| monitoring::health(Arc::clone(&health), deps, ask))
        .route(Metrics::METHOD, Metrics::PATH, Metrics::LIMIT, Access::Open, move |_| monitoring::metrics(Arc::clone(&metrics)))
        // Authentication
        .endpoint_with(auth::device_token)
        .endpoint_with(auth::verify_token)
        .endpoint_with(auth::generate_token)
        // Devices
        .endpoint::<ListDevices>()
        .endpoint::<GetDevice>()
        .endpoint::<GetHistory>()
        .endpoint::<NameDevice>()
        .endpoint::<SummariseFleet>()
        // Sessions
        .endpoint::<ListSessions>()
        .endpoint::<GetSession>()
        // File upload
        .route(UploadSession::METHOD, UploadSession::PATH, UploadSession::LIMIT, UploadSession::ACCESS, upload_session::upload)
        .endpoint_with(uploads::start)
        .endpoint::<GetChunkedUpload>()
        .endpoint::<PresignPart>()
        .endpoint::<CompleteChunkedUpload>()
        .endpoint::<AbortChunkedUpload>()
        .route(store::METHOD, store::PATH, store::LIMIT, store::ACCESS, store::put)
        // S3 statistics
        .endpoint::<GetS3Stats>()
        .endpoint::<GetS3Overview>()
        .endpoint::<GetS3Sessions>()
        .endpoint::<GetS3Timeline>()
        .endpoint::<RefreshS3Stats>()
        // QA metrics
        .endpoint::<GetQaMetrics>()
        .endpoint::<GetQaSummary>()
        .endpoint::<GetQaSession>()
        .endpoint::<RefreshQaMetrics>()
        .endpoint::<CleanUpQaFiles>()
        .build()
}

/// Returns the table of events.
#[must_use]
pub fn events(deps: Deps) -> Events<Fleet> {
    Events::new(deps)
        // Headset
        .event::<Identify>()
        .event::<Frame>()
        .event::<ReportStatus>()
        .event::<ReportTelemetry>()
        .event::<ReportRecording>()
        .event::<ReportLogsProcessed>()
        // Tablet
        .event::<LockDevice>()
        .event::<UnlockDevice>()
        .event::<LockDevices>()
        .event::<UnlockAllDevices>()
        .event::<StartRecording>()
        .event::<StopRecording>()
        .event::<StartAllRecording>()
        .event::<StopAllRecording>()
        .event::<SyncMetadata>()
        .event::<ConnectHeadset>()
        .event::<DisconnectHeadset>()
        .event::<GetRecordingStatus>()
        // Deprecated, still sent by old tablets
        .event::<ToggleRecording>()
        .event::<ToggleAllRecording>()
        // Capture sessions
        .event::<CreateSession>()
        .event::<StartSession>()
        .event::<PauseSession>()
        .event::<EndSession>()
        .event::<GetSessionStatus>()
        .event::<GetActiveSession>()
        // Dashboard
        .event::<Subscribe>()
        .event::<Unsubscribe>()
}
