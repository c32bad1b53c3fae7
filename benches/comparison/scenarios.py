"""What is measured: scenarios of `hubbub load` with their settings."""

from dataclasses import dataclass

# Name, scenario and settings; sizes are those that --quick divides by ten.
ALL = {
    "echo-1": ("echo", {"clients": 100}, {"depth": 1}),
    "echo-32": ("echo", {"clients": 100}, {"depth": 32}),
    "broadcast-1000x16": ("broadcast", {"subscribers": 1_000}, {"in-flight": 16}),
    "broadcast-1000x1": ("broadcast", {"subscribers": 1_000}, {"in-flight": 1}),
    "broadcast-5000x16": ("broadcast", {"subscribers": 5_000}, {"in-flight": 16}),
    "broadcast-10000x16": ("broadcast", {"subscribers": 10_000}, {"in-flight": 16}),
    "frames-50x50KB": ("frames", {"viewers": 50}, {"bytes": 50_000, "per-second": 60}),
    "hung": ("frames", {"viewers": 50}, {"bytes": 50_000, "per-second": 60, "hung": 5}),
    "idle-10000": ("idle", {"connections": 10_000}, {}),
    "connects": ("churn", {"connections-at-once": 100}, {}),
    "locks": ("locks", {"tablets": 100, "devices": 50}, {"unpaced": True}),
}
# The contract that a scenario drives; the lab's, unless it stands here. Only hubbub serves the others.
SYSTEMS = {"locks": "fleet"}
# They measure memory, which no pin changes: one pass is enough.
MEMORY = {"hung", "idle-10000"}
# The cost of a delivery to many over that to few is a figure of its own.
MANY, FEW = "broadcast-10000x16", "broadcast-1000x16"


@dataclass(frozen=True)
class Scenario:
    """One scenario with everything that `hubbub load` is told about it."""

    name: str
    system: str
    arguments: tuple
    seconds: float


def plan(names, seconds, hung_seconds, is_quick):
    """Returns the named scenarios, in the order in which they were asked for."""
    planned = []
    for name in names:
        command, sizes, settings = ALL[name]
        if is_quick:
            sizes = {key: max(value // 10, 1) for key, value in sizes.items()}
        lasts = hung_seconds if name == "hung" else seconds
        arguments = [command]
        for key, value in {**sizes, **settings, "seconds": lasts}.items():
            arguments += [f"--{key}"] if value is True else [f"--{key}", str(value)]
        planned.append(Scenario(name, SYSTEMS.get(name, "lab"), tuple(arguments), lasts))
    return planned
