"""Tests of grids, variants and votes against direct implementations of their definitions."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from trm_tasks_arc.grids import END, PAD, as_grid
from trm_tasks_arc.scoring import NO_ANSWER, Ballot, apply, crop, encode, undo
from trm_tasks_arc.transforms import Variant, variant_names

from trm.errors import DataError, UsageError

grids = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=30), elements=st.integers(0, 9))
permutations = st.permutations(range(10))


@given(grids, permutations)
def test_undo_takes_back_every_transform_and_permutation(grid: np.ndarray, colours: list[int]) -> None:
    for transform in range(8):
        name = f"task|||t{transform}|||{''.join(map(str, colours))}"
        task_id, back = undo(name, apply(name, grid))
        assert task_id == "task"
        assert back.dtype == np.uint8
        assert np.array_equal(back, grid)


def test_transforms_are_the_papers_by_number() -> None:
    grid = np.array([[1, 2, 3], [4, 5, 6]])
    images = {
        0: [[1, 2, 3], [4, 5, 6]],
        1: [[3, 6], [2, 5], [1, 4]],
        2: [[6, 5, 4], [3, 2, 1]],
        3: [[4, 1], [5, 2], [6, 3]],
        4: [[3, 2, 1], [6, 5, 4]],
        5: [[4, 5, 6], [1, 2, 3]],
        6: [[1, 4], [2, 5], [3, 6]],
        7: [[6, 3], [5, 2], [4, 1]],
    }
    for transform, image in images.items():
        assert apply(f"x|||t{transform}|||0123456789", grid).tolist() == image
    assert apply("x|||t0|||0192837465", grid).tolist() == [[1, 9, 2], [8, 3, 7]]
    assert apply("x", grid).tolist() == grid.tolist()


def test_names_round_trip() -> None:
    colours = np.array([[0, 1, 9, 2, 8, 3, 7, 4, 6, 5], list(range(10))])
    names = variant_names("0a1b", np.array([3, 0]), colours)
    assert names[0] == "0a1b|||t3|||0192837465"
    for name, transform, row in zip(names, (3, 0), colours, strict=True):
        assert Variant.from_name(name) == Variant("0a1b", transform, tuple(row))


@pytest.mark.parametrize(
    "name", ["a|||t8|||0123456789", "a|||t1|||0123456788", "a|||t1", "|||t1|||0123456789", "a|||x|||y"]
)
def test_malformed_names_are_refused(name: str) -> None:
    with pytest.raises(DataError, match="is not the name of a variant"):
        undo(name, [[1]])


def test_encode_then_crop_gives_back_every_size_at_every_position() -> None:
    rng = np.random.default_rng(0)
    for rows, columns in itertools.product(range(1, 31), repeat=2):
        grid = rng.integers(0, 10, (rows, columns))
        last_row, last_col = 30 - rows, 30 - columns
        places = {(0, 0), (last_row, last_col), (last_row, 0), (0, last_col)}
        places |= {tuple(rng.integers(0, (last_row + 1, last_col + 1))) for _ in range(3)}
        for row, col in places:
            assert np.array_equal(crop(encode(grid, row, col)), grid)
            assert np.array_equal(crop(encode(grid, row, col), corner=(row, col)), grid)


@pytest.mark.slow
def test_encode_then_crop_at_all_216225_places() -> None:
    grid = np.random.default_rng(1).integers(0, 10, (30, 30))
    for rows, columns in itertools.product(range(1, 31), repeat=2):
        part = grid[:rows, :columns]
        for row, col in itertools.product(range(31 - rows), range(31 - columns)):
            assert np.array_equal(crop(encode(part, row, col)), part)


@given(grids.filter(lambda grid: max(grid.shape) <= 8), st.integers(0, 4), st.integers(0, 4))
def test_canvases_have_end_marks_below_and_to_the_right(grid: np.ndarray, row: int, col: int) -> None:
    canvas = encode(grid, row, col, side=12).reshape(12, 12)
    rows, columns = grid.shape
    bottom, right = row + rows, col + columns
    expected = np.zeros((12, 12), int)
    for i, j in itertools.product(range(12), repeat=2):
        if row <= i < bottom and col <= j < right:
            expected[i, j] = grid[i - row, j - col] + 2
        elif (i == bottom and col <= j < right) or (j == right and row <= i < bottom):
            expected[i, j] = END
    assert np.array_equal(canvas, expected)


def largest_rectangle(canvas: np.ndarray) -> tuple[int, int]:
    """By trying them all: the largest area, then the fewest rows."""
    side = len(canvas)
    best = (0, 0)
    for rows, columns in itertools.product(range(1, side + 1), repeat=2):
        block = canvas[:rows, :columns]
        if ((block >= 2) & (block <= 11)).all() and rows * columns > best[0] * best[1]:
            best = (rows, columns)
    return best


@settings(max_examples=200)
@given(hnp.arrays(np.int64, (6, 6), elements=st.sampled_from([0, 1, 2, 5, 5, 7, 11, 11, 12])))
def test_crop_at_the_corner_is_the_largest_rectangle(canvas: np.ndarray) -> None:
    rows, columns = largest_rectangle(canvas)
    found = crop(canvas.ravel(), corner=(0, 0))
    assert found.shape == (rows, columns)
    assert np.array_equal(found, canvas[:rows, :columns] - 2)
    if canvas[0].any() and canvas[:, 0].any():
        assert np.array_equal(crop(canvas), found)


def test_crop_of_nothing_is_the_empty_grid() -> None:
    assert crop(np.full(900, PAD)).shape == (0, 0)
    assert crop(np.full(900, END)).shape == (0, 0)
    assert crop(np.full(900, 12)).shape == (0, 0)


def test_crop_takes_lists_and_arrays_flat_and_square_of_any_integer_type() -> None:
    grid = [[0, 9, 5], [1, 2, 3]]
    tokens = encode(grid)
    for form in (tokens, tokens.tolist(), tokens.reshape(30, 30), tokens.reshape(30, 30).tolist(), tuple(tokens)):
        assert crop(form).tolist() == grid
    for kind in (np.int8, np.int32, np.int64, np.uint64):
        assert crop(tokens.astype(kind)).tolist() == grid
    assert crop(encode(np.array(grid, np.int64))).dtype == np.uint8


def canvas_of(text: str, side: int = 5) -> np.ndarray:
    """Rows of digits, `.` for padding, `|` for an end mark."""
    canvas = np.zeros((side, side), int)
    for row, line in enumerate(text.split()):
        for column, sign in enumerate(line):
            canvas[row, column] = ".|".index(sign) if sign in ".|" else int(sign) + 2
    return canvas


@pytest.mark.parametrize(
    ("text", "grid"),
    [
        ("123|. 456|. 789|. |||..", [[1, 2, 3], [4, 5, 6], [7, 8, 9]]),
        ("1234. 12|.. 12|..", [[1, 2], [1, 2], [1, 2]]),  # three rows of two beat one of four
        ("1234. 12...", [[1, 2, 3, 4]]),  # four cells both ways: the fewest rows
        ("12345 1234. 123.. 12... 1....", [[1, 2, 3], [1, 2, 3], [1, 2, 3]]),
        ("1|345 12345", [[1], [1]]),  # what lies behind a hole does not count
        ("|2345 12345", []),  # nothing at the corner
        (".2345 12345", []),
        ("..... .123. .123.", []),  # shifted, and without end marks: no grid that was put there
        ("..... .12|. .34|. .||.. ....5", []),  # the same with a speck
        ("..... .12|. .34|. .||..", [[1, 2], [3, 4]]),  # a grid that was put there
        ("..... ..... ..... ....| ...|4", []),
        ("..... ..... ..... ..... ....4", [[4]]),
    ],
)
def test_crops_by_hand(text: str, grid: list[list[int]]) -> None:
    assert crop(canvas_of(text)).tolist() == grid
    assert crop(canvas_of(text).ravel()).tolist() == grid


A, B, C = [[1]], [[2, 2]], [[3], [3]]
TASKS: dict[str, Any] = {
    "one": {"train": [{"input": A, "output": A}], "test": [{"input": A, "output": B}, {"input": B, "output": C}]},
    "two": {"train": [{"input": A, "output": A}], "test": [{"input": A, "output": A}]},
}


def test_most_votes_first_then_mean_confidence_then_first_come() -> None:
    ballot = Ballot(TASKS)
    for grid, confidence in [(A, 0.9), (B, 0.1), (B, 0.2), (C, 0.95)]:
        ballot.add("one", A, grid, confidence)
    assert [grid.tolist() for grid in ballot.ranked("one", A)] == [B, C, A]
    ballot.add("one", A, A, 0.0)
    assert [grid.tolist() for grid in ballot.ranked("one", A)] == [A, B, C]
    found = ballot.candidates("one", A)
    assert [candidate.votes for candidate in found] == [2, 2, 1]
    assert [candidate.confidence for candidate in found] == pytest.approx([0.45, 0.15, 0.95])
    ballot.clear()
    ballot.add("one", A, C, 0.5)
    ballot.add("one", A, B, 0.5)
    assert [grid.tolist() for grid in ballot.ranked("one", A)] == [C, B]


def test_a_task_scores_the_share_of_its_inputs_and_tasks_count_alike() -> None:
    ballot = Ballot(TASKS)
    ballot.add("one", A, A, 0.9)
    ballot.add("one", A, B, 0.8)
    ballot.add("two", A, A, 0.5)
    assert ballot.pass_at(1) == 0.5
    assert ballot.pass_at(2) == 0.75
    assert ballot.pass_at(1000) == 0.75  # the second input of "one" has no predictions
    ballot.clear()
    assert ballot.pass_at(2) == 0.0


def test_submission_keeps_the_place_of_every_input() -> None:
    ballot = Ballot(TASKS)
    ballot.add("one", B, C, 0.9)
    ballot.add("two", A, np.zeros((0, 0), int), 0.9)
    ballot.add("two", A, A, 0.5)
    assert ballot.submission() == {
        "one": [{"attempt_1": NO_ANSWER, "attempt_2": NO_ANSWER}, {"attempt_1": C, "attempt_2": C}],
        "two": [{"attempt_1": NO_ANSWER, "attempt_2": A}],
    }


def test_votes_come_before_confidence_and_its_mean_before_its_sum() -> None:
    ballot = Ballot(TASKS)
    for grid, confidence in [(A, 1.0), (B, 0.3), (B, 0.1), (C, 0.2), (C, 0.1), (C, 0.0)]:
        ballot.add("two", A, grid, confidence)
    assert [grid.tolist() for grid in ballot.ranked("two", A)] == [C, B, A]  # 3, 2 and 1 votes
    for grid, confidence in [(A, 0.0), (A, 0.5), (B, 0.2)]:
        ballot.add("two", A, grid, confidence)
    # Three votes each: means 0.5, 0.2 and 0.1.
    assert [grid.tolist() for grid in ballot.ranked("two", A)] == [A, B, C]
    assert ballot.submission()["two"] == [{"attempt_1": A, "attempt_2": B}]


def test_shapes_tell_grids_apart_and_forms_do_not() -> None:
    """`[[3, 3]]` and `[[3], [3]]` have the same bytes; a list, an int64 and a transposed array can be the same grid."""
    ballot = Ballot({"x": {"train": [], "test": [{"input": [[1, 2], [3, 4]], "output": [[3], [3]]}]}})
    given_grid = np.array([[1, 3], [2, 4]]).T
    ballot.add("x", given_grid, [[3, 3]], 0.9)
    assert ballot.pass_at(1000) == 0.0
    for form in ([[3], [3]], np.array([[3, 3]]).T, torch.tensor([[3], [3]])):
        ballot.add("x", given_grid.astype(np.uint8), form, torch.tensor(0.1))
    assert [candidate.votes for candidate in ballot.candidates("x", [[1, 2], [3, 4]])] == [3, 1]
    assert ballot.pass_at(1) == 1.0


def test_two_equal_test_inputs_have_the_same_candidates() -> None:
    ballot = Ballot({"x": {"train": [], "test": [{"input": A, "output": B}, {"input": A, "output": C}]}})
    ballot.add("x", A, B, 0.5)
    assert ballot.pass_at(1) == 0.5
    ballot.add("x", A, C, 0.4)
    assert ballot.pass_at(1) == 0.5
    assert ballot.pass_at(2) == 1.0
    assert len(ballot.submission()["x"]) == 2


def test_the_right_grid_at_rank_k_is_found_from_k_on() -> None:
    ballot = Ballot({"x": {"train": [], "test": [{"input": A, "output": [[9]]}]}})
    for colour in range(9):
        for _ in range(2):
            ballot.add("x", A, [[colour]], 0.5)
    ballot.add("x", A, [[9]], 1.0)
    assert [ballot.pass_at(k) for k in (1, 2, 5, 9, 10, 100, 1000)] == [0, 0, 0, 0, 1, 1, 1]


def test_ballots_share_no_votes() -> None:
    first, second = Ballot(TASKS), Ballot(TASKS)
    first.add("two", A, A, 0.5)
    assert first.pass_at(1) == 0.5
    assert second.pass_at(1) == 0.0
    assert second.ranked("two", A) == []


def test_predictions_as_tokens_of_variants_end_at_the_task() -> None:
    """By hand: the input of task "one" turned by 90 degrees and recoloured, and two predictions for it."""
    task = {"train": [], "test": [{"input": [[1, 2, 0]], "output": [[2, 1, 0]]}]}
    ballot = Ballot({"one": task})
    name = "one|||t1|||0213456789"  # anticlockwise, 1 and 2 exchanged
    for predicted, confidence in (([[0], [2], [1]], 0.2), ([[0], [1], [2]], 0.6)):
        task_id, given_grid = undo(name, crop(encode([[0], [1], [2]])))
        _, answer = undo(name, crop(encode(predicted)))
        assert given_grid.tolist() == [[1, 2, 0]]
        ballot.add(task_id, given_grid, answer, confidence)
    assert [grid.tolist() for grid in ballot.ranked("one", [[1, 2, 0]])] == [[[1, 2, 0]], [[2, 1, 0]]]
    assert (ballot.pass_at(1), ballot.pass_at(2)) == (0.0, 1.0)


def plain_pass_at(tasks: dict[str, Any], predictions: list[tuple[str, Any, Any, float]], k: int) -> float:
    """The rules of the evaluator, stated without any cleverness."""
    total = 0.0
    for task_id, task in tasks.items():
        right = 0
        for pair in task["test"]:
            votes: dict[str, list[float]] = {}
            for name, given_grid, predicted, confidence in predictions:
                if name == task_id and given_grid == pair["input"]:
                    votes.setdefault(str(predicted), []).append(confidence)
            order = sorted(
                votes, key=lambda answer: (len(votes[answer]), sum(votes[answer]) / len(votes[answer])), reverse=True
            )
            right += str(pair["output"]) in order[:k]
        total += right / len(task["test"])
    return total / len(tasks)


small = st.sampled_from([A, B, C, [[4]]])
votes = st.lists(
    st.tuples(st.sampled_from([("one", A), ("one", B), ("two", A)]), small, st.sampled_from([0.0, 0.25, 0.5, 1.0])),
    max_size=30,
)


@given(votes, st.integers(1, 5))
def test_pass_at_k_is_what_the_rules_say(drawn: list[Any], k: int) -> None:
    ballot = Ballot(TASKS)
    for (task_id, given_grid), predicted, confidence in drawn:
        ballot.add(task_id, given_grid, predicted, confidence)
    plain = [(task_id, given_grid, predicted, confidence) for (task_id, given_grid), predicted, confidence in drawn]
    assert ballot.pass_at(k) == plain_pass_at(TASKS, plain, k)


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ([[1, 2], [3]], "ragged: row 2 has 1 cells, row 1 has 2"),
        ([[1, 10]], "has the colour 10 in row 1, column 2"),
        ([[-1]], "has the colour -1"),
        ([[0] * 31], "has 1 rows and 31 columns, expected 1 to 30 of each"),
        ([], "has 0 rows"),
        ([[], []], "2 rows and 0 columns"),
        ([[1.0]], "values other than integers"),
        ([[True]], "values other than integers"),
        ([["1"]], "values other than integers"),
        ([[[1]]], "values other than integers"),
        ([[10**30]], "colour out of range"),
        (7, "is not a grid"),
        (np.zeros((2, 2, 2), int), "is not a grid"),
        (np.ones((2, 2)), "values other than integers"),
    ],
)
def test_bad_grids_are_named(grid: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        as_grid(grid, "Task x, test input 1")


def test_wrong_uses_of_a_ballot_are_named() -> None:
    ballot = Ballot(TASKS)
    with pytest.raises(DataError, match="Task 'three' is not among the 2"):
        ballot.add("three", A, A, 0.5)
    with pytest.raises(DataError, match="Task two has no such test input"):
        ballot.add("two", B, A, 0.5)
    with pytest.raises(DataError, match="confidence nan"):
        ballot.add("two", A, A, math.nan)
    with pytest.raises(DataError, match="confidence 'high', expected a finite number"):
        ballot.add("two", A, A, "high")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="pass@0"):
        ballot.pass_at(0)
    with pytest.raises(UsageError, match="does not fit on a canvas of 30x30"):
        encode([[1, 1]], 0, 29)
    with pytest.raises(DataError, match="not a square canvas"):
        crop(np.zeros(10, int))
    for batch in (np.zeros((9, 100), int), np.zeros((4, 15, 15), int), np.zeros((31, 31), int), np.zeros(900), []):
        with pytest.raises(DataError, match="not a square canvas"):
            crop(batch)
    unsolved = Ballot({"x": {"train": [], "test": [{"input": A}]}})
    unsolved.add("x", A, B, 0.5)
    assert unsolved.submission() == {"x": [{"attempt_1": B, "attempt_2": B}]}
    with pytest.raises(DataError, match="1 of 1 tasks have no solutions, for example x"):
        unsolved.pass_at(2)
    with pytest.raises(DataError, match="no tasks to score"):
        Ballot({}).pass_at(1)
