//! The answer tally of a hall: 10,000 players answer one question. The rule alone, what is written, and the whole way of the event.

use std::hint::black_box;
use std::sync::Arc;

use bytes::BytesMut;
use criterion::{BatchSize, Criterion, Throughput};
use futures_util::future::join_all;
use hubbub_actors::kit::ask::{Ask, ask};
use hubbub_actors::kit::caller::Caller;
use hubbub_actors::kit::clock::Timestamp;
use hubbub_actors::kit::deps::{Deps, DepsBuilder};
use hubbub_actors::kit::emit::Emitter;
use hubbub_actors::kit::ids::SocketId;
use hubbub_actors::kit::outbox::{Outbox, OutboxPolicy};
use hubbub_actors::quiz::presence::Origin;
use hubbub_actors::quiz::room::log::Log;
use hubbub_actors::quiz::room::score::Bonuses;
use hubbub_actors::quiz::room::state::{By, Game, Settings, State};
use hubbub_actors::quiz::{Wiring, connected};
use hubbub_protocol::quiz::rooms::{CreateRoom, GameSettings, JoinRoom, RoomCreated, StartQuestion, SubmitAnswer, Submitted};
use hubbub_protocol::quiz::{FlowId, PlayerId, QuestionRef, RoomCode, RoomId};
use hubbub_protocol::wire::message::Dialect;

use crate::outbox::empty;

const PLAYERS: usize = 10_000;
const HOST: &str = "host";
const NOW: Timestamp = Timestamp(1_770_379_200_000);

pub fn benches(criterion: &mut Criterion) {
    rule(criterion);
    actors(criterion);
}

fn rule(criterion: &mut Criterion) {
    let players: Vec<(PlayerId, SocketId)> = (0..PLAYERS).map(|number| (player_id(number), socket(number))).collect();
    let (question, id) = (question(0), RoomId::random([0; 16]));
    let room = hall(&players, &question);
    let mut group = criterion.benchmark_group("answer tally");
    group.throughput(Throughput::Elements(PLAYERS as u64));
    group.bench_function("the rule, 10,000 players", |bencher| {
        let answer_all = |room: &mut State| {
            for (number, (player, socket)) in players.iter().enumerate() {
                let accepted = room.submit(from(socket), player.as_str(), &question, answer(number), NOW);
                black_box(accepted.expect("the first answer of this player"));
            }
        };
        bencher.iter_batched_ref(|| room.clone(), answer_all, BatchSize::PerIteration);
    });
    group.bench_function("what is written of 10,000 answers", |bencher| {
        let log_all = || {
            let (mut room, mut log) = (room.clone(), Log::default());
            for (number, (player, socket)) in players.iter().enumerate() {
                let accepted = room.submit(from(socket), player.as_str(), &question, answer(number), NOW);
                log.push(accepted.expect("the first answer of this player"));
            }
            (room, log)
        };
        bencher.iter_batched(log_all, |(room, mut log)| log.take(&id, &room), BatchSize::PerIteration);
    });
    group.bench_function("a ranking of 10,000 who are equal", |bencher| bencher.iter(|| black_box(&room).ranking().len()));
    group.finish();
}

fn hall(players: &[(PlayerId, SocketId)], question: &QuestionRef) -> State {
    let most = u32::try_from(PLAYERS).expect("a small number");
    let settings = Settings { bonuses: Bonuses { time: true, streak: true }, show_correct_answer: false, max_players: most };
    let code = RoomCode::parse("123456").expect("six digits");
    let (host, title) = (HOST.to_owned(), "Hall".to_owned());
    let game = Game {
        flow_id: FlowId::random([6; 16]),
        host,
        title,
        code,
        quiz_set_id: None,
        settings,
        script: Vec::new(),
        created_at: NOW,
    };
    let mut room = State::create(game, SocketId::new(HOST), 1);
    for (player, socket) in players {
        room.join(from(socket), player, "A player", most, NOW).expect("there is room");
    }
    let host = By { user: Some(HOST), socket: None };
    room.start(host, question, NOW, NOW.plus(60_000), NOW).expect("the host may");
    room
}

