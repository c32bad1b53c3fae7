//! What a connection's first request tells about it.

use std::net::IpAddr;

use hubbub_protocol::wire::value::Value;

use crate::edge::access::bearer_token;

/// What is known of a connection from its handshake request.
#[derive(Debug, Clone, Default)]
pub struct Handshake {
    /// The peer's address.
    pub address: Option<IpAddr>,
    /// The query string as sent.
    pub query: Box<str>,
    /// The `Authorization` header.
    pub authorization: Option<Box<str>>,
    /// The `User-Agent` header, cut to [`USER_AGENT_BYTES`].
    pub user_agent: Option<Box<str>>,
}

/// How much of a user agent is kept for as long as its connection lasts.
pub const USER_AGENT_BYTES: usize = 512;

impl Handshake {
    /// Returns a value of the query, percent-decoded.
    #[must_use]
    pub fn query_value(&self, key: &str) -> Option<String> {
        query_value(&self.query, key)
    }

    /// Returns the token that a client shows: `auth.token`, else the `Authorization` header's, else the query's.
    #[must_use]
    pub fn token(&self, auth: Option<&Value>) -> Option<String> {
        let of_auth = || auth?.get("token")?.as_str().map(str::to_owned).filter(is_given);
        let of_header = || bearer_token(self.authorization.as_deref()?).map(str::to_owned);
        let of_query = || self.query_value("token").filter(is_given);
        of_auth().or_else(of_header).or_else(of_query)
    }
}

/// Returns a value of a query string, percent-decoded.
#[must_use]
pub fn query_value(query: &str, key: &str) -> Option<String> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).ok()?;
    pairs.into_iter().find(|(name, _)| name == key).map(|(_, value)| value)
}

#[expect(clippy::ptr_arg, reason = "a filter over Option<String> hands out &String")]
fn is_given(token: &String) -> bool {
    !token.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auth(token: &str) -> Value {
        Value::Object(vec![("token".to_owned(), Value::String(token.to_owned()))])
    }

    #[test]
    fn a_token_is_taken_from_auth_then_header_then_query() {
        let full =
            Handshake { authorization: Some("Bearer header".into()), query: "EIO=4&token=query".into(), ..Handshake::default() };
        let query = Handshake { authorization: None, ..full.clone() };
        let check = |handshake: &Handshake, auth: Option<&Value>, expected: Option<&str>| {
            assert_eq!(handshake.token(auth).as_deref(), expected);
        };
        check(&full, Some(&auth("auth")), Some("auth"));
        check(&full, Some(&auth("")), Some("header"));
        check(&full, Some(&Value::Null), Some("header"));
        check(&query, None, Some("query"));
        check(&Handshake::default(), Some(&Value::Object(vec![])), None);
        check(&Handshake { query: "token=".into(), ..Handshake::default() }, None, None);
    }
}
