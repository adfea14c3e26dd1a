"""The conformance kit, the generator, the structure that the model is given, and the rules."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from pydantic import ValidationError

from trm.data import IGNORED
from trm.testing import parametrize_with_checks
from trm_tasks_futoshiki.propagation import COUNTS, Boards, deduce
from trm_tasks_futoshiki.puzzle import Puzzle, puzzle_of, row_of
from trm_tasks_futoshiki.renderer import SignsRenderer
from trm_tasks_futoshiki.rules import check, solutions, solvable
from trm_tasks_futoshiki.squares import images, keys, latin, signs_of
from trm_tasks_futoshiki.task import SPLITS, Config, build, describe, symmetry_class
from trm_tasks_futoshiki.text import parse

SMALL = Config(train_puzzles=40, test_puzzles=20)
MIXED = Config(size=6, smallest=4, train_puzzles=40, test_puzzles=20)


@parametrize_with_checks("futoshiki")
def test_conformance(check):
    check()


def count_by_search(puzzle: Puzzle, limit: int = 2) -> int:
    """Count solutions by trying digits cell by cell, without the plugin's deductions."""
    size, digits, found = puzzle.size, puzzle.givens.copy(), 0
    low_of, high_of = {}, {}
    for low, high in puzzle.pairs():
        high_of.setdefault(low, []).append(high)
        low_of.setdefault(high, []).append(low)

    def fits(cell, digit):
        row, column = divmod(cell, size)
        line = {*digits[row].tolist(), *digits[:, column].tolist()}
        flat = digits.ravel()
        return (
            digit not in line
            and all(not flat[other] or flat[other] > digit for other in high_of.get(cell, ()))
            and all(not flat[other] or flat[other] < digit for other in low_of.get(cell, ()))
        )

    def extend():
        nonlocal found
        empty = np.flatnonzero(digits.ravel() == 0)
        if not len(empty):
            found += 1
            return
        options = {cell: [d for d in range(1, size + 1) if fits(cell, d)] for cell in empty.tolist()}
        cell = min(options, key=lambda cell: len(options[cell]))
        for digit in options[cell]:
            digits[divmod(cell, size)] = digit
            extend()
            digits[divmod(cell, size)] = 0
            if found >= limit:
                return

    extend()
    return found


@pytest.mark.parametrize(("config", "split"), [(SMALL, "train"), (MIXED, "test")])
def test_a_puzzle_has_one_solution_and_no_clue_too_many(config, split):
    puzzles = build(config, split, seed=3)
    for row, label in zip(puzzles.inputs[:6], puzzles.labels, strict=False):
        puzzle = puzzle_of(row, describe(config))
        assert check(row, label, config) is None
        if puzzle.size > 5:
            continue  # the search takes long
        assert count_by_search(puzzle) == 1
        if puzzle.givens.any():  # at this size, deduction finds nearly all that can be removed
            fewer = puzzle.givens.copy()
            fewer[tuple(np.argwhere(fewer)[0])] = 0
            assert count_by_search(Puzzle(fewer, puzzle.across, puzzle.down)) == 2


def test_there_are_576_squares_of_order_4_and_all_are_drawn():
    drawn = latin(np.random.default_rng(0), 4, 8000)
    assert len(np.unique(drawn.reshape(len(drawn), -1), axis=0)) == 576
    assert (np.sort(drawn, axis=1) == np.arange(1, 5)[:, None]).all()
    assert (np.sort(drawn, axis=2) == np.arange(1, 5)).all()


def test_symmetric_squares_are_in_one_split():
    squares = latin(np.random.default_rng(1), 5, 20)
    for number, found in enumerate(images(squares)):
        assert len(np.unique(keys(found))) == 1
        assert keys(found)[0] == keys(squares)[number]


@pytest.mark.parametrize("config", [SMALL, Config(size=4, train_puzzles=40, test_puzzles=20)])
def test_no_solution_is_in_two_splits(config):
    classes = [set(symmetry_class(p.inputs, p.labels, config)) for p in (build(config, s, 0) for s in SPLITS)]
    assert not classes[0] & classes[1]
    assert not classes[0] & classes[2]
    assert not classes[1] & classes[2]


def test_a_shorter_dataset_is_the_start_of_a_longer_one():
    few, many = (build(Config(train_puzzles=count), "train", 0).inputs for count in (30, 60))
    assert np.array_equal(few, many[:30])


def test_extra_clues_are_added():
    more, none = (build(Config(extra=extra, train_puzzles=40), "train", 0) for extra in (20, 0))
    assert np.array_equal(more.labels, none.labels)
    sizes = [[len(puzzle_of(row, describe(SMALL)).pairs()) for row in data.inputs] for data in (more, none)]
    assert np.mean(sizes[0]) > np.mean(sizes[1]) + 2


def test_deduction_keeps_every_solution():
    """All Latin squares of order 4 that fit some signs, and what is left of each cell by deduction."""
    rng = np.random.default_rng(0)
    squares = np.unique(latin(rng, 4, 8000).reshape(-1, 16), axis=0).reshape(-1, 4, 4)
    for square in squares[:12]:
        across, down = (signs[0] * (rng.random(signs[0].shape) < 0.5) for signs in signs_of(square[None]))
        every = signs_of(squares)
        fits = ((every[0] == across) | (across == 0)).all(axis=(1, 2)) & ((every[1] == down) | (down == 0)).all(
            axis=(1, 2)
        )
        boards = deduce(Boards.of(np.zeros((1, 4, 4), dtype=int), across[None], down[None]))
        assert not boards.contradictory[0]
        assert ((boards.cells[0] & (1 << (squares[fits] - 1))) > 0).all()


