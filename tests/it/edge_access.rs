//! Who may call.

use crate::edge_shelf::{Setting, setting, setting_with};

#[actix_web::test]
async fn the_key_is_checked_before_the_body() {
    let Setting { http, .. } = setting();
    let refused = r#"403 {"code":"","error":"Invalid API key"}"#;
    assert_eq!(http.send("DELETE", "/notes/n1", &[], "{").await.line(), refused);
    assert_eq!(http.send("DELETE", "/notes/n1", &[("x-api-key", "wrong")], "{").await.line(), refused);
    let admitted = http.send("DELETE", "/notes/n1", &[("x-api-key", "the-key")], "{").await;
    assert_eq!(admitted.line(), r#"400 {"code":"","error":"Invalid JSON"}"#);
}

#[actix_web::test]
async fn a_token_names_the_caller_where_none_is_needed() {
    let Setting { http, .. } = setting();
    let answer = http.send("GET", "/notes/n1", &[("authorization", "Bearer tablet:T1")], "").await;
    let expected = r#"200 {"ok":true,"id":"n1","text":"as read","copies":null,"by":"T1","role":"tablet","admin":false}"#;
    assert_eq!(answer.line(), expected);
}

#[actix_web::test]
async fn strictness_closes_what_is_open() {
    let Setting { http, .. } = setting_with(|mut edge| {
        edge.gate.require_auth = true;
        edge
    });
    assert_eq!(http.get("/secret").await.line(), r#"401 {"code":"","error":"Authentication required"}"#);
    let forged = http.send("GET", "/secret", &[("authorization", "Bearer forged")], "").await;
    assert_eq!(forged.line(), r#"401 {"code":"","error":"Invalid or expired token"}"#);
    assert_eq!(http.send("GET", "/secret", &[("authorization", "Bearer a:b")], "").await.line(), "200 raw none");
    assert_eq!(http.send("GET", "/secret", &[("x-api-key", "the-key")], "").await.line(), "200 raw none");
}
