//! Connection state recovery in a game (`quiz.recovery`): a player whose connection breaks is himself again under his old id, hears what he
//! missed, and has lost no point.

use serde_json::{Value, json};

use super::stage::{is, joined, now_ms, ranked, shown, with};
use crate::harness::hub::Hub;
use crate::harness::quiz::{Playable, UNLIMITED, User};
use crate::harness::socket::Client;

/// Returns an event's arguments without the offset, and the offset.
fn split(args: &Value) -> (Value, String) {
    let mut args = args.as_array().expect("arguments").clone();
    let offset = args.pop().expect("one more argument");
    (Value::Array(args), offset.as_str().expect("an offset is a text").to_owned())
}

/// A hub that recovers, a host with a room, and his quiz.
struct Scene {
    hub: Hub,
    host: User,
    quiz: Playable,
    desk: Client,
    room: String,
    code: String,
}

impl Scene {
    async fn set() -> Self {
        let hub = Hub::start(&[UNLIMITED, ("QUIZ__RECOVERY", "true")]).await;
        let host = User::register(hub.url("quiz"), "host").await;
        let quiz = host.playable_quiz(3, json!({})).await;
        let mut desk = host.connect().await;
        let create = json!([{"hostId": host.id, "title": "T", "settings": {"quizSetId": quiz.id}}]);
        let created = desk.ask("game:host:create", create).await;
        let text = |key: &str| created[0][key].as_str().expect("a text").to_owned();
        Self { room: text("roomId"), code: text("code"), hub, host, quiz, desk }
    }

    async fn start(&mut self, at: usize) -> Value {
        let ends_at = now_ms() + 600_000;
        let id = &self.quiz.questions[at].id;
        let start = json!([{"roomId": self.room, "questionId": id, "startsAt": ends_at - 600_000, "endsAt": ends_at}]);
        self.desk.ask("game:flow:start", start).await;
        json!([{"roomId": self.room, "question": shown(&self.quiz, at), "endsAt": ends_at}])
    }

    async fn join(&self, auth: Value) -> Client {
        let mut player = Client::connect(self.hub.url("quiz"), auth).await;
        let join = json!([{"roomCode": self.code, "playerId": "p1", "displayName": "p1"}]);
        is(player.ask("game:room:join", join).await, joined(&self.room, "p1", 0));
        player
    }

    async fn answer(&self, player: &mut Client, at: usize) -> Value {
        let question = &self.quiz.questions[at].id;
        let submission = json!([{"roomId": self.room, "playerId": "p1", "questionId": question, "answer": 0}]);
        player.ask("game:answer:submit", submission).await
    }

    async fn rankings(&mut self) -> Value {
        self.desk.ask("game:leaderboard:request", json!([{"roomId": self.room}])).await[0]["rankings"].take()
    }
}

#[tokio::test]
async fn a_player_comes_back_with_what_he_missed_and_answers_on() {
    let mut scene = Scene::set().await;
    let account = User::register(scene.hub.url("quiz"), "player").await;
    for auth in [json!({}), json!({"token": account.token})] {
        let mut player = scene.join(auth.clone()).await;
        for at in 0..3 {
            let asked = scene.start(at).await;
            let (question, offset) = split(&player.wait_for("game:question:started").await);
            assert_eq!(question.to_string(), asked.to_string());
            let (id, private_id) = (player.id.clone(), player.private_id.clone());
            drop(player);
            scene.desk.ask("game:flow:end", json!([{"roomId": scene.room}])).await;
            let missed = scene.start(at).await;
            let claim = with(with(auth.clone(), "pid", json!(private_id)), "offset", json!(offset));
            player = Client::connect(scene.hub.url("quiz"), claim).await;
            assert_eq!((&player.id, &player.private_id), (&id, &private_id), "question {at}");
            let (ended, _) = split(&player.wait_for("game:question:ended").await);
            assert_eq!(ended, json!([{"roomId": scene.room, "questionId": scene.quiz.questions[at].id}]));
            let (question, _) = split(&player.wait_for("game:question:started").await);
            assert_eq!(question.to_string(), missed.to_string());
            // He need not join again: his answer counts, once.
            assert!(scene.answer(&mut player, at).await[0]["submittedAt"].is_string());
            assert_eq!(scene.answer(&mut player, at).await[0]["message"], "already answered");
        }
        assert_eq!(scene.rankings().await, json!([ranked("p1", 3, 1, 3, 3)]));
        player.ask("game:room:leave", json!([{"roomId": scene.room, "playerId": "p1"}])).await;
        // Another room for the next one.
        let create = json!([{"hostId": scene.host.id, "title": "T", "settings": {"quizSetId": scene.quiz.id}}]);
        let created = scene.desk.ask("game:host:create", create).await;
        let text = |key: &str| created[0][key].as_str().expect("a text").to_owned();
        (scene.room, scene.code) = (text("roomId"), text("code"));
    }
    scene.hub.stop().await;
}

#[tokio::test]
async fn a_stranger_does_not_get_a_players_place() {
    let mut scene = Scene::set().await;
    let account = User::register(scene.hub.url("quiz"), "player").await;
    let mut player = scene.join(json!({"token": account.token})).await;
    scene.start(0).await;
    let (_, offset) = split(&player.wait_for("game:question:started").await);
    for auth in [json!({}), json!({"token": scene.host.token})] {
        let claim = json!({"pid": player.private_id, "offset": offset, "token": auth["token"]});
        let mut other = Client::connect(scene.hub.url("quiz"), claim).await;
        assert_ne!((&other.id, &other.private_id), (&player.id, &player.private_id), "{auth}");
        assert_eq!(scene.answer(&mut other, 0).await[0]["error"], "forbidden", "{auth}");
    }
    assert!(scene.answer(&mut player, 0).await[0]["submittedAt"].is_string());
    scene.hub.stop().await;
}
