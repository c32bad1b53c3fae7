//! `/profile`: what a user shows of itself.

use serde::{Deserialize, Serialize};

use super::accounts::{self, Email, Username};
use crate::contract::{Access, Contract, Endpoint, Method};
use crate::fault::Fault;
use crate::quiz::field::Field;
use crate::quiz::{Quiz, USERS, UserId};

/// `GET /profile`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GetProfile {}

/// The caller's own profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// The user.
    pub id: UserId,
    /// The unique name.
    pub username: Username,
    /// The name that others see.
    pub display_name: String,
    /// Where the avatar is served; null without one.
    pub avatar_url: Option<String>,
    /// The address.
    pub email: Email,
    /// ISO 8601.
    pub created_at: String,
    /// ISO 8601.
    pub updated_at: String,
}

impl Contract for GetProfile {
    type Reply = Profile;
}

impl Endpoint for GetProfile {
    type System = Quiz;
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/profile";
    const ACCESS: Access = USERS;
}

/// `PUT /profile/username`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SetUsername {
    /// The new name.
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub username: Field,
}

impl SetUsername {
    /// Reads the name.
    ///
    /// # Errors
    /// It is missing or wrong (400).
    pub fn read(&self) -> Result<Username, Fault> {
        accounts::username(&self.username)
    }
}

impl Contract for SetUsername {
    type Reply = UsernameSet;
}

impl Endpoint for SetUsername {
    type System = Quiz;
    const METHOD: Method = Method::Put;
    const PATH: &'static str = "/profile/username";
    const ACCESS: Access = USERS;
}

/// The name, echoed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UsernameSet {
    username: Username,
    message: &'static str,
}

impl UsernameSet {
    /// Returns the answer.
    #[must_use]
    pub fn new(username: Username) -> Self {
        Self { username, message: "Username updated successfully" }
    }
}

/// `PUT /profile/display-name`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SetDisplayName {
    /// The new name.
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    pub display_name: Field,
}

impl SetDisplayName {
    /// Reads the name, without the blanks around it.
    ///
    /// # Errors
    /// It is missing or wrong (400).
    pub fn read(&self) -> Result<String, Fault> {
        accounts::display_name(&self.display_name)
    }
}

impl Contract for SetDisplayName {
    type Reply = DisplayNameSet;
}

impl Endpoint for SetDisplayName {
    type System = Quiz;
    const METHOD: Method = Method::Put;
    const PATH: &'static str = "/profile/display-name";
    const ACCESS: Access = USERS;
}

/// The name, echoed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DisplayNameSet {
    display_name: String,
    message: &'static str,
}

impl DisplayNameSet {
    /// Returns the answer.
    #[must_use]
    pub fn new(display_name: String) -> Self {
        Self { display_name, message: "Display name updated successfully" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn names_are_needed_and_have_their_forms() {
        let username = |sent: Value| {
            let request: SetUsername = serde_json::from_value(json!({ "username": sent })).expect("decodes");
            request.read().map_or_else(|fault| fault.message, |name| name.as_str().to_owned())
        };
        assert_eq!(username(json!("newUniqueUsername")), "newUniqueUsername");
        assert_eq!(username(json!("no")), "username must have 3 to 20 letters, digits or underscores");
        assert_eq!(username(json!(null)), "username is required");
        let display_name = |sent: Value| {
            let request: SetDisplayName = serde_json::from_value(json!({ "displayName": sent })).expect("decodes");
            request.read().unwrap_or_else(|fault| fault.message)
        };
        assert_eq!(display_name(json!(" New Display Name ")), "New Display Name");
        assert_eq!(display_name(json!("")), "displayName must have 1 to 50 characters");
        assert_eq!(display_name(json!(true)), "displayName must be a string");
        assert_eq!(display_name(json!(null)), "displayName is required");
    }

    #[test]
    fn answers_have_the_documents_keys_in_its_order() {
        let username = Username::parse("uniqueUsername").expect("a name");
        let profile = Profile {
            id: UserId::random([0; 16]),
            username: username.clone(),
            display_name: "John Doe".to_owned(),
            avatar_url: None,
            email: Email::parse("user@example.com").expect("an address"),
            created_at: "2024-01-15T10:30:45.123Z".to_owned(),
            updated_at: "2024-01-15T10:30:45.123Z".to_owned(),
        };
        assert_eq!(
            serde_json::to_string(&profile).expect("a reply"),
            r#"{"id":"00000000-0000-4000-8000-000000000000","username":"uniqueUsername","displayName":"John Doe","avatarUrl":null,"email":"user@example.com","createdAt":"2024-01-15T10:30:45.123Z","updatedAt":"2024-01-15T10:30:45.123Z"}"#
        );
        assert_eq!(
            serde_json::to_string(&UsernameSet::new(username)).expect("a reply"),
            r#"{"username":"uniqueUsername","message":"Username updated successfully"}"#
        );
        assert_eq!(
            serde_json::to_string(&DisplayNameSet::new("John Doe".to_owned())).expect("a reply"),
            r#"{"displayName":"John Doe","message":"Display name updated successfully"}"#
        );
    }
}
