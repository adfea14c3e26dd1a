"""Assigns each pair of operands to a split, based on the two numbers alone.

The seed, the dataset size, the number of digits and the order of the operands have no influence: 12 + 345, 345 + 12 and
00012 + 00345 are in the same split. No test problem is therefore in any training set, whether its operands are swapped
or not. Only the *pair* is unseen: single numbers, of which there are just 1,000 with three digits, occur in both splits.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trm.data import IntArray
from trm_tasks_arithmetic.config import ArithmeticConfig
from trm_tasks_arithmetic.numbers import Digits
from trm_tasks_arithmetic.sheet import operands

Hashes = npt.NDArray[np.uint64]

SPLITS = ("train", "test")
_EIGHTH = np.uint64(61)  # the upper three bits
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio, as in Fibonacci hashing
_HALF = np.uint64(32)


def in_test(first: Digits, second: Digits) -> npt.NDArray[np.bool_]:
    """Return which pairs of operands ``[N, n]`` are in the test split: one eighth of all."""
    return (pair_hash(first, second) >> _EIGHTH) == 0


def symmetry_class(inputs: IntArray, labels: IntArray, config: ArithmeticConfig) -> Hashes:
    """Return a key ``[N]`` for problems ``[N, L]``; swapping the operands does not change it."""
    return pair_hash(*operands(inputs, config))


def pair_hash(first: Digits, second: Digits) -> Hashes:
    """Return a hash ``[N]`` of pairs of operands ``[N, n]`` that ignores their order and leading zeros."""
    one, other = number_hash(first), number_hash(second)
    return _mixed(_mixed(np.maximum(one, other)) + np.minimum(one, other) + np.uint64(1))


def number_hash(digits: Digits) -> Hashes:
    """Return a platform-independent 64-bit hash ``[N]`` of numbers ``[N, n]`` that ignores leading zeros."""
    value = np.zeros(len(digits), dtype=np.uint64)
    for column in digits.T:
        value = _mixed(value * np.uint64(10) + column.astype(np.uint64))
    return value


def _mixed(value: Hashes) -> Hashes:
    """Apply a permutation of the 64-bit numbers in which each bit affects all bits. It maps 0 to 0."""
    for _ in range(2):
        value = (value ^ (value >> _HALF)) * _MULTIPLIER
    return value ^ (value >> _HALF)
