"""The rows, columns and boxes of a Sudoku of 4x4, 6x6 or 9x9, and a key that symmetric grids share."""

from __future__ import annotations

import zlib
from functools import cache
from typing import NamedTuple

import numpy as np

from trm.data import IntArray

BOX_ROWS = {4: 2, 6: 2, 9: 3}
SPLITS = ("train", "validation", "test")


class Geometry(NamedTuple):
    """The cells of an n x n Sudoku, numbered row by row.

    Attributes:
        size: rows of the grid, n.
        box_rows: rows of a box.
        units: the row, the column and the box of each cell `[n * n, 3]`, numbered from 0 to 3 n - 1.
        beside: the cells above, below, left and right of each cell `[n * n, 4]`, -1 outside the grid.
    """

    size: int
    box_rows: int
    units: IntArray
    beside: IntArray

    @property
    def cells(self) -> int:
        return self.size**2

    def unit_name(self, unit: int) -> str:
        """The name of a unit, as in "row 3"."""
        kind, number = divmod(unit, self.size)
        return f"{('row', 'column', 'box')[kind]} {number + 1}"


@cache
def geometry(size: int) -> Geometry:
    """Return the geometry of a Sudoku with 4, 6 or 9 rows."""
    box_rows = BOX_ROWS[size]
    rows, columns = np.divmod(np.arange(size**2), size)
    boxes = rows // box_rows * box_rows + columns // (size // box_rows)
    units = np.stack([rows, columns + size, boxes + 2 * size], axis=1)
    padded = np.pad(np.arange(size**2).reshape(size, size), 1, constant_values=-1)
    sides = padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]
    return Geometry(size, box_rows, units, np.stack([side.ravel() for side in sides], axis=1))


def symmetry_keys(grids: IntArray) -> IntArray:
    """Return a key for each filled grid `[N, n * n]` that all its symmetric images have, too `[N]`.

    The symmetries are those of Killer Sudoku: another order of the lines in a band or of the bands, reflections and, if
    boxes are square, the transposition. They also include exchanging each digit d for n + 1 - d.
    """
    size = round(grids.shape[1] ** 0.5)
    squares = grids.reshape(-1, size, size)
    return np.array([min(_key(square), _key(size + 1 - square)) for square in squares])


def split_of(key: int) -> str:
    """The split of all grids with a symmetry key: 1 in 8 is for validation, 1 in 8 for the test."""
    return {0: "validation", 2: "test"}.get(key % 8, "train")


def _key(square: IntArray) -> int:
    size = len(square)
    rows = BOX_ROWS[size]
    keys = [_bands(square, rows), _bands(square.T, size // rows)]
    if rows**2 == size:
        keys.sort()
    return zlib.crc32(b"".join(keys))


def _bands(square: IntArray, rows: int) -> bytes:
    """What the rows of a square put into each box, in an order that no symmetry changes. A band has `rows` rows."""
    size = len(square)
    columns = size // rows
    sets = (1 << square).reshape(size, rows, columns).sum(axis=2)  # the digits of each row in each box
    lines = sorted(tuple(sorted(line)) for line in sets.tolist())
    bands = [sorted(tuple(sorted(line)) for line in band) for band in sets.reshape(-1, rows, rows).tolist()]
    return repr((lines, sorted(bands))).encode()
