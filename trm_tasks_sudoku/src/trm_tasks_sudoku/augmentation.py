"""The symmetries of Sudoku as an augmentation of tokens."""

from __future__ import annotations

import numpy as np

from trm.data import IntArray
from trm_tasks_sudoku import symmetry
from trm_tasks_sudoku.config import EMPTY, SudokuConfig


class Symmetries:
    """A random symmetry for each puzzle; see `trm_tasks_sudoku.symmetry`."""

    def __init__(self, config: SudokuConfig) -> None:
        self.size = config.size

    def apply(
        self, rng: np.random.Generator, inputs: IntArray, labels: IntArray
    ) -> tuple[IntArray, IntArray, symmetry.Token]:
        """Transform inputs and labels (tokens ``[B, L]``)."""
        token = symmetry.sample(rng, len(inputs), self.size)
        return _apply(inputs, token), _apply(labels, token), token

    def invert(self, predictions: IntArray, token: symmetry.Token) -> IntArray:
        """Undo the transformation of predictions (tokens ``[B, L]``)."""
        moved = np.empty_like(predictions)
        np.put_along_axis(moved, token.cells, predictions, axis=1)
        return _relabel(moved, np.argsort(token.digits, axis=1))


def _apply(tokens: IntArray, token: symmetry.Token) -> IntArray:
    return _relabel(np.take_along_axis(tokens, token.cells, axis=1), token.digits)


def _relabel(tokens: IntArray, digits: IntArray) -> IntArray:
    """Relabel the digits. Padding, empty cells and negative (unscored) labels stay the same."""
    table = np.concatenate([np.zeros((len(digits), 1), np.int64), digits + EMPTY], axis=1)
    renamed = np.take_along_axis(table, np.clip(tokens, 0, None).astype(np.int64), axis=1)
    return np.where(tokens < 0, tokens, renamed).astype(tokens.dtype)
