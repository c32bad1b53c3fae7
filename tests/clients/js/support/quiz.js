// A quiz on a hubbub of its own: accounts, three questions, rooms full of players, and what the rules say they score.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { DEFAULT_CLIENT, connect, open } from "./clients.js";
import { comparing } from "./compare.js";
import { startServer } from "./server.js";

const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const MILLISECONDS = ["joinedAt", "serverTime", "timestamp"];
const RECENT_MS = 10 * 60_000;

/** Replaces times and request ids, and only where they have the documented form. */
export function redact(value, key = "") {
  if (typeof value === "number" && MILLISECONDS.includes(key)) {
    return Number.isInteger(value) && Math.abs(Date.now() - value) < RECENT_MS ? "<now>" : value;
  }
  if (typeof value === "string") {
    return ISO_TIME.test(value) ? "<time>" : key === "requestId" && UUID.test(value) ? "<request>" : value;
  }
  if (Array.isArray(value)) {
    return value.map((inner) => redact(inner));
  }
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, redact(inner, name)]));
  }
  return value;
}

export const { exactly, sees } = comparing(redact);

/** The body of every refusal, over REST and on a socket. */
export const refusal = (error, message) => ({ error, message, requestId: "<request>" });

const choice = (answer_text, is_correct = false) => ({ answer_text, is_correct });

/** As its author sends them; the correct answers are at 2, 0 and 1. */
const QUESTIONS = [
  {
    question_text: "Which city is the capital of France?",
    question_type: "multiple_choice",
    points: 10,
    answering_time: 20,
    answers: [choice("Lyon"), choice("Nice"), choice("Paris", true), choice("Lille")],
  },
  {
    question_text: "Is water wet? 🌊",
    question_type: "true_false",
    points: 25,
    answering_time: 30,
    answers: [choice("True", true), choice("False")],
  },
  {
    question_text: "How many sides has a triangle?",
    question_type: "multiple_choice",
    points: 40,
    answering_time: 25,
    answers: [choice("two"), choice("three", true), choice("four")],
  },
];

/** A question as players are shown it, from what its author got back. */
export const shown = (question, index) => ({
  id: question.id,
  index,
  text: question.question_text,
  type: question.question_type,
  imageUrl: question.image_url,
  points: question.points,
  answeringTime: question.answering_time,
  answers: question.answers.map((answer) => ({
    id: answer.id,
    text: answer.answer_text,
    imageUrl: answer.image_url,
    orderIndex: answer.order_index,
  })),
});

export class Quiz {
  /** Starts a hubbub with nothing but `quiz`, rate limits off unless `settings` say otherwise. */
  static async start(settings = {}) {
    const quiz = new Quiz();
    quiz.server = await startServer(["quiz"], settings);
    return quiz;
  }

  url(path) {
    return this.server.url("quiz") + path;
  }

  async call(method, path, { token, body } = {}) {
    const response = await fetch(this.url(path), {
      method,
      headers: { ...(token && { Authorization: `Bearer ${token}` }), ...(body && { "Content-Type": "application/json" }) },
      body: body && JSON.stringify(body),
    });
    return { status: response.status, body: await response.json() };
  }

