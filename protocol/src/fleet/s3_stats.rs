//! `/api/s3-stats*`: what is in the bucket, and what it costs.
//!
//! The document calls GiB "GB" and MiB "MB". The statistics are computed once and shown many times, so that the answers share them.

use std::sync::Arc;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize, Serializer};

use super::figures::{Fixed, Gigabytes, Megabytes};
use crate::contract::{Access, Contract, Endpoint, Limit, Method};
use crate::fault::{Fault, Kind};
use crate::fleet::{Fleet, limits};

/// Everything about the bucket.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct S3Stats {
    /// The whole.
    pub overview: Overview,
    /// By the endings of the objects' names: `mp4`, `npz` and `zip` always and first, then others.
    pub by_type: IndexMap<String, TypeEntry>,
    /// By recordings.
    pub sessions: Sessions,
    /// The `.zip` objects.
    pub processed_outputs: ProcessedOutputs,
    /// By the days on which objects were last written, ascending.
    pub timeline: Vec<TimelineEntry>,
    /// What it costs.
    pub costs: Costs,
    /// How large the files of recordings are.
    pub insights: Insights,
}

/// The whole bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    /// Objects.
    pub total_files: u64,
    /// Their size.
    #[serde(rename = "totalSizeGB")]
    pub total_size_gb: Gigabytes,
    /// Their size.
    pub total_size_bytes: u64,
    /// The mean size of one.
    #[serde(rename = "averageFileSizeMB")]
    pub average_file_size_mb: Megabytes,
    /// When the bucket was looked at, ISO 8601.
    pub last_updated: String,
}

/// The objects of one type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TypeEntry {
    /// How many.
    pub count: u64,
    /// Their size.
    #[serde(rename = "sizeGB")]
    pub size_gb: Gigabytes,
    /// Their share of all bytes.
    pub percentage: Fixed<1>,
}

/// The recordings.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Sessions {
    /// How many.
    pub total: u64,
    /// How many have video and data.
    pub complete: u64,
    /// How many have not.
    pub incomplete: u64,
    /// Each, by its folder, ascending.
    pub sessions: Vec<SessionEntry>,
}

/// Whether a recording has both of its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Completeness {
    /// It has.
    Complete,
    /// It has not.
    Incomplete,
}

/// One recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionEntry {
    /// Its folder.
    pub id: String,
    /// Objects in it.
    pub files: u64,
    /// Their size.
    #[serde(rename = "sizeGB")]
    pub size_gb: Gigabytes,
    /// Whether there is a video.
    pub has_mp4: bool,
    /// Whether there is tracking data.
    pub has_npz: bool,
    /// Whether there is both.
    pub status: Completeness,
}

/// What was made of recordings.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProcessedOutputs {
    /// How many objects.
    pub count: u64,
    /// Their size.
    #[serde(rename = "sizeGB")]
    pub size_gb: Gigabytes,
    /// Each, in the order of the keys.
    pub files: Vec<OutputFile>,
}

/// One such object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OutputFile {
    /// The last part of its key.
    pub name: String,
    /// Its size.
    #[serde(rename = "sizeGB")]
    pub size_gb: Gigabytes,
    /// When it was last written, ISO 8601.
    pub date: String,
}

/// One day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TimelineEntry {
    /// The day in UTC: `2026-02-06`.
    pub date: String,
    /// Objects last written on it.
    pub files: u64,
    /// Their size.
    #[serde(rename = "sizeGB")]
    pub size_gb: Gigabytes,
    /// Videos among them.
    pub mp4_count: u64,
    /// Tracking data among them.
    pub npz_count: u64,
    /// Outputs among them.
    pub zip_count: u64,
}

/// Prices in US dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Costs {
    /// A month of the whole bucket in the standard class.
    pub current_monthly: Fixed<2>,
    /// The same in the class "intelligent tiering".
    pub intelligent_tiering: Fixed<2>,
    /// The same in the class "Glacier deep archive".
    pub glacier_deep_archive: Fixed<2>,
    /// The month as shown, per complete recording.
    pub cost_per_session: Fixed<3>,
}

/// Sizes of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Insights {
    /// Of all videos.
    pub video_stats: VideoStats,
    /// Of all tracking data.
    pub npz_stats: NpzStats,
}

/// Sizes of videos.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VideoStats {
    /// How many.
    pub count: u64,
    /// The smallest.
    #[serde(rename = "minGB")]
    pub min_gb: Gigabytes,
    /// The largest.
    #[serde(rename = "maxGB")]
    pub max_gb: Gigabytes,
    /// The mean.
    #[serde(rename = "avgGB")]
    pub avg_gb: Gigabytes,
    /// The one in the middle.
    #[serde(rename = "medianGB")]
    pub median_gb: Gigabytes,
}

