"""Puzzles as people write them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from trm.errors import PuzzleError
from trm_tasks_futoshiki.puzzle import Puzzle, puzzle_of, row_of
from trm_tasks_futoshiki.rules import solvable
from trm_tasks_futoshiki.task import Config, describe
from trm_tasks_futoshiki.text import fit, format_tokens, parse

FOUR = Config(size=4)
ONE_LINE = "4.<../.^.v/..../..../.>..3/v.../...."


@st.composite
def puzzles(draw):
    size = draw(st.integers(4, 9))
    return Puzzle(
        draw(arrays.arrays(np.int64, (size, size), elements=st.integers(0, size))),
        draw(arrays.arrays(np.int64, (size, size - 1), elements=st.integers(-1, 1))),
        draw(arrays.arrays(np.int64, (size - 1, size), elements=st.integers(-1, 1))),
    )


@given(puzzles())
def test_what_is_written_is_read(puzzle):
    config = Config(size=9)
    row = row_of(puzzle, describe(config))
    (read,) = parse(format_tokens(row, config), config)
    assert np.array_equal(read, row)


@given(puzzles(), st.booleans())
def test_a_grid_is_read(puzzle, dense):
    """One character or three between cells; signs below their cells."""
    space = "" if dense else " "
    lines = []
    for row in range(puzzle.size):
        signs = [{0: " ", 1: "<", -1: ">"}[sign] for sign in puzzle.across[row].tolist()]
        cells = [str(digit or ".") for digit in puzzle.givens[row].tolist()]
        lines.append("".join(cell + space + sign + space for cell, sign in zip(cells, [*signs, ""], strict=True)))
        if row < puzzle.size - 1:
            below = [{0: " ", 1: "^", -1: "v"}[sign] for sign in puzzle.down[row].tolist()]
            lines.append((" " + 2 * space).join(below))
    (read,) = parse("\n".join(lines), Config(size=9))
    assert np.array_equal(read, row_of(puzzle, describe(Config(size=9))))


@pytest.mark.parametrize(
    "text",
    [
        "4 . < . .\n. ^ . v\n. . . .\n. > . . 3\nv . . .\n. . . .",
        "4   . < .   .\n    ^       v\n.   .   .   .\n\n. > .   .   3\nv\n.   .   .   .\n",
        "4 .<. .\n  ^   v\n. . . .\n\n.>. . 3\nv\n. . . .",
        "# from a magazine\n4 _ < _ _\n. ∧ . ∨\n0 0 0 0\n\n? > ? ? 3\nV . . .\n- - - -\n",
        ONE_LINE,
        "4:4,0,0L,0D,0,0U,0,0,0RD,0,0,3,0,0,0,0,",
        "4de:4,a0L,0D,a0U,b0DR,b3,0,0,0,0",
    ],
)
def test_layouts(text):
    (row,) = parse(text, FOUR)
    assert format_tokens(row, FOUR) == ONE_LINE


def test_several_puzzles_of_different_sizes():
    text = f"{ONE_LINE}\n\n# a grid\n. . . .\n. . . .\n^ . . .\n. . . .\n. . . .\n. . . . .\n" + ". . . . .\n" * 4
    rows = parse(text, Config())
    assert [puzzle_of(row, describe(Config())).size for row in rows] == [4, 4, 5]
    assert fit(text, FOUR).size == 5


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "There is no puzzle"),
        ("\n\n# only a remark\n", "There is no puzzle"),
        ("hello", "Line 1: 'h' in column 1 is not part of a puzzle"),
        ("1 2 3", "Line 1: the puzzle would have 3 cells in a row. Expected 4 to 9"),
        ("." * 25, "the puzzle would have 25 cells in a row"),
        ("......", "Line 1: the puzzle is 6x6, but the task's size is 5."),
        ("....\n...\n", "Line 2: This row has 3 cells, the first row of the puzzle has 4."),
        ("....\n....\n", "Line 1: the puzzle that starts here has 2 rows"),
        (".6..\n", "Line 1: 6 is not a digit of a 4x4 puzzle"),
        ("< . . . .", "Line 1: The sign '<' in column 1 is not between two cells."),
        (". . . . <", "Line 1: The last sign is not between two cells."),
        (". < > . . .", "Line 1: The sign '>' in column 5 is not between two cells."),
        ("^ . . .\n....", "Line 1: This line of signs is not between two rows."),
        ("....\n^...\n^...\n", "Line 3: This line of signs is not between two rows."),
        ("....\n ^ ^ ^ ^ ^\n....\n....\n....", "Line 2: The sign '^' in column 6 is not above or below a cell"),
        (". < . < . .\n    ^\n. . . .\n....\n....", "Line 2: The sign '^' in column 5 is between two different cells."),
        ("....\n.^x.\n....\n....\n....", "Line 2: 'x' in column 3 is not part of a line of signs"),
        ("..../..../..../..../....", "Line 1, part 5: The puzzle already has its 4 rows."),
        ("..../....", "Line 1, part 1: the puzzle that starts here has 2 rows"),
        ("/", "Line 1: There is no row of cells."),
        ("4:0,0", "Line 1: The game has 2 cells, expected 16."),
        ("4:0,0X", "Line 1: '0X' is not a cell"),
        ("4:9" + ",0" * 15, "Line 1: '9' does not fit a 4x4 puzzle."),
        ("4:0U" + ",0" * 15, "Line 1: The flag U of row 1, column 1 points off the grid."),
        ("4:0R,0L" + ",0" * 14, "Line 1: Row 1, column 2 is both greater and less than a neighbour."),
        ("99:0", "Line 1: the puzzle would have 99 cells in a row"),
    ],
)
def test_what_is_wrong_is_named(text, problem):
    with pytest.raises(PuzzleError) as raised:
        parse(text, Config())
    assert problem in str(raised.value)


def test_the_example_of_the_readme():
    page = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    (grid,) = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    (row,) = parse(grid, Config())
    assert solvable(row, Config()) is None
    assert f"`{format_tokens(row, Config())}`" in page
