"""A whole hub on a bucket of s3s-fs, which checks signatures, and on local files: what it answers, what is in the bucket, what it holds."""

import hashlib
import os
import struct
import unittest
import zlib

import boto3
import botocore.config

from hub import REPOSITORY, Hub, send, text_field, zeros

MIB = 1024 * 1024
GIB = 1024 * MIB
TIMESTAMP = "20260206_120000"
VIDEO_KEY, DATA_KEY = f"sessions/{TIMESTAMP}/recording.mp4", f"sessions/{TIMESTAMP}/session_data.npz"
GOOD_NPZ = (REPOSITORY / "tests/it/fleet/npz/good.npz").read_bytes()
BUCKET, ENDPOINT = os.environ["TESTED_BUCKET"], os.environ["TESTED_S3S"]
# As in tests/stores/src/main.rs.
KEY_ID, SECRET = "tester", "a secret of the tests"
ON_S3S = {
    "BLOBS__KIND": "s3",
    "BLOBS__ENDPOINT": ENDPOINT,
    "BLOBS__BUCKET": BUCKET,
    "BLOBS__ACCESS_KEY_ID": KEY_ID,
    "BLOBS__SECRET_ACCESS_KEY": SECRET,
}
# What a hub may grow by, however long the files are that go through it.
MOST_GROWTH = 64 * MIB


class OnABucket(unittest.TestCase):
    """Each test has a hub of its own, and an empty bucket."""

    def setUp(self):
        self.bucket = bucket()
        empty(self.bucket)
        self.hub = Hub(**ON_S3S)
        self.addCleanup(empty, self.bucket)
        self.addCleanup(self.hub.stop)

    def test_a_recording_is_in_the_bucket_and_in_the_reports(self):
        video = os.urandom(9 * MIB)
        answer = self.hub.upload_session(TIMESTAMP, (len(video), [video]), (len(GOOD_NPZ), [GOOD_NPZ]))
        files = {}
        for kind, key in (("mp4", VIDEO_KEY), ("npz", DATA_KEY)):
            etag = self.bucket.Object(key).e_tag
            files[kind] = {"bucket": BUCKET, "key": key, "location": f"{ENDPOINT}/{BUCKET}/{key}", "etag": etag}
        session_id = answer.pop("sessionId")
        self.assertRegex(session_id, r"^\d{13}$")
        self.assertEqual(answer, {"ok": True, "timestamp": TIMESTAMP, **files})
        self.assertEqual(keys(self.bucket), [VIDEO_KEY, DATA_KEY])
        self.assertEqual(content(self.bucket, VIDEO_KEY), video)
        self.assertEqual(content(self.bucket, DATA_KEY), GOOD_NPZ)
        self.assertFalse((self.hub.data_dir / "blobs").exists(), "nothing is kept beside the bucket")

        stats = self.hub.ask_as_admin("POST", "/api/s3-stats/refresh")["stats"]
        self.assertEqual(stats, self.hub.ask_as_admin("GET", "/api/s3-stats"))
        overview = stats["overview"]
        self.assertEqual((overview["totalFiles"], overview["totalSizeBytes"]), (2, len(video) + len(GOOD_NPZ)))
        whole = {"id": TIMESTAMP, "files": 2, "sizeGB": 0.01, "hasMp4": True, "hasNpz": True, "status": "complete"}
        self.assertEqual(stats["sessions"], {"total": 1, "complete": 1, "incomplete": 0, "sessions": [whole]})

        self.hub.ask_as_admin("POST", "/api/qa-metrics/refresh")
        metrics = self.hub.ask_as_admin("GET", "/api/qa-metrics")
        session = self.hub.ask_as_admin("GET", f"/api/qa-metrics/{TIMESTAMP}")
        self.assertEqual(metrics["sessions"], [session])
        shown = (session["status"], session["stages"]["stage2_captureQuality"]["totalFrames"], session["overallQualityScore"])
        self.assertEqual(shown, ("complete", 200, 94.99))

    def test_a_timestamp_after_the_files_moves_them_to_their_names(self):
        files = (("video", *zeros(9 * MIB)), ("data", len(GOOD_NPZ), [GOOD_NPZ]))
        self.hub.upload("/upload-session", (), files, last=text_field("timestamp", TIMESTAMP))
        self.assertEqual(keys(self.bucket), [VIDEO_KEY, DATA_KEY])
        self.assertEqual(content(self.bucket, VIDEO_KEY), bytes(9 * MIB))

    def test_parts_go_straight_to_the_bucket(self):
        video = os.urandom(15 * MIB)
        request = {"timestamp": TIMESTAMP, "fileType": "video", "fileSize": len(video)}
        started = self.hub.ask("POST", "/chunked-upload/start", request)
        size = started["chunkSize"]
        self.assertEqual((started["s3Key"], started["totalParts"]), (VIDEO_KEY, 2))
        pair = {"uploadId": started["uploadId"], "s3Key": VIDEO_KEY}
        again = self.hub.ask("POST", "/chunked-upload/presign-part", {**pair, "partNumber": 1})
        tags = []
        for number, url in ((2, started["presignedUrls"][1]["url"]), (1, again["url"])):
            self.assertTrue(url.startswith(f"{ENDPOINT}/{BUCKET}/{VIDEO_KEY}?"), url)
            part = video[(number - 1) * size : number * size]
            headers, _ = send("PUT", url, len(part), [part])
            self.assertEqual(headers["etag"], f'"{hashlib.md5(part).hexdigest()}"')
            tags.append({"partNumber": number, "etag": headers["etag"]})
        status = self.hub.ask("GET", f"/chunked-upload/status?uploadId={pair['uploadId']}&s3Key={VIDEO_KEY}")
        parts = [(part["partNumber"], part["size"]) for part in status["uploadedParts"]]
        # This store lists them in no order.
        self.assertEqual(sorted(parts), [(1, size), (2, len(video) - size)])

        completed = self.hub.ask("POST", "/chunked-upload/complete", {**pair, "parts": tags})

        etag = completed.pop("etag")
        self.assertRegex(etag, r'^"[0-9a-f-]+"$')
        location = f"{ENDPOINT}/{BUCKET}/{VIDEO_KEY}"
        self.assertEqual(completed, {"ok": True, "s3Key": VIDEO_KEY, "bucket": BUCKET, "location": location})
        self.assertEqual(content(self.bucket, VIDEO_KEY), video)
        sessions = self.hub.ask_as_admin("POST", "/api/s3-stats/refresh")["stats"]["sessions"]["sessions"]
        self.assertEqual([(session["id"], session["status"]) for session in sessions], [(TIMESTAMP, "incomplete")])

    def test_an_avatar_of_the_quiz_is_in_the_bucket(self):
        account = {"email": "ada@example.com", "password": "a-Good-passw0rd", "username": "ada"}
        login = self.hub.ask("POST", "/auth/register", account, system="quiz")
        bearer = {"authorization": f"Bearer {login['session']['access_token']}"}
        picture = png()
        self.hub.upload("/profile/avatar", (), (("avatar", len(picture), [picture]),), system="quiz", headers=bearer)
        (key,) = keys(self.bucket)
        self.assertRegex(key, rf"^quiz/avatars/{login['user']['id']}/[0-9a-f-]+\.png$")
        _, served = send("GET", f"{self.hub.urls['quiz']}/storage/avatars/{key.removeprefix('quiz/avatars/')}", 0, [])
        self.assertEqual(served, content(self.bucket, key))


