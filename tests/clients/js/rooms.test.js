// Rooms of the `lab` contract through every official client: who receives what, in which order, and the latest lane.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { CLIENTS, companion, connect } from "./support/clients.js";
import { startServer } from "./support/server.js";

let server;
before(async () => (server = await startServer(["lab"])));
after(() => server?.stop());

let roomNumber = 0;
const newRoom = () => `room-${(roomNumber += 1)}`;
const numbers = (count) => Array.from({ length: count }, (_, index) => index);

async function member(kind, room) {
  const client = await connect(server, "lab", kind);
  assert.deepEqual(await client.ask("join", room), ["ok"]);
  return client;
}

for (const kind of CLIENTS) {
  describe(`rooms with socket.io-client ${kind.name}`, () => {
    it("deliver 1,000 messages in order to every other member and to nobody else", async () => {
      const room = newRoom();
      const [publisher, outsider] = [await member(kind, room), await member(kind, newRoom())];
      const subscribers = [await member(kind, room), await member(companion(kind), room)];
      for (const number of numbers(1000)) {
        publisher.emit("publish", number);
      }
      for (const subscriber of subscribers) {
        assert.deepEqual(await subscriber.take("update", 1000), numbers(1000));
      }
      for (const other of [publisher, outsider]) {
        await other.ask("message-with-ack");
        assert.equal(other.count("update"), 0);
      }
      [publisher, outsider, ...subscribers].forEach((client) => client.close());
    });

    it("keep the order of each of two publishers", async () => {
      const room = newRoom();
      const subscriber = await member(kind, room);
      const publishers = [await member(kind, room), await member(companion(kind), room)];
      for (const number of numbers(500)) {
        publishers.forEach((publisher, by) => publisher.emit("publish", { by, number }));
      }
      const updates = await subscriber.take("update", 1000);
      for (const by of [0, 1]) {
        const own = updates.filter((update) => update.by === by).map((update) => update.number);
        assert.deepEqual(own, numbers(500));
      }
      [subscriber, ...publishers].forEach((client) => client.close());
    });

    it("do not let an update overtake what its publisher was answered before", async () => {
      const room = newRoom();
      const [publisher, subscriber] = [await member(kind, room), await member(kind, room)];
      for (const number of numbers(100)) {
        publisher.emit("publish", number);
        subscriber.emit("echo", number);
      }
      assert.deepEqual(await subscriber.take("update", 100), numbers(100));
      assert.deepEqual(await subscriber.take("echo-reply", 100), numbers(100));
      [publisher, subscriber].forEach((client) => client.close());
    });

    it("carry binary updates unchanged", async () => {
      const room = newRoom();
      const [publisher, subscriber] = [await member(kind, room), await member(companion(kind), room)];
      const other = await member(kind, room);
      publisher.emit("publish", { jpeg: Buffer.from([255, 216, 255]), at: 1 });
      for (const client of [subscriber, other]) {
        assert.deepEqual(await client.next("update"), [{ jpeg: { binary: "ffd8ff" }, at: 1 }]);
      }
      [publisher, subscriber, other].forEach((client) => client.close());
    });

    it("always deliver the newest frame of each publisher, never an older one after it", async () => {
      const room = newRoom();
      const subscriber = await member(kind, room);
      const publishers = [await member(kind, room), await member(companion(kind), room)];
      for (const number of numbers(300)) {
        publishers.forEach((publisher, by) => publisher.emit("frame", { by, number, pixels: "x".repeat(2000) }));
      }
      const framesOf = (by) => subscriber.events.filter((event) => event.name === "frame" && event.args[0].by === by);
      for (const by of [0, 1]) {
        await subscriber.until(() => framesOf(by).find((event) => event.args[0].number === 299), `last frame of publisher ${by}`);
        const seen = framesOf(by).map((event) => event.args[0].number);
        assert.deepEqual(seen, [...new Set(seen)].sort((left, right) => left - right));
      }
      [subscriber, ...publishers].forEach((client) => client.close());
    });

    it("forget a member that has gone", async () => {
      const room = newRoom();
      const [publisher, leaver, stayer] = [await member(kind, room), await member(kind, room), await member(kind, room)];
      await leaver.closed();
      publisher.emit("publish", "after");
      assert.deepEqual(await stayer.next("update"), ["after"]);
      assert.equal(leaver.count("update"), 0);
      [publisher, stayer].forEach((client) => client.close());
    });
  });
}
