//! A short game through `rust_socketio`: a host with an account, three guests, one question.

use hubbub_rust_client_tests::{Client, Server, is_peer, redact, transports};
use reqwest::Method;
use rust_socketio::TransportType;
use serde_json::{Value, json};

const TITLE: &str = "Friday quiz";
const PLAYERS: [&str; 3] = ["ann", "ben", "cem"];

/// An account on a server, and its quiz of one question.
struct Quiz {
    server: Server,
    account: Value,
    token: String,
    set: Value,
    question: Value,
}

impl Quiz {
    async fn authored() -> Self {
        let mut quiz = Self {
            server: Server::start("quiz").await,
            account: Value::Null,
            token: String::new(),
            set: Value::Null,
            question: Value::Null,
        };
        let credentials = json!({ "email": "host@example.com", "password": "correct horse" });
        let mut registered = quiz.call(Method::POST, "/auth/register", credentials).await;
        quiz.account = registered["user"]["id"].take();
        quiz.token = registered["session"]["access_token"].as_str().expect("a token").to_owned();
        quiz.set = quiz.call(Method::POST, "/quiz", json!({ "title": TITLE })).await["id"].take();
        let question = json!({
            "question_text": "Is it?", "question_type": "true_false", "points": 7,
            "answers": [{ "answer_text": "Yes", "is_correct": true }, { "answer_text": "No", "is_correct": false }],
        });
        quiz.question = quiz.call(Method::POST, &format!("/quiz/{}/questions", text(&quiz.set)), question).await;
        quiz
    }

    async fn call(&self, method: Method, path: &str, body: Value) -> Value {
        let request = reqwest::Client::new().request(method, format!("{}{path}", self.server.url("quiz"))).json(&body);
        let answer = request.bearer_auth(&self.token).send().await.expect("an answer");
        let status = answer.status();
        let body = answer.json().await.expect("a JSON body");
        assert!(status.is_success(), "{path}: {status} {body}");
        body
    }

    async fn connect(&self, transport: &TransportType, auth: Value) -> Client {
        let client = Client::connect(self.server.url("quiz"), "/", transport.clone(), auth).await;
        let hello = client.next("server:hello").await;
        assert!(hello[0]["socketId"].is_string() && hello[0]["serverTime"].is_u64(), "{hello:?}");
        client
    }

    fn shown(&self) -> Value {
        let answers = self.question["answers"].as_array().expect("answers").iter().enumerate();
        let answers: Vec<Value> = answers
            .map(|(at, answer)| json!({ "id": answer["id"], "text": answer["answer_text"], "imageUrl": null, "orderIndex": at }))
            .collect();
        json!({
            "id": self.question["id"], "index": 0, "text": "Is it?", "type": "true_false", "imageUrl": null,
            "points": 7, "answeringTime": 30, "answers": answers,
        })
    }
}

/// A room with its host and its players, who have joined.
struct Game<'q> {
    quiz: &'q Quiz,
    host: Client,
    players: Vec<Client>,
    room: Value,
}

impl<'q> Game<'q> {
    async fn assembled(quiz: &'q Quiz, transport: &TransportType) -> Self {
        let host = quiz.connect(transport, json!({ "token": quiz.token })).await;
        let settings = json!({ "quizSetId": quiz.set, "streakBonus": true });
        let wanted = json!({ "hostId": quiz.account, "title": TITLE, "settings": settings });
        let created = host.ask("game:host:create", vec![wanted]).await[0].take();
        assert_eq!(host.next("game:room:created").await, [created.clone()]);
        let mut game = Self { quiz, host, players: Vec::new(), room: created["roomId"].clone() };
        for player in PLAYERS {
            let client = game.quiz.connect(transport, json!({})).await;
            let wanted = json!({ "roomCode": created["code"], "playerId": player, "displayName": player });
            let joined = client.ask("game:room:join", vec![wanted]).await[0].take();
            assert_eq!(client.next("game:room:joined").await, [joined.clone()]);
            let summary = json!({ "playerId": player, "displayName": player, "isHost": false, "score": 0, "joinedAt": null });
            assert_eq!(without_time(joined), json!({ "roomId": game.room, "player": summary }));
            game.players.push(client);
        }
        game
    }

