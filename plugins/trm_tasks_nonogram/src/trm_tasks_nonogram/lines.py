"""All lines of a length with their clues, and a solver that counts the solutions of puzzles.

A clue is a tuple of run lengths, in order: ``(2, 1)`` is a run of two filled cells, then one of a single cell. An empty
line has the clue ``()``. The solver knows lines as bit masks, bit i for cell i, and clues by their number in
`LineTable.clues`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trm.data import IntArray

BoolArray = npt.NDArray[np.bool_]
BLOCK = 512  # positions of the search that are looked at together; more would need memory, not less time

Clue = tuple[int, ...]


def clue_of(line: Sequence[bool] | BoolArray) -> Clue:
    """The clue of a line of cells."""
    return tuple(len(list(run)) for filled, run in groupby(line) if filled)


@dataclass(frozen=True)
class LineTable:
    """All lines of `length` cells.

    Attributes:
        clues: each clue that a line of this length can have.
        numbers: the place of each clue in `clues`.
        clue: the number of the clue of each bit mask ``[2 ** length]``.
        masks: the bit masks with each clue ``[clues, most]``, padded with the first one.
    """

    length: int
    clues: tuple[Clue, ...]
    numbers: dict[Clue, int]
    clue: IntArray
    masks: IntArray


@cache
def line_table(length: int) -> LineTable:
    """All lines of a length."""
    bits = (np.arange(2**length)[:, None] >> np.arange(length)) & 1
    found = [clue_of(line) for line in bits.tolist()]
    clues = tuple(sorted(set(found)))
    numbers = {clue: number for number, clue in enumerate(clues)}
    clue = np.array([numbers[each] for each in found])
    with_clue = [np.flatnonzero(clue == number) for number in range(len(clues))]
    most = max(map(len, with_clue))
    masks = np.stack([np.concatenate([each, np.full(most - len(each), each[0])]) for each in with_clue])
    return LineTable(length, clues, numbers, clue, masks)


def packed(cells: BoolArray) -> IntArray:
    """The bit masks ``[...]`` of lines ``[..., length]``."""
    return cells @ (1 << np.arange(cells.shape[-1]))


def unpacked(masks: IntArray, length: int) -> BoolArray:
    """The cells ``[..., length]`` of bit masks ``[...]``."""
    cells: BoolArray = (masks[..., None] >> np.arange(length)) & 1 == 1
    return cells


def clue_numbers(pictures: BoolArray) -> tuple[IntArray, IntArray]:
    """The numbers of the clues of the rows ``[N, height]`` and columns ``[N, width]`` of pictures ``[N, height, width]``."""
    height, width = pictures.shape[1:]
    rows = line_table(width).clue[packed(pictures)]
    return rows, line_table(height).clue[packed(pictures.swapaxes(1, 2))]


class Solved(NamedTuple):
    """What the search found.

    Attributes:
        counts: number of solutions of each puzzle ``[N]``; 2 if there are at least two.
        pictures: one solution of each puzzle that has any ``[N, height, width]``.
    """

    counts: IntArray
    pictures: BoolArray


def solve(rows: IntArray, columns: IntArray) -> Solved:
    """Find the solutions of puzzles, at most two of each, given the numbers of their clues.

    Args:
        rows: ``[N, height]``, numbers in `line_table(width)`.
        columns: ``[N, width]``, numbers in `line_table(height)`.
    """
    shape = (len(rows), rows.shape[1], columns.shape[1])
    counts, pictures = np.zeros(len(rows), dtype=np.int64), np.zeros(shape, dtype=bool)
    puzzle = np.arange(len(rows))
    filled, empty = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    while len(puzzle):
        # The last positions first, as in a search in depth, so that few are kept at a time.
        kept, taken = slice(0, -BLOCK), slice(-BLOCK, None)
        wanted = counts[puzzle[taken]] < 2
        now = puzzle[taken][wanted]
        some_filled, some_empty = filled[taken][wanted], empty[taken][wanted]
        possible = narrow(some_filled, some_empty, rows[now], columns[now])
        done = possible & (some_filled | some_empty).all(axis=(1, 2))
        np.add.at(counts, now[done], 1)
        pictures[now[done]] = some_filled[done]
        split = possible & ~done
        more_filled, more_empty = branched(some_filled[split], some_empty[split])
        puzzle = np.concatenate([puzzle[kept], now[split], now[split]])
        filled = np.concatenate([filled[kept], more_filled])
        empty = np.concatenate([empty[kept], more_empty])
    return Solved(np.minimum(counts, 2), pictures)


def branched(filled: BoolArray, empty: BoolArray) -> tuple[BoolArray, BoolArray]:
    """Fill the first open cell in one copy of positions ``[S, height, width]`` and empty it in another ``[2 * S, ...]``."""
    open_cells = ~(filled | empty).reshape(len(filled), filled.shape[1] * filled.shape[2])
    choice = (np.arange(open_cells.shape[1]) == open_cells.argmax(axis=1)[:, None]).reshape(filled.shape)
    return np.concatenate([filled | choice, filled]), np.concatenate([empty, empty | choice])


def narrow(filled: BoolArray, empty: BoolArray, rows: IntArray, columns: IntArray) -> BoolArray:
    """Fill and empty, in place, all cells that follow from a single line and its clue, until none is left.

    Args:
        filled: cells that are known to be filled ``[S, height, width]``.
        empty: cells that are known to be empty.
        rows: numbers of clues ``[S, height]``.
        columns: numbers of clues ``[S, width]``.

    Returns:
        Whether each line can have its clue ``[S]``; positions where one cannot are left unfinished.
    """
    possible = np.ones(len(filled), dtype=bool)
    active = np.arange(len(filled))
    by_row, by_column = line_table(filled.shape[2]), line_table(filled.shape[1])
    while len(active):
        full, void = filled[active], empty[active]
        known = (full | void).sum(axis=(1, 2))
        full, void, fits = narrowed(full, void, rows[active], by_row)
        turned = narrowed(full.swapaxes(1, 2), void.swapaxes(1, 2), columns[active], by_column)
        full, void, fits = turned[0].swapaxes(1, 2), turned[1].swapaxes(1, 2), fits & turned[2]
        filled[active], empty[active] = full, void
        possible[active] = fits
        active = active[fits & ((full | void).sum(axis=(1, 2)) > known)]
    return possible


def narrowed(
    filled: BoolArray, empty: BoolArray, clues: IntArray, table: LineTable
) -> tuple[BoolArray, BoolArray, BoolArray]:
    """What follows from the known cells ``[S, lines, length]`` and the clue of each line, and whether all fit ``[S]``."""
    full, void = packed(filled)[..., None], packed(empty)[..., None]
    masks = table.masks[clues]
    fits = (masks & (full | void)) == full
    everywhere = (1 << table.length) - 1
    always = np.bitwise_and.reduce(np.where(fits, masks, everywhere), axis=2)
    ever = np.bitwise_or.reduce(np.where(fits, masks, 0), axis=2)
    return unpacked(always, table.length), ~unpacked(ever, table.length), fits.any(axis=2).all(axis=1)
