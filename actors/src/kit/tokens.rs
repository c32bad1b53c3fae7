//! Signed tokens: HS256 and nothing else, bound to one system, judged by the injected clock.

use std::fmt;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::clock::Timestamp;

/// How far clocks may differ.
const LEEWAY_SECS: i64 = 30;

/// Issues and verifies the tokens of one system.
pub struct Tokens {
    issuer: String,
    audience: String,
    signing: EncodingKey,
    verifying: DecodingKey,
    validation: Validation,
}

/// Why a token is refused. Nothing more is said: the rest would help only a forger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It was valid once.
    #[error("the token has expired")]
    Expired,
    /// It never was, or not here.
    #[error("the token is not valid")]
    Invalid,
}

impl fmt::Debug for Tokens {
    /// Leaves the key out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("issuer", &self.issuer).field("audience", &self.audience).finish_non_exhaustive()
    }
}

impl Tokens {
    /// Returns the tokens of `system`, for itself, signed with `key`.
    #[must_use]
    pub fn new(system: &str, key: &[u8]) -> Self {
        Self::for_audience(system, system, key)
    }

    /// Returns the tokens of `system`, signed with `key`, for the audience that its contract names.
    #[must_use]
    pub fn for_audience(system: &str, audience: &str, key: &[u8]) -> Self {
        let (issuer, audience) = (format!("hubbub/{system}"), audience.to_owned());
        let mut validation = validation(&audience);
        validation.set_issuer(&[&issuer]);
        validation.set_required_spec_claims(&["iss", "aud", "exp"]);
        let (signing, verifying) = (EncodingKey::from_secret(key), DecodingKey::from_secret(key));
        Self { issuer, audience, signing, verifying, validation }
    }

    /// Returns a token with `claims` that is valid from `now` for `lifetime_secs`.
    ///
    /// # Panics
    /// When `claims` are not written as an object: a mistake in their type.
    pub fn issue<C: Serialize>(&self, claims: &C, lifetime_secs: i64, now: Timestamp) -> String {
        let mut claims: Map<String, Value> = match serde_json::to_value(claims) {
            Ok(Value::Object(claims)) => claims,
            _ => panic!("claims are an object"),
        };
        claims.insert("iss".into(), self.issuer.clone().into());
        claims.insert("aud".into(), self.audience.clone().into());
        claims.insert("iat".into(), now.secs().into());
        claims.insert("exp".into(), now.secs().saturating_add(lifetime_secs).into());
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.signing).expect("an HMAC can always be computed")
    }

    /// Returns the claims of a token of this system that is valid at `now`.
    ///
    /// # Errors
    /// [`TokenError`]
    pub fn verify<C: DeserializeOwned>(&self, token: &str, now: Timestamp) -> Result<C, TokenError> {
        read(token, &self.verifying, &self.validation, now)
    }
}

/// Verifies tokens that somebody else issues with a key that both know: HS256 as well, for one audience, whoever the issuer is.
pub struct ForeignTokens {
    verifying: DecodingKey,
    validation: Validation,
}

impl fmt::Debug for ForeignTokens {
    /// Leaves the key out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForeignTokens").finish_non_exhaustive()
    }
}

impl ForeignTokens {
    /// Returns the tokens for `audience` that are signed with `key`.
    #[must_use]
    pub fn new(audience: &str, key: &[u8]) -> Self {
        Self { verifying: DecodingKey::from_secret(key), validation: validation(audience) }
    }

    /// Returns the claims of a token that is valid at `now`.
    ///
    /// # Errors
    /// [`TokenError`]
    pub fn verify<C: DeserializeOwned>(&self, token: &str, now: Timestamp) -> Result<C, TokenError> {
        read(token, &self.verifying, &self.validation, now)
    }
}

/// What every token is asked for: the algorithm, the audience, and that it expires.
fn validation(audience: &str) -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_audience(&[audience]);
    validation.set_required_spec_claims(&["aud", "exp"]);
    // The library would ask the machine's clock.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation
}

