"""The symmetries of a grid: eight for a square, four for a rectangle (those that keep its shape)."""

from __future__ import annotations

import functools

import numpy as np

from trm_tasks_maze.grid import IntArray
from trm_tasks_maze.labels import label_batch


@functools.cache
def permutations(height: int, width: int) -> IntArray:
    """Return permutations `[T, H * W]`: image `t` of a flat grid `x` is `x[permutations[t]]`. The first is the identity."""
    cells = np.arange(height * width).reshape(height, width)
    upright = [cells, cells[::-1], cells[:, ::-1], cells[::-1, ::-1]]
    images = upright + [image.T for image in upright] if height == width else upright
    result = np.stack([image.reshape(-1) for image in images])
    result.flags.writeable = False
    return result


@functools.cache
def _inverses(height: int, width: int) -> IntArray:
    result = permutations(height, width).argsort(axis=1)
    result.flags.writeable = False
    return result


def sample(rng: np.random.Generator, count: int, height: int, width: int) -> IntArray:
    """Draw random symmetries of a `height` x `width` grid, as indices `[count]`."""
    return rng.integers(len(permutations(height, width)), size=count)


def apply(grids: IntArray, symmetries: IntArray, height: int, width: int) -> IntArray:
    """Return the images of flat grids `[N, H * W]`, each under its own symmetry `[N]`."""
    return np.take_along_axis(grids, permutations(height, width)[symmetries], axis=1)


def invert(grids: IntArray, symmetries: IntArray, height: int, width: int) -> IntArray:
    """Undo `apply` on flat grids `[N, H * W]`."""
    return np.take_along_axis(grids, _inverses(height, width)[symmetries], axis=1)


def transform_and_label(mazes: IntArray, symmetries: IntArray, height: int, width: int) -> tuple[IntArray, IntArray]:
    """Return the images of flat mazes `[N, H * W]` and their labels, recomputed because the label rule is not symmetric.

    Raises:
        PuzzleError: a maze has no path from start to goal.
    """
    images = apply(mazes, symmetries, height, width)
    return images, label_batch(images.reshape(-1, height, width)).reshape(images.shape)
