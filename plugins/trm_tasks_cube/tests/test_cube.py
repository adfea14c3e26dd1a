"""The conformance kit, and the rules of the cube, compared with independent calculations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from trm.cli.main import cli
from trm.data import IGNORED, IntArray
from trm.errors import PuzzleError
from trm.testing import parametrize_with_checks
from trm_tasks_cube import cube
from trm_tasks_cube.cube import MOVES, STICKERS, ball, canonical, corners, distance, images, moves, original, rotations
from trm_tasks_cube.neighbourhood import AFTER, IMAGES, around, description, rows, state_of, words
from trm_tasks_cube.task import SPLITS, Config, answers, build, check, classes, format_row, parse, solvable, split_of
from trm_tasks_cube.text import facelets, sequence, state_of_line, states_of
from trm_tasks_cube.walk import after, search, solves

SOLVED = np.arange(STICKERS)
SMALL = Config(train_puzzles=60)
sequences = st.lists(st.integers(0, len(MOVES) - 1), max_size=6)


@parametrize_with_checks("cube")
def test_conformance(check: Any) -> None:
    check()


def breadth_first(turns: IntArray, depth: int) -> list[int]:
    """Count the states at each distance, with plain sets."""
    layer = {tuple(range(STICKERS))}
    seen, counts = set(layer), [1]
    for _ in range(depth):
        layer = {tuple(state[i] for i in turn) for state in layer for turn in turns.tolist()} - seen
        seen |= layer
        counts.append(len(layer))
    return counts


def test_states_at_each_distance() -> None:
    """The known counts in both metrics."""
    assert np.bincount(ball(6)[1]).tolist() == [1, 9, 54, 321, 1847, 9992, 50136]
    assert breadth_first(moves(), 4) == [1, 9, 54, 321, 1847]
    quarters = moves()[[0, 2, 3, 5, 6, 8]]
    assert breadth_first(quarters, 5) == [1, 6, 27, 120, 534, 2256]


def test_moves_turn_one_face_and_keep_the_fixed_corner() -> None:
    for face, quarter in zip("URF", moves()[::3], strict=True):
        own = cube.FACES.index(face)
        assert sorted(quarter[4 * own : 4 * own + 4].tolist()) == list(range(4 * own, 4 * own + 4))
        assert (quarter != SOLVED).sum() == 12
        assert (quarter[corners()[-1]] == corners()[-1]).all()
    assert facelets(moves()[3]) == "UFUFRRRRFDFDDBDBLLLLUBUB"  # R brings the front to the top
    assert facelets(moves()[0]) == "UUUUBBRRRRFFDDDDFFLLLLBB"  # U brings the right to the front


def test_a_known_sequence_has_its_known_order() -> None:
    """Six times R U R' U' is nothing, and fewer times is something."""
    way = [MOVES.index(move) for move in ("R", "U", "R'", "U'")]
    assert [solves(SOLVED, way * times) for times in range(1, 7)] == [False] * 5 + [True]


@given(sequences)
def test_images_are_equally_far_and_can_be_undone(way: list[int]) -> None:
    state = after(SOLVED, way)
    assert len(set(distance(images(state[None])[0], 6).tolist())) == 1
    form, number = canonical(state[None])
    assert (original(form[0], int(number[0])) == state).all()
    assert len(set(classes(images(state[None])[0]).tolist())) == 1


@given(sequences)
def test_a_row_keeps_the_state_and_its_neighbours(way: list[int]) -> None:
    state = after(SOLVED, way)
    row = rows(state[None])[0]
    assert (state_of(row) == state).all()
    assert row[0] >= IMAGES
    assert (row[1:64] >= AFTER).all()
    for place in (0, 4, 9, 10, 63):
        assert (around(state[None])[0, place] == after(state, words()[place])).all()


def test_edges_are_turns() -> None:
    states = around(SOLVED[None])[0]
    graph = description().graph(rows(SOLVED[None])[0])
    for edge in graph.edges:
        turns = [move for move in range(9) if (states[edge.source][moves()[move]] == states[edge.target]).all()]
        assert len(turns) == 1
        assert (edge.type == "half") == MOVES[turns[0]].endswith("2")
    assert len(graph.edges) == 21 * 12  # 21 faces of four states each


def far(state: IntArray, limit: int) -> int:
    """The distance of a state by search from both ends, without the table of `cube`."""
    ends = [{tuple(SOLVED.tolist())}, {tuple(state.tolist())}]
    reached = [set(end) for end in ends]
    for length in range(limit + 1):
        if reached[0] & reached[1]:
            return length
        side = length % 2
        ends[side] = {tuple(s[i] for i in turn) for s in ends[side] for turn in moves().tolist()} - reached[side]
        reached[side] |= ends[side]
    return limit + 1


def test_labels_are_distances() -> None:
    puzzles = build(SMALL, "train", 0)
    for row, label in zip(puzzles.inputs[:12], puzzles.labels, strict=False):
        states = around(state_of(row)[None])[0]
        assert label[0] == far(states[0], 6)
        for place in (1, 5, 9):
            length = far(states[place], 6)
            assert label[place] in (IGNORED, length if length <= 5 else 7)
        for place in (10, 40, 63):
            length = far(states[place], 6)
            assert label[place] in (IGNORED, length if length <= 4 else 7)


def test_no_distance_of_a_held_out_state_is_trained_on() -> None:
    held_out = np.concatenate([build(SMALL, split, 0).inputs for split in ("test", "validation")])
    names = set(classes(np.array([state_of(row) for row in held_out])).tolist())
    puzzles = build(Config(train_puzzles=200), "train", 0)
    states = np.concatenate([around(state_of(row)[None])[0] for row in puzzles.inputs])
    trained = classes(states)[puzzles.labels.ravel() != IGNORED]
    assert len(names) == len(held_out)  # no two of them are images of each other
    assert not names & set(trained.tolist())


def test_every_class_has_one_split() -> None:
    numbers = classes(ball(6)[0])
    shares = np.bincount(split_of(np.unique(numbers)), minlength=3) / len(np.unique(numbers))
    assert dict(zip(SPLITS, shares.round(2).tolist(), strict=True)) == {"test": 0.1, "validation": 0.03, "train": 0.87}


def exact(states: IntArray) -> Any:
    """What a perfect network would say of the neighbours."""
    return distance(states[:, moves()], 6).astype(float)


def test_the_walk_follows_right_distances() -> None:
    states, apart = ball(6)
    chosen = np.random.default_rng(0).choice(len(states), 200)
    ways, tries = search(exact, states[chosen])
    assert (tries == 1).all()
    assert [len(way) for way in ways] == apart[chosen].tolist()
    assert all(solves(*pair) for pair in zip(states[chosen], ways, strict=True))


def test_another_first_move_is_tried_after_a_failure() -> None:
    def misled(states: IntArray) -> Any:
        value = exact(states)
        value[(states == start).all(axis=1), 1] = -1  # U2 seems best, and leads away
        return value

    start = state_of_line("R U F")
    ways, tries = search(misled, start[None])
    assert tries.tolist() == [2] or len(ways[0]) > 3
    assert solves(start, ways[0])
    assert search(lambda states: -exact(states), start[None])[1].tolist() == [0]


@given(sequences)
def test_text_round_trip(way: list[int]) -> None:
    state = after(SOLVED, way)
    assert (state_of_line(facelets(state)) == state).all()
    assert (state_of_line(sequence(way)) == state).all() if way else True
    assert (state_of_line(sequence(way).lower()) == state).all() if way else True
    assert (state_of_line("RU'F2") == state_of_line("R U' F2")).all()


@given(st.text(max_size=30))
@settings(max_examples=200)
def test_any_text_is_a_state_or_a_clear_error(text: str) -> None:
    for state in states_of(text):
        assert isinstance(state, PuzzleError) or sorted(state.tolist()) == SOLVED.tolist()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("R U x", "'x' in 'R U x' is not a move"),
        ("R L", "The move 'L' turns the corner"),
        ("UUUURRRRFFFFDDDDLLLLBBB", "The text has 23 facelets"),
        ("UUUURRRRFFFFDDDDLLLLBBBX", "Facelet 24 is 'X'"),
        ("UUUURRRRFFFFDDDDLLLLBBBU", "The colour U is there 5 times"),
        ("UUUU RRRR", "The text has 8 facelets"),
        ("RRRRUUUUFFFFDDDDLLLLBBBB", "no corner of a cube has these"),
        ("", "The text is empty"),
    ],
)
def test_errors_say_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(PuzzleError, match=message):
        parse(text, SMALL)


def test_a_twisted_corner_is_refused() -> None:
    state = SOLVED.copy()
    state[corners()[3]] = np.roll(corners()[3], 1)
    with pytest.raises(PuzzleError, match="twisted"):
        parse(facelets(state), SMALL)


def test_a_turned_cube_is_refused_with_the_text_to_enter() -> None:
    state = state_of_line("R U F'")
    for to in rotations()[1:]:
        turned = np.empty_like(state)
        turned[to] = state
        if (turned // 4 == state // 4).all():
            continue
        with pytest.raises(PuzzleError, match=facelets(state)):
            parse(facelets(turned), SMALL)


def test_answers_are_judged_by_the_rules() -> None:
    row = rows(state_of_line("R U F'")[None])[0]
    right = answers(state_of(row)[None])[0]
    assert check(row, right, SMALL) is None
    assert format_row(description().answered(row, right), SMALL) == "3 moves, first F"
    wrong = right.copy()
    wrong[0] = 4
    assert check(row, wrong, SMALL) == "The cube is 3 moves from solved, not 4."
    wrong = right.copy()
    wrong[7] = 1
    assert check(row, wrong, SMALL) == "The distances of 1 of the nine neighbours are wrong."


def test_a_state_beyond_six_moves_is_not_solvable() -> None:
    states, apart = ball(7)
    assert (
        solvable(rows(states[apart == 7][:1])[0], SMALL)
        == "The cube needs more than 6 moves, and answers have at most 6."
    )
    assert solvable(rows(states[apart == 6][:1])[0], SMALL) is None


def test_commands(tmp_path: Any) -> None:
    """Train for two steps, score, and solve: what is printed has been checked by the rules."""
    runner, run = CliRunner(), str(tmp_path / "run")
    small = ("training.max_steps=2", "task.moves=3", "task.train_puzzles=40", "model.hidden_dim=8")
    options = [part for setting in small for part in ("--set", setting)]
    assert runner.invoke(cli, ["train", "cube", *options, "--output", run]).exit_code == 0
    scored = runner.invoke(cli, ["evaluate", run])
    assert "three_tries" in scored.output
    done = runner.invoke(cli, ["solve", "cube", "UUUURRRRFFFFDDDDLLLLBBBB", "--checkpoint", run])
    assert done.exit_code == 0
    assert "solved already" in done.output
    one = runner.invoke(cli, ["solve", "cube", "R2", "--checkpoint", run])
    assert one.exit_code == 0
    assert "It solves the cube" in one.output
    refused = runner.invoke(cli, ["solve", "cube", "R U\nR Q", "--checkpoint", run])
    assert refused.exit_code == 3
    assert "'Q' in 'R Q' is not a move" in refused.output
