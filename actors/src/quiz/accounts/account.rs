//! One account: every change of it is on disk before it is answered.
//!
//! It awaits nobody. Whether a name is free it does not know: the directory reserves one before the account takes it.

use std::pin::Pin;

use actix::{Actor, ActorFuture, ActorFutureExt, AtomicResponse, Context, Handler, Message, Supervised, fut};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::accounts::{Email, Username};
use hubbub_protocol::quiz::avatars::AvatarFile;
use hubbub_protocol::quiz::error::unauthorized;

use super::Accounts;
use super::directory::{Directory, Heard};
use super::ids::{AccountId, SessionId};
use super::refresh::Fingerprint;
use super::state::{Beginning, Refreshed, State};
use crate::kit::clock::Timestamp;
use crate::kit::deps::Deps;
use crate::kit::registry::{Entity, Missing};
use crate::kit::single::single;
use crate::kit::snapshot::{Persist, Snapshot, StoreError, Stored};

/// The version of an account's snapshot.
const VERSION: u16 = 1;

/// One account.
pub struct Account {
    pub(super) id: AccountId,
    pub(super) deps: Deps,
    /// `None` until it is created.
    state: Option<State>,
}

impl Actor for Account {
    type Context = Context<Self>;
}

impl Supervised for Account {}

impl Entity for Account {
    type Key = AccountId;
    const KIND: &'static str = "quiz.account";

    fn new(id: AccountId, deps: Deps) -> Self {
        Self { id, deps, state: None }
    }

    fn restore(&mut self, snapshot: Option<Stored>, _: &mut Context<Self>) -> Result<(), StoreError> {
        self.state = snapshot.map(|stored| stored.decode()).transpose()?;
        Ok(())
    }

    fn snapshot(&self) -> Option<Snapshot> {
        self.state.as_ref().map(|state| Snapshot::of(Self::KIND, &self.id, VERSION, state))
    }
}

/// A change of the account: done when it is on disk. Nothing else happens to the account meanwhile.
pub(super) type Step<T> = AtomicResponse<Account, Result<T, Fault>>;
type Steps<T> = Pin<Box<dyn ActorFuture<Account, Output = Result<T, Fault>>>>;

impl Account {
    pub(super) fn known(&self) -> Result<State, Fault> {
        // Whoever deleted the account has logged its owner out.
        self.state.clone().ok_or_else(unauthorized)
    }

    /// Changes a copy of the state, and makes it the state when it is on disk.
    pub(super) fn step<T: 'static>(&self, change: impl FnOnce(&mut State) -> T) -> Step<T> {
        self.step_and_revoke(&[], change)
    }

    /// The same; the access tokens of `sessions` are refused from now on, which is on disk as well before the answer.
    fn step_and_revoke<T: 'static>(&self, sessions: &[SessionId], change: impl FnOnce(&mut State) -> T) -> Step<T> {
        let mut next = match self.known() {
            Ok(state) => state,
            Err(refusal) => return refused(refusal),
        };
        let answer = change(&mut next);
        AtomicResponse::new(self.keep(next, sessions, answer))
    }

    fn keep<T: 'static>(&self, next: State, revoked: &[SessionId], answer: T) -> Steps<T> {
        let now = self.deps.now();
        let revocations = &Accounts::of(&self.deps).revocations;
        let revoking: Vec<_> = revoked.iter().map(|session| revocations.revoke(*session, now)).collect();
        let saved = self.deps.snapshots().commit(Snapshot::of(Self::KIND, &self.id, VERSION, &next));
        let saving = async move {
            for revoked in revoking {
                revoked.await?;
            }
            saved.await
        };
        Box::pin(fut::wrap_future::<_, Self>(saving).map(move |saved, account, _| {
            saved?;
            account.state = Some(next);
            Ok(answer)
        }))
    }
}

/// Answers without having changed anything.
pub(super) fn refused<T: 'static>(refusal: Fault) -> Step<T> {
    AtomicResponse::new(Box::pin(fut::ready(Err(refusal))))
}

/// Returns an account's address.
///
/// # Errors
/// There is none (401), or it backs off.
pub fn find(deps: &Deps, id: &AccountId) -> Result<actix::Addr<Account>, Fault> {
    deps.registry::<Account>().find(id).map_err(|missing| match missing {
        Missing::Unknown => unauthorized(),
        Missing::BackingOff(back_off) => back_off.into(),
    })
}

/// The directory brings a new account into being, together with its first session. The answer is when.
#[derive(Message)]
#[rtype(result = "Result<Timestamp, Fault>")]
pub struct Create {
    /// What it begins with.
    pub new: Beginning,
    /// The session that registering opens.
    pub session: SessionId,
    /// Of the session's first refresh token.
    pub newest: Fingerprint,
}

impl Handler<Create> for Account {
    type Result = Step<Timestamp>;

    fn handle(&mut self, create: Create, _: &mut Context<Self>) -> Self::Result {
        if self.state.is_some() {
            return refused(Fault::unavailable("this account id is taken, try again").retry_after(1));
        }
        let now = self.deps.now();
        let mut state = State::create(create.new, now);
        state.open_session(create.session, create.newest, now);
        AtomicResponse::new(self.keep(state, &[], now))
    }
}

/// Somebody shows a token that another server issued, for the first time.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Adopt(pub Email);

impl Handler<Adopt> for Account {
    type Result = ();

