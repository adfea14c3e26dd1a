"""Lines with separators between cells, where nothing between two of them is an empty cell."""

from __future__ import annotations

from typing import NamedTuple

from trm_tasks_sudoku.geometry import SIZES
from trm_tasks_sudoku.symbols import BLANKS, DIGITS

SEPARATORS = "\t,;|"
LENGTHS = frozenset((*SIZES, *(size * size for size in SIZES)))
NOTHING = frozenset(("", "null", "None", "nan", "NaN", "&nbsp;", "-1"))
"""Fields that are empty cells."""

_BARS = str.maketrans(dict.fromkeys("\u2502\u2503\u2551", "|") | dict.fromkeys("[](){}", " "))


class Field(NamedTuple):
    """A cell of a line: its index in the line, and its text."""

    start: int
    text: str


def separated(line: str) -> list[Field] | None:
    """The cells of a row or a puzzle with at least one empty field; None if the line is something else."""
    text = line.translate(_BARS)
    for separator in SEPARATORS:
        if separator in text:
            fields = _fields(text, separator, bracketed=text != line and line.lstrip()[:1] in "[({")
            if len(fields) in LENGTHS and any(not field.text for field in fields) and all(map(_is_cell, fields)):
                return fields
    return None


def digit_of(number: str) -> str | None:
    """The character of a cell given as a decimal number or as a mark of an empty cell; None if it is neither."""
    if number in NOTHING or (number in BLANKS and number != "0"):
        return "."
    if not (number.isascii() and number.isdigit()) or int(number) >= len(DIGITS):
        return None
    return DIGITS[int(number)] if int(number) else "0"


def _is_cell(field: Field) -> bool:
    return len(field.text) < 2 or digit_of(field.text) is not None


def _fields(text: str, separator: str, bracketed: bool) -> list[Field]:
    parts, start = [], 0
    for part in text.split(separator):
        inner = part.strip().strip("'\"").strip()
        parts.append(Field(start + max(part.find(inner), 0), "" if inner in NOTHING else inner))
        start += len(part) + 1
    if separator == "|":
        begin, end = text.lstrip().startswith("|"), text.rstrip().endswith("|")
        return parts[begin : len(parts) - end]
    if not parts[-1].text and (bracketed or len(parts) not in LENGTHS) and text.rstrip(" ").endswith(separator):
        parts.pop()  # a separator after the last cell
    return parts
