// The documented rate limits at their documented size (limits.scale = 1).
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { DEFAULT_CLIENT } from "./support/clients.js";
import { Fleet, HEADSETS, sees } from "./support/fleet.js";
import { isPeer } from "./support/server.js";

const full = { HUBBUB_LIMITS__SCALE: "1" };

describe("fleet's socket limits", { skip: isPeer }, () => {
  let fleet;
  before(async () => (fleet = await Fleet.start(DEFAULT_CLIENT, full)));
  after(() => fleet?.stop());

  for (const [event, argument, answer, limit] of [
    ["tablet-lock-devices", ["QUEST_999"], "on-devices-locked", 5],
    ["tablet-create-session", { deviceIds: [] }, "on-session-error", 3],
    ["tablet-get-recording-status", "QUEST_999", "on-recording-inactive", 50],
    ["dashboard-subscribe", undefined, "on-fleet-status-updated", 5],
  ]) {
    it(`let ${limit} of ${event} through and drop the rest without a word`, async () => {
      const tablet = await fleet.join("tablet1");
      for (let sent = 0; sent < limit + 10; sent += 1) {
        tablet.emit(event, ...(argument === undefined ? [] : [argument]));
      }
      await tablet.take(answer, limit);
      // A different event has a limit of its own, and its answer comes after whatever the dropped ones would have caused.
      tablet.emit("tablet-get-session", "session_1707235200000_abc123");
      await sees(tablet, "on-session-error", { error: "Session not found", sessionId: "<session>" });
      assert.equal(tablet.count(answer), 0);
      assert.equal(tablet.reason, undefined);
      tablet.close();
    });
  }

  it("count per connection", async () => {
    const [first, second] = [await fleet.join("tablet1"), await fleet.join("tablet2")];
    for (const tablet of [first, second]) {
      for (let sent = 0; sent < 8; sent += 1) {
        tablet.emit("tablet-lock-devices", [HEADSETS[0]]);
      }
      await tablet.take("on-devices-locked", 5);
    }
    [first, second].forEach((client) => client.close());
  });
});

describe("fleet's REST limits", { skip: isPeer }, () => {
  let fleet;
  before(async () => (fleet = await Fleet.start(DEFAULT_CLIENT, full)));
  after(() => fleet?.stop());

  for (const [paths, limit] of [
    [["/test", "/health"], 60],
    [["/metrics"], 30],
    [["/api/devices", "/api/fleet/summary", "/api/sessions"], 100],
  ]) {
    it(`let ${limit} requests a minute through to ${paths.join(", ")} together`, async () => {
      const request = (number) => fetch(fleet.url(paths[number % paths.length]));
      for (let number = 0; number < limit; number += 1) {
        const response = await request(number);
        assert.equal(response.status, 200, `request ${number}`);
        await response.arrayBuffer();
      }
      const refused = await request(0);
      await checkRefusal(refused, limit);
    });
  }

  it("let 20 requests a minute through to /auth", async () => {
    const request = () => fleet.post("/auth/verify-token", { token: "nothing" });
    for (let number = 0; number < 20; number += 1) {
      assert.deepEqual(await request(), { status: 200, body: { ok: true, valid: false } });
    }
    const response = await fetch(fleet.url("/auth/verify-token"), {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: '{"token":"nothing"}',
    });
    await checkRefusal(response, 20);
  });

  async function checkRefusal(response, limit) {
    assert.equal(response.status, 429);
    const body = await response.json();
    assert.ok(Number.isInteger(body.retryAfter) && body.retryAfter >= 1 && body.retryAfter <= 60, `retryAfter ${body.retryAfter}`);
    assert.deepEqual(Object.entries(body).slice(0, 2), [["ok", false], ["error", "Too many requests, please try again later."]]);
    assert.equal(response.headers.get("retry-after"), String(body.retryAfter));
    assert.equal(response.headers.get("ratelimit-limit"), String(limit));
    assert.equal(response.headers.get("ratelimit-remaining"), "0");
    assert.match(response.headers.get("ratelimit-reset"), /^\d+$/);
  }
});
