"""`AnswerFile`: the answers of `trm solve --output`, one record a puzzle, which a killed job continues."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from filelock import FileLock, Timeout

from trm.errors import TRMError, UsageError, cannot_write, reason
from trm.experiment.answer_formats import FIELDS, format_of
from trm.experiment.results import Solved
from trm.experiment.tally import Tally

SYNC_INTERVAL = 1.0
"""Seconds of work that a power failure can cost. A killed process loses no record that it wrote."""


class AnswerFile:
    """A context manager that appends answers to a file, after those of an earlier job that did not finish.

    Complete records of the earlier job are kept; a torn one at the end is dropped. Only one process can write a file.

    Args:
        path: the file; its suffix decides the format, see `FORMATS`.
        made_by: the weights and options of this job in words. Every record has them, and one file has those of one job.

    Attributes:
        kept: the counts of the records that were there before.

    Raises:
        UsageError: the suffix is unknown, the file has other content or answers by other weights or options, or another
            process is writing it.
        TRMError: the file cannot be read or written.
    """

    def __init__(self, path: Path, made_by: str = "") -> None:
        self.path, self.made_by, self.kept = path, made_by, Tally()
        self.format = format_of(path)
        self.lock = FileLock(path.with_name(f".{path.name}.lock"), timeout=0)
        self.file: BinaryIO
        self.synced = time.monotonic()

    def __enter__(self) -> AnswerFile:
        try:
            self.file = open(self.path, "ab+")
            self._lock()
            self._keep_complete_records()
        except OSError as error:
            raise cannot_write(self.path, error) from error
        except TRMError:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def puzzles(self) -> Iterator[str]:
        """The puzzles that were there before, as text."""
        with open(self.path, "rb") as file:
            file.seek(len(self.format.header))
            for record in self._records(file):
                yield self.format.decode(record)["puzzle"] or ""

    def write(self, solved: Solved) -> None:
        """Append an answer.

        Raises:
            TRMError: it cannot be written, for example because the disk is full.
        """
        values = {
            "puzzle": solved.puzzle,
            "answer": solved.text,
            "valid": solved.valid,
            "steps": solved.steps,
            "confidence": solved.confidence,
            "problem": solved.problem,
            "made_by": self.made_by,
        }
        header = b"" if self.file.tell() else self.format.header
        try:
            self.file.write(header + self.format.encode(values))
            self.file.flush()
            if time.monotonic() - self.synced > SYNC_INTERVAL:
                os.fsync(self.file.fileno())
                self.synced = time.monotonic()
        except OSError as error:
            raise TRMError(f"Cannot write {self.path}: {reason(error)}. The same command continues it.") from error

    def _lock(self) -> None:
        try:
            self.lock.acquire()
        except Timeout:
            self.file.close()
            raise UsageError(
                f"{self.path} is being written by another process. Wait, or choose another file."
            ) from None

    def _keep_complete_records(self) -> None:
        """Count the records, and drop a torn one at the end."""
        header = self.format.header
        self.file.seek(0)
        start = self.file.read(len(header))
        if start != header:
            if not header.startswith(start):
                raise self._foreign()
            self._cut(0)
            return
        end = len(header)
        for record in self._records(self.file):
            try:
                values = self.format.decode(record)
            except ValueError:
                raise self._foreign() from None
            if values["made_by"] != self.made_by:
                raise self._other_job(values["made_by"])
            self._count(values)
            end += len(record)
        self._cut(end)

    def _cut(self, end: int) -> None:
        """Drop what follows the first `end` bytes."""
        if self.file.seek(0, os.SEEK_END) > end:
            self.file.truncate(end)
            self.file.seek(end)

    def _records(self, file: BinaryIO) -> Iterator[bytes]:
        """The complete records from where a file is."""
        record = b""
        for line in file:
            record += line
            if line.endswith(b"\n") and self.format.is_complete(record):
                yield record
                record = b""

    def _count(self, values: Mapping[str, Any]) -> None:
        self.kept.count(values["valid"] in (True, "true"), not values["answer"], bool(values["problem"]))

    def _foreign(self) -> UsageError:
        return UsageError(
            f"{self.path} exists and is not an output of `trm solve` with {', '.join(FIELDS)}. Choose another file."
        )

    def _other_job(self, other: Any) -> UsageError:
        return UsageError(
            f"{self.path} has answers by {other}, but this job would add answers by {self.made_by}. Repeat the options "
            "of the earlier job, or choose another file."
        )

    def _close(self) -> None:
        if self.file.closed:
            return
        try:
            with contextlib.suppress(OSError):
                os.fsync(self.file.fileno())
                if not os.fstat(self.file.fileno()).st_size:
                    os.unlink(self.path)
            self.file.close()
        finally:
            self._unlock()

    def _unlock(self) -> None:
        with contextlib.suppress(OSError):
            os.unlink(self.lock.lock_file)
        self.lock.release()
