"""Starts hubbub as a child process and wraps python-socketio's client so that a test can wait for what it receives."""

import asyncio
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
import time
import unittest

import aiohttp
import engineio
import socketio

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
DEADLINE_SECONDS = 15
ISO_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
SESSION_ID = re.compile(r"^session_\d{13}_[a-z0-9]{6}$")
UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
# By default this client gives up at more than 16 packets in one polling body; its documentation names this switch.
engineio.payload.Payload.max_decode_packets = 10_000
TRANSPORTS = (["websocket"], ["polling"], ["polling", "websocket"])


class Server:
    """A server with the given systems on free ports, its data in a directory of its own; npm's socket.io on request."""

    def __init__(self, *systems):
        self.data_dir = tempfile.mkdtemp(prefix="hubbub-python-")
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "HUBBUB_DATA_DIR": self.data_dir,
            "HUBBUB_LOG__LEVEL": "warn",
            "HUBBUB_LIMITS__SCALE": "0",
            "HUBBUB_OPS__PORT": "0",
        }
        for system in ("fleet", "quiz", "lab"):
            environment[f"HUBBUB_{system.upper()}__ENABLED"] = str(system in systems).lower()
            environment[f"HUBBUB_{system.upper()}__PORT"] = "0"
        if is_peer():
            command = ["node", str(REPOSITORY / "benches/peers/socketio/server.js")]
        else:
            command = [os.environ.get("TESTED_BIN", str(REPOSITORY / "target/debug/hubbub")), "serve"]
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.urls = {}
        self._await_ready(command)
        # Whatever it prints later must not fill the pipe.
        self.reader = threading.Thread(target=self.process.stdout.read, daemon=True)
        self.reader.start()

    def _await_ready(self, command):
        printed = []
        watchdog = threading.Timer(30, self.process.kill)
        watchdog.start()
        for line in self.process.stdout:
            printed.append(line)
            listener = re.match(r"^(\S+) listening on (http:\S+)$", line.strip())
            if listener:
                self.urls[listener[1]] = listener[2].rstrip("/")
            if line.strip() == "ready":
                watchdog.cancel()
                return
        watchdog.cancel()
        self.process.wait()
        self.process.stdout.close()
        shutil.rmtree(self.data_dir, ignore_errors=True)
        raise RuntimeError(f"{' '.join(command)} ended with {self.process.returncode}:\n{''.join(printed)}")

    def stop(self):
        self.process.terminate()
        try:
            code = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.reader.join()
        self.process.stdout.close()
        shutil.rmtree(self.data_dir, ignore_errors=True)
        return code


def is_peer():
    """True when the scenarios run against npm's socket.io, which knows only the lab contract."""
    return os.environ.get("TESTED_SERVER") == "peer"


class Client:
    """A python-socketio client that records its events in order."""

    def __init__(self, url, transports, namespace="/"):
        self.url, self.transports, self.namespace = url, transports, namespace
        self.events = []
        self.refusal = None
        self.gone = asyncio.Event()
        self._received = asyncio.Event()
        self.sio = socketio.AsyncClient(reconnection=False)
        self.sio.on("*", self._record, namespace=namespace)
        self.sio.on("connect_error", self._refused, namespace=namespace)
        self.sio.on("disconnect", self._disconnected, namespace=namespace)

    def _record(self, event, *args):
        self.events.append((event, list(args)))
        self._received.set()

    def _refused(self, data):
        self.refusal = data

    def _disconnected(self, *_reason):
        self.gone.set()

    async def connect(self, auth=None):
        await self.sio.connect(self.url, auth=auth, transports=self.transports, namespaces=[self.namespace], wait_timeout=DEADLINE_SECONDS)
        return self

    @property
    def id(self):
        return self.sio.get_sid(self.namespace)

    async def emit(self, event, *args):
        await self.sio.emit(event, args, namespace=self.namespace)

    async def ask(self, event, *args):
        return await self.sio.call(event, args, namespace=self.namespace, timeout=DEADLINE_SECONDS)

    async def until(self, look, what):
        """Returns what `look` finds in the events, as soon as it is not None."""
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                while (found := look(self.events)) is None:
                    self._received.clear()
                    await self._received.wait()
                return found
        except TimeoutError:
            raise AssertionError(f"no {what}; last events {str(self.events[-8:])[:1500]}") from None

    async def take(self, name, count):
        """Waits for so many events of that name and returns the first argument of each."""
        await self.until(lambda events: True if len(events) >= count and self.count(name) >= count else None, f"{count} {name}")
        return [args[0] for event, args in self.events if event == name]

    async def next(self, name):
        """Takes the oldest event of that name and returns its arguments."""
        names = name if isinstance(name, tuple) else (name,)
        event = await self.until(lambda events: next((event for event in events if event[0] in names), None), names)
        self.events.remove(event)
        return event if isinstance(name, tuple) else event[1]

    async def sees(self, name, *args):
        """Waits for exactly this event, passing over earlier values of it; the order of keys counts."""
        wanted = (name, list(args))

        def position(events):
            return next((at for at, (event, got) in enumerate(events) if (event, redact(got)) == wanted), None)

        at = await self.until(position, f"{name} {args}")
        if repr(redact(self.events[at][1])) != repr(list(args)):
            raise AssertionError(f"{name}: keys in another order: {self.events[at][1]}")
        self.events = [event for index, event in enumerate(self.events) if event[0] != name or index > at]

    def count(self, name):
        return sum(1 for event, _ in self.events if event == name)

    async def close(self):
        await self.sio.disconnect()


def redact(value, key=None):
    """Replaces times, session ids and request ids, and only those that have the documented form."""
    if key in ("joinedAt", "serverTime", "timestamp") and type(value) is int:
        return "<now>" if abs(time.time() * 1000 - value) < 600_000 else value
    if isinstance(value, str):
        if key == "requestId":
            return "<request>" if UUID.match(value) else value
        return "<time>" if ISO_TIME.match(value) else "<session>" if SESSION_ID.match(value) else value
    if isinstance(value, list):
        return [redact(inner) for inner in value]
    if isinstance(value, dict):
        return {name: redact(inner, name) for name, inner in value.items()}
    return value


class TestCase(unittest.IsolatedAsyncioTestCase):
    """A test case with one server, whose event loop does not report its own slowness."""

    systems = ()

    @classmethod
    def setUpClass(cls):
        cls.server = Server(*cls.systems)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    async def asyncSetUp(self):
        asyncio.get_running_loop().set_debug(False)


async def request(method, url, body=None, token=None):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with aiohttp.ClientSession() as session, session.request(method, url, json=body, headers=headers) as response:
        return response.status, await response.json()
