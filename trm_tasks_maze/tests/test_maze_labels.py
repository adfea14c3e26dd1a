"""Tests of labels and of the check of answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from trm_tasks_maze.generator import MazeStyle, generate
from trm_tasks_maze.grid import CHARACTERS, FREE, GOAL, PATH, START, WALL
from trm_tasks_maze.labels import label, label_batch
from trm_tasks_maze.rules import fault, is_valid_and_shortest, no_way, path_lengths

from trm.errors import PuzzleError


def grid(*rows: str) -> np.ndarray:
    return np.array([[CHARACTERS.index(character) + 1 for character in row] for row in rows])


OPEN = grid(
    "S    ",
    "     ",
    "  #  ",
    "     ",
    "    G",
)
"""A maze with many shortest paths."""


def test_the_recorded_labels_of_maze_hard(real_mazes: Path) -> None:
    inputs = np.load(real_mazes / "all__inputs.npy").reshape(-1, 30, 30)
    recorded = np.load(real_mazes / "all__labels.npy").reshape(-1, 30, 30)
    assert len(inputs) == 1000
    assert np.array_equal(label_batch(inputs), recorded)
    assert is_valid_and_shortest(inputs, recorded).all()
    assert (path_lengths(inputs) == (recorded == PATH).sum(axis=(1, 2)) + 1).all()


def test_down_comes_before_right() -> None:
    assert np.array_equal(label(OPEN)[:, 0], [START, PATH, PATH, PATH, PATH])
    assert np.array_equal(label(OPEN)[4], [PATH, PATH, PATH, PATH, GOAL])


def test_left_comes_before_right_and_up_last() -> None:
    maze = grid("  G  ", " ### ", "     ", " ### ", "  S  ")
    assert np.array_equal(label(maze), grid("ooG  ", "o### ", "o    ", "o### ", "ooS  "))


def test_a_maze_without_a_way() -> None:
    maze = grid("S #  ", "  #  ", "  #  ", "  #  ", "  # G")
    with pytest.raises(PuzzleError, match=r"No path leads from the start S to the goal G\. Open a wall"):
        label(maze)
    with pytest.raises(PuzzleError, match="in maze 2 of 2"):
        label_batch(np.stack([OPEN, maze]))
    assert "No path leads" in str(no_way(maze))
    assert no_way(OPEN) is None
    assert not is_valid_and_shortest(maze[None], maze[None])[0]


def test_any_shortest_path_is_right_not_just_the_label() -> None:
    other = grid("Soooo", "    o", "  # o", "    o", "    G")
    assert not np.array_equal(other, label(OPEN))
    assert is_valid_and_shortest(OPEN[None], other[None])[0]
    assert fault(OPEN, other) is None


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (OPEN, "The answer has no path cells."),
        (
            grid("Soooo", "    o", "  #  ", "    o", "    G"),
            "The path from the start ends at row 2, column 5 and does not reach the goal.",
        ),
        (grid("S    ", "oo   ", " oo  ", "  o  ", "  ooG"), "The path crosses the wall at row 3, column 3."),
        (grid("ooooo", "    o", "  # o", "    o", "    G"), "The path overwrites the start at row 1, column 1."),
        (grid("Soooo", "    o", "    o", "    o", "    G"), "The wall at row 3, column 3 is changed to ' '."),
        (grid("Soooo", "    o", "  # o", "    o", "   #G"), "The free cell at row 5, column 4 is changed to '#'."),
        (grid("Soooo", "    o", "  # o", "    o", "     "), "The goal at row 5, column 5 is changed to ' '."),
        (np.where(OPEN == WALL, 0, OPEN), "The wall at row 3, column 3 is changed to padding."),
        (grid("S ooo", "ooo o", "  # o", "    o", "    G"), "The path has 10 moves, 2 more than a shortest path."),
        (
            grid("Soooo", "    o", "o # o", "o   o", "    G"),
            "2 marked cells are not on the path, the first at row 3, column 1.",
        ),
        (
            grid("Soooo", "    o", "  # o", "o   o", "    G"),
            "The marked cell at row 4, column 1 is not on the path.",
        ),
    ],
)
def test_faults(answer: np.ndarray, sentence: str) -> None:
    assert fault(OPEN, answer) == sentence
    assert not is_valid_and_shortest(OPEN[None], answer[None])[0]


def test_the_batch_and_the_sentence_agree_on_damaged_labels() -> None:
    inputs, labels = generate(MazeStyle(9, 7, 0.2, 0.4, 5), "train", seed=1, count=300)
    mazes, answers = inputs.reshape(-1, 9, 7), labels.reshape(-1, 9, 7).copy()
    rng = np.random.default_rng(0)
    rows, columns = rng.integers(9, size=300), rng.integers(7, size=300)
    answers[np.arange(300), rows, columns] = rng.integers(1, 6, size=300)
    right = is_valid_and_shortest(mazes, answers)
    assert 0 < right.sum() < 300
    assert [fault(maze, answer) is None for maze, answer in zip(mazes, answers, strict=True)] == right.tolist()
    unchanged = (answers == labels.reshape(-1, 9, 7)).all(axis=(1, 2))
    assert right[unchanged].all()
    assert (answers[mazes != FREE][right[np.nonzero(mazes != FREE)[0]]] != PATH).all()
