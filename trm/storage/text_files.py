"""Text files as people have them: with a byte order mark, in UTF-16, compressed with gzip, or not text at all."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TextIO

from trm.errors import UsageError, did_you_mean, reason
from trm.storage.array_files import NPY, ZIP, array_text
from trm.storage.untrusted_input import LIMIT, check_file

GZIP = b"\x1f\x8b"
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks and encodings; the mark of UTF-32-LE begins with that of UTF-16-LE."""

ALIKE = 0.75
"""How similar file names must be, from 0 to 1. A common suffix alone makes half of a short name."""

KINDS = (
    (b"PK\x03\x04", "a zip archive or a PyTorch file"),
    (b"\x80\x02", "a pickle or a PyTorch file"),
    (b"\x80\x03", "a pickle or a PyTorch file"),
    (b"\x80\x04", "a pickle or a PyTorch file"),
    (b"\x80\x05", "a pickle or a PyTorch file"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF", "a PDF document"),
    (b"\x7fELF", "a program"),
    (b"PAR1", "a Parquet file"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"SQLite format", "an SQLite database"),
)
CONTROL = frozenset(range(9)) | frozenset(range(14, 27)) | frozenset(range(28, 32))
"""Bytes that no text has in UTF-8."""

HEAD = 512
"""Number of bytes that decide what a file is."""


class NotText(ValueError):
    """A file is not text. The message says what it is."""


def read_puzzle_text(source: Path | bytes, name: str = "stdin") -> str:
    """Read a whole text file, or decode bytes: UTF-8 or UTF-16, possibly compressed with gzip; or a NumPy file as text.

    Lines of the result end with a line feed, whatever they ended with in the file.

    Args:
        source: a path, or the bytes themselves.
        name: what messages call the bytes.

    Raises:
        UsageError: the file does not exist, is a folder, is not text, is empty, or is larger than 64 MiB.
    """
    called = name if isinstance(source, bytes) else str(source)
    try:
        if isinstance(source, bytes):
            text = _text(io.BytesIO(source))
        else:
            check_file(source)
            with source.open("rb") as file:
                text = _text(file)
        if len(text) > LIMIT:
            raise NotText(f"it has more than {LIMIT:,} characters; split it into smaller files")
        if not text:
            raise NotText("it is empty")
    except (OSError, ValueError, EOFError, zlib.error) as error:
        meant = similar_files(Path(called)) if isinstance(error, FileNotFoundError) else ""
        raise UsageError(f"Cannot read {called}: {problem(error)}.{meant}") from error
    return text


def similar_files(path: Path) -> str:
    """A sentence, after a blank, with the files that a missing one may be; empty if no name is similar."""
    try:
        meant = did_you_mean(path.name, [other.name for other in path.parent.iterdir()], ALIKE)
    except OSError:
        return ""
    return f" {meant}" if meant else ""


@contextmanager
def open_text(path: Path) -> Iterator[TextIO]:
    """Open a text file, which may have a byte order mark or be compressed with gzip, with lines ending in a line feed.

    Raises:
        OSError: the file does not exist or is not a regular file.
        ValueError: it is not text; the message says what it is. Also raised while reading.
    """
    check_file(path)
    with path.open("rb") as file:
        yield _decoded(file)


def kind_of(head: bytes) -> str | None:
    """What a file is by its first bytes, with an article; None if they are those of no format in `KINDS`."""
    return next((kind for start, kind in KINDS if head.startswith(start)), None)


def problem(error: BaseException) -> str:
    """Why a file cannot be read, as the end of a sentence, without a full stop."""
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, UnicodeError):
        return "it is not UTF-8 text; save it as UTF-8 or UTF-16"
    if isinstance(error, (EOFError, zlib.error, gzip.BadGzipFile)):
        return f"its gzip compression is damaged ({reason(error)})"
    return reason(error)


def _text(file: IO[bytes]) -> str:
    """The text of a file, or of its arrays, of at most `LIMIT` + 1 characters."""
    head = file.read(len(ZIP))
    file.seek(0)
    arrays = array_text(file.read(LIMIT + 1)) if NPY.startswith(head) or head == ZIP else None
    if arrays is not None:
        return arrays
    file.seek(0)
    # A name in a comment is often in another encoding. A cell that cannot be decoded is refused by the task.
    return _decoded(file, errors="replace").read(LIMIT + 1)


def _decoded(file: IO[bytes], errors: str = "strict") -> TextIO:
    head = file.read(HEAD)
    file.seek(0)
    if head.startswith(GZIP):
        file = io.BufferedReader(gzip.GzipFile(fileobj=file))
        head = file.read(HEAD)
        file.seek(0)
    encoding = next((name for mark, name in MARKS if head.startswith(mark)), None) or _without_mark(head)
    return io.TextIOWrapper(file, encoding=encoding, errors=errors, newline=None)


def _without_mark(head: bytes) -> str:
    """The encoding of a file without a byte order mark: UTF-16 has a zero byte in every second place of ASCII text."""
    kind = kind_of(head)
    if kind is not None:
        raise NotText(f"it is {kind}, not text")
    if not any(byte in CONTROL for byte in head):
        return "utf-8"
    even, odd = head[0::2], head[1::2]
    if not even.strip(b"\0") and 0 not in odd:
        return "utf-16-be"
    if not odd.strip(b"\0") and 0 not in even:
        return "utf-16-le"
    raise NotText("it is a binary file, not text")
