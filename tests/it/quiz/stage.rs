//! A stage for the quiz's rooms: a host and his game, players, what everyone hears apart from the news, and that they hear nothing.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::hub::Hub;
use crate::harness::quiz::{Playable, Question, UNLIMITED, User, redact};
use crate::harness::socket::Client;

/// Told at any moment, and only the newest of each: tests of other events pass them over.
pub const NEWS: [&str; 2] = ["game:room:participants:update", "game:answer:stats:update"];
/// A room that nobody has opened.
pub const NO_ROOM: &str = "00000000-0000-4000-8000-000000000000";

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A game that its host has just opened.
pub struct Stage {
    pub hub: Hub,
    pub host: User,
    pub quiz: Playable,
    /// The host's socket.
    pub desk: Client,
    pub room: String,
    pub code: String,
}

impl Stage {
    /// Opens a game of three questions.
    pub async fn set() -> Self {
        Self::of(3, json!({}), &[]).await
    }

    /// Opens a game with so many questions and these `GameSettings`, in a hub with these settings.
    pub async fn of(questions: usize, game: Value, hub: &[(&str, &str)]) -> Self {
        let settings: Vec<_> = [UNLIMITED].into_iter().chain(hub.iter().copied()).collect();
        let hub = Hub::start(&settings).await;
        let host = User::register(hub.url("quiz"), "host").await;
        let quiz = host.playable_quiz(questions, json!({})).await;
        let mut desk = connect(&host).await;
        let game = with(game, "quizSetId", json!(quiz.id));
        let created = desk.ask("game:host:create", json!([{"hostId": host.id, "title": "Friday", "settings": game}])).await;
        let text = |key: &str| created[0][key].as_str().unwrap_or_else(|| panic!("no {key} in {created}")).to_owned();
        Self { room: text("roomId"), code: text("code"), hub, host, quiz, desk }
    }

    /// Connects a guest who joins as this player, under the same name.
    pub async fn player(&self, id: &str) -> Client {
        let mut client = guest(&self.hub).await;
        client.ask("game:room:join", self.joining(id)).await;
        client
    }

    /// Returns what a player sends to join.
    pub fn joining(&self, id: &str) -> Value {
        json!([{"roomCode": self.code, "playerId": id, "displayName": id}])
    }

    /// Returns the question at a place.
    pub fn question(&self, at: usize) -> &Question {
        &self.quiz.questions[at]
    }

    /// Opens a question for so many milliseconds from now; returns when it ends.
    pub async fn start(&mut self, at: usize, open_ms: i64) -> i64 {
        let starts_at = now_ms();
        let id = &self.quiz.questions[at].id;
        let times = json!({"roomId": self.room, "questionId": id, "startsAt": starts_at, "endsAt": starts_at + open_ms});
        let started = self.desk.ask("game:flow:start", json!([times])).await;
        assert_eq!(started[0]["endsAt"], json!(starts_at + open_ms), "{started}");
        starts_at + open_ms
    }

    /// Changes to a question.
    pub async fn next(&mut self, at: usize) {
        let next = json!([{"roomId": self.room, "nextQuestionId": self.quiz.questions[at].id}]);
        let changed = self.desk.ask("game:flow:next", next).await;
        assert_eq!(changed, json!([self.changed(at)]));
    }

    /// Returns what the room hears of a question that has changed.
    pub fn changed(&self, at: usize) -> Value {
        json!({"roomId": self.room, "question": shown(&self.quiz, at)})
    }

    /// Returns what the room hears of a question that has started.
    pub fn started(&self, at: usize, ends_at: i64) -> Value {
        json!({"roomId": self.room, "question": shown(&self.quiz, at), "endsAt": ends_at})
    }

    /// Returns what a player sends to answer.
    pub fn submission(&self, player: &str, question: usize, answer: Value) -> Value {
        json!([{"roomId": self.room, "playerId": player, "questionId": self.question(question).id, "answer": answer}])
    }

    /// Returns what a player hears whose answer counts.
    pub fn accepted(&self, player: &str, question: usize) -> Value {
        json!([{"roomId": self.room, "playerId": player, "questionId": self.question(question).id, "submittedAt": "<time>"}])
    }

