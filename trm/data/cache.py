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
from pydantic import BaseModel

from trm.data.compilation import showing_compilation
from trm.data.layout import read_split
from trm.data.layout_writing import write_split
from trm.data.puzzle_set import Description, PuzzleSet
from trm.data.shipped import read_shipped
from trm.data.source_code import module_digest, source_digest
from trm.data.unfinished import keeping_parts
from trm.errors import DataError, PluginError
from trm.progress import progress
from trm.specs import DatasetSpec
from trm.words import split_word

logger = logging.getLogger(__name__)

PARTS = ".parts"
"""The suffix of a folder of parts."""


def cache_folder() -> Path:
    """The folder for everything that `trm` caches: `TRM_CACHE`, or `trm` in the user's cache folder."""
    if "TRM_CACHE" in os.environ:
        return Path(os.environ["TRM_CACHE"])
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trm"


@dataclass(frozen=True)
class Split:
    """A split of a dataset.

    Attributes:
        spec: the dataset.
        config: the task's settings.
        name: "train" or "test".
        seed: the seed of the data.
    """

    spec: DatasetSpec
    config: BaseModel
    name: str
    seed: int

    @property
    def count(self) -> int | None:
        """The number of puzzles that the settings ask for; None if the dataset does not declare it."""
        setting = self.spec.counts.get(self.name)
        return None if setting is None else getattr(self.config, setting)

    def limited(self, limit: int | None) -> Split | None:
        """The split of the first `limit` puzzles; None if they cannot be had without the others."""
        if limit is None or self.count is None or limit >= self.count:
            return None
        return replace(self, config=self.config.model_copy(update={self.spec.counts[self.name]: limit}))

    def origin(self, source: str) -> dict[str, Any]:
        """What determines the puzzles, apart from their number.

        Args:
            source: a digest of the code.
        """
        settings = self.config.model_dump(mode="json", exclude_none=True, exclude={*self.spec.counts.values()})
        return {"settings": settings, "split": self.name, "seed": self.seed, "source": source}

    def folder(self, source: str) -> Path:
        """Where the cache stores the split."""
        settings = self.config.model_dump(mode="json", exclude_none=True)
        return self._path([settings, self.name, self.seed, source])

    def parts_folder(self, source: str) -> Path:
        """Where parts are kept while the split is made, whatever its number of puzzles is."""
        return self._path([self.origin(source)]).with_suffix(PARTS)

    def _path(self, key: list[Any]) -> Path:
        spec = self.spec
        digest = hashlib.sha256(json.dumps([spec.task, spec.name, spec.build, *key], sort_keys=True).encode())
        return _datasets() / _quoted(spec.task) / f"{spec.name}-{self.name}-{digest.hexdigest()[:16]}"


def cached_split(
    split: Split,
    build: Callable[[Any, str, int], Any],
    describe: Callable[[Any], Description],
    *,
    rebuild: bool = False,
    limit: int | None = None,
) -> PuzzleSet:
    """Build a split of a dataset, or read it from the cache if the dataset is to be cached, or from what its plugin ships.

    The cache is keyed by the split, and by the source code of the packages that `build` and `describe` are in or of the
    modules that the dataset names, so that an edited plugin builds its data again. Processes that want the same data wait
    for the one that builds it. If the cache cannot be written, the data is built again the next time; if it is damaged,
    the data is built again at once. What an interrupted build has made is kept and used, see `trm.data.unfinished`.

    Args:
        split: what to build.
        build: what `spec.build` refers to: ``(config, split, seed) -> PuzzleSet``.
        describe: the task's ``(config) -> Description``. The cached arrays contain no structure and no token names.
        rebuild: build the data even if it is cached or shipped, and replace what is cached.
        limit: number of puzzles that are needed. Default: all. If the dataset declares how to, only these are made.

    Raises:
        PluginError: `build` returned something else than a `PuzzleSet`, or tokens outside of its vocabulary.
    """
    smaller = split.limited(limit)
    if not split.spec.cache:
        puzzles = _build(smaller or split, build)
        return puzzles if limit is None else puzzles.head(limit)
    source = module_digest(split.spec.sources) if split.spec.sources else source_digest([build, describe])
    kept = _Kept(split, split.folder(source), split.parts_folder(source), source)
    if smaller is None:
        puzzles = kept.whole(build, describe, rebuild)
    else:
        puzzles = (None if rebuild else kept.found(describe)) or kept.build(smaller, build)
    return puzzles if limit is None else puzzles.head(limit)


