//! `/profile`: what somebody shows of themselves. The account answers, and the directory where a name is to be had.

use actix::{ActorFutureExt, Context, Handler, ResponseActFuture, fut};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::quiz::error::unauthorized;
use hubbub_protocol::quiz::profile::{DisplayNameSet, GetProfile, Profile, SetDisplayName, SetUsername, UsernameSet};

use super::account::{Account, Step, refused};
use super::directory::Directory;
use super::{Accounts, account_id};
use crate::kit::ask::{Ask, KeyOf, Route, Routed};
use crate::kit::deps::Deps;
use crate::kit::single::Only;

impl Routed for GetProfile {
    type Actor = Account;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<KeyOf<Account>>, Fault> {
        Ok(Route::Find(account_id(&ask.caller)?, unauthorized()))
    }
}

impl Handler<Ask<GetProfile>> for Account {
    type Result = Result<Profile, Fault>;

    fn handle(&mut self, _: Ask<GetProfile>, _: &mut Context<Self>) -> Self::Result {
        let accounts = Accounts::of(&self.deps);
        self.known().map(|state| state.profile(self.id, |file| accounts.avatar_url(self.id, file)))
    }
}

impl Routed for SetDisplayName {
    type Actor = Account;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<KeyOf<Account>>, Fault> {
        Ok(Route::Find(account_id(&ask.caller)?, unauthorized()))
    }
}

impl Handler<Ask<SetDisplayName>> for Account {
    type Result = Step<DisplayNameSet>;

    fn handle(&mut self, ask: Ask<SetDisplayName>, _: &mut Context<Self>) -> Self::Result {
        let now = self.deps.now();
        match ask.body.read() {
            Ok(name) => self.step(|state| {
                state.set_display_name(name.clone(), now);
                DisplayNameSet::new(name)
            }),
            Err(refusal) => refused(refusal),
        }
    }
}

impl Routed for SetUsername {
    type Actor = Directory;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<KeyOf<Directory>>, Fault> {
        account_id(&ask.caller)?;
        Ok(Route::Summon(Only::KEY))
    }
}

impl Handler<Ask<SetUsername>> for Directory {
    type Result = ResponseActFuture<Self, Result<UsernameSet, Fault>>;

    fn handle(&mut self, ask: Ask<SetUsername>, _: &mut Context<Self>) -> Self::Result {
        let read = account_id(&ask.caller).and_then(|id| Ok((id, ask.body.read()?)));
        match read {
            Ok((id, name)) => {
                let renamed = self.rename(id, name.clone());
                Box::pin(renamed.map(|renamed, _, _| Ok(renamed.map(|()| UsernameSet::new(name))?)))
            }
            Err(refusal) => Box::pin(fut::ready(Err(refusal))),
        }
    }
}
