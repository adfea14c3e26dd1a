"""Detects scored tasks in the training data.

Most evaluation tasks of ARC-AGI-1 are training tasks of ARC-AGI-2. Six evaluation tasks of ARC-AGI-2 are in ARC-AGI-1, and
a seventh has the demonstrations of another task there. Training on one release therefore contaminates scores on the other.
"""

from __future__ import annotations

from collections.abc import Mapping

from trm.errors import DataError
from trm_tasks_arc.grids import grid_key
from trm_tasks_arc.pairs import Task

PUBLISHED_TWINS = {"070dd51e": "40853293"}
"""An evaluation task of ARC-AGI-1 that is also a training task of it. It is allowed, since published scores include it."""

NAMED = 20  # maximum number of ids in the message; the exception holds all of them


class LeakError(DataError):
    """Scored tasks are in the training data.

    Attributes:
        tasks: their ids, each mapped to its id in the training data.
    """

    def __init__(self, tasks: dict[str, str]) -> None:
        self.tasks = tasks
        names = [task_id if task_id == twin else f"{task_id} (as {twin})" for task_id, twin in tasks.items()]
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        super().__init__(
            f"{len(names)} of the scored tasks are also training tasks with their solutions: "
            f"{', '.join(names[:NAMED])}{more}. Train on other sources, or drop them with --set task.leaks=drop."
        )


def leaked(training: Mapping[str, Task], evaluation: Mapping[str, Task]) -> dict[str, str]:
    """Return the ids of evaluation tasks in the training tasks, each mapped to its id there.

    Tasks are compared by id and by content. Transformed copies and tasks that share only some pairs are not found.
    """
    by_content = {_content(task): task_id for task_id, task in training.items()}
    found = {}
    for task_id, task in evaluation.items():
        twin = task_id if task_id in training else by_content.get(_content(task))
        if twin is not None and PUBLISHED_TWINS.get(task_id) != twin:
            found[task_id] = twin
    return found


def _content(task: Task) -> frozenset[object]:
    """Return the demonstrations in any order. They identify a task even if its solutions are unknown."""
    return frozenset((grid_key(pair.input), grid_key(pair.output)) for pair in task.train if pair.output is not None)
