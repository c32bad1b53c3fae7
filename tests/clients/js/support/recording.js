// A recording on its way into the fleet's store: what its client sends, and what the store must then say of it.
import { createHash } from "node:crypto";

export const TIMESTAMP = "20260206_120000";
export const VIDEO_KEY = `sessions/${TIMESTAMP}/recording.mp4`;
export const DATA_KEY = `sessions/${TIMESTAMP}/session_data.npz`;
export const BUCKET = "turing-robotics-datahub";
export const CHUNK_BYTES = 10_485_760;
/** Settings that open the statistics to `bucket`. */
export const ADMIN = { HUBBUB_FLEET__ADMIN_API_KEY: "the key of this test" };

/** A file no two parts of which are alike. Pages have it as well, so it uses nothing from outside. */
export function film(bytes) {
  const content = new Uint8Array(bytes);
  for (let at = 0; at < bytes; at += 1) {
    content[at] = at ^ (at >> 8) ^ (at >> 16);
  }
  return content;
}

/** The pieces that the documented upload sends, from the first. */
export const parts = (content) =>
  Array.from({ length: Math.ceil(content.length / CHUNK_BYTES) }, (_, index) => content.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES));

const md5 = (content) => createHash("md5").update(content).digest();
/** The tag of a part, as S3 computes it. */
export const tag = (content) => `"${md5(content).toString("hex")}"`;
/** The tag of a file that came in parts, a form's file in at least one, as S3 computes it: right only if every part is, and in its place. */
export const tagOfParts = (pieces) => `"${md5(Buffer.concat(pieces.map(md5))).toString("hex")}-${pieces.length}"`;

/** Where the store says that a file is. */
export const location = (fleet, key) => `${fleet.url("").replace("127.0.0.1", "localhost")}/_store/${key}`;
/** What answers say of a file in the store. */
export const stored = (fleet, key, etag) => ({ bucket: BUCKET, key, location: location(fleet, key), etag });

/** What is in the bucket at this moment: files, bytes, and the recordings by their timestamps. */
export async function bucket(fleet) {
  const headers = { "X-API-Key": ADMIN.HUBBUB_FLEET__ADMIN_API_KEY };
  const response = await fetch(fleet.url("/api/s3-stats/refresh"), { method: "POST", headers });
  const { stats } = await response.json();
  const sessions = stats.sessions.sessions.map(({ id, files, status }) => [id, files, status]);
  return { files: stats.overview.totalFiles, bytes: stats.overview.totalSizeBytes, sessions };
}
