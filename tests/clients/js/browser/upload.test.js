// A recording uploaded in parts from pages in a real browser: to signed addresses, in any order, and from where it may be done.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { openSite } from "../support/browser.js";
import { Fleet, exactly } from "../support/fleet.js";
import { ADMIN, BUCKET, CHUNK_BYTES, TIMESTAMP, VIDEO_KEY, bucket, film, location, parts, tag, tagOfParts } from "../support/recording.js";
import { isPeer } from "../support/server.js";

const ALLOWED = "studio.example";
const BYTES = 25 * 1024 * 1024;
const PLAN = { timestamp: TIMESTAMP, fileType: "video", fileSize: BYTES, fileName: "recording.mp4" };
const INVALID = { ok: false, error: "Signature expired or invalid" };
let site, fleet;
before(async () => {
  if (!isPeer) {
    site = await openSite();
    fleet = await Fleet.start(undefined, { ...ADMIN, HUBBUB_FLEET__CORS_ORIGINS: site.origin(ALLOWED) });
  }
});
after(async () => {
  site?.close();
  await fleet?.stop();
});

/** What every page can do: call the fleet, and send a part to where it belongs. */
const page = () => `
  const base = ${JSON.stringify(fleet.url(""))};
  const call = async (path, body) => {
    const answer = await fetch(base + path, body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    return answer.json();
  };
  const put = async (url, body) => {
    const answer = await fetch(url, { method: "PUT", body });
    return { status: answer.status, etag: answer.headers.get("ETag"), text: await answer.text() };
  };
`;

/** Uploads the film: the last part first, two at a time, the second part once more because it was wrong. */
const upload = () => `${page()}
  ${film}
  const content = new Blob([film(${BYTES})]);
  const started = await call("/chunked-upload/start", ${JSON.stringify(PLAN)});
  const { uploadId, s3Key, chunkSize, presignedUrls } = started;
  const send = (number) => put(presignedUrls[number - 1].url, content.slice((number - 1) * chunkSize, number * chunkSize));
  const wrong = await put(presignedUrls[1].url, "not yet");
  const [three, one] = await Promise.all([send(3), send(1)]);
  const two = await send(2);
  const status = await call("/chunked-upload/status?" + new URLSearchParams({ uploadId, s3Key }));
  const tags = [three, one, two].map(({ etag }, at) => ({ partNumber: [3, 1, 2][at], etag }));
  const completed = await call("/chunked-upload/complete", { uploadId, s3Key, parts: tags });
  return { started, sent: [one, two, three], wrong, status, completed };
`;

/** Sends a part to addresses that were made up from a good one. */
const tampering = () => `${page()}
  const { uploadId, s3Key, presignedUrls } = await call("/chunked-upload/start", ${JSON.stringify(PLAN)});
  const { url } = presignedUrls[0];
  const answers = [];
  for (const [from, to] of [["partNumber=1", "partNumber=2"], ["recording.mp4", "session_data.npz"], ["Expires=3600", "Expires=9999"]]) {
    answers.push(await put(url.replace(from, to), "foreign"));
  }
  return { answers, status: await call("/chunked-upload/status?" + new URLSearchParams({ uploadId, s3Key })) };
`;

/** What becomes of each way to upload something; the form is one that browsers send without asking first. */
const attempts = (url) => `${page()}
  const outcome = (attempt) => attempt.then((answer) => answer.type ?? "reached", (error) => error.message);
  const form = new FormData();
  form.append("timestamp", "20990101_000000");
  form.append("video", new Blob(["a video"]), "a.mp4");
  form.append("data", new Blob(["some data"]), "b.npz");
  return {
    start: await outcome(call("/chunked-upload/start", ${JSON.stringify(PLAN)})),
    part: await outcome(put(${JSON.stringify(url)}, "foreign")),
    form: await outcome(fetch(base + "/upload-session", { method: "POST", body: form })),
    blindForm: await outcome(fetch(base + "/upload-session", { method: "POST", body: form, mode: "no-cors" })),
  };
`;

describe("an upload from Chromium", { skip: isPeer }, () => {
  it("arrives whole, its parts in any order", async () => {
    const { started, sent, wrong, status, completed, failed } = await site.show(ALLOWED, upload());
    assert.equal(failed, undefined);
    const [pieces, { uploadId }] = [parts(film(BYTES)), started];
    const presignedUrls = started.presignedUrls.map(({ url }, index) => ({ partNumber: index + 1, url }));
    exactly(started, { ok: true, uploadId, s3Key: VIDEO_KEY, totalParts: 3, chunkSize: CHUNK_BYTES, presignedUrls });
    assert.deepEqual(wrong, { status: 200, etag: tag("not yet"), text: "" });
    assert.deepEqual(sent, pieces.map((piece) => ({ status: 200, etag: tag(piece), text: "" })));
    const uploadedParts = pieces.map((piece, index) => ({ partNumber: index + 1, etag: tag(piece), size: piece.length }));
    exactly(status, { ok: true, uploadId, s3Key: VIDEO_KEY, uploadedParts });
    exactly(completed, { ok: true, s3Key: VIDEO_KEY, bucket: BUCKET, location: location(fleet, VIDEO_KEY), etag: tagOfParts(pieces) });
    assert.deepEqual(await bucket(fleet), { files: 1, bytes: BYTES, sessions: [[TIMESTAMP, 1, "incomplete"]] });
  });

  it("is refused at an address that was tampered with, in words that the page can read", async () => {
    const { answers, status, failed } = await site.show(ALLOWED, tampering());
    assert.equal(failed, undefined);
    assert.deepEqual(answers, Array(3).fill({ status: 403, etag: null, text: JSON.stringify(INVALID) }));
    assert.deepEqual(status.uploadedParts, []);
  });

  it("asks before a part is sent, and is told yes or nothing by the page's origin", async () => {
    const { presignedUrls } = (await fleet.post("/chunked-upload/start", PLAN)).body;
    const asked = async (Origin) => {
      const headers = { Origin, "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type" };
      const { status, headers: told } = await fetch(presignedUrls[0].url, { method: "OPTIONS", headers });
      return [status, ...["origin", "methods", "headers"].map((what) => told.get(`access-control-allow-${what}`))];
    };
    assert.deepEqual(await asked(site.origin(ALLOWED)), [204, site.origin(ALLOWED), "OPTIONS, PUT", "content-type"]);
    assert.deepEqual(await asked("http://foreign.example"), [204, null, null, null]);
  });

  it("does not happen from a page of a foreign origin", async () => {
    const { uploadId, presignedUrls } = (await fleet.post("/chunked-upload/start", PLAN)).body;
    const before = await bucket(fleet);
    assert.deepEqual(await site.show("foreign.example", attempts(presignedUrls[0].url)), {
      start: "Failed to fetch",
      part: "Failed to fetch",
      form: "Failed to fetch",
      blindForm: "opaque",
    });
    const { body } = await fleet.get(`/chunked-upload/status?uploadId=${uploadId}&s3Key=${VIDEO_KEY}`);
    assert.deepEqual(body.uploadedParts, []);
    assert.deepEqual(await bucket(fleet), before);
  });
});
