//! `/profile`: what a user shows of itself.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::support::next_millisecond;
use crate::harness::http::Answer;
use crate::harness::hub::Hub;
use crate::harness::quiz::{UNLIMITED, User, check, check_body, check_refused};

const NONE: Value = Value::Null;

async fn rename(user: &User, name: &str) -> Answer {
    user.call("PUT", "/profile/username", &json!({ "username": name })).await
}

#[tokio::test]
async fn the_profile_has_the_documents_keys_and_follows_every_change() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let ada = User::register(hub.url("quiz"), "ada").await;
    let profile = |username: &str, display_name: &str| {
        json!({
            "id": ada.id, "username": username, "displayName": display_name, "avatarUrl": null, "email": "ada@example.com",
            "createdAt": "<time>", "updatedAt": "<time>"
        })
    };
    check(&ada.call("GET", "/profile", &NONE).await, 200, &profile("ada", "ada"));
    let expected = json!({ "username": "newUniqueUsername", "message": "Username updated successfully" });
    check(&rename(&ada, "newUniqueUsername").await, 200, &expected);
    check_body(ada.get("/profile").await, &profile("newUniqueUsername", "ada"));

    let sent = json!({ "displayName": "  Ada \u{1f469}\u{200d}\u{1f4bb} Lovelace " });
    let shown = "Ada \u{1f469}\u{200d}\u{1f4bb} Lovelace";
    let expected = json!({ "displayName": shown, "message": "Display name updated successfully" });
    check(&ada.call("PUT", "/profile/display-name", &sent).await, 200, &expected);
    check_body(ada.get("/profile").await, &profile("newUniqueUsername", shown));
    hub.stop().await;
}

#[tokio::test]
async fn a_change_moves_the_time_of_the_last_change_alone() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let ada = User::register(hub.url("quiz"), "ada").await;
    let before = ada.get("/profile").await;
    next_millisecond();
    rename(&ada, "lovelace").await;
    let after = ada.get("/profile").await;
    assert_eq!(after["createdAt"], before["createdAt"]);
    assert!(after["updatedAt"].as_str() > before["updatedAt"].as_str(), "{before} {after}");
    // What is read, and what fails, changes nothing.
    rename(&ada, "no").await;
    assert_eq!(ada.get("/profile").await, after);
    hub.stop().await;
}

#[tokio::test]
async fn a_name_that_somebody_has_is_a_conflict_whatever_its_case() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let (ada, bob) = (User::register(hub.url("quiz"), "ada").await, User::register(hub.url("quiz"), "bob").await);
    for name in ["ada", "ADA", "aDa"] {
        check_refused(&rename(&bob, name).await, 409, "username_taken", "Username already exists");
    }
    assert_eq!(bob.get("/profile").await["username"], "bob");
    // One's own name is no conflict, in any case.
    for name in ["ada", "Ada"] {
        check(&rename(&ada, name).await, 200, &json!({ "username": name, "message": "Username updated successfully" }));
    }
    // A name that is given up is free.
    assert_eq!(rename(&ada, "lovelace").await.status.as_u16(), 200);
    assert_eq!(rename(&bob, "ada").await.status.as_u16(), 200);
    check_refused(&rename(&ada, "ada").await, 409, "username_taken", "Username already exists");
    hub.stop().await;
}

#[tokio::test]
async fn of_many_who_want_one_name_at_once_one_gets_it() {
    let hub = Hub::start(&[UNLIMITED]).await;
    let base = hub.url("quiz");
    let users = join_all((0..6).map(async |number| User::register(base, &format!("user_{number}")).await)).await;
    let answers = join_all(users.iter().map(|user| rename(user, "wanted"))).await;
    let won: Vec<usize> = (0..6).filter(|at| answers[*at].status.as_u16() == 200).collect();
    assert_eq!(won.len(), 1);
    for (at, user) in users.iter().enumerate() {
        let name = if won.contains(&at) { "wanted".to_owned() } else { format!("user_{at}") };
        assert_eq!(user.get("/profile").await["username"], json!(name));
    }
    let lost = answers.iter().filter(|answer| answer.status.as_u16() != 200);
    lost.for_each(|answer| check_refused(answer, 409, "username_taken", "Username already exists"));
    hub.stop().await;
}
