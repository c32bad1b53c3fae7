//! The rules of a room.

mod answers;
mod flows;
mod life;
mod play;
mod properties;
mod room;
mod stored;
mod world;

use hubbub_protocol::quiz::questions::QuestionType;
use hubbub_protocol::quiz::{AnswerId, FlowId, PlayerId, QuestionId, QuestionRef, QuizId, RoomCode};

use super::change::Change;
use super::score::Bonuses;
use super::script::{Choice, Question};
use super::state::{By, Game, Refusal, Settings, State};
use crate::kit::clock::Timestamp;
use crate::kit::ids::SocketId;

pub const NOON: Timestamp = Timestamp(1_770_379_200_000);
pub const HOST: &str = "host-user";
pub const MOST: u32 = 400;

/// Returns the id of a question of the script (`q1`), or of one that nobody knows.
pub fn asked(name: &str) -> QuestionRef {
    match name.strip_prefix('q').and_then(|number| number.parse().ok()) {
        Some(number @ 1..=3) => QuestionId::random([number; 16]).into(),
        _ => QuestionRef::try_from(name.to_owned()).unwrap(),
    }
}

/// Returns the id of a choice of a question.
pub fn choice(question: u8, at: u8) -> AnswerId {
    AnswerId::random([question * 16 + at; 16])
}

pub fn question(number: u8, points: u32) -> Question {
    let choice = |(at, text): (u8, &str)| Choice {
        id: choice(number, at),
        text: text.into(),
        image_url: None,
        order_index: u32::from(at),
        is_correct: at == 1,
    };
    Question {
        id: QuestionId::random([number; 16]),
        text: format!("Question {number}?"),
        kind: QuestionType::MultipleChoice,
        image_url: None,
        points,
        answering_time_secs: 30,
        choices: (0..).zip(["Red", "Green", "Blue"]).map(choice).collect(),
    }
}

pub fn game() -> Game {
    Game {
        flow_id: FlowId::random([6; 16]),
        host: HOST.into(),
        title: "Friday".into(),
        code: RoomCode::parse("123456").unwrap(),
        quiz_set_id: Some(QuizId::random([7; 16])),
        settings: Settings { bonuses: Bonuses::default(), show_correct_answer: true, max_players: 400 },
        script: vec![question(1, 10), question(2, 100), question(3, 1)],
        created_at: NOON,
    }
}

pub fn room() -> State {
    State::create(game(), socket("host"), 1)
}

pub fn player_id(id: &str) -> PlayerId {
    PlayerId::try_from(id.to_owned()).unwrap()
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
        let joined =
            self.state.join(By { user, socket: Some(&socket) }, &player_id(player), &player.to_uppercase(), MOST, self.now);
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
        let started = self.state.start(host(), &asked(question), self.now, self.now.plus(open_ms), self.now);
        self.note(started)
    }

    pub fn next(&mut self, question: &str) -> Result<(), Refusal> {
        let changed = self.state.next(host(), &asked(question), self.now);
        self.note(changed)
    }

    pub fn submit(&mut self, from: &str, player: &str, question: &str, answer: &str) -> Result<(), Refusal> {
        let by = By { user: None, socket: Some(&socket(from)) };
        let accepted = self.state.submit(by, player, &asked(question), answer, self.now);
        self.note(accepted)
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
