//! Prometheus metrics, one independent set per system, so that each keeps its documented names on its own `/metrics`.
//!
//! Handles are made once and kept: using one is an atomic operation. What is computed at the scrape (how many are connected)
//! is a [`Family`], rendered by [`render_families`].

use std::collections::HashMap;
use std::fmt::Write;

use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use parking_lot::Mutex;

/// The content type of what [`MetricSet::render`] returns.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

const METADATA: Metadata<'static> = Metadata::new(module_path!(), Level::INFO, Some(module_path!()));

/// What a family of metrics measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// Only ever grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts values by size.
    Histogram,
}

impl MetricKind {
    const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// The metrics of one system.
pub struct MetricSet {
    plain: PrometheusRecorder,
    families: Mutex<Vec<Described>>,
}

/// A family, in the order in which families were described.
struct Described {
    name: &'static str,
    help: &'static str,
    kind: MetricKind,
    /// A histogram's own recorder: the exporter takes buckets only before it is built.
    own: Option<PrometheusRecorder>,
}

impl Default for MetricSet {
    fn default() -> Self {
        Self::new()
    }
}

impl MetricSet {
    /// Returns an empty set.
    #[must_use]
    pub fn new() -> Self {
        Self { plain: PrometheusBuilder::new().build_recorder(), families: Mutex::new(Vec::new()) }
    }

    /// Announces a family with labels: it is rendered with its help and type before it has any sample.
    pub fn describe(&self, kind: MetricKind, name: &'static str, help: &'static str) {
        self.family(kind, name, help, &[]);
    }

