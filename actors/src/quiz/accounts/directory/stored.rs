//! What the directory reads at its start: the names of every stored account.

use super::state::State;
use crate::kit::registry::Entity;
use crate::kit::snapshot::reading::load;
use crate::kit::snapshot::{SnapshotStore, StoreError};
use crate::quiz::accounts::account::Account;
use crate::quiz::accounts::ids::AccountId;
use crate::quiz::accounts::state::State as AccountState;

/// Reads the store, the oldest accounts first. An account that is damaged is logged and left out: it is lost to its owner anyway,
/// and nobody else shall be kept out because of it.
///
/// # Errors
/// The store does not answer.
pub(super) fn read(store: &dyn SnapshotStore) -> Result<State, StoreError> {
    let mut accounts = Vec::new();
    for text in store.ids(Account::KIND) {
        let Ok(id) = AccountId::parse(&text) else { continue };
        let account: AccountState = match load(store, Account::KIND, &text) {
            Ok(Some(account)) => account,
            Ok(None) => continue,
            Err(error @ (StoreError::Damaged { .. } | StoreError::Decode { .. })) => {
                tracing::error!(account.id = %id, %error, "account `{id}` cannot be read, its names are free: {error}");
                continue;
            }
            Err(error) => return Err(error),
        };
        accounts.push((account.created_at(), id, account.email().clone(), account.username().clone()));
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
