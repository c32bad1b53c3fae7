//! The rules of a room.

mod answers;
mod life;
mod properties;
mod stored;

use super::change::Change;
use super::score::Bonuses;
use super::script::{Choice, Question, QuestionKind};
use super::state::{Accepted, By, Game, Refusal, Settings, State};
use crate::kit::clock::Timestamp;
use crate::kit::ids::SocketId;

pub const NOON: Timestamp = Timestamp(1_770_379_200_000);
pub const HOST: &str = "host-user";
pub const MOST: u32 = 400;

pub fn question(id: &str, points: u32) -> Question {
    let choice = |(at, text): (i64, &str)| Choice {
        id: format!("{id}-{}", text.to_lowercase()),
        text: text.into(),
        image_url: None,
        order_index: at,
        is_correct: at == 1,
    };
    Question {
        id: id.into(),
        text: format!("Question {id}?"),
        kind: QuestionKind::MultipleChoice,
        image_url: None,
        points,
        answering_time_secs: 30,
        choices: (0..).zip(["Red", "Green", "Blue"]).map(choice).collect(),
    }
}

pub fn game() -> Game {
    Game {
        host: HOST.into(),
        title: "Friday".into(),
        code: "123456".into(),
        quiz_set_id: Some("quiz-1".into()),
        settings: Settings { bonuses: Bonuses::default(), show_correct_answer: true, max_players: 400 },
        script: vec![question("q1", 10), question("q2", 100), question("q3", 1)],
        created_at: NOON,
    }
}

pub fn room() -> State {
    State::create(game(), socket("host"), 1)
}

pub fn socket(id: &str) -> SocketId {
    SocketId::new(id)
}

/// A room and who is in it, by the short names of their sockets.
pub struct Scene {
    pub state: State,
    pub now: Timestamp,
    pub log: Vec<Change>,
}

impl Scene {
    pub fn of(game: Game) -> Self {
        Self { state: State::create(game, socket("host"), 1), now: NOON, log: Vec::new() }
    }

    pub fn new() -> Self {
        Self::of(game())
    }

    /// Returns a room in which these players have joined, each over a socket of his own name.
    pub fn with(players: &[&str]) -> Self {
        let mut scene = Self::new();
        for player in players {
            scene.join(player, player).unwrap();
        }
        scene
    }

    pub fn note(&mut self, change: Result<Change, Refusal>) -> Result<(), Refusal> {
        self.log.push(change?);
        Ok(())
    }

    pub fn join(&mut self, from: &str, player: &str) -> Result<(), Refusal> {
        self.join_as(None, from, player)
    }

    pub fn join_as(&mut self, user: Option<&str>, from: &str, player: &str) -> Result<(), Refusal> {
        let socket = socket(from);
        let joined = self.state.join(By { user, socket: Some(&socket) }, player, &player.to_uppercase(), MOST, self.now);
        self.note(joined)
    }

    pub fn leave(&mut self, from: &str, player: &str) -> Result<(), Refusal> {
        let left = self.state.leave(By { user: None, socket: Some(&socket(from)) }, player, self.now);
        self.note(left)
    }

    pub fn drop(&mut self, from: &str) {
        let dropped = self.state.dropped(&socket(from), self.now);
        self.log.extend(dropped);
    }

    pub fn reconnect(&mut self, from: &str, previous: &str, player: &str) -> Result<(), Refusal> {
        let bound = self.state.reconnect(By { user: None, socket: Some(&socket(from)) }, previous, player, self.now);
        self.note(bound)
    }

    pub fn start(&mut self, question: &str, open_ms: i64) -> Result<(), Refusal> {
        let started = self.state.start(host(), question, self.now, self.now.plus(open_ms), self.now);
        self.note(started)
    }

    pub fn next(&mut self, question: &str) -> Result<(), Refusal> {
        let changed = self.state.next(host(), question, self.now);
        self.note(changed)
    }

    pub fn submit(&mut self, from: &str, player: &str, question: &str, answer: &str) -> Result<(), Refusal> {
        let by = By { user: None, socket: Some(&socket(from)) };
        let accepted = self.state.submit(by, player, question, answer, self.now);
        self.note(accepted.map(|Accepted { change, .. }| change))
    }

    pub fn counts(&self) -> Vec<(String, u32)> {
        let (_, asked) = self.state.current().unwrap();
        asked.tally.counts().map(|(answer, count)| (answer.to_owned(), count)).collect()
    }

    pub fn score(&self, player: &str) -> u32 {
        self.state.players().find(player).unwrap().1.score
    }

    pub fn names(&self) -> Vec<String> {
        let name = |player: &super::players::Player| {
            let mark = if player.is_connected { "" } else { " away" };
            format!("{}{mark}", player.id)
        };
        self.state.participants().into_iter().map(name).collect()
    }
}

pub fn host() -> By<'static> {
    By { user: Some(HOST), socket: None }
}
