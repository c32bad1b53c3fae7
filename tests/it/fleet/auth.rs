//! `/auth/*`: who gets a token, what it says, which tokens are good, and what the closed modes ask for.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hubbub_actors::kit::clock::Timestamp;
use hubbub_actors::kit::tokens::Tokens;
use serde_json::{Value, json};

use super::support::{JSON, UNLIMITED, body, check, check_refused, get, post, send, start, token};
use crate::harness::http::Answer;
use crate::harness::hub::Hub;

const SECRET: &str = "a secret for the tokens of tests";
const KEY: (&str, &str) = ("x-api-key", "the-admin-key");
const WITH_KEY: (&str, &str) = ("FLEET__ADMIN_API_KEY", "the-admin-key");

#[tokio::test]
async fn a_device_of_each_type_gets_a_token_that_is_good() {
    let hub = start(&[WITH_KEY]).await;
    let longest = "x".repeat(64);
    for (id, kind) in [("QUEST_001", "headset"), ("tablet-1", "tablet"), (longest.as_str(), "dashboard")] {
        let request = json!({"deviceId": id, "deviceType": kind, "more": [1]});
        for answer in [post(&hub, "/auth/device-token", &request).await, generate(&hub, &[KEY], &request).await] {
            let mut shown = body(&answer);
            let token = shown["token"].as_str().expect("a token").to_owned();
            shown["token"] = json!("<token>");
            let expected = json!({"ok": true, "token": "<token>", "deviceId": id, "deviceType": kind, "expiresIn": "24h"});
            assert_eq!(shown.to_string(), expected.to_string());
            let expected = json!({"ok": true, "valid": true, "deviceId": id, "deviceType": kind});
            assert_eq!(verify(&hub, &token).await.line(), format!("200 {expected}"));
        }
    }
    hub.stop().await;
}

#[tokio::test]
async fn a_token_says_for_whom_it_is_and_ends_after_24_hours() {
    let hub = start(&[]).await;
    let before = now_secs();
    let token = token(&hub, "QUEST_001", "headset").await;
    let parts: Vec<&str> = token.split('.').collect();
    assert_eq!(parts.len(), 3, "{token}");
    assert_eq!(decode(parts[0]), json!({"alg": "HS256", "typ": "JWT"}));
    let mut claims = decode(parts[1]);
    let (issued, expires) = (claims["iat"].as_i64().expect("seconds"), claims["exp"].as_i64().expect("seconds"));
    assert!((before..=now_secs()).contains(&issued), "{claims}");
    assert_eq!(expires - issued, 86_400);
    (claims["iat"], claims["exp"]) = (json!("<issued>"), json!("<expires>"));
    let expected = json!({
        "deviceId": "QUEST_001", "deviceType": "headset",
        "iat": "<issued>", "exp": "<expires>", "iss": "hubbub/fleet", "aud": "fleet",
    });
    assert_eq!(claims, expected);
    hub.stop().await;
}

#[tokio::test]
async fn requests_for_tokens_are_refused_in_the_documents_words() {
    let hub = start(&[WITH_KEY]).await;
    let pattern = "deviceId must be 8-64 alphanumeric characters";
    let kinds = "deviceType must be headset, tablet, or dashboard";
    let rows = [
        (json!({}), "deviceId is required"),
        (json!({"deviceId": null, "deviceType": "headset"}), "deviceId is required"),
        (json!({"deviceId": 12_345_678, "deviceType": "headset"}), "deviceId is required"),
        (json!({"deviceId": "QUEST_1", "deviceType": "headset"}), pattern),
        (json!({"deviceId": "x".repeat(65), "deviceType": "headset"}), pattern),
        (json!({"deviceId": "QUEST 001", "deviceType": "headset"}), pattern),
        (json!({"deviceId": "QUEST_001\u{e9}", "deviceType": "headset"}), pattern),
        (json!({"deviceId": "../QUEST_001", "deviceType": "headset"}), pattern),
        (json!({"deviceId": "QUEST_001"}), kinds),
        (json!({"deviceId": "QUEST_001", "deviceType": 1}), kinds),
        (json!({"deviceId": "QUEST_001", "deviceType": "Headset"}), kinds),
        (json!({"deviceId": "QUEST_001", "deviceType": "admin"}), kinds),
    ];
    for (request, error) in rows {
        check_refused(&post(&hub, "/auth/device-token", &request).await, 400, error);
        check_refused(&generate(&hub, &[KEY], &request).await, 400, error);
    }
    for request in [json!({}), json!({"token": null}), json!({"token": 5}), json!({"token": ["x"]})] {
        check_refused(&post(&hub, "/auth/verify-token", &request).await, 400, "token is required");
    }
    hub.stop().await;
}

