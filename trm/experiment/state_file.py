"""Files of states: NumPy archives (``.npz``) that `numpy.load` reads without pickling.

| array | shape | type |
|---|---|---|
| `answer`, `latent` | states y and z, ``[F, P+L, D]`` or ``[F, L, S, D]`` | float32 |
| `received`, if recorded | sizes of messages, ``[F, calls, sources, P+L]`` or ``[F, calls, sources, L, S]`` | float32 |
| `attention`, if recorded | attention weights, ``[F, calls, heads, P+L, P+L]`` | float16 |
| `tokens` | the answer after each frame, ``[F, L]`` | int64 |
| `probabilities` | of every token, ``[F, L, V]`` | float32 |
| `halting` | the model's probability that its answer is right, ``[F]`` | float32 |
| `step`, `cycle` | number of each frame's supervision step and of its cycle in it, from 1, ``[F]`` | int64 |
| `inputs` | the puzzle, ``[L]`` | int64 |
| `labels`, if known | the right answer, -100 at positions that are not scored, ``[L]`` | int64 |
| `metadata` | a JSON document, as a string | text |

F counts frames: one a supervision step, or one a cycle. `trm.evaluation.states.States` describes the states. The metadata
holds `format` (of the file), `trm` (the version), `task`, `weights`, `restart`, `cycles` (in a supervision step),
`prefix_length` (P), `axes` (names of the axes of each array of states), `calls` and `sources` (names along these axes),
`symbols` (the token of each place along the axis S), `grid` (rows and columns, or null) and `token_names`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trm import __version__
from trm.data.puzzle_set import Description
from trm.evaluation.states import States
from trm.storage.atomic import replaced_file

FORMAT = 1


def write_states(
    path: Path,
    states: States,
    others: Mapping[str, npt.NDArray[Any]],
    description: Description,
    facts: Mapping[str, Any],
) -> None:
    """Write states and other arrays, in one step.

    Args:
        path: the output file.
        states: the states.
        others: further arrays by name.
        description: of the puzzle.
        facts: further entries of the metadata.

    Raises:
        OSError: the file cannot be written; an earlier file is untouched.
    """
    symbols = description.structure.interchangeable if states.answer.ndim == 4 else []
    metadata = {
        "format": FORMAT,
        "trm": __version__,
        **facts,
        "prefix_length": states.prefix_length,
        "axes": states.axes(),
        "calls": states.calls,
        "sources": states.sources,
        "symbols": symbols,
        "grid": description.structure.grid,
        "token_names": description.token_names,
    }
    arrays: dict[str, Any] = {**states.arrays(), **others, "metadata": np.array(json.dumps(metadata))}
    with replaced_file(path) as file:
        np.savez(file, **arrays)