/// Sizes of tracking data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NpzStats {
    /// How many.
    pub count: u64,
    /// The smallest.
    #[serde(rename = "minMB")]
    pub min_mb: Megabytes,
    /// The largest.
    #[serde(rename = "maxMB")]
    pub max_mb: Megabytes,
    /// The mean.
    #[serde(rename = "avgMB")]
    pub avg_mb: Megabytes,
    /// The one in the middle.
    #[serde(rename = "medianMB")]
    pub median_mb: Megabytes,
}

/// Returns the answer of all routes when the store failed (500).
#[must_use]
pub fn fetch_failed() -> Fault {
    Fault::new(Kind::Internal, "", "Failed to fetch S3 statistics")
}

/// `GET /api/s3-stats`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GetS3Stats {}

/// The statistics, bare.
#[derive(Debug, Clone)]
pub struct WholeStats(pub Arc<S3Stats>);

impl Serialize for WholeStats {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl Contract for GetS3Stats {
    type Reply = WholeStats;
}

impl Endpoint for GetS3Stats {
    type System = Fleet;
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/api/s3-stats";
    const ACCESS: Access = Access::AdminKey;
    const LIMIT: Option<Limit> = Some(limits::API);
}

/// `GET /api/s3-stats/overview`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GetS3Overview {}

/// The section `overview`, bare.
#[derive(Debug, Clone)]
pub struct OverviewSection(pub Arc<S3Stats>);

impl Serialize for OverviewSection {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.overview.serialize(serializer)
    }
}

impl Contract for GetS3Overview {
    type Reply = OverviewSection;
}

impl Endpoint for GetS3Overview {
    type System = Fleet;
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/api/s3-stats/overview";
    const ACCESS: Access = Access::AdminKey;
    const LIMIT: Option<Limit> = Some(limits::API);
}

/// `GET /api/s3-stats/sessions`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GetS3Sessions {}

/// The section `sessions`, bare.
#[derive(Debug, Clone)]
pub struct SessionsSection(pub Arc<S3Stats>);

impl Serialize for SessionsSection {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.sessions.serialize(serializer)
    }
}

impl Contract for GetS3Sessions {
    type Reply = SessionsSection;
}

impl Endpoint for GetS3Sessions {
    type System = Fleet;
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/api/s3-stats/sessions";
    const ACCESS: Access = Access::AdminKey;
    const LIMIT: Option<Limit> = Some(limits::API);
}

/// `GET /api/s3-stats/timeline`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GetS3Timeline {}

/// The section `timeline`: a bare list.
#[derive(Debug, Clone)]
pub struct TimelineSection(pub Arc<S3Stats>);

impl Serialize for TimelineSection {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.timeline.serialize(serializer)
    }
}

impl Contract for GetS3Timeline {
    type Reply = TimelineSection;
}

impl Endpoint for GetS3Timeline {
    type System = Fleet;
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/api/s3-stats/timeline";
    const ACCESS: Access = Access::AdminKey;
    const LIMIT: Option<Limit> = Some(limits::API);
}

/// `POST /api/s3-stats/refresh`: look at the bucket now.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RefreshS3Stats {}

/// What is in the bucket now.
#[derive(Debug, Clone, Serialize)]
pub struct S3StatsRefreshed {
    ok: bool,
    success: bool,
    stats: WholeStats,
}

impl S3StatsRefreshed {
    /// Returns the answer.
    #[must_use]
    pub fn new(stats: Arc<S3Stats>) -> Self {
        Self { ok: true, success: true, stats: WholeStats(stats) }
    }
}

impl Contract for RefreshS3Stats {
    type Reply = S3StatsRefreshed;
}

