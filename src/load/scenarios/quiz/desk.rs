//! What is done over HTTP: an account for every host, a quiz for every room, and putting both rooms and quizzes away afterwards.
//!
//! Accounts have fixed names, so that a second run logs in where the first one registered. The contract allows an address thirty of these a
//! minute; on this machine they come from as many loopback addresses as that takes, elsewhere they wait.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

use hubbub_protocol::contract::Endpoint;
use hubbub_protocol::quiz::accounts::{LogIn, Register};
use hubbub_protocol::quiz::quizzes::CreateQuiz;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::room::Table;
use super::script::{self, CHOICES, Question, Script};
use super::site::Site;
use crate::load::scenarios::fleet::tokens::{Sources, connect};

/// A longer answer is none of these routes.
const MAX_ANSWER: u64 = 1024 * 1024;
/// Anybody may log in as a host of load tests: it owns nothing but what these made.
const PASSWORD: &str = "hubbub load quiz";
const CREATED: u16 = 201;
const OK: u16 = 200;
const TOO_MANY: u16 = 429;
const TAKEN: u16 = 422;

/// Why there is nothing to play.
#[derive(Debug, thiserror::Error)]
pub enum NoTable {
    /// The server cannot be asked.
    #[error("cannot ask {address}: {source}")]
    Unreachable {
        /// The server.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The operator did not want to wait.
    #[error("ended before every room had its quiz")]
    Ended,
    /// It does not give what it should.
    #[error("{address} answered {method} {path} with {answer}: is this hubbub's quiz?")]
    Refused {
        /// The server.
        address: SocketAddr,
        /// How it was asked.
        method: &'static str,
        /// For what.
        path: String,
        /// What it said.
        answer: String,
    },
}

/// Where hosts get what they need.
pub(crate) struct Desk<'a> {
    address: SocketAddr,
    /// The server as the URL names it.
    host: &'a str,
    sources: Sources,
}

/// One request.
struct Request<'a> {
    method: &'static str,
    path: &'a str,
    token: Option<&'a str>,
    body: Value,
}

#[derive(Deserialize)]
struct LoggedIn {
    user: Named,
    session: Session,
}

#[derive(Deserialize)]
struct Session {
    access_token: String,
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

#[derive(Deserialize)]
struct MadeQuestion {
    id: String,
    answers: Vec<Named>,
}

impl<'a> Desk<'a> {
    pub(crate) fn new(address: SocketAddr, host: &'a str) -> Self {
        Self { address, host, sources: Sources::of(address) }
    }

    /// Makes a host and its quiz. `wait` is called when the server wants to be asked later, with how much later, and says whether to go on.
    pub(crate) fn table(
        &mut self,
        room: usize,
        questions: usize,
        wait: &mut dyn FnMut(Duration) -> bool,
    ) -> Result<Table, NoTable> {
        let LoggedIn { user, session: Session { access_token: token } } = self.host_of(room, wait)?;
        let title = json!({ "title": format!("Load {room:04}") });
        let ask = Request { method: "POST", path: CreateQuiz::PATH, token: Some(&token), body: title };
        let quiz: Named = self.get(&ask, CREATED, wait)?;
        let path = format!("/quiz/{}/questions", quiz.id);
        let mut script = Script::default();
        for number in 0..questions {
            let ask = Request { method: "POST", path: &path, token: Some(&token), body: question(number) };
            let MadeQuestion { id, answers } = self.get(&ask, CREATED, wait)?;
            let answers: Vec<String> = answers.into_iter().map(|answer| answer.id).collect();
            if answers.len() != CHOICES {
                return Err(self.refused(&ask, format!("a question of {} answers", answers.len())));
            }
            script.0.push(Question { id, answers });
        }
        Ok(Table { token, host: user.id, quiz: quiz.id, script })
    }

    fn host_of(&mut self, room: usize, wait: &mut dyn FnMut(Duration) -> bool) -> Result<LoggedIn, NoTable> {
        let account = json!({ "email": format!("load-host-{room:04}@hubbub.invalid"), "password": PASSWORD });
        let register = Request { method: "POST", path: Register::PATH, token: None, body: account.clone() };
        let (status, answer) = self.ask(&register, wait)?;
        if status != TAKEN {
            return self.expect(&register, CREATED, status, &answer);
        }
        let log_in = Request { method: "POST", path: LogIn::PATH, token: None, body: account };
        self.get(&log_in, OK, wait)
    }

