"""Draws distinct variants of a task."""

from __future__ import annotations

import hashlib
from functools import lru_cache

import numpy as np

from trm.data import IntArray
from trm_tasks_arc.grids import COLOURS, MAX_SIDE, Grid
from trm_tasks_arc.pairs import Task
from trm_tasks_arc.transforms import TRANSFORMS

ROUNDS = 5  # draws per requested variant, as in the paper's code; tasks with few colours have fewer variants


def draw_variants(
    task: Task, count: int, seed: int, *, transforms: bool = True, recolour: bool = True
) -> tuple[IntArray, IntArray]:
    """Draw up to `count` variants of a task with distinct grids, in addition to the task itself.

    The result depends only on the task and the seed, not on other tasks.

    Args:
        task: the task.
        count: number of variants besides the task itself.
        seed: seed of the draw.
        transforms: whether to rotate and reflect variants (default: True).
        recolour: whether to permute the colours 1 to 9 (default: True). Colour 0, usually the background, stays.

    Returns:
        The transforms ``[n]`` and the colours ``[n, 10]`` of the variants, starting with the identity.
    """
    digest = hashlib.sha256(task.id.encode()).digest()
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *np.frombuffer(digest[:16], np.uint32)])))
    chosen, colours = np.zeros(1, np.int64), np.arange(COLOURS, dtype=np.uint8)[None]
    sums = _colour_sums(task)
    for _ in range(ROUNDS):
        if len(chosen) > count:
            break
        drawn = _draw(rng, count, transforms, recolour)
        chosen, colours = np.concatenate([chosen, drawn[0]]), np.concatenate([colours, drawn[1]])
        _, first = np.unique(_fingerprints(sums, chosen, colours), return_index=True)
        kept = np.sort(first)[: count + 1]
        chosen, colours = chosen[kept], colours[kept]
    return chosen, colours


def _draw(rng: np.random.Generator, count: int, transforms: bool, recolour: bool) -> tuple[IntArray, IntArray]:
    colours = np.tile(np.arange(COLOURS, dtype=np.uint8), (count, 1))
    if recolour:
        colours[:, 1:] = rng.permuted(colours[:, 1:], axis=1)
    # Shuffled rounds of all eight transforms, so that all are drawn even without recolouring.
    turns = rng.permuted(np.tile(np.arange(len(TRANSFORMS)), (count // len(TRANSFORMS) + 1, 1)), axis=1)
    return turns.ravel()[:count] if transforms else np.zeros(count, np.int64), colours


@lru_cache(maxsize=1)
def _keys() -> tuple[IntArray, IntArray, IntArray]:
    """Return random 64-bit numbers for cells ``[30, 30]``, shapes ``[31, 31]`` and colours ``[10]``."""
    rng = np.random.default_rng(0xA2C)
    shapes = ((MAX_SIDE, MAX_SIDE), (MAX_SIDE + 1, MAX_SIDE + 1), (COLOURS,))
    cells, sizes, colours = (rng.integers(0, 2**64, shape, np.uint64) for shape in shapes)
    return cells, sizes, colours


def _colour_sums(task: Task) -> IntArray:
    """Return sums ``[pairs, 2, 8, 11]`` from which the hash of a pair in any variant follows without creating its grids.

    For each pair, its input or output, and each transform: the sums of the keys of the cells of each colour, then the key
    of the shape.
    """
    pairs = task.train + task.test
    sums = np.zeros((len(pairs), 2, len(TRANSFORMS), COLOURS + 1), np.uint64)
    for row, pair in zip(sums, pairs, strict=True):
        for side, grid in zip(row, (pair.input, pair.output), strict=True):
            if grid is not None:
                _sum_cells(grid, side)
    return sums


def _sum_cells(grid: Grid, sums: IntArray) -> None:
    cells, sizes, _ = _keys()
    for row, transform in zip(sums, TRANSFORMS, strict=True):
        moved = transform(grid)
        rows, columns = moved.shape
        np.add.at(row, moved.ravel(), cells[:rows, :columns].ravel())
        row[COLOURS] = sizes[rows, columns]


def _fingerprints(sums: IntArray, transforms: IntArray, colours: IntArray) -> IntArray:
    """Return a hash ``[n]`` of the grids of each variant that ignores the order of the pairs.

    The hash of a grid is the sum of ``key(cell) * key(colour)`` over its cells, modulo 2^64.
    """
    *_, keys = _keys()
    weights = np.concatenate([keys[colours], np.ones((len(colours), 1), np.uint64)], axis=1)  # [n, 11]
    grids = _scramble(np.einsum("psnc,nc->psn", sums[:, :, transforms], weights))
    return _scramble(grids[:, 0] * np.uint64(3) + grids[:, 1]).sum(0)


def _scramble(values: IntArray) -> IntArray:
    """Mix the bits of 64-bit numbers, so that their sums are good hashes (the finalizer of splitmix64)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
