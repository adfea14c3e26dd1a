"""Puzzles as they are given on the command line: the text itself, a file of it, or `-` for stdin."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from trm.errors import UsageError

LONGEST_PATH = 256
FILE_NAME = re.compile(r"\S+\.[a-z]{2,5}")


def read_text(given: str) -> tuple[str, str]:
    """Where the text is from, empty for the command line itself, and the text.

    Raises:
        UsageError: `given` has the look of a file's name, and there is no such file.
    """
    if given == "-":
        if sys.stdin.isatty():
            click.echo("Type puzzles, then end with Ctrl-D.", err=True)
        return "stdin", sys.stdin.read()
    if len(given) < LONGEST_PATH and "\n" not in given and Path(given).is_file():
        return given, Path(given).read_text(encoding="utf-8", errors="replace")
    if FILE_NAME.fullmatch(given):
        raise UsageError(f"There is no file {given}.")
    return "", given
