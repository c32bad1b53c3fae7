//! The rules of one account: its profile, and the sessions that its owner logged in to.

use hubbub_protocol::quiz::accounts::{Email, Username};
use hubbub_protocol::quiz::avatars::AvatarFile;
use hubbub_protocol::quiz::profile::Profile;
use serde::{Deserialize, Serialize};

use super::ids::{AccountId, SessionId};
use super::refresh::Fingerprint;
use crate::kit::clock::Timestamp;

/// A session that was not refreshed for this long is over.
pub const SESSION_LIFETIME_MS: i64 = 30 * 86_400_000;
/// How many sessions an account has at most; the one that was refreshed longest ago gives way.
pub const SESSIONS: usize = 20;
/// How exactly the last activity is known. Every request writing it anew would be a write per request.
const ACTIVITY_MS: i64 = 60_000;

/// Everything about one account.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    email: Email,
    password_hash: String,
    username: Username,
    display_name: String,
    #[serde(default)]
    avatar: Option<AvatarFile>,
    created_at: Timestamp,
    updated_at: Timestamp,
    last_active: Timestamp,
    #[serde(default)]
    sessions: Vec<Session>,
}

/// One login. All tokens that came of it are its family: they live and end with it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Session {
    id: SessionId,
    /// Of the only refresh token that is good now.
    newest: Fingerprint,
    refreshed_at: Timestamp,
}

/// What an account begins with.
#[derive(Clone)]
pub struct Beginning {
    /// The address.
    pub email: Email,
    /// As the password hasher wrote it.
    pub password_hash: String,
    /// The unique name.
    pub username: Username,
    /// For people.
    pub display_name: String,
}

/// What came of showing a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refreshed {
    /// It was the newest; it is spent now.
    Rotated,
    /// It was spent before: somebody has a copy. The session is gone, for the thief as for the owner.
    Reused,
    /// There is no such session any more.
    Unknown,
}

impl State {
    /// Returns a new account.
    #[must_use]
    pub fn create(new: Beginning, now: Timestamp) -> Self {
        Self {
            email: new.email,
            password_hash: new.password_hash,
            username: new.username,
            display_name: new.display_name,
            avatar: None,
            created_at: now,
            updated_at: now,
            last_active: now,
            sessions: Vec::new(),
        }
    }

    /// Returns the profile as its owner sees it; `url` says where a picture is served.
    #[must_use]
    pub fn profile(&self, id: AccountId, url: impl FnOnce(&AvatarFile) -> String) -> Profile {
        Profile {
            id,
            username: self.username.clone(),
            display_name: self.display_name.clone(),
            avatar_url: self.avatar.as_ref().map(url),
            email: self.email.clone(),
            created_at: self.created_at.iso(),
            updated_at: self.updated_at.iso(),
        }
    }

    /// Returns the address.
    #[must_use]
    pub const fn email(&self) -> &Email {
        &self.email
    }

    /// Returns the unique name.
    #[must_use]
    pub const fn username(&self) -> &Username {
        &self.username
    }

    /// Returns the picture.
    #[must_use]
    pub const fn avatar(&self) -> Option<AvatarFile> {
        self.avatar
    }

    /// Returns when its owner was last seen, to the minute.
    #[must_use]
    pub const fn last_active(&self) -> Timestamp {
        self.last_active
    }

    /// Returns when it was registered.
    #[must_use]
    pub const fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// Returns what a password is compared with.
    #[must_use]
    pub fn password_hash(&self) -> &str {
        &self.password_hash
    }

    /// Begins a session. Returns the sessions that gave way to it.
    pub fn open_session(&mut self, id: SessionId, newest: Fingerprint, now: Timestamp) -> Vec<SessionId> {
        let mut ended = self.expire_sessions(now);
        while self.sessions.len() >= SESSIONS {
            let oldest = self.sessions.iter().min_by_key(|session| session.refreshed_at).map(|session| session.id);
            let Some(oldest) = oldest else { break };
            self.close_session(oldest);
            ended.push(oldest);
        }
        self.sessions.push(Session { id, newest, refreshed_at: now });
        self.see(now);
        ended
    }

    fn expire_sessions(&mut self, now: Timestamp) -> Vec<SessionId> {
        let is_over = |session: &Session| now.since(session.refreshed_at) >= SESSION_LIFETIME_MS;
        let ended = self.sessions.iter().filter(|session| is_over(session)).map(|session| session.id).collect();
        self.sessions.retain(|session| !is_over(session));
        ended
    }

    /// Exchanges a session's refresh token for the `next` one.
    ///
    /// Whatever names a session and is not its newest token counts as spent. A session's id is 128 random bits that only its
    /// tokens carry, so nobody else can end it this way.
    pub fn refresh(&mut self, id: SessionId, shown: &Fingerprint, next: Fingerprint, now: Timestamp) -> Refreshed {
        self.expire_sessions(now);
        let Some(session) = self.sessions.iter_mut().find(|session| session.id == id) else { return Refreshed::Unknown };
        if session.newest != *shown {
            self.close_session(id);
            return Refreshed::Reused;
        }
        (session.newest, session.refreshed_at) = (next, now);
        self.see(now);
        Refreshed::Rotated
    }

    /// Ends a session. Returns whether there was one.
    pub fn close_session(&mut self, id: SessionId) -> bool {
        let before = self.sessions.len();
        self.sessions.retain(|session| session.id != id);
        self.sessions.len() < before
    }

    /// Takes notice that the owner is there. Returns whether that is worth writing down.
    pub fn see(&mut self, now: Timestamp) -> bool {
        let is_news = now.since(self.last_active) >= ACTIVITY_MS;
        if is_news {
            self.last_active = now;
        }
        is_news
    }

