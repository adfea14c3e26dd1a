"""Benchmark: build ARC-AGI-1 (training and evaluation tasks) on one core.

    python benchmarks/arc_build.py [--variants 100] [--tasks N] [--rounds 1] [--json]

Compares `trm_tasks_arc` with a plain program that works grid by grid. Both write the training and
the test half in the layout of `trm data build arc`. Each runs in its own process, in turn. The
report gives processor seconds (which depend less on other load than wall-clock seconds, also
given), peak resident memory, and the resident memory before the build.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from trm_tasks_arc.config import ArcConfig
from trm_tasks_arc.datasets import Selection, build_selection, select
from trm_tasks_arc.pairs import Task

from trm.data.layout_writing import write_split

SIDE = 30
SPLITS = ("train", "test")


def chosen(tasks: int | None, variants: int) -> tuple[ArcConfig, Selection]:
    """The configuration, and all tasks or the first `tasks` of each half."""
    config = ArcConfig(variants=variants)
    selection = select(config)
    return config, Selection(*(dict(list(half.items())[:tasks]) for half in (selection.training, selection.evaluation)))


def build_ours(config: ArcConfig, selection: Selection, folder: Path) -> int:
    """Build as `trm data build arc` does; return the number of rows."""
    rows = 0
    for split in SPLITS:
        puzzles = build_selection(selection, config, split, 0)
        write_split(folder, split, puzzles)
        rows += len(puzzles)
    return rows


def build_plainly(config: ArcConfig, selection: Selection, folder: Path) -> int:
    """Build grid by grid: draw variants until they differ, transform each grid, append it to a list."""
    rng = np.random.default_rng(0)
    halves: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {split: [] for split in SPLITS}
    for task in selection.all:
        for transform, colours in plain_variants(task, config.variants, rng):
            both = task.id in selection.training
            train = task.train + (task.test if both else ())
            stays = rng.integers(len(train))
            for number, pair in enumerate(train):
                halves["train"].append(plain_pair(pair, transform, colours, rng if number != stays else None))
            for pair in () if both else task.test:
                halves["test"].append(plain_pair(pair, transform, colours, None))
    for split, pairs in halves.items():
        (folder / split).mkdir(parents=True)
        np.save(folder / split / "all__inputs.npy", np.stack([given for given, _ in pairs]))
        np.save(folder / split / "all__labels.npy", np.stack([wanted for _, wanted in pairs]))
    return sum(map(len, halves.values()))


def turned(grid: np.ndarray, transform: int) -> np.ndarray:
    """Apply one of the eight symmetries of the square: four rotations, each with or without a flip."""
    grid = np.rot90(grid, transform % 4)
    return np.fliplr(grid) if transform >= 4 else grid


def plain_variants(task: Task, count: int, rng: np.random.Generator) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the task itself and up to `count` distinct variants, from at most five draws per variant."""
    seen = set()
    draws = [(0, np.arange(10))] + [
        (int(rng.integers(8)), np.concatenate([[0], 1 + rng.permutation(9)])) for _ in range(5 * count)
    ]
    for transform, colours in draws:
        digest = hashlib.sha256()
        for pair in task.train + task.test:
            for grid in (pair.input, pair.output):
                moved = turned(colours[grid], transform)
                digest.update(repr(moved.shape).encode() + moved.tobytes())
        if digest.digest() not in seen:
            seen.add(digest.digest())
            yield transform, colours
        if len(seen) > count:
            return


def plain_pair(
    pair: Any, transform: int, colours: np.ndarray, rng: np.random.Generator | None
) -> tuple[np.ndarray, np.ndarray]:
    """Input and output of a pair as tokens: at a random place if `rng` is given, else in the corner."""
    grids = [turned(colours[grid], transform) for grid in (pair.input, pair.output)]
    rows, columns = np.max([grid.shape for grid in grids], axis=0)
    row, column = (rng.integers(SIDE - rows + 1), rng.integers(SIDE - columns + 1)) if rng else (0, 0)
    return tuple(plain_canvas(grid, row, column) for grid in grids)  # type: ignore[return-value]


def plain_canvas(grid: np.ndarray, row: int, column: int) -> np.ndarray:
    canvas = np.zeros((SIDE, SIDE), np.uint8)
    bottom, right = row + grid.shape[0], column + grid.shape[1]
    canvas[row:bottom, column:right] = grid + 2
    if bottom < SIDE:
        canvas[bottom, column:right] = 1
    if right < SIDE:
        canvas[row:bottom, right] = 1
    return canvas.ravel()


BUILDERS = {"trm_tasks_arc": build_ours, "plain": build_plainly}


def peak_mib() -> float:
    """Peak resident memory of this process so far, in MiB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def measure(name: str, tasks: int | None, variants: int) -> dict[str, float]:
    """Build once in this process and measure time and memory."""
    config, selection = chosen(tasks, variants)
    before = peak_mib()
    with tempfile.TemporaryDirectory() as folder:
        clock, processor = time.perf_counter(), time.process_time()
        rows = BUILDERS[name](config, selection, Path(folder))
        return {
            "rows": rows,
            "processor_seconds": time.process_time() - processor,
            "clock_seconds": time.perf_counter() - clock,
            "peak_mib": peak_mib(),
            "mib_before": before,
            "written_mib": sum(file.stat().st_size for file in Path(folder).rglob("*.npy")) / 2**20,
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--variants", type=int, default=100, help="variants per task, besides the task itself (default: 100)"
    )
    parser.add_argument("--tasks", type=int, help="number of tasks per half (default: all)")
    parser.add_argument("--rounds", type=int, default=1, help="runs per program; the median is reported (default: 1)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--one", choices=BUILDERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one, options.tasks, options.variants)))
        return
    command = [sys.executable, __file__, "--variants", str(options.variants)]
    command += ["--tasks", str(options.tasks)] if options.tasks else []
    found: dict[str, list[dict[str, float]]] = {name: [] for name in BUILDERS}
    one_core = {**os.environ, "OMP_NUM_THREADS": "1"}
    for _ in range(options.rounds):
        for name in BUILDERS:
            done = subprocess.run([*command, "--one", name], check=True, stdout=subprocess.PIPE, env=one_core)
            found[name].append(json.loads(done.stdout))
    medians = {
        name: {key: statistics.median(run[key] for run in runs) for key in runs[0]} for name, runs in found.items()
    }
    if options.json:
        print(json.dumps(medians, indent=2))
        return
    for name, row in medians.items():
        print(
            f"{name:<14} {row['rows']:9,.0f} rows  {row['processor_seconds']:7.2f} s processor  "
            f"{row['clock_seconds']:7.2f} s wall clock  peak {row['peak_mib']:6.0f} MiB ({row['mib_before']:.0f} before)  "
            f"{row['written_mib']:.0f} MiB written"
        )


if __name__ == "__main__":
    main()
