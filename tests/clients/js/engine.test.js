// The Engine.IO protocol, revisions 4 and 3, by hand: handshake, payloads, heartbeats, closing, upgrade.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Endpoint, RawSocket, answer } from "./support/raw.js";
import { isPeer, startServer } from "./support/server.js";

const PING_INTERVAL = 300;
const PING_TIMEOUT = 200;
let server;
before(async () => {
  server = await startServer(["lab"], {
    HUBBUB_REALTIME__PING_INTERVAL_MS: String(PING_INTERVAL),
    HUBBUB_REALTIME__PING_TIMEOUT_MS: String(PING_TIMEOUT),
    HUBBUB_REALTIME__MAX_PAYLOAD_BYTES: "100000",
  });
});
after(() => server?.stop());

const handshakeOf = (revision, upgrades) => ({
  upgrades,
  pingInterval: PING_INTERVAL,
  pingTimeout: PING_TIMEOUT,
  ...(revision === 4 ? { maxPayload: 100000 } : {}),
});
const withoutSid = ({ sid, ...rest }) => {
  assert.match(sid, /^[A-Za-z0-9_-]{20,}$/);
  return rest;
};
const unknownSid = { status: 400, body: { code: 1, message: "Session ID unknown" } };

for (const revision of [4, 3]) {
  // The Node implementation announces maxPayload in both revisions.
  const comparable = (handshake) => {
    const rest = withoutSid(handshake);
    return revision === 3 && isPeer ? { ...rest, maxPayload: undefined } : rest;
  };
  const expected = (upgrades) => (revision === 3 && isPeer ? { ...handshakeOf(3, upgrades), maxPayload: undefined } : handshakeOf(revision, upgrades));

  describe(`Engine.IO ${revision}`, () => {
    let engine;
    before(() => (engine = new Endpoint(server.url("lab"), "/engine.io/", revision)));

    describe("handshake", () => {
      it("opens a polling session", async () => {
        const response = await engine.fetch(engine.query("polling"));
        assert.equal(response.status, 200);
        assert.match(response.headers.get("content-type"), /^text\/plain; ?charset=utf-8$/i);
        const packets = engine.revision.decode(await response.text());
        assert.equal(packets.length, 1);
        assert.equal(packets[0][0], "0");
        assert.deepEqual(comparable(JSON.parse(packets[0].slice(1))), expected(["websocket"]));
      });

      it("opens a WebSocket session", async () => {
        const socket = await engine.connected();
        assert.deepEqual(comparable(socket.handshake), expected([]));
        socket.close();
      });

      it("gives every session an id of its own", async () => {
        const sids = await Promise.all([...Array(50)].map(async () => (await engine.open()).sid));
        assert.equal(new Set(sids).size, 50);
      });

      const refusals = [
        ["no transport", `EIO=${revision}`, {}, 0, "Transport unknown"],
        ["an unknown transport", `EIO=${revision}&transport=abc`, {}, 0, "Transport unknown"],
        ["an unknown session", `EIO=${revision}&transport=polling&sid=abc`, {}, 1, "Session ID unknown"],
        ["a POST without a session", `EIO=${revision}&transport=polling`, { method: "POST" }, 2, "Bad handshake method"],
        ["a PUT", `EIO=${revision}&transport=polling`, { method: "PUT" }, 2, "Bad handshake method"],
        ...(isPeer
          ? []
          : [
              ["no revision", "transport=polling", {}, 5, "Unsupported protocol version"],
              ["an unreadable revision", "EIO=abc&transport=polling", {}, 5, "Unsupported protocol version"],
              ["an unknown revision", "EIO=5&transport=polling", {}, 5, "Unsupported protocol version"],
            ]),
      ];
      for (const [what, query, options, code, message] of refusals) {
        it(`refuses ${what}`, async () => {
          assert.deepEqual(await answer(await engine.fetch(query, options)), { status: 400, body: { code, message } });
        });
        if (!options.method) {
          it(`refuses ${what} on WebSocket`, async () => {
            const socket = new RawSocket(engine.url(query.replace("polling", "websocket"), { websocket: true }));
            assert.equal((await socket.refused).status, 400);
          });
        }
      }

      it("refuses a session under another revision", async () => {
        const { sid } = await engine.open();
        const other = new Endpoint(server.url("lab"), "/engine.io/", revision === 4 ? 3 : 4);
        if (!isPeer) {
          assert.equal((await other.poll(sid)).status, 400);
          assert.equal((await other.websocket(sid).refused).status, 400);
        }
        await engine.post(sid, "4still mine");
        assert.deepEqual(await engine.packets(sid), ["4still mine"]);
      });

      it("refuses a WebSocket session on polling", async () => {
        const socket = await engine.connected();
        assert.deepEqual(await answer(await engine.poll(socket.handshake.sid)), { status: 400, body: { code: 3, message: "Bad request" } });
        socket.send("4still open");
        assert.equal(await socket.nextPacket(), "4still open");
        socket.close();
      });
    });

    describe("messages on polling", () => {
      for (const [what, packets] of [
        ["one text", ["4hello"]],
        ["several texts", ["4one", "4two", "4three"]],
        ["text outside ASCII", ["4ünïcode 漢字 🎈", "4after"]],
        ["an empty message", ["4"]],
        ["text and binary", ["4hello", Buffer.from([1, 2, 3, 4]), "4bye"]],
      ]) {
        it(`echo ${what}`, async () => {
          const { sid } = await engine.open();
          assert.deepEqual(await answer(await engine.post(sid, ...packets)), { status: 200, body: "ok" });
          assert.deepEqual(await engine.packets(sid), packets);
        });
      }

      it("arrive while a poll is waiting", async () => {
        const { sid } = await engine.open();
        const poll = engine.packets(sid);
        await engine.post(sid, "4hello");
        assert.deepEqual(await poll, ["4hello"]);
      });

      it("keep their order over many requests", async () => {
        const { sid } = await engine.open();
        const sent = [...Array(300).keys()].map((number) => `4${number}`);
        for (let from = 0; from < sent.length; from += 50) {
          await engine.post(sid, ...sent.slice(from, from + 50));
        }
        const received = [];
        while (received.length < sent.length) {
          received.push(...(await engine.packets(sid)).filter((packet) => packet !== "2"));
        }
        assert.deepEqual(received, sent);
      });

      for (const [what, body] of [
        ["no packet at all", "abc"],
        ["an unknown packet type", revision === 4 ? "9abc" : "4:9abc"],
        ["base64 that is none", revision === 4 ? "b!!!!" : "6:b4!!!!"],
        ["a cut length", revision === 4 ? "" : "7:4hello"],
        ["an enormous length", revision === 4 ? "4ok\x1eabc" : "99999999999999999999:4"],
      ]) {
        it(`end the session at ${what}`, { skip: isPeer }, async () => {
          const { sid } = await engine.open();
          assert.equal((await engine.postBody(sid, body)).status, 400);
          assert.deepEqual(await answer(await engine.poll(sid)), unknownSid);
        });
      }

      it("are refused above the payload limit", async () => {
        const { sid } = await engine.open();
        assert.equal((await engine.post(sid, `4${"x".repeat(100_001)}`).catch(() => ({ status: 413 }))).status, 413);
      });

      it("end the session at a second poll", async () => {
        const { sid } = await engine.open();
        const first = engine.poll(sid);
        const second = engine.poll(sid);
        const statuses = [(await first).status, (await second).status].sort();
        assert.equal(statuses[0], 200);
        assert.ok([400, 500].includes(statuses[1]), `second poll answered ${statuses[1]}`);
        assert.equal((await engine.poll(sid)).status, 400);
      });

      it("end the session at a poll that was given up", async () => {
        const { sid } = await engine.open();
        const control = new AbortController();
        const given = engine.poll(sid, { signal: control.signal }).catch(() => "given up");
        // The server must have the request before it can lose it; its echo of a POST would end it, so one turn of the clock it is.
        await new Promise((resolve) => setTimeout(resolve, 30));
        control.abort();
        assert.equal(await given, "given up");
        await new Promise((resolve) => setTimeout(resolve, 30));
        assert.equal((await engine.poll(sid)).status, 400);
      });
    });

    describe("messages on WebSocket", () => {
      it("echo text and binary in order", async () => {
        const socket = await engine.connected();
        socket.send("4hello", engine.revision.binaryFrame(Buffer.from([1, 2, 3])), "4bye");
        assert.equal(await socket.nextPacket(), "4hello");
        assert.deepEqual(await socket.nextPacket(), engine.revision.binaryFrame(Buffer.from([1, 2, 3])));
        assert.equal(await socket.nextPacket(), "4bye");
        socket.close();
      });

      it("may come in fragments, with control frames between them", async () => {
        const socket = await engine.connected();
        const ponged = new Promise((resolve) => socket.socket.once("pong", (data) => resolve(data.toString())));
        socket.socket.send("4he", { fin: false });
        socket.socket.ping("between");
        socket.socket.send("llo", { fin: true });
        assert.equal(await socket.nextPacket(), "4hello");
        assert.equal(await ponged, "between");
        socket.close();
      });

      it("end the session at an invalid packet", async () => {
        const socket = await engine.connected();
        socket.send("abc");
        await socket.ending();
        assert.equal((await engine.poll(socket.handshake.sid)).status, 400);
      });

      it("end the session above the payload limit", async () => {
        const socket = await engine.connected();
        socket.send(`4${"x".repeat(100_001)}`);
        assert.equal((await socket.ending()).code, 1009);
      });
    });

    describe("heartbeat", () => {
      if (revision === 4) {
        it("is asked for by the server and keeps both transports open", async () => {
          const { sid } = await engine.open();
          const socket = await engine.connected();
          for (let round = 0; round < 3; round += 1) {
            assert.deepEqual(await engine.packets(sid), ["2"]);
            assert.equal((await engine.post(sid, "3")).status, 200);
            assert.equal(await socket.next(), "2");
            socket.send("3");
          }
          socket.close();
        });
      } else {
        it("is asked for by the client and answered on both transports", async () => {
          const { sid } = await engine.open();
          const socket = await engine.connected();
          for (let round = 0; round < 3; round += 1) {
            assert.equal((await engine.post(sid, "2")).status, 200);
            assert.deepEqual(await engine.packets(sid), ["3"]);
            socket.send("2");
            assert.equal(await socket.next(), "3");
          }
          socket.close();
        });
      }

      it("that stays away ends a WebSocket session", async () => {
        const socket = await engine.connected();
        await socket.ending();
        assert.deepEqual(await answer(await engine.poll(socket.handshake.sid)), unknownSid);
      });

      it("that stays away ends a polling session", async () => {
        const { sid } = await engine.open();
        // Twice the deadline: the time itself is what is tested.
        await new Promise((resolve) => setTimeout(resolve, 2 * (PING_INTERVAL + PING_TIMEOUT)));
        assert.deepEqual(await answer(await engine.poll(sid)), unknownSid);
      });
    });

    describe("closing", () => {
      it("by the client ends a waiting poll", async () => {
        const { sid } = await engine.open();
        const poll = engine.packets(sid);
        assert.equal((await engine.post(sid, "1")).status, 200);
        assert.deepEqual(await poll, ["6"]);
        assert.deepEqual(await answer(await engine.poll(sid)), unknownSid);
      });

      it("by the client ends a WebSocket", async () => {
        const socket = await engine.connected();
        socket.send("1");
        await socket.ending();
      });
    });

    describe("upgrade", () => {
      async function upgraded() {
        const { sid } = await engine.open();
        const socket = engine.websocket(sid);
        await socket.opened();
        socket.send("2probe");
        assert.equal(await socket.next(), "3probe");
        socket.send("5");
        return { sid, socket };
      }

      it("ends a waiting poll with a noop and goes on over WebSocket", async () => {
        const { sid } = await engine.open();
        const socket = engine.websocket(sid);
        await socket.opened();
        socket.send("2probe");
        assert.equal(await socket.next(), "3probe");
        assert.deepEqual(await engine.packets(sid), ["6"]);
        socket.send("5", "4hello");
        assert.equal(await socket.nextPacket(), "4hello");
        socket.close();
      });

      it("delivers over WebSocket what polling had not fetched", async () => {
        const { sid } = await engine.open();
        await engine.post(sid, "4one", Buffer.from([2]), "4three");
        const socket = engine.websocket(sid);
        await socket.opened();
        socket.send("2probe");
        assert.equal(await socket.next(), "3probe");
        socket.send("5");
        assert.deepEqual(
          [await socket.nextPacket(), await socket.nextPacket(), await socket.nextPacket()],
          ["4one", engine.revision.binaryFrame(Buffer.from([2])), "4three"],
        );
        socket.close();
      });

      it("refuses polling afterwards", async () => {
        const { sid, socket } = await upgraded();
        socket.send("4hello");
        assert.equal(await socket.nextPacket(), "4hello");
        assert.equal((await engine.poll(sid)).status, 400);
        assert.equal((await engine.post(sid, "4lost")).status, 400);
        socket.send("4still here");
        assert.equal(await socket.nextPacket(), "4still here");
        socket.close();
      });

      it("cannot be taken over by a second WebSocket", async () => {
        const { sid, socket } = await upgraded();
        const second = engine.websocket(sid);
        await second.ending();
        socket.send("4hello");
        assert.equal(await socket.nextPacket(), "4hello");
        socket.close();
      });

      it("leaves polling as it was when the probe is given up", async () => {
        const { sid } = await engine.open();
        const socket = engine.websocket(sid);
        await socket.opened();
        socket.close();
        await socket.ending();
        await engine.post(sid, "4hello");
        assert.deepEqual(await engine.packets(sid), ["4hello"]);
      });

      it("ignores a WebSocket that does not probe", async () => {
        const { sid } = await engine.open();
        const socket = engine.websocket(sid);
        await socket.opened();
        socket.send("4hello");
        await socket.ending();
        await engine.post(sid, "4fine");
        assert.deepEqual(await engine.packets(sid), ["4fine"]);
      });
    });
  });
}

