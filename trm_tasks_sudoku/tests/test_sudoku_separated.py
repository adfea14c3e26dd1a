"""Reading Sudoku from spreadsheets, Markdown tables, JSON and code, where an empty cell may be nothing at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from trm_tasks_sudoku.reading import read_grids

from trm.errors import PuzzleError

LINE = "4...5....5......92.6.712..4..5.....861......793.2..51.8....126..96438.......29..3"
ROWS = [LINE[start : start + 9] for start in range(0, 81, 9)]
EMPTY_ROW = [*ROWS[:6], ".........", *ROWS[7:]]
RULE = "+---" * 9 + "+"


def fields(separator: str, blank: str = "", end: str = "") -> Callable[[Sequence[str]], str]:
    return lambda rows: "\n".join(separator.join(row).replace(".", blank) + end for row in rows)


def table(header: str) -> Callable[[Sequence[str]], str]:
    body = fields(" | ", " ")
    return lambda rows: f"| {header} |\n{'|:-:' * 9}|\n" + "\n".join(f"| {row} |" for row in body(rows).split("\n"))


def boxes(rows: Sequence[str]) -> str:
    lines = ["|" + "|".join(f" {cell} " for cell in row.replace(".", " ")) + "|" for row in rows]
    return RULE + "\n" + f"\n{RULE}\n".join(lines) + f"\n{RULE}\n"


def values(rows: Sequence[str], blank: int | None = 0) -> list[list[int | None]]:
    return [[blank if cell == "." else int(cell) for cell in row] for row in rows]


FORMS = {
    "tabs": fields("\t"),
    "commas": fields(","),
    "commas and one at the end": fields(",", end=","),
    "semicolons": fields(";"),
    "quoted": lambda rows: "\n".join(",".join(f'"{cell}"' for cell in row).replace(".", "") for row in rows),
    "boxes": boxes,
    "light and heavy boxes": lambda rows: boxes(rows).replace("|", "\u2551"),
    "table": table(" | ".join("ABCDEFGHI")),
    "table with a blank header": table(" | ".join(" " * 9)),
    "table with a header of digits": table(" | ".join("123456789")),
    "null": lambda rows: json.dumps(values(rows, None)),
    "-1": lambda rows: "\n".join(",".join(map(str, row)) for row in values(rows, -1)),
    "a number a line": lambda rows: json.dumps(values(rows), indent=2),
    "code": lambda rows: "grid = np." + repr(np.array(values(rows))).replace(")", ", dtype=int64)"),
}


@pytest.mark.parametrize("rows", [ROWS, EMPTY_ROW], ids=["rows", "an empty row"])
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_nothing_between_separators_is_an_empty_cell(form: Callable[[Sequence[str]], str], rows: Sequence[str]) -> None:
    expected = read_grids("\n".join(rows)).strictly()
    assert np.array_equal(read_grids(form(rows)).strictly(), expected)


def test_empty_fields_are_said() -> None:
    assert read_grids(fields("\t")(ROWS)).form == "9x9 grids; empty fields as empty cells"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (fields("\t")(["55" + "." * 7, *ROWS[1:]]), "line 1, column 3: The digit 5 stands twice"),
        (fields("\t")([*ROWS[:2], "z" + "." * 8, *ROWS[3:]]), "line 3, column 1: 'z' is not a cell"),
        (json.dumps(values(["55" + "." * 7, *ROWS[1:]]), indent=2), "line 4, column 5: The digit 5 stands twice"),
        (fields(",", end=",,,")(ROWS), "line 1, column"),
    ],
)
def test_mistakes_are_placed(text: str, place: str) -> None:
    with pytest.raises(PuzzleError, match=place):
        read_grids(text).strictly()


@pytest.mark.parametrize("blank", [".", "-1", ""])
def test_decimal_numbers_from_0_to_15(blank: str) -> None:
    numbers = [[4 * (row % 4) + row // 4 + column for column in range(16)] for row in range(16)]
    numbers = [[value % 16 for value in row] for row in numbers]
    lines = [",".join(str(v) if (v + 3 * at) % 5 else blank for v in row) for at, row in enumerate(numbers)]
    expected = [0 if not (v + 3 * at) % 5 else v + 1 for at, row in enumerate(numbers) for v in row]
    reading = read_grids("\n".join(lines))
    assert reading.strictly()[0].tolist() == expected
    assert "where 0 is a digit" in reading.form
