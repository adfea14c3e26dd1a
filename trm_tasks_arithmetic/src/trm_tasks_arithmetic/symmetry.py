"""The symmetry of the task: the operands can be swapped."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trm.data import IntArray
from trm_tasks_arithmetic.config import ArithmeticConfig
from trm_tasks_arithmetic.sheet import ANSWER, FIRST, MINUS, PLUS, SECOND, ZERO, rows_of

Chosen = npt.NDArray[np.bool_]


class Exchange:
    """Swaps the operands of half of the problems. Differences other than zero then change their sign."""

    def __init__(self, config: ArithmeticConfig) -> None:
        self.changes_sign = config.operation == "subtract"

    def apply(self, rng: np.random.Generator, inputs: IntArray, labels: IntArray) -> tuple[IntArray, IntArray, Chosen]:
        """Swap the operands of random rows.

        Returns:
            Inputs ``[B, L]``, labels ``[B, L]``, and which rows were swapped ``[B]``.
        """
        chosen = rng.random(len(inputs)) < 0.5
        return self._exchanged(inputs, chosen), self._exchanged(labels, chosen), chosen

    def invert(self, predictions: IntArray, token: Chosen) -> IntArray:
        """Undo `apply` on predictions ``[B, L]``. Swapping twice restores the original."""
        return self._exchanged(predictions, token)

    def _exchanged(self, tokens: IntArray, chosen: Chosen) -> IntArray:
        tokens = tokens.copy()
        sheets = rows_of(tokens)
        both = sheets[chosen, :ANSWER, 1:]
        sheets[chosen, FIRST, 1:], sheets[chosen, SECOND, 1:] = both[:, SECOND], both[:, FIRST]
        if self.changes_sign:
            sign = sheets[:, ANSWER, 0]
            flipped = chosen & (sheets[:, ANSWER, 1:] != ZERO).any(1) & ((sign == PLUS) | (sign == MINUS))
            sign[flipped] = PLUS + MINUS - sign[flipped]
        return tokens
