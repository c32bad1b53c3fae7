//! Bytes that are no HTTP: one clear answer, that one connection closed, nobody else touched.

use actix_web::web;

use crate::harness::http::HttpHarness;

fn hello() -> HttpHarness {
    HttpHarness::start(|config| {
        config.route("/hello", web::get().to(async || "hello"));
    })
}

/// Sends each text and expects its answer to start with `status` and to end the connection.
async fn check(status: &str, requests: &[&str]) {
    let http = hello();
    for request in requests {
        let answer = http.send_raw(request.as_bytes()).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{request:?} was answered {answer:?}");
        assert!(answer.contains("connection: close\r\n") && answer.ends_with("\r\n\r\n"), "{request:?} was answered {answer:?}");
    }
    assert_eq!(http.get("/hello").await.line(), "200 hello");
}

#[actix_web::test]
async fn what_is_no_http_is_a_400() {
    let requests = [
        "garbage\r\n\r\n",
        "\0\0\0\0",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: many\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ];
    check("400 Bad Request", &requests).await;
}

#[actix_web::test]
async fn a_head_without_end_is_a_431() {
    let long_path = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(200_000));
    let many_headers = format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(300));
    check("431 Request Header Fields Too Large", &[&long_path, &many_headers]).await;
}
