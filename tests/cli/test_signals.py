"""SIGTERM before a training has started is an ordinary interruption that leaves nothing behind."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from trm.cli.signals import Interruptions, number_of


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
    while not any(cache.rglob(".*.lock")):  # held while a dataset is built
        assert process.poll() is None
        time.sleep(0.02)
    process.terminate()
    _, error = process.communicate(timeout=120)
    assert process.returncode == 128 + signal.SIGTERM
    assert error.split()[0] == "Interrupted."
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]
    assert not any(path.suffix == ".npy" for path in cache.rglob("*"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_a_callback_drops_is_raised_again(number: signal.Signals) -> None:
    """Python drops an exception that is raised in a callback from C; the compiler of torch makes many such callbacks."""
    dropping = ctypes.CFUNCTYPE(None)(lambda: signal.raise_signal(number))
    with Interruptions() as interruptions:
        dropping()
        assert interruptions.lost is not None
        with pytest.raises(KeyboardInterrupt) as raised:
            threading.Event().wait(60)
    assert number_of(raised.value) == number


def test_other_dropped_errors_are_reported_as_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    reported: list[BaseException | None] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda dropped: reported.append(dropped.exc_value))

    def fail() -> None:
        raise ValueError("dropped")

    with Interruptions() as interruptions:
        ctypes.CFUNCTYPE(None)(fail)()
    assert str(reported[0]) == "dropped"
    assert interruptions.lost is None
