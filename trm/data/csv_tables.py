"""Reading columns of CSV files that different people name differently."""

from __future__ import annotations

import csv
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TextIO

from trm.errors import DataError, quoted
from trm.storage.text_files import open_text, problem
from trm.storage.untrusted_input import csv_lines

DELIMITERS = ",;\t|"
MOST_NAMED = 12
"""Number of columns that an error message names."""


class CsvRow(NamedTuple):
    """A row of a CSV file.

    Attributes:
        line: number of its last line, from 1.
        fields: the wanted fields by role; an absent optional column or a missing field is "".
    """

    line: int
    fields: dict[str, str]


def csv_rows(
    path: Path, required: Mapping[str, Sequence[str]], optional: Mapping[str, Sequence[str]] | None = None
) -> Iterator[CsvRow]:
    """Yield the rows of a CSV file, which may be compressed with gzip and separated by commas, semicolons, tabs or ``|``.

    Args:
        path: the file. Without it, ``path.gz`` is read.
        required: accepted names of each column by its role, the preferred one first. Case and spaces do not matter.
        optional: the same for columns that may be absent.

    Raises:
        DataError: the file cannot be read, is not CSV, or lacks a column. The message names the columns found and accepted.
    """
    packed = path.with_name(path.name + ".gz")
    try:
        with open_text(packed if not path.exists() and packed.is_file() else path) as file:
            yield from _rows(path, file, required, optional or {})
    except (OSError, ValueError, EOFError, zlib.error, csv.Error) as error:
        raise DataError(f"Cannot read {path} as CSV: {problem(error)}.") from error


def _rows(
    path: Path, file: TextIO, required: Mapping[str, Sequence[str]], optional: Mapping[str, Sequence[str]]
) -> Iterator[CsvRow]:
    lines = csv_lines(file)
    header = next(lines, "")
    delimiter = max(DELIMITERS, key=header.count)
    names = next(csv.reader([header], delimiter=delimiter), [])
    places = _places(path, names, required, optional)
    reader = csv.reader(lines, delimiter=delimiter)
    for row in reader:
        if row:
            fields = {role: row[place] if 0 <= place < len(row) else "" for role, place in places.items()}
            yield CsvRow(reader.line_num + 1, fields)


def _places(
    path: Path, names: Sequence[str], required: Mapping[str, Sequence[str]], optional: Mapping[str, Sequence[str]]
) -> dict[str, int]:
    """The index of each role's column; -1 for an absent optional one."""
    found = [name.strip().lower() for name in names]
    places = {}
    for role, accepted in {**required, **optional}.items():
        places[role] = next((found.index(name) for name in accepted if name in found), -1)
        if places[role] < 0 and role in required:
            shown = ", ".join(quoted(name) for name in names[:MOST_NAMED]) or "none"
            raise DataError(
                f"{path} has no column for the {role} in its first line. Found: {shown}. "
                f"Accepted for the {role}: {', '.join(accepted)}."
            )
    return places
