// The official clients that every scenario runs through, and one wrapper that makes their three generations alike.
import { createRequire } from "node:module";
import { io as io4 } from "socket.io-client-4";
import msgpackParser from "socket.io-msgpack-parser";
import { isPeer } from "./server.js";

const require = createRequire(import.meta.url);
const io3 = require("socket.io-client-3");
const io2 = require("socket.io-client-2");
const EVENT_DEADLINE_MS = 10_000;

const websocket = { transports: ["websocket"] };
const polling = { transports: ["polling"] };
const upgrade = { transports: ["polling", "websocket"] };
const msgpack = { parser: msgpackParser };

/** Each row: a name for the report, the client, its options, and what the scenarios must know of it. */
export const CLIENTS = [
  { name: "4.x websocket", io: io4, major: 4, options: websocket },
  { name: "4.x polling", io: io4, major: 4, options: polling },
  { name: "4.x polling then upgrade", io: io4, major: 4, options: upgrade, upgrades: true },
  { name: "4.x msgpack websocket", io: io4, major: 4, options: { ...websocket, ...msgpack }, parser: "msgpack" },
  { name: "4.x msgpack polling", io: io4, major: 4, options: { ...polling, ...msgpack }, parser: "msgpack" },
  { name: "4.x msgpack upgrade", io: io4, major: 4, options: { ...upgrade, ...msgpack }, parser: "msgpack", upgrades: true },
  { name: "3.1 websocket", io: io3, major: 3, options: websocket },
  { name: "3.1 polling then upgrade", io: io3, major: 3, options: upgrade, upgrades: true },
  { name: "2.5 websocket (EIO 3)", io: io2, major: 2, options: websocket },
  { name: "2.5 polling (EIO 3)", io: io2, major: 2, options: polling },
  { name: "2.5 polling then upgrade (EIO 3)", io: io2, major: 2, options: upgrade, upgrades: true },
];

/** The client that scenarios use where the transport does not matter. */
export const DEFAULT_CLIENT = CLIENTS[0];

/** The other party of a scenario that mixes clients; the peer cannot mix parsers. */
export function companion(kind) {
  return isPeer && kind.parser === "msgpack" ? kind : DEFAULT_CLIENT;
}

/** Opens a client and waits until it is connected. */
export async function connect(server, system, kind = DEFAULT_CLIENT, { namespace = "/", ...options } = {}) {
  const client = open(server, system, kind, { namespace, ...options });
  await client.connected();
  return client;
}

/** Opens a client without waiting. Version 2 has no `auth`: there it travels in the query, as that version's users do it. */
export function open(server, system, kind = DEFAULT_CLIENT, { namespace = "/", auth, ...options } = {}) {
  const credentials = kind.major === 2 ? { query: auth } : { auth };
  const socket = kind.io(server.url(system, kind.parser) + namespace, {
    forceNew: true,
    reconnection: false,
    ...kind.options,
    ...(auth ? credentials : {}),
    ...options,
  });
  return new Client(socket, kind);
}

/** Records all that a socket receives, in order, and lets a test wait for it. */
export class Client {
  constructor(socket, kind) {
    this.socket = socket;
    this.kind = kind;
    this.events = [];
    this.waiting = [];
    this.errors = [];
    this.#recordEvents();
    // Version 2 names a refused namespace `error`, later versions `connect_error`.
    for (const name of kind.major === 2 ? ["connect_error", "error"] : ["connect_error"]) {
      socket.on(name, (error) => this.#note(() => this.errors.push(error)));
    }
    for (const name of ["connect", "disconnect"]) {
      socket.on(name, (reason) => this.#note(() => (this.reason = name === "connect" ? undefined : reason)));
    }
  }

  #recordEvents() {
    const record = (name, ...args) => this.#note(() => this.events.push({ name, args: args.map(plain) }));
    if (this.socket.onAny) {
      this.socket.onAny(record);
      return;
    }
    const deliver = this.socket.onevent;
    this.socket.onevent = function (packet) {
      record(...packet.data);
      deliver.call(this, packet);
    };
  }

  #note(change) {
    change();
    for (const check of [...this.waiting]) {
      check();
    }
  }

