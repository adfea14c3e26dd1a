"""A puzzle and its row: tokens, and the structure that the model is given."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt

import numpy as np

from trm.data import Description, Edge, Graph, Group, IntArray

EMPTY = 0  # the token of an empty cell; a digit is its own token
SMALLEST, LARGEST = 4, 9


@dataclass(frozen=True)
class Puzzle:
    """A puzzle with n rows.

    Attributes:
        givens: digits `[n, n]`, 0 where a cell is empty.
        across: `[n, n - 1]`, 1 if a cell is less than the one to its right, -1 if it is more, 0 without a sign.
        down: `[n - 1, n]`, the same for a cell and the one below.
    """

    givens: IntArray
    across: IntArray
    down: IntArray

    @property
    def size(self) -> int:
        """Number of rows, n."""
        return len(self.givens)

    def pairs(self) -> list[tuple[int, int]]:
        """The cells of each sign, the lesser one first. Cells are numbered row by row."""
        numbers = np.arange(self.size**2).reshape(self.givens.shape)
        pairs = []
        for first, second, signs in (
            (numbers[:, :-1], numbers[:, 1:], self.across),
            (numbers[:-1], numbers[1:], self.down),
        ):
            for sign, low, high in ((1, first, second), (-1, second, first)):
                pairs += list(zip(low[signs == sign].tolist(), high[signs == sign].tolist(), strict=True))
        return pairs


def row_of(puzzle: Puzzle, description: Description) -> IntArray:
    """The row `[W]` of a puzzle: its cells, then its scale, one position for each digit.

    A sign is an edge "more" to the greater cell and an edge "less" to the lesser one. Digits are names without an order
    to the model. The scale gives them one: signs between all of its positions, each of which holds a digit. The edges
    "scale" lead from its first position to the cells.
    """
    size, cells = puzzle.size, puzzle.size**2
    scale = range(cells, cells + size)
    pairs = puzzle.pairs() + [(low, high) for low in scale for high in range(low + 1, cells + size)]
    edges = [Edge("more", low, high) for low, high in pairs] + [Edge("less", high, low) for low, high in pairs]
    edges += [Edge("scale", cells, cell) for cell in range(cells)]
    numbers = np.arange(cells).reshape(size, size)
    groups = [Group("row", tuple(line)) for line in numbers.tolist()]
    groups += [Group("column", tuple(line)) for line in numbers.T.tolist()]
    tokens = np.concatenate([puzzle.givens.ravel(), np.arange(1, size + 1)])
    return description.row(tokens, Graph(cells + size, tuple(edges), tuple(groups)))


def puzzle_of(row: IntArray, description: Description) -> Puzzle:
    """The puzzle in a row `[W]`. In the row of an answer, the answer stands in place of the givens."""
    tokens, graph = description.unpack(row)
    size = size_of(graph.size)
    across, down = np.zeros((size, size - 1), dtype=np.int64), np.zeros((size - 1, size), dtype=np.int64)
    for edge in graph.edges:
        if edge.type == "more" and edge.target < size**2:
            first, second = sorted((edge.source, edge.target))
            signs = across if second == first + 1 else down
            signs[divmod(first, size)] = 1 if first == edge.source else -1
    return Puzzle(np.asarray(tokens[: size**2]).reshape(size, size), across, down)


def size_of(positions: int) -> int:
    """Number of rows n of a puzzle with n * n cells, or with n * n + n positions."""
    return isqrt(positions)
