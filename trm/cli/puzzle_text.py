"""Puzzles on the command line: as text, as a file, or `-` for stdin."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TextIO

from trm.cli.output import echo
from trm.errors import PuzzleError, UsageError, reason
from trm.storage.untrusted_input import LIMIT

LONGEST_PATH = 256
FILE_NAME = re.compile(r"\S+\.[a-z]{2,5}")


def read_text(given: str) -> tuple[str, str]:
    """The source of a text (empty for the command line) and the text itself.

    Raises:
        UsageError: `given` looks like a file name, but there is no such file.
        PuzzleError: the input is not text, or is too long.
    """
    if given == "-":
        if sys.stdin.isatty():
            echo("Type puzzles, then end with Ctrl-D.", err=True)
        return "stdin", _whole(sys.stdin, "stdin")
    if len(given) < LONGEST_PATH and "\n" not in given and Path(given).is_file():
        with open(given, encoding="utf-8", errors="replace") as file:
            return given, _whole(file, given)
    if FILE_NAME.fullmatch(given):
        raise UsageError(f"There is no file {given}.")
    return "", given


def _whole(file: TextIO, name: str) -> str:
    try:
        text = file.read(LIMIT + 1)
    except UnicodeDecodeError as error:
        raise PuzzleError(f"{name} is not text: {reason(error)}.") from error
    if len(text) > LIMIT:
        raise PuzzleError(f"{name} has more than {LIMIT:,} characters. Split it into smaller files.")
    return text
