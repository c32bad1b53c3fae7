//! The document's example, identities, and what is missing or odd.

use hubbub_protocol::fleet::qa_metrics::QaSummary;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// 2026-02-06T12:00:00Z.
const NOON: Timestamp = Timestamp(1_770_379_200_000);

fn folder(id: &str) -> Folder {
    Folder::parse(id).expect("a folder")
}

fn flags(frames: usize, flawed: usize) -> Vec<bool> {
    (0..frames).map(|frame| frame < flawed).collect()
}

/// As many frames as the document's example, so that the percents are not exact but round to its own: 135 of 5400 are 2.5 %.
fn example() -> Measured {
    let mut measured = Measured::default();
    for (hand, mean) in [(Hand::Left, 0.92), (Hand::Right, 0.94)] {
        // 189 of 5400 frames are low: 3.5 %.
        let (low, high) = (0.7, (mean * 5400.0 - 0.7 * 189.0) / 5211.0);
        let frames: Vec<f64> = (0..5400).map(|frame| if frame < 189 { low } else { high }).collect();
        for piece in frames.chunks(1000) {
            measured.add_confidences(hand, piece);
        }
    }
    measured.add_flaws(Flaw::BothHandsNotInFrame, &flags(5400, 135));
    measured.add_flaws(Flaw::TrackingError, &flags(5400, 65));
    measured.add_flaws(Flaw::HandSpeedExceeded, &flags(5400, 43));
    measured.set_metadata(Metadata::read(r#"{"capture_date":"2026-02-06T12:00:00Z","total_frames":5400}"#));
    measured
}

#[test]
fn the_documents_session_gets_its_marks() {
    let session = session(&folder("20260206_120000"), true, &Data::Measured(example()));
    assert_eq!(
        serde_json::to_value(session).expect("a reply"),
        json!({
            "sessionId": "20260206_120000",
            "captureDate": "2026-02-06",
            "status": "complete",
            "stages": {
                "stage2_captureQuality": {
                    "totalFrames": 5400,
                    "bothHandsNotInFramePercent": 2.5,
                    "trackingErrorsPercent": 1.2,
                    "handSpeedExceededPercent": 0.8,
                    "validFramesPercent": 95.5,
                    "score": 95.5,
                },
                "stage10_validationTests": {
                    "npzIntegrityCheck": true,
                    "frameCountCheck": true,
                    "timestampConsistency": true,
                    "score": 100,
                },
                "stage12_trackingConfidence": {
                    "leftHandAvgConfidence": 0.92,
                    "rightHandAvgConfidence": 0.94,
                    "overallAvgConfidence": 0.93,
                    "lowConfidenceFramesPercent": 3.5,
                    "score": 93,
                },
            },
            "overallQualityScore": 95.65,
        })
    );
}

#[test]
fn a_session_without_readable_data_has_no_marks() {
    let check = |data: Data, has_video, status: &str| {
        let session = serde_json::to_value(session(&folder("20260206_120000"), has_video, &data)).expect("a reply");
        let zeros = serde_json::to_value(Stages::default()).expect("a reply");
        let expected = json!({
            "sessionId": "20260206_120000",
            "captureDate": "2026-02-06",
            "status": status,
            "stages": zeros,
            "overallQualityScore": 0,
        });
        assert_eq!(session, expected);
    };
    check(Data::Missing, true, "incomplete");
    check(Data::Missing, false, "incomplete");
    check(Data::Unreadable, true, "error");
    check(Data::Unreadable, false, "error");
}

#[test]
fn data_without_a_video_is_marked_and_incomplete() {
    let session = session(&folder("20260206_120000"), false, &Data::Measured(example()));
    assert_eq!((session.status, session.overall_quality_score), (QaStatus::Incomplete, Fixed(9565)));
}

#[test]
fn the_day_is_the_metadatas_or_the_folders() {
    let check = |text: Option<&str>, expected: &str| {
        let mut measured = Measured::default();
        if let Some(text) = text {
            measured.set_metadata(Metadata::read(text));
        }
        assert_eq!(session(&folder("20260206_120000"), true, &Data::Measured(measured)).capture_date, expected);
    };
    check(None, "2026-02-06");
    check(Some("{}"), "2026-02-06");
    check(Some("no JSON"), "2026-02-06");
    check(Some(r#"{"capture_date":"2026-02-07T00:30:00+01:00"}"#), "2026-02-07");
    check(Some(r#"{"capture_date":"soon"}"#), "2026-02-06");
}

#[test]
fn an_array_that_is_not_there_has_percent_zero_and_fails_the_integrity_check() {
    let mut measured = example();
    measured.tracking_errors = None;
    let stages = session(&folder("20260206_120000"), true, &Data::Measured(measured)).stages;
    assert_eq!(stages.capture_quality.tracking_errors_percent, Fixed(0));
    assert_eq!(stages.capture_quality.valid_frames_percent, Fixed(9670));
    let tests = stages.validation_tests;
    assert_eq!((tests.npz_integrity_check, tests.frame_count_check, tests.score), (false, true, Fixed(6667)));

    let mut measured = example();
    measured.metadata = None;
    assert!(!measured.validation_tests(&folder("20260206_120000")).npz_integrity_check);
    measured.set_metadata(Metadata::read("no JSON"));
    assert!(!measured.validation_tests(&folder("20260206_120000")).npz_integrity_check);

    let mut measured = example();
    measured.right = None;
    let tracking = measured.tracking_confidence();
    assert_eq!((tracking.right_hand_avg_confidence, tracking.overall_avg_confidence), (Fixed(0), Fixed(4600)));
}

#[test]
fn arrays_of_different_lengths_fail_the_frame_count() {
    let mut measured = example();
    assert!(measured.validation_tests(&folder("20260206_120000")).frame_count_check);
    measured.add_flaws(Flaw::TrackingError, &[true]);
    let tests = measured.validation_tests(&folder("20260206_120000"));
    assert_eq!((tests.npz_integrity_check, tests.frame_count_check, tests.score), (true, false, Fixed(6667)));
    assert_eq!(measured.capture_quality().total_frames, 5401);

    let mut measured = example();
    measured.set_metadata(Metadata::read(r#"{"total_frames":5399}"#));
    assert!(!measured.validation_tests(&folder("20260206_120000")).frame_count_check);
}

#[test]
fn a_date_that_contradicts_the_folder_fails_the_timestamps() {
    let tests = example().validation_tests(&folder("20260301_120000"));
    assert_eq!((tests.timestamp_consistency, tests.score), (false, Fixed(6666)));
}

#[test]
fn a_session_without_frames_has_no_valid_ones() {
    let mut measured = Measured::default();
    for hand in Hand::ALL {
        measured.add_confidences(hand, &[]);
    }
    for flaw in Flaw::ALL {
        measured.add_flaws(flaw, &[]);
    }
    measured.set_metadata(Metadata::read("{}"));
    assert_eq!(measured.capture_quality(), CaptureQuality::default());
    assert_eq!(measured.tracking_confidence(), TrackingConfidence::default());
    let tests = measured.validation_tests(&folder("20260206_120000"));
    assert_eq!((tests.npz_integrity_check, tests.frame_count_check, tests.timestamp_consistency), (true, false, true));
}

#[test]
fn frames_with_several_flaws_do_not_count_below_zero() {
    let mut measured = Measured::default();
    for flaw in Flaw::ALL {
        measured.add_flaws(flaw, &flags(3, 2));
    }
    let quality = measured.capture_quality();
    assert_eq!((quality.tracking_errors_percent, quality.valid_frames_percent), (Fixed(6667), Fixed(0)));
}

#[test]
fn a_confidence_that_is_none_is_low() {
    let mut measured = Measured::default();
    measured.add_confidences(Hand::Left, &[f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 7.0, -1.0, 0.8, 0.799]);
    let left = measured.left.expect("frames");
    assert_eq!((left.frames, left.low), (7, 4));
    assert_eq!(left.mean(), Fixed(5141));
}

#[test]
fn a_folder_begins_with_a_day() {
    assert_eq!(folder("20260206_120000").as_str(), "20260206_120000");
    for wrong in [
        "",
        "20260206",
        "20260206_12000",
        "2026-02-06_120000",
        "20260230_120000",
        "20261301_120000",
        "session_1",
        "2026020ä_120000",
    ] {
        assert_eq!(Folder::parse(wrong), None, "{wrong}");
    }
}

fn report(sessions: &[(&str, bool, Data)]) -> QaMetrics {
    let mut report = Report::default();
    for (id, has_video, data) in sessions {
        report.add(&folder(id), *has_video, data);
    }
    report.finish(NOON)
}

#[test]
fn means_are_those_of_sessions_with_readable_data_and_issues_those_of_all() {
    let mut poor = example();
    poor.add_flaws(Flaw::TrackingError, &flags(5400, 5400));
    let metrics = report(&[
        ("20260206_120000", true, Data::Measured(example())),
        ("20260207_120000", true, Data::Unreadable),
        ("20260205_120000", true, Data::Measured(poor)),
        ("20260204_120000", true, Data::Missing),
        ("20260203_120000", false, Data::Measured(example())),
    ]);
    let ids: Vec<&str> = metrics.sessions.iter().map(|session| session.session_id.as_str()).collect();
    assert_eq!(ids, ["20260207_120000", "20260206_120000", "20260205_120000", "20260204_120000", "20260203_120000"]);
    let summary = serde_json::to_value(QaSummary::of(&metrics)).expect("a reply");
    // The poor one: 1.25 % out of sight, 50.6 % errors, 0.4 % too fast, arrays of different lengths. The last: a date of other days.
    assert_eq!(
        summary,
        json!({
            "overview": { "totalSessions": 5, "completeSessions": 2, "lastUpdated": "2026-02-06T12:00:00.000Z" },
            "aggregateStats": {
                "avgCaptureQuality": 79.58,
                "avgTrackingConfidence": 93,
                "avgValidationScore": 77.78,
                "sessionsWithIssues": 3,
            },
            "sessionCount": 5,
        })
    );
}

#[test]
fn a_report_of_nothing_is_zeros() {
    let metrics = serde_json::to_value(report(&[])).expect("a reply");
    let zeros = json!({ "avgCaptureQuality": 0, "avgTrackingConfidence": 0, "avgValidationScore": 0, "sessionsWithIssues": 0 });
    let overview = json!({ "totalSessions": 0, "completeSessions": 0, "lastUpdated": "2026-02-06T12:00:00.000Z" });
    assert_eq!(metrics, json!({ "overview": overview, "sessions": [], "aggregateStats": zeros }));
}

#[test]
fn what_is_kept_of_a_session_reads_back() {
    let kept = rmp_serde::to_vec_named(&Data::Measured(example())).expect("it is plain data");
    assert_eq!(rmp_serde::from_slice::<Data>(&kept).expect("the same"), Data::Measured(example()));
    assert!(kept.len() < 1000, "a few numbers: {}", kept.len());
}

fn number(value: &Value, path: &str) -> f64 {
    value.pointer(path).and_then(Value::as_f64).expect("a number")
}

proptest! {
    #[test]
    fn pieces_do_not_matter_and_marks_agree(
        left in proptest::collection::vec(proptest::num::f32::ANY, 0..200),
        right in proptest::collection::vec(0.0_f32..1.0, 0..200),
        flawed in proptest::collection::vec(any::<bool>(), 0..200),
        piece in 1_usize..50,
    ) {
        let (left, right): (Vec<f64>, Vec<f64>) = (left.into_iter().map(f64::from).collect(), right.into_iter().map(f64::from).collect());
        let mut at_once = Measured::default();
        let mut in_pieces = Measured::default();
        for (hand, frames) in [(Hand::Left, &left), (Hand::Right, &right)] {
            at_once.add_confidences(hand, frames);
            in_pieces.add_confidences(hand, &[]);
            frames.chunks(piece).for_each(|frames| in_pieces.add_confidences(hand, frames));
        }
        for flaw in Flaw::ALL {
            at_once.add_flaws(flaw, &flawed);
            in_pieces.add_flaws(flaw, &[]);
            flawed.chunks(piece).for_each(|frames| in_pieces.add_flaws(flaw, frames));
        }
        prop_assert_eq!(&at_once, &in_pieces);

        let session = session(&folder("20260206_120000"), true, &Data::Measured(at_once));
        let json = serde_json::to_value(&session).expect("a reply");
        let capture = number(&json, "/stages/stage2_captureQuality/score");
        let validation = number(&json, "/stages/stage10_validationTests/score");
        let tracking = number(&json, "/stages/stage12_trackingConfidence/score");
        for score in [capture, validation, tracking, number(&json, "/overallQualityScore")] {
            prop_assert!((0.0..=100.0).contains(&score));
        }
        let overall = 0.5 * capture + 0.2 * validation + 0.3 * tracking;
        prop_assert!((overall - number(&json, "/overallQualityScore")).abs() < 0.0051);
        let confidence = number(&json, "/stages/stage12_trackingConfidence/overallAvgConfidence");
        prop_assert!((confidence * 100.0 - tracking).abs() < 1e-9);
    }
}