/// Everyone answers at once, and all wait until that is on disk.
fn actors(criterion: &mut Criterion) {
    let system = actix_rt::System::new();
    let (_dir, store) = crate::store();
    let mut hall = system.block_on(Hall::start(Deps::builder().start_arbiters(2).snapshots(store)));
    let mut buffer = BytesMut::new();
    let mut group = criterion.benchmark_group("answer tally");
    group.throughput(Throughput::Elements(PLAYERS as u64)).sample_size(10);
    group.bench_function("through the actors and onto the disk, 10,000 players", |bencher| {
        bencher.iter(|| {
            assert_eq!(system.block_on(hall.answer_all()), PLAYERS);
            hall.outboxes.iter().for_each(|outbox| empty(outbox, &mut buffer));
        });
    });
    group.finish();
    system.block_on(hall.deps.stop_all());
}

struct Hall {
    deps: Deps,
    emitter: Emitter,
    outboxes: Vec<Arc<Outbox>>,
    players: Vec<Caller>,
    host: Caller,
    room: RoomCreated,
    round: usize,
}

impl Hall {
    async fn start(builder: DepsBuilder) -> Self {
        let (emitter, most) = (Emitter::new("/", None, None), u32::try_from(PLAYERS).expect("a small number"));
        let deps =
            builder.insert(Wiring { emitter: emitter.clone(), max_room_players: most, only_players_see_flows: false }).build();
        let mut outboxes = Vec::new();
        let host = connect(&deps, &emitter, &mut outboxes, Some(HOST), SocketId::new(HOST)).await;
        let create = CreateRoom { host_id: HOST.to_owned(), title: "Hall".to_owned(), settings: GameSettings::default() };
        let room = ask(&deps, Ask::new(host.clone(), create)).await.expect("a host may");
        let mut players = Vec::new();
        for number in 0..PLAYERS {
            players.push(connect(&deps, &emitter, &mut outboxes, None, socket(number)).await);
        }
        let hall = Self { deps, emitter, outboxes, players, host, room, round: 0 };
        let joins = hall.players.iter().enumerate().map(|(number, player)| hall.join(player, number));
        join_all(joins).await;
        assert_eq!(hall.emitter.rooms(), 1);
        hall
    }

    async fn join(&self, player: &Caller, number: usize) {
        let join =
            JoinRoom { room_code: self.room.code.clone(), player_id: player_id(number), display_name: "A player".to_owned() };
        ask(&self.deps, Ask::new(player.clone(), join)).await.expect("there is room");
    }

    /// Asks the next question and returns how many answers were accepted.
    async fn answer_all(&mut self) -> usize {
        self.round += 1;
        let (room_id, question_id, now) = (self.room.room_id, question(self.round), self.deps.now().0);
        let start = StartQuestion { room_id, question_id: question_id.clone(), starts_at: now, ends_at: now + 60_000 };
        ask(&self.deps, Ask::new(self.host.clone(), start)).await.expect("the host may");
        let submit = |(number, player): (usize, &Caller)| {
            let answer = Submitted::Text(answer(number).to_owned());
            let submit = SubmitAnswer { room_id, player_id: player_id(number), question_id: question_id.clone(), answer };
            ask(&self.deps, Ask::new(player.clone(), submit))
        };
        join_all(self.players.iter().enumerate().map(submit)).await.iter().filter(|accepted| accepted.is_ok()).count()
    }
}

async fn connect(deps: &Deps, emitter: &Emitter, outboxes: &mut Vec<Arc<Outbox>>, user: Option<&str>, id: SocketId) -> Caller {
    let outbox = Outbox::new(Arc::new(OutboxPolicy::new(1 << 24, 1 << 16)));
    emitter.add(id.clone(), Dialect::JsonV5, Arc::clone(&outbox));
    outboxes.push(outbox);
    let caller = Caller { subject: user.map(Into::into), socket: Some(id), ..Caller::anonymous() };
    connected(deps, &caller, Origin::default()).await.expect("the quiz welcomes it");
    caller
}

fn from(socket: &SocketId) -> By<'_> {
    By { user: None, socket: Some(socket) }
}

fn player_id(number: usize) -> PlayerId {
    PlayerId::try_from(format!("5f0c2a3e-0000-4000-8000-{number:012}")).expect("a good id")
}

fn socket(number: usize) -> SocketId {
    SocketId::new(format!("socket-of-a-player-{number:05}"))
}

fn question(number: usize) -> QuestionRef {
    QuestionRef::try_from(format!("question-{number}")).expect("a good id")
}

fn answer(number: usize) -> &'static str {
    ["0", "1", "2", "3"][number % 4]
}
