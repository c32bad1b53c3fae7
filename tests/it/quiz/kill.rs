//! `kill -9` in the middle of a question, again and again: every accepted answer counts, exactly once, and no other.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::stage::{Ears, now_ms};
use crate::harness::noise::Noise;
use crate::harness::process::Served;
use crate::harness::quiz::{Playable, User};
use crate::harness::socket::Client;

const ROUNDS: usize = 10;
const PLAYERS: usize = 200;
/// So many players answer at the same time, each after another one's answer was accepted.
const CHAINS: usize = 8;
const SETTINGS: &[(&str, &str)] = &[("LIMITS__SCALE", "0"), ("LOG__LEVEL", "info"), ("REALTIME__MAX_CONNECTIONS", "1000")];

/// One player, what he has answered in all rounds so far, and whether he was told that the present one counts.
struct Player {
    number: usize,
    client: Client,
    correct: u64,
    is_accepted: bool,
}

impl Player {
    fn id(&self) -> String {
        format!("p{:03}", self.number)
    }
}

/// How many answers of the present round were accepted.
#[derive(Default)]
struct Ledger {
    accepted: AtomicUsize,
    changed: Notify,
}

impl Ledger {
    fn accept(&self) {
        self.accepted.fetch_add(1, Ordering::SeqCst);
        self.changed.notify_one();
    }

    async fn until(&self, count: usize) {
        while self.accepted.load(Ordering::SeqCst) < count {
            self.changed.notified().await;
        }
    }
}

/// The game, whichever process serves it.
struct Game {
    hub: Served,
    host: User,
    quiz: Arc<Playable>,
    desk: Client,
    room: Arc<str>,
    code: Arc<str>,
}

impl Game {
    async fn open() -> Self {
        let hub = Served::start(SETTINGS);
        let host = User::register(hub.url("quiz"), "host").await;
        let quiz = Arc::new(host.playable_quiz(ROUNDS, json!({})).await);
        let mut desk = host.connect().await;
        let create = json!([{"hostId": host.id, "title": "T", "settings": {"quizSetId": quiz.id}}]);
        let created = desk.ask("game:host:create", create).await;
        let text = |key: &str| created[0][key].as_str().unwrap_or_else(|| panic!("no {key} in {created}")).into();
        Self { room: text("roomId"), code: text("code"), hub, host, quiz, desk }
    }

    async fn start(&mut self, round: usize) {
        let ends_at = now_ms() + 600_000;
        let id = &self.quiz.questions[round].id;
        let start = json!([{"roomId": &*self.room, "questionId": id, "startsAt": ends_at - 600_000, "endsAt": ends_at}]);
        let started = self.desk.ask("game:flow:start", start).await;
        assert_eq!(started[0]["endsAt"], json!(ends_at), "{started}");
    }

    /// Kills the process and starts another one, which the host comes back to.
    async fn kill(self) -> Self {
        let Self { hub, host, quiz, room, code, .. } = self;
        let hub = Served::start_on(hub.kill(), SETTINGS);
        let host = host.at(hub.url("quiz"));
        let mut desk = host.connect().await;
        let back = json!([{"previousSocketId": "gone", "newSocketId": desk.id, "roomId": &*room}]);
        assert_eq!(desk.ask("connection:reconnect", back).await[0]["player"]["isHost"], true);
        Self { hub, host, quiz, desk, room, code }
    }

    async fn join(&self, number: usize) -> Player {
        let client = Client::connect(self.hub.url("quiz"), json!({})).await;
        let mut player = Player { number, client, correct: 0, is_accepted: false };
        let join = json!([{"roomCode": &*self.code, "playerId": player.id(), "displayName": player.id()}]);
        assert_eq!(player.client.ask("game:room:join", join).await[0]["player"]["playerId"], json!(player.id()));
        player
    }

    /// Brings a player back over another socket: by joining again, or by naming the former one.
    async fn bring_back(&self, player: &mut Player) {
        let previous = player.client.id.clone();
        player.client = Client::connect(self.hub.url("quiz"), json!({})).await;
        let (id, new) = (player.id(), player.client.id.clone());
        let (event, sent) = if player.number.is_multiple_of(2) {
            ("game:room:join", json!([{"roomCode": &*self.code, "playerId": id, "displayName": id}]))
        } else {
            let socket = json!({"previousSocketId": previous, "newSocketId": new, "roomId": &*self.room, "playerId": id});
            ("connection:reconnect", json!([socket]))
        };
        let joined = player.client.ask(event, sent).await;
        assert_eq!(joined[0]["player"]["score"], json!(player.correct), "{joined}");
    }

    /// Returns how many answers of each player count, by their numbers; checks that their scores are what they earned.
    async fn answers(&mut self) -> Vec<(u64, u64)> {
        let mut ack = self.desk.ask("game:leaderboard:request", json!([{"roomId": &*self.room}])).await;
        let Value::Array(mut lines) = ack[0]["rankings"].take() else { panic!("no rankings in {ack}") };
        lines.sort_by_key(|line| line["playerId"].as_str().map(str::to_owned));
        let number = |line: &Value, key: &str| line[key].as_u64().expect("a number");
        for line in &lines {
            assert_eq!(number(line, "score"), number(line, "correctAnswers"), "{line}");
        }
        lines.iter().map(|line| (number(line, "totalAnswers"), number(line, "correctAnswers"))).collect()
    }
}

