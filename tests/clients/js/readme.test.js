// The README's walk-through, block by block as it stands there, against a hubbub with its defaults.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { startServer } from "./support/server.js";

const readme = readFileSync(new URL("../../../README.md", import.meta.url), "utf8");
const installed = fileURLToPath(new URL("node_modules/socket.io-client-4", import.meta.url));
const DEADLINE_MS = 60_000;

/** The contents of all blocks whose fence carries this mark. */
const blocks = (mark) => [...readme.matchAll(new RegExp("^```" + mark + "\\n(.*?)^```$", "gms"))].map((found) => found[1]);

/** Runs a script and resolves with its exit code and what it printed; whatever it left running ends with it. */
function run(script, directory) {
  const child = spawn("bash", ["-euo", "pipefail", "-c", script], { cwd: directory, detached: true, stdio: ["ignore", "pipe", "pipe"] });
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
  assert.equal(steps.length, 4, "tokens, headset, tablet, REST");
  const stdout = await walk("fleet", 3200, steps);
  const [expected] = blocks("text output");
  assert.ok(stdout.startsWith(expected), stdout);
  const device = '{"ok":true,"customName":"Lab Quest #1"}{"ok":true,"device":{"deviceId":"QUEST_001","isOnline":true,';
  assert.ok(stdout.slice(expected.length).startsWith(device), stdout);
  assert.match(stdout, /"summary":\{"totalDevices":1,"onlineDevices":1,/);
  assert.match(stdout, /\{"status":"ready"\}/);
  assert.match(stdout, /^hubbub_connections\{system="fleet",transport="websocket"\} \d+$/m);
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
