// The Socket.IO protocol, revision 5 (and 4 for EIO 3), packet by packet: namespaces, events, acks, attachments, refusals.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Endpoint, RawSocket, answer } from "./support/raw.js";
import { isPeer, startServer } from "./support/server.js";

let server;
let lab;
let oldLab;
before(async () => {
  server = await startServer(["lab"], { HUBBUB_REALTIME__CONNECT_TIMEOUT_MS: "1000" });
  lab = new Endpoint(server.url("lab"), "/socket.io/", 4);
  oldLab = new Endpoint(server.url("lab"), "/socket.io/", 3);
});
after(() => server?.stop());

const placeholder = (num) => `{"_placeholder":true,"num":${num}}`;

describe("connecting to a namespace", () => {
  for (const [what, packet, prefix, greeting] of [
    ["the main one", "40", "40", '42["auth",{}]'],
    ["the main one with auth", '40{"token":"123"}', "40", '42["auth",{"token":"123"}]'],
    ["another", "40/custom,", "40/custom,", '42/custom,["auth",{}]'],
    ["another without a comma", "40/custom", "40/custom,", '42/custom,["auth",{}]'],
    ["another with auth", '40/custom,{"token":"abc"}', "40/custom,", '42/custom,["auth",{"token":"abc"}]'],
  ]) {
    it(`works for ${what}`, async () => {
      const socket = await lab.connected();
      socket.send(packet);
      const connected = await socket.nextPacket();
      assert.ok(connected.startsWith(prefix), connected);
      const handshake = JSON.parse(connected.slice(prefix.length));
      assert.deepEqual(Object.keys(handshake), ["sid"]);
      assert.match(handshake.sid, /^[A-Za-z0-9_-]{20,}$/);
      assert.notEqual(handshake.sid, socket.handshake.sid);
      assert.equal(await socket.nextPacket(), greeting);
      socket.close();
    });
  }

  it("works over polling", async () => {
    const { sid } = await lab.open();
    await lab.post(sid, '40{"token":"123"}');
    const packets = await lab.packets(sid);
    if (packets.length === 1) {
      packets.push(...(await lab.packets(sid)));
    }
    assert.match(packets[0], /^40\{"sid":"[A-Za-z0-9_-]{20,}"\}$/);
    assert.deepEqual(packets.slice(1), ['42["auth",{"token":"123"}]']);
  });

  it("is refused by name for an unknown one", async () => {
    const socket = await lab.connected();
    socket.send("40/random");
    assert.equal(await socket.nextPacket(), '44/random,{"message":"Invalid namespace"}');
    socket.send("40");
    assert.match(await socket.nextPacket(), /^40\{/);
    socket.close();
  });

  it("is what a connection must begin with", async () => {
    const socket = await lab.connected();
    socket.send('42["echo",1]');
    await socket.ending();
  });

  it("must follow within the connect timeout", async () => {
    const socket = await lab.connected();
    await socket.ending();
  });

  it("ends the connection when tried twice", async () => {
    const socket = await lab.joined();
    socket.send("40");
    await socket.ending();
  });

  for (const packet of ["4abc", '40"text"', "40[1]", "40{broken", "47", "4"]) {
    it(`ends the connection at \`${packet}\``, async () => {
      const socket = await lab.connected();
      socket.send(packet);
      await socket.ending();
    });
  }
});

describe("leaving a namespace", () => {
  it("keeps the connection", async () => {
    const socket = await lab.joined();
    socket.send("40/custom,");
    assert.match(await socket.nextPacket(), /^40\/custom,/);
    assert.equal(await socket.nextPacket(), '42/custom,["auth",{}]');
    socket.send("41/custom,", '42["message","to the main namespace"]');
    assert.equal(await socket.nextPacket(), '42["message-back","to the main namespace"]');
    socket.close();
  });

  it("allows coming back", { skip: isPeer }, async () => {
    const socket = await lab.joined();
    socket.send("41", "40");
    const again = await socket.nextPacket();
    assert.match(again, /^40\{/);
    assert.notEqual(again, socket.namespace);
    socket.close();
  });
});

describe("events", () => {
  it("come back with their arguments byte for byte", async () => {
    const socket = await lab.joined();
    const args = '1,"2",{"3":[true],"a":null},-0.5,1e3,"\\u00fc\\n"';
    socket.send(`42["message",${args}]`);
    const reply = await socket.nextPacket();
    assert.deepEqual(JSON.parse(reply.slice(2)), JSON.parse(`["message-back",${args}]`));
    socket.close();
  });

  it("are acknowledged under their own id", async () => {
    const socket = await lab.joined();
    socket.send('42456["message-with-ack",1,"2",{"3":[false]}]');
    assert.equal(await socket.nextPacket(), '43456[1,"2",{"3":[false]}]');
    socket.send('420["message-with-ack"]');
    assert.equal(await socket.nextPacket(), "430[]");
    socket.close();
  });

  it("carry attachments", async () => {
    const socket = await lab.joined();
    socket.send(`452-["message",${placeholder(0)},{"inner":${placeholder(1)}}]`, Buffer.from([1, 2, 3]), Buffer.from([4, 5, 6]));
    assert.equal(await socket.nextPacket(), `452-["message-back",${placeholder(0)},{"inner":${placeholder(1)}}]`);
    assert.deepEqual(await socket.nextPacket(), Buffer.from([1, 2, 3]));
    assert.deepEqual(await socket.nextPacket(), Buffer.from([4, 5, 6]));
    socket.send(`452-789["message-with-ack",${placeholder(0)},${placeholder(1)}]`, Buffer.from([7]), Buffer.from([8]));
    assert.equal(await socket.nextPacket(), `462-789[${placeholder(0)},${placeholder(1)}]`);
    assert.deepEqual(await socket.nextPacket(), Buffer.from([7]));
    assert.deepEqual(await socket.nextPacket(), Buffer.from([8]));
    socket.close();
  });

  it("carry attachments over polling", async () => {
    const { sid } = await lab.open();
    await lab.post(sid, "40");
    for (let greeted = false; !greeted; ) {
      greeted = (await lab.packets(sid)).some((packet) => String(packet).startsWith('42["auth"'));
    }
    await lab.post(sid, `451-["message",${placeholder(0)}]`, Buffer.from([1, 2]));
    assert.deepEqual(await lab.packets(sid), [`451-["message-back",${placeholder(0)}]`, Buffer.from([1, 2])]);
  });

  it("of the main namespace are unknown to another", async () => {
    const socket = await lab.joined();
    socket.send("40/custom,");
    await socket.nextPacket();
    await socket.nextPacket();
    socket.send('42/custom,["echo",1]', '42["echo",2]');
    assert.equal(await socket.nextPacket(), '42["echo-reply",2]');
    socket.close();
  });
});

describe("a broken packet ends its connection and no other", () => {
  const nested = (depth) => `42["message",${"[".repeat(depth)}${"]".repeat(depth)}]`;
  const packets = [
    ["an unknown type", ["4abc"]],
    ["no array", ["42{}"]],
    ["an empty array", ["42[]"]],
    ["an unreadable ack id", ['42abc["message-with-ack",1]']],
    ["JSON that is cut off", ['42["message",']],
    ["an event name that is no string", ["42[{}]"]],
    ["a reserved event name", ['42["connect"]']],
    ["an ack that is no array", ["430{}"]],
    ["a namespace it has not joined", ['42/custom,["auth",{}]']],
    ["an attachment without an event", [Buffer.from([1, 2, 3])]],
    ["text where an attachment is due", [`451-["message",${placeholder(0)}]`, '42["echo",1]']],
    ["a placeholder out of range", [`451-["message",${placeholder(1)}]`, Buffer.from([1])]],
    // What follows are limits of hubbub's own.
    ...(isPeer
      ? []
      : [
          ["zero attachments", ['450-["message"]']],
          ["zero attachments of an ack", ["460-1[]"]],
          ["more attachments than allowed", [`4511-["message",${[...Array(11).keys()].map(placeholder)}]`]],
          ["a huge number of attachments", ['4599999999999-["message"]']],
          ["an ack id that no client counts up to", ['4299999999999999999999["message-with-ack"]']],
          ["a namespace of enormous length", [`40/${"n".repeat(10_000)},`]],
          ["nesting without end", [nested(10_000)]],
        ]),
  ];
  for (const [what, messages] of packets) {
    it(`(${what})`, async () => {
      const [offender, bystander] = [await lab.joined(), await lab.joined()];
      offender.send(...messages);
      await offender.ending();
      bystander.send('42["echo","fine"]');
      assert.equal(await bystander.nextPacket(), '42["echo-reply","fine"]');
      bystander.close();
    });
  }

  it("(the same over polling: the session is gone)", async () => {
    const { sid } = await lab.open();
    await lab.post(sid, "40");
    await lab.post(sid, "42{}");
    // What was queued before may still be fetched; then the session is unknown.
    const statuses = [];
    do {
      statuses.push((await lab.poll(sid)).status);
    } while (statuses.at(-1) === 200 && statuses.length < 5);
    assert.equal(statuses.at(-1), 400);
  });

  it("(attachments that never come)", { skip: isPeer }, async () => {
    const socket = await lab.joined();
    socket.send(`452-["message",${placeholder(0)},${placeholder(1)}]`, Buffer.from([1]));
    // Its heartbeats are answered: only the missing attachment can end it.
    await socket.ending();
  });

  it("accepts ten attachments and moderate nesting", async () => {
    const socket = await lab.joined();
    socket.send(`4510-["message",${[...Array(10).keys()].map(placeholder)}]`, ...[...Array(10).keys()].map((byte) => Buffer.from([byte])));
    assert.match(await socket.nextPacket(), /^4510-/);
    for (let byte = 0; byte < 10; byte += 1) {
      assert.deepEqual(await socket.nextPacket(), Buffer.from([byte]));
    }
    socket.send(nested(40));
    assert.equal(await socket.nextPacket(), nested(40).replace("message", "message-back"));
    socket.close();
  });
});

describe("EIO 3 clients (protocol revision 4)", () => {
  it("are connected to the main namespace without asking", async () => {
    const socket = await oldLab.connected();
    assert.equal(await socket.next(), "40");
    assert.equal(await socket.next(), '42["auth",{}]');
    socket.close();
  });

  it("name further namespaces with a query", async () => {
    const socket = await oldLab.joined();
    socket.send("40/custom?token=abc,");
    assert.equal(await socket.next(), "40/custom,");
    assert.equal(await socket.next(), '42/custom,["auth",{"token":"abc"}]');
    socket.close();
  });

  it("are told of an unknown namespace with a bare text", async () => {
    const socket = await oldLab.joined();
    socket.send("40/random,");
    assert.match(await socket.next(), /^44\/random,("Invalid namespace"|\{"message":"Invalid namespace"\})$/);
    socket.close();
  });

  it("send and receive events, acks and attachments", async () => {
    const socket = await oldLab.joined();
    socket.send('42["message",1]', '427["message-with-ack","x"]', `451-["message",${placeholder(0)}]`, Buffer.from([4, 9]));
    assert.equal(await socket.next(), '42["message-back",1]');
    assert.equal(await socket.next(), '437["x"]');
    assert.equal(await socket.next(), `451-["message-back",${placeholder(0)}]`);
    assert.deepEqual(await socket.next(), Buffer.from([4, 9]));
    socket.close();
  });
});

describe("origins", { skip: isPeer }, () => {
  const foreign = { Origin: "http://elsewhere.example" };
  const polling = (headers, options = {}) => lab.fetch(lab.query("polling"), { headers, ...options });
  const websocket = (headers) => new RawSocket(lab.url(lab.query("websocket"), { websocket: true }), { headers });

  for (const origin of ["http://elsewhere.example", "null", "https://127.0.0.1.elsewhere.example"]) {
    it(`refuse \`${origin}\` on both transports`, async () => {
      const response = await polling({ Origin: origin });
      assert.equal(response.headers.get("access-control-allow-origin"), null);
      assert.deepEqual(await answer(response), { status: 403, body: { code: 4, message: "Forbidden" } });
      assert.equal((await websocket({ Origin: origin }).refused).status, 403);
    });
  }

  for (const origin of ["http://localhost:1234", "http://127.0.0.1:1", "http://[::1]:8080"]) {
    it(`let \`${origin}\` in while bound to loopback`, async () => {
      const response = await polling({ Origin: origin });
      assert.equal(response.status, 200);
      assert.equal(response.headers.get("access-control-allow-origin"), origin);
      const socket = websocket({ Origin: origin });
      assert.match(await socket.next(), /^0\{/);
      socket.close();
    });
  }

  it("let the preflight of an allowed page pass, and of no other", async () => {
    const asked = { "Access-Control-Request-Method": "POST" };
    const allowed = await polling({ Origin: "http://localhost:1234", ...asked }, { method: "OPTIONS" });
    assert.ok([200, 204].includes(allowed.status));
    assert.equal(allowed.headers.get("access-control-allow-origin"), "http://localhost:1234");
    const refused = await polling({ ...foreign, ...asked }, { method: "OPTIONS" });
    assert.equal(refused.headers.get("access-control-allow-origin"), null);
  });
});
