//! From frames to marks. No actor, no clock, no I/O.
//!
//! A session's arrays are fed in pieces of any size, one array after the other, and leave behind a few numbers: [`Measured`]. Those are
//! what is worth keeping per version of a file; marks and means are worked out from them at any time.

use hubbub_protocol::fleet::figures::Fixed;
use hubbub_protocol::fleet::qa_metrics::{
    AggregateStats, CaptureQuality, Confidence, Overview, Percent, QaMetrics, QaSession, QaStatus, Stages, TrackingConfidence,
    ValidationTests,
};
use serde::{Deserialize, Serialize};
use time::{Date, Month};

use crate::kit::clock::Timestamp;

pub mod metadata;

pub use metadata::Metadata;

/// A confidence under this is low.
const LOW_CONFIDENCE: f64 = 0.8;
/// A session with an overall score under this has issues: 80.
const ISSUES: Percent = Fixed(8000);

/// A session's folder: `20260206_120000`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Folder {
    id: String,
    date: Date,
}

impl Folder {
    /// Reads a folder's name. Folders that do not begin with a day are no sessions of this report.
    #[must_use]
    pub fn parse(id: &str) -> Option<Self> {
        let (day, time) = id.split_once('_')?;
        let is_digits = |text: &str, count| text.len() == count && text.bytes().all(|one| one.is_ascii_digit());
        if !is_digits(day, 8) || !is_digits(time, 6) {
            return None;
        }
        Some(Self { id: id.to_owned(), date: date(day.get(..4)?, day.get(4..6)?, day.get(6..)?)? })
    }

    /// Returns the folder's name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.id
    }
}

/// Returns the day that three numbers name.
fn date(year: &str, month: &str, day: &str) -> Option<Date> {
    let month = Month::try_from(month.parse::<u8>().ok()?).ok()?;
    Date::from_calendar_date(year.parse().ok()?, month, day.parse().ok()?).ok()
}

/// A hand whose tracking is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hand {
    /// The left one.
    Left,
    /// The right one.
    Right,
}

impl Hand {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Left, Self::Right];

    /// Returns the name of its array.
    #[must_use]
    pub const fn array(self) -> &'static str {
        match self {
            Self::Left => "left_confidence",
            Self::Right => "right_confidence",
        }
    }
}

/// What may be wrong with a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Both hands are out of sight.
    BothHandsNotInFrame,
    /// The tracking failed.
    TrackingError,
    /// A hand was too fast.
    HandSpeedExceeded,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::BothHandsNotInFrame, Self::TrackingError, Self::HandSpeedExceeded];

    /// Returns the name of its array.
    #[must_use]
    pub const fn array(self) -> &'static str {
        match self {
            Self::BothHandsNotInFrame => "both_hands_not_in_frame",
            Self::TrackingError => "tracking_errors",
            Self::HandSpeedExceeded => "hand_speed_exceeded",
        }
    }
}

/// What remains of a session's arrays.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Measured {
    left: Option<Confidences>,
    right: Option<Confidences>,
    both_hands_not_in_frame: Option<Flaws>,
    tracking_errors: Option<Flaws>,
    hand_speed_exceeded: Option<Flaws>,
    metadata: Option<Metadata>,
}

#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Confidences {
    frames: u64,
    sum: f64,
    low: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Flaws {
    frames: u64,
    flawed: u64,
}

impl Measured {
    /// Adds the next frames of a hand. A first piece without frames says that the array is there. What is no number counts as 0, what
    /// is outside of 0 to 1 as the nearer of them.
    pub fn add_confidences(&mut self, hand: Hand, frames: &[f64]) {
        let confidences = match hand {
            Hand::Left => &mut self.left,
            Hand::Right => &mut self.right,
        };
        let confidences = confidences.get_or_insert_default();
        for confidence in frames {
            let confidence = if confidence.is_nan() { 0.0 } else { confidence.clamp(0.0, 1.0) };
            confidences.sum += confidence;
            confidences.low += u64::from(confidence < LOW_CONFIDENCE);
        }
        confidences.frames += frames.len() as u64;
    }