@dataclass(frozen=True)
class _Kept:
    """What is kept of a split: the whole, or its parts while it is being built."""

    split: Split
    folder: Path
    parts: Path
    source: str

    def whole(
        self, build: Callable[[Any, str, int], Any], describe: Callable[[Any], Description], rebuild: bool
    ) -> PuzzleSet:
        """The whole split, read or built and stored. Keeps other processes from building it."""
        with _alone(self.folder):
            if rebuild:
                shutil.rmtree(self.parts, ignore_errors=True)
            puzzles = None if rebuild else self.found(describe)
            if puzzles is not None:
                return puzzles
            shutil.rmtree(self.folder, ignore_errors=True)
            puzzles = self.build(self.split, build)
            with contextlib.suppress(OSError), progress("Storing the puzzles", 2 * len(puzzles), "rows") as advance:
                write_split(self.folder, self.split.name, puzzles, advance)
                shutil.rmtree(self.parts, ignore_errors=True)
            return puzzles

    def found(self, describe: Callable[[Any], Description]) -> PuzzleSet | None:
        """The whole split from the cache or from the files that the plugin ships; None if neither has it."""
        split = self.split
        puzzles = self._cached()
        if puzzles is not None:
            description = describe(split.config)
            identifiers = puzzles.description.num_puzzle_identifiers
            return replace(puzzles, description=replace(description, num_puzzle_identifiers=identifiers))
        if split.count is None:
            return None
        origin = split.origin(self.source)
        return read_shipped(split.spec.shipped, origin, split.count, lambda: describe(split.config))

    def build(self, split: Split, build: Callable[[Any, str, int], Any]) -> PuzzleSet:
        """Build a split, continuing from the parts of an interrupted build."""
        with keeping_parts(self.parts):
            return _build(split, build)

    def _cached(self) -> PuzzleSet | None:
        if not self.folder.exists():
            return None
        try:
            return read_split(self.folder, self.split.name)
        except DataError as error:
            if (self.folder / self.split.name).exists():  # otherwise a killed process left it incomplete
                logger.warning("%s The data is built again.", error)
            return None


@dataclass(frozen=True)
class Cleared:
    """What `clear_cache` deleted.

    Attributes:
        splits: the number of cached splits of datasets, unfinished ones included.
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
        splits=len({path.parent for path in files if path.name == "dataset.json" or path.parent.suffix == PARTS}),
        size=sum(path.stat().st_size for path in files),
    )
    if folder.exists():
        shutil.rmtree(folder)
    return cleared


def _datasets() -> Path:
    return cache_folder() / "datasets"


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other processes from building or reading this data. Without effect if the cache cannot be written."""
    from filelock import FileLock

    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            folder.parent.mkdir(parents=True, exist_ok=True)
            with progress("Waiting for another process that makes these puzzles"):
                stack.enter_context(FileLock(folder.with_name(f".{folder.name}.lock")))
        yield


def _build(split: Split, build: Callable[[Any, str, int], Any]) -> PuzzleSet:
    spec = split.spec
    with progress(f"Preparing the {split_word(split.name)} puzzles"), showing_compilation():
        puzzles = build(split.config, split.name, split.seed)
    if not isinstance(puzzles, PuzzleSet):
        raise PluginError(
            f"Dataset {spec.name!r}: {spec.build} returned {type(puzzles).__name__}; expected a trm.data.PuzzleSet."
        )
    tokens = puzzles.description.tokens(np.asarray(puzzles.inputs))
    largest = max(int(np.max(tokens, initial=0)), int(np.max(puzzles.labels, initial=0)))
    if largest >= puzzles.description.vocab_size:
        raise PluginError(
            f"Dataset {spec.name!r} contains token {largest}, but its description gives a vocabulary of "
            f"{puzzles.description.vocab_size}."
        )
    return puzzles


def _quoted(task: str) -> str:
    """A task's name as the name of one folder: tasks of a plugin such as reasoning-gym have a slash in their names."""
    return quote(task, safe="*")
