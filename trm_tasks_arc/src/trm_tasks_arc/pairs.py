"""Tasks and their pairs of grids, and their JSON form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trm.errors import DataError, quoted
from trm_tasks_arc.grids import Grid, as_grid
from trm_tasks_arc.transforms import SEPARATOR


@dataclass(frozen=True)
class Pair:
    """An input and its output; None if the solution is unknown."""

    input: Grid
    output: Grid | None


@dataclass(frozen=True)
class Task:
    """A task: demonstration pairs, and test pairs whose outputs have to be found."""

    id: str
    train: tuple[Pair, ...]
    test: tuple[Pair, ...]

    @property
    def solved(self) -> bool:
        """Whether the outputs of all test pairs are known."""
        return all(pair.output is not None for pair in self.test)

    @property
    def largest_side(self) -> int:
        """The largest number of rows or columns of its grids."""
        grids = [grid for pair in (*self.train, *self.test) for grid in (pair.input, pair.output) if grid is not None]
        return max(max(grid.shape) for grid in grids)

    def as_json(self) -> dict[str, list[dict[str, Any]]]:
        """Return the task in the format of its JSON file."""
        return {
            part: [
                {name: grid.tolist() for name in ("input", "output") if (grid := getattr(pair, name)) is not None}
                for pair in getattr(self, part)
            ]
            for part in ("train", "test")
        }


Tasks = dict[str, Task]


def read_task(task_id: str, content: Any, *, demonstrations: bool = True) -> Task:
    """Check and convert the content of a JSON file: ``{"train": [{"input", "output"}, ...], "test": [{"input"}, ...]}``.

    Grids may have any size; `largest_side` tells whether a task fits a canvas.

    Args:
        task_id: id of the task.
        content: content of the JSON file.
        demonstrations: whether demonstration pairs are required (default: True). Scoring does not need them.

    Raises:
        DataError: the task has no demonstration pairs or no test inputs, or a grid is malformed.
    """
    if SEPARATOR in task_id or not task_id or not task_id.isprintable():
        raise DataError(
            f"{quoted(task_id)} is not a valid task id: it must be printable, not be empty, and not contain {SEPARATOR!r}."
        )
    if not isinstance(content, Mapping) or not isinstance(content.get("test"), (list, tuple)):
        raise DataError(f'Task {task_id} is not an ARC task: it needs "train" and "test", each a list of pairs.')
    train = content.get("train") or ()
    if not isinstance(train, (list, tuple)):
        raise DataError(f'Task {task_id} is not an ARC task: it needs "train" and "test", each a list of pairs.')
    if demonstrations and not train:
        raise DataError(f"Task {task_id} has no demonstration pairs to learn its rule from.")
    if not content["test"]:
        raise DataError(f"Task {task_id} has no test inputs.")
    return Task(
        task_id,
        tuple(_read_pair(pair, f"Task {task_id}, training pair {n}", True) for n, pair in enumerate(train, start=1)),
        tuple(
            _read_pair(pair, f"Task {task_id}, test pair {n}", False) for n, pair in enumerate(content["test"], start=1)
        ),
    )


def _read_pair(pair: Any, where: str, needs_output: bool) -> Pair:
    if not isinstance(pair, Mapping) or "input" not in pair:
        raise DataError(f"{where} has no input.")
    output = pair.get("output")
    if output is None and needs_output:
        raise DataError(f"{where} has no output.")
    return Pair(
        as_grid(pair["input"], f"{where}, input", largest=None),
        None if output is None else as_grid(output, f"{where}, output", largest=None),
    )
