//! `/auth/*`: how a person gets an account, and tokens for it.

use serde::{Deserialize, Serialize};

use crate::contract::{Access, Contract, Endpoint, Limit, Method};
use crate::fault::Fault;
use crate::quiz::error::invalid_payload;
use crate::quiz::field::{Field, characters};
use crate::quiz::{Quiz, USERS, UserId, limits};

/// How long an access token lives.
pub const TOKEN_LIFETIME_SECS: i64 = 3600;

/// The address of an account, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// Reads an address: something before one `@`, and a name with a dot after it.
    ///
    /// # Errors
    /// It does not look like an address (400).
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let has_blanks = text.chars().any(|letter| letter.is_whitespace() || letter.is_control());
        let is_address = text.split_once('@').is_some_and(|(local, domain)| {
            let is_domain = domain.split('.').count() > 1 && domain.split('.').all(|label| !label.is_empty());
            !local.is_empty() && is_domain && !domain.contains('@')
        });
        if is_address && !has_blanks && characters(text) <= limits::EMAIL_CHARACTERS {
            Ok(Self(text.to_lowercase()))
        } else {
            Err(invalid_payload("email must be a valid email address"))
        }
    }

    /// Returns the address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns what stands before the `@`.
    #[must_use]
    pub fn local_part(&self) -> &str {
        self.0.split_once('@').map_or("", |(local, _)| local)
    }
}

/// A user's unique name: `^[A-Za-z0-9_]{3,20}$`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Username(String);

impl Username {
    /// Reads a name.
    ///
    /// # Errors
    /// It does not have the form of one (400).
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let is_name = (3..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if is_name {
            Ok(Self(text.to_owned()))
        } else {
            Err(invalid_payload("username must have 3 to 20 letters, digits or underscores"))
        }
    }

    /// Returns the name as its owner writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns what no two users share: the name without regard to case.
    #[must_use]
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

/// Reads the field `username`.
pub(super) fn username(field: &Field) -> Result<Username, Fault> {
    Username::parse(field.text("username", 0, usize::MAX)?)
}

/// Reads the field `displayName`.
pub(super) fn display_name(field: &Field) -> Result<String, Fault> {
    Ok(field.trimmed("displayName", 1, limits::DISPLAY_NAME_CHARACTERS)?.to_owned())
}

fn email(field: &Field) -> Result<Email, Fault> {
    Email::parse(field.text("email", 0, usize::MAX)?)
}

/// `POST /auth/register`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Register {
    /// The address.
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub email: Field,
    /// The password.
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub password: Field,
    /// The unique name.
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub username: Field,
    /// The name that others see.
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub display_name: Field,
}

/// An account to be. It holds a password and is never written to a log.
#[derive(Clone, PartialEq, Eq)]
pub struct NewAccount {
    /// The address.
    pub email: Email,
    /// The password.
    pub password: String,
    /// The unique name; a free one is found if there is none.
    pub username: Option<Username>,
    /// The name that others see; the unique one if there is none.
    pub display_name: Option<String>,
}

impl Register {
    /// Reads the fields.
    ///
    /// # Errors
    /// The first that is missing or wrong (400).
    pub fn read(&self) -> Result<NewAccount, Fault> {
        Ok(NewAccount {
            email: email(&self.email)?,
            password: self.password.text("password", limits::SHORTEST_PASSWORD, limits::LONGEST_PASSWORD)?.to_owned(),
            username: self.username.optional(username)?,
            display_name: self.display_name.optional(display_name)?,
        })
    }
}

impl Contract for Register {
    type Reply = Registered;
}

impl Endpoint for Register {
    type System = Quiz;
    const METHOD: Method = Method::Post;
    const PATH: &'static str = "/auth/register";
    const STATUS: u16 = 201;
    const LIMIT: Option<Limit> = Some(limits::AUTH);
}

