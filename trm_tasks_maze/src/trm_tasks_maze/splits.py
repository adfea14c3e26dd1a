"""Assigns each maze to a split by its walls, so that training and test sets never overlap.

Start, goal, rotations and mirror images have no influence. The walls of a test maze and their symmetric images therefore
occur in no training set, for any seeds.
"""

from __future__ import annotations

import functools
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from trm_tasks_maze.grid import BoolArray
from trm_tasks_maze.symmetry import permutations

Split = Literal["train", "test"]

_TEST_SHARE = 3
"""One of this many wall layouts belongs to the test split."""

_WEIGHT_BITS = 40
"""Sums of up to 80 * 80 such weights stay below 2**53, so float64 adds them exactly in any order."""


def fingerprints(walls: BoolArray) -> npt.NDArray[np.int64]:
    """Return a number `[N]` for walls `[N, H, W]` that is the same for all symmetric images."""
    count, height, width = walls.shape
    if height > width:
        walls, height, width = walls.transpose(0, 2, 1), width, height
    sums = walls.reshape(count, height * width).astype(np.float64) @ _image_weights(height, width)
    least: npt.NDArray[np.int64] = sums.min(axis=1).astype(np.int64)
    return least


def belongs(prints: npt.NDArray[np.int64], split: Split) -> npt.NDArray[np.bool_]:
    """Return which fingerprints `[N]` belong to `split`."""
    is_test: npt.NDArray[np.bool_] = prints % _TEST_SHARE == 0
    return is_test if split == "test" else ~is_test


@functools.cache
def _image_weights(height: int, width: int) -> npt.NDArray[Any]:
    """Return a column of random weights for each image, `[H * W, T]`. Changing them would change all splits."""
    state = np.random.SeedSequence([height, width]).generate_state(height * width, np.uint64)
    weights = (state >> np.uint64(64 - _WEIGHT_BITS)).astype(np.float64)
    return weights[permutations(height, width)].T.copy()
