"""Reporting the progress of a training: the interface, and its plain form, one line per interval."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from trm.progress import Advance, Job, duration, printing, progress, rate_text, rough_duration
from trm.words import counted

if TYPE_CHECKING:
    from trm.config import TrainingConfig
    from trm.devices import Backend
    from trm.model import TinyRecursiveModel
    from trm.training.slots import Slots

NO_ANSWERS = "no known answers"
"""Stands for the scores of test puzzles whose answers are unknown."""


ESTIMATE_SECONDS = 5.0
"""Seconds of steps after which the time that a training takes is estimated."""


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

    def note(self, text: str) -> None:
        """Called with a sentence for the user, such as advice on the number of threads."""


class Estimate:
    """The rate of a training and the time that it still takes, measured after its first step, which may compile."""

    def __init__(self) -> None:
        self.first: tuple[int, float, float] | None = None

    def sentence(self, training: TrainingView, progress: float) -> str | None:
        """A sentence for the user; None until `ESTIMATE_SECONDS` of steps are measured. To be called after each step.

        Args:
            training: the training.
            progress: share of the training that is done, 0 to 1.
        """
        now = training.step, training.seconds, progress
        self.first = self.first or now
        steps, seconds, share = (after - before for after, before in zip(now, self.first, strict=True))
        if seconds < ESTIMATE_SECONDS or share <= 0 or progress >= 1:
            return None
        left = seconds * (1 - progress) / share
        rate = steps * training.config.batch_size / seconds
        total = round(training.step + steps * (1 - progress) / share)
        return f"About {rough_duration(left)} to go at {rate_text(rate)} examples/s ({counted(total, 'step')})"


class PrintMonitor(Monitor):
    """Prints one line per interval, for pipes and notebooks.

    Args:
        stream: where it prints. Default: stdout.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream
        self.count: Advance = Job("").advance
        self.estimate: Estimate | None = None

    @contextlib.contextmanager
    def running(self, training: TrainingView) -> Iterator[None]:
        steps = f" from step {training.step}" if training.step else ""
        self._print(f"training {training.model.num_parameters():,} parameters on {training.backend.name}{steps}")
        self.estimate = Estimate()
        with progress("Training", unit="steps") as self.count:
            yield

    def step(self, training: TrainingView, progress: float) -> None:
        self.count(1)
        sentence = self.estimate and self.estimate.sentence(training, progress)
        if sentence:
            self.estimate = None
            self._print(sentence)

    def log(self, record: dict[str, Any]) -> None:
        self.estimate = None  # the line says how long the training still takes
        self._print(
            f"step {record['step']:>6}  {record['progress']:>4.0%}  loss {record['loss']:.4f}  "
            f"solved in training {record['train_exact']:.1%}  {record['examples_per_second']:.0f} examples/s  "
            f"{record['seconds']:.0f} s{_left(record)}"
        )

    def evaluated(self, training: TrainingView, values: dict[str, float]) -> None:
        scores = "  ".join(f"{name} {value:.4f}" for name, value in values.items()) or NO_ANSWERS
        self._print(f"step {training.step:>6}  test  {scores}")

    def note(self, text: str) -> None:
        self._print(text)

    def _print(self, text: str) -> None:
        with printing():
            print(text, file=self.stream, flush=True)


def _left(record: dict[str, Any]) -> str:
    """How long the training still takes, after a comma; empty at its end."""
    left = seconds_left(record["seconds"], record["progress"])
    return f", {duration(left)} left" if left else ""


def seconds_left(seconds: float, share: float) -> float | None:
    """How long a training still takes in seconds, without evaluation and saving; None before its first step.

    Args:
        seconds: how long it has taken so far.
        share: share of the training that is done, 0 to 1.
    """
    return seconds * (1 - share) / share if share > 0 else None
