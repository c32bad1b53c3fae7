//! Accounts: who registers, who logs in and out, and how long a login lasts.
//!
//! An [`Account`](account::Account) keeps one person's profile and sessions; the one [`Directory`] gives names away.
//! The flows in here are no actors: they ask one after the other. Who may await whom: the directory awaits accounts, an account
//! awaits nobody.

use std::sync::Arc;

use actix::dev::ToEnvelope;
use actix::{Actor, Addr, Context, Handler, Message};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::accounts::{
    Email, LogIn, LogOut, LoggedIn, LoggedOut, RefreshSession, Register, Registered, RegisteredUser, Session, SessionRefreshed,
    User,
};
use hubbub_protocol::quiz::avatars::{AvatarFile, GetAvatar};
use hubbub_protocol::quiz::error::{invalid_credentials, unauthorized, username_taken_at_register};

use crate::kit::ask::{Ask, restarting};
use crate::kit::blobs::BlobStore;
use crate::kit::caller::Caller;
use crate::kit::deps::Deps;
use crate::kit::single::single;
use crate::kit::tokens::{ForeignTokens, Tokens};

pub mod account;
pub mod directory;
pub mod state;

pub mod avatars;
pub mod profile;

pub mod access;
pub mod ids;
pub mod passwords;
pub mod refresh;
pub mod revocations;
pub mod workshop;

#[cfg(test)]
mod harness;
#[cfg(test)]
mod tests;

use account::{CloseSession, OpenSession, ReadPasswordHash, Refresh};
use directory::state::{NameWish, Taken};
use directory::{Check, Directory, Enrol, Refused, Whose};
use ids::{AccountId, SessionId, fresh};
use passwords::Passwords;
use refresh::RefreshToken;
use revocations::Revocations;
use workshop::Workshop;

/// What accounts share beside the kit: put into the [`Deps`] at start-up.
pub struct Accounts {
    /// The quiz's access tokens.
    pub tokens: Tokens,
    /// Tokens of Supabase, whose accounts are ours as well from their first use: `quiz.supabase_jwt_secret`.
    pub foreign: Option<ForeignTokens>,
    /// The sessions whose access tokens are refused.
    pub revocations: Revocations,
    /// How passwords are kept.
    pub passwords: Passwords,
    /// Where pictures are looked at.
    pub pictures: Workshop,
    /// Where pictures are kept.
    pub blobs: Arc<dyn BlobStore>,
    /// What the address of everything public begins with: `https://quiz.example.com`, without a slash at the end.
    pub public_url: String,
}

impl Accounts {
    /// Returns what was put into `deps`.
    #[must_use]
    pub fn of(deps: &Deps) -> Arc<Self> {
        deps.extension()
    }

    /// Returns the address at which everyone can see an avatar.
    #[must_use]
    pub fn avatar_url(&self, id: AccountId, file: &AvatarFile) -> String {
        format!("{}{}/{}", self.public_url, GetAvatar::ROOT, file.path(id))
    }
}

/// Answers `POST /auth/register`.
///
/// # Errors
/// A field is missing or wrong (400), the email or the name is taken (422), or it could not be saved.
pub async fn register(deps: Deps, ask: Ask<Register>) -> Result<Registered, Fault> {
    let new = ask.body.read()?;
    let wish = new.username.map_or_else(|| NameWish::like(&new.email), |name| Ok(NameWish::This(name)))?;
    let directory = single::<Directory>(&deps)?;
    // What is known to be in vain is not worth a hash.
    let check = Check { email: new.email.clone(), wish: wish.clone() };
    tell(&directory, check).await.map_err(taken_at_register)?;
    let password_hash = Accounts::of(&deps).passwords.hash(new.password, deps.random()).await?;

    let (id, session): (AccountId, SessionId) = (fresh(deps.random()), fresh(deps.random()));
    let token = RefreshToken::random(deps.random(), id, session);
    let (email, display_name, newest) = (new.email.clone(), new.display_name, token.fingerprint());
    let enrol = Enrol { id, email, password_hash, wish, display_name, session, newest };
    let created_at = tell(&directory, enrol).await.map_err(taken_at_register)?;
    let user = RegisteredUser { id, email: new.email.clone(), email_confirmed_at: Some(created_at.iso()) };
    Ok(Registered { user, session: tokens(&deps, new.email, &token) })
}

