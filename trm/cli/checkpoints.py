"""Which weights a command works with: a run, a checkpoint folder, a file, or what a task's plugin ships."""

from __future__ import annotations

import importlib.resources
from pathlib import Path
from typing import TYPE_CHECKING

from trm.errors import CheckpointError, UsageError
from trm.plugins.registry import get_registry

if TYPE_CHECKING:
    from trm.runs.checkpoint import LoadedModel


def shipped_weights(task: str) -> dict[str, Path]:
    """The files of shipped weights of a task by preset, the default first."""
    found = {}
    for preset in get_registry().task(task).presets:
        if preset.weights:
            package, _, name = preset.weights.partition(":")
            path = Path(str(importlib.resources.files(package).joinpath(name)))
            if path.exists():
                found[preset.name] = path
    return found


def find_weights(what: str) -> Path:
    """`what` as a path, or the name of a task (`sudoku`) or of a task's preset (`sudoku:quick`) with shipped weights.

    Raises:
        CheckpointError: neither.
    """
    path = Path(what)
    task, _, preset = what.partition(":")
    # A folder that merely has a task's name is not meant; a run of that name is.
    if path.is_file() or (path / "config.json").is_file() or task not in get_registry().tasks():
        return path
    return find_shipped(task, preset)


def find_shipped(task: str, preset: str = "") -> Path:
    """The shipped weights of a task, of its default preset where none is named.

    Raises:
        CheckpointError: it ships none.
        UsageError: it ships none of that preset.
    """
    shipped = shipped_weights(task)
    if not shipped:
        raise CheckpointError(f"Task {task!r} ships no weights. Train some with: trm train {task}")
    if preset and preset not in shipped:
        raise UsageError(f"Task {task!r} ships weights of {', '.join(shipped)}, not of {preset!r}.")
    return shipped[preset] if preset else next(iter(shipped.values()))


def load_for_task(what: str | None, task: str | None = None) -> LoadedModel:
    """Load weights, checked to be of `task`; without `what`, those that the task ships.

    Raises:
        CheckpointError: they are missing, damaged, or of another task.
    """
    from trm.runs.checkpoint import load_model

    if what is not None:
        path = find_weights(what)
    else:
        assert task is not None
        path = find_shipped(task)
    loaded = load_model(path)
    if task is not None and loaded.run.task != task:
        raise CheckpointError(f"The checkpoint {what} is of task {loaded.run.task!r}, not {task!r}.")
    return loaded
