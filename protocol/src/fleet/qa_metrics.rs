//! `/api/qa-metrics*`: how good the captures are.
//!
//! Percents and scores run from 0 to 100 with two places, confidences from 0 to 1 with four. The metrics are computed once and shown many
//! times, so that the answers share them.

use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

use super::figures::Fixed;
use crate::contract::{Access, Contract, Endpoint, Limit, Method};
use crate::fault::{Fault, Kind};
use crate::fleet::sessions::SESSION_NOT_FOUND;
use crate::fleet::{Fleet, limits};

/// A percent or a score.
pub type Percent = Fixed<2>;
/// How sure the tracking was.
pub type Confidence = Fixed<4>;

/// Everything about all sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QaMetrics {
    /// The whole.
    pub overview: Overview,
    /// Each session, the latest first.
    pub sessions: Vec<QaSession>,
    /// What they have in common.
    pub aggregate_stats: AggregateStats,
}

/// The whole.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    /// Sessions.
    pub total_sessions: u64,
    /// Sessions that have video and readable data.
    pub complete_sessions: u64,
    /// When they were looked at, ISO 8601; null before the first time.
    pub last_updated: Option<String>,
}

/// Means over the sessions whose data could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AggregateStats {
    /// Of the scores of stage 2.
    pub avg_capture_quality: Percent,
    /// Of the scores of stage 12.
    pub avg_tracking_confidence: Percent,
    /// Of the scores of stage 10.
    pub avg_validation_score: Percent,
    /// Sessions with an overall score under 80, also those whose data is missing or unreadable.
    pub sessions_with_issues: u64,
}

/// What there is of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum QaStatus {
    /// Video and readable data.
    Complete,
    /// One of the files is missing.
    Incomplete,
    /// The data cannot be read; the log says why.
    Error,
}

/// One session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QaSession {
    /// Its folder: `20260206_120000`.
    pub session_id: String,
    /// The day on which it was captured: `2026-02-06`.
    pub capture_date: String,
    /// What there is of it.
    pub status: QaStatus,
    /// Its marks.
    pub stages: Stages,
    /// Half of stage 2, a fifth of stage 10 and three tenths of stage 12.
    pub overall_quality_score: Percent,
}

/// The stages that are marked. Without readable data all marks are 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Stages {
    /// How the capture went.
    #[serde(rename = "stage2_captureQuality")]
    pub capture_quality: CaptureQuality,
    /// Whether the data is sound.
    #[serde(rename = "stage10_validationTests")]
    pub validation_tests: ValidationTests,
    /// How sure the tracking was.
    #[serde(rename = "stage12_trackingConfidence")]
    pub tracking_confidence: TrackingConfidence,
}

/// Stage 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CaptureQuality {
    /// Frames.
    pub total_frames: u64,
    /// Frames without both hands.
    pub both_hands_not_in_frame_percent: Percent,
    /// Frames with a tracking error.
    pub tracking_errors_percent: Percent,
    /// Frames with hands that were too fast.
    pub hand_speed_exceeded_percent: Percent,
    /// 100 less the three above, and not less than 0.
    pub valid_frames_percent: Percent,
    /// The same.
    pub score: Percent,
}

/// Stage 10.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ValidationTests {
    /// All arrays are there, and the metadata is JSON.
    pub npz_integrity_check: bool,
    /// There are frames, and all arrays have as many.
    pub frame_count_check: bool,
    /// The metadata does not contradict the folder's date.
    pub timestamp_consistency: bool,
    /// 33.33 each, and 0.01 for the last.
    pub score: Percent,
}

/// Stage 12.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TrackingConfidence {
    /// The mean of the left hand.
    pub left_hand_avg_confidence: Confidence,
    /// The mean of the right hand.
    pub right_hand_avg_confidence: Confidence,
    /// The mean of both.
    pub overall_avg_confidence: Confidence,
    /// Frames of either hand with a confidence under 0.8.
    pub low_confidence_frames_percent: Percent,
    /// The mean of both, in percent.
    pub score: Percent,
}

/// Returns the answer while the first run is in progress (503).
#[must_use]
pub fn processing() -> Fault {
    Fault::unavailable("Processing QA metrics, try again shortly").retry_after(10)
}

/// `GET /api/qa-metrics`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GetQaMetrics {}

impl GetQaMetrics {
    /// Returns the answer when the store failed (500).
    #[must_use]
    pub fn failed() -> Fault {
        Fault::new(Kind::Internal, "", "Failed to get QA metrics")
    }
}

/// The metrics, bare.
#[derive(Debug, Clone)]
pub struct WholeMetrics(pub Arc<QaMetrics>);

