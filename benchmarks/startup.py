"""Benchmark: start-up time of `trm --help` and `trm list-tasks`, of `trm solve` for one puzzle, and of a training.

The first two are relative to their bare imports, with at most twice their time as the target. `trm solve` and
`trm train sudoku`, up to its first training step and with nothing cached, are relative to `import torch`. On an idle machine
with 2 cores they have to take at most 2.5 and 8 s. Each command runs in its own process, in turn, so other load affects all
of them equally.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

PUZZLE = "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79"
COMMANDS = {
    "imports": [sys.executable, "-c", "import click, pluggy, rich.console, importlib.metadata"],
    "trm --help": [sys.executable, "-m", "trm", "--help"],
    "trm list-tasks": [sys.executable, "-m", "trm", "list-tasks"],
    "import torch": [sys.executable, "-c", "import torch"],
    "trm solve": [sys.executable, "-m", "trm", "solve", "sudoku", PUZZLE],
}
TRAIN = [sys.executable, "-m", "trm", "train", "sudoku", "--set", "training.log_interval=1", "--output"]
BASELINES = {"trm solve": "import torch", "trm train": "import torch"}
"""What a command is compared with. Default: the imports."""


def seconds(command: list[str]) -> float:
    """Wall-clock seconds of one run."""
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def first_step_seconds() -> float:
    """Wall-clock seconds from `trm train sudoku` to its first step, without cached puzzles or compiled code."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"TRM_CACHE": f"{folder}/cache", "NUMBA_CACHE_DIR": f"{folder}/numba"}
        started = time.perf_counter()
        with subprocess.Popen(
            [*TRAIN, f"{folder}/run"], stdout=subprocess.PIPE, text=True, env=environment
        ) as training:
            assert training.stdout is not None
            reached = any(line.startswith("step") for line in training.stdout)
            found = time.perf_counter() - started
            training.kill()
    if not reached:
        raise SystemExit("trm train sudoku ended before its first step.")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="runs per command (default: 15)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    times: dict[str, list[float]] = {name: [] for name in (*COMMANDS, "trm train")}
    for _ in range(options.rounds + 1):  # the first round warms the caches
        for name, command in COMMANDS.items():
            times[name].append(seconds(command))
        times["trm train"].append(first_step_seconds())
    medians = {name: statistics.median(values[1:]) for name, values in times.items()}
    report = {
        name: {"seconds": value, "ratio": value / medians[BASELINES.get(name, "imports")]}
        for name, value in medians.items()
    }
    if options.json:
        print(json.dumps(report, indent=2))
        return
    for name, row in report.items():
        print(f"{name:<16} {row['seconds'] * 1000:7.1f} ms  {row['ratio']:.2f} x {BASELINES.get(name, 'imports')}")


if __name__ == "__main__":
    main()
