"""The pairs of one task as tensors for the network that looks at all of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from trm_tasks_arc.grids import Grid
from trm_tasks_arc.pairs import Task
from trm_tasks_arc.shapes import Size
from trm_tasks_arc.transforms import TRANSFORMS
from trm_tasks_arc.views import NOTHING, OBJECT_FEATURES, VIEWS, object_features, views

FEATURES = VIEWS + OBJECT_FEATURES + 5
"""Features of a state: one per copy of the input (has the colour here), those of the object if it has the colour, inside the
input, inside the output, black, the output is shown, and it is shown and has the colour here."""

OPTIONAL = (*(slice(view, view + 1) for view in range(1, VIEWS)), slice(VIEWS, VIEWS + 4), slice(VIEWS + 4, VIEWS + 8))
"""Features that a rule may do without: copies other than the one in place, and the two descriptions of objects."""

IGNORED = -100


@dataclass(frozen=True)
class Example:
    """An input, its output or None if it is unknown, and the size of the output."""

    given: Grid
    wanted: Grid | None
    size: Size


@dataclass(frozen=True)
class Examples:
    """Pairs of one task. A state belongs to a pair, a colour, a row and a column: ``[P, C, H, W]``.

    Attributes:
        features: ``[P, C, H, W, FEATURES]``, as if no output were shown.
        inside: whether a cell belongs to the rectangle that holds both grids ``[P, H, W]``.
        output: whether a cell belongs to the output ``[P, H, W]``.
        target: index of the colour of the output among `colours` ``[P, H, W]``, -100 where it is unknown.
        colours: the colours of the task ``[C]``.
    """

    features: Tensor
    inside: Tensor
    output: Tensor
    target: Tensor
    colours: Tensor

    def __len__(self) -> int:
        return len(self.features)

    @property
    def states(self) -> int:
        """Number of states."""
        return self.inside.numel() * len(self.colours)

    def select(self, index: Tensor) -> Examples:
        """Return some of the pairs, on a canvas no larger than they need."""
        inside = self.inside[index]
        height, width = int(inside.any(2).any(0).sum()), int(inside.any(1).any(0).sum())
        return replace(
            self,
            features=self.features[index, :, :height, :width],
            inside=inside[:, :height, :width],
            output=self.output[index, :height, :width],
            target=self.target[index, :height, :width],
        )

    def showing(self, shown: Tensor) -> Tensor:
        """Return the features with the outputs of the pairs in the mask `shown` ``[P]`` filled in."""
        features = self.features.clone()
        visible = self.output & shown[:, None, None]
        colours = torch.arange(len(self.colours))[:, None, None]
        features[..., -2] = visible[:, None]
        features[..., -1] = visible[:, None] & (self.target[:, None] == colours)
        return features


def colours_of(task: Task) -> list[int]:
    """The colours in the inputs and the demonstrated outputs of a task, and black, in ascending order."""
    grids = [grid for pair in task.train for grid in (pair.input, pair.output) if grid is not None]
    return sorted({0}.union(*(np.unique(grid).tolist() for grid in (*grids, *(pair.input for pair in task.test)))))


def prepare(examples: Sequence[Example], colours: Sequence[int], transform: int = 0) -> Examples:
    """Convert pairs of one task to tensors.

    Args:
        examples: the pairs.
        colours: the colours of the task. Other colours in a grid do not exist for the network.
        transform: index of a rotation or reflection in `trm_tasks_arc.transforms.TRANSFORMS` (default: none).
    """
    turned = [_turned(example, transform) for example in examples]
    height, width = (max(max(one.given.shape[axis], one.size[axis]) for one in turned) for axis in (0, 1))
    count, palette = len(turned), np.array(colours)
    features = np.zeros((count, len(colours), height, width, FEATURES), np.float32)
    inside = np.zeros((count, height, width), bool)
    output, target = inside.copy(), np.full((count, height, width), IGNORED, np.int64)
    index = np.full(10, IGNORED, np.int64)
    index[palette] = np.arange(len(palette))
    for number, (original, one) in enumerate(zip(examples, turned, strict=True)):
        rows, columns = one.given.shape
        copies = views(one.given, one.size, (height, width))
        alike = copies[..., None] == palette  # [8, H, W, C]
        features[number, ..., :VIEWS] = alike.transpose(3, 1, 2, 0)
        objects = np.stack([TRANSFORMS[transform](plane) for plane in object_features(original.given)])
        own = alike[0, :rows, :columns].transpose(2, 0, 1)[..., None]
        features[number, :, :rows, :columns, VIEWS : VIEWS + OBJECT_FEATURES] = own * objects.transpose(1, 2, 0)
        features[number, ..., -5] = copies[0] != NOTHING
        features[number, :, : one.size[0], : one.size[1], -4] = 1
        features[number, ..., -3] = (palette == 0)[:, None, None]
        inside[number, : max(rows, one.size[0]), : max(columns, one.size[1])] = True
        output[number, : one.size[0], : one.size[1]] = True
        if one.wanted is not None:
            target[number, : one.size[0], : one.size[1]] = index[one.wanted]
    return Examples(*(torch.from_numpy(array) for array in (features, inside, output, target, palette)))


def _turned(example: Example, transform: int) -> Example:
    turn = TRANSFORMS[transform]
    wanted = None if example.wanted is None else np.ascontiguousarray(turn(example.wanted))
    rows, columns = turn(np.zeros(example.size)).shape
    return Example(np.ascontiguousarray(turn(example.given)), wanted, (rows, columns))
