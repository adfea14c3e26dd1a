"""Rows of puzzles with a structure of their own, compact on disk: the columns that a puzzle uses, without the others.

`all__inputs.npy` holds the tokens alone. `all__structure.npy` holds the used columns after the tokens, row after row, and
`all__structure_offsets.npy` where each row starts and the last one ends. `dataset.json` holds the settings of
`PuzzleStructure` as "per_puzzle".
"""

from __future__ import annotations

from typing import Any

import numpy as np

from trm.config import PuzzleStructure
from trm.config.columns import COUNTS, Columns
from trm.data.graphs import check_counts, used
from trm.data.ranges import IntArray
from trm.errors import DataError

WIDEST = 2**17
"""Most columns of a row that is read from files, so that a wrong maximum takes no memory."""


def compact(rows: IntArray, length: int, structure: PuzzleStructure) -> tuple[IntArray, IntArray]:
    """The used columns after the tokens of rows ``[N, W]``, one after the other, and their number in each row, ``[N]``."""
    mask = used(rows[:, length : length + len(COUNTS)], length, structure)[:, length:]
    return rows[:, length:][mask], mask.sum(axis=1)


class RaggedRows:
    """Rows ``[N, W]`` that are put together when they are asked for; indexed like an array.

    Args:
        tokens: ``[N, L]``, possibly memory-mapped.
        values: the used columns after the tokens of all rows.
        offsets: where each row starts in `values`, ``[N + 1]``.
        structure: what the columns hold.

    Raises:
        DataError: the offsets do not fit.
    """

    ndim = 2
    dtype = np.dtype(np.int64)

    def __init__(self, tokens: IntArray, values: IntArray, offsets: IntArray, structure: PuzzleStructure) -> None:
        lengths = np.diff(offsets)
        if len(offsets) != len(tokens) + 1 or offsets[0] != 0 or offsets[-1] != len(values):
            raise DataError("The offsets of the puzzles' structure do not fit the number of puzzles.")
        if (lengths < len(COUNTS)).any():
            raise DataError(f"The structure of puzzle {int(np.argmin(lengths))} is incomplete.")
        self.tokens, self.values, self.offsets, self.structure = tokens, values, offsets, structure
        self.shape = (len(tokens), Columns.of(tokens.shape[1], structure).width)
        if self.shape[1] > WIDEST:
            raise DataError(
                f"A row would have {self.shape[1]:,} columns, more than {WIDEST:,}. Most likely a maximum of the puzzles' "
                "structure is wrong."
            )

    def __len__(self) -> int:
        return len(self.tokens)

    def __getitem__(self, index: Any) -> IntArray:
        """The rows ``[n, W]`` of a slice, a mask or integers, or one row ``[W]``.

        Raises:
            DataError: the structure of a row is not as long as its counts say.
        """
        if np.ndim(index) == 0 and not isinstance(index, slice):
            return self[np.array([index])][0]
        numbers = np.arange(len(self))[index]
        tokens = np.asarray(self.tokens[index])
        length = tokens.shape[1]
        starts, ends = self.offsets[numbers], self.offsets[numbers + 1]
        counts = self.values[starts[:, None] + np.arange(len(COUNTS))]
        check_counts(counts, length, self.structure)
        mask = used(counts, length, self.structure)[:, length:]
        wrong = mask.sum(axis=1) != ends - starts
        if wrong.any():
            raise DataError(
                f"The structure of puzzle {int(numbers[np.argmax(wrong)])} does not have the length it says."
            )
        rows = np.zeros((len(numbers), self.shape[1]), dtype=self.dtype)
        rows[:, :length] = tokens
        rows[:, length:][mask] = self.values[_ranges(starts, ends)]
        return rows


def _ranges(starts: IntArray, ends: IntArray) -> IntArray:
    """The integers of the ranges from each start to its end, one range after the other."""
    lengths = ends - starts
    skipped = np.repeat(starts - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths)
    ranges: IntArray = np.arange(lengths.sum()) + skipped
    return ranges
