// Recordings uploaded with node's own `fetch`: both files in one form, and a file in parts over a server that was killed.
import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { after, before, describe, it } from "node:test";
import { Fleet, exactly } from "./support/fleet.js";
import { ADMIN, BUCKET, DATA_KEY, TIMESTAMP, VIDEO_KEY, bucket, film, location, parts, stored, tag, tagOfParts } from "./support/recording.js";
import { isPeer } from "./support/server.js";

const VIDEO = film(3_000_000);
const DATA = film(70_000);
const FIELDS = {
  timestamp: [TIMESTAMP],
  sessionId: ["take 7"],
  video: [new Blob([VIDEO], { type: "video/mp4" }), "Aufnahme “ü”.mp4"],
  data: [new Blob([DATA]), "data.npz"],
};

/** Posts a form that has these fields, in this order. */
async function upload(fleet, names, fields = FIELDS) {
  const form = new FormData();
  names.forEach((name) => form.append(name, ...fields[name]));
  const response = await fetch(fleet.url("/upload-session"), { method: "POST", body: form });
  return { status: response.status, body: await response.json() };
}

describe("a recording in one form", { skip: isPeer }, () => {
  let fleet;
  before(async () => (fleet = await Fleet.start(undefined, ADMIN)));
  after(() => fleet?.stop());

  for (const names of [["timestamp", "sessionId", "video", "data"], ["data", "video", "sessionId", "timestamp"]]) {
    it(`is taken with its fields in the order ${names.join(", ")}`, async () => {
      const { status, body } = await upload(fleet, names);
      assert.equal(status, 200, JSON.stringify(body));
      exactly(body, {
        ok: true,
        sessionId: "take 7",
        timestamp: TIMESTAMP,
        mp4: stored(fleet, VIDEO_KEY, body.mp4.etag),
        npz: stored(fleet, DATA_KEY, body.npz.etag),
      });
      assert.deepEqual([body.mp4.etag, body.npz.etag], [tagOfParts([VIDEO]), tagOfParts([DATA])]);
      assert.deepEqual(await bucket(fleet), { files: 2, bytes: VIDEO.length + DATA.length, sessions: [[TIMESTAMP, 2, "complete"]] });
    });
  }

  it("is named by the time when it has no name", async () => {
    const started = Date.now();
    const { status, body } = await upload(fleet, ["timestamp", "video", "data"]);
    assert.equal(status, 200, JSON.stringify(body));
    assert.match(body.sessionId, /^\d{13}$/);
    assert.ok(body.sessionId >= started && body.sessionId <= Date.now(), body.sessionId);
  });

  it("is refused in the document's words, and what was there stays", async () => {
    const kept = await bucket(fleet);
    for (const [names, error, fields] of [
      [[], "timestamp field is required"],
      [["video", "data"], "timestamp field is required"],
      [["timestamp", "video"], "Both video and data files are required"],
      [["data", "timestamp"], "Both video and data files are required"],
      [["timestamp", "video", "data"], "Both video and data files are required", { ...FIELDS, data: ["not a file"] }],
      [["video", "data", "timestamp"], "Invalid timestamp format", { ...FIELDS, timestamp: ["../../etc"] }],
    ]) {
      exactly(await upload(fleet, names, fields), { status: 400, body: { ok: false, error } });
    }
    exactly(await fleet.post("/upload-session", { timestamp: TIMESTAMP }), { status: 400, body: { ok: false, error: "timestamp field is required" } });
    assert.deepEqual(await bucket(fleet), kept);
  });
});

/** A film on its way in parts; it knows what any client has to remember to go on after a crash. */
class ChunkedUpload {
  static async start(fleet, content) {
    const { status, body } = await fleet.post("/chunked-upload/start", { timestamp: TIMESTAMP, fileType: "video", fileSize: content.length });
    assert.equal(status, 200, JSON.stringify(body));
    const { uploadId, s3Key, presignedUrls } = body;
    return Object.assign(new ChunkedUpload(), { fleet, id: { uploadId, s3Key }, urls: presignedUrls.map(({ url }) => url), pieces: parts(content) });
  }

