"""Generating Sudoku puzzles with exactly one solution.

Each puzzle of a (size, style, split, seed) has its own random stream, so a smaller dataset is a prefix of a larger one.
`splits.assign_split` decides which split a puzzle belongs to; puzzles of other splits are discarded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from trm.data import parts, progress
from trm.errors import UsageError, nearest
from trm_tasks_sudoku.climb import climbed_puzzles
from trm_tasks_sudoku.dig import Grids, Streams, dug_puzzles, filled_grids
from trm_tasks_sudoku.geometry import geometry
from trm_tasks_sudoku.solver import rate
from trm_tasks_sudoku.splits import SPLITS, assign_split

Arrays = dict[str, npt.NDArray[Any]]
Counts = npt.NDArray[np.int32]
Style = Literal["plain", "minimal", "hard"]
STYLES: tuple[Style, ...] = get_args(Style)

# Default maximum for a plain puzzle: easy up to 9x9; for 16 and 25, what digging reaches within milliseconds.
DEFAULT_CLUES = {4: 8, 6: 16, 9: 32, 16: 128, 25: 400}
_FEWEST_CLUES = {4: 4, 6: 8, 9: 17, 16: 55, 25: 151}  # 4, 6, 9: proven; 16, 25: the fewest known

_BLOCK, _CLIMB_BLOCK = 256, 32  # streams processed at a time
_IDLE_STREAMS = 20_000  # give up after this many streams without a new puzzle


@dataclass(frozen=True)
class PuzzleBatch:
    """N different puzzles, each with its only solution.

    Attributes:
        puzzles: digits [N, L], 0 for an empty cell.
        solutions: digits [N, L].
        clues: number of given cells [N].
        backtracks: number of guesses that the solver gives up [N]; see `solver.rate`.
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
) -> PuzzleBatch:
    """Generate puzzles of one split, all different.

    Args:
        count: number of puzzles.
        size: rows of the grid: 4, 6, 9, 16 or 25.
        seed: seed of the random streams.
        split: "train", "validation" or "test".
        style: "plain" removes random clues until `clues` are left. "minimal" removes clues until none can be removed.
            "hard" (9x9 only) exchanges clues of minimal puzzles for ones that cost the solver more backtracks, or for
            fewer clues; see `climb`.
        clues: number of clues of a plain puzzle, or a range to draw it from; for other styles, the most clues. Default:
            `DEFAULT_CLUES` of the size for plain puzzles, no limit for others.
        min_backtracks: discard puzzles that the solver rates lower.

    Raises:
        UsageError: an argument is out of range, or such puzzles are too rare.
    """
    _check(count, split, style, size)
    lowest, highest = _clue_range(size, clues, style)
    target = range(lowest, highest + 1) if style == "plain" else range(1)  # number of clues at which digging stops
    key = (size, STYLES.index(style), SPLITS.index(split))
    size_of_block = _CLIMB_BLOCK if style == "hard" else _BLOCK

    def block(number: int) -> Arrays:
        streams = _streams(seed, key, number * size_of_block, size_of_block)
        if style == "hard":
            puzzles, solutions = _climbed_of_split(size, split, streams)
        else:
            puzzles, solutions = _of_split(size, split, streams, target)
        return {"puzzles": puzzles, "solutions": solutions, "backtracks": rate(puzzles)[1]}

    kept: dict[bytes, tuple[Grids, Grids, int]] = {}
    idle = 0
    blocks = parts("blocks", block)
    with progress(f"Making {split} puzzles", count) as advance:
        while len(kept) < count:
            before, part = len(kept), next(blocks)
            puzzles, solutions, backtracks = (part.arrays[name] for name in ("puzzles", "solutions", "backtracks"))
            wanted = ((puzzles > 0).sum(axis=1) <= highest) & (backtracks >= min_backtracks)
            for index in np.flatnonzero(wanted):
                kept.setdefault(puzzles[index].tobytes(), (puzzles[index], solutions[index], int(backtracks[index])))
            advance(len(kept) - before, found=part.found)
            idle = 0 if len(kept) > before else idle + size_of_block
            if idle >= _IDLE_STREAMS:
                raise UsageError(_too_rare(size, style, split, highest, min_backtracks, len(kept)))
    return _batch(list(kept.values())[:count], size)


def _of_split(size: int, split: str, block: Streams, target: range) -> tuple[Grids, Grids]:
    """The puzzles and solutions of a block of streams that belong to a split."""
    solutions, block = filled_grids(size, block)
    wanted = SPLITS.index(split)
    if size >= 9:  # the solution decides, so only its puzzles need to be dug
        mine = assign_split(solutions, solutions) == wanted
        return dug_puzzles(size, solutions[mine], block[mine], target), solutions[mine]
    puzzles = dug_puzzles(size, solutions, block, target)
    mine = assign_split(puzzles, solutions) == wanted
    return puzzles[mine], solutions[mine]


def _climbed_of_split(size: int, split: str, block: Streams) -> tuple[Grids, Grids]:
    """The hard puzzles of a split, with their solutions.

    A climb changes the solution, so the split is known only after it.
    """
    solutions, block = filled_grids(size, block)
    starts = dug_puzzles(size, solutions, block, range(1))
    puzzles, solutions = climbed_puzzles(size, starts, solutions, block)
    mine = assign_split(puzzles, solutions) == SPLITS.index(split)
    return puzzles[mine], solutions[mine]


def _streams(seed: int, key: tuple[int, ...], start: int, count: int) -> Streams:
    """The random streams [count, 1] of a seed and key, from number `start` on."""
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
        raise UsageError(f"The number of puzzles is {count}: expected at least 0.")
    if split not in SPLITS:
        raise UsageError(f"Unknown split {split!r}. {nearest(split, SPLITS)}")
    if style not in STYLES:
        raise UsageError(f"Unknown style {style!r} of Sudoku puzzles. {nearest(style, STYLES)}")
    if style == "hard" and size != 9:
        raise UsageError(f"Hard Sudoku puzzles are available at size 9 only, not {size}.")


def _clue_range(size: int, clues: int | range | None, style: Style) -> tuple[int, int]:
    """The lowest and highest number of clues.

    Raises:
        UsageError: no puzzle has that many.
    """
    cells = geometry(size).cells
    if clues is None and style != "plain":
        return 0, cells
    wanted = DEFAULT_CLUES[size] if clues is None else clues
    lowest, highest = (wanted, wanted) if isinstance(wanted, int) else (min(wanted), max(wanted))
    fewest = _FEWEST_CLUES[size]
    if lowest < fewest or highest >= cells:
        asked = f"{lowest}" if lowest == highest else f"{lowest} to {highest}"
        raise UsageError(
            f"A {size}x{size} Sudoku cannot have {asked} clues: a unique solution needs at least {fewest}, and at most "
            f"{cells - 1} leave an empty cell. Set task.clues to a number in this range, or choose a preset of this size."
        )
    return lowest, highest


def _too_rare(size: int, style: str, split: str, highest: int, min_backtracks: int, found: int) -> str:
    kind = f"{style} {size}x{size} puzzles of at most {highest} clues"
    if min_backtracks:
        kind += f" and at least {min_backtracks} backtracks"
    return (
        f"Found only {found} different {kind} for the {split} split; {_IDLE_STREAMS:,} further attempts found none. "
        "Request fewer puzzles, more clues or fewer backtracks."
    )
