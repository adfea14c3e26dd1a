"""Random mazes like those of Maze-Hard.

In the benchmark's mazes, cells are walls at random, and start and goal have a minimum distance. Its statistics (see
`MazeStyle.hard`) match a uniform draw from all such pairs. Drawing walls and two cells until they are far enough apart
would take about 40,000 attempts per maze. This module instead finds A, the cell farthest from a random cell. The start is
any cell far enough from A, and the goal any cell far enough from the start.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from trm.data import parts, progress
from trm.errors import UsageError
from trm_tasks_maze.grid import FREE, GOAL, MAX_SIDE, MIN_SIDE, START, WALL, BoolArray, IntArray
from trm_tasks_maze.labels import mark_paths
from trm_tasks_maze.search import breadth_first, farthest
from trm_tasks_maze.splits import Split, belongs, fingerprints

_BLOCK = 2048
"""Candidates drawn at a time. Changing this number changes every dataset, because it changes what a seed draws."""

_PATIENCE = 100
"""Number of consecutive blocks without a new maze after which the style counts as impossible or exhausted."""

_SAME_SIZE = 4
"""Consecutive mazes of the same size, if there are several sizes."""

_FEW = 0.05
"""Fraction of cells from which on `_thin` keeps every maze."""


@dataclass(frozen=True)
class MazeStyle:
    """The kind of mazes to generate.

    Attributes:
        height: number of rows, `MIN_SIDE` to `MAX_SIDE`.
        width: number of columns, within the same bounds.
        min_walls: minimum probability that a cell is a wall. Each maze draws a value between this and `max_walls`.
        max_walls: maximum probability that a cell is a wall.
        min_path: minimum number of moves from start to goal.
        min_share: generate mazes of several sizes if below 1 (default: 1). Each maze scales both sides by a factor between
            this and 1, lies at a random place in a grid of walls, and scales `min_path` by its number of cells.

    Raises:
        UsageError: a value is out of range.
    """

    height: int
    width: int
    min_walls: float
    max_walls: float
    min_path: int
    min_share: float = 1.0

    def __post_init__(self) -> None:
        for name, side in (("height", self.height), ("width", self.width)):
            if not MIN_SIDE <= side <= MAX_SIDE:
                raise UsageError(f"The {name} {side} is out of range: it must be {MIN_SIDE} to {MAX_SIDE} cells.")
        if not 0.0 <= self.min_walls <= self.max_walls < 1.0:
            raise UsageError(
                f"The wall density must satisfy 0 <= min_walls <= max_walls < 1, got {self.min_walls} to {self.max_walls}."
            )
        if self.min_path < 1:
            raise UsageError(f"The minimum path length must be at least 1 move, got {self.min_path}.")
        if not 0.0 < self.min_share <= 1.0:
            raise UsageError(f"min_share must be above 0 and at most 1, got {self.min_share}.")

    @classmethod
    def hard(cls) -> MazeStyle:
        """Return the style of Maze-Hard: 30 x 30, 28 to 45 % walls (median 37 %), at least 109 moves (median 112)."""
        return cls(height=30, width=30, min_walls=0.32, max_walls=0.43, min_path=109)


def generate(style: MazeStyle, split: Split, seed: int, count: int) -> tuple[IntArray, IntArray]:
    """Generate `count` distinct mazes and their labels, both `[count, H * W]`.

    The same arguments give the same mazes, and a smaller `count` gives the first of them. Splits are disjoint for any
    seeds (see `splits`).

    Raises:
        UsageError: the style allows no maze, or fewer distinct ones than requested.
    """
    inputs: list[IntArray] = []
    labels: list[IntArray] = []
    made = 0
    blocks = _blocks(style, split, seed)
    with progress(f"Making {split} mazes", count, "mazes") as advance:
        while made < count:
            block_inputs, block_labels, found = next(blocks)
            inputs.append(block_inputs)
            labels.append(block_labels)
            made += len(block_inputs)
            advance(len(block_inputs), found=found)
    shape = (0, style.height * style.width)
    empty = np.empty(shape, dtype=np.int32)
    return np.concatenate([empty, *inputs])[:count], np.concatenate([empty, *labels])[:count]


def stream(style: MazeStyle, split: Split, seed: int) -> Iterator[tuple[IntArray, IntArray]]:
    """Yield distinct mazes without end, as inputs and labels, both `[n, H * W]`. `n` varies and can be 0.

    Raises:
        UsageError: the style allows no maze, or no further one.
    """
    for mazes, labels, _ in _blocks(style, split, seed):
        yield mazes, labels


def _blocks(style: MazeStyle, split: Split, seed: int) -> Iterator[tuple[IntArray, IntArray, bool]]:
    """Yield what `stream` yields, and whether an earlier run made it."""

    def make(index: int) -> dict[str, IntArray]:
        rng = np.random.default_rng(np.random.SeedSequence([seed, 1 if split == "test" else 0, index]))
        block = _block(style, split, rng) if style.min_share == 1 else _of_one_size(style, split, rng)
        return dict(zip(("mazes", "labels", "prints"), block, strict=True))

    seen: set[int] = set()
    in_vain = 0
    for part in parts("blocks", make):
        mazes, labels, prints = (part.arrays[name] for name in ("mazes", "labels", "prints"))
        fresh = []
        for row, key in enumerate(prints.tolist()):
            if key not in seen:
                seen.add(key)
                fresh.append(row)
        in_vain = 0 if fresh else in_vain + 1
        if in_vain == _PATIENCE:
            raise UsageError(_exhausted(style, len(seen)))
        yield mazes[fresh], labels[fresh], part.found


def _of_one_size(style: MazeStyle, split: Split, rng: np.random.Generator) -> tuple[IntArray, IntArray, IntArray]:
    """Generate a few mazes of one size, for a style of several sizes; all sizes are then about equally frequent."""
    share = rng.uniform(style.min_share, 1.0)
    height, width = max(round(style.height * share), MIN_SIDE), max(round(style.width * share), MIN_SIDE)
    least = max(round(style.min_path * share**2), 1)
    smaller = replace(style, height=height, width=width, min_path=least, min_share=1.0)
    mazes, labels, prints = (part[:_SAME_SIZE] for part in _block(smaller, split, rng))
    top, left = (int(rng.integers(room + 1)) for room in (style.height - height, style.width - width))
    around = ((0, 0), (top, style.height - height - top), (left, style.width - width - left))

    def placed(grids: IntArray) -> IntArray:
        cells = style.height * style.width
        return np.pad(grids.reshape(-1, height, width), around, constant_values=WALL).reshape(-1, cells)

    return placed(mazes), placed(labels), prints


def _block(style: MazeStyle, split: Split, rng: np.random.Generator) -> tuple[IntArray, IntArray, IntArray]:
    """Return the mazes among one block of candidates: inputs and labels `[n, H * W]`, and fingerprints `[n]`."""
    density = rng.uniform(style.min_walls, style.max_walls, _BLOCK).astype(np.float32)
    walls = rng.random((_BLOCK, style.height, style.width), dtype=np.float32) < density[:, None, None]
    prints = fingerprints(walls)
    ours = belongs(prints, split)
    passable, prints = ~walls[ours], prints[ours]

    radius, ends = farthest(passable, _pick(_flat(passable), rng))
    near = 2 * radius >= style.min_path  # no two cells are farther apart than twice the radius
    passable, prints, ends = passable[near], prints[near], ends[near]
    diameter, _ = farthest(passable, ends)
    wide = diameter >= style.min_path
    passable, prints, ends = passable[wide], prints[wide], ends[wide]

    may_start = breadth_first(passable, ends).distances >= style.min_path
    starts = _pick(may_start, rng)
    search = breadth_first(passable, starts)
    may_end = search.distances >= style.min_path
    goals = _pick(may_end, rng)
    mazes = np.where(_flat(passable), FREE, WALL).astype(np.int32)
    index = np.arange(len(mazes))
    mazes[index, starts] = START
    mazes[index, goals] = GOAL
    labels = mark_paths(mazes, goals, search.parents)
    kept = _thin(may_start.sum(axis=1), may_end.sum(axis=1), style, rng)
    return mazes[kept], labels[kept], prints[kept]


def _thin(starts: IntArray, goals: IntArray, style: MazeStyle, rng: np.random.Generator) -> BoolArray:
    """Keep a maze with a probability proportional to its number of far pairs, as in a uniform draw of pairs.

    A maze is always kept if 5 % of its cells can be the start and 5 % the goal. A higher threshold hardly changes the
    statistics and takes more time.
    """
    enough = (_FEW * style.height * style.width) ** 2
    kept: BoolArray = rng.random(len(starts)) * enough < starts * goals
    return kept


def _flat(grids: BoolArray) -> BoolArray:
    return grids.reshape(len(grids), grids.shape[1] * grids.shape[2])


def _pick(allowed: BoolArray, rng: np.random.Generator) -> IntArray:
    """Pick a random cell `[N]` among the allowed cells `[N, L]` of each grid; 0 if none is allowed."""
    ranks = (rng.random(len(allowed)) * allowed.sum(axis=1)).astype(np.int32)
    picked: IntArray = (allowed.cumsum(axis=1, dtype=np.int32) > ranks[:, None]).argmax(axis=1)
    return picked


def _exhausted(style: MazeStyle, found: int) -> str:
    wanted = (
        f"{style.height} x {style.width} mazes with {style.min_walls:.0%} to {style.max_walls:.0%} walls and "
        f"at least {style.min_path} moves"
    )
    if found:
        return f"Found only {found} distinct {wanted}. Request fewer, or shorter paths."
    return f"Found no {wanted} in {_PATIENCE * _BLOCK:,} attempts. Request shorter paths or another wall density."