    /// Adds the next frames of a flaw: whether each has it. A first piece without frames says that the array is there.
    pub fn add_flaws(&mut self, flaw: Flaw, frames: &[bool]) {
        let flaws = match flaw {
            Flaw::BothHandsNotInFrame => &mut self.both_hands_not_in_frame,
            Flaw::TrackingError => &mut self.tracking_errors,
            Flaw::HandSpeedExceeded => &mut self.hand_speed_exceeded,
        };
        let flaws = flaws.get_or_insert_default();
        flaws.flawed += frames.iter().filter(|is_flawed| **is_flawed).count() as u64;
        flaws.frames += frames.len() as u64;
    }

    /// Puts down what the metadata says.
    pub fn set_metadata(&mut self, metadata: Metadata) {
        self.metadata = Some(metadata);
    }

    fn hands(&self) -> [Option<Confidences>; 2] {
        [self.left, self.right]
    }

    fn flaws(&self) -> [Option<Flaws>; 3] {
        [self.both_hands_not_in_frame, self.tracking_errors, self.hand_speed_exceeded]
    }

    /// Returns the number of frames of each array that is there.
    fn lengths(&self) -> impl Iterator<Item = u64> {
        let hands = self.hands().into_iter().flatten().map(|hand| hand.frames);
        hands.chain(self.flaws().into_iter().flatten().map(|flaw| flaw.frames))
    }

    /// Returns the number of frames: that of the longest array.
    fn total_frames(&self) -> u64 {
        self.lengths().max().unwrap_or(0)
    }

    /// Stage 2. Without a frame there is no valid one.
    fn capture_quality(&self) -> CaptureQuality {
        let total_frames = self.total_frames();
        let [both_hands, tracking, speed] = self.flaws().map(|flaws| percent(flaws.unwrap_or_default().flawed, total_frames));
        let all = if total_frames == 0 { 0 } else { 10_000_u64 };
        let valid = Fixed(all.saturating_sub(both_hands.0 + tracking.0 + speed.0));
        CaptureQuality {
            total_frames,
            both_hands_not_in_frame_percent: both_hands,
            tracking_errors_percent: tracking,
            hand_speed_exceeded_percent: speed,
            valid_frames_percent: valid,
            score: valid,
        }
    }

    /// Stage 10.
    fn validation_tests(&self, folder: &Folder) -> ValidationTests {
        let total_frames = self.total_frames();
        let metadata = self.metadata.as_ref();
        let has_all = self.hands().iter().all(Option::is_some) && self.flaws().iter().all(Option::is_some);
        let npz_integrity_check = has_all && metadata.is_some_and(Metadata::is_readable);
        let has_equal_lengths = self.lengths().all(|frames| frames == total_frames);
        let is_as_told = metadata.and_then(|metadata| metadata.total_frames).is_none_or(|told| told == total_frames);
        let frame_count_check = total_frames > 0 && has_equal_lengths && is_as_told;
        let timestamp_consistency = metadata.is_none_or(|metadata| metadata.agrees_with(folder.date));
        let score =
            3333 * u64::from(npz_integrity_check) + 3333 * u64::from(frame_count_check) + 3334 * u64::from(timestamp_consistency);
        ValidationTests { npz_integrity_check, frame_count_check, timestamp_consistency, score: Fixed(score) }
    }

    /// Stage 12. A hand that is not there has no confidence.
    fn tracking_confidence(&self) -> TrackingConfidence {
        let hands = self.hands().map(Option::unwrap_or_default);
        let [left, right] = hands.map(Confidences::mean);
        let overall = Fixed((left.0 + right.0).div_ceil(2));
        let (low, frames) = hands.iter().fold((0, 0), |sum, hand| (sum.0 + hand.low, sum.1 + hand.frames));
        TrackingConfidence {
            left_hand_avg_confidence: left,
            right_hand_avg_confidence: right,
            overall_avg_confidence: overall,
            low_confidence_frames_percent: percent(low, frames),
            // Ten-thousandths of one are hundredths of a percent.
            score: Fixed(overall.0),
        }
    }
}

