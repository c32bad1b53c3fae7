use hubbub_protocol::quiz::profile::{GetProfile, SetUsername};
use serde_json::{Value, json};

use crate::kit::clock::Clock;
use crate::kit::tokens::Tokens;
use crate::quiz::accounts::harness::{FOREIGN_KEY, World, access_token, refusal};

const EVE: &str = "0123abcd-0000-4000-8000-000000000000";

/// Returns a token as Supabase issues it.
fn token(world: &World, changes: &Value, lifetime_secs: i64) -> String {
    let mut claims = json!({
        "sub": EVE, "email": "Eve@example.com", "role": "authenticated", "session_id": "00000000-0000-4000-8000-000000000001"
    });
    claims.as_object_mut().expect("an object").extend(changes.as_object().expect("an object").clone());
    Tokens::new("authenticated", FOREIGN_KEY).issue(&claims, lifetime_secs, world.clock.now())
}

#[actix::test]
async fn the_first_foreign_token_makes_an_account() {
    let world = World::new();
    let token = token(&world, &json!({}), 3600);
    let profile = world.ask::<GetProfile>(&token, json!({})).await.expect("a profile");

    assert_eq!(
        profile,
        json!({
            "id": EVE, "username": "user_0123abcd0000400", "displayName": "user_0123abcd0000400", "avatarUrl": null,
            "email": "eve@example.com", "createdAt": "2026-02-06T12:00:00.000Z", "updatedAt": "2026-02-06T12:00:00.000Z"
        })
    );
    assert!(world.ask::<SetUsername>(&token, json!({ "username": "Eve" })).await.is_ok());
    let world = world.restarted().await;
    assert_eq!(world.ask::<GetProfile>(&token, json!({})).await.expect("a profile")["username"], "Eve");
}

#[actix::test]
async fn it_has_no_password_and_its_email_is_taken() {
    let world = World::new();
    world.ask::<GetProfile>(&token(&world, &json!({}), 3600), json!({})).await.expect("a profile");

    assert_eq!(refusal(world.log_in("eve@example.com", "password").await).1, "invalid_credentials");
    let again = world.register(json!({ "email": "eve@example.com", "password": "password" })).await;
    assert_eq!(refusal(again).1, "duplicate_email");
}

#[actix::test]
async fn a_foreign_token_is_refused_after_a_logout() {
    let world = World::new();
    let token = token(&world, &json!({}), 3600);
    world.authenticate(&token).expect("a good token");
    world.log_out(&token).await.expect("logged out");

    assert!(world.authenticate(&token).is_err());
}

#[actix::test]
async fn other_foreign_tokens_are_refused() {
    let world = World::new();
    for changes in [
        json!({ "role": "anon" }),
        json!({ "role": "service_role" }),
        json!({ "sub": "nobody" }),
        json!({ "email": "" }),
        json!({ "session_id": null }),
    ] {
        assert!(world.authenticate(&token(&world, &changes, 3600)).is_err(), "{changes}");
    }
    assert!(world.authenticate(&token(&world, &json!({}), 3661)).is_err());
    assert!(world.authenticate(&token(&world, &json!({}), 3660)).is_ok());
    let elsewhere = Tokens::new("elsewhere", FOREIGN_KEY).issue(&json!({ "sub": EVE }), 3600, world.clock.now());
    assert!(world.authenticate(&elsewhere).is_err());
    assert!(world.authenticate(access_token(&world.ada().await)).is_ok());
}
