"""What is told of a training's progress, and the plain form of it: a line per interval."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trm.training.trainer import Trainer


class Monitor:
    """Is told of a training's progress, and by itself shows nothing. None of its methods may change anything."""

    @contextlib.contextmanager
    def running(self, trainer: Trainer) -> Iterator[None]:
        """Surrounds the training, however it ends."""
        yield

    def step(self, trainer: Trainer, progress: float) -> None:
        """One optimizer step is done; `progress` runs from 0 to 1."""

    def log(self, record: dict[str, Any]) -> None:
        """A line of metrics."""

    def evaluated(self, trainer: Trainer, values: dict[str, float]) -> None:
        """The test puzzles were scored."""


class PrintMonitor(Monitor):
    """One line per interval, for pipes and notebooks."""

    @contextlib.contextmanager
    def running(self, trainer: Trainer) -> Iterator[None]:
        steps = f" from step {trainer.step}" if trainer.step else ""
        _line(f"training {trainer.model.num_parameters():,} parameters on {trainer.backend.name}{steps}")
        yield

    def log(self, record: dict[str, Any]) -> None:
        _line(
            f"step {record['step']:>6}  {record['progress']:>4.0%}  loss {record['loss']:.4f}  "
            f"solved in training {record['train_exact']:.1%}  {record['examples_per_second']:.0f} examples/s  "
            f"{record['seconds']:.0f} s"
        )

    def evaluated(self, trainer: Trainer, values: dict[str, float]) -> None:
        scores = "  ".join(f"{name} {value:.4f}" for name, value in values.items())
        _line(f"step {trainer.step:>6}  test  {scores}")


def _line(text: str) -> None:
    print(text, flush=True)