    /// The name is made of the account's own id: what was asked with the token comes right after this, and cannot wait for the
    /// directory to find a better one.
    fn handle(&mut self, Adopt(email): Adopt, _: &mut Context<Self>) {
        let digits: String = self.id.to_string().chars().filter(char::is_ascii_hexdigit).take(15).collect();
        let Ok(username) = Username::parse(&format!("user_{digits}")) else { return };
        if self.state.is_some() {
            return;
        }
        let heard = Heard { id: self.id, email: email.clone(), username: username.clone() };
        let display_name = username.as_str().to_owned();
        let new = Beginning { email, password_hash: String::new(), username, display_name };
        self.state = Some(State::create(new, self.deps.now()));
        self.write_behind(&self.deps);
        // A directory that is down reads all accounts when it is back.
        if let Ok(directory) = single::<Directory>(&self.deps) {
            directory.do_send(heard);
        }
    }
}

/// Somebody who wants to log in asks what the password is compared with: nothing where there is none.
#[derive(Message)]
#[rtype(result = "Option<String>")]
pub struct ReadPasswordHash;

impl Handler<ReadPasswordHash> for Account {
    type Result = Option<String>;

    fn handle(&mut self, _: ReadPasswordHash, _: &mut Context<Self>) -> Self::Result {
        self.state.as_ref().map(|state| state.password_hash().to_owned()).filter(|hash| !hash.is_empty())
    }
}

/// Somebody showed the right password. The answer is the account's email.
#[derive(Message)]
#[rtype(result = "Result<Email, Fault>")]
pub struct OpenSession {
    /// The new session.
    pub session: SessionId,
    /// Of its first refresh token.
    pub newest: Fingerprint,
}

impl Handler<OpenSession> for Account {
    type Result = Step<Email>;

    fn handle(&mut self, open: OpenSession, _: &mut Context<Self>) -> Self::Result {
        let mut next = match self.known() {
            Ok(state) => state,
            Err(refusal) => return refused(refusal),
        };
        let ended = next.open_session(open.session, open.newest, self.deps.now());
        let email = next.email().clone();
        AtomicResponse::new(self.keep(next, &ended, email))
    }
}

/// Somebody shows a refresh token. The answer is the account's email.
#[derive(Message)]
#[rtype(result = "Result<Email, Fault>")]
pub struct Refresh {
    /// The session that it names.
    pub session: SessionId,
    /// Of the token shown.
    pub shown: Fingerprint,
    /// Of the token that takes its place.
    pub next: Fingerprint,
}

impl Handler<Refresh> for Account {
    type Result = Step<Email>;

    fn handle(&mut self, refresh: Refresh, _: &mut Context<Self>) -> Self::Result {
        let Ok(mut next) = self.known() else { return refused(unauthorized()) };
        match next.refresh(refresh.session, &refresh.shown, refresh.next, self.deps.now()) {
            Refreshed::Rotated => {
                let email = next.email().clone();
                AtomicResponse::new(self.keep(next, &[], email))
            }
            Refreshed::Reused => {
                tracing::warn!(account.id = %self.id, "a spent refresh token was shown, its session of account `{}` is over", self.id);
                let revoked = self.keep(next, &[refresh.session], ());
                AtomicResponse::new(Box::pin(revoked.map(|saved, _, _| saved.and(Err(unauthorized())))))
            }
            Refreshed::Unknown => refused(unauthorized()),
        }
    }
}

/// The owner logs out of one session.
#[derive(Message)]
#[rtype(result = "Result<(), Fault>")]
pub struct CloseSession(pub SessionId);

impl Handler<CloseSession> for Account {
    type Result = Step<()>;

    /// Also a session that is gone already is revoked: an access token of it may still be about.
    fn handle(&mut self, CloseSession(session): CloseSession, _: &mut Context<Self>) -> Self::Result {
        self.step_and_revoke(&[session], |state| {
            state.close_session(session);
        })
    }
}

/// The owner is there.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Seen;

impl Handler<Seen> for Account {
    type Result = ();

    fn handle(&mut self, _: Seen, _: &mut Context<Self>) {
        let now = self.deps.now();
        if self.state.as_mut().is_some_and(|state| state.see(now)) {
            self.write_behind(&self.deps);
        }
    }
}

/// The directory has reserved another name. The answer is the old one.
#[derive(Message)]
#[rtype(result = "Result<Username, Fault>")]
pub struct TakeName(pub Username);

impl Handler<TakeName> for Account {
    type Result = Step<Username>;

    fn handle(&mut self, TakeName(name): TakeName, _: &mut Context<Self>) -> Self::Result {
        let now = self.deps.now();
        self.step(|state| {
            let old = state.username().clone();
            state.rename(name, now);
            old
        })
    }
}

/// The owner takes another picture, or none. The answer is the old one.
#[derive(Message)]
#[rtype(result = "Result<Option<AvatarFile>, Fault>")]
pub struct TakeAvatar(pub Option<AvatarFile>);

impl Handler<TakeAvatar> for Account {
    type Result = Step<Option<AvatarFile>>;

    fn handle(&mut self, TakeAvatar(avatar): TakeAvatar, _: &mut Context<Self>) -> Self::Result {
        let now = self.deps.now();
        let has_none = self.state.as_ref().is_some_and(|state| state.avatar().is_none());
        if avatar.is_none() && has_none {
            return AtomicResponse::new(Box::pin(fut::ready(Ok(None))));
        }
        self.step(|state| state.set_avatar(avatar, now))
    }
}
