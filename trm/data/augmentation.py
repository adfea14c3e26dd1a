"""What an augmentation must offer."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from trm.data.puzzle_set import IntArray


class Augmentation(Protocol):
    """A random symmetry of a task, over whole batches.

    ``invert(apply(rng, inputs, labels)[1], token) == labels``, and the augmented label is the right answer to the
    augmented input.
    """

    def apply(self, rng: np.random.Generator, inputs: IntArray, labels: IntArray) -> tuple[IntArray, IntArray, Any]:
        """Transform inputs and labels ``[B, L]``, each row by its own draw; `token` is what `invert` needs."""
        ...

    def invert(self, predictions: IntArray, token: Any) -> IntArray:
        """Take predictions ``[B, L]`` for augmented inputs back to the original ones."""
        ...
