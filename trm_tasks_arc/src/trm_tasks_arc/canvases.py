"""The token rows of a dataset, generated in batches on access.

A dataset with 1,000 variants per task takes gigabytes, but a few bytes determine each row: its pair, its variant and its
place on the canvas. `Canvases` behaves like the array of rows and generates only the requested ones. Training therefore
needs no file, and writing a file needs memory for only one chunk.
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
    """The data that determines each of the N rows of a dataset.

    Attributes:
        pair: index of the row's pair, ``[N]``.
        variant: index of the row's variant, ``[N]``.
        corner: row and column of the top left cell on the canvas, ``[N, 2]``.
        transforms: the transform of each variant, ``[V]``.
        colours: the colours of each variant, ``[V, 10]``.
        side: number of rows and columns of the canvas.
    """

    pair: IntArray
    variant: IntArray
    corner: IntArray
    transforms: IntArray
    colours: IntArray
    side: int


class Canvases:
    """The rows ``[N, side * side]`` uint8 of a plan, for either the inputs or the outputs. Indexed like an array.

    Args:
        plan: pair, variant and corner of each row.
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
        """Return the largest possible token, without generating the rows."""
        return VOCABULARY - 1

    def _rows(self, rows: IntArray) -> IntArray:
        """Generate rows, one pair at a time: the rows of a pair differ only in the colours of cells."""
        side = self.plan.side
        wide = side + 1  # end marks can lie beyond the edge; the extra row and column hold them and are cut off
        canvases = np.zeros((len(rows), wide * wide), np.uint8)
        pairs = self.plan.pair[rows]
        order = np.argsort(pairs, kind="stable")
        starts = np.flatnonzero(np.diff(pairs[order], prepend=-1))
        for places in np.split(order, starts[1:]) if len(rows) else ():
            self._draw(canvases, places, rows[places], self.grids[pairs[places[0]]])
        return canvases.reshape(len(rows), wide, wide)[:, :side, :side].reshape(len(rows), side * side)

    def _draw(self, canvases: IntArray, places: IntArray, rows: IntArray, grid: Grid) -> None:
        """Draw one grid into the canvases at `places`, with the variant and at the corner of each row."""
        plan, wide = self.plan, self.plan.side + 1
        variant = plan.variant[rows]
        tokens = np.full((len(rows), COLOURS + 1), END, np.uint8)
        tokens[:, :COLOURS] = plan.colours[variant] + FIRST_COLOUR
        kinds = np.concatenate(
            [grid.ravel(), np.full(sum(grid.shape), COLOURS, np.uint8)]
        )  # the last kind is the end mark
        corner = plan.corner[rows].astype(np.int64)
        start = places * (wide * wide) + corner[:, 0] * wide + corner[:, 1]
        cells = _cells(grid.shape, wide)[plan.transforms[variant]] + start[:, None]
        canvases.reshape(-1)[cells] = tokens[:, kinds]


@lru_cache(maxsize=1024)
def _cells(shape: tuple[int, int], wide: int) -> IntArray:
    """Return the offset of each cell, then of each end mark, under each transform: ``[8, cells + end marks]``."""
    numbers = np.arange(shape[0] * shape[1]).reshape(shape)
    cells = np.empty((len(TRANSFORMS), numbers.size + sum(shape)), np.int64)
    for row, transform in zip(cells, TRANSFORMS, strict=True):
        moved = transform(numbers)
        rows, columns = moved.shape
        row[moved] = np.arange(rows)[:, None] * wide + np.arange(columns)
        below, right = rows * wide + np.arange(columns), np.arange(rows) * wide + columns
        row[numbers.size :] = np.concatenate([below, right])
    return cells
