"""Rich bars of jobs: what is done, a bar or a spinner, amount, rate and time left."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.progress import BarColumn, Progress, SpinnerColumn, Task, TextColumn
from rich.progress_bar import ProgressBar
from rich.table import Column
from rich.text import Text

from trm.progress import QUICK, Job, Pace

NARROW = 60
"""Columns of a terminal below which only text is shown, so that the numbers fit."""

ROW_BAR = 16
"""Columns of a bar in a larger display."""


def job_bars(console: Console, bar_width: int | None = None) -> Progress:
    """A display with a row for each job, empty at first; see `show_jobs`. It disappears at its end.

    Args:
        console: where it is drawn.
        bar_width: columns of a bar. Default: all that are left.
    """
    ratio = 1 if bar_width is None else None
    wide = (
        TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True)),
        _Bar(bar_width=bar_width, table_column=Column(ratio=ratio)),
        TextColumn("{task.fields[details]}", markup=False, table_column=Column(no_wrap=True, justify="right")),
    )
    narrow = (TextColumn("{task.description}: {task.fields[details]}", markup=False, table_column=Column()),)
    return Progress(
        SpinnerColumn("line"),
        *(wide if console.width >= NARROW else narrow),
        console=console,
        auto_refresh=False,
        transient=True,
        redirect_stdout=False,
        expand=bar_width is None,
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
    rows = [row.id for row in bars.tasks]
    for number, pace in enumerate(paces):
        job, details = pace.job, ", ".join(pace.details(now))
        state: dict[str, Any] = {"total": job.total, "completed": min(job.done, job.total or 0), "details": details}
        if number < len(rows):
            bars.update(rows[number], description=job.heading, **state)
        else:
            bars.add_task(job.heading, **state)


class JobRows:
    """Shows jobs as a part of a larger display, which redraws itself.

    Args:
        console: the console of that display.
        clock: gives the time in seconds.
    """

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self.bars = job_bars(console, ROW_BAR)
        self.clock = clock
        self.paces: list[Pace] = []

    @contextlib.contextmanager
    def showing(self, job: Job) -> Iterator[None]:
        pace = Pace(job, self.clock())
        self.paces.append(pace)
        try:
            yield
        finally:
            self.paces.remove(pace)

    def printing(self) -> AbstractContextManager[None]:
        """Nothing has to be removed: the larger display prints above itself."""
        return contextlib.nullcontext()

    def __rich__(self) -> RenderableType:
        now = self.clock()
        paces = [pace for pace in self.paces if now - pace.started >= QUICK]
        for pace in paces:
            pace.sample(now)
        show_jobs(self.bars, paces, now)
        return self.bars.get_renderable() if paces else Group()


class _Bar(BarColumn):
    """No bar for a job of unknown length: it would look finished."""

    def render(self, task: Task) -> ProgressBar | Text:  # type: ignore[override]
        return Text() if task.total is None else super().render(task)
