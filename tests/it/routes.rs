//! The whole surface: every route and event of every table, compared with `tests/contracts/<system>.txt`, so that no change
//! of it goes unseen in a review.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use hubbub::config::{Config, keys_table};
use hubbub::edge::{Edge, ListedRoute, Traffic};
use hubbub::fleet::lag::Figures;
use hubbub::fleet::metrics::{FleetMetrics, OUTBOUND};
use hubbub::fleet::monitoring::Monitor;
use hubbub::hub::Parts;
use hubbub::listen::Site;
use hubbub::ops::{Commits, Ops, Readiness, Scrapes};
use hubbub::realtime::capacity::Capacity;
use hubbub::realtime::namespace::{ListedEvent, Namespace};
use hubbub::realtime::reaper::Reaper;
use hubbub::realtime::service::Layer;
use hubbub::{fleet, lab, ops, quiz};
use hubbub_actors::fleet::roster::state::Gauges;
use hubbub_actors::kit::blobs::LocalBlobs;
use hubbub_actors::kit::clock::SystemClock;
use hubbub_actors::kit::deps::Deps;
use hubbub_actors::kit::ids::SeededRandom;
use hubbub_protocol::contract::{Access, EventLimit};
use hubbub_protocol::fleet::limits;
use tempfile::TempDir;

use crate::source;

#[actix_web::test]
async fn the_surface_of_the_fleet_is_the_checked_in_one() {
    let (site, _) = with_parts(fleet::site).expect("a free port");
    check("fleet", &[routes(&fleet_routes()), events(&site), emitted(&OUTBOUND), metrics()]);
}

#[actix_web::test]
async fn the_surface_of_the_quiz_is_the_checked_in_one() {
    let site = with_parts(quiz::site).expect("a free port");
    check("quiz", &[routes(&quiz_routes()), events(&site), emitted(&hubbub_protocol::quiz::rooms::OUTBOUND)]);
}

#[actix_web::test]
async fn the_surface_of_the_lab_is_the_checked_in_one() {
    check("lab", &[events(&with_parts(lab::site).expect("a free port")), emitted(&hubbub_protocol::lab::OUTBOUND)]);
}

#[test]
fn the_surface_of_ops_is_the_checked_in_one() {
    check("ops", &[routes(&ops_routes())]);
}

#[actix_web::test]
async fn the_fleet_has_as_many_routes_and_events_as_its_document() {
    let documented = fleet_routes().iter().filter(|route| route.path != fleet::store::PATH).count();
    assert_eq!(documented, 29, "the document has 29 routes");
    let own = |line: &&str| !line.starts_with("turing_process_") && !line.starts_with("turing_nodejs_");
    assert_eq!(metrics().lines().skip(1).filter(own).count(), 23, "the document has 23 metrics, and those of the process");
    let events = listed_events(&with_parts(fleet::site).expect("a free port").0);
    let names: BTreeSet<_> = events.iter().map(|event| event.name).collect();
    let deprecated = ["tablet-toggle-recording", "tablet-toggle-all-recording"];
    assert!(deprecated.iter().all(|name| names.contains(name)), "old tablets still send {deprecated:?}");
    assert_eq!(names.len() - deprecated.len(), 26, "the document has 26 events from clients");
    assert_eq!(OUTBOUND.iter().filter(|name| **name != "error").count(), 33, "the document has 33 events to clients");
    let rows = [
        ("headset-frame", limits::FRAME),
        ("headset-status", limits::STATUS),
        ("headset-identify", limits::IDENTIFY),
        ("device-telemetry", limits::TELEMETRY),
        ("tablet-lock-devices", limits::LOCK_DEVICES),
        ("tablet-create-session", limits::CREATE_SESSION),
        ("dashboard-subscribe", limits::SUBSCRIBE),
    ];
    for event in events {
        let row = rows.iter().find(|(name, _)| *name == event.name).map_or(limits::DEFAULT, |(_, limit)| *limit);
        assert_eq!(event.limit, Some(row), "`{}` has the limit of its row in the document", event.name);
    }
}

