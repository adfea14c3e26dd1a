"""The tasks that shipped weights are trained on tell nothing about tasks that are scored or used for choices."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trm_tasks_arc.curriculum import training_tasks, unrelated
from trm_tasks_arc.grids import Grid
from trm_tasks_arc.leaks import leaked
from trm_tasks_arc.pairs import Pair, Task, Tasks
from trm_tasks_arc.tasks import load_source
from trm_tasks_arc.transforms import TRANSFORMS
from trm_tasks_arc.validation import VALIDATION

SMALL = np.array([[1, 2], [3, 4]], np.uint8)


@pytest.fixture(scope="module")
def chosen() -> Tasks:
    return training_tasks()


def task(task_id: str, grid: Grid) -> Task:
    return Task(task_id, (Pair(SMALL, grid),), (Pair(SMALL, SMALL),))


def test_the_tasks_are_those_of_the_shipped_weights(chosen: Tasks) -> None:
    assert len(chosen) == 565


@pytest.mark.parametrize("source", ["arcagi1:evaluation", "kaggle2025:evaluation", "arcagi2:evaluation"])
def test_no_scored_task_is_among_them(chosen: Tasks, source: str) -> None:
    assert not leaked(chosen, load_source(source))


def test_no_validation_task_is_among_them(chosen: Tasks) -> None:
    first = load_source("arcagi1:training")
    assert not leaked(chosen, {one: first[one] for one in VALIDATION})


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(TRANSFORMS))
def test_a_task_with_a_turned_and_recoloured_grid_of_another_is_related(seed: int, transform: object) -> None:
    rng = np.random.default_rng(seed)
    grid = rng.integers(0, 10, (4, 5)).astype(np.uint8)
    assert callable(transform)
    copy = np.ascontiguousarray(transform(rng.permutation(10).astype(np.uint8)[grid]))
    assert not unrelated({"copy": task("copy", copy)}, [task("scored", grid)])
    changed = copy.copy()
    changed[0, 0] = (changed[0, 0] + 1) % 10
    if len(np.unique(copy)) == len(np.unique(changed)) == 10:
        assert unrelated({"changed": task("changed", changed)}, [task("scored", grid)])


def test_small_and_plain_grids_say_nothing() -> None:
    plain = np.zeros((9, 9), np.uint8)
    assert unrelated({"a": task("a", plain)}, [task("scored", plain)])
