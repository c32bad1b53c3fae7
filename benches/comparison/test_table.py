"""Checks that the table says what was measured: `python3 -m unittest discover --start-directory benches --top-level-directory benches`."""

import unittest

from comparison import table


def run(server, number, scenario="echo-1", cost=1.0, missing=0):
    server_figures = {"cpu_seconds_per_million": cost, "rss_peak_mib": 12.0, "rss_connected_mib": 10.0, "kib_per_connection": 5.0}
    checks = {"missing": missing, "duplicated": 0, "reordered": 0, "wrong": 0, "errors": 0}
    latency = {"p50": 0.5, "p99": 2.0}
    figures = {"per_second": 1_000.0, "connections": 100, "latency_ms": latency, "server": server_figures, "checks": checks}
    return {"placement": "pinned", "round": number, "scenario": scenario, "server": server, "figures": figures}


def failed(server, number):
    return {"placement": "pinned", "round": number, "scenario": "echo-1", "server": server, "failure": "no figures after 125 s"}


def cell(runs, server, head):
    row = next(row for row in table.rows(runs) if server in row)
    return row[table.HEADS.index(head)]


class Table(unittest.TestCase):
    def test_a_ratio_is_the_median_of_the_ratios_of_the_rounds(self):
        # A slow second round is slow for both sides.
        ours = [run("hubbub", 1, cost=2), run("hubbub", 2, cost=20), run("hubbub", 3, cost=3)]
        theirs = [run("socket.io", 1, cost=4), run("socket.io", 2, cost=40), run("socket.io", 3, cost=4)]

        self.assertEqual(cell(ours + theirs, "hubbub ÷ socket.io", "CPU s/M"), "0.50")

    def test_the_worst_round_says_what_went_wrong(self):
        runs = [run("hubbub", 1, missing=0), run("hubbub", 2, missing=7), run("hubbub", 3, missing=0)]

        self.assertEqual(cell(runs, "hubbub", "missing"), "7")

    def test_a_round_without_figures_is_told_and_left_out(self):
        runs = [run("hubbub", 1, cost=2), failed("hubbub", 2), run("socket.io", 1, cost=4), run("socket.io", 2, cost=1)]

        self.assertEqual(cell(runs, "hubbub", "other"), "1 of 2 runs failed")
        self.assertEqual(cell(runs, "hubbub ÷ socket.io", "CPU s/M"), "0.50")

    def test_the_growth_of_a_delivery_compares_the_rooms_of_one_round(self):
        runs = [run("floor", 1, "broadcast-1000x16", cost=0.5), run("floor", 1, "broadcast-10000x16", cost=0.6)]

        self.assertEqual(table.rows(runs)[-1][:4], ("10,000 ÷ 1,000, pinned", "floor", "", "1.20"))

    def test_every_row_has_every_column(self):
        runs = [run("hubbub", 1), run("socket.io", 1), failed("floor", 1)]

        self.assertEqual({len(row) for row in table.rows(runs) if row}, {len(table.HEADS)})
