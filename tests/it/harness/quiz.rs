//! Users of the quiz as clients: each has an account and calls with its token. Answers are compared whole, as text.

use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::http::Answer;
use super::socket;

/// The password of every user.
pub const PASSWORD: &str = "securePassword123";

/// Limits are switched off: a test asks as often as it likes.
pub const UNLIMITED: (&str, &str) = ("LIMITS__SCALE", "0");

/// The content type of every JSON answer.
pub const JSON: &str = "application/json; charset=utf-8";

/// Somebody with an account, and one login.
#[derive(Clone)]
pub struct User {
    /// The quiz's URL.
    pub base: String,
    /// The account.
    pub id: String,
    /// The access token.
    pub token: String,
    /// The refresh token.
    pub refresh_token: String,
    client: Client,
}

/// A quiz that can be played: of every question, the first answer is correct.
pub struct Playable {
    /// The quiz.
    pub id: String,
    /// Its questions, in their order.
    pub questions: Vec<Question>,
}

/// One question of a [`Playable`].
pub struct Question {
    /// The question.
    pub id: String,
    /// Its answers, in their order.
    pub answers: Vec<String>,
}

impl User {
    /// Makes an account at the quiz at `base`, with the email `<name>@example.com`.
    pub async fn register(base: &str, name: &str) -> Self {
        let body = json!({ "email": format!("{name}@example.com"), "password": PASSWORD, "username": name });
        Self::of(base, &call(base, "POST", "/auth/register", &body).await)
    }

    /// Logs into the account that [`register`](Self::register) made.
    pub async fn log_in(base: &str, name: &str) -> Self {
        let body = json!({ "email": format!("{name}@example.com"), "password": PASSWORD });
        Self::of(base, &call(base, "POST", "/auth/login", &body).await)
    }

    fn of(base: &str, answer: &Answer) -> Self {
        let body = body(answer);
        let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("no text in {body}")).to_owned();
        Self {
            base: base.to_owned(),
            id: text(&body["user"]["id"]),
            token: text(&body["session"]["access_token"]),
            refresh_token: text(&body["session"]["refresh_token"]),
            client: Client::new(),
        }
    }

    /// Returns the same login at another URL: the hub was restarted.
    pub fn at(&self, base: &str) -> Self {
        Self { base: base.to_owned(), client: Client::new(), ..self.clone() }
    }

    /// Sends a request with the token; a body of `null` is none.
    pub async fn call(&self, method: &str, path: &str, body: &Value) -> Answer {
        let (headers, body) = json_request(body);
        let bearer = format!("Bearer {}", self.token);
        let headers: Vec<_> = headers.into_iter().chain([("authorization", bearer.as_str())]).collect();
        send_with(&self.client, &self.base, method, path, &headers, body).await
    }

    /// Sends a GET request with the token, and returns the body of the good answer.
    pub async fn get(&self, path: &str) -> Value {
        body(&self.call("GET", path, &Value::Null).await)
    }

    /// Sends a POST request with the token, and returns the body of the good answer.
    pub async fn post(&self, path: &str, sent: &Value) -> Value {
        body(&self.call("POST", path, sent).await)
    }

    /// Creates a draft with a title, and returns its id.
    pub async fn create_quiz(&self, title: &str) -> String {
        id_of(&self.post("/quiz", &json!({ "title": title })).await)
    }

    /// Creates and publishes a quiz of so many multiple-choice questions of four answers; `settings` are its `play_settings`.
    pub async fn playable_quiz(&self, questions: usize, settings: Value) -> Playable {
        let id = id_of(&self.post("/quiz", &json!({ "title": "Quiz Title", "play_settings": settings })).await);
        let mut added = Vec::new();
        for number in 1..=questions {
            added.push(Question::of(&self.post(&format!("/quiz/{id}/questions"), &four_answers(number)).await));
        }
        self.post(&format!("/quiz/{id}/publish"), &Value::Null).await;
        Playable { id, questions: added }
    }

    /// Connects a socket with the token.
    pub async fn connect(&self) -> socket::Client {
        socket::Client::connect(&self.base, json!({ "token": self.token })).await
    }
}

fn four_answers(number: usize) -> Value {
    let answer =
        |place: usize| json!({ "answer_text": format!("Answer {place}"), "is_correct": place == 0, "order_index": place });
    let answers: Vec<_> = (0..4).map(answer).collect();
    json!({ "question_text": format!("Question {number}"), "question_type": "multiple_choice", "answers": answers })
}

impl Question {
    fn of(question: &Value) -> Self {
        let answers = question["answers"].as_array().expect("a list of answers");
        Self { id: id_of(question), answers: answers.iter().map(id_of).collect() }
    }
}

/// Returns the `id` of a body.
pub fn id_of(body: &Value) -> String {
    body["id"].as_str().unwrap_or_else(|| panic!("no id in {body}")).to_owned()
}

/// Sends a request without a token; a body of `null` is none.
pub async fn call(base: &str, method: &str, path: &str, body: &Value) -> Answer {
    let (headers, body) = json_request(body);
    send(base, method, path, &headers, body).await
}

