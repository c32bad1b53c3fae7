use futures_util::future::join_all;
use hubbub_protocol::quiz::profile::{GetProfile, SetDisplayName, SetUsername};
use serde_json::{Value, json};

use crate::kit::snapshot::{SnapshotStore, StoreError};
use crate::quiz::accounts::account::{Account, ReadPasswordHash};
use crate::quiz::accounts::harness::{World, access_token, refusal};
use crate::quiz::accounts::state::State;

async fn profile(world: &World, token: &str) -> Value {
    world.ask::<GetProfile>(token, json!({})).await.expect("a profile")
}

async fn bob(world: &World) -> Value {
    let fields = json!({ "email": "bob@example.com", "password": "password", "username": "Bob", "displayName": " Bob B. " });
    world.register(fields).await.expect("registered")
}

#[actix::test]
async fn a_profile_says_what_its_owner_said() {
    let world = World::new();
    let (ada, bob) = (world.ada().await, bob(&world).await);
    world.clock.advance(1500);
    world.ask::<SetDisplayName>(access_token(&bob), json!({ "displayName": " Robert " })).await.expect("taken");

    assert_eq!(
        profile(&world, access_token(&ada)).await,
        json!({
            "id": ada["user"]["id"], "username": "Ada", "displayName": "Ada", "avatarUrl": null, "email": "ada@example.com",
            "createdAt": "2026-02-06T12:00:00.000Z", "updatedAt": "2026-02-06T12:00:00.000Z"
        })
    );
    assert_eq!(
        profile(&world, access_token(&bob)).await,
        json!({
            "id": bob["user"]["id"], "username": "Bob", "displayName": "Robert", "avatarUrl": null, "email": "bob@example.com",
            "createdAt": "2026-02-06T12:00:00.000Z", "updatedAt": "2026-02-06T12:00:01.500Z"
        })
    );
}

#[actix::test]
async fn a_bad_name_changes_nothing() {
    let world = World::new();
    let ada = world.ada().await;
    for fields in [json!({}), json!({ "username": "a b" }), json!({ "username": 5 }), json!({ "username": "" })] {
        assert_eq!(refusal(world.ask::<SetUsername>(access_token(&ada), fields).await).0, 400);
    }
    for fields in [json!({}), json!({ "displayName": "  " }), json!({ "displayName": "x".repeat(51) })] {
        assert_eq!(refusal(world.ask::<SetDisplayName>(access_token(&ada), fields).await).0, 400);
    }

    let profile = profile(&world, access_token(&ada)).await;
    assert_eq!((&profile["username"], &profile["displayName"]), (&json!("Ada"), &json!("Ada")));
}

#[actix::test]
async fn who_is_renamed_frees_the_old_name_for_others() {
    let world = World::new();
    let (ada, bob) = (world.ada().await, bob(&world).await);
    let rename = async |who: &Value, name: &str| world.ask::<SetUsername>(access_token(who), json!({ "username": name })).await;
    let (status, code, _) = refusal(rename(&bob, "ada").await);
    assert_eq!((status, code.as_str()), (409, "username_taken"));
    assert_eq!(rename(&ada, "Countess").await, Ok(json!({ "username": "Countess", "message": "Username updated successfully" })));
    assert!(rename(&ada, "COUNTESS").await.is_ok());
    assert!(rename(&bob, "ada").await.is_ok());

    let world = world.restarted().await;
    assert_eq!(profile(&world, access_token(&ada)).await["username"], "COUNTESS");
    assert_eq!(profile(&world, access_token(&bob)).await["username"], "ada");
}

#[actix::test]
async fn of_fifty_who_want_one_name_one_gets_it() {
    let world = World::on_threads(2);
    let registering =
        (0..50).map(|number| world.register(json!({ "email": format!("u{number}@example.com"), "password": "password" })));
    let users: Vec<Value> = join_all(registering).await.into_iter().collect::<Result<_, _>>().expect("registered");
    let renaming = users.iter().map(|user| world.ask::<SetUsername>(access_token(user), json!({ "username": "the_one" })));
    let renamed = join_all(renaming).await;

    assert_eq!(renamed.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert!(renamed.into_iter().filter(Result::is_err).all(|answer| refusal(answer).0 == 409));
}

#[actix::test]
async fn a_name_that_could_not_be_saved_is_not_taken() {
    let world = World::new();
    let (ada, bob) = (world.ada().await, bob(&world).await);
    world.store.fail_with(Some(StoreError::Write { path: "store".into(), reason: "full".into() }));
    assert_eq!(refusal(world.ask::<SetUsername>(access_token(&ada), json!({ "username": "new_name" })).await).0, 500);
    world.store.fail_with(None);

    assert_eq!(profile(&world, access_token(&ada)).await["username"], "Ada");
    assert!(world.ask::<SetUsername>(access_token(&bob), json!({ "username": "new_name" })).await.is_ok());
}

#[actix::test]
async fn it_is_noted_when_somebody_was_last_there() {
    let world = World::new();
    let ada = world.ada().await;
    world.clock.advance(600_000);
    let claims = world.authenticate(access_token(&ada)).expect("a good token");
    // Its mailbox is in order: the notice was handled before.
    let account = world.deps.registry::<Account>().find(&claims.sub).expect("an account");
    account.send(ReadPasswordHash).await.expect("an answer");

    let stored = world.store.load("quiz.account", &claims.sub.to_string()).expect("a good store").expect("an account");
    assert_eq!(stored.decode::<State>().expect("an account").last_active(), crate::kit::clock::Timestamp(1_770_379_800_000));
}
