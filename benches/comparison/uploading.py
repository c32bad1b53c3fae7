"""What `benches/uploads` does: the servers, the client that sends to them, the figures and their table."""

import contextlib
import http.client
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import urllib.parse
from pathlib import Path
from statistics import median

from . import measuring, servers

MIB = 1024 * 1024
TIMESTAMP = "20260206_120000"
CP, FORM, PARTS, S3S = "cp, fsync", "/upload-session", "parts to /_store", "parts to s3s-fs"
HEADS = ("way", "MB/s", "CPU s/GiB", "time ÷ cp")
BUCKET = "uploads"
# As in tests/stores/src/main.rs.
ON_A_BUCKET = (("HUBBUB_BLOBS__ACCESS_KEY_ID", "tester"), ("HUBBUB_BLOBS__SECRET_ACCESS_KEY", "a secret of the tests"))
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
PATIENCE_SECONDS = 120


def build_s3s():
    """Builds the server of `tests/stores` and returns where it is."""
    target = servers.TARGET / "tests" / "stores"
    servers.run(["cargo", "build", "--release", "--locked"], servers.ROOT / "tests" / "stores", {"CARGO_TARGET_DIR": str(target)})
    return target / "release" / "hubbub-test-stores"


def all_runs(hubbub, s3s, mib, rounds):
    """Yields every run, the ways in turn: its seconds on the clock and on the server's processors, for so many bytes."""
    with contextlib.ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="hubbub-uploads-")))
        source = write(folder / "source", mib)
        s3s_pid, endpoint = opened.enter_context(bucket(s3s))
        hub_pid, hub = opened.enter_context(measuring.started(server(hubbub), "fleet", None))
        _, signer = opened.enter_context(measuring.started(server(hubbub, endpoint), "fleet", None))
        ways = {
            CP: lambda: copied(source, folder / "copy"),
            FORM: lambda: timed(hub_pid, lambda: send_form(hub, source)),
            PARTS: lambda: in_parts(hub, hub_pid, source),
            S3S: lambda: in_parts(signer, s3s_pid, source),
        }
        for round_number in range(1, rounds + 1):
            for way in measuring.rotated(list(ways), round_number):
                # Nobody pays for what another has left to write.
                os.sync()
                seconds, cpu = ways[way]()
                print(f"round {round_number}, {way}: {seconds:.2f} s, {cpu:.2f} CPU s", file=sys.stderr)
                yield {"way": way, "round": round_number, "bytes": mib * MIB, "seconds": seconds, "cpu_seconds": cpu}


def server(hubbub, endpoint=None):
    """Returns a hubbub with local files, or one whose files are in the bucket."""
    bucket = (("HUBBUB_BLOBS__KIND", "s3"), ("HUBBUB_BLOBS__BUCKET", BUCKET), ("HUBBUB_BLOBS__ENDPOINT", endpoint), *ON_A_BUCKET)
    return servers.Server("hubbub", (str(hubbub), "serve"), bucket if endpoint else ())


@contextlib.contextmanager
def bucket(s3s):
    """An s3s-fs with an empty bucket: yields its process id and its URL."""
    process = subprocess.Popen([str(s3s), BUCKET], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        url = process.stdout.readline().strip()
        if not url.startswith("http://"):
            raise measuring.Failed(f"{s3s} did not start")
        yield process.pid, url
    finally:
        # Its directory goes with the end of its input.
        process.stdin.close()
        process.wait()
        process.stdout.close()


def write(path, mib):
    """Writes a file that nothing can make shorter."""
    with path.open("wb") as file:
        for _ in range(mib):
            file.write(os.urandom(MIB))
    return path


def copied(source, copy):
    copy.unlink(missing_ok=True)
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(["sh", "-c", 'cp --reflink=never "$0" "$1" && sync "$1"', str(source), str(copy)], check=True)
    seconds, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def timed(pid, work):
    before, begun = cpu_seconds(pid), time.monotonic()
    work()
    return time.monotonic() - begun, cpu_seconds(pid) - before


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS


def send_form(hub, source):
    text = f'--line\r\ncontent-disposition: form-data; name="timestamp"\r\n\r\n{TIMESTAMP}\r\n'
    head = lambda name: f'--line\r\ncontent-disposition: form-data; name="{name}"; filename="a file"\r\n\r\n'
    before, after = (text + head("video")).encode(), ("\r\n" + head("data") + "data\r\n--line--\r\n").encode()
    size = source.stat().st_size
    with connected(hub) as connection, source.open("rb") as file:
        begin(connection, "POST", "/upload-session", len(before) + size + len(after), "multipart/form-data; boundary=line")
        connection.send(before)
        connection.sock.sendfile(file, 0, size)
        connection.send(after)
        answer(connection)


def in_parts(hub, pid, source):
    """Measures the parts alone; what begins and ends them is asked of the hub, which for a bucket is another process."""
    size = source.stat().st_size
    started = ask(hub, "start", {"timestamp": TIMESTAMP, "fileType": "video", "fileSize": size})
    measured = timed(pid, lambda: send_parts(started, source, size))
    ask(hub, "abort", {"uploadId": started["uploadId"], "s3Key": started["s3Key"]})
    return measured


def send_parts(started, source, size):
    urls = [part["url"] for part in started["presignedUrls"]]
    with connected(urls[0]) as connection, source.open("rb") as file:
        for number, url in enumerate(urls, 1):
            at = (number - 1) * started["chunkSize"]
            length = min(started["chunkSize"], size - at)
            begin(connection, "PUT", url, length)
            connection.sock.sendfile(file, at, length)
            answer(connection)


def ask(hub, what, body):
    sent = json.dumps(body).encode()
    with connected(hub) as connection:
        begin(connection, "POST", f"/chunked-upload/{what}", len(sent), "application/json")
        connection.send(sent)
        return json.loads(answer(connection))


def connected(url):
    parts = urllib.parse.urlsplit(url)
    return contextlib.closing(http.client.HTTPConnection(parts.hostname, parts.port, timeout=PATIENCE_SECONDS))


def begin(connection, method, url, length, content_type=None):
    parts = urllib.parse.urlsplit(url)
    connection.putrequest(method, url.removeprefix(f"{parts.scheme}://{parts.netloc}"))
    connection.putheader("content-length", str(length))
    if content_type:
        connection.putheader("content-type", content_type)
    connection.endheaders()


def answer(connection):
    answered = connection.getresponse()
    body = answered.read()
    if answered.status != 200:
        raise measuring.Failed(f"an upload was answered {answered.status}: {body[:500]!r}")
    return body


def rows(runs):
    """Returns the table's rows as texts, heads first: medians of the rounds, and of their ratios."""
    table = [HEADS]
    copies = {run["round"]: run["seconds"] for run in runs if run["way"] == CP}
    for way in (CP, FORM, PARTS, S3S):
        its = [run for run in runs if run["way"] == way]
        if not its:
            continue
        ratios = [run["seconds"] / copies[run["round"]] for run in its if run["round"] in copies]
        speed = median(run["bytes"] / 1e6 / run["seconds"] for run in its)
        cost = median(run["cpu_seconds"] * 1024 * MIB / run["bytes"] for run in its)
        table.append((way, f"{speed:,.0f}", f"{cost:.2f}", f"{median(ratios):.2f}" if ratios else ""))
    return table


def text(runs):
    return "\n".join(f"{row[0]:<24}" + "".join(f"{cell:>12}" for cell in row[1:]) for row in rows(runs))


def markdown(runs):
    head, *others = rows(runs)
    lines = [head, ("---", *["---:"] * (len(head) - 1)), *others]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
