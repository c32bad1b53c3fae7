// The quiz from pages in a real browser: a game, an account with its avatar, and who may do it from where.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { openSite } from "../support/browser.js";
import { Quiz, exactly, shown } from "../support/quiz.js";
import { isPeer } from "../support/server.js";

const ALLOWED = "play.example";
let site, quiz, account, set;
before(async () => {
  if (!isPeer) {
    site = await openSite();
    quiz = await Quiz.start({ HUBBUB_QUIZ__CORS_ORIGINS: site.origin(ALLOWED) });
    account = await quiz.register("host");
    set = await quiz.author(account);
  }
});
after(async () => {
  site?.close();
  await quiz?.stop();
});

/** What every page can do: call REST with credentials, log in, and connect. */
const page = () => `
  const base = ${JSON.stringify(quiz.url(""))};
  let token;
  const call = async (method, path, body) => {
    const isForm = body instanceof FormData;
    const answer = await fetch(base + path, {
      method,
      credentials: "include",
      headers: { ...(token && { Authorization: "Bearer " + token }), ...(body && !isForm && { "Content-Type": "application/json" }) },
      body: isForm ? body : body && JSON.stringify(body),
    });
    return answer.json();
  };
  const logIn = async () => {
    token = (await call("POST", "/auth/login", { email: "host@example.com", password: "correct horse" })).session.access_token;
  };
  const connect = (options) => {
    const socket = io(base, { reconnection: false, timeout: 15000, ...options });
    socket.transports = [];
    socket.io.on("open", () => {
      socket.transports.push(socket.io.engine.transport.name);
      socket.io.engine.on("upgrade", ({ name }) => socket.transports.push(name));
    });
    return new Promise((resolve, reject) => socket.on("connect", () => resolve(socket)).on("connect_error", reject));
  };
`;

/** Hosts a game over one connection and plays it over another. */
const game = (playerId, deviceId) => `${page()}
  await logIn();
  const host = await connect({ auth: { token }, transports: ["websocket"] });
  const wanted = { hostId: ${JSON.stringify(account.id)}, title: "Friday", settings: { quizSetId: ${JSON.stringify(set.id)} } };
  const { roomId, code } = await host.emitWithAck("game:host:create", wanted);
  const player = await connect({ auth: { deviceId: ${JSON.stringify(deviceId)} }, transports: ["polling", "websocket"] });
  if (player.io.engine.transport.name !== "websocket") {
    await new Promise((resolve) => player.io.engine.once("upgrade", resolve));
  }
  const heard = {};
  player.onAny((name, body) => (heard[name] = body));
  const playerId = ${JSON.stringify(playerId)};
  const joined = await player.emitWithAck("game:room:join", { roomCode: code, playerId, displayName: "Ünal 🎈" });
  const startsAt = Date.now();
  const question = { roomId, questionId: ${JSON.stringify(set.questions[0].id)} };
  const started = await host.emitWithAck("game:flow:start", { ...question, startsAt, endsAt: startsAt + 20000 });
  const accepted = await player.emitWithAck("game:answer:submit", { ...question, playerId, answer: "Paris" });
  const ended = await host.emitWithAck("game:flow:end", { roomId });
  const board = await player.emitWithAck("game:leaderboard:request", { roomId });
  const device = await call("GET", "/device-sessions/${deviceId}");
  return { roomId, startsAt, transports: player.transports, joined, started, accepted, ended, board, heard, device };
`;

/** Draws an avatar, uploads it, shows it, and takes it away again. */
const avatar = () => `${page()}
  await logIn();
  const canvas = Object.assign(document.createElement("canvas"), { width: 48, height: 32 });
  canvas.getContext("2d").fillRect(0, 0, 24, 16);
  const form = new FormData();
  form.append("avatar", await new Promise((resolve) => canvas.toBlob(resolve, "image/png")), "me.png");
  const uploaded = await call("POST", "/profile/avatar", form);
  const profile = await call("GET", "/profile");
  const image = new Image();
  image.src = profile.avatarUrl;
  await image.decode();
  const deleted = await call("DELETE", "/profile/avatar");
  return { uploaded, profile, size: [image.naturalWidth, image.naturalHeight], deleted };
`;

/** What becomes of each way to reach the quiz. */
const attempts = () => `${page()}
  const outcome = (attempt) => attempt.then(() => "reached", (error) => error.message);
  return {
    fetch: await outcome(call("GET", "/health")),
    login: await outcome(logIn()),
    polling: await outcome(connect({ transports: ["polling"] })),
    websocket: await outcome(connect({ transports: ["websocket"] })),
  };
`;

describe("the quiz in Chromium", { skip: isPeer }, () => {
  it("is played from a page of an allowed origin", async () => {
    const [playerId, deviceId] = [randomUUID(), randomUUID()];
    const report = await site.show(ALLOWED, game(playerId, deviceId));
    const { roomId, startsAt, heard } = report;
    const [question] = set.questions;
    const name = { playerId, displayName: "Ünal 🎈" };
    // The greeting may have come before the page listened; news may come between the other events.
    const { ["server:hello"]: _, ["game:room:participants:update"]: people, ["game:answer:stats:update"]: tally, ...told } = heard;
    assert.deepEqual(report.transports, ["polling", "websocket"], JSON.stringify(report));
    exactly(told, {
      "game:room:joined": { roomId, player: { ...name, isHost: false, score: 0, joinedAt: "<now>" } },
      "game:question:started": { roomId, question: shown(question, 0), endsAt: startsAt + 20_000 },
      "game:answer:accepted": { roomId, playerId, questionId: question.id, submittedAt: "<time>" },
      "game:question:ended": { roomId, questionId: question.id, correctAnswerIds: [question.answers[2].id] },
      "game:leaderboard:update": {
        roomId,
        rankings: [{ ...name, score: question.points, rank: 1, correctAnswers: 1, totalAnswers: 1 }],
      },
    });
    const { joined, started, accepted, ended, board } = report;
    assert.deepEqual([joined, started, accepted, ended, board], Object.values(told), "acknowledgements are what is told");
    exactly([people, tally], [
      { roomId, participants: [{ ...name, isHost: false, score: 0, joinedAt: "<now>", connected: true }] },
      { roomId, questionId: question.id, counts: { Paris: 1 } },
    ]);
    const { device_id, user_id, device_type, os, browser, session_count } = report.device;
    assert.deepEqual([device_id, user_id, device_type, os, browser, session_count], [deviceId, null, "desktop", "Linux", "Chrome", 1]);
  });

  it("takes an avatar from a canvas and shows it", async () => {
    const { uploaded, profile, size, deleted, failed } = await site.show(ALLOWED, avatar());
    assert.equal(failed, undefined);
    assert.match(uploaded.path, new RegExp(`^${account.id}/[0-9a-f-]{36}\\.png$`));
    assert.ok(uploaded.url.endsWith(`/storage/avatars/${uploaded.path}`), uploaded.url);
    exactly(profile, {
      id: account.id,
      username: "host",
      displayName: "host",
      avatarUrl: uploaded.url,
      email: "host@example.com",
      createdAt: "<time>",
      updatedAt: "<time>",
    });
    assert.deepEqual(size, [48, 32]);
    assert.deepEqual(deleted, { message: "Avatar deleted successfully" });
  });

  it("is out of reach for a page of a foreign origin", async () => {
    const expected = { fetch: "Failed to fetch", login: "Failed to fetch", polling: "xhr poll error", websocket: "websocket error" };
    assert.deepEqual(await site.show("foreign.example", attempts()), expected);
  });
});
