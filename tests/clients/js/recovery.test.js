// Connection state recovery as socket.io-client 4.x sees it: `recovered` is always the truth, any number of times.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { CLIENTS, connect } from "./support/clients.js";
import { isPeer, startServer } from "./support/server.js";

const ROUNDS = 8;
const MISSED = 50;
let server;
before(async () => (server = await startServer(["lab"], { HUBBUB_LAB__RECOVERY: "true" })));
after(() => server?.stop());

// The offset that recovery appends to an update is not part of its value.
const values = (client) => client.events.filter((event) => event.name === "update").map((event) => event.args[0]);
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** Cuts the connection below the client, as a lost network does, and waits until the client has noticed. */
async function cut(client) {
  client.reason = undefined;
  client.socket.io.engine.close();
  await client.disconnected();
}

/** Publishes numbers and returns once the server has handled them all. */
async function publish(publisher, from, count) {
  for (let number = from; number < from + count; number += 1) {
    publisher.emit("publish", number);
  }
  await publisher.ask("message-with-ack");
}

for (const kind of CLIENTS.filter((client) => client.major === 4)) {
  describe(`recovery with socket.io-client ${kind.name}`, () => {
    async function pair(room) {
      const [publisher, client] = [await connect(server, "lab", kind), await connect(server, "lab", kind)];
      await publisher.ask("join", room);
      await client.ask("join", room);
      return [publisher, client];
    }

    it(`brings id, rooms and missed updates back ${ROUNDS} times in a row`, async () => {
      const [publisher, client] = await pair(`recovery-${kind.name}`);
      assert.equal(client.socket.recovered, false);
      const id = client.socket.id;
      let published = 0;
      for (let round = 0; round < ROUNDS; round += 1) {
        await publish(publisher, published, 10);
        await client.until(() => (values(client).length === published + 10 ? true : undefined), "updates while connected");
        await cut(client);
        await publish(publisher, published + 10, MISSED);
        client.socket.connect();
        await client.connected();
        assert.equal(client.socket.recovered, true, `round ${round}`);
        assert.equal(client.socket.id, id, `round ${round}`);
        published += 10 + MISSED;
        await client.until(() => (values(client).length >= published ? true : undefined), "missed updates");
      }
      await publish(publisher, published, 1);
      await client.until(() => (values(client).at(-1) === published ? true : undefined), "update after recovery");
      assert.deepEqual(values(client), [...Array(published + 1).keys()]);
      [publisher, client].forEach((each) => each.close());
    });

    it("does not recover a client that left by itself", async () => {
      const [publisher, client] = await pair(`left-${kind.name}`);
      await publish(publisher, 0, 1);
      await client.next("update");
      const id = client.socket.id;
      await client.closed();
      client.socket.connect();
      await client.connected();
      assert.equal(client.socket.recovered, false);
      assert.notEqual(client.socket.id, id);
      await publish(publisher, 1, 1);
      await client.ask("message-with-ack");
      assert.deepEqual(values(client), []);
      [publisher, client].forEach((each) => each.close());
    });

    it("refuses a session id that it never gave out", async () => {
      const client = await connect(server, "lab", kind, { auth: { pid: "made-up", offset: "made-up" } });
      assert.equal(client.socket.recovered, false);
      assert.deepEqual(await client.ask("message-with-ack", 1), [1]);
      client.close();
    });

    it("starts anew after an offset that it never gave out", async () => {
      const [publisher, client] = await pair(`offset-${kind.name}`);
      await publish(publisher, 0, 1);
      await client.next("update");
      await cut(client);
      client.socket.auth = { offset: "made-up" };
      client.socket.connect();
      await client.connected();
      assert.equal(client.socket.recovered, false);
      await publish(publisher, 1, 1);
      await client.ask("message-with-ack");
      assert.deepEqual(values(client), []);
      [publisher, client].forEach((each) => each.close());
    });

    // A client often notices a lost connection before the server does; npm's server would start it anew.
    it("lets a client that comes back early take the place of its older connection", { skip: isPeer }, async () => {
      const [publisher, older] = await pair(`early-${kind.name}`);
      await publish(publisher, 0, 1);
      const [, offset] = await older.next("update");
      const id = older.socket.id;
      await publish(publisher, 1, 3);
      const newer = await connect(server, "lab", kind, { auth: { pid: older.socket._pid, offset } });
      assert.equal(newer.socket.id, id);
      await older.disconnected();
      await publish(publisher, 4, 1);
      await newer.until(() => (values(newer).at(-1) === 4 ? true : undefined), "update after the change");
      assert.deepEqual(values(newer), [1, 2, 3, 4]);
      assert.ok(!values(older).includes(4));
      [publisher, older, newer].forEach((each) => each.close());
    });

    it("tells the truth when a reply's text stands where the client looks for an offset", async () => {
      const [publisher, client] = await pair(`text-${kind.name}`);
      await publish(publisher, 0, 1);
      await client.next("update");
      client.emit("echo", "looks like an offset");
      await client.next("echo-reply");
      await cut(client);
      await publish(publisher, 1, 3);
      client.socket.connect();
      await client.connected();
      await client.ask("message-with-ack");
      await nextTurn();
      assert.deepEqual(values(client), client.socket.recovered ? [1, 2, 3] : []);
      [publisher, client].forEach((each) => each.close());
    });
  });
}