def test_deduction_finds_a_contradiction():
    """Four cells in a row, each less than the next, leave no room for a 3 in the first one."""
    givens = np.zeros((1, 4, 4), dtype=int)
    across = np.zeros((1, 4, 3), dtype=int)
    across[0, 0] = 1
    boards = deduce(Boards.of(givens, across, np.zeros((1, 3, 4), dtype=int)))
    assert COUNTS[boards.cells[0, 0]].tolist() == [1, 1, 1, 1]
    givens[0, 0, 0] = 3
    assert deduce(Boards.of(givens, across, np.zeros((1, 3, 4), dtype=int))).contradictory[0]


def test_the_model_is_given_signs_lines_and_a_scale():
    (row,) = parse("....<./...v./...../...../...../...3.", Config())
    graph = describe(Config()).graph(row)
    assert graph.size == 30
    assert row[25:30].tolist() == [1, 2, 3, 4, 5]
    kinds = {(edge.type, edge.source, edge.target) for edge in graph.edges if max(edge.source, edge.target) < 25}
    assert {("more", 3, 4), ("less", 4, 3), ("more", 8, 3), ("less", 3, 8)} == kinds
    scale = {(e.source - 24, e.target - 24) for e in graph.edges if e.type == "more" and e.source >= 25}
    assert scale == {pair for pair in permutations(range(1, 6), 2) if pair[0] < pair[1]}
    assert [edge.target for edge in graph.edges if edge.type == "scale"] == list(range(25))
    assert [group.members for group in graph.groups if group.type == "column"][1] == (1, 6, 11, 16, 21)


@pytest.mark.parametrize("config", [SMALL, MIXED])
def test_a_row_and_its_puzzle_are_the_same(config):
    for row in build(config, "train", 0).inputs[:20]:
        puzzle = puzzle_of(row, describe(config))
        assert np.array_equal(row_of(puzzle, describe(config)), row)


ANSWER = [5, 1, 2, 3, 4, 1, 2, 3, 4, 5, 2, 3, 4, 5, 1, 3, 4, 5, 1, 2, 4, 5, 1, 2, 3]


@pytest.mark.parametrize(
    ("text", "cell", "digit", "problem"),
    [
        ("5.<.../...../...../...../.....", 0, 0, "Row 1, column 1 is empty."),
        ("5.<.../...../...../...../.....", 0, 4, "Row 1, column 1 does not have its given digit."),
        ("5.<.../...../...../...../.....", 24, 2, "Row 5 has more than one 2."),
        (
            "5.>.../...../...../...../.....",
            0,
            5,
            "Row 1, column 3 has 2, which is not less than the 1 in row 1, column 2.",
        ),
        ("...../v..../...../...../...../.....", 0, 5, None),
        (
            "...../^..../...../...../...../.....",
            0,
            5,
            "Row 1, column 1 has 5, which is not less than the 1 in row 2, column 1.",
        ),
    ],
)
def test_an_answer_is_judged_by_the_rules(text, cell, digit, problem):
    (row,) = parse(text, Config())
    answer = np.array([*ANSWER, 1, 2, 3, 4, 5])
    answer[cell] = digit
    assert check(row, answer, Config()) == problem


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("...../...../...../...../.....", "The puzzle has more than one solution."),
        ("5<..../...../...../...../.....", "The puzzle has no solution."),
        ("1...1/...../...../...../.....", "Row 1 has more than one 1."),
        ("3<2.../...../...../...../.....", "Row 1, column 1 has 3, which is not less than the 2 in row 1, column 2."),
        (".<..../v^.../.>..../...../...../.....", "The puzzle has no solution."),
    ],
)
def test_a_puzzle_without_exactly_one_solution_is_refused(text, problem):
    assert solvable(parse(text, Config())[0], Config()) == problem


def test_a_large_puzzle_without_clues_is_judged_quickly():
    config = Config(size=9)
    assert solvable(parse("/".join(["." * 9] * 9), config)[0], config) == "The puzzle has more than one solution."


def test_solutions_are_the_label():
    data = build(MIXED, "train", 0)
    for row, label in zip(data.inputs[:10], data.labels, strict=False):
        (found,) = solutions(puzzle_of(row, describe(MIXED)))
        assert found.ravel().tolist() == label[label != IGNORED].tolist()


def test_the_picture_shows_signs_and_marks_wrong_cells():
    (row,) = parse("5.<.../v...^/...../...../...../.....", Config())
    answer = np.array([*ANSWER, 1, 2, 3, 4, 5])
    shown = SignsRenderer(Config()).render(row, answer, np.where(answer == 1, 2, answer)).plain.split("\n")
    assert shown[:3] == [" 5  ×1 <·2  ·3  ·4", " v               ^", "×1  ·2  ·3  ·4  ·5"]


def test_settings_that_contradict_each_other_are_refused():
    with pytest.raises(ValidationError, match="smallest is 6: expected at most size, which is 5"):
        Config(smallest=6)
