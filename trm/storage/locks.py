"""One writer a run folder: a lock of the operating system, which it releases when its owner dies, and a note of the owner."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import socket
from pathlib import Path
from types import TracebackType

from filelock import FileLock, Timeout

from trm.errors import TRMError, UsageError
from trm.storage.atomic import write_json


class RunLock:
    """Held while a run folder is written. One object may be entered several times, inside itself.

    Raises:
        UsageError: somebody else holds it; the message names the owner.
        TRMError: the folder can't be written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.note = folder / ".lock.json"  # not in the lock's own file: who fails to get that may truncate it
        self.lock = FileLock(folder / ".lock", timeout=0, thread_local=False)

    @property
    def held_once(self) -> bool:
        """Whether the outermost of the contexts has just been entered, or is about to be left."""
        return self.lock.lock_counter == 1

    def __enter__(self) -> RunLock:
        try:
            self.lock.acquire()
            if self.held_once:
                write_json(self.note, _this_process())
        except Timeout:
            raise UsageError(
                f"The run folder {self.folder} is being written by {self._owner()}. "
                "Wait until that has ended, or choose another folder."
            ) from None
        except OSError as error:
            self.lock.release()
            raise TRMError(f"The run folder {self.folder} can't be written: {error.strerror}.") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.held_once:
            with contextlib.suppress(OSError):  # the folder may have gone, or have become read-only
                self.note.unlink()
        self.lock.release()

    def _owner(self) -> str:
        try:
            owner = json.loads(self.note.read_text(encoding="utf-8"))
            return f"process {owner['pid']} on {owner['host']}, since {owner['since']}"
        except (OSError, ValueError, KeyError, TypeError):  # it is only just starting, or ending
            return "another process"


def _this_process() -> dict[str, str | int]:
    since = datetime.datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
    return {"pid": os.getpid(), "host": socket.gethostname(), "since": since}
