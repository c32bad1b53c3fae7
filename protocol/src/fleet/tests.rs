//! The surface of the contract's uploads and reports, line by line: what is missing here is missing on the wire.

use super::qa_metrics::{CleanUpQaFiles, GetQaMetrics, GetQaSession, GetQaSummary, RefreshQaMetrics};
use super::s3_stats::{GetS3Overview, GetS3Sessions, GetS3Stats, GetS3Timeline, RefreshS3Stats};
use super::uploads::chunked_upload::abort::AbortChunkedUpload;
use super::uploads::chunked_upload::complete::CompleteChunkedUpload;
use super::uploads::chunked_upload::presign_part::PresignPart;
use super::uploads::chunked_upload::start::StartChunkedUpload;
use super::uploads::chunked_upload::status::GetChunkedUpload;
use super::uploads::upload_session::UploadSession;
use crate::contract::{Access, Endpoint};

fn route<E: Endpoint>() -> String {
    let access = match E::ACCESS {
        Access::OpenUnlessStrict => "anyone",
        Access::AdminKey => "admin",
        _ => "?",
    };
    let limit = E::LIMIT.map_or_else(String::new, |limit| format!(" {} {}/{}s", limit.bucket, limit.max, limit.window_secs));
    format!("{} {} {} {access}{limit}", format!("{:?}", E::METHOD).to_uppercase(), E::PATH, E::STATUS)
}

#[test]
fn every_route_of_uploads_and_reports_is_there() {
    let routes = [
        route::<UploadSession>(),
        route::<StartChunkedUpload>(),
        route::<GetChunkedUpload>(),
        route::<PresignPart>(),
        route::<CompleteChunkedUpload>(),
        route::<AbortChunkedUpload>(),
        route::<GetS3Stats>(),
        route::<GetS3Overview>(),
        route::<GetS3Sessions>(),
        route::<GetS3Timeline>(),
        route::<RefreshS3Stats>(),
        route::<GetQaMetrics>(),
        route::<GetQaSummary>(),
        route::<GetQaSession>(),
        route::<RefreshQaMetrics>(),
        route::<CleanUpQaFiles>(),
    ];
    let document = "\
POST /upload-session 200 anyone /upload-session 10/900s
POST /chunked-upload/start 200 anyone
GET /chunked-upload/status 200 anyone
POST /chunked-upload/presign-part 200 anyone
POST /chunked-upload/complete 200 anyone
POST /chunked-upload/abort 200 anyone
GET /api/s3-stats 200 admin /api/* 100/60s
GET /api/s3-stats/overview 200 admin /api/* 100/60s
GET /api/s3-stats/sessions 200 admin /api/* 100/60s
GET /api/s3-stats/timeline 200 admin /api/* 100/60s
POST /api/s3-stats/refresh 200 admin /api/* 100/60s
GET /api/qa-metrics 200 admin /api/* 100/60s
GET /api/qa-metrics/summary 200 admin /api/* 100/60s
GET /api/qa-metrics/{sessionId} 200 admin /api/* 100/60s
POST /api/qa-metrics/refresh 200 admin /api/* 100/60s
POST /api/qa-metrics/cleanup 200 admin /api/* 100/60s";
    assert_eq!(routes.join("\n"), document);
}
