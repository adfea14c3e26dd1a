"""The token rows of a data set, made when they are read, many at a time.

A data set of 1000 variants a task is gigabytes; what decides it is a few bytes a row: which pair, which variant, where on
the canvas. `Canvases` stands for the array of rows and makes those that are asked for, so training needs no file, and
writing a file needs no more memory than one piece of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from trm.data import IntArray
from trm_tasks_arc.grids import COLOURS, END, FIRST_COLOUR, VOCABULARY, Grid
from trm_tasks_arc.transforms import TRANSFORMS


@dataclass(frozen=True)
class Plan:
    """What decides each of the N rows of a data set.

    Attributes:
        pair: index of the row's pair, ``[N]``.
        variant: index of the row's variant, ``[N]``.
        corner: row and column of the top left cell on the canvas, ``[N, 2]``.
        transforms: the transform of each variant, ``[V]``.
        colours: the colours of each variant, ``[V, 10]``.
        side: rows and columns of the canvas.
    """

    pair: IntArray
    variant: IntArray
    corner: IntArray
    transforms: IntArray
    colours: IntArray
    side: int


class Canvases:
    """The rows ``[N, side * side]`` of a plan, uint8, for one side of the pairs. Reads like an array.

    Args:
        plan: which pair, variant and corner each row has.
        grids: the inputs or the outputs of the pairs.
    """

    ndim = 2
    dtype = np.dtype(np.uint8)

    def __init__(self, plan: Plan, grids: Sequence[Grid]) -> None:
        self.plan, self.grids = plan, grids
        self.shape = (len(plan.pair), plan.side**2)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> IntArray:
        if isinstance(key, slice):
            return self._rows(np.arange(*key.indices(len(self))))
        rows = np.asarray(key)
        if rows.dtype == bool:
            rows = np.flatnonzero(rows)
        return self._rows(rows.reshape(1))[0] if rows.ndim == 0 else self._rows(rows)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> IntArray:
        rows = self[:]
        return rows if dtype is None else rows.astype(dtype)

    def max(self, **_: Any) -> int:
        """The largest token that a row can have, so that nobody makes all rows to know it."""
        return VOCABULARY - 1

    def _rows(self, rows: IntArray) -> IntArray:
        """The rows of one pair at a time: they differ only in which cell gets which colour."""
        side = self.plan.side
        wide = side + 1  # end marks may fall over the edge: they go where they are cut off
        canvases = np.zeros((len(rows), wide * wide), np.uint8)
        pairs = self.plan.pair[rows]
        order = np.argsort(pairs, kind="stable")
        starts = np.flatnonzero(np.diff(pairs[order], prepend=-1))
        for places in np.split(order, starts[1:]) if len(rows) else ():
            self._draw(canvases, places, rows[places], self.grids[pairs[places[0]]])
        return canvases.reshape(len(rows), wide, wide)[:, :side, :side].reshape(len(rows), side * side)

    def _draw(self, canvases: IntArray, places: IntArray, rows: IntArray, grid: Grid) -> None:
        """Draw one grid into the canvases at `places`, in the variant and at the corner of each of their rows."""
        plan, wide = self.plan, self.plan.side + 1
        variant = plan.variant[rows]
        tokens = np.full((len(rows), COLOURS + 1), END, np.uint8)
        tokens[:, :COLOURS] = plan.colours[variant] + FIRST_COLOUR
        kinds = np.concatenate([grid.ravel(), np.full(sum(grid.shape), COLOURS, np.uint8)])  # the last kind: end marks
        corner = plan.corner[rows].astype(np.int64)
        start = places * (wide * wide) + corner[:, 0] * wide + corner[:, 1]
        cells = _cells(grid.shape, wide)[plan.transforms[variant]] + start[:, None]
        canvases.reshape(-1)[cells] = tokens[:, kinds]


@lru_cache(maxsize=1024)
def _cells(shape: tuple[int, int], wide: int) -> IntArray:
    """Where each cell of a grid, then each end mark, goes under each transform, ``[8, cells + end marks]``."""
    numbers = np.arange(shape[0] * shape[1]).reshape(shape)
    cells = np.empty((len(TRANSFORMS), numbers.size + sum(shape)), np.int64)
    for row, transform in zip(cells, TRANSFORMS, strict=True):
        moved = transform(numbers)
        rows, columns = moved.shape
        row[moved] = np.arange(rows)[:, None] * wide + np.arange(columns)
        below, right = rows * wide + np.arange(columns), np.arange(rows) * wide + columns
        row[numbers.size :] = np.concatenate([below, right])
    return cells
