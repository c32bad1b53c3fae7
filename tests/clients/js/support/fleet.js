// A small fleet on a hubbub of its own: two headsets, two tablets, one dashboard, and how their payloads are compared.
import assert from "node:assert/strict";
import { connect, open } from "./clients.js";
import { comparing } from "./compare.js";
import { startServer } from "./server.js";

export const HEADSETS = ["QUEST_001", "QUEST_002"];
const DEVICES = { headset1: [HEADSETS[0], "headset"], headset2: [HEADSETS[1], "headset"], tablet1: ["TABLET_001", "tablet"], tablet2: ["TABLET_002", "tablet"], dashboard: ["DASHBOARD_1", "dashboard"] };

const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const SESSION_ID = /^session_\d{13}_[a-z0-9]{6}$/;

/** Replaces what differs from run to run, and only where it has the documented form. */
export function redact(value) {
  if (typeof value === "string") {
    return ISO_TIME.test(value) ? "<time>" : SESSION_ID.test(value) ? "<session>" : value;
  }
  if (Array.isArray(value)) {
    return value.map(redact);
  }
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, redact(inner)]));
  }
  return value;
}

export const { exactly, sees } = comparing(redact);

/** A device's state as documented, its key order too. */
export const deviceState = (deviceId, { isOnline = true, telemetry = null, lockedBy = null } = {}) => ({
  deviceId,
  isOnline,
  lastSeen: "<time>",
  connectionTime: "<time>",
  telemetry,
  isLocked: lockedBy !== null,
  lockedByTabletId: lockedBy,
});
export const lockStatus = (deviceId, lockedBy = null) => ({ deviceId, isLocked: lockedBy !== null, lockedByTabletId: lockedBy });
export const headsetInfo = (deviceId, lockedBy = null, customName = "") => ({ ...lockStatus(deviceId, lockedBy), customName });

export class Fleet {
  /** Starts a hubbub with nothing but `fleet`, rate limits off unless `settings` say otherwise; `options` are those of `startServer`. */
  static async start(kind, settings = {}, options = {}) {
    const fleet = new Fleet();
    fleet.kind = kind;
    fleet.server = await startServer(["fleet"], settings, options);
    fleet.clients = [];
    return fleet;
  }

  /** The whole fleet connected, both headsets identified, the dashboard subscribed, everybody up to date. */
  static async assembled(kind, settings) {
    const fleet = await Fleet.start(kind, settings);
    for (const role of Object.keys(DEVICES)) {
      fleet[role] = await fleet.join(role);
    }
    fleet.headset1.emit("headset-identify", HEADSETS[0]);
    fleet.headset2.emit("headset-identify", HEADSETS[1]);
    fleet.dashboard.emit("dashboard-subscribe");
    for (const client of fleet.clients) {
      await sees(client, "on-headsets-updated", HEADSETS);
    }
    await fleet.settled();
    fleet.clients.forEach((client) => client.clear());
    return fleet;
  }

  url(path) {
    return this.server.url("fleet") + path;
  }

  async get(path) {
    const response = await fetch(this.url(path));
    return { status: response.status, body: await response.json() };
  }

  async post(path, body, headers = {}) {
    const response = await fetch(this.url(path), {
      method: "POST",
      headers: { "Content-Type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: await response.json() };
  }

  async token(deviceId, deviceType) {
    const { status, body } = await this.post("/auth/device-token", { deviceId, deviceType });
    assert.equal(status, 200, JSON.stringify(body));
    const { token, ...rest } = body;
    assert.deepEqual(rest, { ok: true, deviceId, deviceType, expiresIn: "24h" });
    return token;
  }

  async join(role) {
    const [deviceId, deviceType] = DEVICES[role];
    return this.connect(await this.token(deviceId, deviceType));
  }

  async connect(token, options = {}) {
    const client = await connect(this.server, "fleet", this.kind, { auth: { token }, ...options });
    this.clients.push(client);
    return client;
  }

  /** Opens a connection that is expected to be refused. */
  refused(auth) {
    const client = open(this.server, "fleet", this.kind, { auth });
    this.clients.push(client);
    return client.refusal();
  }

  /** Resolves once all that was emitted before has been handled, and what it caused has reached every client. */
  async settled() {
    for (const client of this.clients) {
      await barrier(client);
    }
    for (const client of this.clients) {
      await barrier(client);
    }
  }

  async stop() {
    this.clients.forEach((client) => client.close());
    await this.server.stop();
  }
}

let barriers = 0;
/** One round trip on this connection: a question that every role gets some answer to, in order. */
async function barrier(client) {
  barriers += 1;
  // A role that may not ask is told so; an answer of either kind comes after everything before it.
  const before = ["on-recording-inactive", "on-recording-active", "error"].map((name) => client.count(name)).reduce((sum, count) => sum + count, 0);
  const id = `BARRIER_${barriers}`;
  client.emit("tablet-get-recording-status", id);
  const answers = (event) => ["on-recording-inactive", "on-recording-active", "error"].includes(event.name);
  await client.until(() => (client.events.filter(answers).length > before ? true : undefined), `answer to barrier ${id}`);
  const last = client.events.findLastIndex(answers);
  client.events.splice(last, 1);
}
