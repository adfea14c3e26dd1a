"""The exceptions that `trm` raises, and helpers for their messages.

A message is one or two sentences: what is wrong, where, and how to fix it.
"""

from __future__ import annotations

import difflib
import re
import reprlib
from collections.abc import Iterable


class TRMError(Exception):
    """A job failed, and the message says why. The command line exits with 1."""

    exit_code = 1


class UsageError(TRMError):
    """The request was invalid: an unknown name, a value out of range, a malformed puzzle. The command line exits with 2."""

    exit_code = 2


class PuzzleError(UsageError):
    """A puzzle that the user gave cannot be read, or has no solution."""


class DataError(TRMError):
    """A dataset is missing, damaged, or not in the requested format."""


class CheckpointError(TRMError):
    """A checkpoint is missing, damaged, or does not fit the task."""


class NotFiniteError(TRMError):
    """The loss or the gradient was not finite in too many steps in a row."""


class PluginError(TRMError):
    """A plugin broke the contract, or two plugins registered the same name."""


class ReportedElsewhere(TRMError):
    """Another process of the same training has reported the error; this one exits without a message."""


def nearest(name: str, known: Iterable[str]) -> str:
    """The last sentence of a message about an unknown name: up to three similar names, or all known names."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    if close:
        return f"Did you mean {' or '.join(repr(item) for item in close)}?"
    if names:
        return f"Available: {', '.join(names)}."
    return "There are none."


LONGEST_QUOTE = 200

_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters except line feed and tab, marks that change the writing direction, and lone surrogates."""


class _Short(reprlib.Repr):
    def repr_int(self, x: int, level: int) -> str:
        return super().repr_int(x, level) if x.bit_length() < 1000 else f"a number of {x.bit_length():,} bits"


_SHORT = _Short()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 60


def printable(text: str) -> str:
    """The text with escapes such as ``\\u001b`` for characters that could control a terminal.

    JSON has the same escapes, so the result for a JSON document is an equivalent JSON document.
    """
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def quoted(value: object) -> str:
    """The `repr` of an untrusted value, at most `LONGEST_QUOTE` characters long even if it is deeply nested."""
    text = _SHORT.repr(value)
    return text if len(text) <= LONGEST_QUOTE else text[:LONGEST_QUOTE] + "..."


def reason(error: BaseException) -> str:
    """The message of an exception, in one line without its full stop."""
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error) or type(error).__name__
    return " ".join(said.split())[:300].rstrip(".")


def described(error: BaseException) -> str:
    """An exception in one line, as in "KeyError: 'a'"."""
    said = " ".join(str(error).split())
    return f"{type(error).__name__}: {said}" if said else type(error).__name__
