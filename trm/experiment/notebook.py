"""How a notebook shows notes, progress and a training: one output below the cell, updated in place."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from trm.experiment.experiment import Experiment
from trm.experiment.live import SolvedSample
from trm.experiment.session import Display
from trm.markup import bar, beside, chart, note, panel, table
from trm.progress import Pace, duration, progress, report_by_default, reporting_to
from trm.render.html import as_html, percentages
from trm.render.notebook import CellOutput, NotebookReporter, in_notebook, jobs_html, jobs_text
from trm.training.interruption import Interrupted
from trm.training.monitor import Monitor, TrainingView, seconds_left
from trm.words import counted


def notebook_display() -> Display | None:
    """The display for a notebook, which from then on also shows the progress of all jobs; None outside of one."""
    if not in_notebook():
        return None
    reporter = NotebookReporter()
    report_by_default(reporter)
    return NotebookDisplay(reporter)


class NotebookDisplay(Display):
    """Prints notes below the cell, and shows a training as a live view.

    Args:
        reporter: shows the other jobs. The view takes the place of those that precede the training.
    """

    def __init__(self, reporter: NotebookReporter) -> None:
        self.reporter = reporter

    def note(self, text: str) -> None:
        print(text, flush=True)

    def monitor(self, experiment: Experiment) -> Monitor:
        return NotebookMonitor(experiment, self.reporter.hand_over)


class NotebookMonitor(Monitor):
    """A live view of a training: progress, loss, scores, curves, and the last solved puzzle. It stays when it ends.

    Args:
        experiment: what is trained.
        take_output: gives the output where it is shown, when the training begins.
    """

    def __init__(self, experiment: Experiment, take_output: Callable[[], CellOutput]) -> None:
        self.title = f"Training {experiment.task.name}, preset {experiment.preset}"
        self.take_output = take_output
        self.share = 0.0
        self.record: Mapping[str, Any] = {}
        self.scores: Mapping[str, float] = {}
        self.losses: list[tuple[float, float]] = []
        self.exact: list[tuple[float, float]] = []
        self.solved = ""
        self.notes: list[str] = []
        self.sample = SolvedSample(experiment.task.renderer())
        self.training: TrainingView | None = None
        self.state = ""

    @contextlib.contextmanager
    def running(self, training: TrainingView) -> Iterator[None]:
        self.training, self.output = training, self.take_output()
        self.title += f": {training.model.num_parameters():,} parameters on {training.backend.describe()}"
        try:
            with reporting_to(_Redrawing(self)), progress("Training"):
                yield
            self.state = "finished"
        except Interrupted:
            self.state = "interrupted"
            raise
        except BaseException:
            self.state = "failed"
            raise
        finally:
            self.draw()

    def step(self, training: TrainingView, progress: float) -> None:
        self.share = progress

    def log(self, record: dict[str, Any]) -> None:
        self.record = record
        self.losses.append((record["step"], record["loss"]))
        self._look_for_solved()

    def evaluated(self, training: TrainingView, values: dict[str, float]) -> None:
        self.scores = values
        if "exact_accuracy" in values:
            self.exact.append((training.step, values["exact_accuracy"]))

    def note(self, text: str) -> None:
        self.notes.append(text)

    def draw(self, paces: Sequence[Pace] = (), now: float = 0.0) -> None:
        """Show how far the training is, and the jobs inside of it."""
        numbers = self._numbers()
        self.output.fill(
            panel(
                self.title,
                f"{bar(self.share)} {self.share:.0%} {note(self._pace())}",
                "".join(map(note, self.notes)),
                jobs_html(paces, now),
                beside(
                    table((), [*numbers, *percentages(self.scores).items()]),
                    chart("exact accuracy on test puzzles", self.exact, low=0, high=1)
                    + chart("loss", self.losses, low=0),
                    self.solved and note("the last puzzle solved in training") + self.solved,
                ),
            ),
            "\n".join(
                [
                    f"{self.title}: {self.share:.0%}, {self._pace()}",
                    *self.notes,
                    *(f"{name} {value}" for name, value in numbers),
                    *(f"{name} {value}" for name, value in percentages(self.scores).items()),
                    jobs_text(paces, now),
                ]
            ).rstrip(),
        )

    def _pace(self) -> str:
        """Steps and seconds so far, and how the training ended or how long it still takes."""
        assert self.training is not None
        parts = [counted(self.training.step, "step"), duration(self.training.seconds)]
        left = seconds_left(self.training.seconds, self.share)
        if left and not self.state:
            parts.append(f"{duration(left)} left")
        return ", ".join([self.state, *parts] if self.state else parts)

    def _numbers(self) -> list[tuple[str, str]]:
        if not self.record:
            return []
        return [
            ("loss", f"{self.record['loss']:.4f}"),
            ("solved in training", f"{self.record['train_exact']:.1%}"),
            ("examples a second", f"{self.record['examples_per_second']:.0f}"),
        ]

    def _look_for_solved(self) -> None:
        """Keep a picture of a training puzzle that has the right answer at this moment, if there is one."""
        assert self.training is not None
        picture = self.sample.look(self.training)
        if picture is not None:
            self.solved = as_html(picture)


class _Redrawing(NotebookReporter):
    """Redraws a training's view twice a second, with the jobs inside of the training."""

    interval = 0.5

    def __init__(self, monitor: NotebookMonitor) -> None:
        super().__init__(new_output=lambda: monitor.output)
        self.monitor = monitor

    def show(self, now: float) -> None:
        self.monitor.draw([pace for pace in self.paces[1:] if now - pace.started >= self.interval], now)

    def clear(self) -> None:
        """The view stays."""
