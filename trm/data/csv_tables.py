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
LONGEST_HEADER = 10_000
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
            header = next(csv_lines(file), "")
            names = _names(header)
            places = _places(names, {**required, **(optional or {})})
            for role, accepted in required.items():
                if places[role] < 0:
                    shown = ", ".join(quoted(name) for name in names[:MOST_NAMED]) or "none"
                    raise DataError(
                        f"{path} has no column for the {role} in its first line. Found: {shown}. "
                        f"Accepted for the {role}: {', '.join(accepted)}."
                    )
            yield from _rows(file, header, places)
    except (OSError, ValueError, EOFError, zlib.error, csv.Error) as error:
        raise DataError(f"Cannot read {path} as CSV: {problem(error)}.") from error


def csv_table(file: TextIO, required: Mapping[str, Sequence[str]]) -> Iterator[CsvRow] | None:
    """The rows of an open CSV file; None if its first line does not name all required columns, so that it is something else.

    Args:
        file: the file, at its beginning.
        required: accepted names of each column by its role, as in `csv_rows`.
    """
    header = file.readline(LONGEST_HEADER)
    try:
        places = _places(_names(header), required)
    except csv.Error:  # characters that no table has
        return None
    return None if min(places.values()) < 0 else _rows(file, header, places)


def _rows(file: TextIO, header: str, places: Mapping[str, int]) -> Iterator[CsvRow]:
    reader = csv.reader(csv_lines(file), delimiter=_delimiter(header))
    for row in reader:
        if row:
            fields = {role: row[place] if 0 <= place < len(row) else "" for role, place in places.items()}
            yield CsvRow(reader.line_num + 1, fields)


def _delimiter(header: str) -> str:
    return max(DELIMITERS, key=header.count)


def _names(header: str) -> list[str]:
    return next(csv.reader([header.rstrip("\n")], delimiter=_delimiter(header)), [])


def _places(names: Sequence[str], columns: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """The index of each role's column; -1 for an absent one."""
    found = [name.strip().lower() for name in names]
    return {
        role: next((found.index(name) for name in accepted if name in found), -1) for role, accepted in columns.items()
    }