#[tokio::test]
async fn forged_foreign_and_expired_tokens_are_not_valid() {
    let hub = start(&[("FLEET__JWT_SECRET", SECRET)]).await;
    let (now, claims) = (now_secs(), json!({"deviceId": "QUEST_001", "deviceType": "headset"}));
    let issue = |system: &str, secret: &str, issued: i64| {
        Tokens::new(system, secret.as_bytes()).issue(&claims, 86_400, Timestamp(issued * 1000))
    };
    let good = issue("fleet", SECRET, now);
    let (signed, signature) = good.rsplit_once('.').expect("a signature");
    let (header, payload) = signed.split_once('.').expect("two parts");
    let unsigned = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let tablet = URL_SAFE_NO_PAD.encode(decode(payload).to_string().replace("headset", "tablet"));
    assert_eq!(body(&verify(&hub, &good).await)["valid"], true, "what follows fails for its own reason");
    for bad in [
        String::new(),
        "garbage".to_owned(),
        "a.b.c".to_owned(),
        issue("fleet", "another secret for the tokens", now),
        issue("quiz", SECRET, now),
        issue("fleet", SECRET, now - 86_400 - 60),
        format!("{unsigned}.{payload}."),
        format!("{unsigned}.{payload}.{signature}"),
        format!("{header}.{tablet}.{signature}"),
        format!("{signed}."),
        signed.to_owned(),
    ] {
        assert_eq!(verify(&hub, &bad).await.line(), r#"200 {"ok":true,"valid":false}"#, "{bad}");
    }
    hub.stop().await;
}

#[tokio::test]
async fn generating_a_token_needs_the_admin_key() {
    let hub = start(&[WITH_KEY]).await;
    let request = json!({"deviceId": "QUEST_001", "deviceType": "headset"});
    let bearer = format!("Bearer {}", token(&hub, "TABLET_001", "tablet").await);
    for headers in
        [vec![], vec![("x-api-key", "")], vec![("x-api-key", "the-admin-kex")], vec![("authorization", bearer.as_str())]]
    {
        check_refused(&generate(&hub, &headers, &request).await, 403, "Invalid API key");
        check_refused(&send(&hub, "POST", "/auth/generate-token", &headers, "{").await, 403, "Invalid API key");
    }
    hub.stop().await;
}

#[tokio::test]
async fn without_an_admin_key_there_is_no_admin_route() {
    let hub = start(&[("FLEET__ADMIN_API_KEY", "")]).await;
    let request = json!({"deviceId": "QUEST_001", "deviceType": "headset"});
    for headers in [vec![], vec![("x-api-key", "")], vec![KEY]] {
        let answer = generate(&hub, &headers, &request).await;
        check_refused(&answer, 503, "Admin API not configured");
        assert_eq!(answer.header("retry-after"), "", "waiting does not help");
    }
    hub.stop().await;
}

#[tokio::test]
async fn both_switches_close_what_the_document_leaves_open() {
    for switch in [("FLEET__REQUIRE_AUTH", "true"), ("FLEET__ACCESS", "strict")] {
        let hub = start(&[switch, WITH_KEY, ("FLEET__JWT_SECRET", SECRET)]).await;
        let expired = Tokens::new("fleet", SECRET.as_bytes()).issue(
            &json!({"deviceId": "QUEST_001", "deviceType": "headset"}),
            86_400,
            Timestamp((now_secs() - 90_000) * 1000),
        );
        let routes = [
            ("GET", "/api/devices", 200),
            ("GET", "/api/devices/QUEST_001", 404),
            ("GET", "/api/devices/QUEST_001/history", 200),
            ("POST", "/api/devices/QUEST_001/name", 200),
            ("GET", "/api/fleet/summary", 200),
            ("GET", "/api/sessions", 200),
            ("GET", "/api/sessions/session_1707235200000_abc123", 404),
        ];
        for (method, path, status) in routes {
            for headers in [vec![], vec![("x-api-key", "wrong")], vec![("authorization", "Basic eDp5")]] {
                check_refused(&send(&hub, method, path, &headers, "").await, 401, "Authentication required");
            }
            for bad in ["garbage", expired.as_str()] {
                let bearer = format!("Bearer {bad}");
                let answer = send(&hub, method, path, &[("authorization", bearer.as_str())], "").await;
                check_refused(&answer, 401, "Invalid or expired token");
            }
            assert_eq!(send(&hub, method, path, &[KEY], "").await.status.as_u16(), status, "{path} with the key");
            for kind in ["headset", "tablet", "dashboard"] {
                let bearer = format!("Bearer {}", token(&hub, "DEVICE_01", kind).await);
                let answer = send(&hub, method, path, &[("authorization", bearer.as_str())], "").await;
                assert_eq!(answer.status.as_u16(), status, "{path} for a {kind}");
            }
        }
        for path in ["/test", "/health", "/metrics"] {
            assert_eq!(get(&hub, path).await.status.as_u16(), 200, "{path} stays open");
        }
        hub.stop().await;
    }
}

#[tokio::test]
async fn a_single_switch_beats_the_mode() {
    let hub = start(&[("FLEET__ACCESS", "strict"), ("FLEET__REQUIRE_AUTH", "false")]).await;
    check(&hub, "/api/devices", json!({"ok": true, "count": 0, "devices": []})).await;
    hub.stop().await;
}

#[tokio::test]
async fn open_routes_ignore_credentials_that_are_no_good() {
    let hub = start(&[]).await;
    let answer = send(&hub, "GET", "/api/sessions", &[("authorization", "Bearer garbage"), ("x-api-key", "x")], "").await;
    assert_eq!(answer.line(), r#"200 {"ok":true,"count":0,"sessions":[]}"#);
    hub.stop().await;
}

#[tokio::test]
async fn an_enrolment_secret_guards_the_first_token() {
    let secrets = [("FLEET__ENROLMENT_SECRET", "for-all"), ("FLEET__ENROLMENT_SECRETS__TABLET", "for-tablets")];
    let hub = start(&[secrets[0], secrets[1], WITH_KEY]).await;
    let header = "x-enrolment-key";
    for (kind, headers, admitted) in [
        ("headset", vec![], false),
        ("headset", vec![(header, "wrong")], false),
        ("headset", vec![(header, "for-tablets")], false),
        ("headset", vec![(header, "for-all")], true),
        ("dashboard", vec![(header, "for-all")], true),
        ("tablet", vec![(header, "for-all")], false),
        ("tablet", vec![(header, "for-tablets")], true),
    ] {
        let request = json!({"deviceId": "DEVICE_01", "deviceType": kind});
        let answer = send(&hub, "POST", "/auth/device-token", &headers, request.to_string()).await;
        if admitted {
            assert_eq!(body(&answer)["deviceType"], kind);
        } else {
            check_refused(&answer, 401, "Enrolment required");
        }
    }
    let in_body = json!({"deviceId": "DEVICE_01", "deviceType": "headset", "enrolmentKey": "for-all"});
    assert_eq!(body(&post(&hub, "/auth/device-token", &in_body).await)["ok"], true);
    let malformed = json!({"deviceId": "short", "deviceType": "headset"});
    check_refused(&post(&hub, "/auth/device-token", &malformed).await, 400, "deviceId must be 8-64 alphanumeric characters");
    let request = json!({"deviceId": "DEVICE_01", "deviceType": "tablet"});
    assert_eq!(body(&generate(&hub, &[KEY], &request).await)["ok"], true, "the admin needs no enrolment");
    hub.stop().await;
}

#[tokio::test]
async fn the_enrolment_header_is_ignored_where_none_is_asked_for() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let request = json!({"deviceId": "QUEST_001", "deviceType": "headset"}).to_string();
    let answer = send(&hub, "POST", "/auth/device-token", &[("x-enrolment-key", "any")], request).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, JSON));
    hub.stop().await;
}

async fn verify(hub: &Hub, token: &str) -> Answer {
    post(hub, "/auth/verify-token", &json!({ "token": token })).await
}

async fn generate(hub: &Hub, headers: &[(&str, &str)], request: &Value) -> Answer {
    send(hub, "POST", "/auth/generate-token", headers, request.to_string()).await
}

fn decode(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url without padding")).expect("JSON")
}

fn now_secs() -> i64 {
    time::OffsetDateTime::now_utc().unix_timestamp()
}
