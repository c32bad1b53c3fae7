//! What one scrape is made of: every system's own text, then the `hubbub_*` families over all of them, then the process.

use std::sync::Arc;
use std::time::Duration;

use hubbub_actors::kit::deps::Deps;
use hubbub_actors::kit::metrics::{Family, MetricKind, render_families};
use hubbub_actors::kit::registry::Observed;

use super::commits::Commits;
use crate::edge::Traffic;
use crate::process::Process;

/// A system's share of a scrape.
pub trait Scrape: Send + Sync {
    /// Returns the system's documented metrics as Prometheus text.
    fn text(&self) -> String;

    /// Returns what the system adds to the `hubbub_*` families; every sample has a label `system`.
    fn families(&self) -> Vec<Family>;
}

/// Says how many snapshots wait to be written, and how long the oldest of the coalesced ones has waited.
pub type Backlog = Box<dyn Fn() -> (usize, Duration) + Send + Sync>;

/// Everything that is scraped.
pub struct Scrapes {
    /// The systems, in the order of their listeners.
    pub systems: Vec<Arc<dyn Scrape>>,
    /// Whose actors are counted.
    pub deps: Deps,
    /// Requests and events.
    pub traffic: Traffic,
    /// The rounds of the store.
    pub commits: Commits,
    /// What the store has yet to write.
    pub backlog: Backlog,
}

impl Scrapes {
    /// Renders one scrape as Prometheus text.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text: String = self.systems.iter().map(|system| system.text()).collect();
        let mut families: Vec<Family> = self.systems.iter().flat_map(|system| system.families()).collect();
        families.extend(actors(&self.deps.observe()));
        families.extend(self.backlog());
        families.extend(process(&Process::read()));
        text.push_str(&render_families(&merged(families)));
        text.push_str(&self.traffic.text());
        text.push_str(&self.commits.text());
        text
    }
}

impl Scrapes {
    fn backlog(&self) -> [Family; 2] {
        let (waiting, lag) = (self.backlog)();
        let family = |name, help, value| {
            let labels = vec![("system", "all".to_owned())];
            Family { name, help, kind: MetricKind::Gauge, samples: vec![(labels, value)] }
        };
        [
            family("hubbub_snapshots_waiting", "Snapshots that are not yet on disk", whole(waiting)),
            family("hubbub_snapshot_lag_seconds", "Age of the oldest coalesced snapshot not yet on disk", lag.as_secs_f64()),
        ]
    }
}

/// Puts samples of the same family under one heading: Prometheus refuses a second one.
fn merged(families: Vec<Family>) -> Vec<Family> {
    let mut merged: Vec<Family> = Vec::with_capacity(families.len());
    for family in families {
        match merged.iter_mut().find(|known| known.name == family.name) {
            Some(known) => known.samples.extend(family.samples),
            None => merged.push(family),
        }
    }
    merged
}

/// Counts the actors by kind.
fn actors(kinds: &[Observed]) -> Vec<Family> {
    let family = |name, help, kind, value: fn(&Observed) -> f64| {
        let samples = kinds.iter().map(|observed| (labels_of(&observed.kind), value(observed))).collect();
        Family { name, help, kind, samples }
    };
    vec![
        family("hubbub_actors", "Actors in memory", MetricKind::Gauge, |kind| whole(kind.alive)),
        family("hubbub_actors_stored", "Actors with a snapshot", MetricKind::Gauge, |kind| whole(kind.stored)),
        family("hubbub_actors_backing_off", "Actors that are down after a panic storm", MetricKind::Gauge, |kind| {
            whole(kind.backing_off)
        }),
        family("hubbub_actor_restarts_total", "Panics that an actor survived", MetricKind::Counter, |kind| float(kind.restarts)),
        family("hubbub_mailbox_depth", "Asks that wait for their answer", MetricKind::Gauge, |kind| float(kind.asks_waiting)),
        family("hubbub_actor_activations_total", "Actors brought up", MetricKind::Counter, |kind| float(kind.activations)),
        family("hubbub_actor_passivations_total", "Actors let go while idle", MetricKind::Counter, |kind| {
            float(kind.passivations)
        }),
    ]
}

/// A kind's name starts with its system: `fleet.device`.
fn labels_of(kind: &str) -> Vec<(&'static str, String)> {
    let system = kind.split('.').next().unwrap_or(kind);
    vec![("system", system.to_owned()), ("kind", kind.to_owned())]
}

fn process(process: &Process) -> Vec<Family> {
    let single = |name, help, kind, value| Family { name, help, kind, samples: vec![(Vec::new(), value)] };
    let cpu_secs = process.cpu_user_secs + process.cpu_system_secs;
    let version = vec![("version", env!("CARGO_PKG_VERSION").to_owned())];
    vec![
        single("process_cpu_seconds_total", "Processor time, user and system", MetricKind::Counter, cpu_secs),
        single("process_resident_memory_bytes", "Resident memory", MetricKind::Gauge, float(process.resident_bytes)),
        single("process_virtual_memory_bytes", "Address space", MetricKind::Gauge, float(process.virtual_bytes)),
        single("process_open_fds", "Open file descriptors", MetricKind::Gauge, float(process.open_fds)),
        single("process_max_fds", "How many file descriptors may be open", MetricKind::Gauge, float(process.max_fds)),
        single(
            "process_start_time_seconds",
            "Start of the process since 1970",
            MetricKind::Gauge,
            float(process.start_time_secs),
        ),
        Family {
            name: "hubbub_build_info",
            help: "The version that runs",
            kind: MetricKind::Gauge,
            samples: vec![(version, 1.0)],
        },
    ]
}

/// Prometheus counts in floats; above 2^53 a count loses its last digits and nobody minds.
#[expect(clippy::cast_precision_loss, reason = "a metric's value is a float")]
fn float(count: u64) -> f64 {
    count as f64
}

fn whole(count: usize) -> f64 {
    float(u64::try_from(count).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connections(system: &str, value: f64) -> Family {
        let samples = vec![(vec![("system", system.to_owned())], value)];
        Family { name: "hubbub_connections", help: "Connections", kind: MetricKind::Gauge, samples }
    }

    #[test]
    fn a_family_of_several_systems_has_one_heading() {
        let text = render_families(&merged(vec![connections("fleet", 2.0), connections("lab", 3.0)]));
        let expected = "# HELP hubbub_connections Connections\n\
            # TYPE hubbub_connections gauge\n\
            hubbub_connections{system=\"fleet\"} 2\n\
            hubbub_connections{system=\"lab\"} 3\n";
        assert_eq!(text.trim_end(), expected.trim_end());
    }

    #[test]
    fn an_actors_system_is_the_first_word_of_its_kind() {
        assert_eq!(labels_of("fleet.device"), [("system", "fleet".to_owned()), ("kind", "fleet.device".to_owned())]);
    }
}
