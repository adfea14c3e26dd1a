"""SIGINT and SIGTERM during a training: after the first, the step is finished and saved; a second stops at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from trm.data.batch import Batch


class Interrupted(KeyboardInterrupt):
    """A signal stopped the training.

    Args:
        signal_number: the signal.
        checkpoint: the checkpoint to resume from; None if nothing is saved.
        run: the run folder to resume. Default: the checkpoint's.
    """

    def __init__(self, signal_number: int, checkpoint: Path | None, run: Path | None = None) -> None:
        super().__init__(signal_number)
        self.signal_number, self.checkpoint = signal_number, checkpoint
        self.run = run or (checkpoint.parent.parent if checkpoint else None)

    def __str__(self) -> str:
        if self.run is None:
            return "The training was interrupted before anything was saved."
        saved = f"Its state is saved in {self.checkpoint}. " if self.checkpoint else ""
        return f"The training was interrupted. {saved}Resume it with trm.resume({str(self.run)!r})."

    def _render_traceback_(self) -> list[str]:
        """What IPython shows: the message alone, because the place of an interruption says nothing."""
        return [str(self)]


class StopRequested(Exception):
    """Raised after a signal, at a point where the training can be saved."""


class SignalFlag:
    """Records the first SIGINT or SIGTERM instead of exiting; a second one raises KeyboardInterrupt at once.

    Outside the main thread, which alone receives signals, this has no effect. A signal that the process ignores, for
    example because of `nohup`, stays ignored.

    Args:
        agree: takes the signal that this process received, and returns the one that any process received.
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
        """Raise `StopRequested` if any process received a signal. All processes must call this at the same point."""
        number = self.agree(self.signal_number)
        if number is not None:
            self.signal_number = number
            raise StopRequested

    def watched(self, batches: Callable[[int | None], Iterable[Batch]]) -> Callable[[int | None], Iterable[Batch]]:
        """Wrap test batches so that iterating them checks for signals."""

        def checked(limit: int | None) -> Iterator[Batch]:
            for batch in batches(limit):
                self.check()
                yield batch

        return checked

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.signal_number is not None:
            raise KeyboardInterrupt
        self.signal_number = number
