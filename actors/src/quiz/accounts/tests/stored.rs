use hubbub_protocol::quiz::profile::GetProfile;
use serde_json::json;

use crate::kit::snapshot::{MemoryStore, Snapshot, SnapshotStore};
use crate::kit::store_tool::read_stored;
use crate::quiz::accounts::Accounts;
use crate::quiz::accounts::harness::{World, access_token, refusal};
use crate::quiz::accounts::ids::SessionId;

const FIXTURE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/snapshots/v1/quiz_accounts.jsonl"));
/// Of the account in the fixture, good once.
const REFRESH_TOKEN: &str = "qD1-Nd4YR0mWZ2F0jlxDy-6JrzCWN0SuiGXvczcYY-JGh-llaMTiEJxEKlw8l9cUzY9U0Q798X6sBvM-YxCEHw";

#[actix::test]
async fn an_account_of_the_first_version_is_still_read() {
    let store = MemoryStore::new();
    for line in FIXTURE.lines() {
        let (kind, id, stored) = read_stored(line).expect("a line");
        store.commit(Snapshot::new(kind, id, stored)).await.expect("committed");
    }
    let world = World::over(store);

    let refreshed = world.refresh(REFRESH_TOKEN).await.expect("refreshed");
    assert_eq!(
        world.ask::<GetProfile>(access_token(&refreshed), json!({})).await.expect("a profile"),
        json!({
            "id": "a83d7e35-de18-4749-9667-61748e5c43cb", "username": "Ada", "displayName": "Ada",
            "avatarUrl": "https://quiz.example.com/storage/avatars/a83d7e35-de18-4749-9667-61748e5c43cb/630bfdb7-a6a6-44a5-b1aa-2b57dad0bad0.png",
            "email": "ada@example.com", "createdAt": "2026-02-06T12:00:00.000Z", "updatedAt": "2026-02-06T12:00:00.000Z"
        })
    );
    assert!(world.log_in("ada@example.com", "correct horse").await.is_ok());
    let again = world.register(json!({ "email": "ada@example.com", "password": "password" })).await;
    assert_eq!(refusal(again).1, "duplicate_email");
    let revoked = SessionId::parse("614f5601-77dc-4567-be8b-cf144dd4fc9a").expect("an id");
    assert!(Accounts::of(&world.deps).revocations.is_revoked(revoked));
}
