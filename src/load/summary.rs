//! The figures in words and numbers: what the table and the page both show.

use super::figures::{Checks, Figures, Latency, Usage};
use super::numbers::{count, plural, value};

/// Rows that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    /// What they are about.
    pub(super) name: &'static str,
    /// The rows, in reading order.
    pub(super) rows: Vec<Row>,
}

/// One figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// What it is.
    pub(super) name: String,
    /// How much.
    pub(super) value: String,
    /// In which unit; empty for a count.
    pub(super) unit: &'static str,
    /// It says that the run went wrong.
    pub(super) is_fault: bool,
}

/// Says what was measured: `broadcast on http://127.0.0.1:3000`.
pub(super) fn title(figures: &Figures) -> String {
    format!("{} on {}", figures.scenario, figures.url)
}

/// Says with which settings, in the words of the command line.
pub(super) fn settings(figures: &Figures) -> String {
    let settings: Vec<String> =
        figures.options.iter().map(|(name, value)| format!("{name} {value}").trim_end().to_owned()).collect();
    settings.join(" ")
}

/// Says how long it was measured, and with how many connections.
pub(super) fn extent(figures: &Figures) -> String {
    let connections = u64::try_from(figures.connections).unwrap_or(u64::MAX);
    let early = if figures.is_partial { ", ended early" } else { "" };
    let noun = plural("connection", connections);
    format!("measured for {} s with {} {noun}{early}", value(figures.seconds), count(connections))
}

/// Says in one line whether the checks passed.
pub(super) fn verdict(checks: Checks) -> &'static str {
    if checks == Checks::default() { "nothing missing, duplicated, reordered or wrong; no errors" } else { "the run went wrong" }
}

/// Returns every figure, in reading order.
pub(super) fn groups(figures: &Figures) -> Vec<Group> {
    let details = figures.details.iter().map(|detail| row(detail.name, value(detail.value), detail.unit)).collect();
    let generator = vec![row("CPU", value(figures.generator_cpu_seconds), "s")];
    let groups = [
        ("throughput", throughput(figures)),
        ("latency", figures.latency_ms.map(latency).unwrap_or_default()),
        ("details", details),
        ("server", figures.server.map(|usage| server(usage, figures.unit)).unwrap_or_default()),
        ("generator", generator),
        ("checks", checks(figures.checks)),
    ];
    groups.into_iter().filter(|(_, rows)| !rows.is_empty()).map(|(name, rows)| Group { name, rows }).collect()
}

fn throughput(figures: &Figures) -> Vec<Row> {
    let units = plural(figures.unit, 2);
    vec![row(format!("{units} per second"), value(figures.per_second), ""), row(units, count(figures.completed), "")]
}

fn latency(latency: Latency) -> Vec<Row> {
    let Latency { mean, p50, p90, p99, p999, max } = latency;
    let rows = [("p50", p50), ("p90", p90), ("p99", p99), ("p99.9", p999), ("max", max), ("mean", mean)];
    rows.into_iter().map(|(name, ms)| row(name, value(ms), "ms")).collect()
}

fn server(usage: Usage, unit: &str) -> Vec<Row> {
    vec![
        row("process", usage.pid.to_string(), ""),
        row("CPU", value(usage.cpu_seconds), "s"),
        row(format!("CPU per million {}", plural(unit, 2)), value(usage.cpu_seconds_per_million), "s"),
        row("memory before connecting", value(usage.rss_before_mib), "MiB"),
        row("memory when connected", value(usage.rss_connected_mib), "MiB"),
        row("memory at its peak", value(usage.rss_peak_mib), "MiB"),
        row("memory per connection", value(usage.kib_per_connection), "KiB"),
    ]
}

fn checks(checks: Checks) -> Vec<Row> {
    let Checks { missing, duplicated, reordered, wrong, errors } = checks;
    let all = [("missing", missing), ("duplicated", duplicated), ("reordered", reordered), ("wrong", wrong), ("errors", errors)];
    all.into_iter().map(|(name, faults)| Row { is_fault: faults > 0, ..row(name, count(faults), "") }).collect()
}

fn row(name: impl Into<String>, value: String, unit: &'static str) -> Row {
    Row { name: name.into(), value, unit, is_fault: false }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::load::figures::{Detail, Second};

    /// A run as the tests of everything that shows figures see it.
    pub(in crate::load) fn figures() -> Figures {
        let second = |at, per_second, p99_ms| Second {
            at,
            per_second,
            p50_ms: 1.25,
            p99_ms,
            errors: 0,
            server_cores: 0.98,
            server_rss_mib: 45.2,
        };
        Figures {
            scenario: "broadcast",
            url: "http://127.0.0.1:3000".to_owned(),
            options: vec![("--subscribers", "1000".to_owned()), ("--in-flight", "16".to_owned())],
            seconds: 3.0,
            connections: 1001,
            unit: "delivery",
            completed: 371_000,
            per_second: 123_456.7,
            latency_ms: Some(Latency { mean: 2.0, p50: 1.25, p90: 3.1, p99: 12.0, p999: 20.55, max: 31.0 }),
            checks: Checks { missing: 3, ..Checks::default() },
            server: Some(Usage {
                pid: 42,
                cpu_seconds: 2.94,
                cpu_seconds_per_million: 7.92,
                rss_before_mib: 12.3,
                rss_connected_mib: 45.2,
                rss_peak_mib: 60.1,
                kib_per_connection: 33.7,
            }),
            generator_cpu_seconds: 1.5,
            details: vec![Detail { name: "messages", value: 371.0, unit: "" }],
            timeline: vec![second(1.0, 120_000.0, 10.0), second(2.0, 130_000.0, 12.0), second(3.0, 121_000.0, 11.0)],
            is_partial: false,
        }
    }

    #[test]
    fn a_fault_is_marked() {
        let groups = groups(&figures());
        let faults: Vec<&Row> = groups.iter().flat_map(|group| &group.rows).filter(|row| row.is_fault).collect();
        assert_eq!(faults, [&Row { is_fault: true, ..row("missing", "3".to_owned(), "") }]);
    }

    #[test]
    fn what_was_not_measured_is_not_shown() {
        let bare = Figures { latency_ms: None, server: None, details: Vec::new(), ..figures() };
        let names: Vec<&str> = groups(&bare).iter().map(|group| group.name).collect();
        assert_eq!(names, ["throughput", "generator", "checks"]);
    }

    #[test]
    fn an_early_end_is_said() {
        assert_eq!(extent(&figures()), "measured for 3 s with 1,001 connections");
        let early = Figures { is_partial: true, connections: 1, seconds: 2.5, ..figures() };
        assert_eq!(extent(&early), "measured for 2.50 s with 1 connection, ended early");
    }
}
