"""Tests of the symmetries of a grid and of the labels of images."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from trm_tasks_maze.generator import MazeStyle, generate
from trm_tasks_maze.grid import PATH
from trm_tasks_maze.labels import label_batch
from trm_tasks_maze.rules import is_valid_and_shortest
from trm_tasks_maze.symmetry import apply, invert, permutations, sample, transform_and_label

MAZES = {shape: generate(MazeStyle(*shape, 0.1, 0.3, 6), "train", seed=0, count=50) for shape in ((7, 7), (5, 8))}


@given(st.integers(2, 8), st.integers(2, 8), st.integers(0, 2**32))
def test_invert_undoes_apply(height: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    grids = rng.integers(1, 6, size=(20, height * width))
    symmetries = sample(rng, 20, height, width)
    images = apply(grids, symmetries, height, width)
    assert np.array_equal(invert(images, symmetries, height, width), grids)
    assert np.array_equal(apply(invert(grids, symmetries, height, width), symmetries, height, width), grids)


def test_the_symmetries_are_numpys_turns_and_mirrors() -> None:
    square = np.arange(25).reshape(5, 5)
    turned = [np.rot90(grid, k) for grid in (square, square.T) for k in range(4)]
    assert {tuple(p) for p in permutations(5, 5).tolist()} == {tuple(grid.reshape(-1).tolist()) for grid in turned}
    assert len(permutations(4, 6)) == 4
    assert np.array_equal(permutations(5, 5)[0], np.arange(25))


def test_sampling_reaches_all_symmetries() -> None:
    assert set(sample(np.random.default_rng(0), 200, 5, 5).tolist()) == set(range(8))
    assert set(sample(np.random.default_rng(0), 200, 5, 6).tolist()) == set(range(4))


@given(st.sampled_from([(7, 7), (5, 8)]), st.integers(0, 2**32))
def test_images_are_solved_anew(shape: tuple[int, int], seed: int) -> None:
    inputs, labels = MAZES[shape]
    symmetries = sample(np.random.default_rng(seed), 50, *shape)
    images, answers = transform_and_label(inputs, symmetries, *shape)
    assert np.array_equal(images, apply(inputs, symmetries, *shape))
    assert np.array_equal(label_batch(images.reshape(-1, *shape)).reshape(answers.shape), answers)
    # The image of a label is also a correct answer, but not always the label.
    moved = apply(labels, symmetries, *shape)
    assert is_valid_and_shortest(images.reshape(-1, *shape), moved.reshape(-1, *shape)).all()
    assert ((moved == PATH).sum(axis=1) == (answers == PATH).sum(axis=1)).all()


def test_the_rule_is_not_symmetric() -> None:
    inputs, labels = MAZES[7, 7]
    mirrored = np.full(50, 2)
    assert not np.array_equal(transform_and_label(inputs, mirrored, 7, 7)[1], apply(labels, mirrored, 7, 7))
