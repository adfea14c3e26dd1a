"""Tests of mazes in text and CSV, and of the errors for malformed ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from trm_tasks_maze.csv_source import read_csv
from trm_tasks_maze.generator import MazeStyle, generate
from trm_tasks_maze.grid import IntArray
from trm_tasks_maze.reading import read_grids
from trm_tasks_maze.text import to_text

from trm.errors import DataError, PuzzleError

MAZES, _ = generate(MazeStyle(6, 8, 0.2, 0.4, 6), "train", seed=0, count=50)
GOOD = "S....\n.###.\n.#G#.\n.#.#.\n....."


def parse(text: str) -> list[IntArray]:
    return read_grids(text).strictly()


@given(st.integers(0, 49), st.booleans(), st.sampled_from(["\n", "\r\n"]), st.integers(0, 2), st.integers(0, 2))
def test_round_trip(row: int, dots: bool, newline: str, before: int, after: int) -> None:
    text = to_text(MAZES[row].reshape(6, 8))
    text = text.replace(" ", ".") if dots else text
    (maze,) = parse("\n" * before + text.replace("\n", newline) + newline * after)
    assert np.array_equal(maze.reshape(-1), MAZES[row])


def test_several_mazes_and_the_benchmarks_single_line() -> None:
    mazes = parse(f"{GOOD}\n\n{GOOD}\n\n   \n\n{GOOD.replace(chr(10), '')}\n")
    assert len(mazes) == 3
    assert all(np.array_equal(maze, mazes[0]) for maze in mazes)


def test_an_answer_can_be_asked_again() -> None:
    (maze,) = parse(GOOD.replace("S....", "Soooo"))
    assert to_text(maze) == GOOD.replace(".", " ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"The text contains no maze\. Expected lines of"),
        ("\n  \n", r"The text contains no maze"),
        (GOOD.replace("S", "."), r"^Puzzle 1, line 1, column 1: The maze has no start\. Mark one cell with S\."),
        (GOOD.replace("G", "."), r"line 1, column 1: The maze has no goal\. Mark one cell with G\."),
        (
            GOOD.replace("S....", "S...G"),
            r"line 1, column 1: The maze has 2 goals, at row 1, column 5 and row 3, column 3\. Keep one G\.",
        ),
        (GOOD.replace("S....", "SSS.."), r"has 3 starts, at row 1, column 1 and row 1, column 2 and elsewhere\. Keep"),
        (
            "\n" + GOOD.replace(".#.#.", ".#.#"),
            r"line 5, column 1: This row has 4 cells, but the longest one has 5\. .*If an editor stripped spaces",
        ),
        (GOOD.replace(".#.#.", ".#x#."), r"line 4, column 3: 'x' is not allowed in a maze\."),
        (GOOD.replace(".#.#.", ".#\t#."), r"line 4, column 3: '\\t' is not allowed in a maze\."),
        (
            GOOD.replace(".#.#.", ".###."),
            r"No path leads from the start S to the goal G\. Open a",
        ),
        ("S..\n...\n..G", r"The maze has 3 rows and 3 columns\. A maze has 5 to 80 of each\."),
        ("\n".join(["S" + "." * 80, *["." * 81] * 5, "G" + "." * 80]), r"has 7 rows and 81 columns"),
        (
            "S....G",
            r"line 1, column 1: A maze on a single line must have a square number of cells, .* This line has 6\.",
        ),
        (GOOD + "\n\n" + GOOD.replace("S", "."), r"Puzzle 2, line 7, column 1: The maze has no start"),
    ],
)
def test_bad_text(text: str, message: str) -> None:
    with pytest.raises(PuzzleError, match=message):
        parse(text)


QUESTION = "S    " + " ### " + " #G# " + " # # " + "     "
ANSWER = "S    " + "o### " + "o#G# " + "o#o# " + "ooo  "


def write(path: Path, *rows: str, header: str = "source,question,answer,rating") -> Path:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_csv(tmp_path: Path) -> None:
    inputs, answers = read_csv(write(tmp_path / "test.csv", *[f"made,{QUESTION},{ANSWER},9"] * 3))
    assert inputs.shape == answers.shape == (3, 25)
    assert np.array_equal(inputs[2].reshape(5, 5), parse(GOOD)[0])
    assert to_text(answers[1].reshape(5, 5)).replace("\n", "") == ANSWER


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (f"made,{QUESTION[:-1]},{ANSWER},9", r"line 3: the question has 24 cells, which is not a square number"),
        ("made", r"line 3: the question has 0 cells"),
        (
            f"made,{QUESTION},{ANSWER.replace('G', '?')},9",
            r"line 3: the answer contains '\?'. A maze consists of characters such as '# SGo'",
        ),
        (
            f"made,{QUESTION.replace('G', ' ')},{ANSWER},9",
            r"line 3: the question has 0 cells for the goal G, expected 1",
        ),
        (f"made,{QUESTION.replace('  ', 'SS')},{ANSWER},9", r"line 3: the question has 15 cells for the start S"),
        (f"made,{ANSWER},{ANSWER},9", r"line 3: the question already contains path cells"),
        (f"made,{QUESTION},{ANSWER.replace('###', 'ooo')},9", r"line 3: the answer is not the question with a path"),
        (f"made,{'SG' + ' ' * 34},{'SG' + ' ' * 34},9", r"line 3: the maze has 36 cells, but the first maze has 25"),
    ],
)
def test_bad_csv(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_csv(write(tmp_path / "train.csv", f"made,{QUESTION},{ANSWER},9", row))


def test_files_that_are_no_such_csv(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"Cannot read .*gone\.csv as CSV: there is no such file"):
        read_csv(tmp_path / "gone.csv")
    with pytest.raises(
        DataError,
        match=r"no column for the question .*Found: 'a', 'b'\. Accepted for the question: question, ",
    ):
        read_csv(write(tmp_path / "other.csv", header="a,b"))
    with pytest.raises(DataError, match=r"contains no mazes"):
        read_csv(write(tmp_path / "empty.csv"))