/// The tokens of one login.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Session {
    access_token: String,
    refresh_token: String,
    expires_in: i64,
}

impl Session {
    /// Returns the tokens as the contract hands them out.
    #[must_use]
    pub fn new(access_token: String, refresh_token: String) -> Self {
        Self { access_token, refresh_token, expires_in: TOKEN_LIFETIME_SECS }
    }
}

/// The answer to a registration.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Registered {
    /// Who was registered.
    pub user: RegisteredUser,
    /// The first login.
    pub session: Session,
}

/// A user right after the registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RegisteredUser {
    /// The user.
    pub id: UserId,
    /// The address.
    pub email: Email,
    /// When the address was confirmed, as ISO 8601; null while it is not.
    pub email_confirmed_at: Option<String>,
}

/// `POST /auth/login`.
#[derive(Clone, Serialize, Deserialize)]
pub struct LogIn {
    /// The address.
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub email: Field,
    /// The password.
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub password: Field,
}

impl LogIn {
    /// Reads the address and the password. A password too short to be one is not refused here: it is simply wrong.
    ///
    /// # Errors
    /// The first that is missing or wrong (400).
    pub fn read(&self) -> Result<(Email, &str), Fault> {
        Ok((email(&self.email)?, self.password.text("password", 1, limits::LONGEST_PASSWORD)?))
    }
}

impl Contract for LogIn {
    type Reply = LoggedIn;
}

impl Endpoint for LogIn {
    type System = Quiz;
    const METHOD: Method = Method::Post;
    const PATH: &'static str = "/auth/login";
    const LIMIT: Option<Limit> = Some(limits::AUTH);
}

/// The answer to a login.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct LoggedIn {
    /// Who.
    pub user: User,
    /// The tokens.
    pub session: Session,
}

/// A user, as a login names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct User {
    /// The user.
    pub id: UserId,
    /// The address.
    pub email: Email,
}

/// `POST /auth/logout`: the token of the request, and the refresh token beside it, are good no longer.
#[derive(Clone, Serialize, Deserialize)]
pub struct LogOut {
    /// The header `Authorization`.
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub authorization: Field,
}

impl LogOut {
    /// Returns the token of the request, which the door has let in.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        let Field::Text(header) = &self.authorization else { return None };
        let (scheme, token) = header.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }
}

impl Contract for LogOut {
    type Reply = LoggedOut;
}

impl Endpoint for LogOut {
    type System = Quiz;
    const METHOD: Method = Method::Post;
    const PATH: &'static str = "/auth/logout";
    const ACCESS: Access = USERS;
    const LIMIT: Option<Limit> = Some(limits::AUTH);
    const HEADERS: &'static [(&'static str, &'static str)] = &[("Authorization", "authorization")];
}

/// The answer to a logout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoggedOut {
    message: &'static str,
}

impl Default for LoggedOut {
    fn default() -> Self {
        Self { message: "Successfully logged out" }
    }
}

/// `POST /auth/refresh`, an extension: without it every client is logged out after an hour.
#[derive(Clone, Serialize, Deserialize)]
pub struct RefreshSession {
    /// The refresh token, good for one use.
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub refresh_token: Field,
}

impl RefreshSession {
    /// Reads the token.
    ///
    /// # Errors
    /// It is missing or wrong (400).
    pub fn read(&self) -> Result<&str, Fault> {
        self.refresh_token.text("refresh_token", 1, limits::REFRESH_TOKEN_CHARACTERS)
    }
}

impl Contract for RefreshSession {
    type Reply = SessionRefreshed;
}

impl Endpoint for RefreshSession {
    type System = Quiz;
    const METHOD: Method = Method::Post;
    const PATH: &'static str = "/auth/refresh";
    const LIMIT: Option<Limit> = Some(limits::AUTH);
}

/// The answer to a refresh.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct SessionRefreshed {
    /// The next tokens.
    pub session: Session,
}

#[cfg(test)]
mod tests;
