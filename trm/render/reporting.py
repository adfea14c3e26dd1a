"""Showing jobs on stderr: bars on a terminal, a line every ten seconds elsewhere.

Rich is imported when the first bar is drawn, so that quick commands do not import it for this.
"""

from __future__ import annotations

import contextlib
import contextvars
import os
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TextIO

from trm.errors import printable
from trm.progress import QUICK, Job, Pace

if TYPE_CHECKING:
    from rich.progress import Progress

FIRST_LINE = 2.0
"""Seconds after which a job gets a line, where lines are written."""

LINE_SECONDS = 9.5
"""Seconds between two lines, so that ten do not pass without one."""

Clock = Callable[[], float]


def draws(stream: TextIO) -> bool:
    """Whether bars can be drawn on a stream: it is a terminal that can move its cursor."""
    return stream.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")


def reporter_on(stream: TextIO) -> BarReporter | LineReporter:
    """The reporter that suits a stream."""
    return BarReporter(stream) if draws(stream) else LineReporter(stream)


class TickingReporter(ABC):
    """Keeps the running jobs, the innermost last, and looks at them from a thread of its own.

    The thread runs only while there are jobs. Processes that are forked meanwhile show nothing.
    """

    interval: float
    """Seconds between two ticks."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self.clock = clock
        self.paces: list[Pace] = []
        self.lock = threading.RLock()
        self.process = os.getpid()
        self.paused = 0
        self.last_word = clock()
        self.ended = threading.Event()

    @contextlib.contextmanager
    def showing(self, job: Job) -> Iterator[None]:
        if os.getpid() != self.process:
            yield
            return
        pace = Pace(job, self.clock())
        self._begin(pace)
        try:
            yield
        finally:
            self._end(pace)

    def tick(self) -> None:
        """Show how far the jobs are, if it is time to. Called by the thread; tests call it themselves."""
        with self.lock:
            now = self.clock()
            for pace in self.paces:
                pace.sample(now)
            if self.paces and not self.paused:
                self.show(now)

    @contextlib.contextmanager
    def printing(self) -> Iterator[None]:
        with self.lock:
            self.paused += 1
            self.clear()
        try:
            yield
        finally:
            with self.lock:
                self.paused -= 1
                self.last_word = self.clock()

    @abstractmethod
    def show(self, now: float) -> None:
        """Show the jobs, of which there is at least one."""

    @abstractmethod
    def clear(self) -> None:
        """Remove what is drawn."""

    def _begin(self, pace: Pace) -> None:
        with self.lock:
            self.paces.append(pace)
            if len(self.paces) == 1:
                self.ended = threading.Event()
                # A notebook's kernel finds the cell that an output belongs to in the context.
                watch = contextvars.copy_context().run
                threading.Thread(target=watch, args=(self._watch, self.ended), name="progress", daemon=True).start()

    def _end(self, pace: Pace) -> None:
        with self.lock:
            self.paces.remove(pace)
            if not self.paces:
                self.ended.set()
                self.clear()

    def _watch(self, ended: threading.Event) -> None:
        with contextlib.suppress(OSError, ValueError):  # the reader of stderr is gone, or the stream is closed
            while not ended.wait(self.interval):
                self.tick()


class LineReporter(TickingReporter):
    """Writes a line about the innermost job, first after `FIRST_LINE`, then every `LINE_SECONDS`.

    While the innermost job is younger than `FIRST_LINE`, the line is about the one around it: "0 s" is no news.
    """

    interval = 0.25

    def __init__(self, stream: TextIO, clock: Clock = time.monotonic) -> None:
        super().__init__(clock)
        self.stream = stream

    def show(self, now: float) -> None:
        settled = [pace for pace in self.paces if now - pace.started >= FIRST_LINE]
        if not settled:
            return
        pace = settled[-1]
        silent_since_its_start = pace is self.paces[-1] and self.last_word <= pace.started
        if silent_since_its_start or now - self.last_word >= LINE_SECONDS:
            self.last_word = now
            print(printable(f"{pace.job.heading}: {', '.join(pace.details(now))}"), file=self.stream, flush=True)

    def clear(self) -> None:
        """Lines stay."""


class BarReporter(TickingReporter):
    """Draws a bar for each job, first after `QUICK` seconds, and removes them at the end."""

    interval = 0.1

    def __init__(self, stream: TextIO, clock: Clock = time.monotonic) -> None:
        super().__init__(clock)
        self.stream = stream
        self.drawn: Progress | None = None

    def show(self, now: float) -> None:
        if self.drawn is None:
            if now - self.paces[0].started < QUICK:
                return
            from trm.render.bars import job_bars
            from trm.render.console import Console

            self.drawn = job_bars(Console(file=self.stream))
            self.drawn.start()
        from trm.render.bars import show_jobs

        show_jobs(self.drawn, self.paces, now)
        self.drawn.refresh()

    def clear(self) -> None:
        if self.drawn is not None:
            self.drawn.stop()
            self.drawn = None
