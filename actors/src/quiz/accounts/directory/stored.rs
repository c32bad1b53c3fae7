//! What the directory reads at its start: the names of every stored account.

use super::state::State;
use crate::kit::registry::Entity;
use crate::kit::snapshot::{SnapshotStore, StoreError};
use crate::quiz::accounts::account::Account;
use crate::quiz::accounts::ids::AccountId;
use crate::quiz::accounts::state::State as AccountState;

/// Reads the store, the oldest accounts first.
///
/// # Errors
/// An account cannot be read. Its names could otherwise be given away once more.
pub(super) fn read(store: &dyn SnapshotStore) -> Result<State, StoreError> {
    let mut accounts = Vec::new();
    for text in store.ids(Account::KIND) {
        let Ok(id) = AccountId::parse(&text) else { continue };
        if let Some(stored) = store.load(Account::KIND, &text)? {
            let account: AccountState = stored.decode()?;
            accounts.push((account.created_at(), id, account.email().clone(), account.username().clone()));
        }
    }
    accounts.sort_unstable_by_key(|(created_at, id, ..)| (*created_at, *id));
    let mut state = State::default();
    for (_, id, email, username) in accounts {
        if !state.hear_stored(id, &email, &username) {
            tracing::error!(account.id = %id, "account `{id}` has a name that an older one has as well; the older one keeps it");
        }
    }
    Ok(state)
}
