"""Splits that a plugin ships as compressed files, because they take long to generate.

A file says which settings, split, seed and source code its puzzles come from, and is used for nothing else. `trm data pack`
writes it.
"""

from __future__ import annotations

import io
import json
import lzma
from collections.abc import Callable, Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from trm.data.puzzle_set import Description, PuzzleSet
from trm.storage.atomic import write_bytes

FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "lc": 4, "lp": 0, "pb": 0}]
"""Settings that compress small tokens best: the previous byte tells the most."""

Origin = Mapping[str, Any]
"""What determines puzzles: `settings`, `split`, `seed` and `source`, the digest of the code."""


def write_shipped(path: Path, puzzles: PuzzleSet, origin: Origin) -> None:
    """Write a generated split, whose puzzles have no ids or groups, into one compressed file.

    Raises:
        OSError: the file cannot be written.
    """
    changes = np.bitwise_xor(puzzles.inputs, puzzles.labels)  # compresses better than the labels
    columns = {"inputs": puzzles.inputs, "changes": changes, **puzzles.extras}
    file = io.BytesIO()
    np.savez(file, origin=np.array(json.dumps(origin)), **columns)  # type: ignore[arg-type]
    write_bytes(path, lzma.compress(file.getvalue(), filters=FILTERS))


def read_shipped(
    references: Iterable[str], origin: Origin, count: int, describe: Callable[[], Description]
) -> PuzzleSet | None:
    """The shipped puzzles of an origin; None if no file has them, or fewer than wanted.

    Args:
        references: the files, as "package:path/in/package.npz.xz".
        origin: where the puzzles have to come from.
        count: number of puzzles.
        describe: gives the description of the puzzles.
    """
    for reference in references:
        package, _, name = reference.partition(":")
        content = files(package).joinpath(name).read_bytes()
        with np.load(io.BytesIO(lzma.decompress(content)), allow_pickle=False) as columns:
            if json.loads(str(columns["origin"])) == origin and len(columns["inputs"]) >= count:
                rows = {column: columns[column][:count] for column in columns.files if column != "origin"}
                inputs, changes = rows.pop("inputs"), rows.pop("changes")
                return PuzzleSet(inputs, inputs ^ changes, describe(), extras=rows)
    return None
