//! The figures as one page that needs no network: plots over time, the table, every second.

mod plot;

use std::fmt::Write;

use plot::{Line, Plot};

use super::figures::{Figures, Second};
use super::numbers::{count, plural, value};
use super::summary::{Group, extent, groups, settings, title, verdict};

/// Colours and measures, for light and dark surroundings.
const STYLE: &str = include_str!("html/style.css");

/// Writes the page.
#[must_use]
pub fn page(figures: &Figures) -> String {
    let title = escape(&title(figures));
    let verdict_class = if figures.checks == Default::default() { "good" } else { "fault" };
    let parts = [
        format!("<h1>{title}</h1>\n<p><code>{}</code><br>{}</p>\n", escape(&settings(figures)), escape(&extent(figures))),
        format!("<p class=\"{verdict_class}\">{}</p>\n", verdict(figures.checks)),
        plots(figures),
        groups(figures).iter().map(table).collect(),
        seconds(&figures.timeline),
    ];
    let head = format!(
        "<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>hubbub load: {title}</title>\n<style>\n{STYLE}</style>\n"
    );
    format!("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n{head}</head>\n<body>\n{}</body>\n</html>\n", parts.concat())
}

/// Makes a text harmless in HTML, in attributes as well.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for one in text.chars() {
        match one {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            one => out.push(one),
        }
    }
    out
}

/// One plot per quantity, never two scales in one; what was not measured has none.
fn plots(figures: &Figures) -> String {
    let line = |name, of: fn(&Second) -> f64| Line { name, values: figures.timeline.iter().map(of).collect() };
    let units = format!("{} per second", plural(figures.unit, 2));
    let mut plots = vec![Plot { title: &units, unit: "", lines: vec![line("", |second| second.per_second)] }];
    if figures.latency_ms.is_some() {
        let lines = vec![line("p99", |second| second.p99_ms), line("p50", |second| second.p50_ms)];
        plots.push(Plot { title: "latency", unit: "ms", lines });
    }
    if figures.server.is_some() {
        plots.push(Plot {
            title: "server CPU",
            unit: "cores",
            lines: vec![line("", |second| seen(second, second.server_cores))],
        });
        plots.push(Plot {
            title: "server memory",
            unit: "MiB",
            lines: vec![line("", |second| seen(second, second.server_rss_mib))],
        });
    }
    let at: Vec<f64> = figures.timeline.iter().map(|second| second.at).collect();
    let drawn: String = plots.iter().map(|plot| plot.draw(&at)).collect();
    format!("<div class=\"plots\">\n{drawn}</div>\n")
}

/// Leaves out seconds in which nobody looked at the server: no process has no memory.
fn seen(second: &Second, value: f64) -> f64 {
    if second.server_rss_mib > 0.0 { value } else { f64::NAN }
}

fn table(group: &Group) -> String {
    let mut out = format!("<table>\n<caption>{}</caption>\n", group.name);
    for row in &group.rows {
        let class = if row.is_fault { " class=\"fault\"" } else { "" };
        let (name, value, unit) = (escape(&row.name), escape(&row.value), escape(row.unit));
        // A text in memory takes every line.
        let _ = writeln!(out, "<tr{class}><th>{name}</th><td>{value}</td><td class=\"unit\">{unit}</td></tr>");
    }
    out + "</table>\n"
}

/// The numbers behind the plots, folded away.
fn seconds(timeline: &[Second]) -> String {
    let mut out =
        "<details>\n<summary>Second by second</summary>\n<table>\n<tr><th>second</th><th>per second</th><th>p50 ms</th>\
                   <th>p99 ms</th><th>errors</th><th>cores</th><th>MiB</th></tr>\n"
            .to_owned();
    for second in timeline {
        let Second { at, per_second, p50_ms, p99_ms, errors, server_cores, server_rss_mib } = *second;
        let measured = [at, per_second, p50_ms, p99_ms].map(value);
        let cells = measured.into_iter().chain([count(errors), value(server_cores), value(server_rss_mib)]);
        let cells: String = cells.map(|cell| format!("<td>{cell}</td>")).collect();
        let _ = writeln!(out, "<tr>{cells}</tr>");
    }
    out + "</table>\n</details>\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::summary::tests::figures;

    #[test]
    fn the_page_stands_alone() {
        let page = page(&figures());
        let foreign = ["<script", "<link", "src=", "@import", "url("];
        assert!(foreign.iter().all(|mark| !page.contains(mark)), "{page}");
        assert_eq!(page.matches("http").count(), page.matches("http://127.0.0.1:3000").count(), "it names no other host");
        assert!(page.contains("prefers-color-scheme: dark"));
    }

    #[test]
    fn what_comes_from_outside_is_escaped() {
        let evil = "http://127.0.0.1:3000/<script>alert('&\"')</script>";
        let page = page(&Figures { url: evil.to_owned(), options: vec![("--room", "<b>".to_owned())], ..figures() });
        assert!(!page.contains("<script") && !page.contains("<b>"), "{page}");
        assert!(page.contains("/&lt;script&gt;alert(&#39;&amp;&quot;&#39;)&lt;/script&gt;") && page.contains("--room &lt;b&gt;"));
    }

    #[test]
    fn what_was_not_measured_has_no_plot() {
        let plots = |figures: &Figures| page(figures).matches("<svg").count();
        assert_eq!(plots(&figures()), 4);
        assert_eq!(plots(&Figures { server: None, latency_ms: None, ..figures() }), 1);
        assert_eq!(plots(&Figures { timeline: Vec::new(), ..figures() }), 0);
        let mut unseen = figures();
        unseen.timeline[2].server_rss_mib = 0.0;
        assert_eq!(page(&figures()).matches("<circle").count() - page(&unseen).matches("<circle").count(), 2);
    }

    #[test]
    fn every_element_is_closed() {
        let page = page(&figures());
        for name in ["html", "head", "body", "svg", "table", "figure", "tr", "details", "text", "title", "style"] {
            let opened = page.matches(&format!("<{name}>")).count() + page.matches(&format!("<{name} ")).count();
            assert_eq!(opened, page.matches(&format!("</{name}>")).count(), "{name}");
        }
    }
}