impl Serialize for WholeMetrics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl Contract for GetQaMetrics {
    type Reply = WholeMetrics;
}

impl Endpoint for GetQaMetrics {
    type System = Fleet;
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/api/qa-metrics";
    const ACCESS: Access = Access::AdminKey;
    const LIMIT: Option<Limit> = Some(limits::API);
}

/// `GET /api/qa-metrics/summary`: what is known, without looking.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GetQaSummary {}

/// What is known; before the first run that is nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QaSummary {
    overview: Overview,
    aggregate_stats: AggregateStats,
    session_count: usize,
}

impl QaSummary {
    /// Returns the answer for metrics that are there.
    #[must_use]
    pub fn of(metrics: &QaMetrics) -> Self {
        Self {
            overview: metrics.overview.clone(),
            aggregate_stats: metrics.aggregate_stats,
            session_count: metrics.sessions.len(),
        }
    }
}

impl Contract for GetQaSummary {
    type Reply = QaSummary;
}

impl Endpoint for GetQaSummary {
    type System = Fleet;
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/api/qa-metrics/summary";
    const ACCESS: Access = Access::AdminKey;
    const LIMIT: Option<Limit> = Some(limits::API);
}

/// `GET /api/qa-metrics/:sessionId`. A malformed id is simply not found.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetQaSession {
    /// The folder as it came.
    pub session_id: String,
}

impl GetQaSession {
    /// Returns the refusal of a session that is not there (404).
    #[must_use]
    pub fn not_found() -> Fault {
        Fault::not_found(SESSION_NOT_FOUND)
    }
}

impl Contract for GetQaSession {
    type Reply = QaSession;
}

impl Endpoint for GetQaSession {
    type System = Fleet;
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/api/qa-metrics/{sessionId}";
    const ACCESS: Access = Access::AdminKey;
    const LIMIT: Option<Limit> = Some(limits::API);
}

/// `POST /api/qa-metrics/refresh`: look at all sessions now.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RefreshQaMetrics {}

impl RefreshQaMetrics {
    /// Returns the answer when the store failed (500).
    #[must_use]
    pub fn failed() -> Fault {
        Fault::new(Kind::Internal, "", "Failed to refresh QA metrics")
    }
}

/// What was found.
#[derive(Debug, Clone, Serialize)]
pub struct QaMetricsRefreshed {
    ok: bool,
    message: &'static str,
    data: WholeMetrics,
}

impl QaMetricsRefreshed {
    /// Returns the answer.
    #[must_use]
    pub fn new(metrics: Arc<QaMetrics>) -> Self {
        Self { ok: true, message: "QA metrics refreshed", data: WholeMetrics(metrics) }
    }
}

impl Contract for RefreshQaMetrics {
    type Reply = QaMetricsRefreshed;
}

impl Endpoint for RefreshQaMetrics {
    type System = Fleet;
    const METHOD: Method = Method::Post;
    const PATH: &'static str = "/api/qa-metrics/refresh";
    const ACCESS: Access = Access::AdminKey;
    const LIMIT: Option<Limit> = Some(limits::API);
}

/// `POST /api/qa-metrics/cleanup`: delete what runs have left on the disk.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CleanUpQaFiles {}

impl CleanUpQaFiles {
    /// Returns the answer when the disk failed (500).
    #[must_use]
    pub fn failed() -> Fault {
        Fault::new(Kind::Internal, "", "Failed to clean up temp files")
    }
}

/// What was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DiskUsage {
    /// Files.
    pub files: u64,
    /// Their size.
    pub bytes: u64,
}

/// The files are gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QaFilesCleanedUp {
    ok: bool,
    message: &'static str,
    disk_usage: DiskUsage,
}

impl QaFilesCleanedUp {
    /// Returns the answer.
    #[must_use]
    pub fn new(disk_usage: DiskUsage) -> Self {
        Self { ok: true, message: "All temp files cleaned up immediately", disk_usage }
    }
}

impl Contract for CleanUpQaFiles {
    type Reply = QaFilesCleanedUp;
}

impl Endpoint for CleanUpQaFiles {
    type System = Fleet;
    const METHOD: Method = Method::Post;
    const PATH: &'static str = "/api/qa-metrics/cleanup";
    const ACCESS: Access = Access::AdminKey;
    const LIMIT: Option<Limit> = Some(limits::API);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::contract::System;

