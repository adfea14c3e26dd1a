"""Which characters of a text are cells of mazes: separators, comments and titles are not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from trm_tasks_maze.alphabets import BLOCKS, LETTERS
from trm_tasks_maze.grid import MAX_SIDE, MIN_SIDE

_COMMENT = re.compile(r"\s*//.*|^\s*(?:[;%]\s*[^\W\d_]{2}|```).*")
_TITLE = re.compile(r"\s*[#%*-]*\s*[^\W\d_]{2,}[\w ,.:()'×/-]*")
_SEPARATED = re.compile(r"[,;\t]")
_SECTION = re.compile(r"^\[[A-Za-z]{2}[\w ]*\]$", re.MULTILINE)
_BRACKETED = re.compile(r"\[([^\[\]]*)\]")
_ELEMENT = re.compile(r"'[^']*'|\"[^\"]*\"|[^\s,'\"]+")
_WORDS = {"True": "1", "False": "0", "true": "1", "false": "0"}

SPACED = "spaced cells"
SEPARATED = "separated cells"
DOUBLED = "two characters a cell"
ONE_LINE = "one line a maze"
PRINTED = "printed arrays"
CUT = "Each cell of this maze is two characters, but this row has an odd number of them. Complete it."
ABBREVIATED = "The array is printed with '...' in place of its middle. Save it with numpy.save and give the file."


class Row(NamedTuple):
    """A row of a maze.

    Attributes:
        line: number of the line, from 1.
        cells: one character a cell.
        columns: the column of each cell, from 1.
    """

    line: int
    cells: str
    columns: Sequence[int]


class Block(NamedTuple):
    """The rows of a maze, or what is wrong with them.

    Attributes:
        rows: the rows; at least one.
        note: how its cells are written, if not one character a cell.
        problem: why its cells cannot be told from separators; empty if they can.
    """

    rows: tuple[Row, ...]
    note: str = ""
    problem: str = ""


def blocks_of(text: str) -> list[Block]:
    """The mazes of a text, as characters."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " ")
    text = _SECTION.sub("", text)
    if _BRACKETED.search(text):
        return list(_printed(text))
    return [block for rows in _paragraphs(text) for block in _split(_without_separators(rows))]


def last_words(text: str) -> tuple[int, str] | None:
    """The number and content of the last line if it is a title, although no maze follows; None otherwise."""
    lines = text.rstrip().splitlines()
    if not lines or _SECTION.search(text) or not _is_title(lines[-1]):
        return None
    return len(lines), lines[-1].strip()


def square_side(length: int) -> int | None:
    """The side of a maze of so many cells on one line; None if they are no square of an allowed size."""
    return next((side for side in range(MIN_SIDE, MAX_SIDE + 1) if side * side == length), None)


def _paragraphs(text: str) -> Iterator[list[Row]]:
    """The runs of lines between empty lines and titles."""
    rows: list[Row] = []
    for number, content in enumerate(text.split("\n"), start=1):
        line = _COMMENT.sub("", content) if "//" in content or content.lstrip()[:1] in (";", "%", "`") else content
        if not line and content:
            continue  # a comment
        if line and not _is_title(line):
            rows.append(Row(number, line, range(1, len(line) + 1)))
        elif rows:
            yield rows
            rows = []
    yield rows


def _is_title(line: str) -> bool:
    if _TITLE.fullmatch(line) is None:
        return False
    words = re.findall(r"[^\W\d_]{2,}", line)
    return any(not LETTERS.issuperset(word) for word in words)


def _without_separators(rows: Sequence[Row]) -> Block | None:
    """The rows of a paragraph without separators; None if it is blank.

    Around a maze, a line of spaces is blank; inside a maze, it is a row of free cells.
    """
    if all(row.cells.isspace() for row in rows):
        return None
    if all(_SEPARATED.search(row.cells) for row in rows):
        if all(row.cells.endswith((",", ";")) for row in rows):
            rows = [row._replace(cells=row.cells[:-1]) for row in rows]
        return Block(tuple(map(_fields, rows)), SEPARATED)
    if len(rows) > 1 and _doubled(rows):
        return Block(tuple(_every_second(row) for row in rows), DOUBLED)
    cut = _cut_off(rows)
    if cut is not None:
        return Block((cut,), DOUBLED, CUT)
    return _spaced(rows)


