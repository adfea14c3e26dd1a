"""Parts of a dataset that is being generated, kept on disk until the whole is stored.

A generator that makes its puzzles part by part continues where it was interrupted, or killed. The cache says where parts
are kept; without it, they are not.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trm.data.puzzle_set import IntArray
from trm.storage.atomic import write_bytes

logger = logging.getLogger(__name__)

KEEP_SECONDS = 1.0
"""Parts are written together once they took this long to make, so that quick ones are not slowed down."""

KEPT = "The puzzles made so far are kept: the same command continues from them."
"""What an interruption says if there are parts on disk."""

DIGEST = hashlib.sha256().digest_size

Arrays = Mapping[str, IntArray]

_folder: ContextVar[Path | None] = ContextVar("folder", default=None)


@contextlib.contextmanager
def keeping_parts(folder: Path | None) -> Iterator[None]:
    """A context in which `parts` keeps its parts in a folder, which is created if needed; nowhere if it is None."""
    token = _folder.set(folder)
    try:
        yield
    except KeyboardInterrupt as error:
        if folder is not None and folder.exists():
            error.args = (KEPT,)
        raise
    finally:
        _folder.reset(token)


@dataclass(frozen=True)
class Part:
    """A part of a dataset.

    Attributes:
        arrays: what `make` returned.
        found: whether an earlier run made it.
    """

    arrays: Arrays
    found: bool


def parts(name: str, make: Callable[[int], Arrays]) -> Iterator[Part]:
    """Yield the parts 0, 1, 2, ... without end, those of an interrupted generation from disk.

    Args:
        name: tells these parts from others of the same dataset, such as "mazes"; a file name.
        make: makes the part of a number: arrays by name, which depend on nothing but the settings of the dataset, its
            split and seed, and the number. The settings in `DatasetSpec.counts` must not matter.
    """
    folder = _folder.get()
    kept = {} if folder is None else _files(folder, name)
    new: list[Arrays] = []
    number, begun = 0, time.monotonic()
    while True:
        found = _read(kept[number]) if number in kept else ()
        for arrays in found:
            yield Part(arrays, found=True)
        number += len(found)
        if found:
            continue
        new.append(make(number))
        number += 1
        part = Part(new[-1], found=False)
        if folder is None:
            new = []
        elif number in kept or time.monotonic() - begun >= KEEP_SECONDS:
            _write(folder / f"{name}-{number - len(new):06d}.part", new)
            new, begun = [], time.monotonic()
        yield part


def _files(folder: Path, name: str) -> dict[int, Path]:
    """The files of parts, by the number of their first part."""
    numbers = {path.stem.removeprefix(f"{name}-"): path for path in folder.glob(f"{name}-*.part")}
    return {int(number): path for number, path in numbers.items() if number.isdecimal()}


def _write(path: Path, made: Sequence[Arrays]) -> None:
    """Write consecutive parts into one file, after the digest of its content. Does nothing if the cache cannot be written."""
    file = io.BytesIO()
    columns = {f"{number}.{name}": array for number, arrays in enumerate(made) for name, array in arrays.items()}
    np.savez_compressed(file, **columns)  # type: ignore[arg-type]
    content = file.getvalue()
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, hashlib.sha256(content).digest() + content)


def _read(path: Path) -> Sequence[Arrays]:
    """The parts in a file; none if it is damaged or was just removed."""
    try:
        content = path.read_bytes()
    except OSError:
        return ()
    if hashlib.sha256(content[DIGEST:]).digest() != content[:DIGEST]:
        logger.warning("%s is damaged: its puzzles are made again.", path)
        return ()
    made: dict[int, dict[str, IntArray]] = {}
    with np.load(io.BytesIO(content[DIGEST:]), allow_pickle=False) as columns:
        for column in columns.files:
            number, _, name = column.partition(".")
            made.setdefault(int(number), {})[name] = columns[column]
    return [made[number] for number in sorted(made)]
