"""Benchmark: start-up time of `trm --help` and `trm list-tasks`, relative to their bare imports.

Each command runs in its own process, in turn, so other load affects all of them equally.
Target: at most twice the time of the imports.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time

BASELINE = [sys.executable, "-c", "import click, pluggy, rich.console, importlib.metadata"]
COMMANDS = {
    "trm --help": [sys.executable, "-m", "trm", "--help"],
    "trm list-tasks": [sys.executable, "-m", "trm", "list-tasks"],
}


def seconds(command: list[str]) -> float:
    """Wall-clock seconds of one run."""
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="runs per command (default: 15)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    commands = {"imports": BASELINE, **COMMANDS}
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(options.rounds + 1):  # the first round warms the caches
        for name, command in commands.items():
            times[name].append(seconds(command))
    medians = {name: statistics.median(values[1:]) for name, values in times.items()}
    report = {name: {"seconds": value, "ratio": value / medians["imports"]} for name, value in medians.items()}
    if options.json:
        print(json.dumps(report, indent=2))
        return
    for name, row in report.items():
        print(f"{name:<16} {row['seconds'] * 1000:7.1f} ms  {row['ratio']:.2f} x the imports")


if __name__ == "__main__":
    main()
