"""Random Latin squares, and puzzles that have one of them as their only solution."""

from __future__ import annotations

import zlib

import numpy as np
import numpy.typing as npt

from trm.data import IntArray

from .propagation import Boards, deduce


def latin(rng: np.random.Generator, size: int, count: int) -> IntArray:
    """Random Latin squares `[count, size, size]` of digits from 1, by the moves of Jacobson and Matthews (1996).

    A square is a cube of zeros and ones: whether row x, column y holds digit z. A move changes a subcube of 2x2x2. It may
    leave a -1 in the cube, which the next moves repair; the first square without one after `size`^3 moves is taken.
    """
    cyclic = np.add.outer(np.arange(size), np.arange(size)) % size
    cubes = np.tile((cyclic[:, :, None] == np.arange(size)).astype(np.int8), (count, 1, 1, 1))
    squares = np.zeros((count, size, size), dtype=np.int64)
    rows, moves = np.arange(count), 0
    broken = np.zeros(count, dtype=bool)
    corner = rng.integers(size, size=(3, count))
    while not squares.all():
        x, y, z = np.where(broken, corner, rng.integers(size, size=(3, count)))
        movable = broken | (cubes[rows, x, y, z] == 0)
        ones = (cubes[rows, :, y, z], cubes[rows, x, :, z], cubes[rows, x, y])
        other = np.array([((line == 1) * rng.random(line.shape)).argmax(axis=1) for line in ones])
        for subset in range(8):
            place = [np.where(subset >> axis & 1, other[axis], (x, y, z)[axis]) for axis in range(3)]
            cubes[(rows, *place)] += np.where(movable, (-1) ** subset.bit_count(), 0).astype(np.int8)
        broken = np.where(movable, cubes[(rows, *other)] == -1, broken)
        corner = np.where(movable, other, corner)
        moves += 1
        if moves > size**3:
            done = ~broken & ~squares.all(axis=(1, 2))
            squares[done] = cubes[done].argmax(axis=3) + 1
    return squares


def images(squares: IntArray) -> IntArray:
    """The 16 symmetric images of squares `[N, n, n]`: reflected, transposed, largest digits smallest `[N, 16, n, n]`."""
    turned = np.stack([squares, squares.swapaxes(1, 2)], axis=1)
    turned = np.concatenate([turned, turned[:, :, ::-1]], axis=1)
    turned = np.concatenate([turned, turned[:, :, :, ::-1]], axis=1)
    return np.concatenate([turned, squares.shape[1] + 1 - turned], axis=1)


def keys(squares: IntArray) -> IntArray:
    """A number for each of the squares `[N, n, n]` that its symmetric images share `[N]`."""
    found = images(squares).astype(np.uint8)
    return np.array([zlib.crc32(min(image.tobytes() for image in square)) for square in found], dtype=np.int64)


def signs_of(squares: IntArray) -> tuple[IntArray, IntArray]:
    """All signs of squares `[N, n, n]`: across `[N, n, n - 1]` and down `[N, n - 1, n]`."""
    return np.sign(np.diff(squares, axis=2)), np.sign(np.diff(squares, axis=1))


def dig(squares: IntArray, order: IntArray, extra: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Remove clues of squares `[N, n, n]` as long as deduction shows that one solution is left.

    A clue is removed if its opposite, another digit or the reverse of the sign, leads to a contradiction without guessing.
    Any second solution would have that opposite, so there is none.

    Args:
        squares: the solutions.
        order: the order in which to try the clues, `[N, clues]`: cells, signs across, signs down, read row by row.
        extra: how many of the removed clues to restore, the last ones first `[N]`.

    Returns:
        Givens `[N, n, n]` (0 if empty), signs across and down.
    """
    count, size, _ = squares.shape
    cells, between = size**2, size * (size - 1)
    clues = np.concatenate([part.reshape(count, -1) for part in (squares, *signs_of(squares))], axis=1)
    all_clues, full, rows = clues.copy(), (1 << size) - 1, np.arange(count)
    for clue in order.T:
        value = clues[rows, clue]
        trial = clues.copy()
        trial[rows, clue] = np.where(clue < cells, 0, -value)
        givens, across, down = np.split(trial, [cells, cells + between], axis=1)
        boards = Boards.of(
            givens.reshape(squares.shape),
            across.reshape(count, size, size - 1),
            down.reshape(count, size - 1, size),
        )
        given = np.flatnonzero(clue < cells)
        boards.cells.reshape(count, -1)[given, clue[given]] = full & ~(1 << (value[given] - 1))
        removed = deduce(boards).contradictory
        clues[rows[removed], clue[removed]] = 0
    for clue in order.T[::-1]:
        restored = (clues[rows, clue] == 0) & (extra > 0)
        extra = extra - restored
        clues[rows[restored], clue[restored]] = all_clues[rows[restored], clue[restored]]
    givens, across, down = np.split(clues, [cells, cells + between], axis=1)
    return givens.reshape(squares.shape), across.reshape(count, size, size - 1), down.reshape(count, size - 1, size)


def orders(rng: np.random.Generator, size: int, bias: npt.NDArray[np.float64]) -> IntArray:
    """Random orders of the clues `[N, clues]`, with the cells before the signs by `bias` `[N]`, from 0 to 1."""
    cells, signs = size**2, 2 * size * (size - 1)
    late = np.repeat([0.0, 1.0], [cells, signs])
    return np.argsort(rng.random((len(bias), cells + signs)) + bias[:, None] * late, axis=1)
