"""The rules: which answers are right, and whether a puzzle has exactly one."""

from __future__ import annotations

import numpy as np

from trm.data import IntArray
from trm.evaluation import ValidAnswers

from .propagation import COUNTS, Boards, deduce
from .puzzle import Puzzle, puzzle_of
from .task import Config, describe

AT_ONCE = 64  # boards of a search that are taken up at a time
MOST_BOARDS = 20_000  # a search that takes longer is given up


class Valid(ValidAnswers):
    """The share of answers that break no rule."""

    def is_valid(self, inputs: IntArray, answer: IntArray) -> bool:
        return check(inputs, answer, self.config) is None


def check(row: IntArray, answer: IntArray, config: Config) -> str | None:
    """Return what is wrong with an answer, in one sentence; None if it is right."""
    puzzle = puzzle_of(row, describe(config))
    size = puzzle.size
    digits = np.asarray(answer[: size**2]).reshape(size, size)
    for problem, wrong in (
        ("is empty", digits == 0),
        (f"has a digit above {size}", digits > size),
        ("does not have its given digit", (puzzle.givens > 0) & (puzzle.givens != digits)),
    ):
        if wrong.any():
            return f"{_name(np.argwhere(wrong)[0])} {problem}."
    return violated(Puzzle(digits, puzzle.across, puzzle.down))


def violated(puzzle: Puzzle) -> str | None:
    """Return a rule that the digits of a puzzle break, in one sentence; None if there is none. Empty cells don't count."""
    for kind, lines in (("Row", puzzle.givens), ("Column", puzzle.givens.T)):
        for number, line in enumerate(lines, start=1):
            counts = np.bincount(line[line > 0], minlength=1)
            if counts.max() > 1:
                return f"{kind} {number} has more than one {counts.argmax()}."
    flat = puzzle.givens.ravel()
    for low, high in puzzle.pairs():
        if flat[low] and flat[high] and flat[low] > flat[high]:
            names = [_name(np.array(divmod(cell, puzzle.size))) for cell in (low, high)]
            return f"{names[0]} has {flat[low]}, which is not less than the {flat[high]} in {names[1].lower()}."
    return None


def solvable(row: IntArray, config: Config) -> str | None:
    """Return why a puzzle does not have exactly one solution; None if it does, or if a long search does not tell."""
    puzzle = puzzle_of(row, describe(config))
    if problem := violated(puzzle):
        return problem
    count = len(solutions(puzzle))
    if count == 1:
        return None
    return "The puzzle has more than one solution." if count else "The puzzle has no solution."


def solutions(puzzle: Puzzle, most: int = 2) -> IntArray:
    """Return up to `most` solutions `[count, n, n]`. A search that takes too long returns one that may be none."""
    parts = (puzzle.givens, puzzle.across, puzzle.down)
    open_boards = deduce(Boards.of(*(part[None] for part in parts)))
    found = np.zeros((0, puzzle.size, puzzle.size), dtype=np.int64)
    seen = 0
    while len(open_boards.cells) and len(found) < most:
        boards, rest = _split(open_boards)
        seen += len(boards.cells)
        if seen > MOST_BOARDS:
            return found if len(found) else np.zeros((1, puzzle.size, puzzle.size), dtype=np.int64)
        boards = deduce(_branched(boards))
        alive = np.flatnonzero(~boards.contradictory)
        solved = (COUNTS[boards.cells[alive]] == 1).all(axis=(1, 2))
        digits = np.log2(boards.cells[alive[solved]]).astype(np.int64) + 1
        found = np.concatenate([found, digits])
        left = boards.only(alive[~solved])
        open_boards = Boards(*(np.concatenate(pair) for pair in zip(_parts(rest), _parts(left), strict=True)))
    return found[:most]


def _parts(boards: Boards) -> tuple[IntArray, IntArray, IntArray]:
    return boards.cells, boards.across, boards.down


def _split(boards: Boards) -> tuple[Boards, Boards]:
    """The last boards, which are the most advanced, and the others."""
    numbers = np.arange(len(boards.cells))
    return boards.only(numbers[-AT_ONCE:]), boards.only(numbers[:-AT_ONCE])


def _branched(boards: Boards) -> Boards:
    """Boards in which an unsettled cell with the fewest candidates has one of them, for each candidate."""
    flat = boards.cells.reshape(len(boards.cells), -1)
    counts = COUNTS[flat]
    cell = np.where(counts > 1, counts, COUNTS.max() + 1).argmin(axis=1)
    chosen = flat[np.arange(len(flat)), cell]
    numbers, digits = np.nonzero(chosen[:, None] >> np.arange(boards.cells.shape[1]) & 1)
    branched = boards.only(numbers)
    branched.cells.reshape(len(numbers), -1)[np.arange(len(numbers)), cell[numbers]] = 1 << digits
    return branched


def _name(cell: IntArray) -> str:
    return f"Row {cell[0] + 1}, column {cell[1] + 1}"
