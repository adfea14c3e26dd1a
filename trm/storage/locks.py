"""One writer per run folder: an operating-system lock, released when its owner exits, and a note that names the owner."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import socket
from pathlib import Path
from types import TracebackType

from filelock import FileLock, Timeout

from trm.errors import UsageError, cannot_write
from trm.storage.atomic import write_json


class RunLock:
    """A context manager that locks a run folder for writing. One object can be entered several times (reentrant).

    Raises:
        UsageError: another process holds the lock. The message names it.
        TRMError: the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.note = (
            folder / ".lock.json"
        )  # not in the lock file itself: a process that fails to lock it may truncate it
        self.lock = FileLock(folder / ".lock", timeout=0, thread_local=False)

    @property
    def held_once(self) -> bool:
        """Whether only the outermost context is active."""
        return self.lock.lock_counter == 1

    def is_held(self) -> bool:
        """Whether a process, this one included, is writing the folder. Nothing in the folder is changed."""
        if not self.note.exists():  # the owner removes it; only a killed process leaves it behind
            return False
        try:
            with FileLock(self.folder / ".lock", timeout=0):
                return False
        except (Timeout, OSError):  # in a folder that cannot be written, the note is all there is to go by
            return True

    def __enter__(self) -> RunLock:
        try:
            self.lock.acquire()
            if self.held_once:
                write_json(self.note, _this_process())
        except Timeout:
            raise UsageError(
                f"The run folder {self.folder} is being written by {self._owner()}. "
                "Wait until that process ends, or choose another folder."
            ) from None
        except OSError as error:
            self.lock.release()
            raise cannot_write(self.folder, error, None) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.held_once:
            with contextlib.suppress(OSError):  # the folder may have been removed or become read-only
                self.note.unlink()
        self.lock.release()

    def _owner(self) -> str:
        try:
            owner = json.loads(self.note.read_text(encoding="utf-8"))
            return f"process {owner['pid']} on {owner['host']}, since {owner['since']}"
        except (OSError, ValueError, KeyError, TypeError):  # the process is just starting or ending
            return "another process"


def _this_process() -> dict[str, str | int]:
    since = datetime.datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
    return {"pid": os.getpid(), "host": socket.gethostname(), "since": since}
