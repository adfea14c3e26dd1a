"""Ctrl-C and SIGTERM as exceptions that end a command, wherever they arrive."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType
from typing import Any

AGAIN = 0.1
"""Seconds before a lost signal is sent again; by then the callback that lost it has usually returned."""


class Terminated(KeyboardInterrupt):
    """SIGTERM as an exception. By default it would end Python without any cleanup."""

    signal_number = signal.SIGTERM


class Interruptions:
    """A context in which SIGTERM raises an exception, like Ctrl-C, and an interruption that Python drops is raised again.

    Python drops an exception that is raised in a destructor or in a callback from C, and only reports it to
    `sys.unraisablehook`. Only the main thread receives signals; in other threads this does nothing.

    Attributes:
        lost: the interruption that was dropped last. An error after it was probably caused by it.
    """

    def __init__(self) -> None:
        self.lost: BaseException | None = None
        self.hears = threading.current_thread() is threading.main_thread()

    def __enter__(self) -> Interruptions:
        if self.hears:
            self.previous_handler = signal.signal(signal.SIGTERM, _terminate)
            self.previous_hook, sys.unraisablehook = sys.unraisablehook, self._again
        return self

    def __exit__(self, *_: object) -> None:
        if self.hears:
            signal.signal(signal.SIGTERM, self.previous_handler)
            sys.unraisablehook = self.previous_hook

    def _again(self, dropped: Any) -> None:
        """Replacement for `sys.unraisablehook`."""
        if not isinstance(dropped.exc_value, KeyboardInterrupt):
            self.previous_hook(dropped)
            return
        self.lost = dropped.exc_value
        timer = threading.Timer(AGAIN, _send, [number_of(self.lost)])
        timer.daemon = True
        timer.start()


def number_of(interruption: BaseException) -> int:
    """The signal behind an interruption. Python's own KeyboardInterrupt does not name it: SIGINT."""
    return int(getattr(interruption, "signal_number", signal.SIGINT))


def interruption_in(error: BaseException | None) -> BaseException | None:
    """The KeyboardInterrupt behind an error, if any: Click turns it into Abort, an import into RuntimeError."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error


def _terminate(number: int, frame: FrameType | None) -> None:
    raise Terminated


def _send(number: int) -> None:
    """Send a signal to the main thread, which also wakes it from waiting, if the system can choose the thread."""
    if sys.platform == "win32":
        signal.raise_signal(number)
    else:
        signal.pthread_kill(threading.main_thread().ident or 0, number)