describe("Engine.IO 3 with binary support", () => {
  it("frames text and binary as octets when the body holds binary", async () => {
    const url = `${server.url("lab")}/engine.io/?EIO=3&transport=polling`;
    const opening = Buffer.from(await (await fetch(url)).arrayBuffer());
    const sid = /"sid":"([^"]+)"/.exec(opening.toString())[1];
    await fetch(`${url}&sid=${sid}`, { method: "POST", body: "6:4hello10:b4AQIDBA==" });
    const response = await fetch(`${url}&sid=${sid}`);
    assert.equal(response.headers.get("content-type"), "application/octet-stream");
    const body = Buffer.from(await response.arrayBuffer());
    assert.deepEqual([...body], [0, 6, 255, 52, 104, 101, 108, 108, 111, 1, 5, 255, 4, 1, 2, 3, 4]);
  });

  it("reads octets as well", async () => {
    const url = `${server.url("lab")}/engine.io/?EIO=3&transport=polling`;
    const opening = await (await fetch(`${url}&b64=1`)).text();
    const sid = /"sid":"([^"]+)"/.exec(opening)[1];
    const body = Buffer.from([0, 6, 255, 52, 104, 101, 108, 108, 111, 1, 5, 255, 4, 1, 2, 3, 4]);
    const headers = { "Content-Type": "application/octet-stream" };
    assert.equal((await fetch(`${url}&b64=1&sid=${sid}`, { method: "POST", body, headers })).status, 200);
    assert.equal(await (await fetch(`${url}&b64=1&sid=${sid}`)).text(), "6:4hello10:b4AQIDBA==");
  });
});
