use std::pin::pin;

use futures_util::future::{Either, join, join_all, select};
use serde_json::json;

use crate::kit::registry::Entity;
use crate::kit::snapshot::{Snapshot, SnapshotStore, StoreError, Stored};
use crate::quiz::accounts::account::Account;
use crate::quiz::accounts::harness::{World, access_token, refresh_token, refusal};

fn unauthorized() -> (u16, String, String) {
    (401, String::new(), "Authentication required".into())
}

#[actix::test]
async fn who_registers_has_an_account_and_is_logged_in() {
    let world = World::new();
    let answer = world.ada().await;
    let claims = world.authenticate(access_token(&answer)).expect("a good token");

    assert_eq!(
        answer,
        json!({
            "user": {
                "id": claims.sub, "email": "ada@example.com", "email_confirmed_at": "2026-02-06T12:00:00.000Z"
            },
            "session": {
                "access_token": access_token(&answer), "refresh_token": refresh_token(&answer), "expires_in": 3600
            }
        })
    );
    assert_eq!((claims.email.as_str(), claims.role.as_str()), ("ada@example.com", "authenticated"));
}

#[actix::test]
async fn an_email_and_a_name_are_given_away_once() {
    let world = World::new();
    world.ada().await;
    let register =
        |email: &str, username: &str| world.register(json!({ "email": email, "password": "password", "username": username }));

    let (status, code, _) = refusal(register("ADA@example.com", "other").await);
    assert_eq!((status, code.as_str()), (422, "duplicate_email"));
    let (status, code, _) = refusal(register("other@example.com", "aDA").await);
    assert_eq!((status, code.as_str()), (422, "username_taken"));
    assert_eq!(register("other@example.com", "other").await.map(|_| ()), Ok(()));
    let nameless = world.register(json!({ "email": "ada@example.org", "password": "password" })).await;
    assert_eq!(nameless.map(|_| ()), Ok(()));
}

#[actix::test]
async fn of_fifty_registrations_of_one_email_one_succeeds() {
    let world = World::on_threads(2);
    let registering = (0..50).map(|number| {
        world.register(json!({ "email": "Ada@example.com", "password": "password", "username": format!("ada_{number}") }))
    });
    let answers = join_all(registering).await;

    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    for answer in answers.into_iter().filter(Result::is_err) {
        let (status, code, _) = refusal(answer);
        assert_eq!((status, code.as_str()), (422, "duplicate_email"));
    }
    assert_eq!(world.store.count(Account::KIND), 1);
    assert!(world.log_in("ada@example.com", "password").await.is_ok());
}

#[actix::test]
async fn of_fifty_registrations_of_one_name_one_succeeds() {
    let world = World::on_threads(2);
    let registering = (0..50).map(|number| {
        world.register(json!({ "email": format!("{number}@example.com"), "password": "password", "username": "Ada" }))
    });
    let answers = join_all(registering).await;

    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert_eq!(world.store.count(Account::KIND), 1);
}

#[actix::test]
async fn a_registration_that_could_not_be_saved_takes_no_name() {
    let world = World::new();
    world.store.fail_with(Some(StoreError::Write { path: "store".into(), reason: "full".into() }));
    let fields = json!({ "email": "ada@example.com", "password": "password", "username": "Ada" });
    assert_eq!(refusal(world.register(fields.clone()).await).0, 500);
    world.store.fail_with(None);

    assert_eq!(world.register(fields).await.map(|_| ()), Ok(()));
}

#[actix::test]
async fn a_wrong_password_and_an_unknown_email_are_refused_alike() {
    let world = World::new();
    world.ada().await;
    let expected = (401, "invalid_credentials".to_owned(), "Invalid credentials".to_owned());

    assert_eq!(refusal(world.log_in("ada@example.com", "correct hors").await), expected);
    assert_eq!(refusal(world.log_in("bob@example.com", "correct horse").await), expected);
    let answer = world.log_in("ADA@example.com", "correct horse").await.expect("logged in");
    let claims = world.authenticate(access_token(&answer)).expect("a good token");
    assert_eq!(answer["user"], json!({ "id": claims.sub, "email": "ada@example.com" }));
}

#[actix::test]
async fn an_access_token_is_good_for_an_hour() {
    let world = World::new();
    let answer = world.ada().await;
    world.clock.advance(3_600_000);
    assert!(world.authenticate(access_token(&answer)).is_ok());
    world.clock.advance(30_000);

    assert_eq!(refusal(world.authenticate(access_token(&answer))), unauthorized());
    assert_eq!(refusal(world.authenticate("garbage")), unauthorized());
}

#[actix::test]
async fn a_refresh_token_is_exchanged_for_the_next() {
    let world = World::new();
    let first = world.ada().await;
    world.clock.advance(3_700_000);
    let second = world.refresh(refresh_token(&first)).await.expect("refreshed");
    let third = world.refresh(refresh_token(&second)).await.expect("refreshed");

    assert_ne!(refresh_token(&second), refresh_token(&third));
    assert!(world.authenticate(access_token(&third)).is_ok());
    assert_eq!(refusal(world.refresh("garbage").await), unauthorized());
    let foreign = World::new();
    assert_eq!(refusal(foreign.refresh(refresh_token(&third)).await), unauthorized());
}

