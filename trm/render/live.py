"""The live view of a training: progress, loss, scores, rate and time left."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from trm.training.monitor import Monitor

if TYPE_CHECKING:
    from trm.experiment import Experiment
    from trm.training.trainer import Trainer

BARS = "▁▂▃▄▅▆▇█"
SPARKLINE_WIDTH = 40


def sparkline(values: list[float]) -> str:
    """Values from 0 to 1 as a row of bars, the last ones if there are too many."""
    top = len(BARS) - 1
    return "".join(BARS[round(min(max(value, 0.0), 1.0) * top)] for value in values[-SPARKLINE_WIDTH:])


class LiveMonitor(Monitor):
    """A Rich live display on a terminal."""

    def __init__(self, console: Console, experiment: Experiment) -> None:
        self.title = f"{experiment.spec.name}, preset {experiment.preset}"
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
        )
        self.bar = self.progress.add_task("training", total=1.0)
        self.live = Live(console=console, refresh_per_second=4)
        self.record: dict[str, Any] = {}
        self.scores: dict[str, float] = {}
        self.history: list[float] = []

    @contextlib.contextmanager
    def running(self, trainer: Trainer) -> Iterator[None]:
        self.title += f": {trainer.model.num_parameters():,} parameters on {trainer.backend.describe()}"
        with self.live:
            self._refresh()
            yield
            self._refresh()

    def step(self, trainer: Trainer, progress: float) -> None:
        self.progress.update(self.bar, completed=progress)
        if progress >= 1:
            self.progress.update(self.bar, description="scoring")

    def log(self, record: dict[str, Any]) -> None:
        self.record = record
        self._refresh()

    def evaluated(self, trainer: Trainer, values: dict[str, float]) -> None:
        self.scores = values
        self.history.append(values.get("exact_accuracy", 0.0))
        self._refresh()

    def _refresh(self) -> None:
        table = Table.grid(padding=(0, 2))
        if self.record:
            table.add_row("step", f"{self.record['step']:,}", "loss", f"{self.record['loss']:.4f}")
            table.add_row(
                "solved in training",
                f"{self.record['train_exact']:.1%}",
                "examples a second",
                f"{self.record['examples_per_second']:.0f}",
            )
        for name, value in self.scores.items():
            table.add_row(name, f"{value:.2%}")
        if self.history:
            table.add_row("exact so far", sparkline(self.history))
        self.live.update(Panel(Group(self.progress, table), title=self.title, expand=False))
