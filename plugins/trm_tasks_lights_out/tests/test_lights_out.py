from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from trm.errors import PuzzleError
from trm.testing import parametrize_with_checks
from trm_tasks_lights_out.task import (
    Board,
    Config,
    Solved,
    build,
    check,
    fewest,
    in_test,
    parse,
    quiet,
    solvable,
    symmetry_class,
    wiring,
)


@parametrize_with_checks("lights-out")
def test_conformance(check: Any) -> None:
    check()


def test_a_button_toggles_its_own_light_and_those_next_to_it() -> None:
    assert wiring(5)[12].reshape(5, 5).tolist() == [
        [0, 0, 0, 0, 0],
        [0, 0, 1, 0, 0],
        [0, 1, 1, 1, 0],
        [0, 0, 1, 0, 0],
        [0, 0, 0, 0, 0],
    ]
    assert wiring(5)[0].sum() == 3


@pytest.mark.parametrize(("size", "count"), [(3, 1), (4, 16), (5, 4), (6, 1)])
def test_all_quiet_sets_of_buttons_are_found(size: int, count: int) -> None:
    assert len(quiet(size)) == count
    assert not (quiet(size) @ wiring(size) % 2).any()


def test_the_answer_is_the_only_one_of_fewest_presses() -> None:
    """Compare 4x4 boards with all 65536 sets of buttons."""
    every = np.arange(2**16)[:, None] >> np.arange(16) & 1
    boards = (every @ wiring(4) % 2) @ (1 << np.arange(16))
    puzzles = build(Config(size=4, train_puzzles=20), "train", 0)
    for inputs, answer in zip(puzzles.inputs, puzzles.labels, strict=True):
        solutions = every[boards == inputs @ (1 << np.arange(16))]
        counts = solutions.sum(axis=1)
        assert len(solutions) == 16
        assert (counts == counts.min()).sum() == 1
        assert np.array_equal(solutions[counts.argmin()], answer)


def test_a_tie_is_noticed() -> None:
    half = quiet(5)[quiet(5).sum(axis=1) == 12][:1].copy()
    half[0, np.flatnonzero(half[0])[:6]] = 0  # six of twelve buttons are equivalent to the other six
    assert fewest(half, 5)[1].tolist() == [False]


def test_images_of_a_board_have_one_class_and_one_split() -> None:
    puzzles = build(Config(test_puzzles=50), "test", 0)
    turned = np.rot90(puzzles.inputs.reshape(-1, 5, 5), axes=(1, 2)).reshape(-1, 25)
    mirrored = puzzles.inputs.reshape(-1, 5, 5)[:, :, ::-1].reshape(-1, 25)
    classes = [symmetry_class(boards, boards, Config()) for boards in (puzzles.inputs, turned, mirrored)]
    assert (classes[0] == classes[1]).all()
    assert (classes[0] == classes[2]).all()
    assert in_test(classes[0]).all()


def test_the_answers_have_at_most_so_many_presses() -> None:
    counts = build(Config(presses=5, train_puzzles=300), "train", 0).labels.sum(axis=1)
    assert set(counts.tolist()) == {1, 2, 3, 4, 5}


def test_any_answer_that_turns_all_lights_off_is_right_by_the_rules() -> None:
    puzzles = build(Config(train_puzzles=10), "train", 0)
    longer = puzzles.labels ^ quiet(5)[quiet(5).any(axis=1)][0]
    assert check(puzzles.inputs[0], longer[0], Config()) is None
    metric = Solved(Config())
    metric.update({"inputs": puzzles.inputs, "predictions": longer})
    assert metric.compute() == 1
    assert check(puzzles.inputs[0], puzzles.inputs[0] * 0, Config()) == f"{puzzles.inputs[0].sum()} lights stay on."


def test_a_single_light_can_be_turned_off_only_outside_all_quiet_sets() -> None:
    single = np.eye(25, dtype=np.int64)
    unsolvable = {light for light in range(25) if solvable(single[light], Config())}
    assert unsolvable == set(np.flatnonzero(quiet(5).any(axis=0)).tolist())
    assert solvable(wiring(5)[7], Config()) is None


def test_errors_name_the_invalid_cell() -> None:
    assert parse(".#...\n" * 5, Config())[0].sum() == 5
    with pytest.raises(PuzzleError, match=r"Cell 2 is 'x'\. Write '#'"):
        parse(".x...", Config())
    with pytest.raises(PuzzleError, match=r"The text has 7 cells\. Expected 25"):
        parse(".......", Config())


def test_the_buttons_stand_beside_the_lights() -> None:
    board = Board(Config(size=3))
    inputs, answer = wiring(3)[4], np.eye(9, dtype=np.int64)[4]
    assert board.render(inputs, answer).plain.split("\n")[:3] == [
        ". # .   . . . ",
        "# # #   . X . ",
        ". # .   . . . ",
    ]
    assert "X!" in board.render(inputs, answer, answer * 0).plain
