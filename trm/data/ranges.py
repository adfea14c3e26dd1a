"""Checking that tokens, labels and puzzle ids are in range, with the first offending row in the message."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from trm.errors import DataError

IGNORED = -100
"""Label of a position that is not scored."""

IntArray = npt.NDArray[Any]

CHUNK = 4096
"""Most rows that are read or checked at a time."""

CELLS = 2**22
"""Most elements of arrays that are read or checked at a time, if a row has not more."""


def rows_at_once(width: int) -> int:
    """The number of rows of a width to read or check at a time, to bound memory."""
    return max(1, min(CHUNK, CELLS // max(width, 1)))


def chunks(values: IntArray) -> Iterator[tuple[int, IntArray]]:
    """Some rows of an array at a time, with the number of the first of them."""
    step = rows_at_once(math.prod(values.shape[1:]))
    for start in range(0, len(values), step):
        yield start, np.asarray(values[start : start + step])


def check_integers(name: str, values: IntArray) -> None:
    """Check that an array holds integers.

    Raises:
        DataError: it does not.
    """
    if np.dtype(values.dtype).kind not in "iub":
        raise DataError(f"{name} has type {values.dtype}: expected integers.")


def check_tokens(
    name: str, values: IntArray, vocab_size: int, unscored: Sequence[int | None] = (), first_row: int = 0
) -> None:
    """Check that all tokens are in the vocabulary.

    Args:
        name: of the array, for the message.
        values: tokens ``[N, L]``.
        vocab_size: number of tokens.
        unscored: values that are also allowed, for labels; -100 is the one that the message names.
        first_row: number of the first row, where `values` is a part of an array.

    Raises:
        DataError: a token is out of range.
    """
    if not values.size or (values.min() >= 0 and values.max() < vocab_size):
        return
    wrong = (values < 0) | (values >= vocab_size)
    for value in unscored:
        wrong &= values != value
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        advice = f", or {IGNORED} for a position that is not scored" if unscored else ""
        raise DataError(
            f"{name} has {values[row, column]} in row {first_row + row}, position {column}: expected a token from 0 to "
            f"{vocab_size - 1}{advice}."
        )


def check_ids(ids: IntArray, count: int) -> None:
    """Check that all puzzle ids ``[N]`` are from 0 to `count` - 1.

    Raises:
        DataError: an id is out of range.
    """
    wrong = (ids < 0) | (ids >= count)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(f"puzzle_ids has {ids[row]} in row {row}: expected an id from 0 to {count - 1}.")
