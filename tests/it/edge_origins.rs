//! Which browser pages may call.

use hubbub::edge::OriginPolicy;

use crate::edge_shelf::{Setting, setting, setting_with};
use crate::harness::http::Answer;

fn cors(answer: &Answer) -> [&str; 3] {
    ["access-control-allow-origin", "access-control-allow-credentials", "vary"].map(|name| answer.header(name))
}

#[actix_web::test]
async fn an_allowed_page_may_read_the_answer() {
    let Setting { http, .. } = setting();
    for origin in ["https://dash.example", "http://localhost:5173", "http://127.0.0.1:1"] {
        let answer = http.send("GET", "/notes/n1", &[("origin", origin)], "").await;
        assert_eq!((answer.status.as_u16(), cors(&answer)), (200, [origin, "true", "Origin"]));
    }
}

#[actix_web::test]
async fn a_foreign_page_reads_nothing_and_changes_nothing() {
    let Setting { http, .. } = setting();
    let foreign = [("origin", "https://evil.example")];
    let read = http.send("GET", "/notes/n1", &foreign, "").await;
    assert_eq!((read.status.as_u16(), cors(&read)), (200, ["", "", "Origin"]));
    let write = http.send("POST", "/notes/n1", &foreign, "{\"text\":\"x\"}").await;
    assert_eq!(write.line(), r#"403 {"code":"","error":"Origin not allowed"}"#);
    assert_eq!(cors(&write), ["", "", "Origin"]);
}

#[actix_web::test]
async fn a_preflight_names_the_methods_of_the_path() {
    let Setting { http, .. } = setting();
    let asked = [("access-control-request-method", "POST"), ("access-control-request-headers", "content-type,x-api-key")];
    let preflight = http.send("OPTIONS", "/notes/n1", &[asked[0], asked[1], ("origin", "http://localhost")], "").await;
    assert_eq!(preflight.line(), "204 ");
    assert_eq!(preflight.header("access-control-allow-methods"), "DELETE, GET, HEAD, OPTIONS, POST");
    assert_eq!(preflight.header("access-control-allow-headers"), "content-type,x-api-key");
    assert_eq!(preflight.header("access-control-allow-origin"), "http://localhost");
    let foreign = http.send("OPTIONS", "/notes/n1", &[asked[0], asked[1], ("origin", "null")], "").await;
    assert_eq!((foreign.status.as_u16(), foreign.header("access-control-allow-methods")), (204, ""));
    assert_eq!(foreign.header("allow"), "DELETE, GET, HEAD, OPTIONS, POST");
}

#[actix_web::test]
async fn a_star_opens_without_credentials() {
    let Setting { http, .. } = setting_with(|mut edge| {
        edge.origins = OriginPolicy::new(&["*".to_owned()], [127, 0, 0, 1].into());
        edge
    });
    let answer = http.send("POST", "/notes/n1", &[("origin", "https://any.example")], "{\"text\":\"x\"}").await;
    assert_eq!((answer.status.as_u16(), cors(&answer)), (201, ["*", "", ""]));
}
