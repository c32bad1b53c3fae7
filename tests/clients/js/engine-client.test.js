// The official Engine.IO clients, without Socket.IO on top: what is sent comes back, on every transport and across the upgrade.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, it } from "node:test";
import { Socket as Socket6 } from "engine.io-client-6";
import { plain } from "./support/clients.js";
import { within } from "./support/raw.js";
import { startServer } from "./support/server.js";

const Socket3 = createRequire(import.meta.url)("engine.io-client-3");
let server;
before(async () => (server = await startServer(["lab"], { HUBBUB_REALTIME__PING_INTERVAL_MS: "300", HUBBUB_REALTIME__PING_TIMEOUT_MS: "200" })));
after(() => server?.stop());

const clients = [
  ["6.x (EIO 4)", (url, options) => new Socket6(url, options)],
  ["3.5 (EIO 3)", (url, options) => Socket3(url, options)],
];

for (const [name, create] of clients) {
  for (const transports of [["websocket"], ["polling"], ["polling", "websocket"]]) {
    it(`engine.io-client ${name} over ${transports.join(" then ")} gets back what it sends`, async () => {
      const socket = create(server.url("lab"), { path: "/engine.io/", transports });
      const received = [];
      let notify = () => {};
      socket.on("message", (data) => {
        received.push(plain(data));
        notify();
      });
      await within(new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject)), "connection");
      const sent = [];
      for (let number = 0; number < 200; number += 1) {
        const message = number % 10 === 0 ? Buffer.from([number, 255]) : `${number} ünïcode`;
        socket.send(message);
        sent.push(plain(message));
        if (number % 20 === 0) {
          await new Promise((resolve) => setImmediate(resolve));
        }
      }
      const all = new Promise((resolve) => {
        notify = () => received.length >= sent.length && resolve();
        notify();
      });
      await within(all, "echo of everything");
      assert.deepEqual(received, sent);
      if (transports.length > 1 && socket.transport.name !== "websocket") {
        await within(new Promise((resolve) => socket.once("upgrade", resolve)), "upgrade");
      }
      assert.equal(socket.transport.name, transports.at(-1));
      const closed = new Promise((resolve) => socket.once("close", resolve));
      socket.close();
      await within(closed, "close");
    });
  }
}
