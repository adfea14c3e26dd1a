"""The sentence that says how long a training takes: printed once, early, and only where nothing else says it."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from trm.experiment.live import LiveMonitor
from trm.progress import rough_duration
from trm.render.tokens import TokenRenderer
from trm.training.monitor import Monitor, PrintMonitor
from trm.training.tracking import Monitors


@dataclass
class Training:
    """What a monitor reads of a training: 4,000 steps of 8 puzzles, with the time that a test gives each step."""

    step: int = 0
    seconds: float = 0.0
    config: Any = field(default_factory=lambda: SimpleNamespace(batch_size=8))
    model: Any = field(default_factory=lambda: SimpleNamespace(num_parameters=lambda: 5))
    backend: Any = field(default_factory=lambda: SimpleNamespace(name="cpu", describe=lambda: "cpu"))

    def steps(self, monitor: Monitor, count: int, seconds: float) -> None:
        for _ in range(count):
            self.step, self.seconds = self.step + 1, self.seconds + seconds
            monitor.step(self, self.step / 4000)  # type: ignore[arg-type]


def lines(stream: io.StringIO) -> list[str]:
    return [line for line in stream.getvalue().splitlines() if not line.startswith("training ")]


def test_the_time_is_estimated_once_after_five_seconds_of_steps_that_follow_the_first() -> None:
    training, stream = Training(), io.StringIO()
    monitor = PrintMonitor(stream)
    with monitor.running(training):  # type: ignore[arg-type]
        training.steps(monitor, 1, 60.0)  # compiles
        training.steps(monitor, 99, 0.05)
        assert lines(stream) == []
        training.steps(monitor, 101, 0.05)
        training.steps(monitor, 500, 0.05)
    assert lines(stream) == ["About 3.2 min to go at 160 examples/s (4,000 steps)"]


def test_a_resumed_training_is_estimated_from_its_own_steps() -> None:
    training, stream = Training(step=2000, seconds=9000.0), io.StringIO()
    monitor = PrintMonitor(stream)
    with monitor.running(training):  # type: ignore[arg-type]
        training.steps(monitor, 11, 1.0)
    assert lines(stream) == ["About 33 min to go at 8.0 examples/s (4,000 steps)"]


def test_no_estimate_after_a_line_that_says_how_long_the_training_takes() -> None:
    training, stream = Training(), io.StringIO()
    monitor = PrintMonitor(stream)
    with monitor.running(training):  # type: ignore[arg-type]
        training.steps(monitor, 50, 0.05)
        record = {"step": 50, "progress": 0.0125, "loss": 1.0, "train_exact": 0.0, "examples_per_second": 160.0}
        monitor.log({**record, "seconds": 2.5})
        training.steps(monitor, 500, 0.05)
    assert lines(stream) == [
        "step     50    1%  loss 1.0000  solved in training 0.0%  160 examples/s  2 s, 3 min 18 s left"
    ]


def test_the_live_view_says_from_the_first_step_how_long_the_training_takes() -> None:
    """A step may take minutes: the time left must not wait for several of them within half a minute."""
    task = SimpleNamespace(name="copying", renderer=TokenRenderer)
    console = Console(file=io.StringIO(), force_terminal=True, width=100, height=40)
    live = LiveMonitor(console, SimpleNamespace(task=task, preset="none"))  # type: ignore[arg-type]
    training = Training()
    training.steps(live, 1, 120.0)
    live.note("One thread is faster.")
    with console.capture() as shown:
        console.print(live.live.get_renderable())
    assert "left 5 days, 13:18:00" in shown.get()
    assert "One thread is faster." in shown.get()


def test_notes_reach_every_monitor() -> None:
    streams = [io.StringIO(), io.StringIO()]
    Monitors([PrintMonitor(stream) for stream in streams]).note("A sentence.")
    assert [stream.getvalue() for stream in streams] == ["A sentence.\n"] * 2


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.1, "1 s"), (59, "59 s"), (60, "1 min"), (200, "3.3 min"), (3590, "1 h"), (9000, "2.5 h"), (172_800, "48 h"),
     (864_000, "10 days")],
)  # fmt: skip
def test_durations_have_no_false_precision(seconds: float, words: str) -> None:
    assert rough_duration(seconds) == words
