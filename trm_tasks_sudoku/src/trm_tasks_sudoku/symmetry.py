"""The symmetries of Sudoku: transformations of a grid that preserve the rules.

They relabel the digits, and permute the bands, the rows within a band, the stacks and the columns within a stack. If the
boxes are square, they also transpose the grid. There are 9! * 2 * 6^8 symmetries for 9x9. The solution of a transformed
puzzle is the transformed solution. A 6x6 grid is not transposed: its boxes of 2x3 cells would become 3x2.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from trm_tasks_sudoku.geometry import geometry

Integers = TypeVar("Integers", bound=np.integer)


class Token(NamedTuple):
    """One symmetry for each of B grids.

    Attributes:
        cells: the cell [B, L] of the grid that moves to each place.
        digits: the new digit [B, n + 1] for each digit; empty cells (0) stay empty.
    """

    cells: npt.NDArray[np.int64]
    digits: npt.NDArray[np.int64]


def sample(rng: np.random.Generator, batch: int, size: int) -> Token:
    """Draw `batch` symmetries of n x n grids uniformly."""
    shape = geometry(size)
    rows = _line_orders(rng, batch, size, shape.box_rows)
    columns = _line_orders(rng, batch, size, shape.box_columns)
    cells = rows[:, :, None] * size + columns[:, None, :]
    if shape.square_boxes:
        transposed = rng.random(batch) < 0.5
        cells[transposed] = cells[transposed].swapaxes(1, 2)
    digits = np.zeros((batch, size + 1), np.int64)
    digits[:, 1:] = _permutations(rng, batch, size) + 1
    return Token(cells.reshape(batch, -1), digits)


def identity(batch: int, size: int) -> Token:
    """The identity, `batch` times."""
    return Token(
        np.broadcast_to(np.arange(size * size), (batch, size * size)),
        np.broadcast_to(np.arange(size + 1), (batch, size + 1)),
    )


def apply(grids: npt.NDArray[Integers], token: Token) -> npt.NDArray[Integers]:
    """The image of each grid [B, L] of digits under its symmetry."""
    return _relabel(np.take_along_axis(grids, token.cells, axis=1), token.digits)


def invert(grids: npt.NDArray[Integers], token: Token) -> npt.NDArray[Integers]:
    """The grids [B, L] that `apply` maps to `grids` [B, L]."""
    moved = np.empty_like(grids)
    np.put_along_axis(moved, token.cells, grids, axis=1)
    return _relabel(moved, np.argsort(token.digits, axis=1))


def _relabel(grids: npt.NDArray[Integers], digits: npt.NDArray[np.int64]) -> npt.NDArray[Integers]:
    return np.take_along_axis(digits, grids.astype(np.int64), axis=1).astype(grids.dtype)


def _line_orders(rng: np.random.Generator, batch: int, size: int, band: int) -> npt.NDArray[np.int64]:
    """Orders [B, n] of the rows (or columns) that keep bands of `band` lines together."""
    bands = _permutations(rng, batch, size // band)
    within = _permutations(rng, batch, size // band, band)
    return (bands[:, :, None] * band + within).reshape(batch, size)


def _permutations(rng: np.random.Generator, *shape: int) -> npt.NDArray[np.int64]:
    return np.argsort(rng.random(shape), axis=-1)