  async put(number, url = this.urls[number - 1]) {
    const { status, headers } = await fetch(url, { method: "PUT", body: this.pieces[number - 1] });
    assert.deepEqual([status, headers.get("ETag")], [200, tag(this.pieces[number - 1])]);
  }

  /** Sends the first half of a part and leaves the server waiting for the other. */
  async putHalf(number) {
    const piece = this.pieces[number - 1];
    const put = request(this.urls[number - 1], { method: "PUT", headers: { "Content-Length": piece.length } });
    const broken = once(put, "error");
    await new Promise((resolve) => put.write(piece.subarray(0, piece.length / 2), resolve));
    return { broken };
  }

  async uploaded() {
    const { status, body } = await this.fleet.get(`/chunked-upload/status?${new URLSearchParams(this.id)}`);
    assert.equal(status, 200, JSON.stringify(body));
    const { uploadedParts, ...rest } = body;
    assert.deepEqual(rest, { ok: true, ...this.id });
    return uploadedParts;
  }

  post(what, more = {}) {
    return this.fleet.post(`/chunked-upload/${what}`, { ...this.id, ...more });
  }
}

describe("a recording in parts", { skip: isPeer }, () => {
  it("goes on where it was when the server was killed", async () => {
    const content = film(25 * 1024 * 1024);
    const first = await Fleet.start(undefined, ADMIN);
    let second;
    try {
      const upload = await ChunkedUpload.start(first, content);
      const part = (index) => ({ partNumber: index, etag: tag(upload.pieces[index - 1]), size: upload.pieces[index - 1].length });
      await upload.put(3);
      await upload.put(1);
      const { broken } = await upload.putHalf(2);
      first.server.signal("SIGKILL");
      await Promise.all([first.server.exited, broken]);

      second = await Fleet.start(undefined, ADMIN, { dataDir: first.server.dataDir });
      upload.fleet = second;
      assert.deepEqual(await upload.uploaded(), [part(1), part(3)]);
      assert.deepEqual(await bucket(second), { files: 0, bytes: 0, sessions: [] });
      const incomplete = { parts: [part(1), part(3)].map(({ partNumber, etag }) => ({ partNumber, etag })) };
      exactly(await upload.post("complete", incomplete), { status: 400, body: { ok: false, error: "Invalid part: 2" } });

      // An address of before is still good; only the port, which is a free one here, has changed.
      const again = await upload.post("presign-part", { partNumber: 2 });
      exactly(again, { status: 200, body: { ok: true, partNumber: 2, url: again.body.url } });
      await upload.put(1, upload.urls[0].replace(/:\d+\//, `${second.url("").match(/:\d+$/)[0]}/`));
      await upload.put(2, again.body.url);
      const tags = (await upload.uploaded()).map(({ partNumber, etag }) => ({ partNumber, etag }));
      exactly(await upload.post("complete", { parts: tags }), {
        status: 200,
        body: { ok: true, s3Key: VIDEO_KEY, bucket: BUCKET, location: location(second, VIDEO_KEY), etag: tagOfParts(upload.pieces) },
      });
      assert.deepEqual(await bucket(second), { files: 1, bytes: content.length, sessions: [[TIMESTAMP, 1, "incomplete"]] });
      exactly(await upload.post("abort"), { status: 404, body: { ok: false, error: "Upload not found" } });
    } finally {
      await second?.stop();
      await first.stop();
    }
  });

  it("is gone when it is aborted, and a part of unknown length is not taken", async () => {
    const fleet = await Fleet.start(undefined, ADMIN);
    try {
      const upload = await ChunkedUpload.start(fleet, film(70_000));
      const body = new Blob([upload.pieces[0]]).stream();
      const response = await fetch(upload.urls[0], { method: "PUT", body, duplex: "half" });
      exactly([response.status, await response.json()], [411, { ok: false, error: "Content-Length is required" }]);
      assert.deepEqual(await upload.uploaded(), []);
      exactly(await upload.post("abort"), { status: 200, body: { ok: true, message: "Upload aborted successfully" } });
      const late = await fetch(upload.urls[0], { method: "PUT", body: upload.pieces[0] });
      exactly([late.status, await late.json()], [404, { ok: false, error: "Upload not found" }]);
    } finally {
      await fleet.stop();
    }
  });
});
