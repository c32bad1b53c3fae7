"""How it is measured: a fresh server, one run of the generator, both on cores of their own if wished."""

import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from . import servers
from .scenarios import MEMORY

# What a run may take beyond its measured time: connecting, stragglers, a slow machine.
PATIENCE_SECONDS = 120
STOPPING_SECONDS = 15


class Failed(Exception):
    """Something without which nothing can be measured."""


def all_runs(chosen, plan, placements, repetitions, generator):
    """Yields every run, servers in turn: what was measured, and the figures or why there are none."""
    for placement in placements:
        server_core, generator_core = cores(placement)
        for round_number in range(1, repetitions + 1):
            for scenario in plan:
                if placement == "unpinned" and "pinned" in placements and scenario.name in MEMORY:
                    continue
                for server in rotated([server for server in chosen if server.serves(scenario.system)], round_number):
                    label = f"{placement}, round {round_number} of {repetitions}, {scenario.name}, {server.name}"
                    print(label, end=": ", file=sys.stderr, flush=True)
                    run = {"placement": placement, "round": round_number, "scenario": scenario.name, "server": server.name}
                    with started(server, scenario.system, server_core) as (pid, url):
                        run |= load(generator, generator_core, scenario, pid, url)
                    print(summary(run), file=sys.stderr)
                    yield run


def rotated(chosen, by):
    """Nobody is always first."""
    by %= max(len(chosen), 1)
    return chosen[by:] + chosen[:by]


def cores(placement):
    """Returns the core of the server and the one of the generator; none: wherever the kernel likes."""
    usable = sorted(os.sched_getaffinity(0))
    if placement == "unpinned":
        return None, None
    if len(usable) < 2:
        raise Failed("server and generator need a core each; --unpinned-only measures them on one")
    return usable[0], usable[1]


def on_core(core, command):
    return list(command) if core is None else ["taskset", "--cpu-list", str(core), *command]


@contextmanager
def started(server, system, core):
    """A fresh server with a data directory of its own: yields its process id and its URL."""
    with tempfile.TemporaryDirectory(prefix="hubbub-compare-") as folder:
        errors = Path(folder) / "errors"
        with errors.open("wb") as log:
            process = subprocess.Popen(
                on_core(core, server.command),
                env=servers.environment(server, system, Path(folder) / "data"),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                # Ctrl-C is for the generator; the server has to outlive it.
                start_new_session=True,
            )
        try:
            yield process.pid, url_of(server, system, process, errors)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


def url_of(server, system, process, errors):
    """Waits for the server to say that it is ready."""
    url = None
    for line in process.stdout:
        if line.startswith(f"{system} listening on "):
            url = line.split()[-1].rstrip("/")
        if line.strip() == "ready" and url:
            return url
    raise Failed(f"{server.name} ended before it was ready: {errors.read_text(errors='replace')[-500:].strip()}")


def load(generator, core, scenario, pid, url):
    """Runs the generator once. A run that fails is a figure as well: it says why."""
    command = on_core(core, [str(generator), "load", *scenario.arguments, "--url", url, "--pid", str(pid), "--json", "--quiet"])
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        figures, errors = process.communicate(timeout=scenario.seconds + PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        return {"failure": f"no figures after {scenario.seconds + PATIENCE_SECONDS:.0f} s"}
    finally:
        stop(process)
    try:
        return {"figures": json.loads(figures)}
    except json.JSONDecodeError:
        return {"failure": errors.strip()[-500:] or f"no figures, status {process.returncode}"}


def stop(process):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOPPING_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def summary(run):
    figures = run.get("figures")
    if not figures:
        return f"FAILED: {run['failure']}"
    wrong = {name: count for name, count in figures["checks"].items() if count}
    cost = figures["server"]["cpu_seconds_per_million"] if figures["server"] else float("nan")
    return f"{figures['per_second']:,.0f}/s, {cost:.2f} CPU s per million" + (f", {wrong}" if wrong else "")
