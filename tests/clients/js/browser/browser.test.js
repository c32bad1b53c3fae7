// The official bundle in a real browser: transports, binary, and who may connect from where.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { inBrowser } from "../support/browser.js";
import { isPeer, startServer } from "../support/server.js";

let server;
let lab;
before(async () => {
  server = await startServer(["lab"]);
  lab = server.url("lab");
});
after(() => server?.stop());

/** Connects to `target`, exchanges a message with binary, and reports what happened on the way. */
const visit = (target, options) => `
  const socket = io(${JSON.stringify(target)}, { reconnection: false, timeout: 15000, ...${JSON.stringify(options)} });
  const transports = [];
  socket.io.on("open", () => {
    transports.push(socket.io.engine.transport.name);
    socket.io.engine.on("upgrade", (transport) => transports.push(transport.name));
  });
  const outcome = await new Promise((resolve) => {
    socket.on("connect", () => resolve("connected"));
    socket.on("connect_error", (error) => resolve("refused: " + error.message));
  });
  if (outcome !== "connected") {
    return { outcome };
  }
  const wanted = ${JSON.stringify(options.transports.at(-1))};
  if (socket.io.engine.transport.name !== wanted) {
    await new Promise((resolve) => socket.io.engine.once("upgrade", resolve));
  }
  const back = new Promise((resolve) => socket.on("message-back", (text, bytes) => resolve([text, [...new Uint8Array(bytes)]])));
  socket.emit("message", "ünïcode 🎈", new Uint8Array([1, 2, 255]));
  return { outcome, transports, back: await back };
`;
const everything = { outcome: "connected", back: ["ünïcode 🎈", [1, 2, 255]] };

describe("the official client in Chromium", () => {
  for (const [transports, seen] of [
    [["polling", "websocket"], ["polling", "websocket"]],
    [["polling"], ["polling"]],
    [["websocket"], ["websocket"]],
  ]) {
    it(`connects from a page on loopback with ${transports.join(" then ")}`, { skip: isPeer }, async () => {
      assert.deepEqual(await inBrowser("127.0.0.1", visit(lab, { transports })), { ...everything, transports: seen });
    });
  }

  it("connects from a page of the host that it connects to", { skip: isPeer }, async () => {
    const target = lab.replace("127.0.0.1", "hub.example");
    const report = await inBrowser("hub.example", visit(target, { transports: ["polling", "websocket"] }));
    assert.deepEqual(report, { ...everything, transports: ["polling", "websocket"] });
  });

  for (const transports of [["polling"], ["websocket"]]) {
    it(`is refused from a foreign page on ${transports[0]}`, { skip: isPeer }, async () => {
      const { outcome } = await inBrowser("foreign.example", visit(lab, { transports }));
      assert.match(outcome, /^refused: (xhr poll error|websocket error)$/);
    });
  }
});
