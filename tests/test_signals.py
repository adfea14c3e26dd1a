"""SIGTERM where no training runs yet: an ordinary interruption, which tidies up."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest


def ended(process: subprocess.Popen[str]) -> str:
    """What a process says that is told to end. Python loses a signal that falls into a library's callback, such as those
    of numba's import; whoever is at the keyboard sends another.
    """
    process.terminate()
    try:
        return process.communicate(timeout=60)[1]
    except subprocess.TimeoutExpired:
        process.terminate()
        return process.communicate(timeout=60)[1]


@pytest.mark.parametrize(
    "command",
    [["train", "sudoku", "--preset", "mini", "--device", "cpu"], ["data", "build", "sudoku", "--preset", "mini"]],
    ids=["train", "data build"],
)
def test_terminated_while_the_data_is_built(tmp_path: Path, command: list[str]) -> None:
    output, cache = tmp_path / "output", tmp_path / "cache"
    process = subprocess.Popen(
        [sys.executable, "-m", "trm", *command, "--set", "task.train_puzzles=3000000", "--output", output],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TRM_CACHE": str(cache), "OMP_NUM_THREADS": "1"},
    )
    while not any(cache.rglob(".*.lock")):  # held while a data set is built
        assert process.poll() is None
        time.sleep(0.02)
    error = ended(process)
    assert process.returncode == 128 + signal.SIGTERM
    assert error.split() == ["Interrupted."]
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]
    assert not any(path.suffix == ".npy" for path in cache.rglob("*"))
