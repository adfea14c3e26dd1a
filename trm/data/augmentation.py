"""`Augmentation`: the protocol of a random symmetry."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from trm.data.puzzle_set import IntArray


class Augmentation(Protocol):
    """A random symmetry of a task, applied to whole batches.

    Two conditions hold: ``invert(apply(rng, inputs, labels)[1], token) == labels``, and the augmented label is the right
    answer to the augmented input.
    """

    def apply(self, rng: np.random.Generator, inputs: IntArray, labels: IntArray) -> tuple[IntArray, IntArray, Any]:
        """Transform each row by its own random symmetry.

        Args:
            rng: source of randomness.
            inputs: tokens ``[B, L]``.
            labels: tokens ``[B, L]``, -100 at positions that are not scored.

        Returns:
            The augmented inputs and labels, and the token that `invert` needs.
        """
        ...

    def invert(self, predictions: IntArray, token: Any) -> IntArray:
        """Map predictions ``[B, L]`` for augmented inputs back to the original inputs."""
        ...