    /// Has a player answer, and checks that it counts.
    pub async fn answers(&self, client: &mut Client, player: &str, question: usize, answer: Value) {
        let ack = client.ask("game:answer:submit", self.submission(player, question, answer)).await;
        is(ack, self.accepted(player, question));
    }

    /// Returns the newest tally of a question.
    pub fn tally(&self, question: usize, counts: Value) -> Value {
        json!([{"roomId": self.room, "questionId": self.question(question).id, "counts": counts}])
    }

    /// Returns the list of players as the room hears it.
    pub fn people(&self, participants: &[Value]) -> Value {
        json!([{"roomId": self.room, "participants": participants}])
    }

    /// Returns the ranking as the host sees it.
    pub async fn rankings(&mut self) -> Value {
        let mut answer = self.desk.ask("game:leaderboard:request", json!([{"roomId": self.room}])).await;
        assert_eq!(answer[0]["roomId"], json!(self.room), "{answer}");
        answer[0]["rankings"].take()
    }

    /// Returns where the game stands, over REST.
    pub async fn flow(&self) -> Value {
        self.host.get(&format!("/game-flows/{}/flow", self.room)).await
    }
}

/// Connects somebody with an account, and takes the greeting.
pub async fn connect(user: &User) -> Client {
    greeted(user.connect().await).await
}

/// Connects somebody without an account, and takes the greeting.
pub async fn guest(hub: &Hub) -> Client {
    greeted(Client::connect(hub.url("quiz"), json!({})).await).await
}

async fn greeted(mut client: Client) -> Client {
    let id = client.id.clone();
    client.hears("server:hello", json!([{"socketId": id, "serverTime": "<ms>"}])).await;
    client
}

/// What the host hears who comes back into his room.
pub fn host_joined(stage: &Stage, name: &str) -> Value {
    let player = json!({"playerId": stage.host.id, "displayName": name, "isHost": true, "score": 0, "joinedAt": "<ms>"});
    json!([{"roomId": stage.room, "player": player}])
}

/// A player as the room sees it.
pub fn participant(id: &str, score: u32, connected: bool) -> Value {
    json!({
        "playerId": id, "displayName": id, "isHost": false, "score": score, "joinedAt": "<ms>", "connected": connected
    })
}

/// What a player hears who has joined under his own name.
pub fn joined(room: &str, id: &str, score: u32) -> Value {
    let player = json!({"playerId": id, "displayName": id, "isHost": false, "score": score, "joinedAt": "<ms>"});
    json!([{"roomId": room, "player": player}])
}

/// A line of a ranking.
pub fn ranked(id: &str, score: u32, rank: u32, correct: u32, total: u32) -> Value {
    json!({
        "playerId": id, "displayName": id, "score": score, "rank": rank, "correctAnswers": correct, "totalAnswers": total
    })
}

/// A question as players see it.
pub fn shown(quiz: &Playable, at: usize) -> Value {
    let question = &quiz.questions[at];
    let answer = |(place, id): (usize, &String)| json!({"id": id, "text": format!("Answer {place}"), "imageUrl": null, "orderIndex": place});
    let answers: Vec<_> = question.answers.iter().enumerate().map(answer).collect();
    json!({
        "id": question.id, "index": at, "text": format!("Question {}", at + 1), "type": "multiple_choice", "imageUrl": null,
        "points": 1, "answeringTime": 30, "answers": answers
    })
}

/// The error that a socket hears, with its code and text.
pub fn error(code: &str, message: &str) -> Value {
    json!([{"error": code, "message": message, "requestId": "<id>"}])
}

/// The same object with another value.
pub fn with(mut object: Value, key: &str, value: Value) -> Value {
    object[key] = value;
    object
}

/// Checks a value as text, so that the order of keys counts; placeholders stand for what is well formed.
pub fn is(shown: Value, expected: Value) {
    assert_eq!(redact(shown, &expected).to_string(), expected.to_string());
}

