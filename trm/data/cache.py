"""A cache on disk for generated datasets, in the layout of `trm.data.layout`."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from filelock import FileLock
from pydantic import BaseModel

from trm.data.puzzle_set import Description, PuzzleSet
from trm.data.source_code import source_digest
from trm.errors import DataError, PluginError
from trm.specs import DatasetSpec

logger = logging.getLogger(__name__)


def cache_folder() -> Path:
    """The folder for everything that `trm` caches: `TRM_CACHE`, or `trm` in the user's cache folder."""
    if "TRM_CACHE" in os.environ:
        return Path(os.environ["TRM_CACHE"])
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trm"


def cached_split(
    spec: DatasetSpec,
    config: BaseModel,
    split: str,
    seed: int,
    build: Callable[[Any, str, int], Any],
    describe: Callable[[Any], Description],
    rebuild: bool = False,
) -> PuzzleSet:
    """Build a split of a dataset, or read it from the cache if the dataset is to be cached.

    The cache is keyed by the arguments and by the source code of the packages that `build` and `describe` are in, so that
    an edited plugin builds its data again. Processes that want the same data wait for the one that builds it. If the cache
    cannot be written, the data is built again the next time; if it is damaged, the data is built again at once.

    Args:
        spec: the dataset.
        config: the task's settings.
        split: "train" or "test".
        seed: the seed of the data.
        build: what `spec.build` refers to: ``(config, split, seed) -> PuzzleSet``.
        describe: the task's ``(config) -> Description``. The cached arrays contain no structure and no token names.
        rebuild: build the data even if it is cached, and replace what is cached.

    Raises:
        PluginError: `build` returned something else than a `PuzzleSet`, or tokens outside of its vocabulary.
    """
    if not spec.cache:
        return _build(spec, config, split, seed, build)
    from trm.data.layout import write_split

    folder = _folder(spec, config, split, seed, source_digest([build, describe]))
    with _alone(folder):
        puzzles = None if rebuild else _cached(folder, split, lambda: describe(config))
        if puzzles is not None:
            return puzzles
        puzzles = _build(spec, config, split, seed, build)
        with contextlib.suppress(OSError):
            write_split(folder, split, puzzles)
        return puzzles


@dataclass(frozen=True)
class Cleared:
    """What `clear_cache` deleted.

    Attributes:
        splits: the number of cached splits of datasets.
        size: their size in bytes.
    """

    splits: int
    size: int


def clear_cache(task: str | None = None) -> Cleared:
    """Delete the cached datasets of a task.

    Args:
        task: the name of a task, installed or not. Default: all tasks.

    Raises:
        OSError: a file cannot be deleted.
    """
    folder = _datasets() if task is None else _datasets() / _quoted(task)
    files = [path for path in folder.rglob("*") if path.is_file()]
    cleared = Cleared(
        splits=sum(path.name == "dataset.json" for path in files), size=sum(path.stat().st_size for path in files)
    )
    if folder.exists():
        shutil.rmtree(folder)
    return cleared


def _datasets() -> Path:
    return cache_folder() / "datasets"


def _cached(folder: Path, split: str, describe: Callable[[], Description]) -> PuzzleSet | None:
    from trm.data.layout import read_split

    if not folder.exists():
        return None
    try:
        puzzles = read_split(folder, split)
    except DataError as error:
        if (folder / split).exists():  # otherwise a killed process left it incomplete
            logger.warning("%s The data is built again.", error)
        shutil.rmtree(folder, ignore_errors=True)
        return None
    description = replace(describe(), num_puzzle_identifiers=puzzles.description.num_puzzle_identifiers)
    return replace(puzzles, description=description)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other processes from building or reading this data. Without effect if the cache cannot be written."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            folder.parent.mkdir(parents=True, exist_ok=True)
            stack.enter_context(FileLock(folder.with_name(f".{folder.name}.lock")))
        yield


def _build(
    spec: DatasetSpec, config: BaseModel, split: str, seed: int, build: Callable[[Any, str, int], Any]
) -> PuzzleSet:
    puzzles = build(config, split, seed)
    if not isinstance(puzzles, PuzzleSet):
        raise PluginError(
            f"Dataset {spec.name!r}: {spec.build} returned {type(puzzles).__name__}; expected a trm.data.PuzzleSet."
        )
    largest = max(int(np.max(puzzles.inputs, initial=0)), int(np.max(puzzles.labels, initial=0)))
    if largest >= puzzles.description.vocab_size:
        raise PluginError(
            f"Dataset {spec.name!r} contains token {largest}, but its description gives a vocabulary of "
            f"{puzzles.description.vocab_size}."
        )
    return puzzles


def _folder(spec: DatasetSpec, config: BaseModel, split: str, seed: int, source: str) -> Path:
    settings = config.model_dump(mode="json", exclude_none=True)
    parts = [spec.task, spec.name, spec.build, settings, split, seed, source]
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
    return _datasets() / _quoted(spec.task) / f"{spec.name}-{split}-{digest}"


def _quoted(task: str) -> str:
    """A task's name as the name of one folder: tasks of a plugin such as reasoning-gym have a slash in their names."""
    return quote(task, safe="*")