    /// The document's example.
    fn example() -> QaMetrics {
        let capture_quality = CaptureQuality {
            total_frames: 5400,
            both_hands_not_in_frame_percent: Fixed(250),
            tracking_errors_percent: Fixed(120),
            hand_speed_exceeded_percent: Fixed(80),
            valid_frames_percent: Fixed(9550),
            score: Fixed(9550),
        };
        let validation_tests = ValidationTests {
            npz_integrity_check: true,
            frame_count_check: true,
            timestamp_consistency: true,
            score: Fixed(10_000),
        };
        let tracking_confidence = TrackingConfidence {
            left_hand_avg_confidence: Fixed(9200),
            right_hand_avg_confidence: Fixed(9400),
            overall_avg_confidence: Fixed(9300),
            low_confidence_frames_percent: Fixed(350),
            score: Fixed(9300),
        };
        let session = QaSession {
            session_id: "20260206_120000".to_owned(),
            capture_date: "2026-02-06".to_owned(),
            status: QaStatus::Complete,
            stages: Stages { capture_quality, validation_tests, tracking_confidence },
            overall_quality_score: Fixed(9565),
        };
        QaMetrics {
            overview: Overview {
                total_sessions: 180,
                complete_sessions: 175,
                last_updated: Some("2026-02-06T12:00:00.000Z".to_owned()),
            },
            sessions: vec![session],
            aggregate_stats: AggregateStats {
                avg_capture_quality: Fixed(9250),
                avg_tracking_confidence: Fixed(9180),
                avg_validation_score: Fixed(9850),
                sessions_with_issues: 12,
            },
        }
    }

    fn check(reply: impl Serialize, expected: &str) {
        assert_eq!(serde_json::to_string(&reply).expect("a reply"), expected);
    }

    const OVERVIEW: &str = r#"{"totalSessions":180,"completeSessions":175,"lastUpdated":"2026-02-06T12:00:00.000Z"}"#;
    const SESSION: &str = r#"{"sessionId":"20260206_120000","captureDate":"2026-02-06","status":"complete","stages":{"stage2_captureQuality":{"totalFrames":5400,"bothHandsNotInFramePercent":2.5,"trackingErrorsPercent":1.2,"handSpeedExceededPercent":0.8,"validFramesPercent":95.5,"score":95.5},"stage10_validationTests":{"npzIntegrityCheck":true,"frameCountCheck":true,"timestampConsistency":true,"score":100},"stage12_trackingConfidence":{"leftHandAvgConfidence":0.92,"rightHandAvgConfidence":0.94,"overallAvgConfidence":0.93,"lowConfidenceFramesPercent":3.5,"score":93}},"overallQualityScore":95.65}"#;
    const AGGREGATES: &str =
        r#"{"avgCaptureQuality":92.5,"avgTrackingConfidence":91.8,"avgValidationScore":98.5,"sessionsWithIssues":12}"#;

    #[test]
    fn the_whole_is_the_documents_example() {
        let whole = format!(r#"{{"overview":{OVERVIEW},"sessions":[{SESSION}],"aggregateStats":{AGGREGATES}}}"#);
        let metrics = Arc::new(example());
        check(WholeMetrics(Arc::clone(&metrics)), &whole);
        let refreshed = format!(r#"{{"ok":true,"message":"QA metrics refreshed","data":{whole}}}"#);
        check(QaMetricsRefreshed::new(metrics), &refreshed);
    }

    #[test]
    fn a_session_is_bare() {
        check(&example().sessions[0], SESSION);
    }

    #[test]
    fn a_summary_is_zeros_before_the_first_run() {
        let expected = format!(r#"{{"overview":{OVERVIEW},"aggregateStats":{AGGREGATES},"sessionCount":1}}"#);
        check(QaSummary::of(&example()), &expected);
        check(
            QaSummary::default(),
            r#"{"overview":{"totalSessions":0,"completeSessions":0,"lastUpdated":null},"aggregateStats":{"avgCaptureQuality":0,"avgTrackingConfidence":0,"avgValidationScore":0,"sessionsWithIssues":0},"sessionCount":0}"#,
        );
    }

    #[test]
    fn a_clean_up_says_how_much() {
        check(
            QaFilesCleanedUp::new(DiskUsage { files: 3, bytes: 4096 }),
            r#"{"ok":true,"message":"All temp files cleaned up immediately","diskUsage":{"files":3,"bytes":4096}}"#,
        );
    }

    #[test]
    fn who_comes_during_the_first_run_hears_when_to_come_back() {
        let envelope = Fleet::envelope(&processing(), "");
        let body = json!({ "ok": false, "error": "Processing QA metrics, try again shortly", "retryAfter": 10 });
        assert_eq!((envelope.status, envelope.body), (503, body));
    }
}
