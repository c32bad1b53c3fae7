//! Reading a hub's metrics as Prometheus would.

use std::time::Duration;

/// How long a test waits for a metric to become what it must.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// Returns the sum of a metric's samples whose labels contain `labels`.
pub async fn read(ops: &str, name: &str, labels: &str) -> f64 {
    let text = reqwest::get(format!("{ops}/metrics")).await.expect("an answer").text().await.expect("a text");
    let values = text.lines().filter_map(|line| {
        let rest = line.strip_prefix(name)?;
        let is_sample = rest.starts_with(['{', ' ']) && rest.contains(labels);
        rest.rsplit_once(' ').filter(|_| is_sample).map(|(_, value)| value.parse::<f64>().expect("a number"))
    });
    values.sum()
}

/// Waits until a metric is `expected`.
pub async fn until(ops: &str, name: &str, labels: &str, expected: f64) {
    let mut looks = tokio::time::interval(LOOK_EVERY);
    let mut last = f64::NAN;
    let wait = async {
        while last.to_bits() != expected.to_bits() {
            looks.tick().await;
            last = read(ops, name, labels).await;
        }
    };
    let is_in_time = tokio::time::timeout(PATIENCE, wait).await.is_ok();
    assert!(is_in_time, "{name}{{{labels}}} is {last}, not {expected}");
}
