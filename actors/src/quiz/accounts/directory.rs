//! The directory: one actor through which every email and every username is given away.
//!
//! Uniqueness lives here because one mailbox puts all who want a name in order, and both names of an account are given away in one
//! turn. What it knows is only derived: the truth are the accounts' own snapshots, which it reads at its start, so that there is no
//! second record of a name that could be left behind by a crash between two commits. So many registrations a second that hashing
//! their passwords is no longer what costs, or accounts on several machines, would change our mind: then every name becomes an
//! entity of its own.
//!
//! It awaits accounts, which await nobody.

use actix::{Actor, ActorFutureExt, Context, Handler, Message, ResponseActFuture, Supervised, fut};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::accounts::{Email, Username};
use hubbub_protocol::quiz::error::{duplicate_email, username_taken};

use super::account::{self, Account, Create, TakeName};
use super::ids::{AccountId, SessionId};
use super::refresh::Fingerprint;
use super::state::Beginning;
use crate::kit::ask::restarting;
use crate::kit::clock::Timestamp;
use crate::kit::deps::Deps;
use crate::kit::registry::Entity;
use crate::kit::single::Only;
use crate::kit::snapshot::{StoreError, Stored, reading};

pub mod state;
mod stored;

use state::{NameWish, State, Taken};

/// The directory.
pub struct Directory {
    deps: Deps,
    state: State,
    /// The accounts could not all be read: what is free is not known.
    unread: Option<StoreError>,
}

impl Actor for Directory {
    type Context = Context<Self>;
}

impl Supervised for Directory {}

impl Entity for Directory {
    type Key = Only<Self>;
    const KIND: &'static str = "quiz.directory";

    fn new(_: Only<Self>, deps: Deps) -> Self {
        Self { deps, state: State::default(), unread: None }
    }

    fn restore(&mut self, _: Option<Stored>, ctx: &mut Context<Self>) -> Result<(), StoreError> {
        reading::until_done(&self.deps, ctx, stored::read, Self::take);
        Ok(())
    }

    fn is_idle(&self) -> bool {
        false
    }
}

/// Why the directory did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// Somebody has it already.
    Taken(Taken),
    /// It could not be saved, or not now.
    Fault(Fault),
}

impl From<Taken> for Refused {
    fn from(taken: Taken) -> Self {
        Self::Taken(taken)
    }
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Taken(Taken::Email) => duplicate_email(),
            Refused::Taken(Taken::Username) => username_taken(),
            Refused::Taken(Taken::Busy) => Self::unavailable("being renamed, try again").retry_after(1),
            Refused::Fault(fault) => fault,
        }
    }
}

impl Directory {
    /// Takes what was read of all accounts.
    fn take(&mut self, read: Result<State, StoreError>) {
        match read {
            Ok(state) => (self.state, self.unread) = (state, None),
            Err(error) => {
                tracing::error!(%error, "the accounts cannot be read, nobody can register: {error}");
                self.unread = Some(error);
            }
        }
    }

    /// Nothing is given away twice because something could not be read.
    fn is_read(&self) -> Result<(), Fault> {
        self.unread.clone().map_or(Ok(()), |error| Err(error.into()))
    }
}

/// Whose email is this?
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Option<AccountId>, Fault>")]
pub struct Whose(pub Email);

impl Handler<Whose> for Directory {
    type Result = Result<Option<AccountId>, Fault>;

    fn handle(&mut self, Whose(email): Whose, _: &mut Context<Self>) -> Self::Result {
        self.is_read()?;
        Ok(self.state.whose(&email))
    }
}

/// Could somebody register like this? It spares the hashing of a password in vain.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<(), Refused>")]
pub struct Check {
    /// The email.
    pub email: Email,
    /// The name.
    pub wish: NameWish,
}

impl Handler<Check> for Directory {
    type Result = Result<(), Refused>;

    fn handle(&mut self, check: Check, _: &mut Context<Self>) -> Self::Result {
        self.is_read()?;
        Ok(self.state.check(&check.email, &check.wish)?)
    }
}

