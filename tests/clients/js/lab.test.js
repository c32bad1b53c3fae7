// The `lab` contract through every official client: namespaces, auth, messages, acks, binary, disconnection.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { CLIENTS, connect, open } from "./support/clients.js";
import { startServer } from "./support/server.js";

let server;
before(async () => (server = await startServer(["lab"])));
after(() => server?.stop());

for (const kind of CLIENTS) {
  describe(`lab with socket.io-client ${kind.name}`, () => {
    const auth = kind.major === 2 ? undefined : { token: "abc", nested: { list: [1, null, "ü"] } };

    it("answers the connection with the auth payload", async () => {
      const client = await connect(server, "lab", kind, { auth });
      assert.deepEqual(await client.next("auth"), [auth ?? {}]);
      client.close();
    });

    it("answers a connection without auth with an empty object", async () => {
      const client = await connect(server, "lab", kind);
      assert.deepEqual(await client.next("auth"), [{}]);
      client.close();
    });

    it("serves a second namespace over its own connection", async () => {
      const client = await connect(server, "lab", kind, { namespace: "/custom", auth });
      assert.deepEqual(await client.next("auth"), [auth ?? {}]);
      client.close();
    });

    it("refuses an unknown namespace by name", async () => {
      const client = open(server, "lab", kind, { namespace: "/nowhere" });
      assert.deepEqual(await client.refusal(), { message: "Invalid namespace", data: undefined });
      assert.equal(client.socket.connected, false);
      client.close();
    });

    it("sends any arguments back unchanged and in order", async () => {
      const client = await connect(server, "lab", kind);
      const args = [1, -2.5, "", "text with ünïcode, 漢字 and 🎈", true, null, [], {}, { deep: [{ er: [[0]] }] }, 9007199254740991];
      client.emit("message", ...args);
      assert.deepEqual(await client.next("message-back"), args);
      client.emit("message");
      assert.deepEqual(await client.next("message-back"), []);
      client.close();
    });

    it("sends binary back wherever it sits in the arguments", async () => {
      const client = await connect(server, "lab", kind);
      const first = Buffer.from([1, 2, 3]);
      const second = Buffer.from("second");
      client.emit("message", first, { list: [{ inner: second }, Buffer.alloc(0)], text: "beside" }, "last");
      assert.deepEqual(await client.next("message-back"), [
        { binary: "010203" },
        { list: [{ inner: { binary: second.toString("hex") } }, { binary: "" }], text: "beside" },
        "last",
      ]);
      client.close();
    });

    it("acknowledges with the same arguments, binary too", async () => {
      const client = await connect(server, "lab", kind);
      assert.deepEqual(await client.ask("message-with-ack", 1, "2", { 3: [false] }), [1, "2", { 3: [false] }]);
      assert.deepEqual(await client.ask("message-with-ack", Buffer.from([7]), { at: [Buffer.from([8, 9])] }), [
        { binary: "07" },
        { at: [{ binary: "0809" }] },
      ]);
      assert.deepEqual(await client.ask("message-with-ack"), []);
      client.close();
    });

    it("keeps many acknowledgements in flight apart", async () => {
      const client = await connect(server, "lab", kind);
      const numbers = Array.from({ length: 200 }, (_, index) => index);
      const answers = await Promise.all(numbers.map((number) => client.ask("message-with-ack", number)));
      assert.deepEqual(answers, numbers.map((number) => [number]));
      client.close();
    });

    it("carries a message close to the payload limit", async () => {
      const client = await connect(server, "lab", kind);
      const text = "x".repeat(700_000);
      client.emit("echo", text);
      const [echoed] = await client.next("echo-reply");
      assert.equal(echoed.length, text.length);
      const bytes = Buffer.alloc(600_000, 7);
      const [answer] = await client.ask("message-with-ack", bytes);
      assert.equal(answer.binary, bytes.toString("hex"));
      client.close();
    });

    it("leaves an event that it does not know unanswered and the connection open", async () => {
      const client = await connect(server, "lab", kind);
      client.emit("no-such-event", { some: "thing" });
      client.emit("echo", "still here");
      assert.deepEqual(await client.next("echo-reply"), ["still here"]);
      client.close();
    });

    it("reports the client's own disconnection as such", async () => {
      const client = await connect(server, "lab", kind);
      client.close();
      assert.equal(await client.disconnected(), "io client disconnect");
    });

    it("lets the same client object disconnect and come back", async () => {
      const client = await connect(server, "lab", kind);
      await client.next("auth");
      const firstId = client.socket.id;
      await client.closed();
      client.socket.open();
      await client.connected();
      assert.deepEqual(await client.next("auth"), [{}]);
      assert.notEqual(client.socket.id, firstId);
      client.close();
    });

    if (kind.major > 2) {
      it("receives a volatile emit of a connected client", async () => {
        const client = await connect(server, "lab", kind);
        await client.writable();
        client.socket.volatile.emit("echo", "volatile");
        assert.deepEqual(await client.next("echo-reply"), ["volatile"]);
        client.close();
      });
    }

    if (kind.upgrades) {
      it("upgrades to WebSocket and goes on", async () => {
        const client = await connect(server, "lab", kind);
        assert.equal(await client.transport("websocket"), "websocket");
        client.emit("message", "after", Buffer.from([5]));
        assert.deepEqual(await client.next("message-back"), ["after", { binary: "05" }]);
        client.close();
      });
    }
  });
}

describe("lab namespaces", () => {
  for (const kind of CLIENTS) {
    it(`share one connection (${kind.name})`, async () => {
      const main = await connect(server, "lab", kind);
      const custom = main.socket.io.socket("/custom");
      const authenticated = new Promise((resolve) => custom.once("auth", resolve));
      assert.deepEqual(await authenticated, {});
      custom.close();
      main.emit("echo", "main namespace is still open");
      assert.deepEqual(await main.next("echo-reply"), ["main namespace is still open"]);
      main.close();
    });
  }

  it("take an EIO 3 client's credentials from the namespace's query", async () => {
    const kind = CLIENTS.find((client) => client.major === 2);
    const client = await connect(server, "lab", kind, { namespace: "/custom?token=abc" });
    assert.deepEqual(await client.next("auth"), [{ token: "abc" }]);
    client.close();
  });
});
