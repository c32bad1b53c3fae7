//! How late the scheduler is: the figure that a Node.js server calls event loop lag.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// How often it is measured.
const EVERY: Duration = Duration::from_millis(100);
/// How many measurements count: the last minute.
const KEPT: usize = 600;

/// The latest measurements, in seconds.
#[derive(Debug, Default)]
pub struct Lag(Mutex<VecDeque<f64>>);

/// What a scrape says about them, in seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Figures {
    /// The latest.
    pub latest: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// The mean.
    pub mean: f64,
    /// The standard deviation.
    pub stddev: f64,
    /// Half are smaller.
    pub p50: f64,
    /// Nine in ten are smaller.
    pub p90: f64,
    /// Ninety-nine in a hundred are smaller.
    pub p99: f64,
}

impl Lag {
    /// Measures for ever: how much later than asked a timer fires.
    pub async fn run(&self) {
        loop {
            let asked = Instant::now() + EVERY;
            tokio::time::sleep(EVERY).await;
            self.note(Instant::now().saturating_duration_since(asked));
        }
    }

    fn note(&self, late: Duration) {
        let mut kept = self.0.lock();
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(late.as_secs_f64());
    }

    /// Returns the figures of the last minute; zeros before the first measurement.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let kept: Vec<f64> = self.0.lock().iter().copied().collect();
        let Some(latest) = kept.last().copied() else { return Figures::default() };
        let mut sorted = kept;
        sorted.sort_by(f64::total_cmp);
        #[expect(clippy::cast_precision_loss, reason = "there are at most 600")]
        let count = sorted.len() as f64;
        let mean = sorted.iter().sum::<f64>() / count;
        let variance = sorted.iter().map(|late| (late - mean).powi(2)).sum::<f64>() / count;
        let below = |percent: usize| sorted.get((sorted.len() * percent / 100).min(sorted.len() - 1)).copied().unwrap_or(latest);
        Figures {
            latest,
            min: below(0),
            max: below(100),
            mean,
            stddev: variance.sqrt(),
            p50: below(50),
            p90: below(90),
            p99: below(99),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_describe_the_last_minute() {
        let lag = Lag::default();
        assert_eq!(lag.figures(), Figures::default());
        for ms in (0..700).rev() {
            lag.note(Duration::from_millis(ms));
        }
        let figures = lag.figures();
        assert_eq!((figures.latest, figures.min, figures.max), (0.0, 0.0, 0.599));
        assert_eq!((figures.p50, figures.p90, figures.p99), (0.3, 0.54, 0.594));
        assert!((figures.mean - 0.2995).abs() < 1e-9 && figures.stddev > 0.17);
    }
}
