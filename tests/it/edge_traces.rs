//! What a request leaves behind.

use crate::edge_shelf::{Setting, setting};

#[actix_web::test]
async fn requests_are_counted_by_template_and_never_by_what_the_client_wrote() {
    let Setting { http, tally, .. } = setting();
    http.get("/notes/n1").await;
    http.get("/notes/n2/").await;
    http.get("/nowhere/at/all").await;
    http.send("BREW", "/notes/n1", &[], "").await;
    let expected = ["GET /notes/{id} 200", "GET /notes/{id} 200", "GET unmatched 404", "OTHER /notes/{id} 404"];
    assert_eq!(tally.lines(), expected);
}

#[actix_web::test]
async fn a_request_keeps_the_id_that_a_proxy_gave_it() {
    let Setting { http, .. } = setting();
    let kept = http.send("GET", "/nowhere", &[("x-request-id", "trace-1.2:3")], "").await;
    assert_eq!(kept.header("x-request-id"), "trace-1.2:3");
    let replaced = http.send("GET", "/nowhere", &[("x-request-id", &"x".repeat(65))], "").await;
    assert_eq!(replaced.header("x-request-id").len(), 36);
}
