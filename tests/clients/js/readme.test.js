// The README's walk-through, block by block as it stands there, against a hubbub with its defaults.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { program, startServer } from "./support/server.js";

const readme = readFileSync(new URL("../../../README.md", import.meta.url), "utf8");
const installed = fileURLToPath(new URL("node_modules/socket.io-client-4", import.meta.url));
const DEADLINE_MS = 60_000;

/** The contents of all blocks whose fence carries this mark. */
const blocks = (mark) => [...readme.matchAll(new RegExp("^```" + mark + "\\n(.*?)^```$", "gms"))].map((found) => found[1]);

/** Runs a script and resolves with its exit code and what it printed; whatever it left running ends with it. */
function run(script, directory) {
  const env = { ...process.env, HOME: directory };
  const child = spawn("bash", ["-euo", "pipefail", "-c", script], { cwd: directory, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const printed = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"]) {
    child[stream].on("data", (data) => {
      printed[stream] += data;
    });
  }
  const end = () => {
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // Nothing of it is left.
    }
  };
  const timer = setTimeout(end, DEADLINE_MS);
  process.once("exit", end);
  return new Promise((resolve) => {
    child.once("exit", (code) => {
      clearTimeout(timer);
      process.removeListener("exit", end);
      end();
      child.once("close", () => resolve({ code, ...printed }));
    });
  });
}

/** Runs the blocks one after the other on a hubbub with only this system, and gives what they printed. */
async function walk(system, port, steps) {
  // Limits as an operator has them; only the ports are free ones, so that tests can run side by side.
  const server = await startServer([system], { HUBBUB_LIMITS__SCALE: "1" });
  const directory = mkdtempSync(join(tmpdir(), "hubbub-readme-"));
  try {
    mkdirSync(join(directory, "node_modules"));
    symlinkSync(installed, join(directory, "node_modules/socket.io-client"));
    // As after the quick start in `~/hubbub`: the program where it was built, its data beside it.
    mkdirSync(join(directory, "hubbub/target/release"), { recursive: true });
    symlinkSync(resolve(program), join(directory, "hubbub/target/release/hubbub"));
    symlinkSync(server.dataDir, join(directory, "hubbub/data"));
    const script = steps
      .join("\n")
      .replaceAll(`http://127.0.0.1:${port}`, server.url(system))
      .replaceAll("http://127.0.0.1:9464", server.url("ops"));
    const { code, stdout, stderr } = await run(script, directory);
    assert.equal(code, 0, `${stdout}\n${stderr}`);
    assert.equal(stderr, "");
    return stdout;
  } finally {
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

test("the walk-through works as pasted", async () => {
  assert.deepEqual(blocks("sh install"), ["npm install socket.io-client@4\n"]);
  const steps = blocks("sh walkthrough");
  assert.equal(steps.length, 8, "tokens, headset, tablet, REST; start, parts, form, admin");
  const stdout = await walk("fleet", 3200, steps);
  const [expected] = blocks("text output");
  assert.ok(stdout.startsWith(expected), stdout);
  const device = '{"ok":true,"customName":"Lab Quest #1"}{"ok":true,"device":{"deviceId":"QUEST_001","isOnline":true,';
  assert.ok(stdout.slice(expected.length).startsWith(device), stdout);
  assert.match(stdout, /"summary":\{"totalDevices":1,"onlineDevices":1,/);
  assert.match(stdout, /\{"status":"ready"\}/);
  assert.match(stdout, /^hubbub_connections\{system="fleet",transport="websocket"\} \d+$/m);
  const [completed, recording, sessions] = stdout.slice(stdout.lastIndexOf("\n") + 1).split(/(?<=\})(?=\{)/).map((answer) => JSON.parse(answer));
  assert.deepEqual([completed.ok, completed.s3Key, completed.etag.slice(-3)], [true, "sessions/20260206_120000/recording.mp4", '-2"']);
  assert.deepEqual([recording.ok, recording.timestamp, recording.npz.key], [true, "20260206_130000", "sessions/20260206_130000/session_data.npz"]);
  const entry = { sizeGB: 0.01, hasMp4: true };
  assert.deepEqual(sessions, {
    total: 2,
    complete: 1,
    incomplete: 1,
    sessions: [
      { id: "20260206_120000", files: 1, ...entry, hasNpz: false, status: "incomplete" },
      { id: "20260206_130000", files: 2, ...entry, hasNpz: true, status: "complete" },
    ],
  });
});

test("the quiz's walk-through works as pasted", async () => {
  const steps = blocks("sh quiz walkthrough");
  assert.equal(steps.length, 5, "account, quiz, host, player, REST");
  const stdout = await walk("quiz", 8080, steps);
  const [expected] = blocks("text quiz output");
  assert.ok(stdout.startsWith(expected), stdout);
  assert.match(stdout.slice(expected.length), /^\{"flows":\[\{"id":"[^}]+\}\],"total":1,"limit":20,"offset":0\}\{"connections":\[\{"id":"/);
  assert.match(stdout, /"status":"connected","connected_at":"[^"]+"\}\],"count":1\}$/);
});
