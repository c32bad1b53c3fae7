// What the official clients report when a connection ends, and that they come back.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { CLIENTS, connect } from "./support/clients.js";
import { isPeer, startServer } from "./support/server.js";

const pings = (interval, timeout) => ({
  HUBBUB_REALTIME__PING_INTERVAL_MS: String(interval),
  HUBBUB_REALTIME__PING_TIMEOUT_MS: String(timeout),
});

describe("a server that stops answering", () => {
  let server;
  before(async () => (server = await startServer(["lab"], pings(300, 200))));
  after(() => server?.stop());

  for (const kind of CLIENTS.filter((client) => client.options.transports[0] === "websocket")) {
    it(`is noticed by its missing heartbeat (${kind.name})`, async () => {
      const client = await connect(server, "lab", kind);
      server.signal("SIGSTOP");
      const reason = await client.disconnected();
      server.signal("SIGCONT");
      assert.equal(reason, "ping timeout");
      client.close();
    });
  }
});

describe("an idle client", () => {
  let server;
  before(async () => (server = await startServer(["lab"], pings(200, 2000))));
  after(() => server?.stop());

  it("is kept by its heartbeats, whatever it speaks", async () => {
    const clients = await Promise.all(CLIENTS.map((kind) => connect(server, "lab", kind)));
    // Longer than interval and timeout together: the time itself is what is tested.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    for (const client of clients) {
      assert.equal(client.reason, undefined, client.kind.name);
      assert.deepEqual(await client.ask("message-with-ack", "alive"), ["alive"]);
      client.close();
    }
  });
});

describe("a server that is told to stop", () => {
  it("ends every connection as lost, so that clients come back, and exits cleanly", async () => {
    const server = await startServer(["lab"]);
    const clients = await Promise.all(CLIENTS.map((kind) => connect(server, "lab", kind)));
    await Promise.all(clients.filter((client) => client.kind.upgrades).map((client) => client.transport("websocket")));
    const ended = server.stop();
    for (const client of clients) {
      const reason = await client.disconnected();
      assert.match(reason, /^transport (close|error)$/, client.kind.name);
      client.close();
    }
    assert.deepEqual(await ended, { code: 0, signal: null });
  });

  it("finds its clients again on the same port", { skip: isPeer }, async () => {
    const first = await startServer(["lab"]);
    const port = new URL(first.url("lab")).port;
    const options = { reconnection: true, reconnectionDelay: 20, reconnectionDelayMax: 100 };
    const clients = await Promise.all(CLIENTS.map((kind) => connect(first, "lab", kind, options)));
    const ids = clients.map((client) => client.socket.id);
    await first.stop();
    await Promise.all(clients.map((client) => client.disconnected()));
    const second = await startServer(["lab"], { HUBBUB_LAB__PORT: port });
    for (const [index, client] of clients.entries()) {
      await client.until(() => (client.socket.connected ? true : undefined), "reconnection");
      assert.notEqual(client.socket.id, ids[index]);
      assert.deepEqual(await client.ask("message-with-ack", "back"), ["back"]);
      client.close();
    }
    await second.stop();
  });
});

describe("a client that breaks the protocol", () => {
  let server;
  before(async () => (server = await startServer(["lab"])));
  after(() => server?.stop());

  for (const kind of CLIENTS.filter((client) => client.parser !== "msgpack")) {
    it(`is disconnected and disturbs nobody else (${kind.name})`, async () => {
      const [offender, bystander] = [await connect(server, "lab", kind), await connect(server, "lab", kind)];
      if (kind.upgrades) {
        await offender.transport("websocket");
      }
      offender.socket.io.engine.write("2{}");
      assert.match(await offender.disconnected(), /^transport (close|error)$/);
      assert.deepEqual(await bystander.ask("message-with-ack", "fine"), ["fine"]);
      [offender, bystander].forEach((client) => client.close());
    });
  }
});
