"""Who is measured: how each server is built and started."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
PEERS = ROOT / "benches" / "peers"

ALL = ("hubbub", "socketioxide", "socketioxide-ordered", "socket.io", "floor")
# All of them read these. The frames of the contract are the latest lane, whose nearest kin in the peers is `volatile`.
SETTINGS = {
    "HUBBUB_LAB__PORT": "0",
    "HUBBUB_FLEET__PORT": "0",
    "HUBBUB_QUIZ__PORT": "0",
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
    settings: tuple = ()

    def serves(self, system):
        """Says whether it can be asked to serve this contract."""
        return system == "lab" or self.name == "hubbub"


def build_hubbub():
    """Builds hubbub, which is also what generates the load, and returns where it is."""
    run(["cargo", "build", "--release", "--locked", "--bin", "hubbub"], ROOT)
    return TARGET / "release" / "hubbub"


def build(names, hubbub):
    """Builds the peers among the named servers, and returns all that are named."""
    if {"socketioxide", "socketioxide-ordered", "floor"}.intersection(names):
        run(["cargo", "build", "--release", "--locked"], PEERS / "rust", {"CARGO_TARGET_DIR": str(TARGET / "peers")})
    if "socket.io" in names and not (PEERS / "socketio" / "node_modules").is_dir():
        run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], PEERS / "socketio")
    socketioxide = (str(TARGET / "peers/release/lab-socketioxide"),)
    servers = (
        Server("hubbub", (str(hubbub), "serve")),
        Server("socketioxide", socketioxide),
        Server("socketioxide-ordered", socketioxide, (("PEER_ORDERED", "true"),)),
        Server("socket.io", ("node", str(PEERS / "socketio" / "server.js"))),
        Server("floor", (str(TARGET / "peers/release/lab-floor"),)),
    )
    return [server for server in servers if server.name in names]


def run(command, folder, environment=None):
    print(f"building: {' '.join(command)}", file=sys.stderr)
    outcome = subprocess.run(command, cwd=folder, env={**os.environ, **(environment or {})}, stdout=sys.stderr)
    if outcome.returncode != 0:
        sys.exit(f"benches/compare: `{' '.join(command)}` failed in {folder}")


def environment(server, system, data):
    """Returns the surroundings of a server that serves one system: not what somebody else's settings have left in ours."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("HUBBUB_")}
    enabled = {f"HUBBUB_{other.upper()}__ENABLED": str(other == system).lower() for other in ("lab", "fleet")}
    return {**kept, **SETTINGS, **enabled, **dict(server.settings), "HUBBUB_DATA_DIR": str(data)}
