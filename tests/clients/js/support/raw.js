// Engine.IO spoken by hand over `fetch` and `ws`, for what the official clients never do.
import { WebSocket } from "ws";

const DEADLINE_MS = 10_000;

/** One Engine.IO revision: its query and how its polling bodies are written. */
export const REVISIONS = {
  4: {
    number: 4,
    encode: (packets) => packets.map((packet) => (typeof packet === "string" ? packet : `b${packet.toString("base64")}`)).join("\x1e"),
    decode: (body) => body.split("\x1e").map((packet) => (packet[0] === "b" ? Buffer.from(packet.slice(1), "base64") : packet)),
    binaryFrame: (data) => data,
  },
  3: {
    number: 3,
    encode: (packets) =>
      packets
        .map((packet) => (typeof packet === "string" ? packet : `b4${packet.toString("base64")}`))
        .map((packet) => `${packet.length}:${packet}`)
        .join(""),
    decode: decodeLengthPrefixed,
    binaryFrame: (data) => Buffer.concat([Buffer.from([4]), data]),
  },
};

function decodeLengthPrefixed(body) {
  const packets = [];
  for (let rest = body; rest.length > 0; ) {
    const colon = rest.indexOf(":");
    const end = colon + 1 + Number(rest.slice(0, colon));
    const packet = rest.slice(colon + 1, end);
    packets.push(packet.startsWith("b4") ? Buffer.from(packet.slice(2), "base64") : packet);
    rest = rest.slice(end);
  }
  return packets;
}

/** A WebSocket whose messages wait until a test asks for them, so that none is missed. */
export class RawSocket {
  constructor(url, options = {}) {
    this.socket = new WebSocket(url, { perMessageDeflate: false, ...options });
    this.received = [];
    this.waiting = [];
    this.closed = new Promise((resolve) => {
      this.socket.on("close", (code, reason) => resolve({ code, reason: reason.toString() }));
    });
    // A refused handshake ends in `close` as well; its answer is kept for the tests that look at it.
    this.refused = new Promise((resolve) => {
      this.socket.on("unexpected-response", (request, response) => {
        let body = "";
        response.on("data", (chunk) => (body += chunk));
        response.on("end", () => resolve({ status: response.statusCode, body }));
      });
    });
    this.socket.on("error", () => {});
    this.socket.on("message", (data, isBinary) => this.#deliver(isBinary ? data : data.toString()));
    this.closed.then((ending) => this.waiting.splice(0).forEach((waiter) => waiter.reject(new Error(`closed with ${ending.code} ${ending.reason}`))));
  }

  #deliver(message) {
    const waiter = this.waiting.shift();
    waiter ? waiter.resolve(message) : this.received.push(message);
  }

  opened() {
    return new Promise((resolve, reject) => {
      this.socket.once("open", resolve);
      this.socket.once("error", reject);
    });
  }

  /** The next message: a string, or a Buffer when it is binary. */
  next() {
    if (this.received.length > 0) {
      return Promise.resolve(this.received.shift());
    }
    return within(new Promise((resolve, reject) => this.waiting.push({ resolve, reject })), "message");
  }

  /** The next message that is not a heartbeat of the server. */
  async nextPacket() {
    for (;;) {
      const message = await this.next();
      if (message !== "2") {
        return message;
      }
    }
  }

  send(...messages) {
    messages.forEach((message) => this.socket.send(message));
  }

  /** Resolves to the close code and reason once the server has ended this connection, or to its refusal of the handshake. */
  ending() {
    return within(Promise.race([this.closed, this.refused]), "close");
  }

  close() {
    this.socket.close();
  }
}

/** Fails when `promise` takes longer than any healthy server would. */
export function within(promise, what, deadline = DEADLINE_MS) {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error(`no ${what} in time`)), deadline)));
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** One server, path and revision, with the requests of a client of that kind. */
export class Endpoint {
  constructor(url, path, revision = 4) {
    Object.assign(this, { base: url + path, revision: REVISIONS[revision] });
  }

  url(query, { websocket = false } = {}) {
    return `${websocket ? this.base.replace("http", "ws") : this.base}?${query}`;
  }

  query(transport, sid) {
    return `EIO=${this.revision.number}&transport=${transport}${this.revision.number === 3 && transport === "polling" ? "&b64=1" : ""}${sid ? `&sid=${sid}` : ""}`;
  }

  websocket(sid, options) {
    return new RawSocket(this.url(this.query("websocket", sid), { websocket: true }), options);
  }

  /** Opens a WebSocket session and takes its handshake. */
  async connected() {
    const socket = this.websocket();
    const open = await socket.next();
    socket.handshake = JSON.parse(open.slice(1));
    return socket;
  }

  /** Opens a Socket.IO connection on `/`; the lab's greeting is taken as well. */
  async joined() {
    const socket = await this.connected();
    if (this.revision.number === 4) {
      socket.send("40");
    }
    socket.namespace = await socket.nextPacket();
    socket.greeting = await socket.nextPacket();
    return socket;
  }

  fetch(query, options) {
    return fetch(this.url(query), options);
  }

  /** Opens a polling session; gives its handshake. */
  async open() {
    const body = await (await this.fetch(this.query("polling"))).text();
    return JSON.parse(this.revision.decode(body)[0].slice(1));
  }

  poll(sid, options) {
    return this.fetch(this.query("polling", sid), options);
  }

  /** One poll's packets. */
  async packets(sid) {
    const response = await this.poll(sid);
    if (response.status !== 200) {
      throw new Error(`poll answered ${response.status}: ${await response.text()}`);
    }
    return this.revision.decode(await response.text());
  }

  post(sid, ...packets) {
    return this.postBody(sid, this.revision.encode(packets));
  }

  postBody(sid, body, headers = { "Content-Type": "text/plain;charset=UTF-8" }) {
    return this.fetch(this.query("polling", sid), { method: "POST", body, headers });
  }
}

/** A response as `{status, body}`, the body parsed if it is JSON. */
export async function answer(response) {
  const body = await response.text();
  try {
    return { status: response.status, body: JSON.parse(body) };
  } catch {
    return { status: response.status, body };
  }
}
