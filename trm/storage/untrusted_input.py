"""What comes from outside: read within limits, and quoted so that it can do nothing to a terminal."""

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
"""Bytes of a text that is read as a whole."""

LONGEST_LINE = 2**20
"""Characters of a line of a file that is read line by line."""


def check_file(path: Path, limit: int | None = None) -> None:
    """See that a path is a regular file, which neither blocks nor never ends, of at most `limit` bytes.

    Raises:
        OSError: it is not there, is something else, or is larger.
    """
    try:
        state = path.stat()
    except ValueError as error:  # a null character in its name
        raise OSError(errno.EINVAL, "it is no possible name of a file", quoted(str(path))) from error
    if stat.S_ISDIR(state.st_mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder", str(path))
    if not stat.S_ISREG(state.st_mode):
        raise OSError(errno.EINVAL, "it is no regular file", str(path))
    if limit is not None and state.st_size > limit:
        raise OSError(errno.EFBIG, f"it has {state.st_size:,} bytes, at most {limit:,} are read", str(path))


def read_text(path: Path, limit: int = LIMIT) -> str:
    """A file of UTF-8.

    Raises:
        OSError: see `check_file`.
        ValueError: it is not UTF-8.
    """
    check_file(path, limit)
    return path.read_text(encoding="utf-8")


def parse_json(text: str) -> Any:
    """A text of JSON.

    Raises:
        ValueError: it is none, or nested too deeply.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def read_json(path: Path, limit: int = LIMIT) -> Any:
    """A file of JSON.

    Raises:
        OSError: see `check_file`.
        ValueError: it is not UTF-8, or no JSON.
    """
    return parse_json(read_text(path, limit))


def as_number(value: object) -> float | None:
    """A finite number of a JSON document, None for everything else and for what is too large to reckon with."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if -1e300 < value < 1e300 else None


def csv_lines(file: TextIO) -> Iterator[str]:
    """The lines of a file for `csv.reader`, which would take a line of any length into memory.

    Raises:
        csv.Error: a line is longer than `LONGEST_LINE`.
    """
    while line := file.readline(LONGEST_LINE + 1):
        if len(line) > LONGEST_LINE:
            raise csv.Error(f"a line has more than {LONGEST_LINE:,} characters")
        yield line
