"""Objects in a grid: connected cells, their bounding boxes, and the parts between separating lines."""

from __future__ import annotations

from collections import deque
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from trm.data import IntArray
from trm_tasks_arc.grids import Grid

Size = tuple[int, int]
"""Rows and columns."""

BoolGrid = npt.NDArray[np.bool_]
"""Marked cells: ``[rows, columns]``."""

SIDES = ((-1, 0), (1, 0), (0, -1), (0, 1))
CORNERS = ((-1, -1), (-1, 1), (1, -1), (1, 1))


def background(grid: Grid) -> int:
    """The most common colour."""
    return int(np.bincount(grid.ravel()).argmax())


def box(mask: BoolGrid) -> Size | None:
    """The size of the bounding box of the marked cells; None if there are none."""
    if not mask.any():
        return None
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return int(rows[-1] - rows[0] + 1), int(columns[-1] - columns[0] + 1)


def label(mask: BoolGrid, *, corners: bool) -> tuple[IntArray, int]:
    """Number the connected groups of marked cells.

    Args:
        mask: the marked cells ``[rows, columns]``.
        corners: whether cells that share only a corner are connected.

    Returns:
        The number of each cell's group, from 1; 0 for cells not marked; and the number of groups.
    """
    labels = np.zeros(mask.shape, np.int64)
    steps = SIDES + CORNERS if corners else SIDES
    count = 0
    for start in zip(*np.nonzero(mask), strict=True):
        if labels[start]:
            continue
        count += 1
        labels[start] = count
        waiting = deque([start])
        while waiting:
            row, column = waiting.pop()
            for down, right in steps:
                there = (row + down, column + right)
                inside = 0 <= there[0] < mask.shape[0] and 0 <= there[1] < mask.shape[1]
                if inside and mask[there] and not labels[there]:
                    labels[there] = count
                    waiting.append(there)
    return labels, count


def groups(mask: BoolGrid, *, corners: bool) -> list[BoolGrid]:
    """The connected groups of marked cells, each as a mask."""
    labels, count = label(mask, corners=corners)
    return [labels == number for number in range(1, count + 1)]


def one_coloured(grid: Grid, without: int) -> list[BoolGrid]:
    """The connected groups of cells of one colour, corners included, except those of the colour `without`."""
    return [group for colour in np.unique(grid) if colour != without for group in groups(grid == colour, corners=True)]


def divided(grid: Grid) -> tuple[Size, Size] | None:
    """How lines of one colour that span the grid divide it into equal parts.

    Returns:
        The number of rows and of columns of parts, and the size of a part; None if the grid is not divided into equal parts.
    """
    height, width = grid.shape
    rows = [row for row in range(height) if len(np.unique(grid[row])) == 1]
    columns = [column for column in range(width) if len(np.unique(grid[:, column])) == 1]
    for colour in sorted({int(grid[row, 0]) for row in rows} | {int(grid[0, column]) for column in columns}):
        across = _gaps([row for row in rows if grid[row, 0] == colour], height)
        along = _gaps([column for column in columns if grid[0, column] == colour], width)
        if len(set(across)) == len(set(along)) == 1 and len(across) * len(along) > 1:
            return (len(across), len(along)), (across[0], along[0])
    return None


def _gaps(lines: list[int], length: int) -> list[int]:
    edges = [-1, *lines, length]
    return [after - before - 1 for before, after in pairwise(edges) if after - before > 1]


def period(grid: Grid) -> Size:
    """After how many rows, and after how many columns, the grid repeats itself; its own size if it does not."""
    return _period(grid), _period(grid.T)


def _period(grid: Grid) -> int:
    height = len(grid)
    return next((step for step in range(1, height) if np.array_equal(grid[step:], grid[:-step])), height)
