"""Reading untrusted files and text within limits on size, line length and nesting."""

from __future__ import annotations

import csv
import errno
import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from trm.errors import quoted

LIMIT = 64 * 2**20
"""Maximum size in bytes of a file that is read as a whole."""

LONGEST_LINE = 2**20
"""Maximum number of characters of a line in a file that is read line by line."""


def check_file(path: Path, limit: int | None = None) -> None:
    """Check that a path is a regular file of at most `limit` bytes. Pipes and devices, which may block, are refused.

    Args:
        path: the file.
        limit: maximum size in bytes. Default: no limit.

    Raises:
        OSError: the file does not exist, is not a regular file, or is too large.
    """
    try:
        state = path.stat()
    except ValueError as error:  # a null character in its name
        raise OSError(errno.EINVAL, "not a valid file name", quoted(str(path))) from error
    if stat.S_ISDIR(state.st_mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder, not a file", str(path))
    if not stat.S_ISREG(state.st_mode):
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    if limit is not None and state.st_size > limit:
        raise OSError(errno.EFBIG, f"it has {state.st_size:,} bytes, more than the limit of {limit:,}", str(path))


def read_text(path: Path, limit: int = LIMIT) -> str:
    """Read a UTF-8 file.

    Args:
        path: the file.
        limit: maximum size in bytes. Default: 64 MiB.

    Raises:
        OSError: see `check_file`.
        ValueError: the file is not UTF-8.
    """
    check_file(path, limit)
    return path.read_text(encoding="utf-8")


def parse_json(text: str) -> Any:
    """Parse JSON text.

    Raises:
        ValueError: the text is not valid JSON, or is nested too deeply.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def read_json(path: Path, limit: int = LIMIT) -> Any:
    """Read a UTF-8 JSON file.

    Args:
        path: the file.
        limit: maximum size in bytes. Default: 64 MiB.

    Raises:
        OSError: see `check_file`.
        ValueError: the file is not UTF-8 or not valid JSON.
    """
    return parse_json(read_text(path, limit))


def as_number(value: object) -> float | None:
    """A number from a JSON document as a float; None for other values and for numbers beyond 1e300."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if -1e300 < value < 1e300 else None


def csv_lines(file: TextIO) -> Iterator[str]:
    """Yield the lines of a file for `csv.reader`, which by itself reads lines of any length into memory.

    Raises:
        csv.Error: a line is longer than 2**20 characters.
    """
    while line := file.readline(LONGEST_LINE + 1):
        if len(line) > LONGEST_LINE:
            raise csv.Error(f"a line has more than {LONGEST_LINE:,} characters")
        yield line