impl Confidences {
    fn mean(self) -> Confidence {
        if self.frames == 0 {
            return Fixed(0);
        }
        #[expect(clippy::cast_precision_loss, reason = "frames of one file, far below 2^53")]
        let mean = self.sum / self.frames as f64;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a mean of numbers from 0 to 1")]
        let units = (mean * 10_000.0).round() as u64;
        Fixed(units)
    }
}

fn percent(part: u64, whole: u64) -> Percent {
    Fixed::ratio(u128::from(part) * 100, whole.into())
}

/// The data file of a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Data {
    /// It is not there.
    Missing,
    /// It cannot be read.
    Unreadable,
    /// It was read.
    Measured(Measured),
}

/// Marks one session.
#[must_use]
pub fn session(folder: &Folder, has_video: bool, data: &Data) -> QaSession {
    let status = match data {
        Data::Unreadable => QaStatus::Error,
        Data::Measured(_) if has_video => QaStatus::Complete,
        _ => QaStatus::Incomplete,
    };
    let stages = match data {
        Data::Measured(measured) => Stages {
            capture_quality: measured.capture_quality(),
            validation_tests: measured.validation_tests(folder),
            tracking_confidence: measured.tracking_confidence(),
        },
        _ => Stages::default(),
    };
    let captured = match data {
        Data::Measured(measured) => measured.metadata.as_ref().and_then(|metadata| metadata.capture_date.clone()),
        _ => None,
    };
    QaSession {
        session_id: folder.id.clone(),
        capture_date: captured.unwrap_or_else(|| folder.date.to_string()),
        status,
        stages,
        overall_quality_score: overall(&stages),
    }
}

fn overall(stages: &Stages) -> Percent {
    let (capture, validation) = (stages.capture_quality.score.0, stages.validation_tests.score.0);
    Fixed::ratio((50 * capture + 20 * validation + 30 * stages.tracking_confidence.score.0).into(), 10_000)
}

/// The report in the making, session by session.
#[derive(Debug, Default)]
pub struct Report {
    sessions: Vec<QaSession>,
    complete: u64,
    measured: u64,
    capture: u64,
    validation: u64,
    tracking: u64,
    with_issues: u64,
}

impl Report {
    /// Marks a session and adds it.
    pub fn add(&mut self, folder: &Folder, has_video: bool, data: &Data) {
        let session = session(folder, has_video, data);
        self.complete += u64::from(session.status == QaStatus::Complete);
        self.with_issues += u64::from(session.overall_quality_score < ISSUES);
        if matches!(data, Data::Measured(_)) {
            self.measured += 1;
            self.capture += session.stages.capture_quality.score.0;
            self.validation += session.stages.validation_tests.score.0;
            self.tracking += session.stages.tracking_confidence.score.0;
        }
        self.sessions.push(session);
    }

    /// Returns the report, the latest session first; the sessions were looked at `now`.
    #[must_use]
    pub fn finish(mut self, now: Timestamp) -> QaMetrics {
        self.sessions.sort_by(|one, other| other.session_id.cmp(&one.session_id));
        let mean = |sum: u64| Fixed::ratio(sum.into(), u128::from(self.measured) * 100);
        QaMetrics {
            overview: Overview {
                total_sessions: self.sessions.len() as u64,
                complete_sessions: self.complete,
                last_updated: Some(now.iso()),
            },
            aggregate_stats: AggregateStats {
                avg_capture_quality: mean(self.capture),
                avg_tracking_confidence: mean(self.tracking),
                avg_validation_score: mean(self.validation),
                sessions_with_issues: self.with_issues,
            },
            sessions: self.sessions,
        }
    }
}

#[cfg(test)]
mod tests;
