"""Tests of generated mazes: they match the style, are reproducible, and never occur in two splits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trm_tasks_maze.generator import MazeStyle, generate
from trm_tasks_maze.grid import FREE, GOAL, PATH, START, WALL
from trm_tasks_maze.labels import label_batch
from trm_tasks_maze.rules import path_lengths
from trm_tasks_maze.splits import Split, belongs, fingerprints
from trm_tasks_maze.symmetry import permutations

from trm.errors import UsageError

SMALL = MazeStyle(10, 10, 0.2, 0.45, 10)


def image_keys(inputs: np.ndarray, height: int, width: int) -> set[bytes]:
    """Return the walls of all symmetric images of flat mazes."""
    walls = inputs == WALL
    return {row.tobytes() for permutation in permutations(height, width) for row in walls[:, permutation]}


@pytest.mark.parametrize(
    ("height", "width", "min_path"), [(5, 5, 3), (10, 10, 10), (6, 13, 12), (13, 6, 12), (40, 40, 60)]
)
def test_mazes_are_as_asked(height: int, width: int, min_path: int) -> None:
    inputs, labels = generate(MazeStyle(height, width, 0.2, 0.4, min_path), "train", seed=0, count=200)
    assert inputs.shape == labels.shape == (200, height * width)
    assert ((inputs == START).sum(axis=1) == 1).all()
    assert ((inputs == GOAL).sum(axis=1) == 1).all()
    assert np.isin(inputs, [WALL, FREE, START, GOAL]).all()
    grids = inputs.reshape(-1, height, width)
    assert path_lengths(grids).min() >= min_path
    assert np.array_equal(label_batch(grids).reshape(labels.shape), labels)
    assert 0.15 < (inputs == WALL).mean() < 0.4
    assert len(np.unique(inputs, axis=0)) == 200


def test_several_sizes_lie_anywhere_within_walls_and_count_for_the_split_as_if_alone() -> None:
    inputs, labels = generate(MazeStyle(12, 12, 0.2, 0.4, 12, min_share=0.5), "train", seed=0, count=400)
    grids = inputs.reshape(-1, 12, 12)
    assert np.array_equal(label_batch(grids).reshape(labels.shape), labels)
    assert path_lengths(grids).min() >= 3
    open_cells = grids != WALL
    heights, widths = open_cells.any(axis=2).sum(axis=1), open_cells.any(axis=1).sum(axis=1)
    assert heights.min() <= 6 < 12 == heights.max() == widths.max()
    assert all(edge.any() for edge in (open_cells[:, 0], open_cells[:, -1], open_cells[:, :, 0], open_cells[:, :, -1]))


def test_a_smaller_maze_is_in_the_split_that_it_is_in_alone() -> None:
    style = MazeStyle(6, 6, 0.2, 0.3, 5, min_share=5 / 6)
    train, _ = generate(style, "train", seed=0, count=400)
    alone, _ = generate(MazeStyle(5, 5, 0.2, 0.3, 3), "test", seed=0, count=400)
    places = [(slice(top, top + 5), slice(left, left + 5)) for top in (0, 1) for left in (0, 1)]
    inside = np.concatenate([train.reshape(-1, 6, 6)[:, rows, columns].reshape(-1, 25) for rows, columns in places])
    assert image_keys(inside, 5, 5) & image_keys(generate(MazeStyle(5, 5, 0.2, 0.3, 3), "train", 0, 400)[0], 5, 5)
    smaller = [grid for grid in train.reshape(-1, 6, 6) if (grid[0] == WALL).all() and (grid[:, 0] == WALL).all()]
    assert smaller
    assert not image_keys(np.array([grid[1:, 1:].ravel() for grid in smaller]), 5, 5) & image_keys(alone, 5, 5)


def test_same_seed_same_mazes_and_fewer_are_the_first_of_more() -> None:
    many, _ = generate(SMALL, "train", seed=3, count=1500)
    again, _ = generate(SMALL, "train", seed=3, count=1500)
    few, _ = generate(SMALL, "train", seed=3, count=40)
    assert np.array_equal(many, again)
    assert np.array_equal(many[:40], few)
    other, _ = generate(SMALL, "train", seed=4, count=1500)
    assert not {row.tobytes() for row in many} & {row.tobytes() for row in other}


def test_splits_are_disjoint_symmetric_images_included_whatever_the_seeds() -> None:
    style = MazeStyle(5, 5, 0.1, 0.3, 4)  # so small that seeds repeat each other
    train = np.concatenate([generate(style, "train", seed, 4000)[0] for seed in (0, 1)])
    test = np.concatenate([generate(style, "test", seed, 4000)[0] for seed in (0, 1)])
    assert image_keys(train[:4000], 5, 5) & image_keys(train[4000:], 5, 5)
    assert not image_keys(train, 5, 5) & image_keys(test, 5, 5)


def test_a_turned_rectangle_is_in_the_same_split() -> None:
    inputs, _ = generate(MazeStyle(6, 9, 0.2, 0.4, 6), "test", seed=0, count=100)
    walls = (inputs == WALL).reshape(-1, 6, 9)
    assert belongs(fingerprints(np.rot90(walls, axes=(1, 2))), "test").all()


@given(st.integers(5, 9), st.integers(5, 9), st.integers(0, 2**32))
def test_fingerprints_are_symmetric(height: int, width: int, seed: int) -> None:
    walls = np.random.default_rng(seed).random((3, height, width)) < 0.4
    expected = fingerprints(walls).tolist()
    for permutation in permutations(height, width):
        image = walls.reshape(3, -1)[:, permutation].reshape(walls.shape)
        assert fingerprints(image).tolist() == expected
    assert fingerprints(walls.transpose(0, 2, 1)).tolist() == expected
    changed = walls.copy()
    changed[:, 0, 0] ^= True
    assert (fingerprints(changed) != expected).all()


def test_no_maze_twice_in_a_split_mirror_images_included() -> None:
    inputs, _ = generate(MazeStyle(5, 5, 0.1, 0.3, 4), "train", seed=0, count=3000)
    prints = fingerprints((inputs == WALL).reshape(-1, 5, 5))
    assert len(np.unique(prints)) == 3000


@settings(max_examples=3)
@given(st.sampled_from(["train", "test"]), st.integers(0, 1000))
def test_hard_mazes_resemble_the_benchmark(split: Split, seed: int) -> None:
    inputs, labels = generate(MazeStyle.hard(), split, seed, count=8)
    lengths = (labels == PATH).sum(axis=1) + 1
    assert lengths.min() >= 109
    assert 0.25 < (inputs == WALL).mean() < 0.47


@pytest.mark.parametrize(
    ("style", "message"),
    [
        ((4, 10, 0.2, 0.4, 5), r"The height 4 is out of range: it must be 5 to 80 cells\."),
        ((10, 81, 0.2, 0.4, 5), r"The width 81 is out of range"),
        ((10, 10, 0.5, 0.4, 5), r"The wall density must satisfy 0 <= min_walls <= max_walls < 1, got 0\.5 to 0\.4\."),
        ((10, 10, 0.2, 1.0, 5), r"The wall density must satisfy"),
        ((10, 10, 0.2, 0.4, 0), r"The minimum path length must be at least 1 move, got 0\."),
    ],
)
def test_styles_out_of_range(style: tuple[int, int, float, float, int], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        MazeStyle(*style)


def test_impossible_and_exhausted_styles_say_so() -> None:
    with pytest.raises(UsageError, match=r"Found no 6 x 6 mazes with 0% to 10% walls and at least 30 moves in"):
        generate(MazeStyle(6, 6, 0.0, 0.1, 30), "train", seed=0, count=1)
    with pytest.raises(UsageError, match=r"Found only \d+ distinct 5 x 5 mazes .* Request fewer"):
        generate(MazeStyle(5, 5, 0.0, 0.001, 4), "train", seed=0, count=1000)


def test_none_at_all() -> None:
    inputs, labels = generate(SMALL, "train", seed=0, count=0)
    assert inputs.shape == labels.shape == (0, 100)
