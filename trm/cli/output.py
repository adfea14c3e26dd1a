"""Plain text for the terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any

import click

from trm.cli.streams import ending_with_reader, speaks_unicode
from trm.cli.torchrun import is_rank_zero
from trm.cli.wrapping import fitted
from trm.errors import printable
from trm.progress import printing


def echo(text: str, err: bool = False, newline: bool = True) -> None:
    """Print text on stdout or stderr, with terminal control characters escaped. Only the first process prints.

    Args:
        text: a line, or the beginning of one.
        err: print on stderr.
        newline: end the line.
    """
    if is_rank_zero():
        with printing(), ending_with_reader():
            shown = printable(text)
            click.echo(fitted(shown, sys.stderr if err else sys.stdout) if newline else shown, err=err, nl=newline)


def echo_notes(notes: Iterable[str]) -> None:
    """Print sentences on stderr, each on a line of its own. Only the first process prints."""
    for note in notes:
        echo(note, err=True)


def echo_error(text: str) -> None:
    """Print a line on stderr from any process, with terminal control characters escaped."""
    with printing(), ending_with_reader():
        click.echo(fitted(printable(text), sys.stderr), err=True)


def print_json(value: Any) -> None:
    """Print JSON on stdout, with escapes for the characters that the encoding of stdout may lack."""
    echo(json.dumps(value, indent=2, ensure_ascii=not speaks_unicode(sys.stdout.encoding)) + "\n", newline=False)
