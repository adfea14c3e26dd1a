"""The symmetry of the task: the operands may be exchanged."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trm.data import IntArray
from trm_tasks_arithmetic.config import ArithmeticConfig
from trm_tasks_arithmetic.sheet import ANSWER, FIRST, MINUS, PLUS, SECOND, ZERO, rows_of

Chosen = npt.NDArray[np.bool_]


class Exchange:
    """Exchanges the operands of half of the problems; a difference other than zero changes its sign with that."""

    def __init__(self, config: ArithmeticConfig) -> None:
        self.changes_sign = config.operation == "subtract"

    def apply(self, rng: np.random.Generator, inputs: IntArray, labels: IntArray) -> tuple[IntArray, IntArray, Chosen]:
        """Inputs and labels ``[B, L]`` with some rows exchanged, and which ``[B]``."""
        chosen = rng.random(len(inputs)) < 0.5
        return self._exchanged(inputs, chosen), self._exchanged(labels, chosen), chosen

    def invert(self, predictions: IntArray, token: Chosen) -> IntArray:
        """Predictions ``[B, L]`` for the problems as they were; exchanging twice changes nothing."""
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
