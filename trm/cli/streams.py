"""stdout and stderr in any encoding, and until their reader has gone."""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import sys
from collections.abc import Iterator

from trm.errors import escaped

ERRORS = "trm-plain"
"""The name of the error handler that writes `PLAIN` for what an encoding lacks."""

ASCII = "trm-ascii"
"""Our name for ASCII. Click takes a stream called "ascii" for a mistake and writes UTF-8 there."""

PLAIN = dict(
    zip(
        "─━═│┃║┌┐└┘├┤┬┴┼╭╮╰╯╔╗╚╝╠╣╦╩╬╴╵╶╷╸╹╺╻" + "▁▂▃▄▅▆▇█▀▌▐░▒▓" + "●○▲△■□◆◇•·×✗✓−↑↓–‘’“”⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏",
        "-==|||++++++++++++++++++++++-|-|-|-|" + "_.-=+*%##||:%#" + "*o^A#=%x*.xx+-^v-" + "''\"\"" + "|/-\\|/-\\|/",
        strict=True,
    )
) | {"≥": ">=", "≤": "<=", "≠": "!=", "±": "+-", "→": "->", "←": "<-", "…": "...", "—": "--", "\N{NO-BREAK SPACE}": " "}
"""What to write for characters that an encoding lacks. Those of pictures have one character, so that columns stay aligned."""


class OutputClosed(SystemExit):
    """The reader of stdout or stderr has gone, as with `| head`: the command ends without a message."""


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    return "".join(PLAIN.get(character) or escaped(character) for character in missing), error.end


def _ascii(name: str) -> codecs.CodecInfo | None:
    if name.replace("_", "-") != ASCII:
        return None
    info = codecs.lookup("ascii")
    return codecs.CodecInfo(
        name=ASCII,
        encode=info.encode,
        decode=info.decode,
        incrementalencoder=info.incrementalencoder,
        incrementaldecoder=info.incrementaldecoder,
        streamreader=info.streamreader,
        streamwriter=info.streamwriter,
    )


def make_tolerant() -> None:
    """Let stdout and stderr write plain equivalents of the characters that their encoding lacks."""
    codecs.register_error(ERRORS, _plain)
    codecs.register(_ascii)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not speaks_unicode(stream.encoding):
            is_ascii = codecs.lookup(stream.encoding).name == "ascii"
            stream.reconfigure(encoding=ASCII if is_ascii else None, errors=ERRORS)


def speaks_unicode(encoding: str | None) -> bool:
    """Whether an encoding has all characters."""
    return (encoding or "utf-8").lower().startswith("utf")


@contextlib.contextmanager
def ending_with_reader() -> Iterator[None]:
    """A context that raises `OutputClosed` in place of the error for a closed pipe.

    Click turns that error into exit code 1, Rich too, and a command may take it for a file that cannot be written.
    """
    try:
        yield
    except BrokenPipeError as error:
        raise OutputClosed(0) from error


def reader_has_gone(error: BaseException | None) -> bool:
    """Whether a closed pipe is behind an error."""
    seen: set[int] = set()  # a plugin's `raise error from error` is its own cause
    while error is not None and id(error) not in seen:
        if isinstance(error, (OutputClosed, BrokenPipeError)):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False


def flush_or_drop() -> None:
    """Flush stdout and stderr. One whose reader has gone is redirected to nowhere, or Python would report it at exit."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        except ValueError:  # a closed stream
            continue