class Memory(unittest.TestCase):
    """Two GiB through a hub whose memory does not grow with them."""

    def test_two_gib_into_local_files(self):
        self.check_growth({})

    def test_two_gib_into_a_bucket(self):
        empty(bucket())
        self.addCleanup(empty, bucket())
        self.check_growth(ON_S3S)

    def check_growth(self, settings):
        hub = Hub(**settings)
        self.addCleanup(hub.stop)
        # What it has once it has uploaded at all is not what an upload costs.
        hub.upload_session(TIMESTAMP, zeros(MIB), zeros(MIB))
        hub.forget_peak()
        before = hub.memory_bytes("VmRSS")

        hub.upload_session(TIMESTAMP, zeros(2 * GIB), zeros(MIB))

        growth = hub.memory_bytes("VmHWM") - before
        print(f"it grew by {growth / MIB:.1f} MiB")
        self.assertLess(growth, MOST_GROWTH)
        stats = hub.ask_as_admin("POST", "/api/s3-stats/refresh")["stats"]
        self.assertEqual(stats["overview"]["totalSizeBytes"], 2 * GIB + MIB)


def bucket():
    """Returns the bucket as somebody else's client has it."""
    config = botocore.config.Config(s3={"addressing_style": "path"}, signature_version="s3v4")
    access = {"aws_access_key_id": KEY_ID, "aws_secret_access_key": SECRET, "region_name": "us-east-1"}
    return boto3.resource("s3", endpoint_url=ENDPOINT, config=config, **access).Bucket(BUCKET)


def keys(bucket):
    return [file.key for file in bucket.objects.all()]


def empty(bucket):
    """Deletes what is there, of whichever test: a hub counts all that is in its bucket."""
    for key in keys(bucket):
        bucket.Object(key).delete()


def content(bucket, key):
    return bucket.Object(key).get()["Body"].read()


def png():
    """Returns a picture of one red pixel."""
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\xff\0\0")) + chunk(b"IEND", b"")


if __name__ == "__main__":
    unittest.main()