#[actix::test]
async fn a_refresh_token_that_is_shown_twice_ends_its_login_and_no_other() {
    let world = World::new();
    let first = world.ada().await;
    let other = world.log_in("ada@example.com", "correct horse").await.expect("logged in");
    let second = world.refresh(refresh_token(&first)).await.expect("refreshed");
    assert_eq!(refusal(world.refresh(refresh_token(&first)).await), unauthorized());

    assert_eq!(refusal(world.refresh(refresh_token(&second)).await), unauthorized());
    for answer in [&first, &second] {
        assert_eq!(refusal(world.authenticate(access_token(answer))), unauthorized());
    }
    assert!(world.authenticate(access_token(&other)).is_ok());
    assert!(world.refresh(refresh_token(&other)).await.is_ok());
    let world = world.restarted().await;
    assert_eq!(refusal(world.authenticate(access_token(&second))), unauthorized());
    assert_eq!(refusal(world.refresh(refresh_token(&second)).await), unauthorized());
}

#[actix::test]
async fn of_two_who_show_one_refresh_token_at_once_none_keeps_the_login() {
    let world = World::on_threads(2);
    let first = world.ada().await;
    let (one, other) = join(world.refresh(refresh_token(&first)), world.refresh(refresh_token(&first))).await;

    let (second, refused) = if one.is_ok() { (one, other) } else { (other, one) };
    assert_eq!(refusal(refused), unauthorized());
    let second = second.expect("one of them was first");
    assert_eq!(refusal(world.refresh(refresh_token(&second)).await), unauthorized());
}

#[actix::test]
async fn a_logout_ends_this_login_at_once_and_for_good() {
    let world = World::new();
    let here = world.ada().await;
    let there = world.log_in("ada@example.com", "correct horse").await.expect("logged in");
    let answer = world.log_out(access_token(&here)).await.expect("logged out");
    assert_eq!(answer, json!({ "message": "Successfully logged out" }));

    assert_eq!(refusal(world.authenticate(access_token(&here))), unauthorized());
    assert_eq!(refusal(world.refresh(refresh_token(&here)).await), unauthorized());
    assert_eq!(refusal(world.log_out(access_token(&here)).await), unauthorized());
    assert!(world.authenticate(access_token(&there)).is_ok());
    let world = world.restarted().await;
    assert_eq!(refusal(world.authenticate(access_token(&here))), unauthorized());
    assert!(world.authenticate(access_token(&there)).is_ok());
}

#[actix::test]
async fn a_logout_is_answered_when_it_is_on_disk() {
    let world = World::new();
    let answer = world.ada().await;
    world.store.hold();
    let logging_out = pin!(world.log_out(access_token(&answer)));
    let is_refused = async {
        while world.authenticate(access_token(&answer)).is_ok() {
            tokio::task::yield_now().await;
        }
    };
    // Refused at once, answered only when the disk has it.
    let Either::Right((_, logging_out)) = select(logging_out, pin!(is_refused)).await else { panic!("answered too early") };
    world.store.release();

    assert!(logging_out.await.is_ok());
}

#[actix::test]
async fn accounts_and_logins_survive_a_restart() {
    let world = World::new();
    let answer = world.ada().await;
    let world = world.restarted().await;

    assert!(world.authenticate(access_token(&answer)).is_ok());
    assert!(world.refresh(refresh_token(&answer)).await.is_ok());
    assert!(world.log_in("ada@example.com", "correct horse").await.is_ok());
    let again = world.register(json!({ "email": "ada@example.com", "password": "password" })).await;
    assert_eq!(refusal(again).1, "duplicate_email");
    let (_, code, _) =
        refusal(world.register(json!({ "email": "b@example.com", "password": "password", "username": "ada" })).await);
    assert_eq!(code, "username_taken");
}

#[actix::test]
async fn a_damaged_account_keeps_nobody_else_out() {
    let world = World::new();
    world.ada().await;
    let damaged = Stored { version: 1, value: "garbage".into() };
    let id = "00000000-0000-4000-8000-000000000000";
    world.store.commit(Snapshot::new(Account::KIND, id, damaged)).await.expect("committed");
    let world = world.restarted().await;

    assert!(world.log_in("ada@example.com", "correct horse").await.is_ok());
    let fields = json!({ "email": "bob@example.com", "password": "password" });
    assert_eq!(world.register(fields).await.map(|_| ()), Ok(()));
}

#[actix::test]
async fn no_secret_is_stored_as_it_is() {
    let world = World::new();
    let answer = world.ada().await;
    let id = answer["user"]["id"].as_str().expect("an id");
    let stored = world.store.load(Account::KIND, id).expect("a good store").expect("an account").value;
    let holds = |text: &str| stored.windows(text.len()).any(|window| window == text.as_bytes());

    assert!(holds("ada@example.com") && holds("$argon2id$"));
    assert!(!holds("correct horse") && !holds(refresh_token(&answer)));
}
