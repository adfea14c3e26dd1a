"""Finding the run folders in a folder, and the state that each is in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from trm.errors import CheckpointError, UsageError
from trm.runs.history import History, read_history
from trm.runs.hub import HubReference, cached_reference, download_run, is_hub_reference
from trm.runs.names import missing_run
from trm.storage.locks import RunLock

DEPTH = 3
"""Levels of folders below the given one that are searched."""


@dataclass(frozen=True)
class Listed:
    """A run folder as `trm runs` lists it.

    Attributes:
        path: the run folder.
        state: "running", "finished", "interrupted", "imported" (weights without a training) or "damaged".
        history: settings and metrics; None if the run is damaged.
        problem: why it is damaged; None otherwise.
    """

    path: Path
    state: str
    history: History | None = None
    problem: str | None = None


def is_run(folder: Path) -> bool:
    """Whether a folder is a run folder, even one without a readable `config.json`."""
    return (folder / "checkpoints").is_dir() or (folder / "metrics.jsonl").is_file()


def find_runs(folder: Path) -> list[Path]:
    """The run folders at or below a folder, by name, numbers in numeric order. Hidden folders are not searched."""
    return [folder] if is_run(folder) else sorted(_below(folder, DEPTH), key=_natural)


def list_runs(folder: Path) -> list[Listed]:
    """The runs at or below a folder, each with its state."""
    return [_listed(path) for path in find_runs(folder)]


def expanded(paths: Sequence[Path]) -> list[Listed]:
    """The runs that paths name: run folders, folders that contain run folders, and models on the Hub. Each run is listed once.

    Raises:
        UsageError: a path does not exist, or contains no run; or the Hub has no such model for this user.
        CheckpointError: a run folder that is named itself is damaged.
        TRMError: a download failed.
    """
    found: dict[Path, Listed] = {}
    for path in paths:
        if is_hub_reference(path):
            path = download_run(HubReference.parse(path))
        if not path.is_dir():
            raise UsageError(missing_run(path))
        if is_run(path) or (path / "config.json").exists():
            found.setdefault(path.resolve(), _listed(path, read_history(path)))
            continue
        runs = list_runs(path)
        if not runs:
            raise UsageError(missing_run(path))
        found.update((run.path.resolve(), run) for run in runs if run.path.resolve() not in found)
    return list(found.values())


def state_of(history: History) -> str:
    """The state of a readable run; see `Listed`."""
    if RunLock(history.path).is_held():
        return "running"
    if history.config.training is None:
        return "imported"
    if history.summary is None:
        return "interrupted"
    steps = history.summary.get("steps")
    resumed = isinstance(steps, int) and (history.last("step") or 0) > steps  # past its first end, and not done again
    return "interrupted" if resumed else "finished"


def _listed(path: Path, history: History | None = None) -> Listed:
    try:
        history = history or read_history(path)
    except CheckpointError as error:
        return Listed(path, "damaged", problem=str(error))
    return Listed(path, state_of(history), history)


def _below(folder: Path, depth: int) -> Iterator[Path]:
    try:
        folders = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
    except OSError:  # a folder that may not be read has no runs for us
        return
    for path in folders:
        if is_run(path):
            yield path
        elif depth > 1:
            yield from _below(path, depth - 1)


def _natural(path: Path) -> list[tuple[str, int]]:
    """A sort key that puts `run-10` after `run-9`."""
    return [(text, int(number or 0)) for text, number in re.findall(r"(\D+)(\d*)", f" {path}")]


def names(paths: Iterable[Path]) -> list[str]:
    """The shortest unambiguous name of each path: its last part, or as many parts as tell it from the others."""
    paths = [path.absolute() for path in paths]
    result = []
    for path in paths:
        model = cached_reference(path)
        if model is not None:
            result.append(f"hf://{model.repository}@{str(model.revision)[:8]}")
            continue
        others = [other for other in paths if other != path]
        lengths = range(1, len(path.parts) + 1)
        parts = next(
            (path.parts[-n:] for n in lengths if all(other.parts[-n:] != path.parts[-n:] for other in others)),
            path.parts,
        )
        result.append(str(Path(*parts)))
    return result
