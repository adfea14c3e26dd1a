"""The conformance kit, and the rules that it cannot know."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from rich.console import Console

from trm.errors import PuzzleError
from trm.testing import parametrize_with_checks
from trm_tasks_nonogram import encoding, notation
from trm_tasks_nonogram.encoding import Puzzle, puzzle_of
from trm_tasks_nonogram.grid import Grid
from trm_tasks_nonogram.lines import clue_numbers, clue_of, line_table, narrow, solve
from trm_tasks_nonogram.pictures import SPLITS, classes, draw, generate, split_of
from trm_tasks_nonogram.task import Config, build, check, fit, format_tokens, parse, solvable, symmetry_class

SMALL = Config(largest=6, train_puzzles=60, validation_puzzles=30, test_puzzles=30)
HEART = "1,1;5;5;3;1/2;4;4;4;2"
PICTURE = ".#.#.\n#####\n#####\n.###.\n..#..\n"
SHAPES = st.tuples(st.integers(1, 6), st.integers(1, 6))
PICTURES = SHAPES.flatmap(lambda shape: arrays(bool, shape))


@parametrize_with_checks("nonogram")
def test_conformance(check):
    check()


def solutions_by_trial(puzzle):
    """Count the solutions cell by cell, with clues read from strings: nothing is shared with the solver."""
    height, width = len(puzzle.rows), len(puzzle.columns)

    def runs(cells):
        return tuple(len(run) for run in "".join(".#"[cell] for cell in cells).split(".") if run)

    lines = [[cells for cells in product((0, 1), repeat=width) if runs(cells) == clue] for clue in puzzle.rows]

    def fits(rows):
        for column, clue in enumerate(puzzle.columns):
            begun = runs([row[column] for row in rows])
            if len(rows) == height:
                if begun != clue:
                    return False
            elif len(begun) > len(clue) or begun[:-1] != clue[: len(begun[:-1])]:
                return False
        return True

    def count(rows):
        if not fits(rows):
            return 0
        return 1 if len(rows) == height else sum(count([*rows, line]) for line in lines[len(rows)])

    return count([])


def with_clues(picture):
    return Puzzle(tuple(map(clue_of, picture)), tuple(map(clue_of, picture.T)))


@given(PICTURES)
@settings(max_examples=60, deadline=None)
def test_the_solver_counts_as_a_search_by_trial_does(picture):
    found = solve(*clue_numbers(picture[None]))
    assert found.counts[0] == min(solutions_by_trial(with_clues(picture)), 2)
    assert with_clues(found.pictures[0]) == with_clues(picture)


def test_a_table_has_each_line_under_its_clue():
    table = line_table(6)
    assert len(table.clues) == 21  # a Fibonacci number: 2, 3, 5, 8, 13, 21
    assert {mask for masks in table.masks.tolist() for mask in masks} == set(range(64))
    for clue, masks in zip(table.clues, table.masks.tolist(), strict=True):
        assert {clue_of([mask >> cell & 1 for cell in range(6)]) for mask in masks} == {clue}


@pytest.mark.parametrize("split", SPLITS)
def test_a_puzzle_has_one_solution_and_is_in_its_split(split):
    puzzles = build(SMALL, split, seed=3)
    assert len(puzzles) == getattr(SMALL, f"{split}_puzzles")
    for row, answer in zip(puzzles.inputs[:12], puzzles.labels, strict=False):
        puzzle = puzzle_of(row, SMALL.largest)
        assert solutions_by_trial(puzzle) == 1
        assert check(row, answer, SMALL) is None
        cells, _ = encoding.views(answer, puzzle)
        assert split_of(classes(cells[None] == encoding.FILLED)[0]) == split


def test_splits_share_no_picture_across_seeds():
    keys = {
        (split, seed): set(symmetry_class(found.inputs, found.labels, SMALL).tolist())
        for split in SPLITS
        for seed in (0, 1)
        for found in [build(SMALL, split, seed)]
    }
    for (one, _), (other, _) in product(keys, keys):
        assert one == other or not any(keys[one, seed] & keys[other, another] for seed in (0, 1) for another in (0, 1))


def test_an_image_has_the_class_of_its_picture_and_other_pictures_have_not():
    pictures = draw(np.random.default_rng(0), 200, 5, 7, 0.5)
    keys = classes(pictures)
    for image in (pictures[:, ::-1], pictures[:, :, ::-1], pictures.swapaxes(1, 2), pictures[:, ::-1].swapaxes(1, 2)):
        assert classes(image) == keys
    assert len(set(keys)) == 200
    assert classes(np.zeros((1, 2, 3), dtype=bool)) != classes(np.zeros((1, 1, 6), dtype=bool))


def test_pictures_are_different_and_as_full_as_they_should_be():
    found = generate(np.random.default_rng(0), "train", 300, (8, 8), 0.25)
    assert len(set(classes(found))) == 300
    share = found.mean(axis=(1, 2))
    assert 0.48 <= share.min() < 0.53 < 0.62 < share.max() <= 0.66


def test_most_puzzles_need_only_one_line_at_a_time():
    """The difficulty that the README states."""
    found = generate(np.random.default_rng(0), "train", 1000, (8, 8), 0.25)
    filled, empty = np.zeros((2, *found.shape), dtype=bool)
    assert narrow(filled, empty, *clue_numbers(found)).all()
    assert (filled <= found).all()
    assert (empty <= ~found).all()
    assert 0.98 < (filled | empty).all(axis=(1, 2)).mean() < 1


def test_the_structure_is_what_the_readme_says():
    puzzle = with_clues(np.array([[1, 1, 0], [0, 1, 1]], dtype=bool))
    graph = encoding.graph_of(puzzle)
    assert [group.members for group in graph.groups] == [(0, 1, 2), (3, 4, 5), (6, 9), (7, 10), (8, 11)]
    assert [group.numbers[:2] for group in graph.groups] == [(2, 0), (2, 0), (1, 0), (2, 0), (1, 0)]
    assert {(edge.source, edge.target) for edge in graph.edges} == {
        pair for cell in range(6) for pair in ((cell, cell + 6), (cell + 6, cell))
    }
    assert graph.numbers[4] == (1, 1)
    assert graph.numbers[10] == (1, 0)


def test_rows_made_at_once_are_those_of_single_graphs():
    puzzles = build(SMALL, "train", seed=0)
    for row in puzzles.inputs[:8]:
        assert (encoding.row_of(puzzle_of(row, 6), 6) == row).all()


@given(PICTURES)
@settings(max_examples=40, deadline=None)
def test_text_round_trip(picture):
    puzzle = with_clues(picture)
    for text in (notation.write(puzzle), notation.write_picture(picture) + "\n"):
        assert [found for found, _ in notation.read(text)] == [puzzle]


def test_text_is_read_in_several_forms():
    config = Config()
    [row] = parse(HEART, config)
    assert format_tokens(row, config) == HEART
    for text in (
        PICTURE,
        PICTURE.strip().replace("\n", "/"),
        "1 1,5,5,3,1 / 2,4,4,4,2",
        "1 1; 5; 5; 3; 1 / 2; 4; 4; 4; 2",
        "\n\n  " + HEART + "\r\n",
    ):
        assert (parse(text, config)[0] == row).all()
    assert len(parse(HEART + "\n" + PICTURE + "\n" + PICTURE + HEART, config)) == 4
    answer = np.concatenate([[int(cell == "#") for cell in PICTURE if cell != "\n"]] * 2)
    assert check(row, answer, config) is None
    padded = np.full(encoding.description(10).seq_len, encoding.UNKNOWN)
    padded[:50] = answer
    written = format_tokens(encoding.description(10).answered(row, padded), config)
    assert written == PICTURE.strip().replace("\n", "/")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no puzzle"),
        ("hello", "Line 1: 'hello' has 0 slashes"),
        ("1;1/1/1", "has 2 slashes"),
        ("1;x/1;1", "Line 1, row 2: 'x' is not a number of cells"),
        ("1;/1;1", "Line 1, row 2 has no clue. Write 0"),
        ("1;1/1;1,1", "Line 1, column 2: the runs 1,1 need 3 cells, but the puzzle has 2 rows"),
        ("1;0,1/1;1", "has a run of 0 cells"),
        ("1;12345/1;1", "too long"),
        ("\u00b2;1/1;1", "is not a number"),
        ("##\n#", "Lines 1 to 2: row 2 of the picture has 1 cells and row 1 has 2"),
        ("##//##", "row 2 of the picture has 0 cells"),
        ("/".join([";".join(["1"] * 11)] * 2), "has 11 x 11 cells, expected at most 10 x 10."),
    ],
)
def test_careless_text_is_refused_with_the_place(text, message):
    with pytest.raises(PuzzleError, match=message.replace("(", r"\(")):
        parse(text, Config())
    with pytest.raises(PuzzleError):
        fit(text, Config())


def test_settings_fit_the_largest_puzzle_of_a_text():
    assert fit(HEART, Config()).largest == 5
    assert fit(f"{HEART}\n{'#' * 7}", Config(largest=5)).largest == 7
    with pytest.raises(PuzzleError, match=r"1 x 7 cells, expected at most 5 x 5\. Set task.largest"):
        parse("#" * 7, Config(largest=5))


def test_wrong_answers_are_refused_with_the_reason():
    [row], config = parse(HEART, Config()), Config()
    right = np.concatenate([[int(cell == "#") for cell in PICTURE if cell != "\n"]] * 2)
    for changed, message in (
        ({0: 1}, "Row 1 has the runs 2,1, expected 1,1."),
        ({25: 1}, "Column 1 has the runs 3, expected 2."),
        ({25 + 7: 2}, "The cell in row 2, column 3 is open."),
    ):
        answer = right.copy()
        answer[list(changed)] = list(changed.values())
        assert check(row, answer, config) == message
    [row] = parse("1;1/1;1", config)
    assert check(row, np.array([1, 0, 0, 1, 1, 0, 0, 1]), config) is None
    assert check(row, np.array([0, 1, 1, 0, 0, 1, 1, 0]), config) is None
    message = "Row 1 and column 1 disagree on the cell where they cross."
    assert check(row, np.array([1, 0, 0, 1, 0, 1, 1, 0]), config) == message


def test_a_puzzle_without_one_solution_is_named():
    for text, problem in (
        ("1;1/1;1", "The puzzle has more than one solution."),
        ("2;2/2;1", "The rows have 4 filled cells and the columns 3."),
        ("1,1;1;1,1/1,1;1;1,1", None),
        ("2;0;2/1;2;1", "The puzzle has no solution."),
        (";".join("1" * 10) + "/" + ";".join("1" * 10), "The puzzle has more than one solution."),
    ):
        assert solvable(parse(text, Config())[0], Config()) == problem


def test_the_grid_shows_clues_and_marks_wrong_cells():
    config = Config()
    [row] = parse(HEART, config)
    right = np.concatenate([[int(cell == "#") for cell in PICTURE if cell != "\n"]] * 2)
    wrong = right.copy()
    wrong[[0, 25, 31]] = 1 - wrong[[0, 25, 31]]
    console = Console(width=80, color_system=None)
    with console.capture() as capture:
        console.print(Grid(config).render(row, wrong, right))
    lines = [line.rstrip() for line in capture.get().splitlines()]
    assert lines[:3] == ["    2 4 4 4 2", "1 1 #!# . # .", "  5 # ?!# # #"]