def _fields(row: Row) -> Row:
    """A row whose cells are separated by commas, semicolons or tabs. An empty field is a free cell."""
    fields, start = [], 0
    for field in _SEPARATED.split(row.cells):
        inner = field.strip().strip("'\"") or " "
        fields.append((start + max(field.find(inner), 0) + 1, inner))
        start += len(field) + 1
    cells = "".join(inner for _, inner in fields)
    columns = [column + offset for column, inner in fields for offset in range(len(inner))]
    return Row(row.line, cells, columns)


def _doubled(rows: Sequence[Row]) -> bool:
    """Whether each cell is two characters, which look square in a terminal: twice the same, or an end and a free cell."""
    pairs = [row.cells[place : place + 2] for row in rows for place in range(0, len(row.cells), 2)]
    if any(len(pair) < 2 for pair in pairs):
        return False
    if sum(pair[0] in BLOCKS for pair in pairs) >= len(rows) and all(pair[1] == " " for pair in pairs):
        return True
    walls = sum(pair[0] == pair[1] and pair[0] not in " ." for pair in pairs)
    return walls >= len(rows) and all(pair[0] == pair[1] or _letter(pair) for pair in pairs)


def _cut_off(rows: Sequence[Row]) -> Row | None:
    """The first row that lacks the second character of its last cell, if each cell is two characters; None otherwise."""
    odd = [row for row in rows if len(row.cells) % 2]
    if len(rows) < 2 or not odd or _are_spaces_between(rows, 0, 2):
        return None
    whole = [row._replace(cells=row.cells + row.cells[-1]) if len(row.cells) % 2 else row for row in rows]
    return odd[0] if _doubled(whole) else None


def _letter(pair: str) -> str:
    """The letter beside a free cell in a pair of characters; empty if there is none."""
    letter = pair.replace(" ", "").replace(".", "")
    return letter if len(letter) == 1 and letter.isalpha() else ""


def _every_second(row: Row) -> Row:
    pairs = [row.cells[place : place + 2] for place in range(0, len(row.cells), 2)]
    cells = "".join(_letter(pair) or (pair[0] if pair[0] != " " else pair[1]) for pair in pairs)
    return Row(row.line, cells, row.columns[::2])


def _spaced(rows: Sequence[Row]) -> Block:
    """Drop the spaces between cells, if every second (third, fourth) character of all rows is a cell; and an indentation.

    If spaces are also the free cells, the number of rows decides: most mazes are square.
    """
    indent = min(len(row.cells) - len(row.cells.lstrip(" ")) for row in rows)
    for step in (4, 3, 2):
        if not _are_spaces_between(rows, indent, step):
            continue
        found = [_thinned(row, indent, len(row.cells.rstrip(" ")), step) for row in rows]
        if not any(" " in row.cells for row in found):
            return Block(tuple(found), SPACED)
    plain = Block(tuple(_without_indent(row, indent) for row in rows) if _is_indented(rows, indent) else tuple(rows))
    if not _are_spaces_between(rows, 0, 2):
        return plain
    length = max(len(row.cells) for row in rows)
    width = (length + 1) // 2
    if len(rows) == width >= MIN_SIDE:
        return Block(tuple(_thinned(row, 0, length, 2) for row in rows), SPACED)
    if len(rows) == length or width < MIN_SIDE or length % 2 == 0:
        return plain
    return plain._replace(
        problem="It cannot be told whether the spaces between the cells are free cells. Write free cells as '.'."
    )