    /// Returns a counter; without labels it is rendered as 0 from now on.
    pub fn counter(&self, name: &'static str, help: &'static str, labels: &[(&'static str, &str)]) -> Counter {
        self.family(MetricKind::Counter, name, help, &[]);
        self.plain.register_counter(&key(name, labels), &METADATA)
    }

    /// Returns a gauge; without labels it is rendered as 0 from now on.
    pub fn gauge(&self, name: &'static str, help: &'static str, labels: &[(&'static str, &str)]) -> Gauge {
        self.family(MetricKind::Gauge, name, help, &[]);
        self.plain.register_gauge(&key(name, labels), &METADATA)
    }

    /// Returns a histogram; the buckets of its family are those of the first call.
    pub fn histogram(
        &self,
        name: &'static str,
        help: &'static str,
        buckets: &[f64],
        labels: &[(&'static str, &str)],
    ) -> Histogram {
        self.family(MetricKind::Histogram, name, help, buckets);
        let families = self.families.lock();
        let own = families.iter().find(|family| family.name == name).and_then(|family| family.own.as_ref());
        own.unwrap_or(&self.plain).register_histogram(&key(name, labels), &METADATA)
    }

    fn family(&self, kind: MetricKind, name: &'static str, help: &'static str, buckets: &[f64]) {
        let mut families = self.families.lock();
        let own = || PrometheusBuilder::new().set_buckets(buckets).ok().map(PrometheusBuilder::build_recorder);
        match families.iter_mut().find(|family| family.name == name) {
            // Announced before its buckets were known.
            Some(family) if kind == MetricKind::Histogram && family.own.is_none() => family.own = own(),
            Some(_) => {}
            None => families.push(Described { name, help, kind, own: own().filter(|_| kind == MetricKind::Histogram) }),
        }
    }

    /// Returns all families as Prometheus text, in the order in which they were described, samples sorted.
    #[must_use]
    pub fn render(&self) -> String {
        let families = self.families.lock();
        let mut plain = samples_by_family(&self.plain.handle().render());
        let mut text = String::new();
        for family in &*families {
            head(&mut text, family.name, family.help, family.kind);
            let own = family.own.as_ref().and_then(|own| samples_by_family(&own.handle().render()).remove(family.name));
            let mut samples = own.unwrap_or_else(|| plain.remove(family.name).unwrap_or_default());
            if family.kind != MetricKind::Histogram {
                samples.sort_unstable();
            }
            samples.iter().for_each(|sample| push_line(&mut text, sample));
        }
        text
    }

    /// Keeps histograms small between scrapes; to be called every few seconds.
    pub fn run_upkeep(&self) {
        self.plain.handle().run_upkeep();
        for family in &*self.families.lock() {
            family.own.iter().for_each(|own| own.handle().run_upkeep());
        }
    }
}

fn key(name: &'static str, labels: &[(&'static str, &str)]) -> Key {
    let labels: Vec<Label> = labels.iter().map(|(name, value)| Label::new(*name, (*value).to_owned())).collect();
    Key::from_parts(name, labels)
}

/// Groups the exporter's lines by the family that their `# TYPE` line names.
fn samples_by_family(text: &str) -> HashMap<String, Vec<String>> {
    let mut families: HashMap<String, Vec<String>> = HashMap::new();
    let mut current = String::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            rest.split(' ').next().unwrap_or_default().clone_into(&mut current);
        } else if !line.starts_with('#') {
            families.entry(current.clone()).or_default().push(line.to_owned());
        }
    }
    families
}

/// A family whose samples are computed at the scrape.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    /// The family's name.
    pub name: &'static str,
    /// What it says, for people.
    pub help: &'static str,
    /// Counter or gauge.
    pub kind: MetricKind,
    /// Labels and value of each sample.
    pub samples: Vec<Sample>,
}

/// One sample: its labels and its value.
pub type Sample = (Vec<(&'static str, String)>, f64);

/// Returns families as Prometheus text.
#[must_use]
pub fn render_families(families: &[Family]) -> String {
    let mut text = String::new();
    for family in families {
        head(&mut text, family.name, family.help, family.kind);
        for (labels, value) in &family.samples {
            let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
            let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
            push_line(&mut text, &format!("{}{labels} {}", family.name, number(*value)));
        }
    }
    text
}

fn head(text: &mut String, name: &str, help: &str, kind: MetricKind) {
    let help = help.replace('\\', "\\\\").replace('\n', "\\n");
    let _a_string_takes_everything = write!(text, "# HELP {name} {help}\n# TYPE {name} {}\n", kind.name());
}

fn push_line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn number(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned()
    } else {
        value.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_rendered_with_help_and_type_before_they_have_samples() {
        let set = MetricSet::new();
        set.describe(MetricKind::Counter, "requests_total", "Requests, by route.");
        let _errors = set.counter("errors_total", "Errors.", &[]);
        let _connected = set.gauge("connected", "Connected\nnow, \\ or so.", &[]);

        assert_eq!(
            set.render(),
            "# HELP requests_total Requests, by route.\n# TYPE requests_total counter\n\
             # HELP errors_total Errors.\n# TYPE errors_total counter\nerrors_total 0\n\
             # HELP connected Connected\\nnow, \\\\ or so.\n# TYPE connected gauge\nconnected 0\n"
        );
    }

    #[test]
    fn samples_follow_their_family_in_a_steady_order() {
        let set = MetricSet::new();
        let get = set.counter("requests_total", "Requests.", &[("method", "GET"), ("route", "/a/{id}")]);
        set.counter("requests_total", "Requests.", &[("method", "DELETE"), ("route", "/\"a\"")]).increment(1);
        get.increment(2);
        get.increment(3);

        assert_eq!(
            set.render(),
            "# HELP requests_total Requests.\n# TYPE requests_total counter\n\
             requests_total{method=\"DELETE\",route=\"/\\\"a\\\"\"} 1\n\
             requests_total{method=\"GET\",route=\"/a/{id}\"} 5\n"
        );
    }

    #[test]
    fn a_histogram_has_the_buckets_it_was_made_with() {
        let set = MetricSet::new();
        set.describe(MetricKind::Histogram, "took_seconds", "Time.");
        let took = set.histogram("took_seconds", "Time.", &[0.1, 1.0], &[]);
        let sizes = set.histogram("size_bytes", "Size.", &[100.0], &[("kind", "a")]);
        took.record(0.05);
        took.record(0.5);
        took.record(5.0);
        set.run_upkeep();
        sizes.record(7.0);

        assert_eq!(
            set.render(),
            "# HELP took_seconds Time.\n# TYPE took_seconds histogram\n\
             took_seconds_bucket{le=\"0.1\"} 1\ntook_seconds_bucket{le=\"1\"} 2\ntook_seconds_bucket{le=\"+Inf\"} 3\n\
             took_seconds_sum 5.55\ntook_seconds_count 3\n\
             # HELP size_bytes Size.\n# TYPE size_bytes histogram\n\
             size_bytes_bucket{kind=\"a\",le=\"100\"} 1\nsize_bytes_bucket{kind=\"a\",le=\"+Inf\"} 1\n\
             size_bytes_sum{kind=\"a\"} 7\nsize_bytes_count{kind=\"a\"} 1\n"
        );
    }

    #[test]
    fn sets_are_independent_of_each_other() {
        let (one, two) = (MetricSet::new(), MetricSet::new());
        one.counter("a_total", "A.", &[]).increment(1);
        let _two = two.counter("a_total", "A.", &[]);

        assert!(one.render().ends_with("a_total 1\n"));
        assert!(two.render().ends_with("a_total 0\n"));
    }

    #[test]
    fn computed_families_are_escaped_and_their_numbers_are_prometheus_numbers() {
        let sample = |label: &str, value| (vec![("of", label.to_owned()), ("and", "b".to_owned())], value);
        let family = Family {
            name: "computed",
            help: "Computed.",
            kind: MetricKind::Gauge,
            samples: vec![sample("a\"\\\n", 1.0), sample("b", f64::INFINITY), (vec![], f64::NAN), (vec![], -0.5)],
        };
        let empty = Family { name: "empty_total", help: "Empty.", kind: MetricKind::Counter, samples: vec![] };

        assert_eq!(
            render_families(&[family, empty]),
            "# HELP computed Computed.\n# TYPE computed gauge\n\
             computed{of=\"a\\\"\\\\\\n\",and=\"b\"} 1\ncomputed{of=\"b\",and=\"b\"} +Inf\ncomputed NaN\ncomputed -0.5\n\
             # HELP empty_total Empty.\n# TYPE empty_total counter\n"
        );
    }
}
