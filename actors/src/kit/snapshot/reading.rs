//! How an actor reads what others have stored, on a thread that may wait for the disk.

use std::time::Duration;

use actix::{Actor, ActorFutureExt, AsyncContext, Context, fut};
use serde::de::DeserializeOwned;

use super::{SnapshotStore, StoreError};
use crate::kit::deps::Deps;

/// How soon [`until_done`] tries again.
const READ_AGAIN: Duration = Duration::from_secs(5);

/// Has a thread read and the actor take what was read; who asks meanwhile waits in the mailbox.
pub fn first<A, T>(
    deps: &Deps,
    ctx: &mut Context<A>,
    read: impl FnOnce(&dyn SnapshotStore) -> Result<T, StoreError> + Send + 'static,
    take: impl FnOnce(&mut A, Result<T, StoreError>, &mut Context<A>) + 'static,
) where
    A: Actor<Context = Context<A>>,
    T: Send + 'static,
{
    let store = deps.snapshots().clone();
    let reading = actix_rt::task::spawn_blocking(move || read(&*store));
    // A thread without an answer panicked, or the hub is stopping.
    let taken =
        fut::wrap_future::<_, A>(reading).map(|read, actor, ctx| take(actor, read.unwrap_or(Err(StoreError::Closed)), ctx));
    ctx.wait(taken);
}

/// Reads like [`first`], again and again until it succeeds; the actor takes every outcome.
pub fn until_done<A, T>(
    deps: &Deps,
    ctx: &mut Context<A>,
    read: fn(&dyn SnapshotStore) -> Result<T, StoreError>,
    take: fn(&mut A, Result<T, StoreError>),
) where
    A: Actor<Context = Context<A>>,
    T: Send + 'static,
{
    let again = deps.clone();
    first(deps, ctx, read, move |actor, outcome, ctx| {
        if outcome.is_err() {
            ctx.run_later(READ_AGAIN, move |_, ctx| until_done(&again, ctx, read, take));
        }
        take(actor, outcome);
    });
}

/// Loads and decodes one snapshot. Blocks on the disk.
///
/// # Errors
/// Those of [`SnapshotStore::load`] and [`Stored::decode`](super::Stored::decode).
pub fn load<S: DeserializeOwned>(store: &dyn SnapshotStore, kind: &str, id: &str) -> Result<Option<S>, StoreError> {
    store.load(kind, id)?.map(|stored| stored.decode()).transpose()
}

/// Returns all snapshots of a kind with their ids. What cannot be read is logged and left out: the rest is worth more. Blocks on the disk.
pub fn each<S: DeserializeOwned>(store: &dyn SnapshotStore, kind: &'static str) -> impl Iterator<Item = (String, S)> {
    store.ids(kind).into_iter().filter_map(move |id| match load(store, kind, &id) {
        Ok(state) => state.map(|state| (id, state)),
        Err(error) => {
            tracing::error!(%error, "{kind} `{id}` cannot be read and is not listed: {error}");
            None
        }
    })
}