    /// Puts away what a run has made; returns what stays.
    pub(crate) fn tidy(&mut self, site: &Site, wait: &mut dyn FnMut(Duration) -> bool) -> Vec<NoTable> {
        let mut left = Vec::new();
        for room in &site.rooms {
            let game = room.opened().map(|opened| format!("/game-flows/{}", opened.id));
            for path in game.into_iter().chain([format!("/quiz/{}", room.table.quiz)]) {
                let delete = Request { method: "DELETE", path: &path, token: Some(&room.table.token), body: json!({}) };
                left.extend(self.get::<Value>(&delete, OK, wait).err());
            }
        }
        left
    }

    fn get<T: DeserializeOwned>(
        &mut self,
        request: &Request<'_>,
        expected: u16,
        wait: &mut dyn FnMut(Duration) -> bool,
    ) -> Result<T, NoTable> {
        let (status, answer) = self.ask(request, wait)?;
        self.expect(request, expected, status, &answer)
    }

    fn expect<T: DeserializeOwned>(&self, request: &Request<'_>, expected: u16, status: u16, body: &str) -> Result<T, NoTable> {
        let read = if status == expected { serde_json::from_str(body).ok() } else { None };
        read.ok_or_else(|| self.refused(request, format!("{status} {body}")))
    }

    fn refused(&self, request: &Request<'_>, answer: String) -> NoTable {
        NoTable::Refused { address: self.address, method: request.method, path: request.path.to_owned(), answer }
    }

    /// Asks until the server has an answer other than to come back later.
    fn ask(&mut self, request: &Request<'_>, wait: &mut dyn FnMut(Duration) -> bool) -> Result<(u16, String), NoTable> {
        loop {
            let answer = self.ask_once(request).map_err(|source| NoTable::Unreachable { address: self.address, source })?;
            let (status, body) = read(&answer);
            if status != TOO_MANY {
                return Ok((status, body.to_owned()));
            }
            let goes_on = self.sources.next().is_some() || wait(retry_after(&answer));
            if !goes_on {
                return Err(NoTable::Ended);
            }
        }
    }

    /// Asks in HTTP/1.0, whose answers come in one piece and end with the connection.
    fn ask_once(&self, request: &Request<'_>) -> io::Result<String> {
        let Request { method, path, token, body } = request;
        let (body, host) = (body.to_string(), self.host);
        let token = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.0\r\nHost: {host}\r\n{token}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        let mut stream = connect(self.address, self.sources.current())?;
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.take(MAX_ANSWER).read_to_string(&mut answer)?;
        Ok(answer)
    }
}

/// Returns a question as it is made.
fn question(number: usize) -> Value {
    let answer = |place: usize| {
        let is_correct = place == script::correct(number);
        json!({ "answer_text": format!("Answer {place}"), "is_correct": is_correct, "order_index": place })
    };
    json!({
        "question_text": format!("Question {number}"),
        "question_type": "multiple_choice",
        "points": script::points(number),
        "answers": (0..CHOICES).map(answer).collect::<Vec<_>>(),
    })
}

/// Returns an answer's status, 0 if it has none, and its body.
fn read(answer: &str) -> (u16, &str) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.unwrap_or(0), body)
}

/// Returns how long the server wants to be left alone.
fn retry_after(answer: &str) -> Duration {
    let lines = answer.lines().take_while(|line| !line.is_empty());
    let header = lines.filter_map(|line| line.split_once(':')).find(|(name, _)| name.eq_ignore_ascii_case("retry-after"));
    Duration::from_secs(header.and_then(|(_, seconds)| seconds.trim().parse().ok()).unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_a_status_a_body_and_maybe_a_time_to_wait() {
        assert_eq!(read("HTTP/1.0 201 Created\r\na: b\r\n\r\n{}"), (201, "{}"));
        assert_eq!(read("nonsense"), (0, ""));
        assert_eq!(retry_after("HTTP/1.0 429 Too Many\r\nRetry-After: 42\r\n\r\n{}"), Duration::from_secs(42));
        assert_eq!(retry_after("HTTP/1.0 429 Too Many\r\n\r\nretry-after: 42"), Duration::from_secs(1));
    }

    #[test]
    fn a_question_has_one_correct_answer() {
        let made = question(5);
        let correct: Vec<_> = made["answers"].as_array().unwrap().iter().map(|answer| answer["is_correct"] == true).collect();
        assert_eq!(correct, [false, true, false, false]);
        assert_eq!(made["points"], 15);
    }
}