  /** Calls what must succeed and gives the body. */
  async done(method, path, options) {
    const { status, body } = await this.call(method, path, options);
    assert.ok(status === 200 || status === 201, `${method} ${path}: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  /** A new account: its id and its token. */
  async register(username) {
    const email = `${username}@example.com`;
    const body = await this.done("POST", "/auth/register", { body: { email, password: "correct horse", username } });
    const { user, session } = body;
    exactly(user, { id: user.id, email, email_confirmed_at: "<time>" });
    assert.match(user.id, UUID);
    assert.deepEqual(Object.keys(session), ["access_token", "refresh_token", "expires_in"]);
    return { id: user.id, token: session.access_token };
  }

  /** A published quiz of three questions, which has a code. */
  async author({ token }) {
    const { id } = await this.done("POST", "/quiz", { token, body: { title: "Friday quiz", play_settings: { show_correct_answer: true } } });
    const questions = [];
    for (const body of QUESTIONS) {
      questions.push(await this.done("POST", `/quiz/${id}/questions`, { token, body }));
    }
    assert.deepEqual(await this.done("GET", `/quiz/${id}/validate`, { token }), { valid: true, errors: [] });
    const { code } = await this.done("POST", `/quiz/${id}/generate-code`, { token });
    const published = await this.done("POST", `/quiz/${id}/publish`, { token });
    assert.deepEqual([published.status, published.total_questions, published.play_settings.code], ["published", 3, code]);
    return { id, code, questions };
  }

  connect(kind, auth, options = {}) {
    return connect(this.server, "quiz", kind, { ...(auth && { auth }), ...options });
  }

  /** Opens a connection that is expected to be refused. */
  async refused(kind, auth) {
    const client = open(this.server, "quiz", kind, { auth });
    const error = await client.refusal();
    client.close();
    return error;
  }

  stop() {
    return this.server.stop();
  }
}

/** One room: its host, its players in the order of joining, and what each of them should have by now. */
export class Game {
  /** A room that plays `set` (what `author` gave), opened by `account` over a client of `kind`. */
  static async open(quiz, { account, set, kind = DEFAULT_CLIENT, settings = {} }) {
    const game = new Game();
    Object.assign(game, { quiz, set, account, players: [] });
    game.host = await quiz.connect(kind, { token: account.token });
    exactly(await game.host.next("server:hello"), [{ socketId: game.host.socket.id, serverTime: "<now>" }]);
    game.host.emit("client:hello");
    const wanted = { hostId: account.id, title: "Friday night", settings: { quizSetId: set.id, ...settings } };
    const [created] = await game.host.ask("game:host:create", wanted);
    exactly(created, { roomId: created.roomId, code: created.code });
    assert.deepEqual(await game.host.next("game:room:created"), [created]);
    assert.match(created.roomId, UUID);
    game.id = created.roomId;
    game.code = created.code;
    return game;
  }

  /** Guests come in one after the other, by the code; `kinds` says over which clients. */
  async fill(kinds) {
    const clients = await Promise.all(kinds.map((kind) => this.quiz.connect(kind)));
    for (const client of clients) {
      await this.seat(client);
    }
  }

  /** A guest comes in and is told who he is. */
  async seat(client) {
    const player = { id: randomUUID(), name: `Player ${this.players.length}`, client, score: 0, correct: 0, answers: 0, lastCorrectAt: Infinity };
    exactly(await client.next("server:hello"), [{ socketId: client.socket.id, serverTime: "<now>" }]);
    const [joined] = await client.ask("game:room:join", this.request(player));
    exactly(joined, this.joined(player));
    assert.deepEqual(await client.next("game:room:joined"), [joined]);
    this.players.push(player);
    return player;
  }

  request(player) {
    return { roomCode: this.code, playerId: player.id, displayName: player.name };
  }

  joined(player) {
    const summary = { playerId: player.id, displayName: player.name, isHost: false, score: player.score, joinedAt: "<now>" };
    return { roomId: this.id, player: summary };
  }

  everyone() {
    return [this.host, ...this.players.map((player) => player.client)];
  }

  /** Everybody who is there is told of everybody who plays. */
  async seesParticipants({ away = [] } = {}) {
    const participants = this.players.map((player) => ({ ...this.joined(player).player, connected: !away.includes(player) }));
    const present = this.players.filter((player) => !away.includes(player)).map((player) => player.client);
    for (const client of [this.host, ...present]) {
      await sees(client, "game:room:participants:update", { roomId: this.id, participants });
    }
  }

  /** Everybody gets exactly this next under `name`. */
  async hear(name, body) {
    for (const client of this.everyone()) {
      exactly(await client.next(name), [body]);
    }
  }

  /** When the time of the present question began, by the record of the game. */
  async openedAt(index) {
    const { token } = this.account;
    const flow = await this.quiz.done("GET", `/game-flows/${this.id}/flow`, { token });
    exactly(flow, {
      id: flow.id,
      game_id: this.id,
      quiz_set_id: this.set.id,
      current_question_index: index,
      total_questions: 3,
      question_start_time: "<time>",
      created_at: "<time>",
      updated_at: "<time>",
    });
    return Date.parse(flow.question_start_time);
  }

  /** All answer at once, each in his own way, some wrongly and some not at all; gives how often what was answered. */
  async answer(index, openedAt) {
    const question = this.set.questions[index];
    const counts = {};
    await Promise.all(
      this.players.map(async (player, number) => {
        const place = (number * (index + 1)) % (question.answers.length + 1);
        const chosen = question.answers[place];
        if (chosen) {
          const answer = [chosen.id, place, chosen.answer_text][number % 3];
          counts[answer] = (counts[answer] ?? 0) + 1;
          await this.submit(player, index, answer, chosen.is_correct, openedAt);
        }
      }),
    );
    return counts;
  }

  async submit(player, index, answer, isCorrect, openedAt) {
    const question = this.set.questions[index];
    const wanted = { roomId: this.id, playerId: player.id, questionId: question.id };
    const [accepted] = await player.client.ask("game:answer:submit", { ...wanted, answer });
    exactly(accepted, { ...wanted, submittedAt: "<time>" });
    assert.deepEqual(await player.client.next("game:answer:accepted"), [accepted]);
    player.answers += 1;
    if (isCorrect) {
      const at = Date.parse(accepted.submittedAt);
      player.streak = player.lastCorrect === index - 1 ? player.streak + 1 : 1;
      player.score += worth(question, at - openedAt, player.streak);
      player.correct += 1;
      Object.assign(player, { lastCorrect: index, lastCorrectAt: at });
    }
  }

  /** Everybody gets the whole tally of a question. */
  async seesTally(index, counts) {
    const wanted = { roomId: this.id, questionId: this.set.questions[index].id };
    const isIt = ({ name, args: [body] }) =>
      name === "game:answer:stats:update" && Object.entries(counts).every(([answer, count]) => body.counts[answer] === count);
    for (const client of this.everyone()) {
      const { args } = await client.until(() => client.events.find(isIt), `tally ${JSON.stringify(counts)}`);
      assert.deepEqual(args, [{ ...wanted, counts }]);
      client.events = client.events.filter((event) => event.name !== "game:answer:stats:update");
    }
  }

  /** What the leaderboard should be: more points first, then the earlier last correct answer, then the order of joining. */
  rankings() {
    const order = (one, other) => other.score - one.score || compare(one.lastCorrectAt, other.lastCorrectAt);
    const sorted = [...this.players].sort(order);
    return sorted.map((player) => ({
      playerId: player.id,
      displayName: player.name,
      score: player.score,
      rank: 1 + sorted.findIndex((other) => other.score === player.score),
      correctAnswers: player.correct,
      totalAnswers: player.answers,
    }));
  }

  /** Everybody asks for the leaderboard, and each is told it once. */
  async seesLeaderboard() {
    const board = { roomId: this.id, rankings: this.rankings() };
    for (const client of this.everyone()) {
      exactly(await client.ask("game:leaderboard:request", { roomId: this.id }), [board]);
      exactly(await client.next("game:leaderboard:update"), [board]);
    }
  }

  /** Resolves once everything that was told before has arrived, and gives what nobody has taken yet. */
  async settled() {
    const left = [];
    for (const client of this.everyone()) {
      exactly(await client.ask("connection:heartbeat", { socketId: client.socket.id, roomId: this.id }), [{ timestamp: "<now>" }]);
      exactly(await client.next("connection:heartbeat:ack"), [{ timestamp: "<now>" }]);
      left.push(...client.events.filter((event) => event.name !== "game:room:participants:update"));
    }
    return left;
  }

  close() {
    this.everyone().forEach((client) => client.close());
  }
}

const compare = (one, other) => (one < other ? -1 : one > other ? 1 : 0);

/** The points for a correct answer with both bonuses: the sooner the more, a tenth more per correct answer in a row, rounded once. */
export function worth({ points, answering_time }, takenMs, streak) {
  const parts = answering_time * 1000 * 10;
  const whole = points * Math.max(0, answering_time * 1000 - Math.max(0, takenMs)) * (10 + Math.min(5, streak));
  return Math.floor((2 * whole + parts) / (2 * parts));
}