    fn everyone(&self) -> impl Iterator<Item = &Client> {
        self.players.iter().chain([&self.host])
    }

    /// Waits until everybody was told this.
    async fn hears(&self, name: &str, body: &Value) {
        for client in self.everyone() {
            assert_eq!(client.next(name).await, [body.clone()]);
        }
    }

    /// A player answers, and is told that it counts.
    async fn answer(&self, player: usize, answer: Value) {
        let client = &self.players[player];
        let mut accepted = json!({ "roomId": self.room, "playerId": PLAYERS[player], "questionId": self.quiz.question["id"] });
        let mut wanted = accepted.clone();
        wanted["answer"] = answer;
        accepted["submittedAt"] = json!("<time>");
        client.emit("game:answer:submit", vec![wanted]).await;
        assert_eq!(redact(&client.next("game:answer:accepted").await[0]), accepted);
    }

    /// A guest cannot end a question, and is told so twice: as an event and as the acknowledgement.
    async fn is_the_hosts_alone(&self) {
        let mut refused = self.players[0].ask("game:flow:end", vec![json!({ "roomId": self.room })]).await;
        assert_eq!(self.players[0].next("error").await, [refused[0].clone()]);
        assert!(refused[0]["requestId"].take().is_string());
        let expected = json!([{ "error": "unauthorized", "message": "Authentication required", "requestId": null }]);
        assert_eq!(refused, expected);
    }

    async fn close(self) {
        for client in self.players {
            client.close().await;
        }
        self.host.close().await;
    }
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// Takes the time of joining out of a player's summary.
fn without_time(mut body: Value) -> Value {
    assert!(body["player"]["joinedAt"].take().is_u64(), "{body}");
    body
}

fn place(player: &str, score: u32, rank: u32, correct: u32) -> Value {
    json!({
        "playerId": player, "displayName": player, "score": score, "rank": rank, "correctAnswers": correct, "totalAnswers": 1,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_asked_answered_counted_and_scored() {
    if is_peer() {
        return;
    }
    let quiz = Quiz::authored().await;
    for (name, transport) in transports() {
        let game = Game::assembled(&quiz, &transport).await;
        let (host, room, question) = (&game.host, &game.room, &quiz.question["id"]);
        host.emit("game:flow:next", vec![json!({ "roomId": room, "nextQuestionId": question })]).await;
        game.hears("game:question:changed", &json!({ "roomId": room, "question": quiz.shown() })).await;
        game.answer(0, json!(0)).await;
        game.answer(1, json!("Yes")).await;
        game.answer(2, json!("No")).await;
        let counts = json!({ "0": 1, "No": 1, "Yes": 1 });
        for client in game.everyone() {
            client.sees("game:answer:stats:update", &[json!({ "roomId": room, "questionId": question, "counts": counts })]).await;
        }
        game.is_the_hosts_alone().await;
        host.emit("game:flow:end", vec![json!({ "roomId": room })]).await;
        game.hears("game:question:ended", &json!({ "roomId": room, "questionId": question })).await;
        // Seven points and a tenth of them for a streak of one, rounded.
        let rankings = json!([place("ann", 8, 1, 1), place("ben", 8, 1, 1), place("cem", 0, 3, 0)]);
        let board = json!({ "roomId": room, "rankings": rankings });
        let asked = game.players[2].ask("game:leaderboard:request", vec![json!({ "roomId": room })]).await;
        assert_eq!(asked, json!([board]), "{name}");
        assert_eq!(game.players[2].next("game:leaderboard:update").await, [board], "{name}");
        game.close().await;
    }
    quiz.server.stop().await;
}
