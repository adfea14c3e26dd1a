"""Benchmark: `trm solve` on many Sudoku puzzles, and against an earlier checkout.

    python benchmarks/solve_at_scale.py stream [--puzzles N] [--threads N] [--folder PATH]
    python benchmarks/solve_at_scale.py refill --against CHECKOUT [--puzzles N] [--rounds N]
    python benchmarks/solve_at_scale.py restarts --against CHECKOUT [--puzzles N] [--rounds N]

`stream` solves N puzzles (default: 50,000), which are symmetric images of the test puzzles of the
shipped weights, into a file. The job is killed with SIGKILL after a fifth of the answers, then
continued. It reports peak memory, the time to the first answer, whether a puzzle is lost or
doubled, and the speed relative to `trm evaluate --check` on some of the same puzzles.

`refill` scores N puzzles (default: 500), easy and hard ones in turn, with `--restarts 16 --check`
in this checkout and in another one, which runs batch after batch, by turns in one run.

`restarts` solves the same mixture with the command `trm solve sudoku FILE --restarts 16 --check`
in both checkouts, by turns, and compares the puzzles per second of CPU time, start included.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import trm
from trm.data import PuzzleSet
from trm.data.layout_writing import write_split

COMPARED = 2000
"""Puzzles of the job that `trm evaluate` scores."""

TRM = [sys.executable, "-m", "trm"]
SCORE = """
import json, sys, torch, trm
from pathlib import Path
from trm.experiment.source import DataSource
torch.set_num_threads(int(sys.argv[2]))
solver = trm.load("sudoku:quick", device="cpu")
score = solver.evaluate(source=DataSource(data=Path(sys.argv[1])), restarts=16, check=True)
print(json.dumps({"seconds": score.seconds, "valid": score["valid"], "puzzles": score.puzzles}))
"""
"""What both checkouts run; it uses nothing that is new."""


def images(count: int) -> PuzzleSet:
    """Symmetric images of the test puzzles of the default weights, the puzzles themselves first."""
    solver = trm.load("sudoku", device="cpu")
    puzzles, augmentation = solver.loaded.experiment.puzzles("test"), solver.task.augmentation()
    assert augmentation is not None
    inputs, labels = np.asarray(puzzles.inputs, np.int64), np.asarray(puzzles.labels, np.int64)
    rng, parts = np.random.default_rng(0), [(inputs, labels)]
    while len(parts) * len(inputs) < count:
        parts.append(augmentation.apply(rng, inputs, labels)[:2])
    arrays = (np.concatenate(column)[:count] for column in zip(*parts, strict=True))
    return PuzzleSet(*arrays, solver.task.description)


def mixture(count: int) -> PuzzleSet:
    """Test puzzles of the easy and of the hard weights in turn."""
    half = (count + 1) // 2
    halves = [
        trm.load(f"sudoku:{preset}").loaded.experiment.puzzles("test", limit=half) for preset in ("quick", "hard")
    ]
    inputs, labels = (
        np.stack([np.asarray(getattr(puzzles, name)[:half]) for puzzles in halves], axis=1)
        for name in ("inputs", "labels")
    )
    return PuzzleSet(*(array.reshape(-1, array.shape[-1])[:count] for array in (inputs, labels)), halves[0].description)


def answers_in(path: Path) -> list[dict[str, str]]:
    """The records of an output."""
    if not path.exists():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def peak_memory(process: subprocess.Popen[str]) -> int:
    """The most memory that a running process has had, in bytes; 0 after its end."""
    try:
        status = Path(f"/proc/{process.pid}/status").read_text()
    except OSError:
        return 0
    lines = [line.split() for line in status.splitlines() if line.startswith("VmHWM")]
    return int(lines[0][1]) * 1024 if lines else 0


def watched(command: list[str], output: Path, kill_at: int | None) -> dict[str, float | str]:
    """Run a command that writes answers, and kill it after so many."""
    before, started, first, peak = len(answers_in(output)), time.perf_counter(), 0.0, 0
    size = output.stat().st_size if output.exists() else 0
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while process.poll() is None:
        time.sleep(0.05)
        peak = max(peak, peak_memory(process))
        if not first and output.exists() and output.stat().st_size > size:
            first = time.perf_counter() - started
        if kill_at is not None and first and len(answers_in(output)) >= before + kill_at:
            os.kill(process.pid, signal.SIGKILL)
            break
    stdout, stderr = process.communicate()
    return {"code": process.returncode, "first": first, "peak": peak, "stdout": stdout, "stderr": stderr}


def stream(options: argparse.Namespace) -> None:
    folder = Path(options.folder or tempfile.mkdtemp())
    puzzles = images(options.puzzles)
    task = trm.load("sudoku", device="cpu").task
    texts = [task.format(row) for row in puzzles.inputs]
    (folder / "puzzles.txt").write_text("\n".join(texts) + "\n")
    write_split(folder / "data", "test", puzzles.head(COMPARED))
    output = folder / "answers.csv"
    threads = ["--threads", str(options.threads), "--device", "cpu"]
    command = [*TRM, "solve", "sudoku", str(folder / "puzzles.txt"), "-o", str(output), "--json", *threads]
    killed = watched(command, output, options.puzzles // 5)
    print(f"killed after {len(answers_in(output)):,} answers; first after {killed['first']:.1f} s", flush=True)
    ended = watched(command, output, None)
    records = answers_in(output)
    same = [record["puzzle"] for record in records] == texts
    print(f"exit code {ended['code']}; {len(records):,} answers, each puzzle once and in order: {same}")
    print(str(ended["stderr"]).splitlines()[-1])
    print(f"peak memory: {max(killed['peak'], ended['peak']) / 2**20:,.0f} MiB")  # type: ignore[type-var, operator]
    report = json.loads(str(ended["stdout"]))
    scoring = [*TRM, "evaluate", "sudoku", "--data", str(folder / "data"), "--check", "--json", *threads]
    score = json.loads(subprocess.run(scoring, check=True, capture_output=True, text=True).stdout)
    ours, theirs = (float(result["puzzles_per_second_per_core"]) for result in (report, score))
    print(f"solve {ours:.2f}, evaluate {theirs:.2f} puzzles/s per core: {ours / theirs:.0%}")


def environment_of(checkout: Path) -> dict[str, str]:
    """The environment in which Python finds a checkout."""
    sources = [checkout, *(package / "src" for package in checkout.glob("trm_tasks_*"))]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, sources))}


def refill(options: argparse.Namespace) -> None:
    folder = Path(options.folder or tempfile.mkdtemp())
    write_split(folder / "mixed", "test", mixture(options.puzzles))
    checkouts = {"refilled": Path(__file__).parents[1], "other": options.against.absolute()}
    seconds: dict[str, list[float]] = {name: [] for name in checkouts}
    for _ in range(options.rounds):
        for name, checkout in checkouts.items():
            command = [sys.executable, "-c", SCORE, str(folder / "mixed"), str(options.threads)]
            environment = environment_of(checkout)
            run = subprocess.run(command, check=True, capture_output=True, text=True, env=environment, cwd=checkout)
            result = json.loads(run.stdout.splitlines()[-1])
            seconds[name].append(result["seconds"])
            print(
                f"{name:<10}{result['seconds']:8.1f} s, {result['valid']:.2%} of {result['puzzles']} valid", flush=True
            )
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    print(f"refilled / other: {medians['refilled'] / medians['other']:.2f}")


def cpu_seconds() -> float:
    """CPU time of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def restarts(options: argparse.Namespace) -> None:
    folder = Path(options.folder or tempfile.mkdtemp())
    task, puzzles = trm.load("sudoku", device="cpu").task, mixture(options.puzzles)
    (folder / "mixed.txt").write_text("".join(f"{task.format(row)}\n" for row in puzzles.inputs))
    checkouts = {"this": Path(__file__).parents[1], "other": options.against.absolute()}
    rates: dict[str, list[float]] = {name: [] for name in checkouts}
    for number in range(options.rounds):
        for name, checkout in checkouts.items():
            output = folder / f"{name}-{number}.csv"
            search = ["--restarts", "16", "--check", "--threads", str(options.threads), "--device", "cpu"]
            command = [*TRM, "solve", "sudoku", str(folder / "mixed.txt"), "-o", str(output), *search]
            before, started = cpu_seconds(), time.perf_counter()
            subprocess.run(command, capture_output=True, env=environment_of(checkout), cwd=checkout)
            used, wall = cpu_seconds() - before, time.perf_counter() - started
            records = answers_in(output)
            valid = sum(record["valid"] == "true" for record in records)
            rates[name].append(len(records) / used)
            print(
                f"{name:<7}{len(records):,} answers, {valid:,} valid; {used:.1f} s of CPU time, {wall:.1f} s; "
                f"{len(records) / used:.2f} puzzles per second of CPU time",
                flush=True,
            )
    medians = {name: statistics.median(values) for name, values in rates.items()}
    print(f"throughput, this / other: {medians['this'] / medians['other']:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    for function, puzzles in ((stream, 50_000), (refill, 500), (restarts, 500)):
        command = commands.add_parser(function.__name__)
        command.set_defaults(run=function)
        command.add_argument("--puzzles", type=int, default=puzzles, help=f"number of puzzles (default: {puzzles:,})")
        command.add_argument("--threads", type=int, default=1, help="CPU threads (default: 1)")
        command.add_argument("--folder", help="where files are kept (default: a temporary folder)")
        if function is not stream:
            command.add_argument("--against", type=Path, required=True, help="a checkout of an earlier trm")
            command.add_argument("--rounds", type=int, default=3, help="runs of each (default: 3)")
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
