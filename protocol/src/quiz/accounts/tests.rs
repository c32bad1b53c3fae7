//! What accounts accept, and how they answer.

use super::*;
use serde_json::{Value, json};

const ID: &str = "00000000-0000-4000-8000-000000000000";

fn register(change: &Value) -> Result<NewAccount, String> {
    let mut sent = json!({ "email": "User@Example.com", "password": "securePassword123" });
    sent.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
    let request: Register = serde_json::from_value(sent).expect("decodes whatever was sent");
    request.read().map_err(|fault| fault.message)
}

fn refused(change: Value) -> String {
    register(&change).map_or_else(|message| message, |_| "ok".to_owned())
}

#[test]
fn an_account_needs_no_more_than_an_email_and_a_password() {
    let Ok(account) = register(&json!({ "username": null, "unknown": {} })) else { panic!("a good account") };
    assert_eq!(account.email.as_str(), "user@example.com");
    assert_eq!(account.email.local_part(), "user");
    assert!(account.password == "securePassword123");
    assert_eq!((account.username, account.display_name), (None, None));
    let Ok(account) = register(&json!({ "username": "Unique_1", "displayName": " John Doe " })) else { panic!("a good account") };
    assert_eq!(account.username.map(|name| (name.key(), name.as_str().to_owned())), Some(("unique_1".into(), "Unique_1".into())));
    assert_eq!(account.display_name.as_deref(), Some("John Doe"));
}

#[test]
fn an_email_has_a_local_part_and_a_domain() {
    let wrong = "email must be a valid email address";
    let long = |local: usize| format!("{}@example.com", "a".repeat(local));
    let check = |email: &str, expected: &str| assert_eq!(refused(json!({ "email": email })), expected, "{email}");
    check("a@b.c", "ok");
    check("first.last+tag@sub.example.com", "ok");
    check(&long(242), "ok");
    check(&long(243), wrong);
    for email in ["", "a", "a@", "@b.c", "a@b", "a@b.", "a@.c", "a@b..c", "a@b@c.d", "a b@c.d", " a@b.c", "a@b.c\n", "a\0@b.c"] {
        check(email, wrong);
    }
    assert_eq!(refused(json!({ "email": null })), "email is required");
    assert_eq!(refused(json!({ "email": ["a@b.c"] })), "email must be a string");
}

#[test]
fn a_password_has_6_to_72_characters() {
    let wrong = "password must have 6 to 72 characters";
    let check =
        |length: usize, expected: &str| assert_eq!(refused(json!({ "password": "p".repeat(length) })), expected, "{length}");
    check(5, wrong);
    check(6, "ok");
    check(72, "ok");
    check(73, wrong);
    assert_eq!(refused(json!({ "password": null })), "password is required");
    assert_eq!(refused(json!({ "password": 123_456 })), "password must be a string");
}

#[test]
fn names_have_their_forms() {
    let wrong = "username must have 3 to 20 letters, digits or underscores";
    let check = |name: &str, expected: &str| assert_eq!(refused(json!({ "username": name })), expected, "{name}");
    check("ab", wrong);
    check("abc", "ok");
    check(&"a".repeat(20), "ok");
    check(&"a".repeat(21), wrong);
    check("a-b", wrong);
    check("äbc", wrong);
    check("", wrong);
    assert_eq!(refused(json!({ "username": 5 })), "username must be a string");
    let wrong = "displayName must have 1 to 50 characters";
    assert_eq!(refused(json!({ "displayName": " " })), wrong);
    assert_eq!(refused(json!({ "displayName": "d".repeat(50) })), "ok");
    assert_eq!(refused(json!({ "displayName": "d".repeat(51) })), wrong);
}

#[test]
fn a_login_needs_both_and_leaves_short_passwords_to_the_comparison() {
    let check = |sent: Value, expected: &str| {
        let request: LogIn = serde_json::from_value(sent).expect("decodes whatever was sent");
        assert_eq!(request.read().map_or_else(|fault| fault.message, |_| "ok".to_owned()), expected);
    };
    check(json!({ "email": "a@b.c", "password": "p" }), "ok");
    check(json!({ "email": "a@b.c", "password": "p".repeat(73) }), "password must have 1 to 72 characters");
    check(json!({ "email": "a@b.c" }), "password is required");
    check(json!({ "password": "p" }), "email is required");
    check(json!({ "email": "no", "password": "p" }), "email must be a valid email address");
}

#[test]
fn a_refresh_needs_a_token() {
    let check = |sent: Value, expected: Result<&str, &str>| {
        let request: RefreshSession = serde_json::from_value(sent).expect("decodes whatever was sent");
        assert_eq!(request.read().map_err(|fault| fault.message), expected.map_err(str::to_owned));
    };
    check(json!({ "refresh_token": "abc" }), Ok("abc"));
    check(json!({}), Err("refresh_token is required"));
    check(json!({ "refresh_token": "r".repeat(513) }), Err("refresh_token must have 1 to 512 characters"));
}

#[test]
fn a_logout_knows_the_token_of_its_request() {
    let token = |header: &str| {
        let request: LogOut = serde_json::from_value(json!({ "authorization": header })).expect("decodes");
        request.token().map(str::to_owned)
    };
    assert_eq!(token("Bearer a.b.c"), Some("a.b.c".to_owned()));
    assert_eq!(token("bearer  a.b.c "), Some("a.b.c".to_owned()));
    assert_eq!(token("Basic abc"), None);
    assert_eq!(LogOut::HEADERS, [("Authorization", "authorization")]);
}

#[test]
fn answers_have_the_documents_keys_in_its_order() {
    let (id, email) = (UserId::random([0; 16]), Email::parse("user@example.com").expect("an address"));
    let session = Session::new("jwt-token".to_owned(), "refresh-token".to_owned());
    let tokens = r#""session":{"access_token":"jwt-token","refresh_token":"refresh-token","expires_in":3600}"#;
    let user = RegisteredUser { id, email: email.clone(), email_confirmed_at: Some("2024-01-15T10:30:45.123Z".to_owned()) };
    assert_eq!(
        serde_json::to_string(&Registered { user, session: session.clone() }).expect("a reply"),
        format!(
            r#"{{"user":{{"id":"{ID}","email":"user@example.com","email_confirmed_at":"2024-01-15T10:30:45.123Z"}},{tokens}}}"#
        )
    );
    let user = RegisteredUser { id, email: email.clone(), email_confirmed_at: None };
    let json = serde_json::to_string(&user).expect("a reply");
    assert_eq!(json, format!(r#"{{"id":"{ID}","email":"user@example.com","email_confirmed_at":null}}"#));
    assert_eq!(
        serde_json::to_string(&LoggedIn { user: User { id, email }, session: session.clone() }).expect("a reply"),
        format!(r#"{{"user":{{"id":"{ID}","email":"user@example.com"}},{tokens}}}"#)
    );
    assert_eq!(serde_json::to_string(&SessionRefreshed { session }).expect("a reply"), format!("{{{tokens}}}"));
    let json = serde_json::to_string(&LoggedOut::default()).expect("a reply");
    assert_eq!(json, r#"{"message":"Successfully logged out"}"#);
}
