//! `ops` over a real listener.

use std::sync::Arc;
use std::time::Instant;

use hubbub::edge::Edge;
use hubbub::ops::{Ops, Readiness, Scrape, Scrapes, table};
use hubbub_actors::kit::deps::Deps;
use hubbub_actors::kit::metrics::{Family, MetricKind};

use crate::harness::http::HttpHarness;

struct Fixed(&'static str);

impl Scrape for Fixed {
    fn text(&self) -> String {
        format!("# HELP {0}_things_total Things\n# TYPE {0}_things_total counter\n{0}_things_total 7\n", self.0)
    }

    fn families(&self) -> Vec<Family> {
        let samples = vec![(vec![("system", self.0.to_owned()), ("transport", "websocket".to_owned())], 3.0)];
        vec![Family { name: "hubbub_connections", help: "Open connections", kind: MetricKind::Gauge, samples }]
    }
}

fn start() -> (Readiness, HttpHarness) {
    let deps = Deps::builder().build();
    let readiness = Readiness::default();
    let systems: Vec<Arc<dyn Scrape>> = vec![Arc::new(Fixed("fleet")), Arc::new(Fixed("lab"))];
    let (commits, traffic) = (hubbub::ops::Commits::default(), hubbub::edge::Traffic::default());
    let scrapes = Scrapes { systems, deps: deps.clone(), traffic, commits, backlog: Box::new(Default::default) };
    let ops = Ops { readiness: readiness.clone(), scrapes, started: Instant::now() };
    let table = table(Edge::new(deps), Arc::new(ops));
    (readiness, HttpHarness::start(move |config| table.configure(config)))
}

#[actix_web::test]
async fn health_says_that_the_process_lives() {
    let (_, http) = start();
    let answer = http.get("/health").await;
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(answer.line(), format!("200 {{\"status\":\"ok\",\"version\":\"{version}\",\"uptimeSeconds\":0}}"));
}

#[actix_web::test]
async fn readiness_follows_the_stages() {
    let (readiness, http) = start();
    assert_eq!(http.get("/ready").await.line(), r#"503 {"status":"starting"}"#);
    readiness.ready();
    assert_eq!(http.get("/ready").await.line(), r#"200 {"status":"ready"}"#);
    readiness.stopping();
    readiness.ready();
    assert_eq!(http.get("/ready").await.line(), r#"503 {"status":"stopping"}"#);
}

#[actix_web::test]
async fn metrics_are_those_of_all_systems_under_one_heading_each() {
    let (_, http) = start();
    let answer = http.get("/metrics").await;
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    for line in [
        "fleet_things_total 7",
        "lab_things_total 7",
        "# TYPE hubbub_connections gauge",
        "hubbub_connections{system=\"fleet\",transport=\"websocket\"} 3",
        "hubbub_connections{system=\"lab\",transport=\"websocket\"} 3",
        "# TYPE hubbub_actor_restarts_total counter",
        "# TYPE process_resident_memory_bytes gauge",
    ] {
        assert_eq!(answer.text.lines().filter(|found| *found == line).count(), 1, "{line} in\n{}", answer.text);
    }
}

#[actix_web::test]
async fn anything_else_is_refused_in_a_plain_envelope() {
    let (_, http) = start();
    assert_eq!(http.get("/").await.line(), r#"404 {"error":"Not found"}"#);
    assert_eq!(http.send("POST", "/metrics", &[], "").await.line(), r#"404 {"error":"Not found"}"#);
}