/// Returns what a player sends to answer.
fn submission(room: &str, quiz: &Playable, player: &Player, round: usize, answer: usize) -> Value {
    json!([{"roomId": room, "playerId": player.id(), "questionId": quiz.questions[round].id, "answer": answer}])
}

/// What a player answers before the hub dies; the first choice is correct.
fn first_answer(number: usize) -> usize {
    number % 4
}

/// What he answers when he is asked again.
fn second_answer(number: usize) -> usize {
    (number + 1) % 4
}

#[tokio::test]
async fn every_accepted_answer_counts_exactly_once_after_a_kill() {
    let mut noise = Noise::new(4);
    let mut game = Game::open().await;
    let mut players = join_all((0..PLAYERS).map(|number| game.join(number))).await;
    for round in 0..ROUNDS {
        game.start(round).await;
        let ledger = Arc::new(Ledger::default());
        let mut chains: Vec<Vec<Player>> = (0..CHAINS).map(|_| Vec::new()).collect();
        for player in players {
            chains[player.number % CHAINS].push(player);
        }
        let answering: Vec<_> = chains
            .into_iter()
            .map(|chain| {
                tokio::spawn(answer_in_turn(chain, Arc::clone(&game.room), Arc::clone(&game.quiz), round, Arc::clone(&ledger)))
            })
            .collect();
        let kill_at = 1 + noise.below(PLAYERS - CHAINS);
        tokio::time::timeout(Duration::from_secs(30), ledger.until(kill_at)).await.expect("answers are accepted");
        game = game.kill().await;
        players = Vec::new();
        for chain in answering {
            players.extend(chain.await.expect("a player sees only acceptances and the end"));
        }
        players.sort_by_key(|player| player.number);
        check_round(&mut game, &mut players, round).await;
    }
    let log = game.hub.log();
    let complaints: Vec<&str> = log.lines().filter(|line| line.contains("ERROR") || line.contains("WARN")).collect();
    assert_eq!(complaints, Vec::<&str>::new());
}

/// Has players answer one after another until the hub is gone.
async fn answer_in_turn(
    mut chain: Vec<Player>,
    room: Arc<str>,
    quiz: Arc<Playable>,
    round: usize,
    ledger: Arc<Ledger>,
) -> Vec<Player> {
    for player in &mut chain {
        player.is_accepted = false;
    }
    for player in &mut chain {
        let sent = submission(&room, &quiz, player, round, first_answer(player.number));
        let Some(ack) = player.client.try_ask("game:answer:submit", sent).await else { break };
        assert!(ack[0]["submittedAt"].is_string(), "round {round}, {}: {ack}", player.id());
        player.is_accepted = true;
        ledger.accept();
    }
    chain
}

/// Compares what the hub kept with what it accepted, has everyone answer again, and compares what counts in the end.
async fn check_round(game: &mut Game, players: &mut [Player], round: usize) {
    let before = u64::try_from(round).expect("small");
    let kept: Vec<bool> = game.answers().await.into_iter().map(|(total, _)| total > before).collect();
    for (player, is_kept) in players.iter_mut().zip(&kept) {
        assert!(*is_kept || !player.is_accepted, "round {round}: the answer of {} is lost", player.id());
        player.correct += u64::from(*is_kept && first_answer(player.number) == 0);
    }
    let in_flight = players.iter().zip(&kept).filter(|(player, is_kept)| **is_kept && !player.is_accepted).count();
    assert!(in_flight <= CHAINS, "round {round}: {in_flight} answers count that nobody sent");
    let mut counts = [0_u64; 4];
    let outcomes = join_all(players.iter_mut().zip(&kept).map(|(player, is_kept)| {
        let game = &*game;
        async move {
            game.bring_back(player).await;
            let sent = submission(&game.room, &game.quiz, player, round, second_answer(player.number));
            let ack = player.client.ask("game:answer:submit", sent).await;
            if *is_kept {
                assert_eq!(ack[0]["message"], "already answered", "round {round}, {}", player.id());
                return first_answer(player.number);
            }
            assert!(ack[0]["submittedAt"].is_string(), "round {round}, {}: {ack}", player.id());
            player.correct += u64::from(second_answer(player.number) == 0);
            second_answer(player.number)
        }
    }))
    .await;
    outcomes.into_iter().for_each(|answer| counts[answer] += 1);
    // The end of a question tells its tally if it was not told yet. The desk has read nothing since the first of these answers.
    game.desk.emit("game:flow:end", json!([{"roomId": &*game.room}])).await;
    let counts: serde_json::Map<_, _> =
        (0..4).map(|at| (at.to_string(), json!(counts[at]))).filter(|(_, count)| *count != 0).collect();
    let tally = json!([{"roomId": &*game.room, "questionId": game.quiz.questions[round].id, "counts": counts}]);
    game.desk.sees("game:answer:stats:update", tally).await;
    let expected: Vec<(u64, u64)> = players.iter().map(|player| (before + 1, player.correct)).collect();
    assert_eq!(game.answers().await, expected, "round {round}");
}