impl Endpoint for RefreshS3Stats {
    type System = Fleet;
    const METHOD: Method = Method::Post;
    const PATH: &'static str = "/api/s3-stats/refresh";
    const ACCESS: Access = Access::AdminKey;
    const LIMIT: Option<Limit> = Some(limits::API);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The document's example, with the sizes that its figures stand for, and one entry in each of its lists.
    fn example() -> Arc<S3Stats> {
        let gib = |hundredths: u64| Gigabytes(hundredths * (1 << 30) / 100 + 1);
        let mib = |tenths: u64| Megabytes(tenths * (1 << 20) / 10 + 1);
        let entry = |count, size, percentage| TypeEntry { count, size_gb: gib(size), percentage: Fixed(percentage) };
        let session = SessionEntry {
            id: "20260206_120000".to_owned(),
            files: 2,
            size_gb: gib(250),
            has_mp4: true,
            has_npz: true,
            status: Completeness::Complete,
        };
        let output = OutputFile { name: "a.zip".to_owned(), size_gb: gib(20), date: "2026-02-06T12:00:00.000Z".to_owned() };
        let day = TimelineEntry {
            date: "2026-02-06".to_owned(),
            files: 3,
            size_gb: gib(270),
            mp4_count: 1,
            npz_count: 1,
            zip_count: 1,
        };
        Arc::new(S3Stats {
            overview: Overview {
                total_files: 1234,
                total_size_gb: gib(45_678),
                total_size_bytes: 490_584_735_744,
                average_file_size_mb: mib(3895),
                last_updated: "2026-02-06T12:00:00.000Z".to_owned(),
            },
            by_type: IndexMap::from([
                ("mp4".to_owned(), entry(200, 40_000, 875)),
                ("npz".to_owned(), entry(200, 5000, 109)),
                ("zip".to_owned(), entry(34, 678, 16)),
            ]),
            sessions: Sessions { total: 200, complete: 180, incomplete: 20, sessions: vec![session] },
            processed_outputs: ProcessedOutputs { count: 34, size_gb: gib(678), files: vec![output] },
            timeline: vec![day],
            costs: Costs {
                current_monthly: Fixed(1051),
                intelligent_tiering: Fixed(891),
                glacier_deep_archive: Fixed(45),
                cost_per_session: Fixed(58),
            },
            insights: Insights {
                video_stats: VideoStats { count: 180, min_gb: gib(50), max_gb: gib(520), avg_gb: gib(220), median_gb: gib(200) },
                npz_stats: NpzStats { count: 180, min_mb: mib(500), max_mb: mib(5000), avg_mb: mib(2800), median_mb: mib(2600) },
            },
        })
    }

    fn check(reply: impl Serialize, expected: &str) {
        assert_eq!(serde_json::to_string(&reply).expect("a reply"), expected);
    }

    const OVERVIEW: &str = r#"{"totalFiles":1234,"totalSizeGB":456.78,"totalSizeBytes":490584735744,"averageFileSizeMB":389.5,"lastUpdated":"2026-02-06T12:00:00.000Z"}"#;
    const BY_TYPE: &str = r#"{"mp4":{"count":200,"sizeGB":400,"percentage":87.5},"npz":{"count":200,"sizeGB":50,"percentage":10.9},"zip":{"count":34,"sizeGB":6.78,"percentage":1.6}}"#;
    const SESSIONS: &str = r#"{"total":200,"complete":180,"incomplete":20,"sessions":[{"id":"20260206_120000","files":2,"sizeGB":2.5,"hasMp4":true,"hasNpz":true,"status":"complete"}]}"#;
    const OUTPUTS: &str =
        r#"{"count":34,"sizeGB":6.78,"files":[{"name":"a.zip","sizeGB":0.2,"date":"2026-02-06T12:00:00.000Z"}]}"#;
    const TIMELINE: &str = r#"[{"date":"2026-02-06","files":3,"sizeGB":2.7,"mp4Count":1,"npzCount":1,"zipCount":1}]"#;
    const COSTS: &str = r#"{"currentMonthly":10.51,"intelligentTiering":8.91,"glacierDeepArchive":0.45,"costPerSession":0.058}"#;
    const INSIGHTS: &str = r#"{"videoStats":{"count":180,"minGB":0.5,"maxGB":5.2,"avgGB":2.2,"medianGB":2},"npzStats":{"count":180,"minMB":50,"maxMB":500,"avgMB":280,"medianMB":260}}"#;

    #[test]
    fn the_whole_is_the_documents_example() {
        let whole = format!(
            r#"{{"overview":{OVERVIEW},"byType":{BY_TYPE},"sessions":{SESSIONS},"processedOutputs":{OUTPUTS},"timeline":{TIMELINE},"costs":{COSTS},"insights":{INSIGHTS}}}"#
        );
        check(WholeStats(example()), &whole);
        check(S3StatsRefreshed::new(example()), &format!(r#"{{"ok":true,"success":true,"stats":{whole}}}"#));
    }

    #[test]
    fn a_section_is_bare() {
        check(OverviewSection(example()), OVERVIEW);
        check(SessionsSection(example()), SESSIONS);
        check(TimelineSection(example()), TIMELINE);
    }
}
