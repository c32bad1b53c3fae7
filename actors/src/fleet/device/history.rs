//! A day of telemetry, one point in five minutes, for charts.

use std::collections::VecDeque;

use hubbub_protocol::fleet::Telemetry;
use serde::{Deserialize, Serialize};

use crate::kit::clock::Timestamp;

const INTERVAL_MS: i64 = 5 * 60 * 1000;
const KEPT_MS: i64 = 24 * 60 * 60 * 1000;
const MAX_POINTS: usize = 288;

/// The points, oldest first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct History(VecDeque<Point>);

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Point {
    received: Timestamp,
    report: Telemetry,
}

impl History {
    /// Takes a report if it is the first, or five minutes after the last one taken. Returns whether it did.
    pub fn sample(&mut self, report: &Telemetry, now: Timestamp) -> bool {
        let is_due = self.0.back().is_none_or(|last| now.since(last.received) >= INTERVAL_MS);
        if is_due {
            self.0.retain(|point| is_kept(point, now));
            if self.0.len() == MAX_POINTS {
                self.0.pop_front();
            }
            self.0.push_back(Point { received: now, report: report.as_point(now.0) });
        }
        is_due
    }

    /// Returns the points of the last 24 hours, oldest first.
    #[must_use]
    pub fn points(&self, now: Timestamp) -> Vec<Telemetry> {
        self.0.iter().filter(|point| is_kept(point, now)).map(|point| point.report.clone()).collect()
    }
}

fn is_kept(point: &Point, now: Timestamp) -> bool {
    now.since(point.received) < KEPT_MS
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOON: Timestamp = Timestamp(1_770_379_200_000);

    fn report(number: i64) -> Telemetry {
        Telemetry::read(json!({ "batteryLevel": 1, "number": number })).expect("a report")
    }

    fn numbers(history: &History, now: Timestamp) -> Vec<i64> {
        history.points(now).iter().filter_map(|point| point.get("number")?.as_i64()).collect()
    }

    #[test]
    fn the_first_report_counts_at_once_and_then_one_in_five_minutes() {
        let mut history = History::default();
        for ms in [0, 1, INTERVAL_MS - 1, INTERVAL_MS, INTERVAL_MS + 1, 2 * INTERVAL_MS] {
            history.sample(&report(ms), NOON.plus(ms));
        }
        assert_eq!(numbers(&history, NOON.plus(2 * INTERVAL_MS)), [0, INTERVAL_MS, 2 * INTERVAL_MS]);
    }

    #[test]
    fn a_day_has_288_points_and_older_ones_go() {
        let mut history = History::default();
        for number in 0..300 {
            assert!(history.sample(&report(number), NOON.plus(number * INTERVAL_MS)));
        }
        let now = NOON.plus(299 * INTERVAL_MS);
        assert_eq!(numbers(&history, now), (12..300).collect::<Vec<_>>());
        assert_eq!(numbers(&history, now.plus(KEPT_MS - 1)), [299]);
        assert!(numbers(&history, now.plus(KEPT_MS)).is_empty());
    }

    #[test]
    fn points_survive_storage() {
        let mut history = History::default();
        history.sample(&report(1), NOON);
        let stored = rmp_serde::to_vec_named(&history).expect("plain data");
        let history: History = rmp_serde::from_slice(&stored).expect("the same data");
        assert_eq!(
            json!(history.points(NOON)),
            json!([{ "timestamp": NOON.0, "batteryLevel": 1, "trackingConfidence": null, "number": 1 }])
        );
    }
}
