"""Breadth-first search in many mazes at once.

Both functions advance all mazes of a batch together, one distance at a time, in vectorized numpy operations.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trm_tasks_maze.grid import BoolArray, IntArray

UNREACHED = -1


@dataclass(frozen=True)
class Search:
    """The result of a breadth-first search in N grids of L = H * W cells.

    Attributes:
        distances: `[N, L]`, number of moves from the source, or `UNREACHED`.
        parents: `[N, L]`, flat index of the cell that discovered this one, or `UNREACHED`. The source is its own parent.
    """

    distances: IntArray
    parents: IntArray


def breadth_first(passable: BoolArray, sources: IntArray) -> Search:
    """Search each grid from its source.

    Neighbours are visited in the order down, left, right, up, and the first cell that discovers another is its parent. The
    frontier keeps the cells of each grid in the order of a queue, so the parents are those of the textbook algorithm.

    Args:
        passable: `[N, H, W]`, true for cells that can be entered. A source is entered even if it is false.
        sources: `[N]`, flat indices `row * W + column`.
    """
    count, height, width = passable.shape
    # A border of walls replaces checks for the edge. Until the end, cells are flat indices into the padded batch.
    shape = (count, height + 2, width + 2)
    size = shape[1] * shape[2]
    unvisited = np.pad(passable, ((0, 0), (1, 1), (1, 1))).reshape(-1)
    distances = np.full(count * size, UNREACHED, dtype=np.int32)
    parents = np.full(count * size, UNREACHED, dtype=np.int32)
    place = np.empty(count * size, dtype=np.int32)
    moves = np.array([shape[2], -1, 1, -shape[2]], dtype=np.int32)

    rows, columns = np.divmod(sources, width)
    frontier = (np.arange(count) * size + (rows + 1) * shape[2] + columns + 1).astype(np.int32)
    parents[frontier] = frontier
    distance = 0
    while frontier.size:
        distances[frontier] = distance
        unvisited[frontier] = False
        found = (frontier[:, None] + moves).reshape(-1)
        hits = np.flatnonzero(unvisited[found])
        found = found[hits]
        # `place` is written from last to first, so it ends with the position of the first discoverer.
        order = np.arange(found.size, dtype=np.int32)
        place[found[::-1]] = order[::-1]
        first = place[found] == order
        parents[found[first]] = frontier[hits[first] // len(moves)]
        frontier = found[first]
        distance += 1

    def without_border(values: IntArray) -> IntArray:
        return values.reshape(shape)[:, 1:-1, 1:-1].reshape(count, height * width)

    padded_parents = without_border(parents)
    parent_rows, parent_columns = np.divmod(padded_parents % size, shape[2])
    flat_parents = (parent_rows - 1) * width + parent_columns - 1
    return Search(without_border(distances), np.where(padded_parents == UNREACHED, UNREACHED, flat_parents))


def farthest(passable: BoolArray, sources: IntArray) -> tuple[IntArray, IntArray]:
    """Find the greatest distance from the source of each grid, and the first cell at this distance.

    This is about 20 times as fast as `breadth_first`: each bit of a machine word represents a grid, so one operation
    processes 64 grids.

    Args:
        passable: `[N, H, W]`, true for cells that can be entered.
        sources: `[N]`, flat indices.

    Returns:
        Distances `[N]` and flat indices of cells `[N]`.
    """
    count, height, width = passable.shape
    starts = np.zeros((height * width, count), dtype=bool)
    starts[sources, np.arange(count)] = True
    # One wall after each row and a row of walls above and below put neighbours at fixed offsets in memory.
    row = width + 1
    frontier = _bit_planes(starts.reshape(height, width, count))
    unvisited = _bit_planes(passable.transpose(1, 2, 0)) & ~frontier
    inner, unvisited = frontier[row:-row], unvisited[row:-row]
    found = np.empty_like(inner)
    distances = np.zeros(count, dtype=np.int32)
    while True:
        np.bitwise_or(frontier[: -2 * row], frontier[2 * row :], out=found)
        found |= frontier[row - 1 : -row - 1]
        found |= frontier[row + 1 : len(frontier) - row + 1]
        found &= unvisited
        moving = np.bitwise_or.reduce(found, axis=0)
        if not moving.any():
            break
        distances += _bits(moving, count)
        unvisited ^= found
        # An exhausted grid keeps its last frontier: the farthest cells.
        inner &= ~moving
        inner |= found
    last = _bits(inner.reshape(height, row, inner.shape[-1])[:, :-1], count)
    return distances, last.reshape(height * width, count).argmax(axis=0)


def _bit_planes(grids: BoolArray) -> npt.NDArray[np.uint64]:
    """Pack booleans `[H, W, N]` into words `[(H + 2) * (W + 1), ceil(N / 64)]`, padded with false above, below and right."""
    padded = np.pad(grids, ((1, 1), (0, 1), (0, -grids.shape[-1] % 64)))
    return np.packbits(padded.reshape(padded.shape[0] * padded.shape[1], padded.shape[2]), axis=-1).view(np.uint64)


def _bits(words: npt.NDArray[np.uint64], count: int) -> npt.NDArray[np.uint8]:
    """Unpack the first `count` bits of the last axis to zeros and ones."""
    return np.unpackbits(np.ascontiguousarray(words).view(np.uint8), axis=-1, count=count)
