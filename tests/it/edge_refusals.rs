//! What the edge refuses by itself: always in the system's own envelope.

use std::time::Duration;

use serde_json::json;

use crate::edge_shelf::{Setting, setting, setting_with};

#[actix_web::test]
async fn unknown_paths_and_wrong_methods_are_refused_in_the_envelope() {
    let Setting { http, .. } = setting();
    assert_eq!(http.get("/nowhere").await.line(), r#"404 {"code":"no_route","error":"No such route"}"#);
    assert_eq!(http.send("PUT", "/notes/n1", &[], "").await.line(), r#"404 {"code":"","error":"Not found"}"#);
    assert_eq!(http.send("BREW", "/notes/n1", &[], "").await.line(), r#"404 {"code":"","error":"Not found"}"#);
}

#[actix_web::test]
async fn what_is_no_json_object_is_refused() {
    let Setting { http, .. } = setting();
    for body in ["{", "[]", "null", "\"text\"", "{\"text\": \"\u{0}\"}", "{'a':1}", "a=b", "[[[[", &"[".repeat(900)] {
        let answer = http.send("POST", "/notes/n1", &[], body.to_owned()).await;
        assert_eq!(answer.line(), r#"400 {"code":"","error":"Invalid JSON"}"#, "{body}");
    }
    let invalid_utf8 = http.send("POST", "/notes/n1", &[], b"{\"text\":\"\xff\"}".to_vec()).await;
    assert_eq!(invalid_utf8.line(), r#"400 {"code":"","error":"Invalid JSON"}"#);
}

#[actix_web::test]
async fn fields_that_do_not_fit_are_named() {
    let Setting { http, .. } = setting();
    let missing = http.send("POST", "/notes/n1", &[], "").await;
    assert_eq!(missing.line(), r#"400 {"code":"","error":"Invalid input: `text` is required"}"#);
    let wrong = http.post("/notes/n1", &json!({"text": "t", "copies": "two"})).await;
    assert_eq!(wrong.line(), r#"400 {"code":"","error":"Invalid input: `copies`"}"#);
    let own_words = http.get("/notes/n1?copies=-1").await;
    assert_eq!(own_words.line(), r#"400 {"code":"","error":"How many copies?"}"#);
}

#[actix_web::test]
async fn a_body_that_is_too_large_is_refused_however_it_comes() {
    let Setting { http, .. } = setting();
    let refused = r#"413 {"code":"","error":"Payload too large"}"#;
    let just_right = format!("{{\"text\":\"{}\"}}", "x".repeat(1000 - 11));
    assert_eq!(http.send("POST", "/notes/n1", &[], just_right).await.status.as_u16(), 201);
    let one_more = format!("{{\"text\":\"{}\"}}", "x".repeat(1000 - 10));
    assert_eq!(http.send("POST", "/notes/n1", &[], one_more).await.line(), refused);
    assert_eq!(http.send("POST", "/notes/n1", &[], vec![b' '; 8 * 1024 * 1024]).await.line(), refused);
}

#[actix_web::test]
async fn a_body_that_stalls_is_refused() {
    let Setting { http, .. } = setting_with(|mut edge| {
        edge.body.deadline = Duration::from_millis(20);
        edge
    });
    let answer = http.send_and_stall(b"POST /notes/n1 HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{\"te").await;
    assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
    assert!(answer.ends_with(r#"{"code":"","error":"Request body timed out"}"#), "{answer}");
}

#[actix_web::test]
async fn a_panic_is_a_500_and_nothing_else() {
    let Setting { http, .. } = setting();
    assert_eq!(http.get("/panic").await.line(), r#"500 {"code":"","error":"Internal server error"}"#);
    let in_the_actor = http.post("/notes/n1", &json!({"text": "boom"})).await;
    assert_eq!(in_the_actor.line(), r#"503 {"code":"","error":"restarting, try again","retryAfter":1}"#);
    assert_eq!(in_the_actor.header("retry-after"), "1");
    assert_eq!(http.post("/notes/n1", &json!({"text": "after"})).await.status.as_u16(), 201);
}