    /// Takes another name, which the directory has reserved.
    pub fn rename(&mut self, username: Username, now: Timestamp) {
        self.username = username;
        self.updated_at = now;
    }

    /// Takes another name for people.
    pub fn set_display_name(&mut self, display_name: String, now: Timestamp) {
        self.display_name = display_name;
        self.updated_at = now;
    }

    /// Takes another picture, or none. Returns the old one.
    pub fn set_avatar(&mut self, avatar: Option<AvatarFile>, now: Timestamp) -> Option<AvatarFile> {
        self.updated_at = now;
        std::mem::replace(&mut self.avatar, avatar)
    }
}

#[cfg(test)]
mod tests {
    use hubbub_protocol::quiz::avatars::ImageType;

    use super::*;
    use crate::kit::ids::{Random, SeededRandom};
    use crate::quiz::accounts::ids::fresh;
    use crate::quiz::accounts::refresh::RefreshToken;

    const NOW: Timestamp = Timestamp(1_770_379_200_000);

    fn account() -> State {
        let email = Email::parse("Ada@example.com").expect("an address");
        let username = Username::parse("Ada").expect("a name");
        State::create(Beginning { email, password_hash: "hash".into(), username, display_name: "Ada L.".into() }, NOW)
    }

    fn token(random: &dyn Random, session: SessionId) -> Fingerprint {
        RefreshToken::random(random, fresh(random), session).fingerprint()
    }

    /// Returns an account with one session, its id, and its tokens so far and to come.
    fn session() -> (State, SessionId, [Fingerprint; 4]) {
        let random = SeededRandom::new(1);
        let id: SessionId = fresh(&random);
        let tokens = std::array::from_fn(|_| token(&random, id));
        let mut state = account();
        assert_eq!(state.open_session(id, tokens[0], NOW), []);
        (state, id, tokens)
    }

    #[test]
    fn a_refresh_token_is_good_once() {
        let (mut state, id, [first, second, third, _]) = session();

        assert_eq!(state.refresh(id, &first, second, NOW), Refreshed::Rotated);
        assert_eq!(state.refresh(id, &second, third, NOW), Refreshed::Rotated);
    }

    #[test]
    fn a_spent_refresh_token_ends_its_whole_family() {
        let (mut state, id, [first, second, third, _]) = session();
        state.refresh(id, &first, second, NOW);

        assert_eq!(state.refresh(id, &first, third, NOW), Refreshed::Reused);
        assert_eq!(state.refresh(id, &second, third, NOW), Refreshed::Unknown);
    }

    #[test]
    fn a_spent_token_ends_no_other_session() {
        let (mut state, one, [first, second, third, fourth]) = session();
        let other = fresh(&SeededRandom::new(2));
        state.open_session(other, fourth, NOW);
        state.refresh(one, &first, second, NOW);
        state.refresh(one, &first, second, NOW);

        assert_eq!(state.refresh(other, &fourth, third, NOW), Refreshed::Rotated);
    }

    #[test]
    fn a_session_ends_with_its_logout_or_after_thirty_days() {
        let (mut state, id, [first, second, ..]) = session();
        assert!(state.close_session(id));
        assert!(!state.close_session(id));
        assert_eq!(state.refresh(id, &first, second, NOW), Refreshed::Unknown);

        let (mut state, id, [first, second, third, _]) = session();
        let last = NOW.plus(SESSION_LIFETIME_MS - 1);
        assert_eq!(state.refresh(id, &first, second, last), Refreshed::Rotated);
        assert_eq!(state.refresh(id, &second, third, last.plus(SESSION_LIFETIME_MS)), Refreshed::Unknown);
    }

    #[test]
    fn the_session_that_was_refreshed_longest_ago_gives_way() {
        let random = SeededRandom::new(3);
        let mut state = account();
        let ids: Vec<SessionId> = (0..SESSIONS).map(|_| fresh(&random)).collect();
        for (at, id) in (0..).zip(&ids) {
            state.open_session(*id, token(&random, *id), NOW.plus(at));
        }
        let another: SessionId = fresh(&random);

        assert_eq!(state.open_session(another, token(&random, another), NOW.plus(1000)), [ids[0]]);
    }

    #[test]
    fn activity_is_noted_once_a_minute() {
        let mut state = account();

        assert!(!state.see(NOW.plus(59_999)));
        assert!(state.see(NOW.plus(60_000)));
        assert!(!state.see(NOW.plus(60_001)));
        assert_eq!((state.last_active, state.updated_at), (NOW.plus(60_000), NOW));
    }

    #[test]
    fn the_old_picture_is_handed_back_for_removal() {
        let mut state = account();

        let random = SeededRandom::new(1);
        let [one, other] = [ImageType::Png, ImageType::Gif].map(|image| AvatarFile { id: fresh(&random), image });
        assert_eq!(state.set_avatar(Some(one), NOW.plus(1)), None);
        assert_eq!(state.set_avatar(Some(other), NOW.plus(2)), Some(one));
        assert_eq!(state.set_avatar(None, NOW.plus(3)), Some(other));
        assert_eq!((state.avatar, state.updated_at), (None, NOW.plus(3)));
    }

    #[test]
    fn an_account_comes_back_from_the_store_as_it_was() {
        let (state, ..) = session();
        let bytes = rmp_serde::to_vec_named(&state).expect("plain data");

        assert!(rmp_serde::from_slice::<State>(&bytes).expect("the same") == state);
    }
}
