"""SIGINT and SIGTERM in a training: the first is noted, so that the step can be finished and saved; a second stops at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from trm.data.batch import Batch


class Interrupted(KeyboardInterrupt):
    """Training was stopped by a signal; `checkpoint` is what it can go on from, if anything is saved."""

    def __init__(self, signal_number: int, checkpoint: Path | None) -> None:
        super().__init__(signal_number)
        self.signal_number, self.checkpoint = signal_number, checkpoint


class StopRequested(Exception):
    """A signal came, and this is a place where training can be left and saved."""


class SignalFlag:
    """Notes the first SIGINT or SIGTERM instead of dying of it; a second one raises KeyboardInterrupt at once.

    Only the main thread hears signals; elsewhere this does nothing. A signal that the process was told to ignore, as
    `nohup` does, stays ignored.

    Args:
        agree: gives all processes the signal that one of them has heard.
    """

    def __init__(self, agree: Callable[[int | None], int | None]) -> None:
        self.agree = agree
        self.signal_number: int | None = None
        self.previous: dict[int, Any] = {}

    def __enter__(self) -> SignalFlag:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(number) != signal.SIG_IGN:
                    self.previous[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self.previous.items():
            signal.signal(number, handler)

    def check(self) -> None:
        """Raise `StopRequested` if a signal came, in all processes at the same place."""
        number = self.agree(self.signal_number)
        if number is not None:
            self.signal_number = number
            raise StopRequested

    def watched(self, batches: Callable[[int | None], Iterable[Batch]]) -> Callable[[int | None], Iterable[Batch]]:
        """The same test batches, which stop when a signal comes."""

        def checked(limit: int | None) -> Iterator[Batch]:
            for batch in batches(limit):
                self.check()
                yield batch

        return checked

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.signal_number is not None:
            raise KeyboardInterrupt
        self.signal_number = number
