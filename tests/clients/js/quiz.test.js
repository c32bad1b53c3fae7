// The quiz end to end, through every official client: an account, three questions, a room of 30 players.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { CLIENTS } from "./support/clients.js";
import { Game, Quiz, exactly, refusal, shown } from "./support/quiz.js";
import { isPeer } from "./support/server.js";

const PLAYERS = 30;
const BONUSES = { timeBonus: true, streakBonus: true };
const PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1";

let quiz, account, other, set;
before(async () => {
  if (!isPeer) {
    quiz = await Quiz.start();
    [account, other] = [await quiz.register("host"), await quiz.register("other")];
    set = await quiz.author(account);
  }
});
after(() => quiz?.stop());

/** Plays the whole game: every step, and what everybody is told of it. */
async function play(game) {
  const [first, second, third] = set.questions;
  const { host } = game;
  await game.seesParticipants();

  const endsAt = Date.now() + 20_000;
  const started = { roomId: game.id, question: shown(first, 0), endsAt };
  const start = { roomId: game.id, questionId: first.id, startsAt: Date.now(), endsAt };
  assert.deepEqual(await host.ask("game:flow:start", start), [started]);
  await game.hear("game:question:started", started);
  await game.seesTally(0, await game.answer(0, await game.openedAt(0)));
  await game.seesLeaderboard();

  const changed = { roomId: game.id, question: shown(second, 1) };
  assert.deepEqual(await host.ask("game:flow:next", { roomId: game.id, nextQuestionId: second.id }), [changed]);
  await game.hear("game:question:changed", changed);
  const openedAt = await game.openedAt(1);
  const counts = await game.answer(1, openedAt);
  await game.seesTally(1, counts);
  const question = { roomId: game.id, question: shown(second, 1), endsAt: openedAt + second.answering_time * 1000 };
  await game.submit(await dropAndComeBack(game, question), 1, second.answers[0].id, true, openedAt);
  await game.seesTally(1, { ...counts, [second.answers[0].id]: counts[second.answers[0].id] + 1 });
  await game.seesLeaderboard();

  const advanced = await quiz.done("POST", `/game-flows/${game.id}/advance`, { token: account.token });
  const flow = { id: advanced.flow.id, game_id: game.id, current_question_index: 2, total_questions: 3, question_start_time: "<time>" };
  exactly(advanced, { message: "Advanced to next question", flow });
  await game.hear("game:question:changed", { roomId: game.id, question: shown(third, 2) });
  const gone = await leave(game);
  await game.seesTally(2, await game.answer(2, await game.openedAt(2)));

  const ended = { roomId: game.id, questionId: third.id, correctAnswerIds: [third.answers[1].id] };
  assert.deepEqual(await host.ask("game:flow:end", { roomId: game.id }), [ended]);
  await game.hear("game:question:ended", ended);
  // By the pattern of `answer`, this one has not answered the last question.
  const silent = game.players[1];
  const late = { roomId: game.id, playerId: silent.id, questionId: third.id, answer: 1 };
  await isRefused(silent.client, "game:answer:submit", late, refusal("forbidden", "question closed"));
  await game.seesLeaderboard();
  assert.equal(game.rankings()[0].correctAnswers, 3, "somebody was always right");

  for (const client of game.everyone().filter(({ kind }) => kind.upgrades)) {
    assert.equal(await client.transport("websocket"), "websocket");
  }
  assert.deepEqual(await game.settled(), []);
  assert.deepEqual(gone.client.events, []);
}

/**
 * Two players drop and come back while a question is open: one who has answered it, by joining again, and one who has not and can
 * still do it, by the socket that he had. Gives the latter.
 */
async function dropAndComeBack(game, question) {
  const away = [game.players[3], game.players[4]];
  const before = away.map((player) => player.client.socket.id);
  for (const player of away) {
    player.client.clear();
    await player.client.closed();
  }
  await game.seesParticipants({ away });

  const come = async (player, name, request) => {
    player.client = await quiz.connect(player.client.kind);
    await player.client.next("server:hello");
    const joined = game.joined(player);
    exactly(await player.client.ask(name, request(player.client.socket.id)), [joined]);
    exactly(await player.client.next("game:room:joined"), [joined]);
    exactly(await player.client.next("game:question:started"), [question]);
  };
  const [answered, silent] = away;
  await come(answered, "game:room:join", () => game.request(answered));
  const again = (id) => ({ previousSocketId: before[1], newSocketId: id, roomId: game.id, playerId: silent.id });
  await come(silent, "connection:reconnect", again);
  await game.seesParticipants();
  const twice = { roomId: game.id, playerId: answered.id, questionId: question.question.id, answer: 0 };
  await isRefused(answered.client, "game:answer:submit", twice, refusal("forbidden", "already answered"));
  return silent;
}

/** The last player says goodbye: the others see him go, and he hears nothing any more. */
async function leave(game) {
  const gone = game.players.at(-1);
  gone.client.clear();
  await gone.client.ask("game:room:leave", { roomId: game.id, playerId: gone.id });
  game.players.pop();
  await game.seesParticipants();
  return gone;
}

