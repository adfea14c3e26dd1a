"""Metrics that apply the rules of Sudoku and do not need the solution."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from trm.data import IntArray
from trm.evaluation import Share
from trm_tasks_sudoku.config import EMPTY
from trm_tasks_sudoku.geometry import geometry, size_of


class Valid(Share):
    """The fraction of answers that break no rule and keep the givens."""

    needs = ("inputs", "predictions")

    def count(self, batch: Mapping[str, Any]) -> tuple[int, int]:
        valid = valid_answers(batch["inputs"], batch["predictions"])
        return int(valid.sum()), len(valid)


def valid_answers(inputs: IntArray, predictions: IntArray) -> npt.NDArray[np.bool_]:
    """Whether each answer ``[B, L]`` (tokens) has every digit once in each unit, and the puzzle's givens."""
    size = size_of(inputs.shape[1])
    shape = geometry(size)
    digits = predictions - EMPTY
    valid = ((digits >= 1) & (digits <= size)).all(1)
    valid &= ((inputs <= EMPTY) | (inputs == predictions)).all(1)
    once = np.arange(1, size + 1)
    for unit in (shape.rows, shape.columns, shape.boxes):
        cells = np.argsort(unit, kind="stable").reshape(size, size)
        valid &= (np.sort(digits[:, cells], axis=-1) == once).all((1, 2))
    return np.asarray(valid)
