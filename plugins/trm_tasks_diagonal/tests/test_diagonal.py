"""The conformance kit, and the rules that it cannot know."""

from __future__ import annotations

import numpy as np
import pytest

from trm.errors import PuzzleError
from trm.testing import parametrize_with_checks
from trm_tasks_diagonal import squares
from trm_tasks_diagonal.task import TOKENS, Config, build, check, format_tokens, parse, solvable

SMALL = Config(train_puzzles=60, test_puzzles=30)


@parametrize_with_checks("diagonal")
def test_conformance(check):
    check()


def count_by_search(puzzle, limit=2):
    """Count the solutions of a puzzle by trying digits, without any list of squares."""
    empty = [cell for cell in range(squares.CELLS) if not puzzle[cell]]
    if not empty:
        return 1
    peers = {cell: {int(o) for line in squares.LINES if cell in line for o in line} - {cell} for cell in empty}
    options = {cell: set(range(1, 7)) - {int(puzzle[other]) for other in peers[cell]} for cell in empty}
    cell = min(empty, key=lambda cell: len(options[cell]))
    found = 0
    for digit in options[cell]:
        found += count_by_search([*puzzle[:cell], digit, *puzzle[cell + 1 :]], limit - found)
        if found >= limit:
            break
    return found


def test_there_are_128_squares_in_two_classes():
    """The known counts: 92,160 squares of order 6 (OEIS A274806), of two kinds (A287764)."""
    assert len(squares.squares()) * 720 == 92160
    assert sorted(np.bincount(squares.classes())[np.unique(squares.classes())].tolist()) == [32, 96]
    assert (np.sort(squares.squares()[:, squares.LINES], axis=2) == np.arange(1, 7)).all()


def test_a_symmetry_maps_lines_to_lines():
    lines = {frozenset(line) for line in squares.LINES[:12].tolist()}
    diagonals = {frozenset(line) for line in squares.LINES[12:].tolist()}
    assert len(np.unique(squares.symmetries(), axis=0)) == 192
    for order in squares.symmetries()[::7]:
        assert {frozenset(line) for line in order[squares.LINES[:12]].tolist()} == lines
        assert {frozenset(line) for line in order[squares.LINES[12:]].tolist()} == diagonals


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_puzzle_has_one_solution_and_the_wanted_givens(split):
    puzzles = build(SMALL, split, seed=3)
    for puzzle, answer in zip(puzzles.inputs[:12], puzzles.labels, strict=False):
        assert count_by_search(puzzle.tolist()) == 1
        assert check(puzzle, answer, SMALL) is None
    assert ((puzzles.inputs > 0).sum(axis=1) >= SMALL.givens).all()


def test_solvable_counts_solutions_as_a_search_does():
    puzzles, rng = build(SMALL, "train", seed=1).inputs, np.random.default_rng(0)
    for puzzle in puzzles[:12]:
        puzzle[rng.choice(np.flatnonzero(puzzle))] = 0
        assert (solvable(puzzle, SMALL) is None) == (count_by_search(puzzle.tolist()) == 1)


def test_a_clash_of_givens_is_named():
    puzzle = np.zeros(squares.CELLS, dtype=int)
    puzzle[[0, 35]] = 4
    assert solvable(puzzle, SMALL) == "The diagonal from the top left has more than one 4."
    puzzle[35] = 0
    assert solvable(puzzle, SMALL) == "The square has more than one solution."


def test_text_is_read_in_any_layout():
    puzzle = build(SMALL, "test", seed=0).inputs[0]
    text = format_tokens(puzzle, SMALL)
    rows = "\n".join(" ".join(text[start : start + 6]) for start in range(0, 36, 6))
    for layout in (text, rows, rows.replace(".", "0"), rows.replace(".", "_")):
        assert (parse(layout, SMALL)[0] == puzzle).all()
    with pytest.raises(PuzzleError, match="Cell 3 is '7'"):
        parse(text[:2] + "7" + text[3:], SMALL)
    with pytest.raises(PuzzleError, match="35 cells"):
        parse(text[:-1], SMALL)
    assert set(text) <= set(TOKENS)
