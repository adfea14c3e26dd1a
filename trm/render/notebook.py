"""Progress in a notebook: an output below the cell that is updated in place, without widgets.

IPython is never imported here unless the process runs in one of its kernels.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from trm.markup import bar, note, panel
from trm.progress import QUICK, Pace
from trm.render.reporting import TickingReporter


def _shell() -> Any:
    """IPython's shell in this process; None without one."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook: Jupyter, VS Code, Colab or nbclient."""
    return hasattr(_shell(), "kernel")


class CellOutput:
    """One output of a notebook's cell. It appears when it is first filled, below what the cell has shown so far."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._cell = _cell()
        self._lock = threading.Lock()

    @property
    def shown(self) -> bool:
        """Whether there is an output yet."""
        return self._handle is not None

    @property
    def current(self) -> bool:
        """Whether it belongs to the cell that runs now, so that a further job of this cell can use it again."""
        return self._cell == _cell()

    def fill(self, html: str, plain: str) -> None:
        """Replace the output.

        Args:
            html: for a notebook.
            plain: the same as text, for a front end that shows no HTML.
        """
        from IPython.display import display

        content = {"text/html": html, "text/plain": plain}
        with self._lock:
            if self._handle is None:
                self._handle = display(content, raw=True, display_id=True)
            else:
                self._handle.update(content, raw=True)


def _cell() -> int | None:
    """The number of the cell that runs now."""
    return getattr(_shell(), "execution_count", None)


class NotebookReporter(TickingReporter):
    """Draws a bar for each job below the cell, first after `QUICK` seconds, and removes them at the end."""

    interval = 0.25

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, new_output: Callable[[], CellOutput] = CellOutput
    ) -> None:
        super().__init__(clock)
        self.new_output = new_output
        self.output = new_output()
        self.drawn = False

    def hand_over(self) -> CellOutput:
        """Give the output of this cell away to something that stays. Later jobs get another one."""
        with self.lock:
            given = self.output if self.output.current else self.new_output()
            self.output = self.new_output()
            self.drawn = False
        return given

    def show(self, now: float) -> None:
        if not self.drawn and now - self.paces[0].started < QUICK:
            return
        if not self.output.current:
            self.output = self.new_output()
        self.drawn = True
        self.output.fill(panel("", jobs_html(self.paces, now)), jobs_text(self.paces, now))

    def clear(self) -> None:
        if self.drawn:
            self.output.fill("", "")
            self.drawn = False


def jobs_html(paces: Sequence[Pace], now: float) -> str:
    """Jobs with bars, outermost first, one per line."""
    lines = []
    for pace in paces:
        job = pace.job
        share = f"{bar(job.done / job.total)} " if job.total else ""
        lines.append(f"<div>{escape(job.heading)} {share}{note(', '.join(pace.details(now)))}</div>")
    return "".join(lines)


def jobs_text(paces: Sequence[Pace], now: float) -> str:
    """Jobs as text, one per line."""
    return "\n".join(f"{pace.job.heading}: {', '.join(pace.details(now))}" for pace in paces)
