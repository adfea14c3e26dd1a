"""A guard against training on the tasks that are to be scored.

Most evaluation tasks of ARC-AGI-1 are training tasks of ARC-AGI-2, and six evaluation tasks of ARC-AGI-2 are in
ARC-AGI-1 (a seventh has the demonstrations of another one there), so a training on one release is not clean for the other.
"""

from __future__ import annotations

from collections.abc import Mapping

from trm.errors import DataError
from trm_tasks_arc.grids import grid_key
from trm_tasks_arc.tasks import Task

PUBLISHED_TWINS = {"070dd51e": "40853293"}
"""An evaluation task of ARC-AGI-1 that is also a training task of it. Published scores have it in, so it is let pass."""

NAMED = 20  # ids that the message spells out; all of them are in the exception


class LeakError(DataError):
    """Tasks to be scored are trained on.

    Attributes:
        tasks: the ids of all of them, each with the id that it has in training.
    """

    def __init__(self, tasks: dict[str, str]) -> None:
        self.tasks = tasks
        names = [task_id if task_id == twin else f"{task_id} (there {twin})" for task_id, twin in tasks.items()]
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        super().__init__(
            f"{len(names)} of the tasks to be scored are among the training tasks, where their solutions are seen: "
            f"{', '.join(names[:NAMED])}{more}. Train on other sources, or leave them out with --set task.leaks=drop."
        )


def leaked(training: Mapping[str, Task], evaluation: Mapping[str, Task]) -> dict[str, str]:
    """Ids of evaluation tasks that training contains, each with the id it has there.

    A task is found by its id, and by its content where it goes by another id. Transformed copies are not found, nor are
    tasks that share only some of their pairs.
    """
    by_content = {_content(task): task_id for task_id, task in training.items()}
    found = {}
    for task_id, task in evaluation.items():
        twin = task_id if task_id in training else by_content.get(_content(task))
        if twin is not None and PUBLISHED_TWINS.get(task_id) != twin:
            found[task_id] = twin
    return found


def _content(task: Task) -> frozenset[object]:
    """The demonstrations in any order; they decide a task, and are known where its solutions are not."""
    return frozenset((grid_key(pair.input), grid_key(pair.output)) for pair in task.train if pair.output is not None)