/** A refusal is told as the event `error`, and as the acknowledgement if one was asked for. */
async function isRefused(client, name, body, error) {
  exactly(await client.ask(name, body), [error]);
  exactly(await client.next("error"), [error]);
  client.emit(name, body);
  exactly(await client.next("error"), [error]);
}

/** Deletes the record of the game, and with it the room. */
async function end(game) {
  const path = `/game-flows/${game.id}`;
  assert.deepEqual(await quiz.done("DELETE", path, { token: account.token }), { message: "Game flow deleted successfully" });
  const { client } = game.players[0];
  await isRefused(client, "game:room:join", game.request(game.players[0]), refusal("not_found", "Room not found"));
  const { status, body } = await quiz.call("GET", `${path}/flow`, { token: account.token });
  exactly({ status, body }, { status: 404, body: refusal("not_found", "Game flow not found") });
}

async function playWith(kind, kinds) {
  const game = await Game.open(quiz, { account, set, kind, settings: BONUSES });
  try {
    await game.fill(kinds);
    await play(game);
    await end(game);
  } finally {
    game.close();
  }
}

/** What REST tells of a socket while it is there and afterwards. */
async function isOnRecord(kind) {
  const get = (path) => quiz.done("GET", path, { token: other.token });
  const deviceId = randomUUID();
  const client = await quiz.connect(kind, { token: other.token, deviceId }, { extraHeaders: { "User-Agent": PHONE } });
  await client.next("server:hello");
  const active = (await get("/websocket-connections/active")).connections.find(({ socket_id }) => socket_id === client.socket.id);
  const known = { id: active.id, device_id: deviceId, user_id: other.id, socket_id: client.socket.id, status: "connected", connected_at: "<time>" };
  exactly(active, known);
  const row = { ...known, disconnected_at: null, ip_address: "127.0.0.1", user_agent: PHONE };
  exactly(await get(`/websocket-connections/?device_id=${deviceId}`), { connections: [row], total: 1, limit: 20, offset: 0 });
  exactly(await get(`/websocket-connections/${known.id}`), { ...row, created_at: "<time>" });
  const device = await get(`/device-sessions/${deviceId}`);
  exactly(device, {
    id: device.id,
    device_id: deviceId,
    user_id: other.id,
    device_type: "mobile",
    os: "iOS",
    browser: "Safari",
    first_seen: "<time>",
    last_seen: "<time>",
    session_count: 1,
    metadata: {},
    created_at: "<time>",
    updated_at: "<time>",
  });

  await client.closed();
  const path = `/device-sessions/${deviceId}/connections`;
  let record = await get(path);
  while (record.connections[0].status === "connected") {
    record = await get(path);
  }
  const over = { id: known.id, socket_id: known.socket_id, status: "disconnected", connected_at: "<time>", disconnected_at: "<time>" };
  exactly(record, { connections: [{ ...over, duration_minutes: 0 }], count: 1, device_id: deviceId });
}

for (const kind of CLIENTS) {
  describe(`quiz with socket.io-client ${kind.name}`, { skip: isPeer }, () => {
    it(`plays three questions with ${PLAYERS} players`, () => playWith(kind, Array(PLAYERS).fill(kind)));

    it("refuses a bad token", async () => {
      const error = { message: "unauthorized", data: { error: "unauthorized", message: "Authentication required" } };
      assert.deepEqual(await quiz.refused(kind, { token: "no.such.token" }), error);
      assert.deepEqual(await quiz.refused(kind, { token: `${account.token.slice(0, -4)}AAAA` }), error);
    });

    it("lets nobody but the host run the game", async () => {
      const game = await Game.open(quiz, { account, set, kind });
      const stranger = await quiz.connect(kind, { token: other.token });
      try {
        const { client } = await game.seat(await quiz.connect(kind));
        const next = { roomId: game.id, nextQuestionId: set.questions[1].id };
        await isRefused(client, "game:flow:next", next, refusal("unauthorized", "Authentication required"));
        await isRefused(stranger, "game:flow:next", next, refusal("forbidden", "Only the host may do this"));
        const theirs = { hostId: account.id, title: "Mine" };
        await isRefused(stranger, "game:host:create", theirs, refusal("forbidden", "hostId is not your account"));
        await isRefused(client, "game:flow:end", { roomId: 7 }, refusal("invalid_payload", "roomId must be a string"));
      } finally {
        stranger.close();
        game.close();
      }
    });

    it("is on record with its device and its user agent", () => isOnRecord(kind));
  });
}

describe("quiz with all of them", { skip: isPeer }, () => {
  it(`plays in one room, hosted over ${CLIENTS.at(-1).name}`, () => {
    const kinds = Array.from({ length: PLAYERS }, (_, number) => CLIENTS[number % CLIENTS.length]);
    return playWith(CLIENTS.at(-1), kinds);
  });
});
