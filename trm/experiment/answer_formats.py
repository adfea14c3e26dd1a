"""The formats of the answers of `trm solve --output`: records that are complete or not, so that a torn one is found."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from trm.errors import UsageError

FIELDS = ("puzzle", "answer", "valid", "steps", "confidence", "problem", "made_by")
_TRUTH = {None: "", True: "true", False: "false"}
_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
_UNESCAPES = {escape[1]: character for character, escape in _ESCAPES.items()}


class Format(Protocol):
    """How records are written.

    Attributes:
        header: the first line of the file.
    """

    header: bytes

    def encode(self, values: Mapping[str, Any]) -> bytes:
        """A record of all `FIELDS`."""
        ...

    def decode(self, record: bytes) -> Mapping[str, Any]:
        """The fields of a record.

        Raises:
            ValueError: it is not a record.
        """
        ...

    def is_complete(self, record: bytes) -> bool:
        """Whether some lines, the last of which ends with a line feed, are a whole record."""
        ...


class Csv:
    """Comma-separated values; a puzzle of several lines is quoted."""

    header = (",".join(FIELDS) + "\n").encode()

    def encode(self, values: Mapping[str, Any]) -> bytes:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerow(_strings(values))
        return text.getvalue().encode()

    def decode(self, record: bytes) -> Mapping[str, Any]:
        (row,) = csv.reader(io.StringIO(record.decode(), newline=""))
        return _fields(row)

    def is_complete(self, record: bytes) -> bool:
        return record.count(b'"') % 2 == 0


class Text:
    """Tab-separated values; a line feed within a puzzle is written as a backslash and an n."""

    header = ("\t".join(FIELDS) + "\n").encode()

    def encode(self, values: Mapping[str, Any]) -> bytes:
        escapes = str.maketrans(_ESCAPES)
        return ("\t".join(value.translate(escapes) for value in _strings(values)) + "\n").encode()

    def decode(self, record: bytes) -> Mapping[str, Any]:
        fields = record.decode().removesuffix("\n").split("\t")
        return _fields([_unescaped(field) for field in fields])

    def is_complete(self, record: bytes) -> bool:
        return True


class JsonLines:
    """A JSON object a line."""

    header = b""

    def encode(self, values: Mapping[str, Any]) -> bytes:
        return (json.dumps(dict(values), ensure_ascii=False) + "\n").encode()

    def decode(self, record: bytes) -> Mapping[str, Any]:
        values = json.loads(record)
        if not isinstance(values, dict) or set(values) != set(FIELDS):
            raise ValueError("its fields are others")
        return values

    def is_complete(self, record: bytes) -> bool:
        return True


FORMATS: Mapping[str, Format] = {
    ".csv": Csv(),
    ".jsonl": JsonLines(),
    ".ndjson": JsonLines(),
    ".tsv": Text(),
    ".txt": Text(),
}
"""How answers are written, by the suffix of the file."""


def format_of(path: Path) -> Format:
    """How answers are written to a file.

    Raises:
        UsageError: the suffix is unknown.
    """
    chosen = FORMATS.get(path.suffix.lower())
    if chosen is None:
        raise UsageError(
            f"Cannot tell the format of {path} from its name: expected one that ends in {', '.join(FORMATS)}."
        )
    return chosen


def _strings(values: Mapping[str, Any]) -> list[str]:
    """The fields as strings."""
    shown = {**values, "valid": _TRUTH[values["valid"]]}
    return ["" if shown[field] is None else str(shown[field]) for field in FIELDS]


def _fields(row: list[str]) -> Mapping[str, Any]:
    return dict(zip(FIELDS, row, strict=True))


def _unescaped(field: str) -> str:
    return re.sub(r"\\(.)", lambda found: _UNESCAPES.get(found[1], found[0]), field)