#[actix_web::test]
async fn the_quiz_has_as_many_routes_and_events_as_its_document() {
    let extensions = ["/auth/refresh", "/storage/avatars/{userId}/{file}"];
    let documented = quiz_routes().iter().filter(|route| !extensions.contains(&route.path)).count();
    assert_eq!(documented, 45, "the document and its summary have 45 routes");
    let names = listed_events(&with_parts(quiz::site).expect("a free port"));
    assert_eq!(names.len() + hubbub_protocol::quiz::rooms::OUTBOUND.len() - 1, 22, "the document has 22 events, and `error`");
}

/// The lists of emitted events are written by hand; this keeps them whole.
#[test]
fn every_emitted_type_is_listed() {
    emitted_types_are_listed("protocol/src/fleet", &OUTBOUND, "`OUTBOUND` in src/fleet/metrics.rs");
    emitted_types_are_listed(
        "protocol/src/quiz",
        &hubbub_protocol::quiz::rooms::OUTBOUND,
        "`OUTBOUND` in protocol/src/quiz/rooms.rs",
    );
}

fn emitted_types_are_listed(folder: &str, outbound: &[&str], list: &str) {
    let mut declared = BTreeSet::from(["error".to_owned()]);
    for file in source::rust_files(folder) {
        for after in file.text.split("Emit for ").skip(1) {
            let name = after.split("NAME: &'static str = \"").nth(1).and_then(|name| name.split('"').next());
            declared.insert(name.expect("an emitted type has a name").to_owned());
        }
    }
    let listed: BTreeSet<String> = outbound.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(declared, listed, "add the new event to {list}");
}

#[test]
fn literal_paths_come_before_parameters() {
    for table in [fleet_routes(), quiz_routes(), ops_routes()] {
        for (at, earlier) in table.iter().enumerate() {
            for later in table.get(at + 1..).unwrap_or_default() {
                let hidden = earlier.path != later.path && covers(earlier.path, later.path);
                assert!(!hidden, "`{}` is tried first and would answer for `{}`", earlier.path, later.path);
            }
        }
    }
}

#[test]
fn covering_is_told_from_differing() {
    assert!(covers("/a/{id}", "/a/stats"));
    assert!(covers("/a/{id}/b", "/a/{other}/b"));
    assert!(!covers("/a/stats", "/a/{id}"));
    assert!(!covers("/a/{id}", "/a/{id}/b"));
}

/// The table of keys in the README is the program's own.
#[test]
fn the_readme_lists_every_configuration_key() {
    let keys = Config::parse(None, []).expect("defaults are no mistake").keys;
    let readme = source::read("README.md");
    let table = readme.split("<!-- keys -->\n").nth(1).unwrap_or_default();
    let advice = "paste `hubbub check-config --keys` between the two `<!-- keys -->` marks of README.md";
    assert_eq!(table, keys_table(&keys), "{advice}");
}

/// Says whether every request for `other` also fits `pattern`.
fn covers(pattern: &str, other: &str) -> bool {
    let (pattern, other): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), other.split('/').collect());
    pattern.len() == other.len() && pattern.iter().zip(&other).all(|(one, other)| one.starts_with('{') || one == other)
}

fn fleet_routes() -> Vec<ListedRoute> {
    fleet::endpoints(Edge::new(deps()), &Monitor::new(deps(), FleetMetrics::new())).list()
}

fn quiz_routes() -> Vec<ListedRoute> {
    quiz::endpoints(Edge::new(deps())).list()
}

fn ops_routes() -> Vec<ListedRoute> {
    let (commits, traffic) = (Commits::default(), Traffic::default());
    let scrapes = Scrapes { systems: Vec::new(), deps: deps(), traffic, commits, backlog: Box::new(Default::default) };
    let ops = Ops { readiness: Readiness::default(), scrapes, started: Instant::now() };
    ops::table(Edge::new(deps()), Arc::new(ops)).list()
}

fn deps() -> Deps {
    Deps::builder().random(SeededRandom::new(1)).build()
}

