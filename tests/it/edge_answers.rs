//! The edge's successes, compared whole.

use serde_json::json;

use crate::edge_shelf::{Setting, setting};

#[actix_web::test]
async fn an_ask_is_answered_by_its_actor() {
    let Setting { http, .. } = setting();
    let answer = http.post("/notes/n1", &json!({"text": "hello", "copies": 2})).await;
    let expected = r#"201 {"ok":true,"id":"n1","text":"hello","copies":2,"by":null,"role":null,"admin":false}"#;
    assert_eq!(answer.line(), expected);
    assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("x-request-id").len(), 36);
}

#[actix_web::test]
async fn path_beats_query_beats_header_beats_body() {
    let Setting { http, .. } = setting();
    let body = r#"{"id": "body", "text": "body", "copies": 1}"#;
    let all = http.send("POST", "/notes/path?id=query&text=query&copies=2", &[("x-text", "header")], body).await;
    let expected = r#"201 {"ok":true,"id":"path","text":"query","copies":2,"by":null,"role":null,"admin":false}"#;
    assert_eq!(all.line(), expected);
    let header = http.send("POST", "/notes/12345678", &[("x-text", "header")], body).await;
    let expected = r#"201 {"ok":true,"id":"12345678","text":"header","copies":1,"by":null,"role":null,"admin":false}"#;
    assert_eq!(header.line(), expected);
}

#[actix_web::test]
async fn paths_are_percent_decoded_once() {
    let Setting { http, .. } = setting();
    let answer = http.get("/notes/a%20b%2Fc%2541?copies=%31").await;
    let expected = r#"200 {"ok":true,"id":"a b/c%41","text":"as read","copies":1,"by":null,"role":null,"admin":false}"#;
    assert_eq!(answer.line(), expected);
}

#[actix_web::test]
async fn literals_win_and_a_trailing_slash_is_optional() {
    let Setting { http, .. } = setting();
    assert_eq!(http.get("/notes/count").await.line(), r#"200 {"ok":true,"count":0}"#);
    assert_eq!(http.get("/notes/count/").await.line(), r#"200 {"ok":true,"count":0}"#);
    assert_eq!(http.get("/raw/7/").await.line(), "200 raw 7");
    assert_eq!(http.get("/raw//").await.line(), r#"404 {"code":"no_route","error":"No such route"}"#);
}

#[actix_web::test]
async fn head_is_answered_for_get_routes() {
    let Setting { http, .. } = setting();
    let answer = http.send("HEAD", "/notes/count", &[], "").await;
    assert_eq!((answer.line().as_str(), answer.header("content-length")), ("200 ", "21"));
}

#[actix_web::test]
async fn a_success_without_content_has_none() {
    let Setting { http, .. } = setting();
    let answer = http.send("DELETE", "/notes/n1", &[("x-api-key", "the-key")], "").await;
    assert_eq!((answer.line().as_str(), answer.header("content-type")), ("204 ", ""));
}
