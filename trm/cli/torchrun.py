"""What torchrun says about this process. Imports the standard library only."""

from __future__ import annotations

import os

from trm.errors import ReportedElsewhere, UsageError


def process_count() -> int:
    """Number of processes that torchrun started; 1 without it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_rank_zero() -> bool:
    """Whether this is the process that prints what all of them find."""
    return process_count() == 1 or os.environ.get("RANK") == "0"


def whose() -> str:
    """Name this process for a message; empty for the one that prints anyway."""
    return "" if is_rank_zero() else f" on rank {os.environ.get('RANK')} of {process_count()}"


def refuse_several(command: str) -> None:
    """Raise `UsageError` for a command that works in one process only."""
    if not is_rank_zero():
        raise ReportedElsewhere
    if process_count() > 1:
        raise UsageError(
            f"`trm {command}` runs in one process: start it without torchrun. Only `trm train` runs in several."
        )
