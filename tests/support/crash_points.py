"""Kills a training at its N-th file operation, for every N or some, and resumes it: a program for `test_crash.py`.

`python crash_points.py FOLDER EVERY` writes one JSON line: how many file operations there are and what went wrong at which.
Each training runs in a forked process, where an audit hook counts what Python does to files of the run folder and sends
SIGKILL at the one that was chosen. Nothing of the code under test is replaced.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from tests.support.small_run import SmallRun, same_bits
from trm.runs.checkpoint_folder import newest_good

OPERATIONS = ("open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "shutil.rmtree")


class Counter:
    """Counts the operations on files below a folder, and kills this process at the chosen one."""

    def __init__(self, folder: Path, kill_at: int | None) -> None:
        self.folder, self.kill_at, self.count = str(folder), kill_at, 0
        sys.addaudithook(self.hear)

    def hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if event in OPERATIONS and str(arguments[0]).startswith(self.folder):
            self.count += 1
            if self.count == self.kill_at:
                os.kill(os.getpid(), signal.SIGKILL)


def forked(job: Callable[[], None]) -> int:
    """Run a job in a forked process: 0, or what ended it, a signal as its negative number."""
    child = os.fork()
    if child == 0:
        try:
            job()
            os._exit(0)
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def train(folder: Path, weights: Path, kill_at: int | None = None) -> None:
    counter = Counter(folder, kill_at)
    save_file(SmallRun(folder).fit(), weights)
    weights.with_suffix(".count").write_text(str(counter.count))


def lines(folder: Path) -> list[dict[str, object]]:
    """The lines of metrics without what depends on the time."""
    records = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [
        {key: value for key, value in record.items() if key not in ("seconds", "examples_per_second")}
        for record in records
    ]


def problem_at(base: Path, number: int, whole: Path) -> str | None:
    """Kill a new training at an operation, look at what it left, and go on: what is wrong, None if nothing is."""
    folder, weights = base / f"killed_{number}", base / f"weights_{number}"
    if forked(lambda: train(folder, weights, number)) != -signal.SIGKILL:
        return "was not killed"
    if not (folder / "config.json").exists():
        return None  # there is no run yet
    if (folder / "latest").exists():  # from the first checkpoint on, one is always whole
        newest_good(folder)
    if forked(lambda: train(folder, weights)) != 0:
        return "did not go on"
    if not same_bits(load_file(weights), load_file(base / "weights")):
        return "other weights"
    if lines(folder) != lines(whole):
        return "other metrics"
    left = [path.name for path in folder.rglob("*") if path.name.endswith((".tmp", ".old"))]
    return f"left {left}" if left else None


def main() -> None:
    base, every = Path(sys.argv[1]), int(sys.argv[2])
    torch.set_num_threads(1)
    whole = base / "whole"
    assert forked(lambda: train(whole, base / "weights")) == 0
    count = int((base / "weights.count").read_text())
    problems = {}
    for number in range(1, count + 1, every):
        try:
            problem = problem_at(base, number, whole)
        except Exception as error:
            problem = f"{type(error).__name__}: {error}"
        if problem:
            problems[number] = problem
    print(json.dumps({"operations": count, "problems": problems}))


if __name__ == "__main__":
    main()
