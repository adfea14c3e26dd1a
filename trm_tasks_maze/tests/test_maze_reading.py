"""Reading mazes in every form that people have: each is read back, or refused with its place in the text."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trm_tasks_maze.config import MazeConfig
from trm_tasks_maze.csv_source import read_csv
from trm_tasks_maze.datasets import build_maze_hard
from trm_tasks_maze.generator import MazeStyle, generate
from trm_tasks_maze.grid import IntArray
from trm_tasks_maze.labels import label
from trm_tasks_maze.reading import fit, read, read_grids
from trm_tasks_maze.text import to_text

from trm.data import read_puzzle_text
from trm.errors import DataError, PuzzleError, UsageError

SQUARE, _ = generate(MazeStyle(7, 7, 0.2, 0.4, 6), "train", seed=0, count=40)
WIDE, _ = generate(MazeStyle(6, 8, 0.2, 0.4, 6), "train", seed=0, count=40)
GOOD = "S....\n.###.\n.#G#.\n.#.#.\n....."

LETTERS = {
    "SGo": "#.SG", "spaces": "# SG", "SE": "#.SE", "SE with spaces": "# SE", "AB": "#.AB", "blocks": "█.SG",
    "blocks and spaces": "█ SE", "X walls": "X SE", "XOBES": "XOBE", "digits": "1023", "digits with letters": "10SE",
    "tokens": "1234", "lower case": "#.sg",
}  # fmt: skip
FORMS: dict[str, Callable[[Sequence[str]], str]] = {
    "lines": "\n".join,
    "one line": "".join,
    "spaced": lambda rows: "\n".join(" ".join(row) for row in rows),
    "commas": lambda rows: "\n".join(",".join(row) for row in rows),
    "commas at the end": lambda rows: "\n".join(",".join(row) + "," for row in rows),
    "tabs": lambda rows: "\n".join("\t".join(row) for row in rows),
    "list of lists": lambda rows: str([list(row) for row in rows]),
    "list of strings": lambda rows: str(list(rows)),
    "NumPy": lambda rows: str(np.array([list(row) for row in rows])),
    "title": lambda rows: "Maze 1:\n" + "\n".join(rows),
    "comments": lambda rows: "# one\n// two\n" + "\n".join(rows),
}
VARIANTS = list(itertools.product(FORMS, LETTERS))
ENCODINGS, ENDINGS = ("utf-8", "utf-8-sig", "utf-16"), ("\n", "\r\n", "\r")


def written(maze: IntArray, letters: str) -> list[str]:
    return to_text(maze).translate(str.maketrans("# SG", letters)).split("\n")


def test_there_are_many_variants() -> None:
    assert len(VARIANTS) >= 100


@pytest.mark.parametrize(("form", "letters"), VARIANTS)
@settings(max_examples=6, deadline=None)
@given(st.integers(0, 39), st.sampled_from(ENCODINGS), st.sampled_from(ENDINGS), st.booleans(), st.integers(1, 2))
def test_every_form_is_read_back(
    form: str, letters: str, row: int, encoding: str, ending: str, square: bool, count: int
) -> None:
    # A line that is cut into rows must be square, and spaces that are cells and separators tell them by the height.
    square = square or form == "one line" or (form == "spaced" and " " in LETTERS[letters])
    mazes = [(SQUARE[at].reshape(7, 7) if square else WIDE[at].reshape(6, 8)) for at in (row, row - 1)][:count]
    text = "\n\n".join(FORMS[form](written(maze, LETTERS[letters])) for maze in mazes)
    content = text.replace("\n", ending).encode(encoding)
    found = read_grids(read_puzzle_text(content)).strictly()
    assert len(found) == len(mazes)
    assert all(np.array_equal(*pair) for pair in zip(found, mazes, strict=True))


def doubled(rows: Sequence[str]) -> str:
    return "\n".join("".join(cell + (" " if cell in "SG" else cell) for cell in row) for row in rows)


@pytest.mark.parametrize(
    "form",
    [
        doubled,
        lambda rows: "\n".join("".join(cell * 2 for cell in row) for row in rows),
        lambda rows: "\n".join("  ".join(row) for row in rows),
        lambda rows: "\n".join("   ".join(row) for row in rows),
        lambda rows: "\n".join("    " + row for row in rows),
        lambda rows: "\n".join("    " + row for row in rows).replace(".", " "),
        lambda rows: "\n".join(rows).replace(".", "\u00a0"),
        lambda rows: "\n".join(",".join(row) for row in rows).replace("#", "1").replace(".", ""),
    ],
)
def test_wide_cells_and_indentations_are_no_cells(form: Callable[[Sequence[str]], str]) -> None:
    rows = ["#######", "#S..#.#", "###.#.#", "#...#.#", "#.###.#", "#....G#", "#######"]
    expected = read_grids("\n".join(rows)).strictly()[0]
    assert np.array_equal(read_grids(form(rows)).strictly()[0], expected)


def test_free_cells_at_the_left_border_are_no_indentation() -> None:
    rows = [" S #   ", "   #  G", " # # # ", " #   # ", " ### # ", "       "]
    assert read_grids("\n".join(rows)).strictly()[0].shape == (6, 7)


@pytest.mark.parametrize("letters", ["#.SGo", "#.SE*", "# SEX", "XOBES", "10234", "█ AB*"])
def test_the_path_of_an_answer_is_free(letters: str) -> None:
    maze = SQUARE[0].reshape(7, 7)
    answer = to_text(label(maze)).translate(str.maketrans("# SGo", letters))
    assert np.array_equal(read_grids(answer).strictly()[0], maze)


def test_arrays_in_files(tmp_path: Path) -> None:
    mazes = SQUARE[:3].reshape(3, 7, 7)
    digits = np.array([9, 1, 0, 2, 3])[mazes]
    for array in (digits, digits.reshape(3, 49), mazes, mazes.astype(np.uint8).reshape(3, 49)):
        np.save(tmp_path / "mazes.npy", array)
        found = read_grids(read_puzzle_text(tmp_path / "mazes.npy")).strictly()
        assert np.array_equal(found, mazes)


def test_cells_of_two_characters() -> None:
    maze = SQUARE[3].reshape(7, 7)
    pairs = {"#": "██", " ": "  ", "S": "S ", "G": "G "}
    text = "\n".join("".join(pairs[cell] for cell in row) for row in to_text(maze).split("\n"))
    assert np.array_equal(read_grids(text).strictly()[0], maze)


def test_blocks_of_one_character_are_not_taken_for_two() -> None:
    for maze in WIDE.reshape(-1, 6, 8):
        assert np.array_equal(read_grids("\n".join(written(maze, "█ SE"))).strictly()[0], maze)


def test_the_form_is_said_if_it_is_not_the_usual_one() -> None:
    assert read_grids(GOOD).usual
    assert read_grids(GOOD.replace("\n", "")).usual
    reading = read_grids(GOOD.replace("G", "E").replace("", " ").replace(" \n ", "\n")[1:-1])
    assert (reading.usual, reading.form) == (False, "spaced cells; wall '#', start 'S', goal 'E'")


AMBIGUOUS = "\n".join([" ".join("S  #   "), *[" ".join("# #  # ")] * 4, " ".join("   #  G")])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("S\r #,\0", r"^Puzzle 1, line 2, column 3: ',' is not"),
        ("maze,answer\n" + "x" * (2**20 + 1), r"The table is damaged after 0 mazes: a line has more than"),
        (AMBIGUOUS, r"^Puzzle 1, line 1, column 1: It cannot be told whether the spaces between the cells are free"),
        ("+--+--+\n|S    |\n+--+--+\n|    G|\n+--+--+", r"^Puzzle 1, line 1, column 2: '-' is not a cell. Mazes with lines"),
        (f"{GOOD}\n\n{GOOD.replace('.#G', '.?G')}", r"^Puzzle 2, line 9, column 2: '\?' is not allowed in a maze"),
        (GOOD.replace("\n", " \n").replace(".", ". ").replace("G#", "G?"), r"line 3, column 5: '\?' is not allowed"),
        (str(np.zeros((40, 40), int)), r"line 1, column 3: The array is printed with '\.\.\.'"),
        ("1 1 1 1 1\n1 0 0 0 1\n1 0 1 0 1\n1 0 0 0 1\n1 1 1 1 1", r"The maze has no start. Mark one cell with 2"),
    ],
)  # fmt: skip
def test_malformed_text_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(PuzzleError, match=message):
        read_grids(text).strictly()


def test_one_bad_maze_does_not_stop_the_others() -> None:
    found = list(read(f"{GOOD}\n\n{GOOD.replace('S', '.')}\n\n{GOOD}", MazeConfig(size=5)).puzzles)
    assert [isinstance(maze, PuzzleError) for maze in found] == [False, True, False]
    assert fit(f"{GOOD.replace('S', '.')}\n\n{GOOD}", MazeConfig()).shape == (5, 5)
    with pytest.raises(PuzzleError, match="expected 10x10"):
        read(GOOD, MazeConfig()).strictly()


@pytest.mark.parametrize("letters", ["# SGo", "#.SE*", "XOBES", "10234"])
@pytest.mark.parametrize("header", ["maze,solution", "Question,Answer", "q,a"])
def test_csv_with_other_columns_and_letters(tmp_path: Path, header: str, letters: str) -> None:
    maze = SQUARE[0].reshape(7, 7)
    table = str.maketrans("# SGo", letters)
    pair = [to_text(grid).replace("\n", "").translate(table) for grid in (maze, label(maze))]
    (tmp_path / "a.csv").write_text(f"{header}\n{','.join(pair)}\n")
    inputs, answers = read_csv(tmp_path / "a.csv")
    assert np.array_equal(inputs[0], maze.reshape(-1))
    assert np.array_equal(answers[0], label(maze).reshape(-1))
    assert np.array_equal(read_grids((tmp_path / "a.csv").read_text()).strictly()[0], maze)


def test_csv_without_such_columns_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("frage,antwort\n1,2\n")
    with pytest.raises(DataError, match=r"Found: 'frage', 'antwort'\. Accepted for the question: question, .*maze"):
        read_csv(tmp_path / "a.csv")


def test_a_dataset_of_text_files_is_labelled(tmp_path: Path) -> None:
    (tmp_path / "test.txt").write_text(f"Maze 1\n{GOOD.replace('G', 'E')}\n")
    puzzles = build_maze_hard(MazeConfig(size=5, csv=tmp_path), "test", 0)
    assert np.array_equal(puzzles.labels[0].reshape(5, 5), label(read_grids(GOOD).strictly()[0]))
    with pytest.raises(DataError, match=r"test\.txt as mazes: Puzzle 1, line 2, column 1: The maze has 5x5 cells"):
        build_maze_hard(MazeConfig(size=6, csv=tmp_path), "test", 0)
    with pytest.raises(UsageError, match=r"test\.txt is a file: expected a folder with train\.csv and test\.csv"):
        build_maze_hard(MazeConfig(size=5, csv=tmp_path / "test.txt"), "test", 0)


DOUBLED = ["##########", "##SS    ##", "##  ##  ##", "##    GG##", "##########"]


@pytest.mark.parametrize("letters", ["SS", "S ", " S"])
@pytest.mark.parametrize("row", range(5))
def test_a_maze_of_two_characters_a_cell_is_refused_where_one_is_cut_off(row: int, letters: str) -> None:
    rows = [line.replace("SS", letters) for line in DOUBLED]
    (maze,) = read_grids("\n".join(rows)).strictly()
    assert maze.shape == (5, 5)
    rows[row] = rows[row][:-1]
    with pytest.raises(PuzzleError, match=rf"line {row + 1}, .* two characters, but this row has an odd number"):
        read_grids("\n".join(rows)).strictly()


def test_a_maze_of_two_characters_a_cell_without_its_last_column_is_refused() -> None:
    with pytest.raises(PuzzleError, match="two characters, but this row has an odd number"):
        read_grids("\n".join(line[:-1] for line in DOUBLED)).strictly()


def test_words_after_the_last_maze_are_mentioned() -> None:
    reading = read_grids(f"First\n{GOOD}\n\nSecond\n{GOOD}\n")
    assert reading.usual
    reading = read_grids(f"{GOOD}\n\nhello\n")
    assert len(reading.strictly()) == 1
    assert reading.form == "one line a row; line 7, 'hello', is not a maze and was skipped"
    assert not reading.usual
