"""Reading Sudoku in every form that people have: each is read back, or refused with its place in the text."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trm_tasks_sudoku.config import SudokuConfig
from trm_tasks_sudoku.csv_source import read_csv
from trm_tasks_sudoku.datasets import build_extreme
from trm_tasks_sudoku.geometry import BOX_ROWS
from trm_tasks_sudoku.reading import fit, read, read_grids
from trm_tasks_sudoku.symbols import DIGITS
from trm_tasks_sudoku.text import to_text

from trm.data import Reading, read_puzzle_text
from trm.errors import DataError, PuzzleError, UsageError

Grid = npt.NDArray[np.uint8]
LINE = "4...5....5......92.6.712..4..5.....861......793.2..51.8....126..96438.......29..3"
SOLVED = "482956731571384692369712854725163948614895327938247516843571269296438175157629483"
ROWS = [LINE[start : start + 9] for start in range(0, 81, 9)]


def grids(size: int, count: int, seed: int, clues: float = 0.5) -> list[Grid]:
    """Puzzles that break no rule: a filled pattern with other digits, of which some are removed."""
    rng = np.random.default_rng(seed)
    rows, columns = np.indices((size, size))
    box = BOX_ROWS[size]
    pattern = (rows * (size // box) + rows // box + columns) % size
    filled = [(rng.permutation(size)[pattern] + 1).reshape(-1) for _ in range(count)]
    return [np.where(rng.random(size * size) < clues, grid, 0).astype(np.uint8) for grid in filled]


def cells(grid: Grid, blank: str, symbols: str = DIGITS[1:]) -> list[str]:
    size = int(len(grid) ** 0.5)
    text = "".join(blank if value == 0 else symbols[value - 1] for value in grid)
    return [text[start : start + size] for start in range(0, len(text), size)]


def banded(rows: Sequence[str], bar: str, rule: str, gap: str = "") -> str:
    """A grid with bars between stacks and rules between bands."""
    box = BOX_ROWS[len(rows)]
    width = len(rows) // box
    lines = [bar.join(gap.join(row[start : start + width]) for start in range(0, len(row), width)) for row in rows]
    bands = ["\n".join(lines[start : start + box]) for start in range(0, len(rows), box)]
    return f"\n{rule}\n".join(bands) if rule else "\n\n".join(bands)


FORMS: dict[str, Callable[[Sequence[str]], str]] = {
    "line": "".join,
    "line with fields": lambda rows: f"0a1b2c3d4e5f {''.join(rows)}  1.2",
    "line in a table": lambda rows: f'7,"{"".join(rows)}",easy,2.5',
    "line with a comment": lambda rows: f"{''.join(rows)} // easy one",
    "spaced line": lambda rows: " ".join("".join(rows)),
    "line with slashes": "/".join,
    "grid": "\n".join,
    "indented grid": lambda rows: "\n".join(f"  {row}  " for row in rows),
    "spaced grid": lambda rows: "\n".join(" ".join(row) for row in rows),
    "grid of comma-separated cells": lambda rows: "\n".join(",".join(row) for row in rows),
    "grid with tabs": lambda rows: "\n".join("\t".join(row) for row in rows),
    "grid with crosses": lambda rows: banded(rows, "|", "---+---+---"),
    "wide grid": lambda rows: banded(rows, " | ", "------+-------+------", " "),
    "Simple Sudoku": lambda rows: f"*-----------*\n{banded([*rows], '|', '|---+---+---|')}\n*-----------*",
    "box drawing": lambda rows: banded(rows, "│", "───┼───┼───"),
    "empty lines between bands": lambda rows: banded(rows, " ", ""),
    "double spacing": "\n\n".join,
    "list of lists": lambda rows: "[" + ",\n ".join("[" + ", ".join(row) + "]" for row in rows) + "]",
    "list of strings": lambda rows: "board = [\n" + ",\n".join(str(list(row)) for row in rows) + "\n]",
    "title": lambda rows: "Grid 01\n" + "\n".join(rows),
    "sections": lambda rows: "#AMe\n#DOne\n[Puzzle]\n" + "\n".join(rows) + "\n[State]\n" + "1" * 9,
}
BLANKS = ".0*_-?xX"
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16")
ENDINGS = ("\n", "\r\n", "\r")
VARIANTS = [(form, blank) for form, blank in itertools.product(FORMS, BLANKS)]


def encoded(text: str, encoding: str, ending: str) -> bytes:
    return text.replace("\n", ending).encode(encoding)


def same(reading: Reading, expected: Sequence[Grid]) -> bool:
    found = reading.strictly()
    return len(found) == len(expected) and all(np.array_equal(*pair) for pair in zip(found, expected, strict=True))


def test_there_are_many_variants() -> None:
    assert len(VARIANTS) >= 150


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(BLANKS), st.sampled_from(ENCODINGS), st.sampled_from(ENDINGS), st.integers(1, 3),
    st.integers(0, 10**6), st.sampled_from([0.15, 0.4, 0.9]),
)  # fmt: skip
def test_every_form_is_read_back(
    form: str, blank: str, encoding: str, ending: str, count: int, seed: int, clues: float
) -> None:
    puzzles = grids(9, 1 if form == "sections" else count, seed, clues)
    text = "\n\n".join(FORMS[form](cells(puzzle, blank)) for puzzle in puzzles)
    if form.startswith("line"):
        text = text.replace("\n\n", "\n")
    assert same(read_grids(read_puzzle_text(encoded(text, encoding, ending))), puzzles)


@pytest.mark.parametrize(("size", "symbols", "blanks", "form"), [
    (4, DIGITS[1:], BLANKS, ""), (6, DIGITS[1:], BLANKS, ""),
    (16, DIGITS[1:], BLANKS, ""), (16, "0123456789ABCDEF", ".*_-?", "digits 0 to F"),
    (16, "0123456789abcdef", ".", "digits 0 to F"), (16, "ABCDEFGHIJKLMNOP", BLANKS, "letters A to P"),
    (25, DIGITS[1:], BLANKS, ""), (25, "0123456789ABCDEFGHIJKLMNO", ".-", "digits 0 to O"),
    (25, "ABCDEFGHIJKLMNOPQRSTUVWXY", ".0*_-?", "letters A to Y"),
])  # fmt: skip
@pytest.mark.parametrize("layout", ["\n", "", " "])
def test_other_sizes_and_symbols(size: int, symbols: str, blanks: str, form: str, layout: str) -> None:
    for seed, blank in enumerate(blanks):
        puzzles = grids(size, 2, seed)
        rows = [cells(puzzle, blank, symbols) for puzzle in puzzles]
        text = "\n".join(
            "\n".join(" ".join(row) for row in each) if layout == " " else layout.join(each) for each in rows
        )
        reading = read_grids(text)
        assert same(reading, puzzles), (blank, reading.form)
        assert form in reading.form


def test_decimal_numbers() -> None:
    for size in (16, 25):
        puzzles = grids(size, 2, seed=size)
        text = "\n".join("\n".join(" ".join(map(str, row)) for row in puzzle.reshape(size, size)) for puzzle in puzzles)
        reading = read_grids(text)
        assert same(reading, puzzles)
        assert "decimal numbers" in reading.form


def test_zero_is_a_digit_only_if_it_can_be_one() -> None:
    filled = grids(16, 1, seed=0, clues=1.0)
    assert same(read_grids("\n".join(cells(filled[0], ".", "0123456789ABCDEF"))), filled)
    puzzle = grids(16, 1, seed=1, clues=0.5)
    reading = read_grids("\n".join(cells(puzzle[0], "0")).replace("G", "0"))
    assert "where 0 is an empty cell" in reading.form


def test_what_trm_writes_is_usual_and_what_is_not_is_said() -> None:
    assert read_grids(LINE).usual
    assert read_grids("\n".join(ROWS)).usual
    reading = read_grids("\n".join(ROWS).replace(".", "-"))
    assert (reading.usual, reading.form) == (False, "9x9 grids; '-' for an empty cell")


@pytest.mark.parametrize("name", ["bom.txt", "comment.txt", "trailing_comment.txt"])
def test_a_comment_or_a_mark_changes_nothing(name: str) -> None:
    text = {"bom.txt": f"\ufeff{LINE}\n", "comment.txt": f"# one\n{LINE}\n"}.get(name, f"{LINE} // one\n")
    assert to_text(read_grids(text).strictly()[0]) == LINE


def test_rules_of_dashes_are_rows_only_if_dashes_are_empty_cells() -> None:
    assert same(read_grids("\n".join(["-" * 9] * 9)), [np.zeros(81, np.uint8)])
    first_empty = read_grids("\n".join(["-" * 9, *ROWS[1:]]).replace(".", "-")).strictly()[0]
    assert to_text(first_empty) == "." * 9 + LINE[9:]
    with_rule = "\n".join([*ROWS[:3], "-" * 9, *ROWS[3:6], "-" * 11, *ROWS[6:]])
    assert to_text(read_grids(with_rule).strictly()[0]) == LINE


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LINE[:-1], r"^Puzzle 1, line 1, column 1: This line has 80 cells\."),
        (f"{LINE}\n\n{LINE[:40]}z{LINE[41:]}", r"^Puzzle 2, line 3, column 41: 'z' is not a cell of a Sudoku"),
        (f"a1 {LINE[:40]}:{LINE[41:]}", r"^Puzzle 1, line 1, column 1: This line has 82 cells"),
        ("\n".join(ROWS[:8]), r"^Puzzle 1, line 1, column 1: The 9x9 grid that begins here has only 8 of its 9 rows"),
        ("\n".join([*ROWS[:6], "", *ROWS]), r"^Puzzle 1, line 1, column 1: The 9x9 grid that begins here has other empty"),
        ("\n".join([*ROWS[:5], "", *ROWS[5:]]), r"^Puzzle 1, line 1, column 1: The 9x9 grid .* only 5 of its 9 rows"),
        ("\n".join([*ROWS[:4], ROWS[4][:-1], *ROWS[5:]]), r"^Puzzle 1, line 5, column 1: This line has 8 cells where"),
        (f"{LINE}\n1..4\n....\n4..1\n....\n", r"^Puzzle 2, line 2, column 1: The puzzle is 4x4, expected 9x9"),
        ("44" + LINE[2:], r"^Puzzle 1, line 1, column 2: The digit 4 stands twice in row 1: at row 1, column 1, and"),
        ("\n".join(["4 12 3 . . . . . ."] * 9), r"^Puzzle 1, line 1, column 3: '12' stands for one cell\."),
        (f"{LINE}\nCage 1: a1 a2 = 12\n", r"^Puzzle 2, line 2, column 1: This line describes cages"),
        (f"{LINE} {LINE.replace('4', '.')}", r"^Puzzle 1, line 1, column 83: This line has 2 puzzles"),
        ("1.0" + "." * 78, r"^Puzzle 1, line 1, column 3: '0' may be a digit \(0 to 8\) or an empty cell"),
        ("5" + "." * 15, r"^Puzzle 1, line 1, column 1: .*"),
        ("1 . . 4\n. . . .\n_ t9 || x\n4 . . 1", r"^Puzzle 1, line 3, column 3: 't' is not a cell"),
        ("# nothing\n", r"There is no puzzle in the text"),
    ],
)  # fmt: skip
def test_malformed_text_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(PuzzleError, match=message):
        read_grids(text, 9).strictly()


def test_mixed_marks_are_read_where_they_change_nothing() -> None:
    assert same(read_grids(LINE.replace(".", "0", 7)), read_grids(LINE).strictly())


def test_one_bad_puzzle_does_not_stop_the_others() -> None:
    bad = [
        "\n".join(ROWS),
        "\n".join([*ROWS[:2], "12", *ROWS[3:]]),
        "\n".join(ROWS),
        "\n".join(ROWS[:4]),
        "\n".join(ROWS),
    ]
    found = list(read_grids("\n\n".join(bad)).puzzles)
    assert [isinstance(puzzle, PuzzleError) for puzzle in found] == [False, True, False, True, False]
    assert str(found[1]).startswith("Puzzle 2, line 13,")
    assert str(found[3]).startswith("Puzzle 4, line 31,")


def test_the_size_is_that_of_the_first_puzzle() -> None:
    assert fit("1..4\n....\n4..1\n....\n", SudokuConfig()).size == 4
    assert fit(LINE, SudokuConfig(size=4)).size == 9
    with pytest.raises(PuzzleError, match="line 1, column 1"):
        fit(LINE[:-1], SudokuConfig())


def test_many_lines_are_read_quickly() -> None:
    text = "\n".join([LINE] * 50_000)
    start = time.process_time()
    assert sum(1 for _ in read(text, SudokuConfig()).puzzles) == 50_000
    assert time.process_time() - start < 8  # about 1 s on an idle machine


@pytest.mark.parametrize("header", ["quizzes,solutions", "Puzzle,Solution", "q,a", "id,clues,solution"])
def test_csv_with_other_columns_and_marks(tmp_path: Path, header: str) -> None:
    prefix = "7," if header.startswith("id") else ""
    (tmp_path / "a.csv").write_text(f"{header}\n{prefix}{LINE.replace('.', '-')},{SOLVED}\n", encoding="utf-8-sig")
    batch = read_csv(tmp_path / "a.csv", 5, seed=0)
    assert to_text(batch.puzzles[0]) == LINE
    assert "".join(map(str, batch.solutions[0])) == SOLVED


def test_csv_without_such_columns_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("frage,antwort\n1,2\n")
    with pytest.raises(DataError, match=r"Found: 'frage', 'antwort'\. Accepted for the question: question, .*quizzes"):
        read_csv(tmp_path / "a.csv", 5, seed=0)


def test_a_dataset_of_text_files_is_solved(tmp_path: Path) -> None:
    (tmp_path / "test.txt").write_text("# mine\n" + "\n".join(ROWS))
    config = SudokuConfig(csv=tmp_path)
    puzzles = build_extreme(config, "test", 0)
    assert "".join(str(token - 1) for token in puzzles.labels[0]) == SOLVED
    (tmp_path / "test.txt").write_text(LINE + "\n" + LINE[1:])
    with pytest.raises(DataError, match=r"test\.txt as puzzles: Puzzle 2, line 2, column 1: This line has 80 cells"):
        build_extreme(config, "test", 0)
    (tmp_path / "test.txt").write_text("." * 81)
    with pytest.raises(DataError, match=r"test\.txt, puzzle 1: The puzzle has several solutions"):
        build_extreme(config, "test", 0)
    with pytest.raises(UsageError, match=r"test\.txt is a file: expected a folder with train\.csv and test\.csv"):
        build_extreme(SudokuConfig(csv=tmp_path / "test.txt"), "test", 0)


def test_candidates_are_not_cells_even_if_their_number_fits() -> None:
    line = "| 4 1278 1378 | 389 5 369 | 137 1678 16 |"  # 25 digits, as many as a row of 25x25 has
    with pytest.raises(PuzzleError, match=r"^Puzzle 1, line 1, column 5: '1278' stands for one cell"):
        read_grids("\n".join([line] * 25)).strictly()


@pytest.mark.parametrize("words", ["abc", "the end", "Source: a newspaper"])
def test_words_after_the_last_puzzle_are_mentioned(words: str) -> None:
    reading = read_grids(f"{LINE}\n{LINE}\n{words}\n\n")
    assert len(reading.strictly()) == 2
    assert reading.form == f"81-character lines; line 3, {words!r}, is not a puzzle and was skipped"
    assert not reading.usual


@pytest.mark.parametrize(
    "text", [f"Easy\n{LINE}\nHard\n{LINE}", f"{LINE}\n# the end", f"[Puzzle]\n{LINE}\n[State]\nabc"]
)
def test_titles_comments_and_sections_need_no_mention(text: str) -> None:
    assert read_grids(text).usual


def test_a_title_of_sixteen_letters_is_no_row() -> None:
    assert len(read_grids("From: a newspaper\n" + "\n".join(ROWS)).strictly()) == 1
    assert len(read_grids(f"Source: a newspaper\n{LINE}").strictly()) == 1


def test_an_empty_first_row_of_dashes_is_no_header_of_a_table() -> None:
    rows = ["-" * 9, *(row.replace(".", "-") for row in ROWS[1:])]
    text = f"*-----------*\n{banded(rows, '|', '|---+---+---|')}\n*-----------*"
    (grid,) = read_grids(f"{text}\n\n{text}").strictly()[1:]
    assert "".join(map(str, grid)).replace("0", "-") == "".join(rows)


@pytest.mark.parametrize("second", [LINE, "." + LINE[1:]])
def test_no_puzzle_of_a_line_is_dropped(second: str) -> None:
    (found,) = read_grids(f'["{LINE}", "{second}"]').puzzles
    assert isinstance(found, PuzzleError)
    assert "line 1, column 88: This line has 2 puzzles. Write one a line." in str(found)
