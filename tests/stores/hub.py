"""Starts hubbub with its files in a store, and is the client that uploads to it."""

import http.client
import json
import os
import pathlib
import re
import subprocess
import tempfile
import threading
import urllib.parse

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
ADMIN_KEY = "the admin key of the tests"
DEADLINE_SECONDS = 120
PIECE = bytes(1024 * 1024)


class Hub:
    """A hub with fleet and quiz on free ports and a data directory of its own; its files are there, or where `settings` say."""

    def __init__(self, **settings):
        self.folder = tempfile.TemporaryDirectory(prefix="hubbub-stores-")
        command = [os.environ.get("TESTED_BIN", str(REPOSITORY / "target/debug/hubbub")), "serve"]
        environment = {
            "PATH": os.environ["PATH"],
            "HUBBUB_DATA_DIR": str(self.data_dir),
            "HUBBUB_FLEET__ADMIN_API_KEY": ADMIN_KEY,
            "HUBBUB_LIMITS__SCALE": "0",
            "HUBBUB_LOG__LEVEL": "warn",
            "HUBBUB_LAB__ENABLED": "false",
            **{f"HUBBUB_{system}__PORT": "0" for system in ("FLEET", "QUIZ", "OPS")},
            **{f"HUBBUB_{name}": value for name, value in settings.items()},
        }
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.urls, printed = {}, []
        watchdog = threading.Timer(DEADLINE_SECONDS, self.process.kill)
        watchdog.start()
        for line in self.process.stdout:
            printed.append(line)
            if listener := re.match(r"^(\S+) listening on (http:\S+)$", line.strip()):
                self.urls[listener[1]] = listener[2].rstrip("/")
            if line.strip() == "ready":
                break
        else:
            self.stop()
            raise RuntimeError(f"{' '.join(command)} ended before it was ready:\n{''.join(printed)}")
        watchdog.cancel()
        # Whatever it prints later must not fill the pipe.
        self.reader = threading.Thread(target=self.process.stdout.read, daemon=True)
        self.reader.start()

    @property
    def data_dir(self):
        return pathlib.Path(self.folder.name) / "data"

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if hasattr(self, "reader"):
            self.reader.join()
        self.process.stdout.close()
        self.folder.cleanup()

    def ask(self, method, path, body=None, system="fleet", headers=()):
        """Returns the JSON of a good answer."""
        sent = b"" if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json", **dict(headers)}
        _, answer = send(method, self.urls[system] + path, len(sent), [sent], headers)
        return json.loads(answer)

    def ask_as_admin(self, method, path):
        return self.ask(method, path, headers={"x-api-key": ADMIN_KEY})

    def upload_session(self, timestamp, video, data):
        """Uploads both files, each a length and its pieces."""
        texts = (text_field("timestamp", timestamp),)
        return json.loads(self.upload("/upload-session", texts, (("video", *video), ("data", *data))))

    def upload(self, path, texts, files, system="fleet", headers=(), last=b""):
        """Sends a form piece by piece, so that it may be larger than memory; `last` are the fields after its files."""
        heads = [file_head(name) for name, _, _ in files]
        end = last + b"--line--\r\n"
        length = sum(map(len, texts)) + sum(len(head) + size + 2 for head, (_, size, _) in zip(heads, files)) + len(end)

        def body():
            yield from texts
            for head, (_, _, pieces) in zip(heads, files):
                yield head
                yield from pieces
                yield b"\r\n"
            yield end

        headers = {"content-type": "multipart/form-data; boundary=line", **dict(headers)}
        return send("POST", self.urls[system] + path, length, body(), headers)[1]

    def memory_bytes(self, what):
        """Returns `VmRSS`, what it has of memory, or `VmHWM`, the most that it had."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"^{what}:\s+(\d+) kB$", status, re.MULTILINE)[1]) * 1024

    def forget_peak(self):
        """Makes the most that it had what it has now."""
        pathlib.Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")


def send(method, url, length, pieces, headers=()):
    """Returns the headers and the body of a good answer."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=DEADLINE_SECONDS)
    try:
        connection.putrequest(method, url.removeprefix(f"{parts.scheme}://{parts.netloc}"))
        for name, value in {**dict(headers), "content-length": str(length)}.items():
            connection.putheader(name, value)
        connection.endheaders()
        for piece in pieces:
            connection.send(piece)
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if answer.status not in (200, 201):
        raise AssertionError(f"{method} {url} was answered {answer.status}: {body[:500]!r}")
    return answer.headers, body


def zeros(size):
    """Returns a file of zeros: its length and its pieces."""
    return size, (PIECE[: min(len(PIECE), size - at)] for at in range(0, size, len(PIECE)))


def text_field(name, value):
    return f'--line\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()


def file_head(name):
    return f'--line\r\ncontent-disposition: form-data; name="{name}"; filename="a file"\r\n\r\n'.encode()
