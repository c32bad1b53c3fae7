// Messages in both directions while a client moves from polling to WebSocket: none lost, doubled or reordered.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { CLIENTS, companion, connect, open } from "./support/clients.js";
import { startServer } from "./support/server.js";

const ROUNDS = 8;
let server;
before(async () => (server = await startServer(["lab"])));
after(() => server?.stop());

const pause = () => new Promise((resolve) => setTimeout(resolve, 1));

for (const kind of CLIENTS.filter((client) => client.upgrades)) {
  describe(`upgrade with socket.io-client ${kind.name}`, () => {
    it("keeps what the client sends", async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const client = open(server, "lab", kind);
        const sent = await sendAcrossUpgrade(client, (number) => {
          client.emit("message", number, number % 7 === 0 ? Buffer.from([number % 256]) : null);
        });
        assert.deepEqual(await client.take("message-back", sent), [...Array(sent).keys()]);
        assert.equal(await client.transport("websocket"), "websocket");
        assert.equal(client.count("message-back"), 0);
        client.close();
      }
    });

    it("keeps what the server sends", async () => {
      const publisher = await connect(server, "lab", companion(kind));
      for (let round = 0; round < ROUNDS; round += 1) {
        const room = `upgrade-${kind.name}-${round}`;
        await publisher.ask("join", room);
        const client = open(server, "lab", kind);
        client.emit("join", room);
        const sent = await sendAcrossUpgrade(client, (number) => {
          publisher.emit("publish", number % 5 === 0 ? { number, binary: Buffer.from([1]) } : { number });
        });
        await client.until(() => client.events.find((event) => event.args[0]?.number === sent - 1), "last update");
        const received = client.events.filter((event) => event.name === "update").map((event) => event.args[0].number);
        // It joined at some moment of the stream; from there on the stream is whole.
        assert.deepEqual(received, [...Array(received.length).keys()].map((index) => sent - received.length + index));
        client.close();
      }
      publisher.close();
    });
  });
}

/** Calls `send` with 0, 1, 2… from before the connection until well after the upgrade; gives the number of calls. */
async function sendAcrossUpgrade(client, send) {
  let sent = 0;
  let upgraded = false;
  client.socket.io.once("open", () => client.socket.io.engine.once("upgrade", () => (upgraded = true)));
  for (let afterUpgrade = 0; afterUpgrade < 50; afterUpgrade += upgraded ? 1 : 0) {
    assert.ok(sent < 100_000, "the upgrade never came");
    send(sent);
    sent += 1;
    await pause();
  }
  return sent;
}
