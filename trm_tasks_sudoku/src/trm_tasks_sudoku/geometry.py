"""The geometry of an n x n Sudoku: the row, column and box of each cell."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from trm.errors import UsageError

IntArray = npt.NDArray[np.int64]

# size -> rows of a box; a box has `size` cells. 6x6 has boxes of 2 rows and 3 columns, the others square ones.
BOX_ROWS = {4: 2, 6: 2, 9: 3, 16: 4, 25: 5}
SIZES = tuple(BOX_ROWS)


@dataclass(frozen=True)
class Geometry:
    """The units of each cell. Cells are numbered row by row, L = size * size.

    Attributes:
        size: rows of the grid.
        box_rows: rows of a box.
        box_columns: columns of a box.
        rows: the row of each cell [L].
        columns: the column of each cell [L].
        boxes: the box of each cell [L].
        peers: the cells [L, P] that cannot hold the same digit as each cell.
    """

    size: int
    box_rows: int
    box_columns: int
    rows: IntArray
    columns: IntArray
    boxes: IntArray
    peers: IntArray

    @property
    def cells(self) -> int:
        return self.size * self.size

    @property
    def square_boxes(self) -> bool:
        """Whether a transposition maps boxes to boxes."""
        return self.box_rows == self.box_columns

    @property
    def units(self) -> IntArray:
        """The three units of each cell [L, 3], numbered from 0: rows, then columns, then boxes."""
        return np.stack([self.rows, self.columns + self.size, self.boxes + 2 * self.size], axis=1)


@cache
def geometry(size: int) -> Geometry:
    """The geometry of an n x n Sudoku.

    Raises:
        UsageError: the size is not supported.
    """
    if size not in BOX_ROWS:
        known = ", ".join(str(known) for known in SIZES)
        raise UsageError(f"A Sudoku of size {size} is not supported. Choose one of the sizes {known}.")
    box_rows = BOX_ROWS[size]
    box_columns = size // box_rows
    rows, columns = np.divmod(np.arange(size * size), size)
    boxes = rows // box_rows * box_rows + columns // box_columns
    related = sum(unit[:, None] == unit[None, :] for unit in (rows, columns, boxes)) > 0
    np.fill_diagonal(related, False)
    peers = np.nonzero(related)[1].reshape(size * size, -1)
    for array in (rows, columns, boxes, peers):
        array.setflags(write=False)
    return Geometry(size, box_rows, box_columns, rows, columns, boxes, peers)


def size_of(length: int) -> int:
    """The size of a Sudoku with `length` cells.

    Raises:
        UsageError: no supported size has this many cells.
    """
    for size in SIZES:
        if size * size == length:
            return size
    known = ", ".join(str(size * size) for size in SIZES)
    raise UsageError(f"A Sudoku has {known} cells, not {length}.")
