"""Rich bars of jobs: what is done, a bar or a spinner, amount, rate and time left."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn
from rich.progress_bar import ProgressBar
from rich.table import Column
from rich.text import Text

from trm.progress import Pace

NARROW = 60
"""Columns of a terminal below which no bar is drawn, so that the numbers fit."""


def job_bars(console: Console, transient: bool) -> Progress:
    """A display with a row for each job, empty at first; see `show_jobs`.

    Args:
        console: where it is drawn.
        transient: whether it disappears at its end.
    """
    bar = [_Bar(bar_width=None, table_column=Column(ratio=1))] if console.width >= NARROW else []
    return Progress(
        SpinnerColumn("line"),
        TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True)),
        *bar,
        _Details(),
        console=console,
        auto_refresh=False,
        transient=transient,
        redirect_stdout=False,
        expand=True,
    )


def show_jobs(bars: Progress, paces: Sequence[Pace], now: float) -> None:
    """Bring the rows of a display to the state of jobs.

    Args:
        bars: from `job_bars`.
        paces: the jobs, outermost first.
        now: the time, by the clock of the paces.
    """
    for row in bars.tasks[len(paces) :]:
        bars.remove_task(row.id)
    for pace in paces[len(bars.tasks) :]:
        bars.add_task(pace.job.heading, total=pace.job.total)
    for row, pace in zip(bars.tasks, paces, strict=True):
        details = ", ".join(pace.details(now))
        bars.update(
            row.id,
            description=pace.job.heading,
            total=pace.job.total,
            completed=min(pace.job.done, pace.job.total or 0),
            details=details,
        )


class _Bar(BarColumn):
    """No bar for a job of unknown length: it would look finished."""

    def render(self, task: Task) -> ProgressBar | Text:  # type: ignore[override]
        return Text() if task.total is None else super().render(task)


class _Details(ProgressColumn):
    max_refresh = None

    def __init__(self) -> None:
        super().__init__(Column(no_wrap=True, justify="right"))

    def render(self, task: Task) -> Text:
        return Text(task.fields.get("details", ""))