/// Sends a request with exactly these headers.
pub async fn send(base: &str, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<reqwest::Body>) -> Answer {
    send_with(&Client::new(), base, method, path, headers, body).await
}

async fn send_with(
    client: &Client,
    base: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<reqwest::Body>,
) -> Answer {
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    let mut request = client.request(method, format!("{base}{path}")).body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.expect("an answer");
    let (status, headers) = (response.status(), response.headers().clone());
    Answer { status, headers, text: response.text().await.expect("a whole body") }
}

fn json_request(body: &Value) -> (Vec<(&'static str, &'static str)>, String) {
    match body {
        Value::Null => (vec![], String::new()),
        body => (vec![("content-type", "application/json")], body.to_string()),
    }
}

/// Returns the body of a good answer.
pub fn body(answer: &Answer) -> Value {
    assert!(answer.status.is_success(), "{}", answer.line());
    assert_eq!(answer.header("content-type"), JSON, "{}", answer.text);
    serde_json::from_str(&answer.text).expect("a JSON body")
}

/// Checks the whole body of a good answer with the order of its keys. `expected` has placeholders for what nobody can know before:
/// `<id>`, `<time>`, `<ms>`, `<token>` and `<code>`.
pub fn check(answer: &Answer, status: u16, expected: &Value) {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.text);
    check_body(body(answer), expected);
}

/// Checks a whole body, as [`check`] does.
pub fn check_body(body: Value, expected: &Value) {
    assert_eq!(redact(body, expected).to_string(), expected.to_string());
}

/// Checks a refusal: its status, and the envelope of exactly three keys.
pub fn check_refused(answer: &Answer, status: u16, error: &str, message: &str) {
    let request_id = answer.header("x-request-id");
    assert!(!request_id.is_empty(), "no id in the headers of {}", answer.line());
    let expected = format!("{status} {}", json!({ "error": error, "message": message, "requestId": request_id }));
    assert_eq!((answer.line(), answer.header("content-type")), (expected, JSON));
}

/// Replaces what stands where `expected` has a placeholder by it, if it is well formed.
pub fn redact(shown: Value, expected: &Value) -> Value {
    match (shown, expected) {
        (Value::Array(items), Value::Array(wanted)) => {
            let wanted = wanted.iter().chain(std::iter::repeat(&Value::Null));
            items.into_iter().zip(wanted).map(|(item, wanted)| redact(item, wanted)).collect()
        }
        (Value::Object(fields), Value::Object(wanted)) => {
            let field = |(key, value)| {
                let value = redact(value, wanted.get(&key).unwrap_or(&Value::Null));
                (key, value)
            };
            Value::Object(fields.into_iter().map(field).collect())
        }
        (shown, Value::String(placeholder)) if is_a(placeholder, &shown) => expected.clone(),
        (shown, _) => shown,
    }
}

fn is_a(placeholder: &str, shown: &Value) -> bool {
    let text = shown.as_str().unwrap_or_default();
    match placeholder {
        "<id>" => is_like(text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"),
        "<time>" => is_like(text, "0000-00-00T00:00:00.000Z"),
        "<token>" => text.len() > 60 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)),
        "<ms>" => shown.as_u64().is_some_and(|ms| is_like(&ms.to_string(), "0000000000000")),
        "<code>" => shown.as_u64().is_some_and(|code| (100_000..=999_999).contains(&code)),
        _ => false,
    }
}

/// Compares with a pattern in which `0` stands for any digit, and `x` for any of a lower-case hexadecimal number.
fn is_like(text: &str, pattern: &str) -> bool {
    let fits = |(byte, wanted): (u8, u8)| match wanted {
        b'0' => byte.is_ascii_digit(),
        b'x' => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
        wanted => byte == wanted,
    };
    text.len() == pattern.len() && text.bytes().zip(pattern.bytes()).all(fits)
}

#[test]
fn only_well_formed_values_at_their_places_are_redacted() {
    let check = |shown: Value, expected: &str, is_redacted: bool| {
        let (shown, expected) = (json!({ "list": [shown] }), json!({ "list": [expected] }));
        assert_eq!(redact(shown.clone(), &expected) == expected, is_redacted, "{shown}");
    };
    check(json!("550e8400-e29b-41d4-a716-446655440000"), "<id>", true);
    check(json!("550E8400-E29B-41D4-A716-446655440000"), "<id>", false);
    check(json!("2026-02-06T12:00:00.000Z"), "<time>", true);
    check(json!("2026-02-06T12:00:00Z"), "<time>", false);
    check(json!(1_707_235_200_000_u64), "<ms>", true);
    check(json!("1707235200000"), "<ms>", false);
    check(json!(123_456), "<code>", true);
    check(json!(12_345), "<code>", false);
    check(json!(null), "<token>", false);
    let more = json!([1, 2]);
    assert_eq!(redact(more.clone(), &json!([1])), more);
}
