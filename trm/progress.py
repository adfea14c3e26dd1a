"""Progress of long jobs: any layer says what it is doing, and whoever runs it decides how that is shown.

Imports the standard library only. Nothing is shown unless a reporter is current; the commands set one, see
`trm.render.reporting`, and a notebook has one for all of its cells, see `trm.render.notebook`.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol

QUICK = 0.4
"""Seconds after which a job gets a bar. What is quicker does not flicker."""

PACE_SECONDS = 30.0
"""The rate is measured over this much of the past, so that it follows a change of speed."""


@dataclass(eq=False)
class Job:
    """Something that takes a while.

    Attributes:
        heading: what is being done, as in "Making train puzzles".
        total: number of items; None if it is not known.
        unit: what is counted, in the plural.
        done: number of items done.
        found: how many of them an earlier run had done. They do not count for the rate.
    """

    heading: str
    total: int | None = None
    unit: str = "puzzles"
    done: int = 0
    found: int = 0

    def advance(self, count: int = 1, *, found: bool = False) -> None:
        """Count items as done, by an earlier run if `found`."""
        self.done += count
        self.found += count if found else 0

    def amount(self) -> str:
        """How much is done, as in "320 of 12,000 puzzles"; empty if nothing is counted."""
        if self.total is None:
            return f"{self.done:,} {self._unit_of(self.done)}" if self.done else ""
        return f"{min(self.done, self.total):,} of {self.total:,} {self._unit_of(self.total)}"

    def _unit_of(self, number: int) -> str:
        return self.unit.removesuffix("s") if number == 1 else self.unit


class Advance(Protocol):
    """Counts items as done; `found` says that an earlier run did them, so that they do not count for the rate."""

    def __call__(self, count: int = 1, *, found: bool = False) -> None: ...


class Reporter(Protocol):
    """Shows jobs to somebody."""

    def showing(self, job: Job) -> AbstractContextManager[None]:
        """A context in which a job is shown. Jobs may be nested."""
        ...

    def printing(self) -> AbstractContextManager[None]:
        """A context in which nothing is drawn, because something else is being printed."""
        ...


_reporter: ContextVar[Reporter | None] = ContextVar("reporter")
_default: list[Reporter] = []


def report_by_default(reporter: Reporter) -> None:
    """Show jobs by a reporter wherever `reporting_to` sets no other one.

    For a notebook, in which every cell has a context of its own.
    """
    _default[:] = [reporter]


def _current() -> Reporter | None:
    return _reporter.get(_default[0] if _default else None)


@contextlib.contextmanager
def reporting_to(reporter: Reporter | None) -> Iterator[None]:
    """A context in which jobs are shown by a reporter; by none if it is None."""
    token = _reporter.set(reporter)
    try:
        yield
    finally:
        _reporter.reset(token)


@contextlib.contextmanager
def progress(heading: str, total: int | None = None, unit: str = "puzzles") -> Iterator[Advance]:
    """Show progress while the context is open. Quick jobs may use it too: what ends within a second is not shown.

    Args:
        heading: what is being done, as in "Making train puzzles".
        total: number of items. Default: not known; then elapsed time is shown.
        unit: what is counted, in the plural.

    Yields:
        A function that is called with the number of items done since its last call.
    """
    job = Job(heading, total, unit)
    with showing(job):
        yield job.advance


def showing(job: Job) -> AbstractContextManager[None]:
    """A context in which a job is shown; for jobs whose heading changes while they run."""
    reporter = _current()
    return contextlib.nullcontext() if reporter is None else reporter.showing(job)


def printing() -> AbstractContextManager[None]:
    """A context for printing to a terminal, which has no bar in it meanwhile."""
    reporter = _current()
    return contextlib.nullcontext() if reporter is None else reporter.printing()


class Pace:
    """How fast a job is, and how long it still takes.

    Args:
        job: the job.
        now: the time at its start, in seconds of any clock.
    """

    def __init__(self, job: Job, now: float) -> None:
        self.job = job
        self.started = now
        self.samples = deque([(now, 0)])

    def sample(self, now: float) -> None:
        """Note how much is done at a time; to be called every second or so."""
        done = self.job.done - self.job.found
        if done != self.samples[-1][1]:
            self.samples.append((now, done))
        while len(self.samples) > 2 and self.samples[1][0] < now - PACE_SECONDS:
            self.samples.popleft()

    def rate(self) -> float | None:
        """Items per second; None as long as none is done."""
        (first, before), (last, after) = self.samples[0], self.samples[-1]
        return (after - before) / (last - first) if last > first else None

    def seconds_left(self, now: float) -> float | None:
        """Seconds until the end; None if they cannot be told."""
        rate = self.rate()
        if not rate or self.job.total is None:
            return None
        return max(0.0, (self.job.total - self.job.done) / rate - (now - self.samples[-1][0]))

    def details(self, now: float) -> list[str]:
        """Amount, rate and time left, as far as they are known; the time that has passed if the rate is not known."""
        rate, left = self.rate(), self.seconds_left(now)
        pace = (
            [f"{rate_text(rate)}/s", f"{duration(left)} left" if left else ""]
            if rate
            else [duration(now - self.started)]
        )
        return [part for part in (self.job.amount(), *pace) if part]


def duration(seconds: float) -> str:
    """A time in words, as in "45 s", "3 min 20 s" or "1 h 5 min"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        minutes, rest = divmod(whole, 60)
        return f"{minutes} min {rest} s" if minutes < 10 and rest else f"{minutes} min"
    hours, rest = divmod(whole // 60, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def rough_duration(seconds: float) -> str:
    """A time in words without false precision, as in "40 s", "3 min", "2.5 h" or "12 days"."""
    for size, unit in ((86_400, "days"), (3600, "h"), (60, "min")):
        if seconds >= (3 if unit == "days" else 1) * size * 0.995:
            return f"{seconds / size:,.0f} {unit}" if seconds >= 9.5 * size else f"{seconds / size:.2g} {unit}"
    return f"{max(1, round(seconds))} s"


def rate_text(rate: float) -> str:
    """A rate in words, with two digits or more: "1,200", "3.4", "0.25"."""
    if rate >= 10:
        return f"{rate:,.0f}"
    return f"{rate:.1f}" if rate >= 1 else f"{rate:.2f}"
