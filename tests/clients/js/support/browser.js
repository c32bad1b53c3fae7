// A headless Chromium that opens one page and hears from it: the page posts its findings to the server it came from.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { within } from "./raw.js";

const bundle = (name) => readFileSync(new URL(`../node_modules/socket.io-client-4/dist/${name}`, import.meta.url));

/** Serves pages on a port of its own; `show` opens one that runs a script beside the official bundle. */
export async function openSite() {
  let page, deliver;
  const http = createServer((request, response) => {
    if (request.url === "/socket.io.js" || request.url === "/socket.io.msgpack.js") {
      response.writeHead(200, { "Content-Type": "text/javascript" });
      response.end(bundle(request.url.includes("msgpack") ? "socket.io.msgpack.min.js" : "socket.io.min.js"));
    } else if (request.url === "/report") {
      let body = "";
      request.on("data", (chunk) => (body += chunk));
      request.on("end", () => {
        response.end();
        deliver(JSON.parse(body));
      });
    } else {
      response.writeHead(200, { "Content-Type": "text/html" });
      response.end(page);
    }
  });
  await new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address();
  return {
    /** The origin of its pages, if they are opened under the name `host`. */
    origin: (host) => `http://${host}:${port}`,
    /** Opens a page under the name `host`; gives what `script` (an async function's body) returns. */
    show: (host, script) => {
      page = `<!doctype html><meta charset="utf-8"><script src="/socket.io.js"></script><script>
        (async () => { ${script} })()
          .catch((error) => ({ failed: String(error) }))
          .then((report) => fetch("/report", { method: "POST", body: JSON.stringify(report) }));
      </script>`;
      const report = new Promise((resolve) => (deliver = resolve));
      return open(`http://${host}:${port}/`, report);
    },
    close: () => http.close(),
  };
}

/** Opens one page of a site of its own at `http://host:<free port>/` and gives what its script returns. */
export async function inBrowser(host, script) {
  const site = await openSite();
  try {
    return await site.show(host, script);
  } finally {
    site.close();
  }
}

/** Opens an address in a new Chromium until the page has reported. Every name resolves to loopback. */
async function open(address, report) {
  const profile = mkdtempSync(join(tmpdir(), "hubbub-browser-"));
  const chromium = spawn(
    process.env.CHROMIUM ?? "chromium",
    [
      "--headless=new",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--disable-background-networking",
      "--no-first-run",
      "--disable-extensions",
      `--user-data-dir=${profile}`,
      "--host-resolver-rules=MAP * 127.0.0.1",
      address,
    ],
    // A process group of its own, so that its helpers end with it.
    { stdio: "ignore", detached: true },
  );
  const kill = () => {
    try {
      process.kill(-chromium.pid, "SIGKILL");
    } catch {
      // It is gone already, or never came.
    }
  };
  process.once("exit", kill);
  const gone = new Promise((resolve) => chromium.once("exit", resolve));
  const failed = new Promise((_, reject) => chromium.once("error", reject));
  try {
    return await Promise.race([within(report, "report from the page", 60_000), failed]);
  } finally {
    kill();
    await Promise.race([gone, failed.catch(() => {})]);
    process.removeListener("exit", kill);
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }
}