fn read<C: DeserializeOwned>(token: &str, key: &DecodingKey, asked: &Validation, now: Timestamp) -> Result<C, TokenError> {
    let decoded = jsonwebtoken::decode::<Map<String, Value>>(token, key, asked);
    let claims = decoded.map_err(|_| TokenError::Invalid)?.claims;
    let number = |name| claims.get(name).and_then(Value::as_i64);
    let expires = number("exp").ok_or(TokenError::Invalid)?;
    if number("iat").is_some_and(|issued| issued > now.secs().saturating_add(LEEWAY_SECS)) {
        return Err(TokenError::Invalid);
    }
    if now.secs() >= expires.saturating_add(LEEWAY_SECS) {
        return Err(TokenError::Expired);
    }
    serde_json::from_value(Value::Object(claims)).map_err(|_| TokenError::Invalid)
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    const KEY: &[u8] = b"a key of at least thirty-two bytes, for tests";
    const NOW: Timestamp = Timestamp(1_770_379_200_000);

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Claims {
        sub: String,
        role: String,
    }

    fn claims() -> Claims {
        Claims { sub: "headset-1".into(), role: "headset".into() }
    }

    fn verify(token: &str, now: Timestamp) -> Result<Claims, TokenError> {
        Tokens::new("one", KEY).verify(token, now)
    }

    fn token() -> String {
        Tokens::new("one", KEY).issue(&claims(), 3600, NOW)
    }

    fn part(value: &Value) -> String {
        URL_SAFE_NO_PAD.encode(value.to_string())
    }

    #[test]
    fn a_token_of_this_system_is_valid_until_it_expires_and_thirty_seconds_more() {
        assert_eq!(verify(&token(), NOW), Ok(claims()));
        assert_eq!(verify(&token(), NOW.plus(3_629_999)), Ok(claims()));
        assert_eq!(verify(&token(), NOW.plus(3_630_000)), Err(TokenError::Expired));
    }

    #[test]
    fn its_claims_are_those_that_any_decoder_reads() {
        let token = token();
        let parts: Vec<&str> = token.split('.').collect();
        let read = |part: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();

        assert_eq!(read(parts[0]), json!({"alg": "HS256", "typ": "JWT"}));
        let expected = json!({
            "sub": "headset-1", "role": "headset", "iss": "hubbub/one", "aud": "one", "iat": 1_770_379_200, "exp": 1_770_382_800,
        });
        assert_eq!(read(parts[1]), expected);
    }

    #[test]
    fn a_token_of_another_system_is_refused_even_with_the_same_key() {
        let other = Tokens::new("other", KEY).issue(&claims(), 3600, NOW);

        assert_eq!(verify(&other, NOW), Err(TokenError::Invalid));
    }

    #[test]
    fn a_foreign_token_needs_the_key_and_the_audience_but_no_issuer_of_ours() {
        let foreign = ForeignTokens::new("guests", KEY);
        let sign = |claims: Value| jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(KEY)).unwrap();
        let full = |aud: &str, iss: &str| json!({"sub": "x", "role": "y", "iss": iss, "aud": aud, "exp": NOW.secs() + 60});
        let check = |claims: Value, expected: Result<(), TokenError>| {
            assert_eq!(foreign.verify::<Claims>(&sign(claims), NOW).map(|_| ()), expected);
        };

        check(full("guests", "https://somebody.example.com"), Ok(()));
        check(full("others", "https://somebody.example.com"), Err(TokenError::Invalid));
        check(json!({"sub": "x", "role": "y", "aud": "guests"}), Err(TokenError::Invalid));
        check(json!({"sub": "x", "role": "y", "exp": NOW.secs() + 60}), Err(TokenError::Invalid));
        check(json!({"sub": "x", "role": "y", "aud": "guests", "exp": 0}), Err(TokenError::Expired));
        assert!(ForeignTokens::new("guests", b"another key").verify::<Claims>(&sign(full("guests", "")), NOW).is_err());
        assert_eq!(verify(&sign(full("one", "https://somebody.example.com")), NOW), Err(TokenError::Invalid));
    }

    #[test]
    fn a_token_that_was_tampered_with_is_refused() {
        let token = token();
        for at in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let tampered = String::from_utf8(bytes).unwrap();

            // The last character carries four bits that mean nothing; a decoder may ignore or refuse them.
            let is_the_same_signature = at == token.len() - 1 && verify(&tampered, NOW).is_ok();
            assert!(is_the_same_signature || verify(&tampered, NOW) == Err(TokenError::Invalid), "byte {at}");
        }
        assert_eq!(
            Tokens::new("one", b"another key of thirty-two bytes.").verify::<Claims>(&token, NOW),
            Err(TokenError::Invalid)
        );
    }

    #[test]
    fn a_token_without_a_signature_is_refused() {
        let token = token();
        let body = token.split('.').nth(1).unwrap();
        for alg in ["none", "None", "NONE", ""] {
            let unsigned = format!("{}.{body}.", part(&json!({"alg": alg, "typ": "JWT"})));

            assert_eq!(verify(&unsigned, NOW), Err(TokenError::Invalid));
        }
    }

    #[test]
    fn another_algorithm_is_refused_even_with_the_right_key() {
        let full = json!({
            "sub": "x", "role": "y", "iss": "hubbub/one", "aud": "one", "iat": NOW.secs(), "exp": NOW.secs() + 60,
        });
        for algorithm in [Algorithm::HS384, Algorithm::HS512] {
            let signed = jsonwebtoken::encode(&Header::new(algorithm), &full, &EncodingKey::from_secret(KEY)).unwrap();

            assert_eq!(verify(&signed, NOW), Err(TokenError::Invalid));
        }
    }

    #[test]
    fn a_token_without_an_expiry_or_from_the_future_is_refused() {
        let sign = |claims: Value| jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(KEY)).unwrap();
        let base = json!({"sub": "x", "role": "y", "iss": "hubbub/one", "aud": "one"});
        let with = |changes: Value| {
            let mut claims = base.clone();
            changes.as_object().unwrap().iter().for_each(|(name, value)| claims[name] = value.clone());
            verify(&sign(claims), NOW)
        };

        assert_eq!(with(json!({})), Err(TokenError::Invalid));
        assert_eq!(with(json!({"exp": "tomorrow"})), Err(TokenError::Invalid));
        assert_eq!(with(json!({"exp": NOW.secs() + 60, "iat": NOW.secs() + 31})), Err(TokenError::Invalid));
        assert!(with(json!({"exp": NOW.secs() + 60, "iat": NOW.secs() + 30})).is_ok());
        assert_eq!(with(json!({"exp": 0})), Err(TokenError::Expired));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", ".", "..", "...", "a.b.c", "ey", "\0\0", "é.é.é"] {
            assert_eq!(verify(text, NOW), Err(TokenError::Invalid));
        }
    }

    #[test]
    fn the_key_is_not_in_the_debug_output() {
        let debug = format!("{:?}", Tokens::new("one", b"secret-key-material-secret-key-m"));

        assert_eq!(debug, r#"Tokens { issuer: "hubbub/one", audience: "one", .. }"#);
    }
}
