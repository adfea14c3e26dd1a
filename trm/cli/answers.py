"""How `trm solve` prints answers, one after the other: as pictures for people, or as a JSON list."""

from __future__ import annotations

import contextlib
import json
import sys
import textwrap
from collections.abc import Callable, Iterator

from rich.text import Text

from trm.cli.output import echo
from trm.cli.streams import speaks_unicode
from trm.experiment.results import Solved
from trm.progress import printing
from trm.render.console import Console
from trm.words import counted

Show = Callable[[Solved], None]


@contextlib.contextmanager
def as_json_list() -> Iterator[Show]:
    """Print a JSON list on stdout, an item at a time. It is closed even if an error follows."""
    is_open = False

    def show(solved: Solved) -> None:
        nonlocal is_open
        item = json.dumps(dict(solved.report), indent=2, ensure_ascii=not speaks_unicode(sys.stdout.encoding))
        echo(("," if is_open else "[") + "\n" + textwrap.indent(item, "  "), newline=False)
        is_open = True

    try:
        yield show
    finally:
        if is_open:
            echo("\n]")


@contextlib.contextmanager
def as_pictures() -> Iterator[Show]:
    """Print each puzzle with its answer, and whether that is valid."""
    console = Console(highlight=False)

    def show(solved: Solved) -> None:
        with printing():
            if solved.number > 1 and (solved.steps is not None or solved.unreadable):
                console.print()
            if not solved.unreadable:
                console.print(solved.picture)
        if solved.text and solved.tokens is not None:  # a task's own solver has it in the picture
            echo(solved.text)
        with printing():
            console.print_text(_verdict(solved), end="")

    yield show


def _verdict(solved: Solved) -> Text:
    """A line on an answer; empty if nothing is known."""
    if solved.unreadable:
        return Text.assemble(f"puzzle {solved.number}: ", ("no answer", "bold red"), f": {solved.problem}\n")
    if solved.problem:
        return Text.assemble(("invalid", "bold red"), f": {solved.problem}{_details(solved)}\n")
    return Text.assemble(("valid", "bold green"), f"{_details(solved)}\n") if solved.valid else Text()


def _details(solved: Solved) -> str:
    """How the answer was found; empty for a task with its own solver."""
    if solved.confidence is None:
        return ""
    by = f" of {solved.weights}" if solved.weights else ""
    return f" (after {counted(solved.steps or 0, 'supervision step')}{by}; confidence {solved.confidence:.0%})"
