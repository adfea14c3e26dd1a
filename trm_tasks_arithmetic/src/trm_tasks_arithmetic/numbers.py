"""Vectorized arithmetic on numbers of any length, stored as rows of decimal digits, most significant first."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trm_tasks_arithmetic.config import Operation

Digits = npt.NDArray[np.int8]
Negative = npt.NDArray[np.bool_]


def compute(operation: Operation, first: Digits, second: Digits) -> tuple[Negative, Digits]:
    """Compute the answers for operands `first` and `second`, both ``[N, n]``.

    Returns:
        Which answers are negative ``[N]``, and their absolute values: ``[N, n + 1]`` for a sum, ``[N, n]`` for a
        difference, ``[N, 2n]`` for a product.
    """
    if operation == "subtract":
        return subtract(first, second)
    answers = add(first, second) if operation == "add" else multiply(first, second)
    return np.zeros(len(answers), dtype=bool), answers


def add(first: Digits, second: Digits) -> Digits:
    """Return the sums ``[N, n + 1]`` of ``[N, n]`` and ``[N, n]``."""
    sums = first.astype(np.int64) + second
    return carried(np.pad(sums, ((0, 0), (1, 0))))


def subtract(first: Digits, second: Digits) -> tuple[Negative, Digits]:
    """Return which differences are negative ``[N]``, and their absolute values ``[N, n]``."""
    differences = first.astype(np.int64) - second
    leading = np.take_along_axis(differences, (differences != 0).argmax(1)[:, None], axis=1)
    negative = leading[:, 0] < 0
    return negative, carried(np.where(negative[:, None], -differences, differences))


def multiply(first: Digits, second: Digits) -> Digits:
    """Return the products ``[N, 2n]`` of ``[N, n]`` and ``[N, n]``."""
    count, length = first.shape
    places = np.zeros((count, 2 * length), dtype=np.int64)
    for index in range(length):
        places[:, index + 1 : index + 1 + length] += first[:, index, None].astype(np.int64) * second
    return carried(places)


def carried(places: npt.NDArray[np.int64]) -> Digits:
    """Convert places ``[N, W]`` of any value to digits ``[N, W]``, with carries above 9 and borrows below 0.

    The numbers must not be negative or longer than W digits.
    """
    digits = np.empty(places.shape, dtype=np.int8)
    carry = np.zeros(len(places), dtype=np.int64)
    for place in reversed(range(places.shape[1])):
        carry, digits[:, place] = np.divmod(places[:, place] + carry, 10)
    return digits


def from_text(text: str, length: int) -> Digits:
    """Convert a decimal number to digits ``[length]``, with leading zeros."""
    return np.array([int(character) for character in text.lstrip("0").rjust(length, "0")], dtype=np.int8)
