"""Monitors that send metrics to TensorBoard and to Weights & Biases."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from trm.config import RunConfig
from trm.extras import extra_module
from trm.training.monitor import Monitor, TrainingView

TRACKERS = ("tensorboard", "wandb")
NUMBERS = ("loss", "train_exact", "learning_rate", "examples_per_second")
"""The values of a line of metrics that are sent, besides all scores of each evaluation."""


class Monitors(Monitor):
    """Several monitors as one."""

    def __init__(self, monitors: Sequence[Monitor]) -> None:
        self.monitors = monitors

    @contextlib.contextmanager
    def running(self, training: TrainingView) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            for monitor in self.monitors:
                stack.enter_context(monitor.running(training))
            yield

    def step(self, training: TrainingView, progress: float) -> None:
        for monitor in self.monitors:
            monitor.step(training, progress)

    def log(self, record: dict[str, Any]) -> None:
        for monitor in self.monitors:
            monitor.log(record)

    def evaluated(self, training: TrainingView, values: dict[str, float]) -> None:
        for monitor in self.monitors:
            monitor.evaluated(training, values)

    def note(self, text: str) -> None:
        for monitor in self.monitors:
            monitor.note(text)


class TensorBoardMonitor(Monitor):
    """Writes event files to a folder; `tensorboard --logdir` shows them.

    Raises:
        UsageError: tensorboard is not installed.
    """

    def __init__(self, folder: Path) -> None:
        check_trackers(["tensorboard"])
        from torch.utils.tensorboard import SummaryWriter

        self.folder, self.writer_class = folder, SummaryWriter

    @contextlib.contextmanager
    def running(self, training: TrainingView) -> Iterator[None]:
        # What a killed run wrote after its last checkpoint is dropped, as in metrics.jsonl.
        purge = training.step + 1 if training.step else None
        self.writer = self.writer_class(str(self.folder), purge_step=purge)
        try:
            yield
        finally:
            self.writer.close()

    def log(self, record: dict[str, Any]) -> None:
        for name in NUMBERS:
            self.writer.add_scalar(f"train/{name}", record[name], record["step"])

    def evaluated(self, training: TrainingView, values: dict[str, float]) -> None:
        for name, value in values.items():
            self.writer.add_scalar(f"test/{name}", value, training.step)


class WandbMonitor(Monitor):
    """Sends the numbers to Weights & Biases, under the project `trm` if `WANDB_PROJECT` names no other.

    The run's id is kept in the run folder, so that a resumed run goes on there too.

    Raises:
        UsageError: wandb is not installed.
    """

    def __init__(self, folder: Path, config: RunConfig) -> None:
        check_trackers(["wandb"])
        import wandb

        self.folder, self.config, self.wandb = folder, config, wandb

    @contextlib.contextmanager
    def running(self, training: TrainingView) -> Iterator[None]:
        self.run = self.wandb.init(
            project=os.environ.get("WANDB_PROJECT", "trm"),
            name=self.folder.name,
            dir=self.folder,
            id=self._run_id(),
            resume="allow",
            config=self.config.model_dump(mode="json"),
        )
        finished = False
        try:
            yield
            finished = True
        finally:
            self.run.finish(exit_code=0 if finished else 1)

    def log(self, record: dict[str, Any]) -> None:
        self.run.log({f"train/{name}": record[name] for name in NUMBERS}, step=record["step"])

    def evaluated(self, training: TrainingView, values: dict[str, float]) -> None:
        self.run.log({f"test/{name}": value for name, value in values.items()}, step=training.step)

    def _run_id(self) -> str:
        path = self.folder / "wandb_id"
        if not path.exists():
            path.write_text(secrets.token_hex(4) + "\n", encoding="utf-8")
        return path.read_text(encoding="utf-8").strip()


def tracked(monitor: Monitor, trackers: Sequence[str], folder: Path, config: RunConfig) -> Monitor:
    """A monitor together with trackers, by their names in `TRACKERS`, for the run in `folder`."""
    makers = {
        "tensorboard": lambda: TensorBoardMonitor(folder / "tensorboard"),
        "wandb": lambda: WandbMonitor(folder, config),
    }
    return Monitors([monitor, *(makers[name]() for name in dict.fromkeys(trackers))]) if trackers else monitor


def check_trackers(trackers: Sequence[str]) -> None:
    """Raise `UsageError` if the package of a tracker, by its name in `TRACKERS`, is not installed."""
    for name in trackers:
        extra_module(name, f"--track {name}")
