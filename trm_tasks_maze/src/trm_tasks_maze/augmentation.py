"""The augmentation by symmetries of the grid."""

from __future__ import annotations

import numpy as np

from trm.data import IntArray
from trm_tasks_maze import symmetry
from trm_tasks_maze.config import MazeConfig


class Dihedral:
    """Rotates and mirrors each maze at random and recomputes its label, because the label rule prefers some directions.

    `invert` therefore maps a transformed label to a shortest path, but not always to the label of the maze.
    """

    def __init__(self, config: MazeConfig) -> None:
        self.shape = config.shape

    def apply(
        self, rng: np.random.Generator, inputs: IntArray, labels: IntArray
    ) -> tuple[IntArray, IntArray, IntArray]:
        """Transform inputs and labels ``[B, L]``; the token ``[B]`` holds the index of each symmetry."""
        token = symmetry.sample(rng, len(inputs), *self.shape)
        images, answers = symmetry.transform_and_label(inputs, token, *self.shape)
        return images, answers.astype(labels.dtype), token

    def invert(self, predictions: IntArray, token: IntArray) -> IntArray:
        """Undo `apply` on predictions ``[B, L]``."""
        return symmetry.invert(predictions, token, *self.shape)