/// An account came into being without registering.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Heard {
    /// The account.
    pub id: AccountId,
    /// Its email.
    pub email: Email,
    /// Its name.
    pub username: Username,
}

impl Handler<Heard> for Directory {
    type Result = ();

    fn handle(&mut self, heard: Heard, _: &mut Context<Self>) {
        if !self.state.hear_stored(heard.id, &heard.email, &heard.username) {
            tracing::warn!(account.id = %heard.id, "account `{}` has an email or a name that an older one has as well", heard.id);
        }
    }
}

/// Somebody registers. The answer is when.
#[derive(Message)]
#[rtype(result = "Result<Timestamp, Refused>")]
pub struct Enrol {
    /// The id of the account to be.
    pub id: AccountId,
    /// The email.
    pub email: Email,
    /// What the password is compared with.
    pub password_hash: String,
    /// The name.
    pub wish: NameWish,
    /// The name for people; none: the same name.
    pub display_name: Option<String>,
    /// The first session.
    pub session: SessionId,
    /// Of its first refresh token.
    pub newest: Fingerprint,
}

impl Handler<Enrol> for Directory {
    type Result = ResponseActFuture<Self, Result<Timestamp, Refused>>;

    /// Reserves both names, has the account made, and gives the names back if that fails.
    fn handle(&mut self, enrol: Enrol, _: &mut Context<Self>) -> Self::Result {
        let reserved = self.is_read().map_err(Refused::from).and_then(|()| {
            let username = self.state.reserve(enrol.id, &enrol.email, enrol.wish)?;
            let account = self.deps.registry::<Account>().summon(&enrol.id).map_err(Fault::from).inspect_err(|_| {
                self.state.release(enrol.id, &enrol.email, &username);
            })?;
            Ok((username, account))
        });
        let (username, account) = match reserved {
            Ok(reserved) => reserved,
            Err(refused) => return Box::pin(fut::ready(Err(refused))),
        };
        let (id, email) = (enrol.id, enrol.email);
        let new = Beginning {
            email: email.clone(),
            password_hash: enrol.password_hash,
            display_name: enrol.display_name.unwrap_or_else(|| username.as_str().to_owned()),
            username: username.clone(),
        };
        let creating = account.send(Create { new, session: enrol.session, newest: enrol.newest });
        Box::pin(fut::wrap_future::<_, Self>(creating).map(move |created, directory, _| {
            let created = created.unwrap_or_else(|_panicked| Err(restarting()));
            if created.is_err() && !directory.is_stored(id) {
                directory.state.release(id, &email, &username);
            }
            Ok(created?)
        }))
    }
}

impl Directory {
    /// An account that panicked after it was saved exists all the same.
    fn is_stored(&self, id: AccountId) -> bool {
        self.deps.snapshots().contains(Account::KIND, &id.to_string())
    }
}

/// A name's way from one account to none or another: done when the account has saved itself.
pub(super) type Renamed = ResponseActFuture<Directory, Result<(), Refused>>;

impl Directory {
    /// Reserves another name for an account, has the account take it, and gives back the one that is not needed.
    pub(super) fn rename(&mut self, id: AccountId, username: Username) -> Renamed {
        let found = self.is_read().and_then(|()| account::find(&self.deps, &id)).map_err(Refused::from);
        let begun = found.and_then(|account| Ok((account, self.state.begin_renaming(id, &username)?)));
        let (account, renaming) = match begun {
            Ok(begun) => begun,
            Err(refused) => return Box::pin(fut::ready(Err(refused))),
        };
        let taking = account.send(TakeName(username));
        Box::pin(fut::wrap_future::<_, Self>(taking).map(move |taken, directory, _| match taken {
            Ok(Ok(old)) => {
                directory.state.renamed(&renaming, &old);
                Ok(())
            }
            Ok(Err(fault)) => {
                directory.state.not_renamed(&renaming);
                Err(fault.into())
            }
            Err(_panicked) => {
                // It may have taken the name before: both stay reserved until the next start.
                directory.state.renaming_lost(&renaming);
                Err(restarting().into())
            }
        }))
    }
}
