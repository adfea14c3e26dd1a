"""Puzzles on the command line: as text, as a file, or `-` for stdin."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from trm.cli.output import echo
from trm.storage.text_files import read_puzzle_text

LONGEST_PATH = 256
FILE_NAME = re.compile(r"\S+\.[A-Za-z][A-Za-z0-9]{1,11}|(?:[\w.~-]*/)+[\w.~-]*[A-Za-z]{3}[\w.~-]*/?")


def read_text(given: str, folders: bool = False) -> tuple[str, str]:
    """The source of a text (empty for the command line) and the text itself.

    Args:
        given: the text, a file, or `-`.
        folders: whether a folder is a source with an empty text, for a task that reads its own files.

    Raises:
        UsageError: the input is not text or too long, or `given` looks like a file name, but there is no such file.
    """
    if not given:
        return "", given
    if given == "-":
        if sys.stdin.isatty():
            echo("Type puzzles, then end with Ctrl-D.", err=True)
        return "stdin", read_puzzle_text(sys.stdin.buffer.read(), "stdin")
    if folders and len(given) < LONGEST_PATH and Path(given).is_dir():
        return given, ""
    if len(given) < LONGEST_PATH and "\n" not in given and (Path(given).exists() or FILE_NAME.fullmatch(given)):
        return given, read_puzzle_text(Path(given))
    return "", given
