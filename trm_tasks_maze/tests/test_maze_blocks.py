"""Mazes in the terminal."""

from __future__ import annotations

import numpy as np
import pytest
from rich.console import Console
from trm_tasks_maze.blocks import Mark, cells, draw, half_blocks, legend, marks
from trm_tasks_maze.grid import FREE, GOAL, PATH, START, WALL
from trm_tasks_maze.labels import label
from trm_tasks_maze.reading import read_grids

MAZE = read_grids("S....\n.....\n..#..\n.....\n....G").strictly()[0]
LABEL = label(MAZE)


def test_a_maze_alone_or_with_its_target() -> None:
    assert np.array_equal(marks(MAZE), MAZE)
    assert np.array_equal(marks(MAZE, target=LABEL), LABEL)


def test_another_shortest_path_is_no_fault() -> None:
    other = MAZE.copy()
    other[0, 1:] = other[:4, 4] = PATH
    assert np.array_equal(marks(MAZE, other, LABEL), other)


def test_wrong_and_missed_cells() -> None:
    answer = LABEL.copy()
    answer[1, 0] = FREE
    answer[0, 1] = PATH
    answer[2, 2] = FREE
    shown = marks(MAZE, answer, LABEL)
    assert shown[1, 0] == Mark.MISSED
    assert shown[0, 1] == shown[2, 2] == Mark.WRONG
    assert (shown != LABEL).sum() == 3
    without_target = marks(MAZE, answer)
    assert without_target[0, 1] == PATH  # nothing says where the path should run
    assert without_target[2, 2] == Mark.WRONG


def test_cells_need_no_colour() -> None:
    shown = LABEL.copy()
    shown[0, 1], shown[0, 2] = Mark.WRONG, Mark.MISSED
    assert cells(shown).plain.split("\n") == [
        "S × ○     ",
        "•         ",
        "•   ██    ",
        "•         ",
        "• • • • G ",
    ]


def test_half_blocks_put_two_rows_in_one() -> None:
    grid = np.array([[WALL, WALL, FREE, FREE], [WALL, FREE, WALL, FREE], [PATH, PATH, WALL, FREE]])
    text = half_blocks(grid)
    assert text.plain == "█▀▄ \n▀▀▀ "


def test_all_pairs_show_both_cells() -> None:
    """Free cells and padding are the background, walls the dimmed foreground, other marks have colours."""
    console = Console()
    for top in Mark:
        for bottom in Mark:
            text = half_blocks(np.array([[top], [bottom]]))
            style = text.get_style_at_offset(console, 0)
            ink, ground = (style.color, bool(style.dim)), (style.bgcolor, False)
            upper, lower = {"▀": (ink, ground), "▄": (ground, ink), "█": (ink, ink), " ": (ground, ground)}[text.plain]
            alike = top == bottom or {top, bottom} <= {Mark.FREE, Mark.PAD}
            assert (upper == lower) == alike, (top, bottom)
            assert "█" not in text.plain or top not in (Mark.FREE, Mark.PAD)


@pytest.mark.parametrize(("width", "columns", "rows"), [(80, 60, 30), (59, 30, 15)])
def test_a_hard_maze_fits(width: int, columns: int, rows: int) -> None:
    maze = np.full((30, 30), FREE)
    maze[0, 4], maze[29, 29] = START, GOAL
    lines = draw(maze, width=width).plain.split("\n")
    assert {len(line) for line in lines[:rows]} == {columns}
    assert lines[rows:] == ([] if columns == 60 else ["start 1:5, goal 30:30"])


def test_half_blocks_say_in_words_what_is_wrong() -> None:
    answer = LABEL.copy()
    answer[1, 0], answer[0, 1] = FREE, PATH
    last = draw(MAZE, answer, LABEL, width=9).plain.split("\n")[-1]
    assert last == "start 1:1, goal 5:5, 6 on the path, 1 wrong, 1 missed"


def test_the_legend_names_what_letters_do_not() -> None:
    assert legend().plain.split() == ["S", "start", "G", "goal", "•", "path", "×", "wrong", "○", "missed"]
