"""The runs that a command was given, without damaged ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from trm.cli.output import echo
from trm.errors import UsageError

if TYPE_CHECKING:
    from trm.runs.listing import Listed


def readable(listed: Sequence[Listed]) -> list[Listed]:
    """The runs that can be read; a line on stderr names each damaged one.

    Raises:
        UsageError: all are damaged.
    """
    for run in listed:
        if run.problem:
            echo(f"Skipped a damaged run, {run.path}: {run.problem}", err=True)
    found = [run for run in listed if run.history]
    if not found:
        raise UsageError("All of these runs are damaged. `trm runs` lists other runs.")
    return found
