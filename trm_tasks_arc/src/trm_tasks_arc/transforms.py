"""The variants of a task: each applies one of eight rotations and reflections, and a permutation of the colours.

The name of a variant is ``task|||t3|||0192837465``: the number of the transform as in the paper's code, then the new colour
of each colour. The id of the task alone is the name of the task itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from trm.data import IntArray
from trm.errors import DataError
from trm_tasks_arc.grids import COLOURS, Grid, as_grid

SEPARATOR = "|||"
TRANSFORMS: tuple[Callable[[Grid], Grid], ...] = (
    lambda grid: grid,
    lambda grid: np.rot90(grid, 1),  # anticlockwise
    lambda grid: np.rot90(grid, 2),
    lambda grid: np.rot90(grid, 3),
    np.fliplr,
    np.flipud,
    np.transpose,
    lambda grid: np.rot90(grid, 2).T,  # along the other diagonal
)
INVERSE = (0, 3, 2, 1, 4, 5, 6, 7)
"""The inverse of each transform."""

TRANSPOSING = (1, 3, 6, 7)
"""The transforms that swap height and width."""

SAME_COLOURS = tuple(range(COLOURS))
_SUFFIX = re.compile(r"t([0-7])\|\|\|([0-9]{10})")


@dataclass(frozen=True)
class Variant:
    """A task, transformed and recoloured or unchanged.

    Attributes:
        task_id: id of the task.
        transform: index into `TRANSFORMS`.
        colours: the new colour of each colour.
    """

    task_id: str
    transform: int = 0
    colours: tuple[int, ...] = SAME_COLOURS

    @classmethod
    def from_name(cls, name: str) -> Variant:
        """Parse the name of a variant.

        Raises:
            DataError: the name is malformed.
        """
        task_id, separator, suffix = name.partition(SEPARATOR)
        if not separator:
            return cls(name)
        match = _SUFFIX.fullmatch(suffix)
        if not task_id or match is None or set(match[2]) != set("0123456789"):
            raise DataError(
                f"{name!r} is not the name of a variant. Expected a form such as task{SEPARATOR}t3{SEPARATOR}0192837465, with a "
                "transform from t0 to t7 and a permutation of the ten colours."
            )
        return cls(task_id, int(match[1]), tuple(map(int, match[2])))

    def apply(self, grid: Grid) -> Grid:
        """Transform a grid of the task to this variant."""
        return np.ascontiguousarray(TRANSFORMS[self.transform](np.array(self.colours, np.uint8)[grid]))

    def undo(self, grid: Grid) -> Grid:
        """Transform a grid of this variant back to the task."""
        back = np.argsort(self.colours).astype(np.uint8)
        return np.ascontiguousarray(back[TRANSFORMS[INVERSE[self.transform]](grid)])


def variant_names(task_id: str, transforms: IntArray, colours: IntArray) -> list[str]:
    """Return the names of the variants with transforms ``[n]`` and colours ``[n, 10]``."""
    digits = np.ascontiguousarray(colours, np.uint8) + ord("0")
    texts = digits.view(f"S{COLOURS}").ravel().tolist()
    return [
        f"{task_id}{SEPARATOR}t{transform}{SEPARATOR}{text.decode()}"
        for transform, text in zip(transforms.tolist(), texts, strict=True)
    ]


def apply(variant_name: str, grid: Any) -> Grid:
    """Transform a grid of a task to the named variant.

    Raises:
        DataError: the name or the grid is malformed.
    """
    return Variant.from_name(variant_name).apply(as_grid(grid, empty=True))


def undo(variant_name: str, grid: Any) -> tuple[str, Grid]:
    """Transform a grid of the named variant back to the task.

    Returns:
        The id of the task, and the grid.

    Raises:
        DataError: the name or the grid is malformed.
    """
    variant = Variant.from_name(variant_name)
    return variant.task_id, variant.undo(as_grid(grid, empty=True))
