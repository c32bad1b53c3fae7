"""Who is measured: how each server is built and started."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
PEERS = ROOT / "benches" / "peers"

ALL = ("hubbub", "socketioxide", "socket.io", "floor")
# All of them read these. The frames of the contract are the latest lane, whose nearest kin in the peers is `volatile`.
SETTINGS = {
    "HUBBUB_LAB__ENABLED": "true",
    "HUBBUB_LAB__PORT": "0",
    "HUBBUB_FLEET__ENABLED": "false",
    "HUBBUB_OPS__PORT": "0",
    "HUBBUB_LIMITS__SCALE": "0",
    "HUBBUB_LOG__LEVEL": "warn",
    "PEER_VOLATILE_FRAMES": "true",
}


@dataclass(frozen=True)
class Server:
    """A server that is ready to be started."""

    name: str
    command: tuple


def built(names, hubbub=None):
    """Builds the named servers; hubbub always, since it generates the load, unless one is given."""
    hubbub = (hubbub or hubbub_built()).resolve()
    rust_peers = {"socketioxide", "floor"}.intersection(names)
    if rust_peers:
        run(["cargo", "build", "--release", "--locked"], PEERS / "rust", {"CARGO_TARGET_DIR": str(TARGET / "peers")})
    if "socket.io" in names and not (PEERS / "socketio" / "node_modules").is_dir():
        run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], PEERS / "socketio")
    commands = {
        "hubbub": (str(hubbub), "serve"),
        "socketioxide": (str(TARGET / "peers/release/lab-socketioxide"),),
        "socket.io": ("node", str(PEERS / "socketio" / "server.js")),
        "floor": (str(TARGET / "peers/release/lab-floor"),),
    }
    return [Server(name, commands[name]) for name in names], hubbub


def hubbub_built():
    run(["cargo", "build", "--release", "--locked", "--bin", "hubbub"], ROOT)
    return TARGET / "release" / "hubbub"


def run(command, folder, environment=None):
    print(f"building: {' '.join(command)}", file=sys.stderr)
    outcome = subprocess.run(command, cwd=folder, env={**os.environ, **(environment or {})}, stdout=sys.stderr)
    if outcome.returncode != 0:
        sys.exit(f"benches/compare: `{' '.join(command)}` failed in {folder}")


def environment(data):
    """Returns the surroundings of a server: this process's own, but for settings that somebody left in them."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("HUBBUB_")}
    return {**kept, **SETTINGS, "HUBBUB_DATA_DIR": str(data)}
