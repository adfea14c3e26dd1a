"""Sudoku puzzles with exactly one solution, in whatever number is wanted.

Puzzle `index` of a (size, style, split, seed) comes from a random stream of its own, so a shorter data set is the beginning of a
longer one. `splits.assign_split` decides which split a puzzle may be in; those of another split are passed over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from trm.errors import UsageError, nearest
from trm_tasks_sudoku.climb import climbed_puzzles
from trm_tasks_sudoku.dig import Grids, Streams, dug_puzzles, filled_grids
from trm_tasks_sudoku.geometry import geometry
from trm_tasks_sudoku.solver import rate
from trm_tasks_sudoku.splits import SPLITS, assign_split

Counts = npt.NDArray[np.int32]
Style = Literal["plain", "minimal", "hard"]
STYLES: tuple[Style, ...] = get_args(Style)

# What a plain puzzle has at most if nothing else is asked for: easy up to 9; for 16 and 25, what can be dug in milliseconds.
DEFAULT_CLUES = {4: 8, 6: 16, 9: 32, 16: 128, 25: 400}
_FEWEST_CLUES = {4: 4, 6: 8, 9: 17, 16: 55, 25: 151}  # 4, 6, 9: proven; 16, 25: the fewest known

_BLOCK, _CLIMB_BLOCK = 256, 32  # streams taken at a time
_IDLE_STREAMS = 20_000  # so many streams without a puzzle: there are no more, or hardly any


@dataclass(frozen=True)
class PuzzleBatch:
    """N different puzzles, each with its only solution.

    `puzzles` and `solutions` [N, L] hold digits, 0 for an empty cell; `clues` [N] counts the cells that are given, `backtracks` [N]
    the guesses that the solver gives up (see `solver.rate`).
    """

    puzzles: Grids
    solutions: Grids
    clues: Counts
    backtracks: Counts

    def __len__(self) -> int:
        return len(self.puzzles)


def generate(
    count: int,
    size: int = 9,
    *,
    seed: int = 0,
    split: str = "train",
    style: Style = "plain",
    clues: int | range | None = None,
    min_backtracks: int = 0,
    progress: Callable[[int], None] | None = None,
) -> PuzzleBatch:
    """Makes `count` puzzles of one split, no two of them the same.

    "plain" removes clues at random down to `clues`: a number, a range to draw it from, or DEFAULT_CLUES of the size.
    "minimal" goes on until none can be removed; "hard" (9x9 only) exchanges clues of minimal puzzles for what takes the
    solver more backtracks, or for fewer clues (`climb`). Only puzzles of at least `min_backtracks` are kept.
    `progress` is told from time to time how many puzzles there are.
    Raises UsageError for arguments out of range, and where puzzles of the wanted kind come up too rarely.
    """
    _check(count, split, style, size)
    lowest, highest = _clue_range(size, clues, style)
    target = range(lowest, highest + 1) if style == "plain" else range(1)  # where digging stops
    key = (size, STYLES.index(style), SPLITS.index(split))
    kept: dict[bytes, tuple[Grids, Grids, int]] = {}
    start = idle = 0
    size_of_block = _CLIMB_BLOCK if style == "hard" else _BLOCK
    while len(kept) < count:
        block = _streams(seed, key, start, size_of_block)
        before = len(kept)
        if style == "hard":
            puzzles, solutions = _climbed_of_split(size, split, block)
        else:
            puzzles, solutions = _of_split(size, split, block, target)
        backtracks = rate(puzzles)[1]
        wanted = ((puzzles > 0).sum(axis=1) <= highest) & (backtracks >= min_backtracks)
        for index in np.flatnonzero(wanted):
            kept.setdefault(puzzles[index].tobytes(), (puzzles[index], solutions[index], int(backtracks[index])))
        start += size_of_block
        idle = 0 if len(kept) > before else idle + size_of_block
        if idle >= _IDLE_STREAMS:
            raise UsageError(_too_rare(size, style, split, highest, min_backtracks, len(kept)))
        if progress is not None:
            progress(min(len(kept), count))
    return _batch(list(kept.values())[:count], size)


def _of_split(size: int, split: str, block: Streams, target: range) -> tuple[Grids, Grids]:
    """The puzzles and solutions that come of a block of streams, but for those of other splits."""
    solutions, block = filled_grids(size, block)
    wanted = SPLITS.index(split)
    if size >= 9:  # there the solution decides, and needn't be dug for
        mine = assign_split(solutions, solutions) == wanted
        return dug_puzzles(size, solutions[mine], block[mine], target), solutions[mine]
    puzzles = dug_puzzles(size, solutions, block, target)
    mine = assign_split(puzzles, solutions) == wanted
    return puzzles[mine], solutions[mine]


def _climbed_of_split(size: int, split: str, block: Streams) -> tuple[Grids, Grids]:
    """Hard puzzles and their solutions; a climb changes the solution, so the split is known only after it."""
    solutions, block = filled_grids(size, block)
    starts = dug_puzzles(size, solutions, block, range(1))
    puzzles, solutions = climbed_puzzles(size, starts, solutions, block)
    mine = assign_split(puzzles, solutions) == SPLITS.index(split)
    return puzzles[mine], solutions[mine]


def _streams(seed: int, key: tuple[int, ...], start: int, count: int) -> Streams:
    """Random streams [count, 1] number `start` and following of a seed and key."""
    sequences = (np.random.SeedSequence(seed, spawn_key=(*key, index)) for index in range(start, start + count))
    return np.array([sequence.generate_state(1, np.uint64) for sequence in sequences])


def _batch(kept: list[tuple[Grids, Grids, int]], size: int) -> PuzzleBatch:
    cells = size * size
    puzzles = np.array([puzzle for puzzle, _, _ in kept], np.uint8).reshape(-1, cells)
    solutions = np.array([solution for _, solution, _ in kept], np.uint8).reshape(-1, cells)
    backtracks = np.array([backtracks for _, _, backtracks in kept], np.int32)
    return PuzzleBatch(puzzles, solutions, (puzzles > 0).sum(axis=1, dtype=np.int32), backtracks)


def _check(count: int, split: str, style: str, size: int) -> None:
    if count < 0:
        raise UsageError(f"The number of puzzles can't be {count}.")
    if split not in SPLITS:
        raise UsageError(f"There is no split {split!r}. {nearest(split, SPLITS)}")
    if style not in STYLES:
        raise UsageError(f"There is no style {style!r} of Sudoku puzzles. {nearest(style, STYLES)}")
    if style == "hard" and size != 9:
        raise UsageError(f"Hard Sudoku puzzles are made at size 9 only, not {size}.")


def _clue_range(size: int, clues: int | range | None, style: Style) -> tuple[int, int]:
    """The least and the most clues that are asked for."""
    cells = geometry(size).cells
    if clues is None and style != "plain":
        return 0, cells
    wanted = DEFAULT_CLUES[size] if clues is None else clues
    lowest, highest = (wanted, wanted) if isinstance(wanted, int) else (min(wanted), max(wanted))
    fewest = _FEWEST_CLUES[size]
    if lowest < fewest or highest >= cells:
        asked = f"{lowest}" if lowest == highest else f"{lowest} to {highest}"
        raise UsageError(
            f"There is no {size}x{size} Sudoku of {asked} clues to be made: a single solution takes at least {fewest}, "
            f"and {cells - 1} leave one empty cell. Set task.clues to a number between, or choose a preset of that size."
        )
    return lowest, highest


def _too_rare(size: int, style: str, split: str, highest: int, min_backtracks: int, found: int) -> str:
    kind = f"{style} {size}x{size} puzzles of at most {highest} clues"
    if min_backtracks:
        kind += f" and at least {min_backtracks} backtracks"
    return (
        f"Only {found} different {kind} came up for the {split} split, and then none in {_IDLE_STREAMS:,} tries. "
        "Ask for fewer, or for more clues or fewer backtracks."
    )
