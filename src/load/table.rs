//! The figures as a table of text, for people.

use std::fmt::Write;

use super::figures::Figures;
use super::summary::{Group, extent, groups, settings, title, verdict};

/// Writes the figures as lines; the last one is the verdict.
#[must_use]
pub fn text(figures: &Figures) -> String {
    let mut out = format!("{}\n{}\n{}\n\n", title(figures), settings(figures), extent(figures));
    let groups = groups(figures);
    let widths = Widths::of(&groups);
    for group in &groups {
        let mut heading = group.name;
        for row in &group.rows {
            let mark = if row.is_fault { "  <-" } else { "" };
            let (name, value, unit) = (&row.name, &row.value, row.unit);
            let Widths { heading: first, name: second, value: third } = widths;
            let line = format!("{heading:<first$}  {name:<second$}  {value:>third$} {unit}");
            // A text in memory takes every line.
            let _ = writeln!(out, "{}{mark}", line.trim_end());
            heading = "";
        }
    }
    let _ = writeln!(out, "\n{}", verdict(figures.checks));
    out
}

struct Widths {
    heading: usize,
    name: usize,
    value: usize,
}

impl Widths {
    fn of(groups: &[Group]) -> Self {
        let rows = || groups.iter().flat_map(|group| &group.rows);
        let widest = |lengths: &mut dyn Iterator<Item = usize>| lengths.max().unwrap_or(0);
        Self {
            heading: widest(&mut groups.iter().map(|group| group.name.len())),
            name: widest(&mut rows().map(|row| row.name.len())),
            value: widest(&mut rows().map(|row| row.value.chars().count())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::figures::Checks;
    use crate::load::summary::tests::figures;

    #[test]
    fn the_table_is_readable() {
        let expected = "\
broadcast on http://127.0.0.1:3000
--subscribers 1000 --in-flight 16
measured for 3 s with 1,001 connections

throughput  deliveries per second       123,457
            deliveries                  371,000
latency     p50                            1.25 ms
            p90                            3.10 ms
            p99                              12 ms
            p99.9                          20.6 ms
            max                              31 ms
            mean                              2 ms
details     messages                        371
server      process                          42
            CPU                            2.94 s
            CPU per million deliveries     7.92 s
            memory before connecting       12.3 MiB
            memory when connected          45.2 MiB
            memory at its peak             60.1 MiB
            memory per connection          33.7 KiB
generator   CPU                            1.50 s
checks      missing                           3  <-
            duplicated                        0
            reordered                         0
            wrong                             0
            errors                            0

the run went wrong
";
        assert_eq!(text(&figures()), expected);
    }

    #[test]
    fn a_good_run_ends_on_a_good_word() {
        let good = Figures { checks: Checks::default(), ..figures() };
        let text = text(&good);
        assert!(
            text.ends_with("\n\nnothing missing, duplicated, reordered or wrong; no errors\n") && !text.contains("<-"),
            "{text}"
        );
    }
}
