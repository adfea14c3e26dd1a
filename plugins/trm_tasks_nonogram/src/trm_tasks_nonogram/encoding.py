"""Puzzles and pictures as rows of integers.

Each cell has two positions, one in its row and one in its column: of the first ``height * width`` positions, number i is
cell i in its row, and position ``height * width + i`` is the same cell in its column. The positions of a line are an
ordered group, whose numbers are the clue. An edge in each direction connects the two positions of a cell. Rows and
columns are of one type, so a network treats a puzzle and its transpose alike, and has to keep only one line in mind at
each position.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from trm import PuzzleStructure, Structure
from trm.data import IGNORED, Description, Edge, Graph, Group, IntArray

from .lines import BoolArray, Clue

EMPTY, FILLED, UNKNOWN = 0, 1, 2
TOKENS = ".#?"

LARGEST = 10
"""Most rows and most columns of a puzzle."""

RUNS = (LARGEST + 1) // 2
"""Most runs of a clue."""


class Puzzle(NamedTuple):
    """The clues of a puzzle."""

    rows: tuple[Clue, ...]
    columns: tuple[Clue, ...]

    @property
    def cells(self) -> int:
        return len(self.rows) * len(self.columns)


@cache
def description(largest: int) -> Description:
    """Puzzles of at most `largest` rows and columns."""
    own = PuzzleStructure(
        edges=["crossing"],
        groups=["line"],
        ordered=["line"],
        position_numbers={"from_start": LARGEST - 1, "to_end": LARGEST - 1},
        group_numbers={f"run{number}": LARGEST for number in range(1, RUNS + 1)},
        max_edges=2 * largest**2,
        max_groups=2 * largest,
        max_members=2 * largest**2,
    )
    return Description(
        vocab_size=len(TOKENS),
        seq_len=2 * largest**2,
        pad_id=UNKNOWN,
        token_names=tuple(TOKENS),
        structure=Structure(per_puzzle=own),
    )


def graph_of(puzzle: Puzzle) -> Graph:
    """The structure of a puzzle."""
    height, width, cells = len(puzzle.rows), len(puzzle.columns), puzzle.cells
    grid = np.arange(cells).reshape(height, width)
    lines = [*grid.tolist(), *(grid.T + cells).tolist()]
    places = np.zeros((2 * cells, 2), dtype=np.int64)
    for line in lines:
        places[line, 0], places[line, 1] = range(len(line)), range(len(line))[::-1]
    pairs = [pair for cell in range(cells) for pair in ((cell, cell + cells), (cell + cells, cell))]
    return Graph(
        size=2 * cells,
        edges=tuple(Edge("crossing", *pair) for pair in pairs),
        groups=tuple(
            Group("line", tuple(line), padded(clue))
            for line, clue in zip(lines, [*puzzle.rows, *puzzle.columns], strict=True)
        ),
        numbers=tuple(map(tuple, places.tolist())),
    )


def padded(clue: Clue) -> Clue:
    """A clue as `RUNS` numbers, with 0 after the last run."""
    return clue + (0,) * (RUNS - len(clue))


def row_of(puzzle: Puzzle, largest: int) -> IntArray:
    """The row ``[W]`` of a puzzle."""
    return description(largest).row(np.full(2 * puzzle.cells, UNKNOWN), graph_of(puzzle))


def puzzle_of(row: IntArray, largest: int) -> Puzzle:
    """The puzzle in a row ``[W]``."""
    graph = description(largest).graph(row)
    clues = [tuple(number for number in group.numbers if number) for group in graph.groups]
    height = len(clues) - len(graph.groups[0].members)
    return Puzzle(tuple(clues[:height]), tuple(clues[height:]))


def rows_of(clues: IntArray, height: int, width: int, largest: int) -> IntArray:
    """The rows ``[N, W]`` of puzzles of one size.

    Args:
        clues: run lengths of the rows, then of the columns ``[N, height + width, RUNS]``, with 0 after the last run.
        height, width: rows and columns.
        largest: as in `description`.
    """
    # Rows of puzzles of one size differ only in their run lengths, which is much faster than a graph for each puzzle.
    blank, ones = (row_of(Puzzle((clue,) * height, (clue,) * width), largest) for clue in ((), (1,) * RUNS))
    rows = np.tile(blank, (len(clues), 1))
    rows[:, blank != ones] = clues.reshape(len(clues), -1)
    return rows


def labels_of(pictures: BoolArray, largest: int) -> IntArray:
    """The labels ``[N, L]`` of pictures ``[N, height, width]``."""
    cells = pictures.reshape(len(pictures), -1).astype(np.int64)
    labels = np.full((len(pictures), description(largest).seq_len), IGNORED)
    labels[:, : 2 * cells.shape[1]] = np.concatenate([cells, cells], axis=1)
    return labels


def views(answer: IntArray, puzzle: Puzzle) -> tuple[IntArray, IntArray]:
    """The tokens of the cells in their rows and in their columns, each ``[height, width]``, from an answer ``[L]``."""
    shape = len(puzzle.rows), len(puzzle.columns)
    return answer[: puzzle.cells].reshape(shape), answer[puzzle.cells : 2 * puzzle.cells].reshape(shape)
