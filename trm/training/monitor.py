"""Reporting the progress of a training: the interface, and its plain form, one line per interval."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from trm.progress import Advance, Job, duration, printing, progress

if TYPE_CHECKING:
    from trm.config import TrainingConfig
    from trm.devices import Backend
    from trm.model import TinyRecursiveModel
    from trm.training.slots import Slots

NO_ANSWERS = "no known answers"
"""Stands for the scores of test puzzles whose answers are unknown."""


class TrainingView(Protocol):
    """The read-only view of a training that a monitor receives."""

    @property
    def model(self) -> TinyRecursiveModel:
        """The model, with its own weights, not the averaged ones."""
        ...

    @property
    def config(self) -> TrainingConfig:
        """The settings of the training."""
        ...

    @property
    def backend(self) -> Backend:
        """The device."""
        ...

    @property
    def slots(self) -> Slots:
        """The training batch."""
        ...

    @property
    def step(self) -> int:
        """Number of optimizer steps done."""
        ...

    @property
    def seconds(self) -> float:
        """Training time in seconds, without evaluation and saving, over all sessions of the run."""
        ...


class Monitor:
    """Receives the progress of a training. Override what you need; the methods here do nothing.

    A monitor must not change the training: neither the model nor the random generators.
    """

    @contextlib.contextmanager
    def running(self, training: TrainingView) -> Iterator[None]:
        """A context that is open while the training runs, and is closed however it ends."""
        yield

    def step(self, training: TrainingView, progress: float) -> None:
        """Called after each optimizer step.

        Args:
            training: the training.
            progress: share of the training that is done, 0 to 1.
        """

    def log(self, record: dict[str, Any]) -> None:
        """Called for each line of metrics that is logged.

        Args:
            record: as in `metrics.jsonl`: `step`, `progress`, `loss`, `train_exact`, `examples_per_second`, ...
        """

    def evaluated(self, training: TrainingView, values: dict[str, float]) -> None:
        """Called after each evaluation.

        Args:
            training: the training.
            values: the scores on the test puzzles by metric; empty if no test puzzle has a known answer.
        """


class PrintMonitor(Monitor):
    """Prints one line per interval, for pipes and notebooks.

    Args:
        stream: where it prints. Default: stdout.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream
        self.count: Advance = Job("").advance

    @contextlib.contextmanager
    def running(self, training: TrainingView) -> Iterator[None]:
        steps = f" from step {training.step}" if training.step else ""
        self._print(f"training {training.model.num_parameters():,} parameters on {training.backend.name}{steps}")
        with progress("Training", unit="steps") as self.count:
            yield

    def step(self, training: TrainingView, progress: float) -> None:
        self.count(1)

    def log(self, record: dict[str, Any]) -> None:
        self._print(
            f"step {record['step']:>6}  {record['progress']:>4.0%}  loss {record['loss']:.4f}  "
            f"solved in training {record['train_exact']:.1%}  {record['examples_per_second']:.0f} examples/s  "
            f"{record['seconds']:.0f} s{_left(record)}"
        )

    def evaluated(self, training: TrainingView, values: dict[str, float]) -> None:
        scores = "  ".join(f"{name} {value:.4f}" for name, value in values.items()) or NO_ANSWERS
        self._print(f"step {training.step:>6}  test  {scores}")

    def _print(self, text: str) -> None:
        with printing():
            print(text, file=self.stream, flush=True)


def _left(record: dict[str, Any]) -> str:
    """How long the training still takes, without evaluation and saving."""
    share = record["progress"]
    return f", {duration(record['seconds'] * (1 - share) / share)} left" if 0 < share < 1 else ""