def _is_indented(rows: Sequence[Row], indent: int) -> bool:
    """Whether the spaces that all rows begin with are no free cells.

    Free cells are dots elsewhere, or a wall shuts those cells off.
    """
    if not indent or all(map(_has_both_ends, rows)):  # whole mazes, one a line
        return False
    border = {row.cells[indent] for row in rows if len(row.cells) > indent}
    return (len(border) == 1 and not border & set(" .")) or any("." in row.cells for row in rows)


def _without_indent(row: Row, indent: int) -> Row:
    return Row(row.line, row.cells[indent:], row.columns[indent:])


def _are_spaces_between(rows: Sequence[Row], indent: int, step: int) -> bool:
    """Whether from an indentation on, only every second (or `step`-th) character of the rows is not a space."""
    between = {
        character for row in rows for offset in range(1, step) for character in row.cells[indent + offset :: step]
    }
    return between == {" "} and any(not row.cells[indent::step].isspace() for row in rows)


def _thinned(row: Row, indent: int, length: int, step: int) -> Row:
    """Every `step`-th character of a row, padded to a length."""
    columns = range(indent + 1, max(length, indent + 1) + 1, step)
    return Row(row.line, "".join(row.cells[column - 1 : column] or " " for column in columns), columns)


def _split(block: Block | None) -> Iterator[Block]:
    """The mazes of a block: one, or one a line if each line is a whole square maze."""
    if block is None:
        return
    lengths = {len(row.cells) for row in block.rows}
    whole = all(square_side(length) for length in lengths) and all(map(_has_both_ends, block.rows))
    if block.problem or not (whole or (len(block.rows) == 1 and not block.note)):
        yield block
        return
    for row in block.rows:
        side = square_side(len(row.cells))
        if side is None:
            yield Block((row,), ONE_LINE)
            continue
        parts = range(0, len(row.cells), side)
        yield Block(
            tuple(Row(row.line, row.cells[at : at + side], row.columns[at : at + side]) for at in parts), ONE_LINE
        )


def _has_both_ends(row: Row) -> bool:
    """Whether two characters appear once each: the start and the goal."""
    return sum(row.cells.count(character) == 1 for character in set(row.cells)) >= 2


def _printed(text: str) -> Iterator[Block]:
    """Mazes as Python lists or as NumPy prints them: innermost brackets are rows, or lists of whole rows as strings."""
    rows: list[Row] = []
    end = 0
    for match in _BRACKETED.finditer(text):
        between = text[end : match.start()]
        if rows and ("]" in between or between.count("\n") > 1):
            yield Block(tuple(rows), PRINTED)
            rows = []
        end = match.end()
        elements = [(match.start(1) + element.start(), element[0]) for element in _ELEMENT.finditer(match[1])]
        if "..." in between or any(element == "..." for _, element in elements):
            place = match.start() if "..." in between else elements[0][0]
            yield Block((_row_at(text, [(place, " ")]),), PRINTED, ABBREVIATED)
            return
        if elements and all(element[0] in "'\"" and len(element) > 3 for _, element in elements):
            yield Block(tuple(_row_of_string(text, *element) for element in elements), PRINTED)
        elif elements:
            rows.append(
                _row_at(text, [(at, _WORDS.get(element, _without_quotes(element))) for at, element in elements])
            )
    if rows:
        yield Block(tuple(rows), PRINTED)


def _row_of_string(text: str, start: int, element: str) -> Row:
    return _row_at(text, [(start + offset, element[offset]) for offset in range(1, len(element) - 1)])


def _without_quotes(element: str) -> str:
    if element[0] in "'\"":
        return element[1:-1] or " "
    return element[:-1] if element.endswith(".") and element[:-1].isdigit() else element


def _row_at(text: str, cells: Sequence[tuple[int, str]]) -> Row:
    first = cells[0][0]
    begin = text.rfind("\n", 0, first) + 1
    characters = "".join(cell for _, cell in cells)
    columns = [max(place - begin, 0) + 1 for place, cell in cells for _ in cell]
    return Row(text.count("\n", 0, first) + 1, characters, columns)