  /** Resolves as soon as `look()` gives something other than undefined; fails with all that was seen. */
  until(look, what) {
    const first = look();
    if (first !== undefined) {
      return Promise.resolve(first);
    }
    return new Promise((resolve, reject) => {
      const finish = () => {
        clearTimeout(timer);
        this.waiting.splice(this.waiting.indexOf(check), 1);
      };
      const check = () => {
        const found = look();
        if (found !== undefined) {
          finish();
          resolve(found);
        }
      };
      const timer = setTimeout(() => {
        finish();
        const seen = this.events.slice(-10).map((event) => JSON.stringify(event).slice(0, 200));
        reject(new Error(`${this.kind.name}: no ${what}; errors ${this.errors}; reason ${this.reason}; last events ${seen}`));
      }, EVENT_DEADLINE_MS);
      this.waiting.push(check);
    });
  }

  async connected() {
    await this.until(() => (this.socket.connected || this.errors.length > 0 ? true : undefined), "connection");
    if (!this.socket.connected) {
      throw new Error(`${this.kind.name}: connection refused: ${JSON.stringify(this.errors[0]?.message ?? this.errors[0])}`);
    }
  }

  /** The first refusal, as `{message, data}`; version 2 receives the bare string or the object of the packet. */
  async refusal() {
    const error = await this.until(() => this.errors[0], "connect_error");
    if (typeof error === "string") {
      return { message: error, data: undefined };
    }
    return { message: error.message, data: error.data };
  }

  /** Resolves to the reason of the disconnection. */
  disconnected() {
    return this.until(() => this.reason, "disconnect");
  }

  /** Takes the oldest event called `name` out of the record and gives its arguments. */
  next(name) {
    return this.until(() => {
      const index = this.events.findIndex((event) => event.name === name);
      return index < 0 ? undefined : this.events.splice(index, 1)[0].args;
    }, `event ${name}`);
  }

  /** Takes `count` events called `name` and gives their first arguments. */
  async take(name, count) {
    await this.until(() => (this.count(name) >= count ? true : undefined), `${count} events ${name} (have ${this.count(name)})`);
    const taken = this.events.filter((event) => event.name === name).slice(0, count);
    this.events = this.events.filter((event) => !taken.includes(event));
    return taken.map((event) => event.args[0]);
  }

  count(name) {
    return this.events.filter((event) => event.name === name).length;
  }

  /** Forgets what was received so far. */
  clear() {
    this.events = [];
  }

  emit(...args) {
    this.socket.emit(...args);
  }

  /** Emits with an acknowledgement and gives its arguments. */
  ask(name, ...args) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${this.kind.name}: no ack of ${name}`)), EVENT_DEADLINE_MS);
      this.socket.emit(name, ...args, (...answer) => {
        clearTimeout(timer);
        resolve(answer.map(plain));
      });
    });
  }

  /** Resolves to the name of the transport once it is `name`. */
  async transport(name) {
    const engine = this.socket.io.engine;
    if (engine.transport.name !== name) {
      await new Promise((resolve) => engine.once("upgrade", resolve));
    }
    return engine.transport.name;
  }

  /** Waits for the moment at which a volatile emit is sent rather than dropped. */
  async writable() {
    while (!this.socket.io.engine.transport.writable) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  close() {
    this.socket.close();
  }

  /** Closes and waits until the connection below is gone as well. */
  async closed() {
    const gone = new Promise((resolve) => this.socket.io.engine.once("close", resolve));
    this.close();
    await gone;
  }
}

/** Binary values of any kind become `{binary: hex}`, so that whole payloads compare the same for every client. */
export function plain(value) {
  if (value instanceof ArrayBuffer) {
    return { binary: Buffer.from(value).toString("hex") };
  }
  if (ArrayBuffer.isView(value)) {
    return { binary: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex") };
  }
  if (Array.isArray(value)) {
    return value.map(plain);
  }
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
  }
  return value;
}
