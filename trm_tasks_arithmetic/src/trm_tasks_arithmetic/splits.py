"""Which split a pair of operands belongs to, decided by the two numbers alone.

No seed, size, number of digits or order of the operands matters: 12 + 345, 345 + 12 and 00012 + 00345 are of one split. So
no test problem is ever in training, with its operands exchanged or not, whatever else the two data sets were made with.
It is the *pair* that is unseen: each single number, of which there are only a thousand with three digits, is in both splits.
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
    """Which pairs of operands ``[N, n]`` are in the test split: an eighth of all."""
    return (pair_hash(first, second) >> _EIGHTH) == 0


def symmetry_class(inputs: IntArray, labels: IntArray, config: ArithmeticConfig) -> Hashes:
    """A key ``[N]`` of each problem ``[N, L]``, the same for a problem and the one with its operands exchanged."""
    return pair_hash(*operands(inputs, config))


def pair_hash(first: Digits, second: Digits) -> Hashes:
    """A hash ``[N]`` of each pair of operands ``[N, n]``, the same in either order and with any leading zeros."""
    one, other = number_hash(first), number_hash(second)
    return _mixed(_mixed(np.maximum(one, other)) + np.minimum(one, other) + np.uint64(1))


def number_hash(digits: Digits) -> Hashes:
    """A 64-bit hash ``[N]`` of each number ``[N, n]``, the same on every machine; leading zeros do not change it."""
    value = np.zeros(len(digits), dtype=np.uint64)
    for column in digits.T:
        value = _mixed(value * np.uint64(10) + column.astype(np.uint64))
    return value


def _mixed(value: Hashes) -> Hashes:
    """A permutation of the 64-bit numbers that spreads every bit over all, and keeps 0."""
    for _ in range(2):
        value = (value ^ (value >> _HALF)) * _MULTIPLIER
    return value ^ (value >> _HALF)
