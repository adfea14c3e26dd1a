"""What each line of a Sudoku text is: a puzzle or a row of one, an ornament, a comment, a title, or a mistake."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from trm_tasks_sudoku.geometry import SIZES
from trm_tasks_sudoku.separated import digit_of, separated
from trm_tasks_sudoku.symbols import BLANKS

CELLS = tuple(size * size for size in SIZES)
LONGEST_TITLE = 100

_COMMENT = re.compile(r"(?:#|//).*")
_SECTION = re.compile(r"\[\s*([A-Za-z][\w ]*?)\s*\]")
_SEPARATOR = "\\s,;|:`\"'\\[\\](){}+=/\\\\\u2500-\u257f"
_FIELD = re.compile(f"[^{_SEPARATOR}]+")
_RULE = re.compile(r"[\s_*+=|:'~.\u2500-\u257f-]*")
_ORNAMENT = re.compile(r"[_*+=~\u2500-\u257f-]")
_SMALL = re.compile(r"[0-9.*_?xX·-]+")
_LARGE = re.compile(r"[0-9A-Ya-y.*_?·-]+")
_LIST = re.compile(r"\[[^\[\]{}]*\n[^\[\]{}]*\]")
_CALL = r"(?:\w+\.)?(?:array|asarray|tensor)\("
_CODE = re.compile(rf"^[ \t]*\w+[ \t]*=[ \t]*(?:{_CALL})?(?=\[)|\b{_CALL}|,[ \t]*dtype=[\w.]+", re.MULTILINE)
_HEADER_RULE = re.compile(r"[|\s]*:?-+:?\s*(?:\|\s*:?-+:?\s*)+\|?\s*")
_FOLDED = "\v"
"""In place of a line feed inside a list that goes on over several lines."""

_CAGES = re.compile(r"\b(?:cages?|sums?|killer)\b.*\d", re.IGNORECASE)


class Row(NamedTuple):
    """A line with cells: a whole puzzle, or a row of a grid.

    Attributes:
        line: number of the line, from 1.
        cells: one character a cell.
        content: the line as written.
        start: index in `content` of the field that is the puzzle; None if the cells are all fields of the line.
        note: what is unusual about the line, as part of a sentence; empty for nothing.
    """

    line: int
    cells: str
    content: str
    start: int | None = None
    note: str = ""

    def place(self, cell: int) -> tuple[int, int]:
        """The line and the column, from 1, of a cell."""
        return _place(self.line, self.content, self._index(cell))

    def _index(self, cell: int) -> int:
        """The index in `content` of a cell."""
        if self.start is not None:
            return self.start + cell
        if self.note == SEPARATED:
            return (separated(_COMMENT.sub("", self.content)) or [])[cell].start
        fields = [(match.start(), match[0]) for match in _FIELD.finditer(_COMMENT.sub("", self.content))]
        if self.note == NUMBERS:
            return fields[cell][0]
        return [start + offset for start, field in fields for offset in range(len(field))][cell]


class Bad(NamedTuple):
    """A line that is meant to have cells but cannot be read.

    Attributes:
        line, column: where, from 1.
        message: what is wrong, as a sentence.
        cells: number of cells, if that is what is wrong.
    """

    line: int
    column: int
    message: str
    cells: int | None = None


class Break(NamedTuple):
    """A line that separates grids: an empty line, a comment or a title.

    Attributes:
        final: whether no grid may go on after it.
    """

    final: bool


class Rule(NamedTuple):
    """A line without digits: an ornament, or cells that are all empty, depending on the other lines."""

    line: int
    content: str


Line = Row | Bad | Break | Rule

NUMBERS = "numbers"
FIELDS = "further fields"
LISTS = "lists"
SEPARATED = "separated"


def lines_of(text: str) -> list[Line]:
    """All lines that matter: those of `[Puzzle]` sections if the text has any, without ornaments."""
    text = _CODE.sub(lambda match: " " * len(match[0]), text.removeprefix("\ufeff"))
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace(_FOLDED, " ")
    text = _LIST.sub(lambda match: match[0].replace("\n", _FOLDED), text)
    found = _without_headers(list(_sections(text.split("\n"))))
    rows = [item for item in found if isinstance(item, Row)]
    marks = {mark for mark in "-_*" if any(mark in row.cells for row in rows)} if rows else set("-_*")
    lengths = {len(row.cells) for row in rows} or {*SIZES, *CELLS}
    fields = any(row.note == SEPARATED for row in rows)
    return [item for line in found if (item := _resolved(line, marks, lengths, fields)) is not None]


def last_words(text: str) -> tuple[int, str] | None:
    """The number and content of the last line if it looks like a title, although no puzzle follows; None otherwise."""
    lines = text.rstrip().splitlines()
    if not lines or any(_SECTION.fullmatch(line.strip()) for line in lines):
        return None
    content = lines[-1].strip()
    line = _line(len(lines), content)
    return (len(lines), content) if isinstance(line, Break) and line.final else None


def or_of(numbers: tuple[int, ...]) -> str:
    """Numbers as "4, 6 or 9"."""
    return ", ".join(map(str, numbers[:-1])) + f" or {numbers[-1]}"


def _sections(lines: list[str]) -> Iterator[Line]:
    names = [
        match and match[1].lower().startswith("puzzle") for match in map(_SECTION.fullmatch, map(str.strip, lines))
    ]
    has_puzzle, reads = any(names), True
    number = 1
    for content, is_puzzle in zip(lines, names, strict=True):
        if is_puzzle is not None:
            reads = is_puzzle or not has_puzzle
            yield Break(final=True)
        elif reads:
            yield _placed(_line(number, content), content)
        number += 1 + content.count(_FOLDED)


def _placed(line: Line, content: str) -> Line:
    """A line whose mistake is placed in the text, if the line stands for several of them."""
    if not isinstance(line, Bad) or _FOLDED not in content:
        return line
    number, column = _place(line.line, content, line.column - 1)
    return line._replace(line=number, column=column)


def _place(number: int, content: str, index: int) -> tuple[int, int]:
    """The line and the column, from 1, of an index in the content that begins on a line."""
    return number + content.count(_FOLDED, 0, index), index - content.rfind(_FOLDED, 0, index)


def _without_headers(lines: list[Line]) -> list[Line]:
    """Drop the headers of Markdown tables: the first line of a paragraph with the only rule of its kind below it."""
    kept: list[Line] = []
    paragraph: list[Line] = []
    for line in [*lines, Break(final=False)]:
        paragraph.append(line)
        if isinstance(line, Break):
            rules = [at for at, item in enumerate(paragraph) if _is_header_rule(item)]
            kept += paragraph[2:] if rules == [1] and not _is_ornament(paragraph[0]) else paragraph
            paragraph = []
    return kept[:-1]


def _is_header_rule(line: Line) -> bool:
    return isinstance(line, Rule) and _HEADER_RULE.fullmatch(line.content) is not None


def _is_ornament(line: Line) -> bool:
    """Whether a line is the upper edge of a grid, below which `---|---|---` is an empty row."""
    return isinstance(line, Rule) and _ORNAMENT.search(line.content) is not None


def _resolved(line: Line, marks: set[str], lengths: set[int], fields: bool) -> Line | None:
    """A rule as a row of empty cells, if other rows have such cells and such a length; None if it is an ornament."""
    if not isinstance(line, Rule):
        return line
    empty = separated(line.content) if fields else None
    if empty and len(empty) in lengths:
        return Row(line.line, "." * len(empty), line.content, note=SEPARATED)
    if not line.content.strip():
        return Break(final=False)
    cells = re.sub(r"[\s|\u2502\u2503\u2551]", "", line.content)
    return Row(line.line, cells, line.content) if set(cells) <= marks and len(cells) in lengths else None


def _line(number: int, content: str) -> Line:
    cells = content.strip()
    if len(cells) in CELLS and _SMALL.fullmatch(cells) and not _RULE.fullmatch(cells):  # most lines of large files
        return Row(number, cells, content, content.index(cells))
    text = _COMMENT.sub("", content)
    if not text.strip():
        return Rule(number, text) if "\t" in text else Break(final=False)
    if _RULE.fullmatch(text) and _ORNAMENT.search(text) and ("." not in text or "--" in text):
        return Rule(number, text)
    fields = [(match.start(), match[0]) for match in _FIELD.finditer(text)]
    if not fields:  # brackets or bars
        return Rule(number, text)
    return (
        _separated(number, content, text)
        or _numbers(number, content, fields)
        or _one_field(number, content, fields)
        or _all_fields(number, content, fields)
        or _other(number, content, text, fields)
    )


def _numbers(number: int, content: str, fields: list[tuple[int, str]]) -> Row | None:
    """A line of decimal numbers, of which some have two digits: 16x16 and 25x25 cells."""
    values = [field for _, field in fields]
    if len(values) not in (16, 25, 256, 625) or max(map(len, values)) != 2:
        return None
    cells = [digit_of(value) for value in values]
    return Row(number, "".join(map(str, cells)), content, note=NUMBERS) if None not in cells else None


def _separated(number: int, content: str, text: str) -> Row | None:
    """A line with empty fields, which are empty cells."""
    fields = separated(text)
    if fields is None:
        return None
    cells = "".join(text if len(text) == 1 else str(digit_of(text)) for _, text in fields)
    return Row(number, cells, content, note=SEPARATED) if _are_cells(cells, len(cells)) else None


def _one_field(number: int, content: str, fields: list[tuple[int, str]]) -> Line | None:
    """A puzzle that is one field of the line; others may be its solution, its rating or its name."""
    longest = max((len(field) for _, field in fields if len(field) in CELLS), default=0)
    candidates = [(start, field) for start, field in fields if len(field) == longest]
    good = [(start, field) for start, field in candidates if _are_cells(field, longest)]
    if not good:
        if longest <= max(SIZES):
            return None
        return _wrong_character(number, *candidates[0])
    open_ones = [(start, field) for start, field in good if set(field) & set(BLANKS)]
    if len(open_ones) > 1:
        return Bad(number, open_ones[1][0] + 1, f"This line has {len(open_ones)} puzzles. Write one a line.")
    start, cells = (open_ones or good)[0]
    return Row(number, cells, content, start, FIELDS if len(fields) > 1 else "")


def _all_fields(number: int, content: str, fields: list[tuple[int, str]]) -> Row | None:
    """A line whose fields are single cells or groups of cells."""
    cells = "".join(field for _, field in fields)
    ragged = len({len(field) for _, field in fields}) > 1
    if ragged and (len(fields) in SIZES or cells.isalpha()):  # candidates or words, whose number may fit by chance
        return None
    if len(cells) not in (*SIZES, *CELLS) or not _are_cells(cells, len(cells)):
        return None
    return Row(number, cells, content, note=LISTS if content.lstrip()[0] in "[{(" else "")


def _other(number: int, content: str, text: str, fields: list[tuple[int, str]]) -> Line:
    if _CAGES.search(text):
        return Bad(number, fields[0][0] + 1, "This line describes cages. Only plain Sudoku can be solved.")
    if _is_title(text):
        return Break(final=True)
    cells = [(start + offset, character) for start, field in fields for offset, character in enumerate(field)]
    known = _SMALL if len(cells) < 11 or len(cells) == 81 else _LARGE  # rows up to 9x9 have no letters
    for column, character in cells:
        if not known.fullmatch(character):
            return _wrong_character(number, column, character)
    if len(fields) in SIZES and (several := next((item for item in fields if len(item[1]) > 1), None)):
        return Bad(
            number,
            several[0] + 1,
            f"{several[1][:20]!r} stands for one cell. Give its digit, or '.', without candidates.",
        )
    return Bad(
        number,
        cells[0][0] + 1,
        f"This line has {len(cells)} cells. A Sudoku on one line has {or_of(CELLS)}, a row of a grid {or_of(SIZES)}. "
        "Write each empty cell as '.'.",
        len(cells),
    )


def _wrong_character(number: int, start: int, field: str) -> Bad:
    known = _LARGE if _is_row_of_letters(len(field)) else _SMALL
    place = next(place for place, character in enumerate(field) if not known.fullmatch(character))
    return Bad(
        number,
        start + place + 1,
        f"{field[place]!r} is not a cell of a Sudoku. Digits are 1 to 9 (then letters), an empty cell is '.', '0' or '-'.",
    )


def _are_cells(cells: str, length: int) -> bool:
    return (_LARGE if _is_row_of_letters(length) else _SMALL).fullmatch(cells) is not None


def _is_row_of_letters(length: int) -> bool:
    """Whether so many cells may be letters: rows and puzzles of 16x16 and 25x25."""
    return length in (16, 25, 256, 625)


def _is_title(text: str) -> bool:
    words = re.findall(r"[^\W\d_]+", text)
    letters, others = sum(map(len, words)), len(re.sub(r"\s", "", text))
    begins_with_word = bool(words) and len(words[0]) > 2 and text.lstrip().startswith(words[0])
    return (
        others <= LONGEST_TITLE and max(map(len, words), default=0) > 1 and (begins_with_word or 2 * letters >= others)
    )
