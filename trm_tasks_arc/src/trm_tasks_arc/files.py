"""Reads tasks from files and folders, in the forms that collections of ARC tasks have.

A file is one task; a collection, such as Mini-ARC or 1D-ARC, of tasks by id or in a list; or Kaggle's challenges, with or
without the solutions beside it. A folder has any of these at any depth, as ConceptARC does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from trm.data import parse_json, read_puzzle_text
from trm.errors import DataError, UsageError, quoted, reason
from trm_tasks_arc.grids import as_grid
from trm_tasks_arc.pairs import Pair, Task, Tasks, read_task

CHALLENGES, SOLUTIONS = "_challenges", "_solutions"
SUBMISSION = "sample_submission"
SUFFIXES = (".json", ".json.gz")
IDS = ("id", "task_id", "name")
"""Keys of the id of a task in a list of tasks."""


@dataclass(frozen=True)
class Found:
    """The tasks of a file or folder.

    Attributes:
        form: what it is, in one phrase, as in "a collection of 149 tasks".
        tasks: by id, in the order of the source.
    """

    form: str
    tasks: Tasks


def read_path(path: Path) -> Found:
    """Read the tasks of a file or of all files in a folder and its subfolders.

    Raises:
        UsageError: there is no such file, it is not text, or a folder has no task files.
        DataError: a file is damaged, or something else than ARC tasks. The message names the file and the key.
    """
    return _read_folder(path) if path.is_dir() else _read_file(path)


def read_content(content: Any, name: str, where: str) -> Found:
    """Read the tasks of a JSON document.

    Args:
        content: the document.
        name: id of the task if the document is one task.
        where: name of the document in messages.

    Raises:
        DataError: it is something else than ARC tasks, or a task is malformed.
    """
    if isinstance(content, Mapping) and ("train" in content or "test" in content):
        return Found("one task", {name: read_task(name, content)})
    entries = dict(_entries(content, where))
    if not entries:
        raise DataError(f"{where} contains no tasks.")
    for task_id, task in entries.items():
        if not isinstance(task, Mapping) or "test" not in task:
            raise DataError(f"{where} contains no ARC tasks: {quoted(task_id)} is {_kind(task)}. {EXPECTED}")
    tasks = {task_id: read_task(task_id, task) for task_id, task in entries.items()}
    return Found(f"a collection of {_counted(len(tasks), 'task')}", tasks)


EXPECTED = 'Expected a task with "train" and "test", or tasks by id.'


def _entries(content: Any, where: str) -> Iterator[tuple[str, Any]]:
    """The tasks of a collection with their ids."""
    if isinstance(content, Mapping):
        yield from content.items()
        return
    if not isinstance(content, list):
        raise DataError(f"{where} contains no ARC tasks: it is {_kind(content)}. {EXPECTED}")
    for number, entry in enumerate(content, start=1):
        named = [str(entry[key]) for key in IDS if key in entry] if isinstance(entry, Mapping) else []
        if not named:
            raise DataError(f"{where} contains no ARC tasks: item {number} of its list is {_kind(entry)}. {EXPECTED}")
        yield named[0], entry


def _kind(value: Any) -> str:
    """What a JSON value is that is no task."""
    if isinstance(value, Mapping):
        if any(str(key).startswith("attempt_") for key in value):
            return "the attempts of a submission"
        if "input" in value and "output" in value:
            return "a pair of grids without a task around it"
        keys = ", ".join(quoted(key) for key in list(value)[:3]) or "no keys"
        return f"an object with {keys}"
    if isinstance(value, list):
        items = [item for item in value if isinstance(item, Mapping)]
        return _kind(items[0]) if items else "a list, as in a file of solutions"
    return f"the value {quoted(value)}"


def _read_file(path: Path) -> Found:
    name = _stem(path)
    if name.endswith(SOLUTIONS):
        raise UsageError(f"{path} contains only solutions. Pass the challenges file beside it.")
    content = read_json(path)
    try:
        found = read_content(content, name, str(path))
    except DataError as error:
        if str(path) in str(error):
            raise
        raise DataError(f"{path}: {error}") from error
    if not name.endswith(CHALLENGES):
        return found
    count = _counted(len(found.tasks), "task")
    solutions = solutions_file(path)
    if solutions is None:
        return Found(f"Kaggle's challenges without solutions, {count}", found.tasks)
    return Found(f"Kaggle's challenges with solutions, {count}", _with_solutions(found.tasks, path, solutions))


def _read_folder(folder: Path) -> Found:
    """Read all files of a folder. A task's id is the name of its file, with its folders if two files have one name."""
    files = sorted(path for path in folder.rglob("*") if path.name.endswith(SUFFIXES) and not _hidden(path, folder))
    challenges = [path for path in files if _stem(path).endswith(CHALLENGES)]
    files = [path for path in files if not (challenges and _stem(path).endswith((SOLUTIONS, SUBMISSION)))]
    if not files:
        raise UsageError(f"The folder {folder} contains no task files (*.json).")
    if len(challenges) > 1:
        raise UsageError(
            f"The folder {folder} contains several of Kaggle's files. Pass one of them, such as {challenges[0]}."
        )
    counts = Counter(_stem(path) for path in files)
    tasks: Tasks = {}
    for path in files:
        found = _read_file(path).tasks
        if list(found) == [_stem(path)] and counts[_stem(path)] > 1:
            name = (path.relative_to(folder).parent / _stem(path)).as_posix()
            found = {name: replace(found[_stem(path)], id=name)}
        for task_id in found.keys() & tasks.keys():
            raise DataError(f"The id {task_id} of {path} also names another task in {folder}. Rename one of the two.")
        tasks |= found
    return Found(f"a folder of {_counted(len(files), 'file')}, {_counted(len(tasks), 'task')}", tasks)


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def _stem(path: Path) -> str:
    return path.name.removesuffix(".gz").removesuffix(".json")


def solutions_file(challenges: Path) -> Path | None:
    """The solutions beside a file of challenges, compressed or not; None if there are none."""
    stem = _stem(challenges).removesuffix(CHALLENGES) + SOLUTIONS
    files = [challenges.with_name(stem + suffix) for suffix in SUFFIXES]
    return next((file for file in files if file.exists()), None)


def _with_solutions(tasks: Tasks, challenges: Path, file: Path) -> Tasks:
    """Return the tasks with the outputs of a solutions file."""
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
        Pair(pair.input, as_grid(output, f"Task {task.id}, test pair {n}, output", largest=None))
        for n, (pair, output) in enumerate(zip(task.test, outputs, strict=True), start=1)
    )
    return replace(task, test=tuple(pairs))


def read_json(path: Path) -> Any:
    """Read a JSON file, possibly compressed with gzip.

    Raises:
        UsageError: the file does not exist or is not text.
        DataError: it is not JSON.
    """
    try:
        content: Any = parse_json(read_puzzle_text(path))
    except ValueError as error:
        raise DataError(f"{path} cannot be read as JSON: {reason(error)}.") from error
    return content