/// Answers `POST /auth/login`.
///
/// # Errors
/// A field is missing or wrong (400), there is no such account or the password is wrong (401, after the same work), or the
/// login could not be saved.
pub async fn log_in(deps: Deps, ask: Ask<LogIn>) -> Result<LoggedIn, Fault> {
    let (email, password) = ask.body.read()?;
    let account = match tell(&single::<Directory>(&deps)?, Whose(email)).await? {
        Some(id) => Some((id, account::find(&deps, &id)?)),
        None => None,
    };
    let kept = match &account {
        Some((_, account)) => account.send(ReadPasswordHash).await.map_err(|_panicked| restarting())?,
        None => None,
    };
    let is_right = Accounts::of(&deps).passwords.matches(password.to_owned(), kept.as_deref()).await?;
    let Some((id, account)) = account.filter(|_| is_right) else { return Err(invalid_credentials()) };

    let session: SessionId = fresh(deps.random());
    let token = RefreshToken::random(deps.random(), id, session);
    let email = tell(&account, OpenSession { session, newest: token.fingerprint() }).await?;
    Ok(LoggedIn { user: User { id, email: email.clone() }, session: tokens(&deps, email, &token) })
}

/// Answers `POST /auth/refresh`.
///
/// # Errors
/// The field is missing or wrong (400), the token is not good any more (401), or the change could not be saved.
pub async fn refresh_session(deps: Deps, ask: Ask<RefreshSession>) -> Result<SessionRefreshed, Fault> {
    let shown = RefreshToken::parse(ask.body.read()?).ok_or_else(unauthorized)?;
    let next = RefreshToken::random(deps.random(), shown.account(), shown.session());
    let account = account::find(&deps, &shown.account())?;
    let refresh = Refresh { session: shown.session(), shown: shown.fingerprint(), next: next.fingerprint() };
    let email = tell(&account, refresh).await?;
    Ok(SessionRefreshed { session: tokens(&deps, email, &next) })
}

/// Answers `POST /auth/logout`. From now on neither the access tokens nor the refresh token of this login are good.
///
/// # Errors
/// The token is not good (401), or the logout could not be saved.
pub async fn log_out(deps: Deps, ask: Ask<LogOut>) -> Result<LoggedOut, Fault> {
    let claims = access::verify(&deps, ask.body.token().ok_or_else(unauthorized)?)?;
    let account = account::find(&deps, &claims.sub)?;
    tell(&account, CloseSession(claims.session_id)).await?;
    Ok(LoggedOut::default())
}

/// Returns the tokens of a session as the client gets them.
fn tokens(deps: &Deps, email: Email, token: &RefreshToken) -> Session {
    Session::new(access::issue(deps, token.account(), email, token.session()), token.text())
}

fn taken_at_register(refused: Refused) -> Fault {
    match refused {
        Refused::Taken(Taken::Username) => username_taken_at_register(),
        refused => refused.into(),
    }
}

/// Returns the account of the caller's token.
fn account_id(caller: &Caller) -> Result<AccountId, Fault> {
    let subject = caller.subject.as_deref().ok_or_else(unauthorized)?;
    AccountId::parse(subject).map_err(|_foreign| unauthorized())
}

/// Sends a message and waits for the answer, or for the fault of an actor that panicked.
async fn tell<A, M, T, E>(actor: &Addr<A>, message: M) -> Result<T, E>
where
    A: Actor<Context = Context<A>> + Handler<M>,
    M: Message<Result = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: From<Fault> + Send + 'static,
    A::Context: ToEnvelope<A, M>,
{
    actor.send(message).await.unwrap_or_else(|_panicked| Err(restarting().into()))
}
