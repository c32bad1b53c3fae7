// The `lab` contract on npm's socket.io: the peer that hubbub's figures are put beside, and the server that the client
// tests are checked against. It reads the same environment variables as hubbub and prints the same lines.
import { createServer } from "node:http";
import { Server as Engine } from "engine.io";
import { Server } from "socket.io";
import * as msgpackParser from "socket.io-msgpack-parser";

const setting = (key, fallback) => process.env[`HUBBUB_${key}`] ?? fallback;
const engineOptions = {
  allowEIO3: true,
  perMessageDeflate: false,
  httpCompression: false,
  pingInterval: Number(setting("REALTIME__PING_INTERVAL_MS", 25000)),
  pingTimeout: Number(setting("REALTIME__PING_TIMEOUT_MS", 20000)),
  maxHttpBufferSize: Number(setting("REALTIME__MAX_PAYLOAD_BYTES", 1000000)),
};
const socketOptions = {
  ...engineOptions,
  connectTimeout: Number(setting("REALTIME__CONNECT_TIMEOUT_MS", 45000)),
  serveClient: false,
  ...(setting("LAB__RECOVERY", "false") === "true" ? { connectionStateRecovery: { maxDisconnectionDuration: 120000 } } : {}),
};
// The nearest thing that socket.io has to a latest lane is `volatile`; a test that counts on the last frame leaves it off.
const volatileFrames = process.env.PEER_VOLATILE_FRAMES === "true";

function serveLab(io) {
  io.of("/custom").on("connection", (socket) => socket.emit("auth", socket.handshake.auth));
  io.on("connection", (socket) => {
    socket.emit("auth", socket.handshake.auth);
    socket.on("message", (...args) => socket.emit("message-back", ...args));
    socket.on("message-with-ack", (...args) => args.pop()(...args));
    socket.on("echo", (value) => socket.emit("echo-reply", value));
    socket.on("join", (room, ack) => {
      socket.join(room);
      socket.data.room = room;
      ack?.("ok");
    });
    socket.on("publish", (value) => socket.to(socket.data.room).emit("update", value));
    socket.on("frame", (value) => {
      const room = socket.to(socket.data.room);
      (volatileFrames ? room.volatile : room).emit("frame", value);
    });
  });
}

// Messages of a bare Engine.IO connection are echoed, as the published Engine.IO test suites expect.
function serveEngine(http) {
  const engine = new Engine(engineOptions);
  engine.attach(http, { path: "/engine.io/" });
  engine.on("connection", (socket) => socket.on("message", (data) => socket.send(data)));
}

function listen(name, port, options) {
  const http = createServer();
  serveLab(new Server(http, { ...socketOptions, ...options }));
  serveEngine(http);
  return new Promise((resolve) => {
    http.listen(port, "127.0.0.1", () => {
      console.log(`${name} listening on http://127.0.0.1:${http.address().port}`);
      resolve();
    });
  });
}

// socket.io fixes the parser per server, so MessagePack clients get a port of their own.
await listen("lab", Number(setting("LAB__PORT", 3000)), {});
await listen("lab-msgpack", 0, { parser: msgpackParser });
console.log("ready");
process.on("SIGTERM", () => process.exit(0));
