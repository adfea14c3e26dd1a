"""The exceptions that `trm` raises, and helpers for their messages.

A message is one or two sentences: what is wrong, where, and how to fix it.
"""

from __future__ import annotations

import difflib
import errno
import re
import reprlib
from collections.abc import Iterable
from os import PathLike

DONE, FAILED, REFUSED, NOT_ALL_VALID, INTERRUPTED, TERMINATED = 0, 1, 2, 3, 130, 143

EXIT_CODES = {
    DONE: "done",
    FAILED: "the job failed: a full disk, no memory, no network, a plugin's error, a failed check",
    REFUSED: "the request cannot be served as asked: a wrong option, name, value or file",
    NOT_ALL_VALID: "`trm solve` has answered, but not every answer is valid",
    INTERRUPTED: "interrupted by Ctrl-C",
    TERMINATED: "terminated by SIGTERM",
}
"""The meaning of each exit code. All commands share them."""


class TRMError(Exception):
    """A job failed, and the message says why. The command line exits with 1."""

    exit_code = FAILED


class UsageError(TRMError):
    """The request was invalid: an unknown name, a value out of range, a malformed puzzle. The command line exits with 2."""

    exit_code = REFUSED


class PuzzleError(UsageError):
    """A puzzle that the user gave cannot be read, or has no solution."""


class DataError(TRMError):
    """A dataset is missing, damaged, or not in the requested format. The command line exits with 2."""

    exit_code = REFUSED


class DownloadError(DataError):
    """A file cannot be downloaded. The command line exits with 1."""

    exit_code = FAILED


class CheckpointError(TRMError):
    """A checkpoint is missing, damaged, or does not fit the task. The command line exits with 2."""

    exit_code = REFUSED


class NotFiniteError(TRMError):
    """The loss or the gradient was not finite in too many steps in a row."""


class PluginError(TRMError):
    """A plugin broke the contract, or two plugins registered the same name."""


class ReportedElsewhere(TRMError):
    """Another process of the same training has reported the error; this one exits without a message."""


def did_you_mean(name: str, known: Iterable[str], similarity: float = 0.5) -> str:
    """A sentence with up to three names that are similar to an unknown one; empty if there is none."""
    close = difflib.get_close_matches(name, sorted(known), n=3, cutoff=similarity)
    return f"Did you mean {' or '.join(repr(item) for item in close)}?" if close else ""


MOST_NAMES = 40
"""How many names a message lists."""


def nearest(name: str, known: Iterable[str]) -> str:
    """The last sentence of a message about an unknown name: up to three similar names, or all known names."""
    names = sorted(known)
    meant = did_you_mean(name, names)
    if meant:
        return meant
    if names:
        more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
        return f"Available: {', '.join(names[:MOST_NAMES])}{more}."
    return "There are none."


WRONG_PATH = frozenset(
    {
        errno.ENOENT,
        errno.ENOTDIR,
        errno.EISDIR,
        errno.EEXIST,
        errno.EACCES,
        errno.EPERM,
        errno.EROFS,
        errno.ENAMETOOLONG,
        errno.ELOOP,
    }
)
"""The numbers of system errors that another path avoids, in contrast to a full disk."""


def cannot_write(path: str | PathLike[str], error: OSError, option: str | None = "--output") -> TRMError:
    """The error for a file or folder that cannot be written.

    Args:
        path: the file or folder.
        error: what the system reported.
        option: the option that chooses the path; None if there is none.

    Returns:
        A `UsageError` if the path is at fault, otherwise (a full disk) a `TRMError`.
    """
    advice = f" Choose another {option}." if option else ""
    kind = UsageError if error.errno in WRONG_PATH else TRMError
    return kind(f"Cannot write {path}: {reason(error)}.{advice}")


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
    return _UNSAFE.sub(lambda match: escaped(match[0]), text)


def escaped(character: str) -> str:
    """A character as JSON and Python write it in ASCII, such as ``\\u00e9``."""
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))


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
