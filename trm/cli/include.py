"""`--include-path`: tasks from plain Python files, for every command."""

from __future__ import annotations

import contextlib
import os
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from trm.errors import UsageError
from trm.plugins.included import VARIABLE, with_included
from trm.plugins.registry import get_registry

OPTION = "--include-path"

_given: list[Path] = []
"""What the options of the current command name."""


def _include(ctx: click.Context, param: click.Parameter, paths: tuple[Path, ...]) -> None:
    """Let this process and those that it starts load the plugins in some folders and files."""
    if not paths:
        return
    try:
        os.environ[VARIABLE] = with_included(paths)
    except UsageError:
        if not ctx.resilient_parsing:  # while a word is being completed, the path may be incomplete, too
            raise
    _given[:] = paths
    get_registry.cache_clear()


include_option = click.option(
    OPTION,
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    expose_value=False,
    is_eager=True,
    callback=_include,
    help=f"Load tasks from the Python files in FOLDER, whose code is executed, or from one file; may be repeated. {VARIABLE} "
    "does the same.",
)


@contextlib.contextmanager
def include_path_restored() -> Iterator[None]:
    """A context after which the include path is what it was, for several commands in one process."""
    before = os.environ.get(VARIABLE)
    try:
        yield
    finally:
        _given.clear()
        if os.environ.get(VARIABLE) != before:
            get_registry.cache_clear()
            if before is None:
                del os.environ[VARIABLE]
            else:
                os.environ[VARIABLE] = before


def command_line(words: str) -> str:
    """A command to try next, with the `--include-path` of the current one.

    Args:
        words: the command and its arguments, as in "evaluate runs/a".
    """
    return " ".join(["trm", *(f"{OPTION} {shlex.quote(str(path))}" for path in _given), words])


def in_front(arguments: Sequence[str]) -> list[str]:
    """Arguments with `--include-path FOLDER` before the command, since people also type it after the command."""
    front: list[str] = []
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--":
            return [*front, *rest, word, *words]
        if word == OPTION:
            folder = next(words, None)
            if folder is None:
                return [word]  # which Click refuses, since the value is missing
            front += [word, folder]
        elif word.startswith(f"{OPTION}="):
            front.append(word)
        else:
            rest.append(word)
    return [*front, *rest]
