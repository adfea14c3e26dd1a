"""The errors that a user can cause, each one or two sentences that say what is wrong, where, and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class TRMError(Exception):
    """A job failed for a reason that the message states in full. The command line exits with 1."""

    exit_code = 1


class UsageError(TRMError):
    """The request itself was wrong: an unknown name, a value out of range, a malformed puzzle. Exit code 2."""

    exit_code = 2


class PuzzleError(UsageError):
    """A puzzle given by the user can't be read, or can't be solved at all."""


class DataError(TRMError):
    """A data set is missing, damaged or not of the form that was asked for."""


class CheckpointError(TRMError):
    """A checkpoint is missing, damaged, or does not fit what it is wanted for."""


class NotFiniteError(TRMError):
    """The loss or the gradient was infinite or undefined so often that going on is no use."""


class PluginError(TRMError):
    """A plugin broke the contract, or two plugins claim one name."""


class AlreadySaid(TRMError):
    """Another process of the same training has said what went wrong; this one ends without a word."""


def nearest(name: str, known: Iterable[str]) -> str:
    """A closing sentence for an unknown `name`: the nearest of the `known` names, or all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    if close:
        return f"Did you mean {' or '.join(repr(item) for item in close)}?"
    if names:
        return f"There are: {', '.join(names)}."
    return "There are none."
