//! One plot over time as inline SVG: a grid with round numbers, one or two lines, a value at every point.

use std::fmt::Write;

use super::escape;
use crate::load::numbers::value;

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 200.0;
/// Room for the numbers of the two axes.
const LEFT: f64 = 64.0;
const BOTTOM: f64 = 22.0;
const EDGE: f64 = 16.0;
/// How many parts an axis has at most.
const PARTS: f64 = 5.0;

/// A quantity over time.
pub(super) struct Plot<'a> {
    pub(super) title: &'a str,
    pub(super) unit: &'a str,
    /// At most two: there are two colours.
    pub(super) lines: Vec<Line>,
}

/// One line of a plot.
pub(super) struct Line {
    /// What it is; empty where there is only one.
    pub(super) name: &'static str,
    pub(super) values: Vec<f64>,
}

impl Plot<'_> {
    /// Draws it over the seconds `at`; nothing if there are none.
    pub(super) fn draw(&self, at: &[f64]) -> String {
        let Some(last) = at.last().copied().filter(|last| *last > 0.0) else { return String::new() };
        let most = self.lines.iter().flat_map(|line| &line.values).copied().filter(|one| one.is_finite()).fold(0.0, f64::max);
        let place = Place { last, top: ceiling(most) };
        let lines: String =
            self.lines.iter().zip(["one", "two"]).map(|(line, class)| self.line(line, class, at, &place)).collect();
        let label = escape(&format!("{} over time", self.title));
        let svg = format!(
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{label}\">\n{}{lines}</svg>\n",
            place.grid()
        );
        format!("<figure>\n<figcaption>{}</figcaption>\n{svg}</figure>\n", self.caption())
    }

    fn caption(&self) -> String {
        let mut caption = escape(self.title);
        if !self.unit.is_empty() {
            caption += &format!(", {}", escape(self.unit));
        }
        for (line, class) in self.lines.iter().zip(["one", "two"]).filter(|(line, _)| !line.name.is_empty()) {
            caption += &format!(" <span class=\"key {class}\">{}</span>", escape(line.name));
        }
        caption
    }

    fn line(&self, line: &Line, class: &str, at: &[f64], place: &Place) -> String {
        let points: Vec<(f64, f64)> =
            at.iter().copied().zip(line.values.iter().copied()).filter(|(_, y)| y.is_finite()).collect();
        let path: Vec<String> = points.iter().map(|(x, y)| format!("{:.1},{:.1}", place.x(*x), place.y(*y))).collect();
        let mut out = format!("<polyline class=\"line {class}\" points=\"{}\"/>\n", path.join(" "));
        for (x, y) in points {
            let text = format!("{} {} {} at {} s", line.name, value(y), self.unit, value(x));
            let text = escape(&text.split_whitespace().collect::<Vec<_>>().join(" "));
            let (x, y) = (place.x(x), place.y(y));
            // A text in memory takes every line.
            let _ = writeln!(out, "<circle class=\"point\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\"><title>{text}</title></circle>");
        }
        out
    }
}

/// Where seconds and values lie on the picture.
struct Place {
    last: f64,
    top: f64,
}

impl Place {
    fn x(&self, at: f64) -> f64 {
        LEFT + (WIDTH - LEFT - EDGE) * at / self.last
    }

    fn y(&self, value: f64) -> f64 {
        (HEIGHT - BOTTOM) - (HEIGHT - BOTTOM - EDGE) * value / self.top
    }

    fn grid(&self) -> String {
        let mut out = String::new();
        for tick in ticks(self.top) {
            let y = self.y(tick);
            let _ = writeln!(out, "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>", WIDTH - EDGE);
            let _ =
                writeln!(out, "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>", LEFT - 6.0, y + 4.0, short(tick));
        }
        for tick in ticks(self.last) {
            let (x, y) = (self.x(tick), HEIGHT - 6.0);
            let _ = writeln!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{} s</text>", short(tick));
        }
        out
    }
}

/// Writes a round number without the zeros at its end.
fn short(tick: f64) -> String {
    let text = value(tick);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Returns the round step (1, 2 or 5 times a power of ten) that divides `most` into at most five parts.
fn step(most: f64) -> f64 {
    let power = 10f64.powf((most / PARTS).log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|one| one * power).find(|step| most / step <= PARTS).unwrap_or(most)
}

/// Returns the end of an axis that has room for `most`: whole steps.
fn ceiling(most: f64) -> f64 {
    if most <= 0.0 {
        return 1.0;
    }
    let step = step(most);
    (most / step).ceil() * step
}

fn ticks(end: f64) -> Vec<f64> {
    let step = step(end);
    // A hair more than the end, because steps are not exact.
    let ends = end * (1.0 + 1e-9);
    (0..=10).map(|number| f64::from(number) * step).take_while(|tick| *tick <= ends).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_on_round_numbers() {
        for (most, end) in [(0.0, 1.0), (7.0, 8.0), (123_456.0, 150_000.0), (0.98, 1.0), (100.0, 100.0), (0.0042, 0.005)] {
            assert!((ceiling(most) - end).abs() < end * 1e-9, "{most}: {}", ceiling(most));
        }
        assert_eq!(ticks(10.0), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(ticks(300.0), [0.0, 100.0, 200.0, 300.0]);
        assert_eq!([0.5, 0.25, 20.0, 1500.0].map(short), ["0.5", "0.25", "20", "1,500"]);
    }

    #[test]
    fn points_lie_within_the_picture_and_say_their_value() {
        let lines = vec![Line { name: "p99", values: vec![1.5, f64::NAN, 3.0] }];
        let drawn = Plot { title: "latency", unit: "ms", lines }.draw(&[1.0, 2.0, 3.0]);
        assert!(drawn.contains("<title>p99 3 ms at 3 s</title>") && !drawn.contains("NaN"), "{drawn}");
        assert!(drawn.contains("points=\"224.0,97.0 544.0,16.0\""), "{drawn}");
    }
}