/// Builds something from a hub's parts, without starting it.
fn with_parts<T>(build: impl FnOnce(&Parts) -> T) -> T {
    let data = TempDir::new().expect("a temporary directory");
    let mut config = Config { data_dir: data.path().to_owned(), ..Config::default() };
    (config.fleet.port, config.quiz.port, config.lab.port) = (0, 0, 0);
    let secrets = config.open_secrets(&SeededRandom::new(1)).expect("secrets can be made");
    let blobs = Arc::new(LocalBlobs::open(config.blobs_dir(), Arc::new(SystemClock)).expect("a place for files"));
    let (capacity, reaper, traffic) = (Capacity::new(1, 1), Reaper::new(), Traffic::default());
    build(&Parts { config, deps: deps(), secrets, capacity, reaper, blobs, traffic })
}

fn routes(table: &[ListedRoute]) -> String {
    let mut text = String::from("# routes, in the order in which they are tried\n");
    for ListedRoute { method, path, access, limit } in table {
        let limit = limit.map(|limit| format!("{} in {} s of {}", limit.max, limit.window_secs, limit.bucket));
        line(&mut text, &format!("{method:<6} {path}"), *access, limit);
    }
    text
}

fn listed_events(site: &Site) -> Vec<ListedEvent> {
    namespaces(site).iter().flat_map(|namespace| namespace.list()).collect()
}

fn namespaces(site: &Site) -> Vec<Arc<Namespace>> {
    let layers = site.services.iter().filter_map(|service| match &service.layer {
        Layer::SocketIo(namespaces) => Some(namespaces),
        Layer::Echo => None,
    });
    layers.flatten().cloned().collect()
}

fn events(site: &Site) -> String {
    let mut text = String::new();
    for service in &site.services {
        let kind = if matches!(service.layer, Layer::Echo) { "bare Engine.IO" } else { "Socket.IO" };
        let _ = writeln!(text, "# {kind} at {}", service.path);
    }
    let in_words = |limit: EventLimit| format!("{} in {} s", limit.max, limit.window_secs);
    for namespace in namespaces(site) {
        let _ = writeln!(text, "\n# events from clients on {}", namespace.name);
        if let Some(total) = &namespace.total {
            let _ = writeln!(text, "# all of a socket together: {}", in_words(total.limit));
        }
        for event in namespace.list() {
            line(&mut text, event.name, event.access, event.limit.map(in_words));
        }
    }
    text
}

fn emitted(names: &[&str]) -> String {
    let mut text = String::from("# events to clients\n");
    names.iter().for_each(|name| text.push_str(&format!("{name}\n")));
    text
}

/// Lists every metric with its type, as a first scrape announces them.
fn metrics() -> String {
    let scrape = FleetMetrics::new().render(&Gauges::default(), 0, Figures::default());
    let families: BTreeSet<&str> = scrape.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    let mut text = String::from("# metrics\n");
    families.iter().for_each(|family| text.push_str(&format!("{family}\n")));
    text
}

fn line(text: &mut String, name: &str, access: Access, limit: Option<String>) {
    let access = match access {
        Access::Open => "open".to_owned(),
        Access::OpenUnlessStrict => "open unless strict".to_owned(),
        Access::AdminKey => "admin key".to_owned(),
        Access::Roles(roles) => roles.join(" or "),
    };
    let _ = writeln!(text, "{name:<40} {access:<20} {}", limit.unwrap_or_else(|| "no limit".to_owned()));
}

/// Compares a system's surface with the checked-in text; `UPDATE_CONTRACTS=1` writes it instead.
fn check(system: &str, parts: &[String]) {
    let surface = parts.join("\n");
    let path = format!("tests/contracts/{system}.txt");
    if std::env::var_os("UPDATE_CONTRACTS").is_some() {
        std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(&path), &surface).expect("the file can be written");
    }
    let advice = "if this change of the surface is meant, run `UPDATE_CONTRACTS=1 cargo test --test it routes` and commit it";
    assert_eq!(source::read(&path), surface, "{path} differs: {advice}");
}
