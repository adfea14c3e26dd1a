"""Grids of colours, and their encoding as tokens on a square canvas."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from trm.data import IntArray
from trm.errors import DataError, UsageError

Grid = IntArray
"""A grid: ``[rows, columns]`` uint8, colours 0 to 9."""

GridKey = tuple[tuple[int, ...], bytes]

MAX_SIDE = 30
COLOURS = 10
PAD, END, FIRST_COLOUR = 0, 1, 2
"""Tokens as in the paper's code: 0 is padding, 1 marks the end of a grid, c + 2 is colour c."""

VOCABULARY = FIRST_COLOUR + COLOURS


def as_grid(value: Any, where: str = "The grid", *, empty: bool = False, largest: int | None = MAX_SIDE) -> Grid:
    """Check a grid, given as rows of colours or as an array, and return it as ``[rows, columns]`` uint8.

    Args:
        value: the grid.
        where: name of the grid in error messages, such as "Task 0a1b2c3d, test input 1".
        empty: allow the grid without cells, which represents a prediction without any rectangle of colours.
        largest: maximum number of rows and of columns (default: 30); None for any number.

    Raises:
        DataError: the grid is ragged, has no cells or too many rows or columns, or contains anything but integers 0 to 9.
    """
    array = np.asarray(value) if hasattr(value, "__array__") else _from_rows(value, where)
    if array.size == 0 and empty:
        return np.zeros((0, 0), np.uint8)
    if array.ndim != 2:
        raise DataError(f"{where} is not a grid. A grid is a list of rows, each a list of colours.")
    if not 1 <= min(array.shape) <= max(array.shape) <= (largest or max(array.shape)):
        rows, columns = array.shape
        expected = f"1 to {largest}" if largest else "at least 1"
        raise DataError(f"{where} has {rows} rows and {columns} columns, expected {expected} of each.")
    if array.dtype.kind not in "iu":
        raise DataError(f"{where} contains values other than integers. Colours are integers from 0 to {COLOURS - 1}.")
    if array.min() < 0 or array.max() >= COLOURS:
        row, column = np.argwhere((array < 0) | (array >= COLOURS))[0]
        raise DataError(
            f"{where} has the colour {array[row, column]} in row {row + 1}, column {column + 1}. "
            f"Colours are integers from 0 to {COLOURS - 1}."
        )
    return array.astype(np.uint8)


def _from_rows(value: Any, where: str) -> IntArray:
    if not isinstance(value, (list, tuple)) or not all(isinstance(row, (list, tuple, np.ndarray)) for row in value):
        raise DataError(f"{where} is not a grid. A grid is a list of rows, each a list of colours.")
    for number, row in enumerate(value, start=1):
        if len(row) != len(value[0]):
            raise DataError(f"{where} is ragged: row {number} has {len(row)} cells, row 1 has {len(value[0])}.")
        if any(isinstance(cell, bool) or not isinstance(cell, (int, np.integer)) for cell in row):
            raise DataError(
                f"{where} contains values other than integers in row {number}. Colours are integers from 0 to 9."
            )
    try:
        return np.array(value, dtype=np.int64).reshape(len(value), -1 if value and len(value[0]) else 0)
    except OverflowError:
        raise DataError(f"{where} has a colour out of range. Colours are integers from 0 to {COLOURS - 1}.") from None


def encode(grid: Any, row: int = 0, col: int = 0, side: int = MAX_SIDE) -> IntArray:
    """Encode a grid as tokens ``[side * side]`` uint8, with its top left cell at (`row`, `col`) of the canvas.

    A row of end marks below the grid and a column of end marks to its right are added if they fit on the canvas.

    Raises:
        DataError: the grid is malformed; see `as_grid`.
        UsageError: the grid does not fit on the canvas at this position.
    """
    grid = as_grid(grid)
    rows, columns = grid.shape
    if row < 0 or col < 0 or row + rows > side or col + columns > side:
        raise UsageError(f"A grid of {rows}x{columns} at ({row}, {col}) does not fit on a canvas of {side}x{side}.")
    canvas = np.full((side, side), PAD, np.uint8)
    canvas[row : row + rows, col : col + columns] = grid + FIRST_COLOUR
    if row + rows < side:
        canvas[row + rows, col : col + columns] = END
    if col + columns < side:
        canvas[row : row + rows, col + columns] = END
    return canvas.ravel()


def crop(tokens: Any, corner: tuple[int, int] | None = None) -> Grid:
    """Extract the grid from tokens ``[side * side]`` or ``[side, side]``: the largest rectangle of colours at the corner.

    If rectangles have the same area, the one with the fewest rows is returned, as in the paper's code. Without a colour at
    the corner, the result is the empty grid ``[0, 0]``.

    Args:
        tokens: a canvas.
        corner: row and column of the top left cell of the grid. Default: (0, 0), as for test inputs and in the paper's
            evaluator, or the corner of a translated grid if the canvas is exactly its encoding.

    Raises:
        DataError: the canvas is not a square of at most 30 x 30 integers.
    """
    canvas = _as_canvas(tokens)
    if corner is not None:
        return _largest_rectangle(canvas[corner[0] :, corner[1] :])
    row, col = _first_used(canvas)
    grid = _largest_rectangle(canvas[row:, col:])
    if (row, col) == (0, 0) or (grid.size and np.array_equal(encode(grid, row, col, len(canvas)), canvas.ravel())):
        return grid
    return _largest_rectangle(canvas)


def _as_canvas(tokens: Any) -> IntArray:
    canvas = np.asarray(tokens)
    side = math.isqrt(canvas.size)
    if canvas.shape not in ((side * side,), (side, side)) or not 1 <= side <= MAX_SIDE or canvas.dtype.kind not in "iu":
        raise DataError(
            f"Tokens of shape {list(canvas.shape)} and type {canvas.dtype} are not a square canvas. Expected integers of "
            f"shape [{MAX_SIDE**2}] or [{MAX_SIDE}, {MAX_SIDE}], or a smaller square."
        )
    return canvas.reshape(side, side)


def _first_used(canvas: IntArray) -> tuple[int, int]:
    """Return the first row and the first column that contain anything but padding."""
    used = canvas != PAD
    return int(used.any(1).argmax()), int(used.any(0).argmax())


def _largest_rectangle(canvas: IntArray) -> Grid:
    """Return the largest rectangle of colours at the top left corner as a grid."""
    coloured = (canvas >= FIRST_COLOUR) & (canvas < VOCABULARY)
    run = np.logical_and.accumulate(coloured, axis=1).sum(1)  # number of colours from the left edge, for each row
    width = np.minimum.accumulate(run)
    area = width * np.arange(1, len(width) + 1)
    rows = int(area.argmax()) + 1
    if area[rows - 1] == 0:
        return np.zeros((0, 0), np.uint8)
    return (canvas[:rows, : width[rows - 1]] - FIRST_COLOUR).astype(np.uint8)


def grid_key(grid: Grid) -> GridKey:
    """Return a key that is equal only for equal grids."""
    return grid.shape, grid.tobytes()
