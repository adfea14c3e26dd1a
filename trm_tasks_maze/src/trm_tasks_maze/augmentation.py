"""The symmetries of the grid as an augmentation."""

from __future__ import annotations

import numpy as np

from trm.data import IntArray
from trm_tasks_maze import symmetry
from trm_tasks_maze.config import MazeConfig


class Dihedral:
    """A random turn or mirror image for each maze, solved again: the label rule prefers directions.

    So `invert` brings a transformed label back to a shortest path, but not always to the one that the rule names.
    """

    def __init__(self, config: MazeConfig) -> None:
        self.shape = config.shape

    def apply(
        self, rng: np.random.Generator, inputs: IntArray, labels: IntArray
    ) -> tuple[IntArray, IntArray, IntArray]:
        """inputs, labels ``[B, L]``; the token ``[B]`` numbers the symmetries."""
        token = symmetry.sample(rng, len(inputs), *self.shape)
        images, answers = symmetry.transform_and_label(inputs, token, *self.shape)
        return images, answers.astype(labels.dtype), token

    def invert(self, predictions: IntArray, token: IntArray) -> IntArray:
        """predictions ``[B, L]``."""
        return symmetry.invert(predictions, token, *self.shape)
