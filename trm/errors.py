"""The errors that a user can cause, each one or two sentences that say what is wrong, where, and what to do."""

from __future__ import annotations

import difflib
import re
import reprlib
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


class ReportedElsewhere(TRMError):
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


LONGEST_QUOTE = 200

_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters but line feed and tab, marks that change the direction of writing, and halves of surrogates."""


class _Short(reprlib.Repr):
    def repr_int(self, x: int, level: int) -> str:
        return super().repr_int(x, level) if x.bit_length() < 1000 else f"a number of {x.bit_length():,} bits"


_SHORT = _Short()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 60


def printable(text: str) -> str:
    """The text with escapes (``\\u001b``) for what could steer a terminal or forge what is on it.

    The escapes are those of JSON too, so JSON stays the same JSON.
    """
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def quoted(value: object) -> str:
    """The `repr` of a foreign value, shortened: what is nested or shared a million times can't fill a message."""
    text = _SHORT.repr(value)
    return text if len(text) <= LONGEST_QUOTE else text[:LONGEST_QUOTE] + "..."


def reason(error: BaseException) -> str:
    """What an exception of a library says, in one line without its full stop."""
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error) or type(error).__name__
    return " ".join(said.split())[:300].rstrip(".")


def described(error: BaseException) -> str:
    """An exception in one line, as in "KeyError: 'a'"."""
    said = " ".join(str(error).split())
    return f"{type(error).__name__}: {said}" if said else type(error).__name__
