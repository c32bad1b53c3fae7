"""Runs the tests of the blob store against S3 servers that nobody here wrote, which it starts on free ports and ends again.

    python run.py PATH_OF_THE_S3S_SERVER COMMAND...
"""

import contextlib
import os
import pathlib
import subprocess
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
BUCKET = "hubbub-tests"
DEADLINE_SECONDS = 60


@contextlib.contextmanager
def running(*command):
    """A server that prints its address when it is ready, and ends when its input does."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    watchdog = threading.Timer(DEADLINE_SECONDS, process.kill)
    watchdog.start()
    try:
        url = process.stdout.readline().strip()
        watchdog.cancel()
        if not url.startswith("http://127.0.0.1:"):
            sys.exit(f"{command[0]} did not start: it printed {url!r}")
        yield url
    finally:
        watchdog.cancel()
        process.stdin.close()
        try:
            process.wait(DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def main(s3s_server, *tests):
    with running(s3s_server, BUCKET) as s3s, running(sys.executable, str(HERE / "moto_server.py"), BUCKET) as moto:
        environment = {**os.environ, "TESTED_BUCKET": BUCKET, "TESTED_S3S": s3s, "TESTED_MOTO": moto}
        return subprocess.run(tests, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
