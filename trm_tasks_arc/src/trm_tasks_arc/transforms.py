"""The variants of a task: one of eight rotations and reflections, and a permutation of the colours.

A variant is named ``task|||t3|||0192837465``: the transform by its number in the paper's code, then the new colour of
each colour. The name of the task alone is the task itself.
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
"""The transform that takes each one back."""

TRANSPOSING = (1, 3, 6, 7)
"""The transforms that exchange height and width."""

SAME_COLOURS = tuple(range(COLOURS))
_SUFFIX = re.compile(r"t([0-7])\|\|\|([0-9]{10})")


@dataclass(frozen=True)
class Variant:
    """A task as it is, or transformed and recoloured.

    Attributes:
        task_id: the task.
        transform: index into `TRANSFORMS`.
        colours: the new colour of each colour.
    """

    task_id: str
    transform: int = 0
    colours: tuple[int, ...] = SAME_COLOURS

    @classmethod
    def from_name(cls, name: str) -> Variant:
        """Read a variant's name; `DataError` for one that is malformed."""
        task_id, separator, suffix = name.partition(SEPARATOR)
        if not separator:
            return cls(name)
        match = _SUFFIX.fullmatch(suffix)
        if not task_id or match is None or set(match[2]) != set("0123456789"):
            raise DataError(
                f"{name!r} is no variant of a task. It must be like task{SEPARATOR}t3{SEPARATOR}0192837465: a transform "
                "from t0 to t7 and a permutation of the ten colours."
            )
        return cls(task_id, int(match[1]), tuple(map(int, match[2])))

    def apply(self, grid: Grid) -> Grid:
        """A grid of the task as this variant has it."""
        return np.ascontiguousarray(TRANSFORMS[self.transform](np.array(self.colours, np.uint8)[grid]))

    def undo(self, grid: Grid) -> Grid:
        """A grid of this variant as the task has it."""
        back = np.argsort(self.colours).astype(np.uint8)
        return np.ascontiguousarray(back[TRANSFORMS[INVERSE[self.transform]](grid)])


def variant_names(task_id: str, transforms: IntArray, colours: IntArray) -> list[str]:
    """Names of the variants with transforms ``[n]`` and colours ``[n, 10]``."""
    digits = np.ascontiguousarray(colours, np.uint8) + ord("0")
    texts = digits.view(f"S{COLOURS}").ravel().tolist()
    return [
        f"{task_id}{SEPARATOR}t{transform}{SEPARATOR}{text.decode()}"
        for transform, text in zip(transforms.tolist(), texts, strict=True)
    ]


def apply(variant_name: str, grid: Any) -> Grid:
    """A grid of a task as the named variant has it.

    Raises:
        DataError: no such name, or no grid.
    """
    return Variant.from_name(variant_name).apply(as_grid(grid, empty=True))


def undo(variant_name: str, grid: Any) -> tuple[str, Grid]:
    """A grid of the named variant as the task has it, and the task's id.

    Raises:
        DataError: no such name, or no grid.
    """
    variant = Variant.from_name(variant_name)
    return variant.task_id, variant.undo(as_grid(grid, empty=True))
