"""The live view of a training: progress, loss, scores, throughput, time left, and the last solved puzzle."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np
import torch
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from trm.evaluation.refine import Puzzle
from trm.experiment.experiment import Experiment
from trm.progress import reporting_to
from trm.render.bars import NARROW, JobRows
from trm.render.picture import Picture
from trm.render.renderer import Renderer
from trm.render.scene import Stage, sparkline
from trm.training.monitor import Monitor, TrainingView, seconds_left

REFRESHES = 2
"""Redraws per second. They take time from the training, which runs in the same process."""

EXAMPLE_SECONDS = 3.0
"""Minimum time between two examples."""

OTHER_LINES = 12
"""Number of lines of the view besides the example."""

SPARKLINE_WIDTH = 40
NARROW_SPARKLINE_WIDTH = 16


class LiveMonitor(Monitor):
    """A Rich live display on a terminal."""

    def __init__(self, console: Console, experiment: Experiment) -> None:
        self.title = f"{experiment.task.name}, preset {experiment.preset}"
        self.narrow = console.width < NARROW
        self.progress = Progress(
            TextColumn("{task.description}"),
            *(() if self.narrow else (BarColumn(),)),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=console,
        )
        self.bar = self.progress.add_task("training", total=1.0, left="left -:--:--")
        self.live = Live(console=console, refresh_per_second=REFRESHES, vertical_overflow="crop")
        self.jobs = JobRows(console)
        self.record: dict[str, Any] = {}
        self.scores: dict[str, float] = {}
        self.history: list[float] = []
        self.solved: Picture | None = None
        self.notes: list[str] = []
        self.sample = SolvedSample(experiment.task.renderer())
        self.training: TrainingView | None = None

    @contextlib.contextmanager
    def running(self, training: TrainingView) -> Iterator[None]:
        self.training = training
        if not self.narrow:
            self.title += f": {training.model.num_parameters():,} parameters on {training.backend.describe()}"
        with self.live, reporting_to(self.jobs):
            self._refresh()
            yield
            self._refresh()

    def step(self, training: TrainingView, progress: float) -> None:
        left = timedelta(seconds=round(seconds_left(training.seconds, progress) or 0))
        self.progress.update(self.bar, completed=progress, left=f"left {left}")

    def log(self, record: dict[str, Any]) -> None:
        self.record = record
        self._look_for_solved()
        self._refresh()

    def evaluated(self, training: TrainingView, values: dict[str, float]) -> None:
        self.scores = values
        if "exact_accuracy" in values:
            self.history.append(values["exact_accuracy"])
        self._refresh()

    def note(self, text: str) -> None:
        self.notes.append(text)
        self._refresh()

    def _look_for_solved(self) -> None:
        """Keep a picture of a training puzzle that has the right answer at this moment, if there is one that fits."""
        assert self.training is not None
        picture = self.sample.look(self.training)
        if picture is not None and len(picture.rows) + self._other_lines() <= self.live.console.height:
            self.solved = picture

    def _other_lines(self) -> int:
        return OTHER_LINES + len(self.scores) + len(self.notes)

    def _refresh(self) -> None:
        parts: list[RenderableType] = [self.progress, self.jobs, self._numbers(), *map(Text, self.notes)]
        if self.solved is not None:
            parts += ["", "the last puzzle solved in training", self.solved]
        self.live.update(Panel(Group(*parts), title=Text(self.title), expand=False))

    def _numbers(self) -> Table:
        table = Table.grid(padding=(0, 2))
        if self.record:
            rows = [
                ("step", f"{self.record['step']:,}", "loss", f"{self.record['loss']:.4f}"),
                (
                    "solved in training",
                    f"{self.record['train_exact']:.1%}",
                    "examples a second",
                    f"{self.record['examples_per_second']:.0f}",
                ),
            ]
            for row in rows:
                for part in (row[:2], row[2:]) if self.narrow else (row,):
                    table.add_row(*part)
        for name, value in self.scores.items():
            table.add_row(Text(name), f"{value:.2%}")
        if self.history:
            table.add_row(
                "exact so far", sparkline(self.history, NARROW_SPARKLINE_WIDTH if self.narrow else SPARKLINE_WIDTH)
            )
        return table


class SolvedSample:
    """Looks now and then for a training puzzle that has the right answer at that moment."""

    def __init__(self, renderer: Renderer) -> None:
        self.renderer = renderer
        self.next_look = 0.0

    def look(self, training: TrainingView) -> Picture | None:
        """A picture of such a puzzle; None if there is none, or the last look was less than `EXAMPLE_SECONDS` ago."""
        if time.monotonic() < self.next_look:
            return None
        self.next_look = time.monotonic() + EXAMPLE_SECONDS
        puzzle = solved_puzzle(training)
        return None if puzzle is None else Stage(self.renderer, puzzle).solution


def solved_puzzle(training: TrainingView) -> Puzzle | None:
    """A puzzle of the training batch that has the right answer at this moment; None if there is none."""
    slots = training.slots
    with torch.no_grad(), training.backend.autocast(training.config.precision):
        answers = training.model.read_out(slots.state).logits.argmax(-1)
    labels = slots.batch.labels
    right = (((answers == labels) | (labels < 0)).all(1) & slots.batch.has_answer()).nonzero().flatten()
    if not len(right):
        return None
    row = int(right[0])
    inputs, label = (tokens[row].cpu().numpy().astype(np.int64) for tokens in (slots.batch.inputs, labels))
    return Puzzle(inputs, label)