/// Comes back into a room by an event, and checks what is heard: who one is, as in the acknowledgement, then the open question.
pub async fn comes_back(client: &mut Client, event: &str, sent: Value, joined: Value, started: Value) {
    let (heard, ack) = client.ask_and_hear(event, sent).await;
    is(ack.clone(), joined);
    let words: Vec<_> = heard.into_iter().filter(|(name, _)| !NEWS.contains(&name.as_str())).collect();
    assert_eq!(words, [("game:room:joined".to_owned(), ack), ("game:question:started".to_owned(), started)]);
}

/// Waits for news, unless it is among what the client has heard already.
pub async fn has_seen(client: &mut Client, heard: &[(String, Value)], name: &str, args: Value) {
    let is_told = |(heard, with): &(String, Value)| heard == name && redact(with.clone(), &args) == args;
    if !heard.iter().any(is_told) {
        client.sees(name, args).await;
    }
}

/// Waits until the millisecond is another one.
pub async fn later_than_now() {
    let now = now_ms();
    while now_ms() == now {
        tokio::task::yield_now().await;
    }
}

/// Asks over REST again and again until the answer is as wanted, and returns it.
pub async fn until(user: &User, path: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
    let mut looks = tokio::time::interval(LOOK_EVERY);
    let mut last = Value::Null;
    let wait = async {
        loop {
            looks.tick().await;
            last = user.get(path).await;
            if is_wanted(&last) {
                return;
            }
        }
    };
    let is_in_time = tokio::time::timeout(PATIENCE, wait).await.is_ok();
    assert!(is_in_time, "{path} stays {last}");
    last
}

/// Returns this machine's time.
pub fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock after 1970");
    i64::try_from(since.as_millis()).expect("a clock before the year 292 million")
}

/// What a test listens for.
pub trait Ears {
    /// Returns the next event that is no news.
    async fn next_word(&mut self) -> (String, Value);
    /// Checks the next event that is no news.
    async fn hears(&mut self, name: &str, args: Value);
    /// Waits for an event with exactly these arguments; others before it are passed over.
    async fn sees(&mut self, name: &str, args: Value);
    /// Checks that nothing but news has come: asks, and the answer is the next event.
    async fn is_silent(&mut self);
    /// Emits, and checks the error that follows: the event, and the acknowledgement that was asked for.
    async fn is_refused(&mut self, name: &str, args: Value, code: &str, message: &str);
}

impl Ears for Client {
    async fn next_word(&mut self) -> (String, Value) {
        loop {
            let (name, args) = self.next().await;
            if !NEWS.contains(&name.as_str()) {
                return (name, args);
            }
        }
    }

    async fn hears(&mut self, name: &str, args: Value) {
        let (heard, with) = self.next_word().await;
        assert_eq!((heard.as_str(), redact(with, &args).to_string()), (name, args.to_string()));
    }

    async fn sees(&mut self, name: &str, args: Value) {
        let wanted = args.to_string();
        // As text, so that the order of keys counts.
        let is_wanted = |seen: &Value| {
            let seen = redact(seen.clone(), &args).to_string();
            seen == wanted
        };
        self.wait_until(name, is_wanted).await;
    }

    async fn is_silent(&mut self) {
        self.emit("connection:heartbeat", json!([{"socketId": "x"}])).await;
        self.hears("connection:heartbeat:ack", json!([{"timestamp": "<ms>"}])).await;
    }

    async fn is_refused(&mut self, name: &str, args: Value, code: &str, message: &str) {
        let expected = error(code, message);
        self.emit(name, args.clone()).await;
        let (heard, with) = self.next_word().await;
        let seen = (heard.as_str(), redact(with, &expected).to_string());
        assert_eq!(seen, ("error", expected.to_string()), "`{name}` with {args}");
        let (heard, ack) = self.ask_and_hear(name, args.clone()).await;
        let words: Vec<_> = heard.into_iter().filter(|(name, _)| !NEWS.contains(&name.as_str())).collect();
        assert_eq!(words, [("error".to_owned(), ack.clone())], "`{name}` with {args}");
        assert_eq!(redact(ack, &expected), expected, "`{name}` with {args}");
    }
}
