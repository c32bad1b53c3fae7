"""How it is shown: one row per scenario and server, and the ratios that count."""

from statistics import median

from .scenarios import FEW, MANY
from .servers import ALL

OURS, PEERS = "hubbub", ("socketioxide", "socketioxide-ordered", "socket.io")
HEADS = ("scenario", "server", "per second", "CPU s/M", "p50 ms", "p99 ms", "RSS MiB", "growth MiB", "KiB/conn", "missing", "reordered", "other")


def rows(runs):
    """Returns the table's rows as texts, heads first; an empty row between scenarios."""
    table = [HEADS]
    for placement in unique(run["placement"] for run in runs):
        here = [run for run in runs if run["placement"] == placement]
        for scenario in unique(run["scenario"] for run in here):
            table.append(())
            table += scenario_rows(f"{scenario}, {placement}", [run for run in here if run["scenario"] == scenario])
        table += growth_rows(placement, here)
    return table


def scenario_rows(title, runs):
    by_server = {server: [run for run in runs if run["server"] == server] for server in ALL}
    by_server = {server: its for server, its in by_server.items() if its}
    lines = [(title if number == 0 else "", *server_row(server, its)) for number, (server, its) in enumerate(by_server.items())]
    for peer in PEERS:
        if OURS in by_server and peer in by_server:
            ratios = [ratio(measure, by_server[OURS], by_server[peer]) for measure in (*MEASURES, *CONNECTION_MEASURES)]
            lines.append(("", f"{OURS} ÷ {peer}", *map(two_digits, ratios), "", "", ""))
    return lines


def server_row(server, runs):
    figures = [run["figures"] for run in runs if "figures" in run]
    if not figures:
        return (server, "failed", *[""] * (len(HEADS) - 3))
    middles = [middle(map(measure, figures)) for measure in (*MEASURES, *CONNECTION_MEASURES)]
    formats = (thousands, two_digits, two_digits, two_digits, one_digit, one_digit, one_digit)
    texts = [show(value) for show, value in zip(formats, middles)]
    # What went wrong is not averaged away: the worst round is shown.
    worst = {name: max(figure["checks"][name] for figure in figures) for name in figures[0]["checks"]}
    others = [f"{count} {name}" for name, count in worst.items() if count and name not in ("missing", "reordered")]
    others += [f"{len(runs) - len(figures)} of {len(runs)} runs failed"] if len(figures) < len(runs) else []
    return (server, *texts, str(worst["missing"]), str(worst["reordered"]), ", ".join(others))


def growth_rows(placement, runs):
    """The cost of one delivery in the large room over that in the small one, per server."""
    costs = {}
    for run in runs:
        if "figures" in run:
            costs[run["server"], run["round"], run["scenario"]] = cpu(run["figures"])
    lines = []
    for server in ALL:
        rounds = {number for name, number, _ in costs if name == server}
        pairs = [(costs.get((server, number, MANY)), costs.get((server, number, FEW))) for number in rounds]
        growth = middle(many / few for many, few in pairs if many and few)
        if growth is not None:
            title = f"10,000 ÷ 1,000, {placement}"
            lines.append(("" if lines else title, server, "", two_digits(growth), *[""] * (len(HEADS) - 4)))
    return [(), *lines] if lines else []


def ratio(measure, ours, theirs):
    """Returns the median of the ratios of single rounds."""
    in_round = {run["round"]: measure(run["figures"]) for run in theirs if "figures" in run}
    pairs = [(measure(run["figures"]), in_round.get(run["round"])) for run in ours if "figures" in run]
    return middle(mine / other for mine, other in pairs if mine is not None and other)


def per_second(figures):
    return figures["per_second"]


def cpu(figures):
    return figures["server"] and figures["server"]["cpu_seconds_per_million"]


def p50(figures):
    return figures["latency_ms"] and figures["latency_ms"]["p50"]


def p99(figures):
    return figures["latency_ms"] and figures["latency_ms"]["p99"]


def rss_peak(figures):
    return figures["server"] and figures["server"]["rss_peak_mib"]


def rss_growth(figures):
    """What memory the traffic took, beyond the connections themselves."""
    return figures["server"] and figures["server"]["rss_peak_mib"] - figures["server"]["rss_connected_mib"]


def kib_per_connection(figures):
    """Too coarse to mean anything for a few connections."""
    return figures["server"] and figures["server"]["kib_per_connection"] if figures["connections"] >= 1_000 else None


MEASURES = (per_second, cpu, p50, p99, rss_peak)
CONNECTION_MEASURES = (rss_growth, kib_per_connection)


def text(runs):
    """Returns the table in columns."""
    table = rows(runs)
    widths = [max(len(row[column]) for row in table if row) for column in range(len(HEADS))]
    align = lambda row: "  ".join(cell.ljust(width) if column < 2 else cell.rjust(width) for column, (cell, width) in enumerate(zip(row, widths)))
    return "\n".join(align(row).rstrip() for row in table)


def markdown(runs):
    """Returns the table as it stands in BENCHMARKS.md."""
    table = [row for row in rows(runs) if row]
    lines = ["| " + " | ".join(row) + " |" for row in table]
    return "\n".join([lines[0], "|---|---|" + "---:|" * (len(HEADS) - 3) + "---|", *lines[1:]])


def unique(values):
    return list(dict.fromkeys(values))


def middle(values):
    values = [value for value in values if value is not None]
    return median(values) if values else None


def thousands(value):
    return "" if value is None else f"{value:,.0f}"


def two_digits(value):
    return "" if value is None else f"{value:.2f}"


def one_digit(value):
    return "" if value is None else f"{value:.1f}"
