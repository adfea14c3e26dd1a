"""The tasks that shipped weights are trained on: none that is scored or used for choices, and none that shares a grid with one."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping

import numpy as np

from trm_tasks_arc.grids import Grid
from trm_tasks_arc.leaks import leaked
from trm_tasks_arc.pairs import Task, Tasks
from trm_tasks_arc.tasks import load_source
from trm_tasks_arc.transforms import TRANSFORMS
from trm_tasks_arc.validation import VALIDATION

SMALLEST = 16
"""Cells from which two equal grids are taken to be a sign that their tasks are related."""


def training_tasks() -> Tasks:
    """The training tasks of both releases, without those that tell anything about a task that is scored.

    Left out are the evaluation tasks of both releases, most of which ARC-AGI-2 trains on, the validation tasks, and every task
    that shares a grid with one of these.
    """
    first, second = load_source("arcagi1:training"), load_source("kaggle2025:training")
    evaluation = [load_source("arcagi1:evaluation"), load_source("kaggle2025:evaluation")]
    known = {twin for other in (first, *evaluation) for twin in leaked(second, other).values()}
    tasks = {**first, **{task_id: task for task_id, task in second.items() if task_id not in known}}
    tasks = {task_id: task for task_id, task in tasks.items() if task_id not in VALIDATION}
    kept_apart = [*(task for tasks in evaluation for task in tasks.values()), *(first[one] for one in VALIDATION)]
    return unrelated(tasks, kept_apart)


def unrelated(tasks: Mapping[str, Task], others: Iterable[Task]) -> Tasks:
    """The tasks that share no grid with any of the others, in the same order.

    Grids are the same if they are after a rotation or reflection and a renaming of the colours. Grids of one colour or with
    fewer than 16 cells do not count.
    """
    taken = set[Hashable]().union(*map(_grids, others))
    return {task_id: task for task_id, task in tasks.items() if taken.isdisjoint(_grids(task))}


def _grids(task: Task) -> set[Hashable]:
    grids = (grid for pair in (*task.train, *task.test) for grid in (pair.input, pair.output) if grid is not None)
    return {_canonical(grid) for grid in grids if grid.size >= SMALLEST and np.ptp(grid) > 0}


def _canonical(grid: Grid) -> tuple[tuple[int, ...], bytes]:
    """A key that is the same for all rotations, reflections and renamings of the colours of a grid."""
    keys = []
    for transform in TRANSFORMS:
        turned, names = np.ascontiguousarray(transform(grid)), dict[int, int]()
        colours = bytes(names.setdefault(colour, len(names)) for colour in turned.ravel().tolist())
        keys.append((turned.shape, colours))
    return min(keys)
