// Starts the server under test as a child process: hubbub by default, npm's socket.io with TESTED_SERVER=peer.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const repository = fileURLToPath(new URL("../../../..", import.meta.url));
const START_DEADLINE_MS = 30_000;
const STOP_DEADLINE_MS = 20_000;

/** True when the scenarios run against npm's socket.io, which knows only the `lab` contract. */
export const isPeer = process.env.TESTED_SERVER === "peer";

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => process.exit(1));
}

/** Every listener on a port of the system's choosing; rate limits off; no system but the ones asked for. */
const DEFAULTS = {
  HUBBUB_LOG__LEVEL: "warn",
  HUBBUB_LIMITS__SCALE: "0",
  HUBBUB_OPS__PORT: "0",
};

/** The hubbub under test. */
export const program = process.env.TESTED_BIN ?? join(repository, "target/debug/hubbub");

function commandLine() {
  if (isPeer) {
    return ["node", join(repository, "benches/peers/socketio/server.js")];
  }
  return [program, "serve"];
}

function environment(systems, settings, dataDir) {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, ...DEFAULTS, HUBBUB_DATA_DIR: dataDir };
  for (const system of ["fleet", "quiz", "lab"]) {
    env[`HUBBUB_${system.toUpperCase()}__ENABLED`] = String(systems.includes(system));
    env[`HUBBUB_${system.toUpperCase()}__PORT`] = "0";
  }
  return { ...env, ...settings };
}

/**
 * Starts a server that serves `systems` and resolves once it is ready. `settings` are further environment variables;
 * `dataDir` keeps the data of an earlier server instead of starting from nothing.
 */
export async function startServer(systems, settings = {}, { dataDir } = {}) {
  const directory = dataDir ?? mkdtempSync(join(tmpdir(), "hubbub-clients-"));
  const [command, ...args] = commandLine();
  const child = spawn(command, args, { env: environment(systems, settings, directory), stdio: ["ignore", "pipe", "pipe"] });
  const server = new RunningServer(child, directory, dataDir === undefined);
  await server.untilReady(`${command} ${args.join(" ")}`);
  const missing = systems.filter((system) => !server.urls[system]);
  if (missing.length > 0) {
    await server.stop();
    throw new Error(`no listener for ${missing.join(", ")} among:\n${server.log.join("\n")}`);
  }
  return server;
}

class RunningServer {
  constructor(child, dataDir, ownsDataDir) {
    this.child = child;
    this.dataDir = dataDir;
    this.ownsDataDir = ownsDataDir;
    this.urls = {};
    this.log = [];
    this.exited = new Promise((resolve) => {
      child.once("exit", (code, signal) => resolve({ code, signal }));
    });
    // A test run that dies or is interrupted leaves no server behind.
    this.abandon = () => {
      child.kill("SIGKILL");
      this.#removeData();
    };
    process.once("exit", this.abandon);
  }

  untilReady(description) {
    const output = () => this.log.join("\n");
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${description} is not ready:\n${output()}`)), START_DEADLINE_MS);
      const fail = (reason) => {
        clearTimeout(timer);
        reject(new Error(`${description} ${reason}:\n${output()}`));
      };
      this.child.once("error", (error) => fail(`did not start (${error.message})`));
      this.exited.then(({ code, signal }) => fail(`ended with ${code ?? signal}`));
      createInterface({ input: this.child.stderr }).on("line", (line) => this.log.push(line));
      createInterface({ input: this.child.stdout }).on("line", (line) => {
        this.log.push(line);
        const listener = /^(\S+) listening on (http:\S+)$/.exec(line.trim());
        if (listener) {
          this.urls[listener[1]] = listener[2].replace(/\/$/, "");
        }
        if (line.trim() === "ready") {
          clearTimeout(timer);
          resolve();
        }
      });
    });
  }

  /** The base URL of a system; MessagePack clients of the peer have a listener of their own. */
  url(system, parser = "json") {
    return (parser === "msgpack" && this.urls[`${system}-msgpack`]) || this.urls[system];
  }

  signal(name) {
    this.child.kill(name);
  }

  /** Stops the server as an operator would and reports how it ended. */
  async stop() {
    this.child.kill("SIGTERM");
    const timer = setTimeout(() => this.child.kill("SIGKILL"), STOP_DEADLINE_MS);
    const ended = await this.exited;
    clearTimeout(timer);
    process.removeListener("exit", this.abandon);
    this.#removeData();
    return ended;
  }

  #removeData() {
    if (this.ownsDataDir) {
      rmSync(this.dataDir, { recursive: true, force: true });
    }
  }
}
