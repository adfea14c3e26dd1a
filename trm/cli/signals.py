"""Ctrl-C and SIGTERM as exceptions that end a command, wherever they fall."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType
from typing import Any

AGAIN = 0.1
"""Seconds after which a lost signal is sent again: by then the callback that lost it has mostly returned."""


class Terminated(KeyboardInterrupt):
    """SIGTERM, which by itself would end Python without any tidying up."""

    signal_number = signal.SIGTERM


class Interruptions:
    """Inside, SIGTERM is an exception, like Ctrl-C; and where Python drops one of them, it is raised again.

    Python drops every exception that is raised in a callback from C, as compilers make them, or in a destructor: it only
    tells `sys.unraisablehook`. Only the main thread hears signals; elsewhere this does nothing.

    Attributes:
        lost: the interruption that was dropped last; what fails after it may well fail because of it.
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
        """Takes the place of `sys.unraisablehook`."""
        if not isinstance(dropped.exc_value, KeyboardInterrupt):
            self.previous_hook(dropped)
            return
        self.lost = dropped.exc_value
        timer = threading.Timer(AGAIN, _send, [number_of(self.lost)])
        timer.daemon = True
        timer.start()


def number_of(interruption: BaseException) -> int:
    """The signal that an interruption came from; Python's own for Ctrl-C does not say."""
    return int(getattr(interruption, "signal_number", signal.SIGINT))


def interruption_in(error: BaseException | None) -> BaseException | None:
    """The KeyboardInterrupt that an error was made of: Click turns it into an Abort, an import into a RuntimeError."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error


def _terminate(number: int, frame: FrameType | None) -> None:
    raise Terminated


def _send(number: int) -> None:
    """To the main thread, so that it also wakes from waiting, where the system can choose the thread."""
    if sys.platform == "win32":
        signal.raise_signal(number)
    else:
        signal.pthread_kill(threading.main_thread().ident or 0, number)
