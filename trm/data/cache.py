"""Generated data kept between runs, in the layout of `trm.data.layout`."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from filelock import FileLock
from pydantic import BaseModel

from trm.data.puzzle_set import PuzzleSet
from trm.errors import DataError, PluginError
from trm.plugins.code import load
from trm.plugins.registry import get_registry
from trm.specs import DatasetSpec

logger = logging.getLogger(__name__)


def cache_folder() -> Path:
    """`TRM_CACHE`, or `trm` in the user's cache folder."""
    if "TRM_CACHE" in os.environ:
        return Path(os.environ["TRM_CACHE"])
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trm"


def cached_split(spec: DatasetSpec, config: BaseModel, split: str, seed: int) -> PuzzleSet:
    """Build a split, or read it from the cache where the dataset asks to be cached.

    Processes that want the same data wait for the one that builds it. A cache that can't be written is no error: the data
    is built again the next time. Nor is a damaged one, which is built again at once.
    """
    if not spec.cache:
        return _build(spec, config, split, seed)
    from trm.data.layout import write_split

    folder = cache_folder() / "datasets" / _key(spec, config, split, seed)
    with _alone(folder):
        puzzles = _cached(folder, spec, config, split)
        if puzzles is not None:
            return puzzles
        puzzles = _build(spec, config, split, seed)
        with contextlib.suppress(OSError):
            write_split(folder, split, puzzles)
        return puzzles


def _cached(folder: Path, spec: DatasetSpec, config: BaseModel, split: str) -> PuzzleSet | None:
    from trm.data.layout import read_split

    if not folder.exists():
        return None
    try:
        return _restored(read_split(folder, split), spec, config)
    except DataError as error:
        if (folder / split).exists():  # else a killed process left it half-written
            logger.warning("%s The data is built again.", error)
        shutil.rmtree(folder, ignore_errors=True)
        return None


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Inside, no other process builds or reads this data; without that where the cache can't be written."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            folder.parent.mkdir(parents=True, exist_ok=True)
            stack.enter_context(FileLock(folder.with_name(f".{folder.name}.lock")))
        yield


def _build(spec: DatasetSpec, config: BaseModel, split: str, seed: int) -> PuzzleSet:
    puzzles = load(spec.build)(config, split, seed)
    if not isinstance(puzzles, PuzzleSet):
        raise PluginError(f"Dataset {spec.name!r}: {spec.build} returned {type(puzzles).__name__}, not a PuzzleSet.")
    puzzles.check_fixed()
    largest = max(int(np.max(puzzles.inputs, initial=0)), int(np.max(puzzles.labels, initial=0)))
    if largest >= puzzles.description.vocab_size:
        raise PluginError(
            f"Dataset {spec.name!r} gave token {largest}, its vocabulary has {puzzles.description.vocab_size}."
        )
    return puzzles


def _restored(puzzles: PuzzleSet, spec: DatasetSpec, config: BaseModel) -> PuzzleSet:
    """The layout keeps no structure and no token names: the task describes them."""
    from dataclasses import replace

    description = load(get_registry().task(spec.task).describe)(config)
    merged = replace(description, num_puzzle_identifiers=puzzles.description.num_puzzle_identifiers)
    return replace(puzzles, description=merged)


def _key(spec: DatasetSpec, config: BaseModel, split: str, seed: int) -> str:
    owner = get_registry().owner(spec)
    parts = [
        owner.distribution,
        owner.version,
        spec.task,
        spec.name,
        config.model_dump(mode="json", exclude_none=True),
        split,
        seed,
    ]
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
    return f"{spec.task.replace('/', '_')}-{spec.name}-{split}-{digest}"
