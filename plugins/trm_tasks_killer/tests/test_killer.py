"""The conformance kit, and the rules that it cannot know."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trm.testing import parametrize_with_checks
from trm_tasks_killer.board import KillerGrid
from trm_tasks_killer.dataset import build
from trm_tasks_killer.generator import filled_grid, random_cages, random_puzzle
from trm_tasks_killer.geometry import BOX_ROWS, geometry, split_of, symmetry_keys
from trm_tasks_killer.puzzle import Puzzle, mistake, problem
from trm_tasks_killer.search import solve
from trm_tasks_killer.task import Config, check, puzzle_of, row_of, solvable

SIZES = tuple(BOX_ROWS)


@parametrize_with_checks("killer")
def test_conformance(check):
    check()


def made(size, seed=0, largest=4):
    """A puzzle and its answer."""
    rng = np.random.default_rng(seed)
    answer = filled_grid(rng, size)
    return random_puzzle(rng, answer, largest), answer


def count_by_trying(puzzle, limit=2):
    """Count the solutions by trying every digit in every cell in turn, without bit masks or a table of sums."""
    units, size = puzzle.geometry.units, puzzle.geometry.size
    digits = puzzle.givens.copy()

    def fits(cell):
        peers = (units == units[cell]).any(axis=1) | (puzzle.cages == puzzle.cages[cell])
        peers[cell] = False
        cage = digits[puzzle.cages == puzzle.cages[cell]]
        empty = (cage == 0).sum()
        left = puzzle.sums[puzzle.cages[cell]] - cage.sum()
        return not (digits[peers] == digits[cell]).any() and (empty <= left <= empty * size if empty else left == 0)

    def count(cell):
        if cell == len(digits):
            return 1
        if puzzle.givens[cell]:
            return count(cell + 1) if fits(cell) else 0
        total = 0
        for digit in range(1, size + 1):
            digits[cell] = digit
            if fits(cell) and (total := total + count(cell + 1)) >= limit:
                break
        digits[cell] = 0
        return total

    return count(0)


@pytest.mark.parametrize(("size", "seed"), [(4, 0), (4, 1), (4, 2), (6, 0), (6, 1)])
def test_a_puzzle_has_one_solution(size, seed):
    puzzle, answer = made(size, seed)
    assert count_by_trying(puzzle) == 1
    assert (solve(puzzle.givens, puzzle.cages, puzzle.sums)[0] == answer).all()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4, 12))
def test_larger_puzzles_have_one_solution(seed):
    puzzle, answer = made(6, seed)
    assert count_by_trying(puzzle) == 1
    puzzle, answer = made(9, seed, largest=5)
    assert problem(puzzle) is None
    assert (solve(puzzle.givens, puzzle.cages, puzzle.sums)[0] == answer).all()


@pytest.mark.parametrize("seed", range(6))
def test_the_search_counts_as_trying_does(seed):
    puzzle, _ = made(4, seed)
    rng = np.random.default_rng(seed)
    for cell in rng.permutation(np.flatnonzero(puzzle.givens)):
        puzzle.givens[cell] = rng.integers(3)
        found, _ = solve(puzzle.givens, puzzle.cages, puzzle.sums, limit=300)
        assert len(found) == len(np.unique(found, axis=0)) == count_by_trying(puzzle, limit=300)


@pytest.mark.parametrize("size", SIZES)
def test_cages_are_connected_and_numbered_by_their_first_cells(size):
    rng = np.random.default_rng(size)
    answer = filled_grid(rng, size)
    cages = random_cages(rng, answer, largest=4)
    firsts = [np.flatnonzero(cages == cage)[0] for cage in range(cages.max() + 1)]
    assert firsts == sorted(firsts)
    for cage in range(cages.max() + 1):
        cells = np.flatnonzero(cages == cage)
        assert 1 <= len(cells) <= 4
        assert len(set(answer[cells])) == len(cells)
        reached = {cells[0]}
        for _ in cells:
            reached |= {cell for cell in cells if reached & set(geometry(size).beside[cell])}
        assert reached == set(cells)


def test_an_answer_is_judged_by_each_rule():
    puzzle, answer = made(6)
    free = np.zeros(36, np.int64)
    assert mistake(puzzle, answer) is None
    changed = answer.copy()
    changed[7] = 0
    assert mistake(puzzle, changed) == "Row 2, column 2 has no digit."
    shown = puzzle._replace(givens=np.where(np.arange(36) == 8, answer, 0))
    wrong = answer[8] % 6 + 1
    assert (
        mistake(shown, np.where(np.arange(36) == 8, wrong, answer))
        == f"Row 2, column 3 is {wrong}, but {answer[8]} is given."
    )
    exchanged = np.where(np.arange(36) < 6, np.roll(answer, 6), answer)
    assert "Column" in mistake(puzzle._replace(givens=free), exchanged)
    alone = Puzzle(free, np.arange(36), answer + (np.arange(36) == 20))
    assert mistake(alone, answer) == (
        f"The cage with the sum {answer[20] + 1} at row 4, column 3 has digits with the sum {answer[20]}."
    )
    pair = Puzzle(free, np.zeros(36, np.int64), np.array([126]))
    assert "has more than one" in mistake(pair, answer)


def test_a_rule_of_boxes_is_not_forgotten():
    digits = np.array([np.roll(np.arange(1, 5), shift) for shift in range(4)]).ravel()
    assert mistake(Puzzle(0 * digits, np.arange(16), digits), digits) == "Box 1 has more than one 1."


def test_a_puzzle_is_judged():
    puzzle, answer = made(6)
    row = row_of(puzzle, Config())
    assert solvable(row, Config()) is None
    assert check(row, answer, Config()) is None
    assert (
        problem(Puzzle(0 * answer, geometry(6).units[:, 0], np.full(6, 21))) == "The puzzle has more than one solution."
    )
    other = (
        puzzle.sums
        + np.where(np.arange(len(puzzle.sums)) == 0, 1, 0)
        - np.where(np.arange(len(puzzle.sums)) == 1, 1, 0)
    )
    assert (problem(puzzle._replace(sums=other)) is None) == (count_by_trying(puzzle._replace(sums=other)) == 1)
    twice = puzzle._replace(givens=np.where(np.arange(36) < 2, 3, 0))
    assert problem(twice) == "Row 1 has more than one 3."


def images(grid, rng):
    """A random symmetric image of a filled grid [n * n]."""
    size = round(len(grid) ** 0.5)
    rows = BOX_ROWS[size]
    square = grid.reshape(size, size)
    if rng.random() < 0.5:
        square = size + 1 - square
    if rows**2 == size and rng.random() < 0.5:
        square = square.T
    for height in (rows, size // rows):
        bands = np.arange(size).reshape(-1, height)
        square = square[rng.permuted(rng.permutation(bands), axis=1).ravel()].T
    return square.ravel()


@given(st.sampled_from(SIZES), st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_symmetric_images_of_an_answer_have_one_key(size, seed):
    rng = np.random.default_rng(seed)
    grid = filled_grid(rng, size)
    keys = symmetry_keys(np.array([grid, images(grid, rng), images(grid, rng)]))
    assert len(set(keys.tolist())) == 1


@pytest.mark.parametrize("size", SIZES)
def test_no_answer_is_in_two_splits(size):
    config = Config(size=size, train_puzzles=20, validation_puzzles=20, test_puzzles=20)
    for split in ("train", "validation", "test"):
        puzzles = build(config, split, seed=1)
        assert {split_of(int(key)) for key in symmetry_keys(puzzles.labels)} == {split}
        rows = [puzzle_of(row, config) for row in puzzles.inputs]
        assert all(mistake(puzzle, answer) is None for puzzle, answer in zip(rows, puzzles.labels, strict=True))


def test_a_smaller_set_is_the_beginning_of_a_larger_one():
    few, more = (build(Config(test_puzzles=count), "test", seed=2) for count in (30, 110))
    assert (few.inputs == more.inputs[:30]).all()
    assert len(np.unique(more.inputs, axis=0)) == 110


def test_only_training_puzzles_have_extra_givens():
    config = Config(train_puzzles=100, test_puzzles=100, extra_givens=20)
    shown = {split: (build(config, split, seed=3).inputs[:, :36] > 0).sum(axis=1).mean() for split in ("train", "test")}
    assert shown["train"] > 8 > 4 > shown["test"]


def test_the_grid_shows_sums_and_marks_mistakes():
    puzzle, answer = made(9, largest=5)
    config = Config(size=9)
    text = KillerGrid(config).render(
        row_of(puzzle, config), answer, np.where(np.arange(81) == 40, answer % 9 + 1, answer)
    )
    lines = text.plain.splitlines()
    assert len(lines) == 19
    assert {len(line) for line in lines} == {46}
    assert text.plain.count("!") == 1
    assert sorted(
        int(word) for line in lines[::2] for word in "".join(c if c.isdigit() else " " for c in line).split()
    ) == sorted(puzzle.sums)
